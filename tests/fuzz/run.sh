#!/bin/sh
# Random programs (generate.py), the same ones every time: by mixed, reverse and forward, with everything kept and with almost nothing kept, in machine code,
# and for every fourth program in C: one outer value, hypergradient and adapted parameters, to 1e-10 in double.
# usage: run.sh MFLC BUILD [FIRST LAST]. QUICK=1: few. More by hand: sh tests/fuzz/run.sh $PWD/build/mflc $PWD/build 1000 2000. Programs that fail stay in BUILD/fuzz.
# Ends with "fuzz: N passed, N failed".
if [ "$1" = one ]; then                          # one MFLC BUILD SEED, called by xargs below
    mflc=$2 B=$3 seed=$4 d=$B/fuzz/f$4
    rm -rf "$d"
    python3 tests/fuzz/generate.py "$seed" "$B/fuzz" || { echo "FAIL $seed: not made"; exit 0; }
    for plan in "mixed snapshot snapshot" "reverse keep keep" "forward keep keep" "mixed binomial:1 binomial:1" "reverse every:2+gradients snapshot"; do
        set -- $plan
        if ! timeout 300 "$mflc" grad "$d/f$seed.mfl" --from "$d/in" --real double --mode "$1" --schedule "$2" --loops "$3" -o "$d/got" > "$d/log" 2>&1; then
            echo "FAIL $seed, $plan: $(tail -n 2 "$d/log" | tr '\n' ' ')"; exit 0
        fi
        if [ ! -d "$d/out" ]; then mv "$d/got" "$d/out"; continue; fi
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
mflc=$1 B=$2 first=${3:-1} last=${4:-60}
[ -z "$QUICK" ] || last=8
cd "$(dirname "$0")/../.." || exit 1
mkdir -p "$B/fuzz"
results=$(mktemp) || exit 1
trap 'rm -f "$results"' EXIT
export OPENBLAS_NUM_THREADS=1
seq "$first" "$last" | xargs -P "$(nproc)" -n 1 sh tests/fuzz/run.sh one "$mflc" "$B" > "$results"
grep '^FAIL' "$results"
passed=$(grep -c '^ok$' "$results")
failed=$(grep -vc '^ok$' "$results")
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
