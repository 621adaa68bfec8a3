#!/bin/sh
# The generated C has as many lines for any size: steps 2 and 1000, batches (N, V, B) 10 and 1000, layers (L) 2 and 32, all other sizes 12, for every reference
# problem and example that has such a size. usage: sizes.sh MFLC
#
# Left out, with the reason: `truncated` in T (two steps are no window: another program); a batch that is also the inner size of the arrays that it is
# multiplied with (a sequence, a vocabulary), where a size class decides between loops (docs/compiler.md, Sizes); `nested_loops` in N, where 1/10 is a shorter
# number than 1/1000 and one line is not broken, and in L, of which its data have three; `records` in L, where layers of four by four are joined with others.
mflc=$1
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
left_out='truncated:T nested_loops:N nested_loops:L records:L attention_layernorm:N lstm_lm:V transformer_maml:V transformer_maml:N transformer_rater:V transformer_rates:V'

# lines FILE OPTIONS: of the C
lines() {
    "$mflc" build "$@" --mode mixed --schedule snapshot --loops snapshot -o "$tmp/c" > /dev/null 2>&1 && cat "$tmp"/c/*.c | wc -l
    rm -rf "$tmp/c"
}
for f in tests/reference/*/*.mfl examples/*.mfl; do
    name=$(basename "$f" .mfl)
    dims=$(sed -n 's/#.*//; s/^dim//p' "$f" | tr ',' '\n' | tr -d ' ' | grep -v '[*/+-]')
    for size in T N V B L; do
        echo "$dims" | grep -q "^$size\(=\|$\)" || continue
        case " $left_out " in *" $name:$size "*) continue ;; esac
        others=
        for d in $dims; do case $d in *=* | "$size") ;; *) others="$others -D $d=12" ;; esac; done
        few=10 many=1000
        case $size in T) few=2 ;; L) few=2 many=32 ;; esac
        a=$(lines "$f" $others -D $size=$few) b=$(lines "$f" $others -D $size=$many)
        [ -n "$a" ] || continue                                  # data of a fixed size
        if [ "$a" = "$b" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $f: $a lines for $size = $few, $b for $many"; fi
    done
done
echo "sizes: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 50 ]
