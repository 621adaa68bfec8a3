#!/bin/sh
# Where the time of a hypergradient goes, by sampling its generated C with perf: matrix products, elementwise code and sums, the runtime's other kernels, copies, for
# the forward steps, the backward steps and the rest (outer loss, copies at the end). Run by run.sh, whose inputs it takes. usage: profile.sh MFLC INPUTS TASK[:T=8,...] ...
# PROFILE: MODE/SCHEDULE/LOOPS to sample; SECONDS_EACH: how long.
mflc=$1 inputs=$2
shift 2
cd "$(dirname "$0")" || exit 1
root=$(cd ../.. && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
if ! perf record -o "$tmp/none" true > /dev/null 2>&1; then
    echo "where the time goes: not sampled, perf is missing or may not run here"
    exit 0
fi
plan=${PROFILE:-mixed/snapshot/auto}
rest=${plan#*/}
# Whole functions with frame pointers: the stack says in which phase a sample is.
flags="-O3 -march=native -g -fno-omit-frame-pointer -fno-inline-functions-called-once -ffp-contract=off -fno-math-errno -fno-trapping-math -I$root/include -I$tmp"
printf 'where the time goes, %% of the samples of the generated C, %s\n%-24s %-9s %9s %12s %8s %7s %6s %6s\n' "$plan" task phase products elementwise kernels copies other all
for task in "$@"; do
    define= name=${task%%:*}
    case $task in *:*) for d in $(echo "${task#*:}" | tr , ' '); do define="$define -D $d"; done ;; esac
    if ! "$mflc" build "peers/$name.mfl" $define --from "$inputs/$task" --mode "${plan%%/*}" --schedule "${rest%/*}" --loops "${rest##*/}" -o "$tmp" > "$tmp/log" 2>&1 \
        || ! gcc $flags -std=c99 -c "$tmp/$name.c" -o "$tmp/problem.o" 2> "$tmp/log" \
        || ! gcc $flags -std=gnu11 -DMFL_USE_BLAS=1 -DPROBLEM="${name}_problem" host.c "$tmp/problem.o" "$root"/runtime/*.c -o "$tmp/host" -lopenblas -lm 2> "$tmp/log" \
        || ! "$tmp/host" "$inputs/$task" 1 > "$tmp/one" 2> "$tmp/log"; then
        echo "$task: not sampled"; head -n 3 "$tmp/log"
        continue
    fi
    times=$(sed -n 's/.*"seconds_min": \([0-9.e+-]*\).*/\1/p' "$tmp/one" | awk -v s="${SECONDS_EACH:-2}" '{ n = int(s / $1) + 1; print n < 250 ? n : 250 }')
    perf record -o "$tmp/data" -F 999 -g "$tmp/host" "$inputs/$task" "$times" > /dev/null 2>&1
    # A sample is a paragraph: a line about it, then its stack from the innermost function outwards.
    perf script -i "$tmp/data" -F ip,sym 2> /dev/null | awk -v t="$task" -v name="$name" '
        function flush(kind, phase) {
            if (!inside) return
            kind = product ? "p" : leaf ~ /^(__)?(mem(cpy|set|move)|builtin_mem)/ || leaf ~ /mem(cpy|set|move)_/ ? "c" : index(leaf, name "_") == 1 ? "e" : leaf ~ /^mfl_/ ? "k" : "o"
            phase = back ? "backward" : step ? "forward" : "rest"
            count[phase kind]++; count[phase]++; count["all" kind]++; all++
        }
        NF == 0 { flush(); inside = product = back = step = 0; leaf = ""; next }
        { s = $2; if (leaf == "") leaf = s
          if (s ~ /gemm|^mfl_f(32|64)_v[0-9]_/) product = 1
          if (index(s, name "_") == 1) { inside = 1; if (s ~ /_step_adjoint/) back = 1; else if (s ~ /_step(_|\.|$)/) step = 1 } }
        END { flush(); count["all"] = all
            n = split("forward backward rest all", order, " ")
            for (k = 1; k <= n && all; k++) { f = order[k]
                printf "%-24s %-9s %9.1f %12.1f %8.1f %7.1f %6.1f %6.1f\n", t, f, 100 * count[f "p"] / all, 100 * count[f "e"] / all, 100 * count[f "k"] / all, 100 * count[f "c"] / all, 100 * count[f "o"] / all, 100 * count[f] / all } }'
done
