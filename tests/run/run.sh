#!/bin/sh
# The generated C of reference problems, compiled with gcc and clang under the strictest flags, run through its descriptor, compared with the expected
# numbers in double; in float it must compile just as cleanly. usage: run.sh MFLC BUILD [PROBLEM ...]
mflc=$1 B=$2
shift 2
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1
flags="-std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -Iinclude"
for p in ${@:-quad ridge maml_sine path_loss truncated learned_optimizer indexing records scalars float_data edge_T0 deq_long matrix}; do
    r=tests/reference/$p
    if ! "$mflc" build "$r/$p.mfl" --from "$r/in" --real double -o "$tmp" > "$tmp/log" 2>&1; then bad "$p: build"; continue; fi
    rm -rf "$tmp/jit"
    "$mflc" grad "$r/$p.mfl" --from "$r/in" --real double -o "$tmp/jit" > "$tmp/log" 2>&1 || bad "$p: grad"
    for cc in gcc clang-19; do
        rm -rf "$tmp/out"; mkdir "$tmp/out"
        if $cc $flags -O1 -ffp-contract=off -c -o "$tmp/$p.o" "$tmp/$p.c" > "$tmp/log" 2>&1 \
            && $cc -std=gnu11 -O1 -Iinclude -I"$tmp" -DPROBLEM="${p}_problem" -o "$tmp/host" tests/run/host.c "$tmp/$p.o" "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1 \
            && "$tmp/host" "$r/in" "$tmp/out" > "$tmp/log" 2>&1 \
            && "$B/tests/compare" "$r/out" "$tmp/out" 1e-10 > "$tmp/log" 2>&1
        then ok; else bad "$p: $cc"; fi
        # The same loops by C compiler and by LLVM: the same bits.
        for a in "$tmp"/jit/*.npy; do
            cmp "$a" "$tmp/out/${a##*/}" > "$tmp/log" 2>&1 || break
        done
        if [ ! -s "$tmp/log" ]; then ok; else bad "$p: $cc and LLVM differ"; fi
    done
    if "$mflc" build "$r/$p.mfl" --from "$r/in" --real float -o "$tmp" > "$tmp/log" 2>&1 && gcc $flags -O1 -c -o "$tmp/f.o" "$tmp/$p.c" > "$tmp/log" 2>&1
    then ok; else bad "$p: float"; fi
done
# Many of what there is no limit for: 80 states of an optimizer, a sum of 80 contractions, 80 arrays (both once ended outside an array of the compiler).
{
    echo 'problem many'
    echo 'optimizer big(rate) on p, g {'
    for k in $(seq 80); do echo "  state s$k = 0"; done
    for k in $(seq 80); do echo "  s$k = 0.5 * s$k + g / $k"; done
    echo '  p = p - rate * s80'
    echo '}'
    for k in $(seq 80); do echo "meta m$k[3] = 0.$k"; done
    printf 'param w[3] = 0.2\ninner = sum(w^2)'
    for k in $(seq 80); do printf ' + sum(m%d * w)' $k; done
    printf '\nstep w by big(rate = 0.1) for 2\nouter = sum(w^2)\n'
} > "$tmp/many.mfl"
if "$mflc" check "$tmp/many.mfl" > "$tmp/log" 2>&1; then ok; else bad "many"; fi
# A derivative that is a sum of many contractions (once, too, written behind an array of the compiler).
{
    printf 'problem terms\nmeta m[5] = 0.1\nparam w[5] = 0.2\ninner {\n'
    for k in $(seq 20); do echo "  z$k[a, b] = sum[c]((w[a] + $k) * m[b] * w[c] * m[c] * $((k + 1)))"; done
    printf '  return 0'
    for k in $(seq 20); do printf ' + sum(z%d * z%d) / 1e6' $k $((k * 7 % 20 + 1)); done
    printf '\n}\nstep w by sgd(rate = 0.001) for 3\nouter = sum(w^2)\n'
} > "$tmp/terms.mfl"
for m in mixed reverse forward; do
    if "$mflc" grad "$tmp/terms.mfl" --real double --mode $m -o "$tmp/terms_$m" > "$tmp/log" 2>&1 && "$B/tests/compare" "$tmp/terms_mixed" "$tmp/terms_$m" 1e-10 > "$tmp/log" 2>&1; then ok; else bad "terms, $m"; fi
