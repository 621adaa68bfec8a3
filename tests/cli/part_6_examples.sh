# Every example learns: its outer loss falls within a few outer steps, and check agrees at small sizes.
steps_of() { case $1 in maml_sine|datarater) echo 12 ;; *) echo 6 ;; esac; }
for e in ridge logistic_l2 maml_sine learning_rates datarater hyper_cleaning; do
    gives 0 "outer loss" run "$top/examples/$e.mfl" --steps "$(steps_of $e)" -o "$tmp/$e" --quiet --threads 2
    first=$(sed -n 's/outer loss \([^ ]*\) before, \([^ ]*\) after.*/\1/p' "$tmp/out") last=$(sed -n 's/outer loss \([^ ]*\) before, \([^ ]*\) after.*/\2/p' "$tmp/out")
    awk -v a="$first" -v b="$last" 'BEGIN { exit !(b + 0 == b && b < a) }' && ok || bad "$e: the outer loss goes from $first to $last"
    yes_ "$e: the curve" grep -q '</svg>' "$tmp/$e/loss.svg"
    [ -n "$QUICK" ] || gives 0 "all agree" check "$top/examples/$e.mfl"
done
# The models, small: no false alarm.
# agrees NAME OPTION...
agrees() {
    e=$1
    shift
    timeout 1200 "$mflc" check "$top/examples/$e.mfl" "$@" > "$tmp/out" 2> "$tmp/err" && grep -q "^all agree" "$tmp/out" && ok || bad "check $e: $(grep DIFFERS "$tmp/out" | head -n 3)"
}
if [ -z "$QUICK" ]; then
    for e in transformer_rates transformer_maml transformer_rater; do agrees $e -D T=2 -D L=1 -D D=8 -D F=16 -D S=8 -D B=2; done
    agrees lstm_language -D T=2 -D S=6
    agrees maml_digits
    agrees gaussian_process
    agrees learned_optimizer -D T=5
    agrees distill
    agrees cart_pole -D T=40
    agrees discount
fi
