# Values that are not finite: stop, skip, and --guard, which says where.
cat > "$tmp/nan.mfl" <<'END'
problem nan
meta a = 0.5
param w[3] = 1
inner = a * sum(w^2) + sum(log(w) * w)
step  w by sgd(rate = 1.1) for 6
outer = sum(w^2)
learn a by sgd(rate = 0.001) for 3
END
gives 4 "is not finite" grad "$tmp/nan.mfl"
for m in mixed reverse forward; do for s in keep snapshot; do
    gives 4 "inner step 1: log in" grad "$tmp/nan.mfl" --guard --mode $m --schedule $s
    yes_ "--guard names line and value" grep -q "(nan.mfl:4) is -*nan" "$tmp/err"
done; done
gives 4 "inner step 1: log in" run "$tmp/nan.mfl" --guard -o "$tmp/nan"
gives 4 "outer step 1: the outer loss is not finite" run "$tmp/nan.mfl" -o "$tmp/nan"
gives 0 "after 3 outer steps" run "$tmp/nan.mfl" -o "$tmp/nan" --on-nonfinite skip --log "$tmp/nan/log"
[ "$(grep -c '"skipped": true' "$tmp/nan/log")" = 3 ] && ok || bad "--on-nonfinite skip: the log does not say so"
# only the backward sweep: the value is finite, its derivative is not
cat > "$tmp/back.mfl" <<'END'
problem back
meta a[2] = 0
param w = 1
inner = w^2
step  w by sgd(rate = 0.1) for 2
outer = w + sum(sqrt(a^2))
learn a by sgd(rate = 0.001) for 1
END
gives 4 "hypergradient of a is not finite" run "$tmp/back.mfl" -o "$tmp/nan"
gives 4 "(back.mfl:6) is" grad "$tmp/back.mfl" --guard
# What is not finite by right is no finding: branches not taken.
cat > "$tmp/fine.mfl" <<'END'
problem fine
meta a[3] = 0.5
param w[3] = 0
inner = sum(a * (w - 1)^2) + sum(if w > 0 then log(w) * 0.01 else 0)
step  w by sgd(rate = 0.1) for 3
outer = sum(w^2) + (if sum(w) > 1e30 then 1 / (sum(w) - sum(w)) else 0)
END
for m in mixed reverse forward; do gives 0 "outer value" grad "$tmp/fine.mfl" --guard --mode $m; done
# The guard changes no bit, in any mode.
for m in mixed reverse forward; do
    gives 0 "" grad small.mfl --from "$d" --mode $m -o "$tmp/plain"
    gives 0 "" grad small.mfl --from "$d" --mode $m -o "$tmp/guarded" --guard
    yes_ "--guard changes bits in mode $m" diff -r "$tmp/plain" "$tmp/guarded"
done
# A run that stopped says where when it goes on with --guard, from its checkpoint; skipping goes on past it.
printf 'problem late\nmeta a = 1\nparam w = 1\ninner = w^2\nstep w by sgd(rate = 0.1) for 2\nouter = w + log(a)\nlearn a by sgd(rate = 0.3) for 9\n' > "$tmp/late.mfl"
gives 4 "--guard says where it appears first" run "$tmp/late.mfl" -o "$tmp/late"
steps=$(sed -n 's/.*after \([0-9]*\) outer steps.*/\1/p' "$tmp/out")
[ "${steps:-0}" -gt 1 ] && ok || bad "the run was to stop after some steps: $steps"
gives 4 "a value is not finite: log in log(a) (late.mfl:6) is" run "$tmp/late.mfl" -o "$tmp/late" --resume "$tmp/late/late.ckpt" --guard
[ "$(grep -c 'a value is not finite' "$tmp/err")" = 1 ] && ok || bad "--guard says the same twice"
yes_ "results of a guarded run that stopped" grep -q "results in" "$tmp/out"
yes_ "the step that is not finite is named" grep -q "outer step $((steps + 1)): the outer loss is not finite" "$tmp/err"
gives 0 "after 9 outer steps" run "$tmp/late.mfl" -o "$tmp/late2" --on-nonfinite skip --log "$tmp/late2/log"
[ "$(grep -c 'is not finite' "$tmp/err")" = 1 ] && grep -q "^$((9 - steps)) outer steps were skipped" "$tmp/out" && ok || bad "steps that were skipped are counted"
yes_ "--log of steps that are not finite is not JSON" python3 -c 'import json, sys; assert sum(json.loads(l)["outer"] is None for l in open(sys.argv[1])) > 0' "$tmp/late2/log"
[ "$(grep -c skipped "$tmp/late2/log")" = $((9 - steps)) ] && ok || bad "steps that were skipped"
if cmp -s "$tmp/late/a.npy" "$tmp/late2/a.npy"; then ok; else bad "a step that was skipped moved a"; fi
# A guarded build: clean C99, the same finding; nothing of it in a build without.
gives 0 "" build "$tmp/nan.mfl" -o "$tmp/plain_c"
no_ "checks in a build without --guard" grep -q mfl_check "$tmp/plain_c/nan.c"
gives 0 "" build "$tmp/nan.mfl" -o "$tmp/guard_c" --guard
cat > "$tmp/guard_c/main.c" <<'END'
#include "nan.h"
#include <stdio.h>
static union { double align; char at[NAN_WORK_BYTES + 64]; } work;
int main(void)
{
    float a = 0.5f, outer;
    nan_meta meta = { &a };
    mfl_status st;
    char *at = work.at + (64 - (uintptr_t)work.at % 64) % 64;
    int code = nan_hypergradient(NULL, &meta, &outer, NULL, at, &st), again = nan_hypergradient(NULL, &meta, &outer, NULL, at, NULL);
    printf("%d %d %d %d %s\n", code == MFL_NONFINITE, again == code, (int)st.step, st.line, st.name);
    return 0;
}
END
if ${CC:-gcc} -std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -I"$top/include" -o "$tmp/guard_c/main" "$tmp/guard_c/main.c" "$tmp/guard_c/nan.c" \
    "$top"/runtime/check.c "$top"/runtime/status.c "$top"/runtime/special.c "$top"/runtime/random.c "$top"/runtime/kernels.c -lm > "$tmp/err" 2>&1
