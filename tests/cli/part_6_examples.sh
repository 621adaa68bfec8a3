# Every example learns: its outer loss falls within a few outer steps, and check agrees at small sizes.
steps_of() { case $1 in maml_sine|datarater) echo 12 ;; *) echo 6 ;; esac; }
for e in ridge logistic_l2 maml_sine learning_rates datarater hyper_cleaning; do
    gives 0 "outer loss" run "$top/examples/$e.mfl" --steps "$(steps_of $e)" -o "$tmp/$e" --quiet --threads 2
    first=$(sed -n 's/outer loss \([^ ]*\) before, \([^ ]*\) after.*/\1/p' "$tmp/out") last=$(sed -n 's/outer loss \([^ ]*\) before, \([^ ]*\) after.*/\2/p' "$tmp/out")
    awk -v a="$first" -v b="$last" 'BEGIN { exit !(b + 0 == b && b < a) }' && ok || bad "$e: the outer loss goes from $first to $last"
    yes_ "$e: the curve" grep -q '</svg>' "$tmp/$e/loss.svg"
    [ -n "$QUICK" ] || gives 0 "all agree" check "$top/examples/$e.mfl"
done
