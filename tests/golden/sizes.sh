#!/bin/sh
# The generated C has as many lines for any size: steps 2 and 1000, batches (N, V, B) 10 and 1000, layers (L) 2 and 32, all other sizes 12: in one plan for every
# reference problem and example that has such a size, in the other plans and in the one that is chosen for some of them. usage: sizes.sh MFLC
#
# Left out, with the reason: `truncated` in T (two steps are no window: another program); a batch that is also the inner size of the arrays that it is
# multiplied with (a sequence, a vocabulary), where a size class decides between loops (docs/compiler.md, Sizes); `nested_loops` in N, where 1/10 is a shorter
# number than 1/1000 and one line is not broken, and in L, of which its data have three; `records` in L, where layers of four by four are joined with others;
# `indexing` in N, where a loop with a logarithm joins one that does much more for a thousand and not for ten.
# In forward mode: batches, as directions and a batch are one dimension of a product until they have 128 elements. With two slots: two steps, which need none;
# ten are counted there. What is chosen may be another plan for another size: counted where it is not.
mflc=$1
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
left_out='truncated:T nested_loops:N nested_loops:L indexing:N records:L attention_layernorm:N lstm_lm:V transformer_maml:V transformer_maml:N transformer_rater:V transformer_rates:V'

# lines FILE OPTIONS: of the C of $plan
lines() {
    # shellcheck disable=SC2086
    "$mflc" build "$@" $plan -o "$tmp/c" > "$tmp/says" 2>&1 && cat "$tmp"/c/*.c | wc -l
    sed -n 's/^[a-z_]*: \(.*\): .*; workspace .*/\1/p' "$tmp/says" > "$tmp/chosen"
    rm -rf "$tmp/c"
}

# count FILE SIZES: those sizes of the problem, in $plan
count() {
    f=$1 name=$(basename "$1" .mfl) dims=$(sed -n 's/#.*//; s/^dim//p' "$1" | tr ',' '\n' | tr -d ' ' | grep -v '[*/+-]')
    for size in $2; do
        echo "$dims" | grep -q "^$size\(=\|$\)" || continue
        case " $left_out " in *" $name:$size "*) continue ;; esac
        others=
        for d in $dims; do case $d in *=* | "$size") ;; *) others="$others -D $d=12" ;; esac; done
        few=10 many=1000
        case $size:$plan in T:*binomial*) few=10 ;; T:*) few=2 ;; L:*) few=2 many=32 ;; esac
        a=$(lines "$f" $others -D $size=$few) of_a=$(cat "$tmp/chosen") b=$(lines "$f" $others -D $size=$many)
        [ -n "$a" ] || continue                                  # data of a fixed size
        [ "$of_a" = "$(cat "$tmp/chosen")" ] || continue
        if [ "$a" = "$b" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $f, $plan: $a lines for $size = $few, $b for $many"; fi
    done
}
plan='--mode mixed --schedule snapshot --loops snapshot'
for f in tests/reference/*/*.mfl examples/*.mfl; do count "$f" "T N V B L"; done
first=$passed
for p in ridge learned_optimizer learning_rates hyper_cleaning datarater control; do
    for plan in '--mode mixed --schedule keep --loops keep' '--mode reverse --schedule keep --loops keep' '--mode reverse --schedule snapshot --loops snapshot' '--mode mixed --schedule binomial:2 --loops snapshot'; do
        count tests/reference/$p/$p.mfl "T N V B L"
    done
    plan='--mode forward --loops snapshot' && count tests/reference/$p/$p.mfl T
    plan= && count tests/reference/$p/$p.mfl "T N V B L"
done
echo "sizes: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$first" -gt 50 ] && [ $((passed - first)) -gt 30 ]
