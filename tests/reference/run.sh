#!/bin/sh
# Every reference problem, in every mode and schedule, by machine code in memory: outer value, hypergradient and adapted parameters as in
# out/, in double. usage: run.sh MFLC COMPARE [NAME ...]. QUICK=1: two plans of each small problem. Runs as many at once as there are processors.
# Ends with "reference: N passed, N failed".
if [ "$1" = one ]; then                          # one MFLC COMPARE TMP PROBLEM:MODE:SCHEDULE, called by xargs below
    mflc=$2 compare=$3 p=${5%%:*} plan=${5#*:} out=$4/$5
    mkdir -p "$out"
    if timeout 300 "$mflc" grad "$p/$p.mfl" --from "$p/in" --real double --mode "${plan%%:*}" --schedule "${plan#*:}" -o "$out" > "$out/log" 2>&1 \
        && "$compare" "$p/out" "$out" 1e-10 > "$out/diff" 2>&1
    then echo ok
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
    modes="mixed:keep mixed:snapshot reverse:keep reverse:snapshot forward:snapshot mixed:binomial:2 mixed:every:2+gradients+last:2"
    case $p in
        transformer_*) modes="mixed:snapshot reverse:keep mixed:binomial:1+gradients" ;;
        attention_layernorm|lstm_lm) modes="mixed:snapshot reverse:keep forward:snapshot mixed:binomial:2+gradients" ;;
    esac
    if [ -n "$QUICK" ]; then
        case $p in transformer_rates|transformer_maml|attention_layernorm) continue ;; esac
        modes="mixed:snapshot reverse:keep"
    fi
    for m in $modes; do echo "$p:$m"; done
done | xargs -P "$(nproc)" -n 1 sh run.sh one "$mflc" "$compare" "$tmp" > "$tmp/results"
grep '^FAIL' "$tmp/results"
passed=$(grep -c '^ok$' "$tmp/results")
failed=$(grep -vc '^ok$' "$tmp/results")
echo "reference: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
