#!/bin/sh
# make bench: hypergradient time and workspace bytes of mflc's plans, beside JAX's where `make peers` has installed it, on the same inputs in the
# same run. usage: run.sh MFLC [TASK ...]. PLANS: MODE/SCHEDULE/LOOPS ..., METHODS: of jax_peer.py, REPEAT. One thread, float. Times are minimum and median of REPEAT runs in one process; ratios are what counts.
mflc=$1
shift
repeat=${REPEAT:-7}
cd "$(dirname "$0")" || exit 1
root=$(cd ../.. && pwd)
case $mflc in /*) ;; *) mflc=$root/$mflc ;; esac
python=$root/.peers/bin/python
inputs=${TMPDIR:-/tmp}/mflc-bench
export OPENBLAS_NUM_THREADS=1
if [ ! -x "$python" ]; then
    echo "no peers: run \`make peers\` first (numpy makes the inputs, JAX is measured beside)"
    exit 1
fi
number() { sed -n "s/.*\"$1\": *\([0-9.e+-]*\).*/\1/p" | head -n 1; }
printf '%-20s %-28s %12s %12s %14s\n' task plan 'min ms' 'median ms' 'peak bytes'
for task in ${@:-logistic_l2 hyper_cleaning maml_sine learned_optimizer chain mlp_rates transformer_rates:T=2 transformer_maml:T=2 transformer_rater:T=2 transformer_rates:T=8 transformer_maml:T=8 transformer_rater:T=8}; do
    shape=; define=
    case $task in *:*) shape="--shape ${task#*:}"; for d in $(echo "${task#*:}" | tr , ' '); do define="$define -D $d"; done ;; esac
    name=${task%%:*}
    (cd peers && "$python" tasks.py "$name" $shape --save "$inputs/$task") > /dev/null || exit 1
    case $name in
        transformer*) plans="mixed/keep/keep mixed/keep/snapshot mixed/snapshot/snapshot mixed/snapshot+gradients/snapshot mixed/binomial:2/snapshot mixed/binomial:1/snapshot reverse/keep/keep reverse/snapshot/snapshot" ;;
        *) plans="mixed/keep/auto mixed/snapshot/auto mixed/snapshot+gradients/auto mixed/binomial:2/auto reverse/keep/auto reverse/snapshot/auto" ;;
    esac
    for plan in ${PLANS:-$plans}; do
        rest=${plan#*/}
        out=$("$mflc" grad "peers/$name.mfl" $define --from "$inputs/$task" --mode "${plan%%/*}" --schedule "${rest%/*}" --loops "${rest##*/}" --repeat "$repeat" --json) || { echo "$task $plan failed"; continue; }
        printf '%s\n' "$out" | awk -v t="$task" -v p="mflc $plan" '/seconds_min/ {gsub(/[^0-9.e-]/, "", $2); a = $2} /seconds_median/ {gsub(/[^0-9.e-]/, "", $2); b = $2} /work_bytes/ {gsub(/[^0-9]/, "", $2); w = $2}
            END {printf "%-20s %-28s %12.3f %12.3f %14d\n", t, p, 1e3 * a, 1e3 * b, w}'
    done
    for method in ${METHODS:-default mixed_step_block mixed_step_block_saveg}; do
        out=$(cd peers && OPENBLAS_NUM_THREADS=1 XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" "$python" jax_peer.py "$name" --method "$method" $shape --repeat "$repeat" 2> /dev/null | tail -n 1) || continue
        "$python" - "$task" "jax $method" "$out" <<'PY' 2> /dev/null
import json, sys
task, plan, text = sys.argv[1:]
r = json.loads(text)
low = r.get("seconds_min", r.get("min", r.get("seconds", [0])))
mid = r.get("seconds_median", r.get("median", low))
print(f"{task:<20} {plan:<28} {1e3 * low:12.3f} {1e3 * mid:12.3f} {r.get('peak_bytes', 0):14d}")
PY
    done
done
