# --guard changes no bit: all core reference problems by machine code, three of them by C too.
# same_bits NAME MODE SCHEDULE REAL
same_bits() {
    rm -rf "$tmp/plain" "$tmp/guarded"
    for g in plain guarded; do
        flag=; [ $g = guarded ] && flag=--guard
        timeout 120 "$mflc" grad "$top/tests/reference/$1/$1.mfl" --from "$top/tests/reference/$1/in" --mode $2 --schedule $3 --real $4 $flag -o "$tmp/$g" > "$tmp/out" 2> "$tmp/err" || bad "$1, $g: exit code $?"
    done
    if [ -f "$tmp/plain/outer.npy" ] && diff -r "$tmp/plain" "$tmp/guarded" > "$tmp/err"; then ok; else bad "$1, $2 $3 $4: other bits with --guard"; fi
}
plan=0
for p in "$top"/tests/reference/*/; do
    p=$(basename "$p")
    case $p in transformer_*) continue ;; esac
    plan=$((plan + 1))
    [ -n "$QUICK" ] && [ $((plan % 4)) != 0 ] && continue
    case $((plan % 3)) in
        0) same_bits $p mixed snapshot float ;;
        1) same_bits $p reverse keep float ;;
        2) same_bits $p mixed binomial:2 double ;;
    esac
done
for p in records maml_sine matrix; do
    for g in plain guarded; do
        flag=; [ $g = guarded ] && flag=--guard
        rm -rf "$tmp/c_$g" "$tmp/c_$g.out"
        mkdir "$tmp/c_$g.out"
        "$mflc" build "$top/tests/reference/$p/$p.mfl" --from "$top/tests/reference/$p/in" --mode mixed --schedule snapshot $flag -o "$tmp/c_$g" > "$tmp/out" 2> "$tmp/err"
        ${CC:-gcc} -std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -O2 -ffp-contract=off -c -I"$top/include" -o "$tmp/c_$g/$p.o" "$tmp/c_$g/$p.c" 2> "$tmp/err" \
            && ${CC:-gcc} -std=gnu11 -DPROBLEM="${p}_problem" -I"$top/include" -o "$tmp/c_$g/host" "$top/tests/run/host.c" "$tmp/c_$g/$p.o" "$build/libmfl_runtime.a" -lopenblas -lm 2> "$tmp/err" \
            && "$tmp/c_$g/host" "$top/tests/reference/$p/in" "$tmp/c_$g.out" > "$tmp/out" 2>&1
    done
    if [ -f "$tmp/c_plain.out/outer.npy" ] && diff -r "$tmp/c_plain.out" "$tmp/c_guarded.out" > "$tmp/err"; then ok; else bad "$p in C: other bits with --guard"; fi
done