then [ "$("$tmp/guard_c/main" | cut -c 1-12)" = "1 1 1 4 log " ] && ok || bad "the guarded C finds: $("$tmp/guard_c/main")"
else bad "the guarded C does not compile"; fi
# Roots whose derivative is infinite are warned of before anything runs, where they are differentiated, and only there.
# warns COUNT 'STEP LINE' ['OPTIMIZER']
warns() {
    printf 'problem r\nmeta a = 0.5\nparam w[3] = 0\n%s\ninner = %s * sum((w - 1)^2)\nouter = a * sum(w^2)\n%s\n' "$3" "${4:-a}" "$2" > "$tmp/r.mfl"
    "$mflc" build "$tmp/r.mfl" -o "$tmp/r" > /dev/null 2> "$tmp/err"
    [ "$(grep -c 'warning.*derivative of a square root is infinite' "$tmp/err")" = "$1" ] && ok || bad "$1 warnings expected for: $2 $3"
}
for o in adam adamw rmsprop adagrad; do
    warns 1 "step w by $o(rate = 0.1) for 3"
    warns 0 "step w by $o(rate = 0.1, eps_root = 1e-12) for 3"
done
warns 0 "step w by sgd(rate = 0.1) for 3"
warns 0 "step w by adam(rate = 0.1) for 3" "" 1                    # no meta variable on the way to the root
warns 0 "step w by adam(rate = a) for 1" "" 1                      # the first step's gradient depends on none
warns 1 "step w by adam(rate = a) for 2" "" 1
warns 0 "step w by adam(rate = a) for 0"
warns 1 "step w by h(rate = a) for 3" "optimizer h(rate) on p, g { state v = 0  v = v + g^2  p = p - rate * g / (1e-8 + v^0.5) }"
warns 1 "step w by h(rate = a) for 3" "optimizer h(rate) on p, g { state v = 0, m = 0  v = 0.9 * v + g^2  m = max(m, v)  p = p - rate * g / (1e-8 + sqrt(m)) }"
warns 0 "step w by h(rate = a) for 3" "optimizer h(rate) on p, g { state v = 0.1  v = v + g^2  p = p - rate * g / sqrt(v) }"
warns 0 "step w by h(rate = a) for 3" "optimizer h(rate) on p, g { state v = 0  v = v + g^2  p = p - rate * g / (1e-8 + sqrt(detach(v))) }"
warns 0 "step w by sgd(rate = 0.1) for 3
learn a by adam(rate = 0.1) for 3"
warns 1 "step w by sgd(rate = 0.1) for 3" "" "norm(w) + a"
warns 0 "step w by sgd(rate = 0.1) for 3" "" "sqrt(sum(w^2) + 1e-6) + a"
printf 'problem r\nmeta a = 0.5\nparam w[3] = 0\ninner = a * sum((w - 1)^2)\nouter = sum(w^2)\nstep w by adam(rate = 0.1) for 3\n' > "$tmp/r.mfl"
gives 0 "r.mfl:6:11: warning: adam takes a square root" build "$tmp/r.mfl" -o "$tmp/r"
gives 0 "eps_root = 1e-12" build "$tmp/r.mfl" -o "$tmp/r"
# The task is named, the same one for any number of threads.
sed 's/mean((tanh(x \* w) - y)^2)/mean((tanh(x * w) - y)^2) + log(0.55 - x[0])/' tasks.mfl > "$tmp/tasks.mfl"      # x[0] is 0.1, 0.2, ... 0.7
for n in 1 3; do gives 4 "a value is not finite: task 6 of 7: log in log(0.55 - x[0]) (tasks.mfl:9) is" grad "$tmp/tasks.mfl" --data x="$tmp/tx.csv" --data y="$tmp/ty.csv" --guard --threads $n; done
# In truncated windows the steps count from the first of all.
cat > "$tmp/win.mfl" <<'END'
problem win
meta a = 1
param w = 1
inner = w * log(5.5 - step - a / 4)
step w by sgd(rate = 0.01) for 8
truncate 2
outer = w^2
learn a by sgd(rate = 0.0001) for 4
END
gives 4 "inner step 6: log in" run "$tmp/win.mfl" --guard -o "$tmp/nan"
