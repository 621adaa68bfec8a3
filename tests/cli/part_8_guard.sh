# --guard: the place where the first value that is not finite appeared: forward, backward, in a later inner step, in a loop of the model; machine code and C say the same.
# found NAME 'MESSAGE': of $tmp/NAME.mfl, in every mode and two schedules
found() {
    for m in mixed reverse forward; do
        for s in keep snapshot; do
            [ -n "$QUICK" ] && [ $m$s = reversekeep ] && continue
            for r in float double; do
                [ $r$s = doublesnapshot ] && continue
                gives 4 "mflc: a value is not finite: $2" grad "$tmp/$1.mfl" --guard --mode $m --schedule $s --real $r
                sed -n '/^mflc: a value is not finite: /{ s///; s/-nan$/nan/; p; }' "$tmp/err" > "$tmp/said"
                "$mflc" build "$tmp/$1.mfl" --guard --mode $m --schedule $s --real $r -o "$tmp/guard_c" > /dev/null 2>&1
                if ${CC:-gcc} -std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -c -I"$top/include" -o "$tmp/$1.o" "$tmp/guard_c/$1.c" 2> "$tmp/err" \
                    && ${CC:-gcc} -std=gnu11 -DPROBLEM="$1_problem" -I"$top/include" -o "$tmp/guard_host" "$here/guard_host.c" "$tmp/$1.o" "$build/libmfl_runtime.a" -lopenblas -lm 2> "$tmp/err" \
                    && "$tmp/guard_host" | sed 's/-nan$/nan/' > "$tmp/out" && cmp -s "$tmp/out" "$tmp/said"
                then ok; else bad "$1, mode $m, $s, $r: the C says: $(cat "$tmp/out")"; fi
            done
        done
    done
}
# forward, in inner step 4
cat > "$tmp/ahead.mfl" <<'END'
problem ahead
meta a = 1
param w[3] = 1
inner = sum(w) * log(3.5 - step - a / 4)
step w by sgd(rate = 0.01) for 6
outer = sum(w^2)
END
found ahead "inner step 4: log in log(3.5 - step - a / 4) (ahead.mfl:4) is"
# backward alone, in inner step 2: the root's value is 0, its derivative infinite
cat > "$tmp/behind.mfl" <<'END'
problem behind
optimizer rooted(rate) on p, g {
  p = p - rate * sqrt(g^2 * (if step == 2 then 0 else 1))
}
meta a = 1
param w[3] = 1
inner = a * sum(exp(w))
step w by rooted(rate = 0.01) for 5
outer = sum(w^2)
END
found behind "inner step 2: a quotient in tangent of sqrt(g^2 * (if step == 2 then 0 else 1)) (behind.mfl:3) is inf"
# in a later iteration of a loop of the model
cat > "$tmp/looped.mfl" <<'END'
problem looped
meta a[4] = 1
param w = 1
inner {
  h = w
  for i in 0:4 {
    u = h - 0.5 * i - 0.25 * step
    h = h * a[i] + log(u) * 0.01
  }
  return h^2
}
step w by sgd(rate = 0.001) for 5
outer = w^2
END
found looped "inner step 0: log in log(u) (looped.mfl:8) is"
