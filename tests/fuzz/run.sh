#!/bin/sh
# Random programs over the whole language (generate.py, features.py), the same ones every time. Those of expected.txt: outer value, hypergradient and adapted parameters by
# mixed mode against the numbers of a reader that shares nothing with mflc (reader.py; expected.py compares), then by reverse and forward mode, with everything
# kept and with almost nothing kept, and for every fourth program in C: the same numbers to 1e-10 in double.
# usage: run.sh MFLC BUILD [FIRST LAST]: other programs are compared among the modes alone. QUICK=1: few. By hand: sh tests/fuzz/run.sh $PWD/build/mflc $PWD/build 1000 2000;
# reader.py compares those with the reader (needs PyTorch). Programs that fail stay in BUILD/fuzz. Ends with "fuzz: N passed, N failed".
if [ "$1" = one ]; then                          # one MFLC BUILD SEED, called by xargs below
    mflc=$2 B=$3 seed=$4 d=$B/fuzz/f$4
    rm -rf "$d"
    python3 tests/fuzz/generate.py "$seed" "$B/fuzz" || { echo "FAIL $seed: not made"; exit 0; }
    for plan in "mixed snapshot snapshot" "reverse keep keep" "forward keep keep" "mixed binomial:1 binomial:1" "reverse every:2+gradients snapshot"; do
        set -- $plan
        if ! timeout 300 "$mflc" grad "$d/f$seed.mfl" --from "$d/in" --real double --mode "$1" --schedule "$2" --loops "$3" -o "$d/got" > "$d/log" 2>&1; then
            echo "FAIL $seed, $plan: $(tail -n 2 "$d/log" | tr '\n' ' ')"; exit 0
        fi
        if [ ! -d "$d/out" ]; then
            mv "$d/got" "$d/out"
            ! grep -q "^$seed " tests/fuzz/expected.txt || python3 tests/fuzz/expected.py "$d/out" tests/fuzz/expected.txt "$seed" > "$d/log" 2>&1 || { echo "FAIL $seed, $plan: $(tail -n 1 "$d/log")"; exit 0; }
            continue
        fi
        "$B/tests/compare" "$d/out" "$d/got" 1e-10 > "$d/log" || { echo "FAIL $seed, $plan: $(head -n 2 "$d/log" | tr '\n' ' ')"; exit 0; }
        rm -rf "$d/got"
    done
    if [ $((seed % 4)) = 0 ]; then
        mkdir "$d/got"
        "$mflc" build "$d/f$seed.mfl" --from "$d/in" --real double -o "$d" > "$d/log" 2>&1 \
            && gcc -std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -Iinclude -O1 -ffp-contract=off -c -o "$d/f.o" "$d/f$seed.c" > "$d/log" 2>&1 \
            && gcc -std=gnu11 -O1 -Iinclude -DPROBLEM="f${seed}_problem" -o "$d/host" tests/run/host.c "$d/f.o" "$B/libmfl_runtime.a" -lopenblas -lm > "$d/log" 2>&1 \
            && "$d/host" "$d/in" "$d/got" > "$d/log" 2>&1 && "$B/tests/compare" "$d/out" "$d/got" 1e-10 > "$d/log" || { echo "FAIL $seed in C: $(head -n 2 "$d/log" | tr '\n' ' ')"; exit 0; }
    fi
    rm -rf "$d"
    echo ok
    exit 0
fi
mflc=$1 B=$2 first=$3 last=$4
cd "$(dirname "$0")/../.." || exit 1
mkdir -p "$B/fuzz"
results=$(mktemp) || exit 1
trap 'rm -f "$results"' EXIT
export OPENBLAS_NUM_THREADS=1
if [ -n "$first" ]; then seq "$first" "$last"; else cut -d' ' -f1 tests/fuzz/expected.txt | uniq | if [ -n "$QUICK" ]; then head -n 6; else cat; fi; fi \
    | xargs -P "$(nproc)" -n 1 sh tests/fuzz/run.sh one "$mflc" "$B" > "$results"
grep '^FAIL' "$results"
passed=$(grep -c '^ok$' "$results")
failed=$(grep -vc '^ok$' "$results")
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