done
# Names that are words of C, or that the compiler would choose itself, in a struct, a header, a local: no clash, nothing hidden.
for real in float double; do
    for cc in gcc clang-19; do
        if "$mflc" build tests/run/names.mfl --real $real -o "$tmp" > "$tmp/log" 2>&1 && $cc $flags -Wshadow -O1 -c -o "$tmp/f.o" "$tmp/names.c" > "$tmp/log" 2>&1 \
            && echo '#include "names.h"' | clang-19 -x c++ -fsyntax-only -Iinclude -I"$tmp" - > "$tmp/log" 2>&1
        then ok; else bad "names: $cc, $real"; fi
    done
done
# A loop with guarded loads and shared places, in every plan: forward mode was wrong there in machine code.
if "$mflc" check tests/run/guarded.mfl > "$tmp/log" 2>&1; then ok; else bad "guarded"; fi
# A view from outside a loop as a kernel's operand in it (once an internal error); a letter compared with itself (once refused by -Werror).
if "$mflc" check tests/run/captured.mfl > "$tmp/log" 2>&1; then ok; else bad "captured"; fi
if "$mflc" build tests/run/captured.mfl --real double -o "$tmp" > "$tmp/log" 2>&1 && gcc $flags -O1 -c -o "$tmp/f.o" "$tmp/captured.c" > "$tmp/log" 2>&1; then ok; else bad "captured: C"; fi
# A condition that is asked for several times is a temporary, in C and in machine code.
if "$mflc" check tests/run/condition.mfl > "$tmp/log" 2>&1 && "$mflc" build tests/run/condition.mfl -o "$tmp" > "$tmp/log" 2>&1 && gcc $flags -O1 -c -o "$tmp/f.o" "$tmp/condition.c" > "$tmp/log" 2>&1 \
    && [ "$(grep -c 'int far = ' "$tmp/condition.c")" = 2 ] && ! grep -q 'unsigned char' "$tmp/condition.c"
then ok; else bad "condition"; fi
# A loop without iterations left temporaries that nothing reads; a schedule with one slot asked for its number.
if "$mflc" check tests/run/empty_loop.mfl > "$tmp/log" 2>&1; then ok; else bad "empty_loop"; fi
for m in mixed reverse forward; do
    if "$mflc" build tests/run/empty_loop.mfl --mode $m -o "$tmp" > "$tmp/log" 2>&1 && gcc $flags -O1 -c -o "$tmp/f.o" "$tmp/empty_loop.c" > "$tmp/log" 2>&1; then ok; else bad "empty_loop, $m: C"; fi
done
if "$mflc" build tests/reference/matrix/matrix.mfl --mode mixed --schedule every:4:2 -o "$tmp" > "$tmp/log" 2>&1 && gcc $flags -O1 -c -o "$tmp/f.o" "$tmp/matrix.c" > "$tmp/log" 2>&1; then ok; else bad "matrix, every:4:2: C"; fi
# An optimizer's state and array that change in a loop, by hand: 2.02447776635 (once an internal error); its local names hide what it does not see.
if "$mflc" check tests/run/optimizer_loop.mfl > "$tmp/log" 2>&1 && "$mflc" grad tests/run/optimizer_loop.mfl --real double > "$tmp/log" 2>&1 \
    && grep -q 'outer value *2\.02447776635$' "$tmp/log"
then ok; else bad "optimizer_loop"; fi
# Arrays of records in arrays of records: 4.7008 by hand (once refused).
if "$mflc" check tests/run/record_index.mfl > "$tmp/log" 2>&1 && "$mflc" grad tests/run/record_index.mfl --real double > "$tmp/log" 2>&1 \
    && grep -q 'outer value *4\.7008$' "$tmp/log"
then ok; else bad "record_index"; fi
# The code does not grow with the number of steps or with sizes, and is the same every time.
r=tests/reference/ridge
for n in 10 1000; do
    "$mflc" build examples/logistic_l2.mfl -D T=$n -o "$tmp/$n" > "$tmp/log" 2>&1
    "$mflc" build examples/logistic_l2.mfl -D T=$n -o "$tmp/again" > "$tmp/log" 2>&1
    if cmp -s "$tmp/$n/logistic_l2.c" "$tmp/again/logistic_l2.c"; then ok; else bad "two builds differ"; fi
