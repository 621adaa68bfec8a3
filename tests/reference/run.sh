#!/bin/sh
# Every reference problem, in every mode and schedule, by machine code in memory: outer value, hypergradient and adapted parameters as in
# out/, in double. usage: run.sh MFLC COMPARE [NAME ...]. Ends with "reference: N passed, N failed".
mflc=$1 compare=$2
shift 2
cd "$(dirname "$0")" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
for p in ${@:-*/}; do
    p=${p%/}
    # Forward mode costs one sweep for each meta number, and compiling takes the longest here: the large problems run in fewer modes.
    modes="mixed:keep mixed:snapshot reverse:keep reverse:snapshot forward:snapshot"
    case $p in
        transformer_*|attention_layernorm|lstm_lm) modes="mixed:snapshot reverse:keep" ;;
        conv_*|einsum|gru_adapt|distill|indexing|nested_loops) modes="mixed:keep mixed:snapshot reverse:keep reverse:snapshot" ;;
    esac
    for m in $modes; do
        rm -rf "$tmp/out"
        if timeout 300 "$mflc" grad "$p/$p.mfl" --from "$p/in" --real double --mode "${m%:*}" --schedule "${m#*:}" -o "$tmp/out" > "$tmp/log" 2>&1 \
            && "$compare" "$p/out" "$tmp/out" 1e-10 > "$tmp/diff" 2>&1
        then passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAIL $p $m"
            tail -n 3 "$tmp/log"
            cat "$tmp/diff" 2> /dev/null
        fi
        : > "$tmp/diff"
    done
done
echo "reference: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
