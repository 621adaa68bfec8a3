# --guard: the place where the first value that is not finite appeared: forward, backward, in a later inner step, in a loop of the model; machine code and C say the same.
# said NAME MODE SCHEDULE REAL 'MESSAGE': of $tmp/NAME.mfl
said() {
    gives 4 "mflc: a value is not finite: $5" grad "$tmp/$1.mfl" --guard --mode $2 --schedule $3 --real $4
    sed -n '/^mflc: a value is not finite: /{ s///; p; }' "$tmp/err" > "$tmp/said"
    "$mflc" build "$tmp/$1.mfl" --guard --mode $2 --schedule $3 --real $4 -o "$tmp/guard_c" > /dev/null 2>&1
    if ${CC:-gcc} -std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -c -I"$top/include" -o "$tmp/$1.o" "$tmp/guard_c/$1.c" 2> "$tmp/err" \
        && ${CC:-gcc} -std=gnu11 -DPROBLEM="$1_problem" -I"$top/include" -o "$tmp/guard_host" "$here/guard_host.c" "$tmp/$1.o" "$build/libmfl_runtime.a" -lopenblas -lm 2> "$tmp/err" \
        && "$tmp/guard_host" | sed 's/-nan$/nan/' > "$tmp/out" && cmp -s "$tmp/out" "$tmp/said"
    then ok; else bad "$1, mode $2, $3, $4: the C says: $(cat "$tmp/out")"; fi
}
# found NAME 'MESSAGE': in every mode and two schedules
found() {
    for m in mixed reverse forward; do
        for s in keep snapshot; do
            [ -n "$QUICK" ] && [ $m$s = reversekeep ] && continue
            for r in float double; do
                [ $r$s = doublesnapshot ] || said $1 $m $s $r "$2"
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
# Places of all kinds, in float and mode mixed: first PROBLEM's lines from 2 on, then what is said.
at() {
    { echo "problem $1"; cat; } > "$tmp/$1.mfl"
    said $1 ${3:-mixed} snapshot float "$2"
}
at in_outer "log in log(sum(w)) (in_outer.mfl:5) is -inf" <<'END'
meta a = 1
param w[2] = 1
inner = a * sum(w^2)
outer = sum(w) * log(sum(w))
step w by sgd(rate = 0.5) for 2
END
at in_optimizer "inner step 2: a quotient in rate * m / (step - 2) (in_optimizer.mfl:5) is inf" <<'END'
optimizer bad(rate) on p, g {
  state m = 0
  m = m + g
  p = p - rate * m / (step - 2)
}
meta a = 1
param w[4] = 1
inner = a * sum(w^2)
step w by bad(rate = 0.1) for 5
outer = sum(w)
END
at in_argument "a quotient in rate = 1 / r (in_argument.mfl:5) is inf" <<'END'
meta r = 0
param w[2] = 0
inner = sum((w - 1)^2)
step w by sgd(rate = 1 / r) for 2
outer = sum(w)
END
at on_the_path "inner step 3: log in log(3 - step) (on_the_path.mfl:6) is -inf" <<'END'
meta a = 1
param w[4] = 1
inner = a * sum(w^2)
step w by sgd(rate = 0.1) for 5
outer over steps = log(3 - step) * sum(w)
END
at at_the_start "a quotient in 1 / a (at_the_start.mfl:3) is inf" <<'END'
meta a = 0
param w[5] = 1 / a
inner = sum(w)
step w by sgd(rate = 1e-3) for 2
outer = sum(w)
END
at root_of_zero "a quotient in tangent of outer = sqrt(sum((w - 1)^2)) (root_of_zero.mfl:6) is inf" <<'END'
meta a = 0
param w[2] = 1
inner = a * sum(w)
step w by sgd(rate = 0.5) for 2
outer = sqrt(sum((w - 1)^2))
END
at norm_of_zero "inner step 0: a quotient in tangent of sqrt(sum(w^2)) (norm_of_zero.mfl:4) is inf" <<'END'
meta a = 0
param w[2] = 0
inner = a * sum(w) + sqrt(sum(w^2))
step w by sgd(rate = 1e-3) for 2
outer = sum(w)
END
at zero_by_infinity "inner step 0: exp in exp(200 * w) (zero_by_infinity.mfl:4) is inf" <<'END'
meta a = 0
param w = 1
inner = a * w * exp(200 * w) + w
step w by sgd(rate = 0.5) for 2
outer = w
END
gives 0 "outer value" grad "$tmp/zero_by_infinity.mfl" --guard --real double
at exp_in_float "inner step 0: exp in exp(2 * w * a) (exp_in_float.mfl:4) is inf" <<'END'
meta a = 1
param w[2] = 45
inner = sum(exp(2 * w * a))
step w by sgd(rate = 1e-45) for 3
outer = sum(w)
END
gives 0 "outer value" grad "$tmp/exp_in_float.mfl" --guard --real double
at in_a_maximum "inner step 0: log in log(w - 2) (in_a_maximum.mfl:4) is nan" <<'END'
meta a = 1
param w[3] = 1
inner = max(log(w - 2) * a)
step w by sgd(rate = 0.1) for 2
outer = sum(w)
END
at in_a_branch "inner step 0: a product in adjoint of log(w) (in_a_branch.mfl:4) is inf" <<'END'
meta a = 1
param w[3] = 0
inner = sum(if w < 1 then a * log(w) else w)
step w by sgd(rate = 0.1) for 2
outer = sum(w)
END
at backward_only "inner step 1: adjoint of cholesky(a) (backward_only.mfl:4) is nan" reverse <<'END'
meta a[2, 2] = 1
param w[2] = 1
inner = sum(w^2) - sum(cholesky(a) @ w)
step w by sgd(rate = 1e-3) for 2
outer = sum(w)
END
at in_a_sum "a sum in outer = sum(exp(w)) (in_a_sum.mfl:6) is inf" <<'END'
meta a = 1
param w[40] = 88
inner = a * sum(w) * 0
step w by sgd(rate = 1) for 2
outer = sum(exp(w))
END
# A branch that is not taken may be what it likes.
gives 0 "outer value" grad /dev/stdin --guard <<'END'
problem not_taken
meta a = 1
param w[3] = 0
inner = sum(if w > 0 then a * log(w) else w)
step w by sgd(rate = 0.1) for 0
outer = sum(w)
END
# Nor what is stored of one, what the last step leaves behind of it, and what is recorded of the others.
for s in keep snapshot binomial:1; do
gives 0 "outer value" grad /dev/stdin --guard --mode mixed --schedule $s <<'END'
problem not_taken
meta a = 1
param w[3] = 0
inner = sum(if w > 10 then exp(1000 * a * (w + 1)) else w^2 + a * w)
step w by sgd(rate = 0.1) for 3
outer = sum(w)
END
done
# The status says which task: C, and an object of machine code.
cat > "$tmp/guard_tasks.c" <<'END'
#include "tasks.h"
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    static float x[4][3] = { { .1f, .1f, .1f }, { .2f, .2f, .2f }, { .7f, .3f, .3f }, { .8f, .4f, .4f } }, y[3], start = .5f, rate = .1f, outer, d_start, d_rate;
    tasks_data task[4];
    tasks_meta meta = { &start, &rate }, grad = { &d_start, &d_rate };
    mfl_status st;
    void *works = aligned_alloc(64, 2 * (size_t)TASKS_WORK_BYTES);
    for (int k = 0; k < 4; k++)
        task[k] = (tasks_data){ x[k], y };
    for (int threads = 1; threads <= 2; threads++) {
        int code = tasks_hypergradient_tasks(4, task, &meta, &outer, &grad, works, threads, &st);
        printf("%d %d %d %s\n", code == MFL_NONFINITE, (int)st.task, (int)st.step, st.name);
    }
    return tasks_hypergradient_tasks(2, task, &meta, &outer, &grad, works, 1, &st) || st.task != -1;
}
END
sed 's/mean((x \* w - y)^2)/mean((x * w - y)^2) + w * log(0.65 - x[0] + step - 2)/' tasks.mfl | sed 's/ + step - 2/ + (if step == 2 then 0 else 9)/' > "$tmp/tasks.mfl"
for form in c obj; do
    rm -rf "$tmp/gt"
    "$mflc" build "$tmp/tasks.mfl" --guard --emit $form -o "$tmp/gt" > "$tmp/out" 2> "$tmp/err"
    [ $form = c ] && code="$tmp/gt/tasks.c" || { code="$tmp/gt/tasks.o"; "$mflc" build "$tmp/tasks.mfl" --emit header -o "$tmp/gt" > /dev/null; }
    ${CC:-gcc} -std=gnu11 -fopenmp -I"$tmp/gt" -I"$top/include" -o "$tmp/gt/host" "$tmp/guard_tasks.c" "$code" "$build/libmfl_runtime.a" -lopenblas -lm 2> "$tmp/err" && "$tmp/gt/host" > "$tmp/out" 2>&1 \
        && [ "$(grep -c '^1 2 2 log in log(0.65' "$tmp/out")" = 2 ] && ok || bad "the task in the status, $form: $(cat "$tmp/out")"
done
