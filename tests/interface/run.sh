#!/bin/sh
# The functions around the entries: _add, _tasks with and without OpenMP, results that are not wanted, wrong inputs. usage: run.sh MFLC BUILD [PROBLEM ...]
mflc=$1 B=$2
shift 2
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export OPENBLAS_NUM_THREADS=1
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; tail -n 5 "$tmp/log"; }
flags="-std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -Wshadow -Iinclude"

# QUICK=1: a first look.
for p in ${@:-ridge maml_sine indexing ${QUICK:-quad records learned_optimizer}}; do
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
echo "interface: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
