#!/bin/sh
# Every reference problem, in every mode and schedule, by machine code in memory: outer value, hypergradient and adapted parameters as in
# out/, in double; and in one mode the same bits from every schedule, of the inner loop and of model loops. usage: run.sh MFLC COMPARE [NAME ...]. QUICK=1: two plans of each small problem. Runs as many at once as there are processors.
# Ends with "reference: N passed, N failed".
if [ "$1" = one ]; then                          # one MFLC COMPARE TMP PROBLEM,MODE,SCHEDULE,LOOPS, called by xargs below
    mflc=$2 compare=$3 p=${5%%,*} plan=${5#*,} out=$4/$5
    mode=${plan%%,*} rest=${plan#*,}
    mkdir -p "$out"
    if timeout 300 "$mflc" grad "$p/$p.mfl" --from "$p/in" --real double --mode "$mode" --schedule "${rest%,*}" --loops "${rest#*,}" -o "$out" > "$out/log" 2>&1 \
        && "$compare" "$p/out" "$out" 1e-10 > "$out/diff" 2>&1
    then echo "ok $p,$mode $(cat "$out"/*.npy | cksum | tr ' ' -) $rest"
    else
        echo "FAIL $p $plan: $(tail -n 3 "$out/log" | tr '\n' ' ') $(cat "$out/diff" 2> /dev/null | tr '\n' ' ')"
    fi
    rm -rf "$out"
    exit 0
fi
mflc=$1 compare=$2
shift 2
cd "$(dirname "$0")" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
for p in ${@:-*/}; do
    p=${p%/}
    # Compiling takes the longest here: the largest problems run in fewer plans.
    modes="mixed,snapshot,auto mixed,keep,keep mixed,binomial:2,snapshot mixed,every:2+gradients+last:2,every:2 mixed,snapshot+last:0,binomial:1
        reverse,snapshot,auto reverse,keep,keep reverse,binomial:2+gradients+last:2,snapshot forward,snapshot,auto"
    case $p in
        transformer_*) modes="mixed,snapshot,snapshot mixed,binomial:1+gradients,keep reverse,keep,auto" ;;
        attention_layernorm|lstm_lm) modes="mixed,snapshot,auto mixed,binomial:2+gradients,snapshot reverse,keep,keep forward,snapshot,auto" ;;
    esac
    if [ -n "$QUICK" ]; then
        case $p in transformer_rates|transformer_maml|attention_layernorm) continue ;; esac
        modes="mixed,snapshot,auto reverse,keep,auto"
    fi
    for m in $modes; do echo "$p,$m"; done
done | xargs -P "$(nproc)" -n 1 sh run.sh one "$mflc" "$compare" "$tmp" > "$tmp/results"
grep '^ok ' "$tmp/results" | sort | awk '$2 != group { group = $2; first = $3; plan = $4 }
    $3 == first { print "ok"; next } { print "FAIL " $2 ": other bits with " $4 " than with " plan }' > "$tmp/bits"
grep -v '^ok ' "$tmp/results" >> "$tmp/bits"
grep '^FAIL' "$tmp/bits"
passed=$(grep -c '^ok$' "$tmp/bits")
failed=$(grep -vc '^ok$' "$tmp/bits")
echo "reference: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
