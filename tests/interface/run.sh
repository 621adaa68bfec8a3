#!/bin/sh
# The functions around the entries: _add, _tasks with and without OpenMP, results that are not wanted, wrong inputs. usage: run.sh MFLC BUILD [PROBLEM ...]
mflc=$1 B=$2
shift 2
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1
export OPENBLAS_NUM_THREADS=1
flags="-std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -Wshadow -Iinclude"

# QUICK=1: a first look.
for p in ${@:-ridge maml_sine indexing ${QUICK:-quad records learned_optimizer edge_T0}}; do
    [ -d "tests/reference/$p" ] || continue
    r=tests/reference/$p
    for real in double ${QUICK:-float}; do
        [ "$real" = 1 ] && continue
        if ! "$mflc" build "$r/$p.mfl" --from "$r/in" --real $real -o "$tmp" > "$tmp/log" 2>&1; then bad "$p: build"; continue; fi
        for cc in gcc clang-19; do
            for omp in "" -fopenmp; do
                if $cc $flags $omp -O1 -ffp-contract=off -c -o "$tmp/$p.o" "$tmp/$p.c" > "$tmp/log" 2>&1 \
                    && $cc -std=gnu11 -O1 -Wall -Wextra -Werror -Iinclude -DPROBLEM="${p}_problem" $omp -o "$tmp/host" tests/interface/host.c "$tmp/$p.o" "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1 \
                    && OMP_DYNAMIC=false "$tmp/host" > "$tmp/log" 2>&1
                then ok; else bad "$p: $real, $cc $omp"; fi
            done
        done
    done
done
# --check and --static: ridge through its header.
r=tests/reference/ridge
for cc in gcc clang-19; do
    if "$mflc" build $r/ridge.mfl --from $r/in --real double --check --static -o "$tmp" > "$tmp/log" 2>&1 \
        && $cc $flags -O1 -c -o "$tmp/ridge.o" "$tmp/ridge.c" > "$tmp/log" 2>&1 && $cc $flags -O1 -c -o "$tmp/ridge_static.o" "$tmp/ridge_static.c" > "$tmp/log" 2>&1 \
        && $cc -std=gnu11 -O1 -Wall -Wextra -Werror -Iinclude -I"$tmp" -o "$tmp/host" tests/interface/ridge_host.c "$tmp/ridge.o" "$tmp/ridge_static.o" "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1 \
        && "$tmp/host" > "$tmp/log" 2>&1
    then ok; else bad "ridge by its header: $cc"; fi
done
# The functions of the header and the static ones against the descriptor's: records, integers, tasks, several learn lines, no steps, windows, cut derivatives.
for p in records ${QUICK:-indexing maml_sine two_optimizers edge_T0 truncated learned_optimizer}; do
    [ -d "tests/reference/$p" ] || continue
    r=tests/reference/$p check=--check define=-DCHECKED window=
    if grep -qE 'detach|truncate' "$r/$p.mfl"; then check= define=; fi
    if grep -q truncate "$r/$p.mfl"; then window=-DWINDOW; fi
    if grep -q '^learn' "$r/$p.mfl"; then window="$window -DLEARNS"; fi
    for real in double ${QUICK:-float}; do
        [ "$real" = 1 ] && continue
        rm -f "$tmp/$p"*
        if "$mflc" build "$r/$p.mfl" --from "$r/in" --real $real $check --static -o "$tmp" > "$tmp/log" 2>&1 \
            && gcc $flags -I"$tmp" -O1 -c -o "$tmp/$p.o" "$tmp/$p.c" > "$tmp/log" 2>&1 && gcc $flags -I"$tmp" -O1 -c -o "$tmp/${p}_static.o" "$tmp/${p}_static.c" > "$tmp/log" 2>&1 \
            && gcc -std=gnu11 -O1 -Wall -Wextra -Werror -Iinclude -I"$tmp" -DNAME=$p -DUPPER=$(echo $p | tr a-z A-Z) -DHEADER="\"${p}_static.h\"" -DREAL=$real $define $window -o "$tmp/host" tests/interface/typed.c "$tmp/$p.o" "$tmp/${p}_static.o" "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1 \
            && "$tmp/host" > "$tmp/log" 2>&1
        then ok; else bad "$p, $real: the header's functions"; fi
    done