done
if [ "$(wc -l < "$tmp/10/logistic_l2.c")" = "$(wc -l < "$tmp/1000/logistic_l2.c")" ]; then ok; else bad "lines depend on T"; fi
# Log lines in functions and loops: the last call's and the last iteration's values; they change no derivative.
"$mflc" run tests/run/logs.mfl --real double --quiet -o "$tmp/logs" > "$tmp/log" 2>&1
if [ "$(sed -n 's/^  \([a-z]*\)  *\(after\) *\([^ ]*\).*/\1 \3/p' "$tmp/log" | tr '\n' ' ')" = "last 5 deep 12 square 9 square 1 " ]; then ok; else bad "log lines"; fi
# Of optimizers and path losses too (once dropped), and of arrays (once not printed).
"$mflc" run tests/run/optimizer_logs.mfl --real double --quiet -o "$tmp/logs" > "$tmp/log" 2>&1
if [ "$(sed -n 's/^  \([a-z.]*\)  *after *\(.*\)/\1 \2/p' "$tmp/log" | tr '\n' ';')" = "l 0;w.size 0;w.twice [3]  4 4 4;w.arr [3]  0 0 0;b.size 4;b.twice 4;b.arr 1;path 1.5;o 7;" ] \
    && "$mflc" check tests/run/optimizer_logs.mfl > "$tmp/log" 2>&1
then ok; else bad "log lines of optimizers"; fi
# A NaN among what max and min see is their result, in machine code and in C.
for real in float double; do
    if "$mflc" grad tests/run/nan_extremes.mfl --real $real > "$tmp/log" 2>&1 && grep -qx ' *outer value *1' "$tmp/log"; then ok; else bad "nan_extremes, $real"; fi
done
for cc in "gcc -O1" "gcc -O3" "clang-19 -O3"; do
    rm -rf "$tmp/jit" "$tmp/out"; mkdir "$tmp/out"
    if "$mflc" grad tests/run/nan_extremes.mfl --real double -o "$tmp/jit" > "$tmp/log" 2>&1 && cp "$tmp/jit/outer.npy" "$tmp/m.npy" && "$mflc" build tests/run/nan_extremes.mfl --real double -o "$tmp" > "$tmp/log" 2>&1 \
        && $cc $flags -ffp-contract=off -c -o "$tmp/f.o" "$tmp/nan_extremes.c" > "$tmp/log" 2>&1 \
        && gcc -std=gnu11 -O1 -Iinclude -DPROBLEM=nan_extremes_problem -o "$tmp/host" tests/run/host.c "$tmp/f.o" "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1 \
        && "$tmp/host" "$tmp" "$tmp/out" > "$tmp/log" 2>&1 && "$B/tests/compare" "$tmp/jit" "$tmp/out" 0 > "$tmp/log" 2>&1
    then ok; else bad "nan_extremes: $cc"; fi
done
# Rows added several at a time, 250 in fives, 231 in threes: against differences.
python3 - "$tmp" <<'PY'
import random, sys
random.seed(1)
for name, rows, cols in (("x", 250, 80), ("y", 250, 1), ("xv", 231, 90)):
    with open(f"{sys.argv[1]}/{name}.csv", "w") as f:
        for _ in range(rows):
            print(*(f"{random.gauss(0, 1):.6f}" for _ in range(cols)), sep=",", file=f)
PY
if "$mflc" check tests/run/rows.mfl --from "$tmp" > "$tmp/log" 2>&1 && "$mflc" build tests/run/rows.mfl --from "$tmp" --emit loops -o "$tmp" > "$tmp/log" 2>&1 \
    && grep -q 'for n in 50$' "$tmp/rows.loops" && grep -q 'for v in 77$' "$tmp/rows.loops"
