#!/bin/sh
# What compiling costs: seconds of `mflc build` (no C compiler in them), the plan that it chose and the lines of C for the transformers of examples/, at 2, 8 and
# 32 layers. One plan has the same lines for any number of layers (tests/golden/sizes.sh); another plan for another size is another program.
# usage: compile.sh MFLC
mflc=$1
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export OPENBLAS_NUM_THREADS=1
printf '\n%-24s %6s %12s %7s  %s\n' 'mflc build' layers 'min of 5, s' lines plan
for name in transformer_rates transformer_maml transformer_rater; do
    for layers in 2 8 32; do
        least=
        for k in 1 2 3 4 5; do
            from=$(date +%s%N)
            "$mflc" build "examples/$name.mfl" -D L=$layers -o "$tmp" > /dev/null 2> "$tmp/says" || { echo "$name: failed"; exit 1; }
            took=$(($(date +%s%N) - from))
            [ "$least" ] && [ "$least" -le $took ] || least=$took
        done
        printf '%-24s %6d %12s %7d  %s\n' "$name" $layers "$(awk "BEGIN { printf \"%.2f\", $least / 1e9 }")" "$(wc -l < "$tmp/$name.c")" \
            "$(sed -n "s/^$name: \(.*\): .*; workspace .*/\1/p" "$tmp/says")"
    done
done