done
# --main: compiles, runs, and prints the outer value of mflc grad; with and without --static, with files and without.
for p in ridge ${QUICK:-maml_sine indexing records edge_T0 truncated}; do
    [ -d "tests/reference/$p" ] || continue
    r=tests/reference/$p
    want=$("$mflc" grad "$r/$p.mfl" --from "$r/in" --real double --json 2> "$tmp/log" | sed -n 's/.*"outer": *\([-0-9.e]*\).*/\1/p')
    for own in "" --static; do
        rm -f "$tmp/$p"*
        if "$mflc" build "$r/$p.mfl" --from "$r/in" --real double $own --main -o "$tmp" > "$tmp/log" 2>&1 \
            && gcc $flags -I"$tmp" -O1 -ffp-contract=off -o "$tmp/smoke" "$tmp/$p"*.c "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1 && "$tmp/smoke" > "$tmp/log" 2>&1 \
            && awk -v want="$want" '/: outer = /{ seen = 1; d = $4 - want; s = want < 0 ? -want : want; if (want == "" || d > 1e-8 * s || -d > 1e-8 * s) exit 1 } /^\|d /{ norms = 1 } END { if (!seen || !norms) exit 1 }' "$tmp/log"
        then ok; else bad "$p: --main $own"; fi
    done
done
if "$mflc" build examples/logistic_l2.mfl --main -o "$tmp" > "$tmp/log" 2>&1 \
    && gcc $flags -I"$tmp" -O1 -o "$tmp/smoke" "$tmp"/logistic_l2*.c "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1 && "$tmp/smoke" > "$tmp/log" 2>&1
then ok; else bad "logistic_l2: --main"; fi
printf 'problem small\ndim N\ndata x[N], k[N] : index(N)\nmeta a = 1\nparam w = 0\ninner = mean((x[k] * w - a)^2)\nstep w by sgd(rate = 0.1) for 5\nouter = (w - 2)^2\n' > "$tmp/small.mfl"
if "$mflc" build "$tmp/small.mfl" -D N=9 --main --static -o "$tmp" > "$tmp/log" 2>&1 \
    && gcc $flags -I"$tmp" -O1 -o "$tmp/smoke" "$tmp"/small*.c "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1 && "$tmp/smoke" > "$tmp/log" 2>&1 && grep -q 'outer = ' "$tmp/log"
then ok; else bad "simple numbers"; fi
# Every header compiles alone, in C and in C++.
for h in include/mfl/*.h; do
    if echo "#include \"mfl/${h##*/}\"" | gcc -std=c99 -Wall -Wextra -Werror -pedantic -Iinclude -x c -fsyntax-only - > "$tmp/log" 2>&1 \
        && echo "#include \"mfl/${h##*/}\"" | clang-19 -x c++ -Wall -Wextra -Werror -Iinclude -fsyntax-only - > "$tmp/log" 2>&1; then ok; else bad "$h"; fi
done
# docs/interface.md: its problem and its program, with the C and with an object, in as many words.
mkdir "$tmp/doc"
sed -n '/^```mfl$/,/^```$/p' docs/interface.md | grep -v '^```' > "$tmp/doc/ridge.mfl"
sed -n '/^```c$/,/^```$/p' docs/interface.md | grep -v '^```' > "$tmp/doc/main.c"
for form in c obj; do
    rm -f "$tmp/doc"/ridge.[cho]
    if { [ $form = c ] || "$mflc" build "$tmp/doc/ridge.mfl" -D N=3 -D V=2 -D D=2 --emit header -o "$tmp/doc"; } > "$tmp/log" 2>&1 && "$mflc" build "$tmp/doc/ridge.mfl" -D N=3 -D V=2 -D D=2 --emit $form -o "$tmp/doc" > "$tmp/log" 2>&1 \
        && gcc -std=c11 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -Iinclude -I"$tmp/doc" -O1 -ffp-contract=off -o "$tmp/doc/learn" "$tmp/doc/main.c" "$tmp/doc"/ridge.${form%bj} "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1 \
        && "$tmp/doc/learn" > "$tmp/doc/$form" 2> "$tmp/log" && grep -q '^outer 0\.' "$tmp/doc/$form" && cmp "$tmp/doc/c" "$tmp/doc/$form" > "$tmp/log" 2>&1
    then ok; else bad "docs/interface.md: $form"; fi
done
# What cannot be had is said.
refused() {
    code=$1 words=$2
    shift 2
    "$mflc" build "$@" -o "$tmp" > "$tmp/log" 2>&1
    if [ $? = "$code" ] && grep -q -e "$words" "$tmp/log"; then ok; else bad "$*: exit code $code and \"$words\" expected"; fi
}
r=tests/reference/truncated
refused 1 truncate $r/truncated.mfl --from $r/in --check
refused 2 "generated C" $r/truncated.mfl --from $r/in --static --emit obj
refused 2 "generated C" $r/truncated.mfl --from $r/in --main --python
count interface