then ok; else bad "rows"; fi
# The README's first problem compiles, and docs/first.md shows what it becomes.
sed -n '/^```mfl/,/^```/p' README.md | grep -v '^```' > "$tmp/first.mfl"
sed -n '/^```c/,/^```/p' docs/first.md | grep -v '^```' > "$tmp/shown"
"$mflc" build "$tmp/first.mfl" -D N=30 -D V=10 --schedule snapshot -o "$tmp" > "$tmp/log" 2>&1
sed -n '/^static void first_hypergradient_step(/,/^int first_hypergradient(/p' "$tmp/first.c" > "$tmp/made"
if [ "$(grep -c . "$tmp/shown")" -gt 20 ] && ! grep -vxFf "$tmp/made" "$tmp/shown" | grep -v '^/\*' | grep -q .; then ok; else bad "docs/first.md is not what mflc writes"; fi
# Optimizers warn of more: gcc 12 once took zero fills (at -O2) and copies (at -O3) of several axes for accesses out of bounds.
for p in tests/reference/records tests/reference/neural_ode tests/models/record_loops; do
    n=${p##*/}
    "$mflc" build $p/$n.mfl --from $p/in --real double -o "$tmp" > "$tmp/log" 2>&1
    for o in -O2 -O3; do
        if gcc -std=c99 $o -Wall -Wextra -Werror -pedantic -Wdouble-promotion -Iinclude -c -o "$tmp/f.o" "$tmp/$n.c" > "$tmp/log" 2>&1; then ok; else bad "$n: warnings at $o"; fi
    done
done
# C compilers make vectors of it: they need not ask whether arrays overlap (MFL_SIMD), and do not give up on a loop for what it reads again (lower/invariant.c). gcc and clang
# say what they found.
vectors="-std=c99 -O3 -Wall -Wextra -Werror -pedantic -ffp-contract=off -fno-math-errno -fno-trapping-math -Iinclude $([ "$(uname -m)" != x86_64 ] || echo -march=x86-64-v4)"
for p in examples/logistic_l2 tests/golden/attention; do
    n=${p##*/}
    "$mflc" build $p.mfl --mode mixed --schedule keep --real float -o "$tmp" > "$tmp/log" 2>&1
    gcc $vectors -fopt-info-vec-all -c -o "$tmp/f.o" "$tmp/$n.c" > "$tmp/vec" 2>&1 || bad "$n: gcc -O3"
    # A sum of less than eight terms goes one by one: gcc may make a vector of what stands beside it, and ask.
    grep -E "$n.c.*(possible aliasing|latch block not empty|no vectype for stmt: [^ ]* = .MASK_LOAD)" "$tmp/vec" | while IFS=: read -r file line says; do
        sed -n "${line}p" "$file" | grep -q 'MFL_LANES([a-z]*, [1-7], 1, lane, {' || echo "$line: $says"
    done > "$tmp/log"
    if [ ! -s "$tmp/log" ]; then ok; else bad "$n: gcc finds loops that are no vectors"; fi
    clang-19 $vectors -Rpass-analysis=loop-vectorize -c -o "$tmp/f.o" "$tmp/$n.c" > "$tmp/vec" 2>&1 || bad "$n: clang -O3"
    grep "logistic_l2.c.*unsafe dependent memory" "$tmp/vec" > "$tmp/log"
    if [ ! -s "$tmp/log" ]; then ok; else bad "$n: clang finds loops that are no vectors"; fi
done
# The runtime builds for whatever processor it is built for (with -march the intrinsics of the product's tiles once could not be inlined), and its products have the same bits
# by gcc and by clang, whose contractions of alpha * sum + c once differed.
strict="-std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -ffp-contract=off -Iinclude"
for march in x86-64-v2 x86-64-v3 native; do
    if [ "$(uname -m)" != x86_64 ] || gcc $strict -O1 -march=$march -c -o "$tmp/f.o" runtime/gemm.c > "$tmp/log" 2>&1; then ok; else bad "runtime: $march"; fi
    if [ "$(uname -m)" != x86_64 ] || clang-19 $strict -O1 -march=$march -c -o "$tmp/f.o" runtime/gemm.c > "$tmp/log" 2>&1; then ok; else bad "runtime by clang: $march"; fi
done
# Widths: a copy without the branch of the widest vectors is the next one.
mkdir "$tmp/narrow" && cp runtime/gemm*.inc "$tmp/narrow" && sed 's/if (__builtin_cpu_supports("x86-64-v4"))/if (0)/' runtime/gemm.c > "$tmp/narrow/gemm.c"
for cc in gcc clang-19; do
    for from in runtime "$tmp/narrow"; do
        $cc -std=c99 -O3 -ffp-contract=off -Iinclude -w -o "$tmp/products" tests/run/products.c "$from/gemm.c" -lm > "$tmp/log" 2>&1 && "$tmp/products" >> "$tmp/bits"
    done
done
sort "$tmp/bits" | uniq -c > "$tmp/log"
if [ "$(awk '$1 == 4' "$tmp/log" | wc -l)" = 2 ]; then ok; else bad "products by gcc and clang, with wide and narrow vectors, differ"; fi
count run
