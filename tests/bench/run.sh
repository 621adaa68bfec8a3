#!/bin/sh
# make bench: hypergradient time and workspace bytes of mflc's plans, beside JAX's and PyTorch's methods where `make peers` and `make peers-torch` have installed
# them, on the same inputs in the same run; then where the time goes (profile.sh) and, where no task is named, what compiling costs (compile.sh).
# usage: run.sh MFLC [TASK[:T=8,...] ...]
#   without more: T = 2 and 8, every mode and schedule, the JAX methods that decide: about half an hour
#   FULL=1     T = 4 too, all methods, PyTorch: more than an hour
#   QUICK=1    T = 8 and the plans and methods that decide: ten minutes
#   PLANS      MODE/SCHEDULE/LOOPS ...; METHODS: of jax_peer.py; TORCH_METHODS: of torch_peer.py; TORCH: the python to run it with
#   REPEAT     computations of each
# One thread, float. Times are minimum and median of the computations in one process; ratios in one run are what counts. "C": the generated C by gcc -O3
# -march=native through host.c, its products by the BLAS, or by the runtime alone.
mflc=$1
shift
cd "$(dirname "$0")" || exit 1
root=$(cd ../.. && pwd)
case $mflc in /*) ;; *) mflc=$root/$mflc ;; esac
python=$root/.peers/bin/python torch=${TORCH:-$root/.torch/bin/python}
inputs=${TMPDIR:-/tmp}/mflc-bench
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export OPENBLAS_NUM_THREADS=1 XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
if [ ! -x "$python" ]; then
    echo "no peers: run \`make peers\` first (numpy makes the inputs, JAX is measured beside)"
    exit 1
fi
all="chain mlp_rates learned_optimizer logistic_l2 hyper_cleaning maml_sine transformer_rates transformer_maml transformer_rater"
steps="2 8" repeat=${REPEAT:-3} methods="default block_vjp mixed_step_block mixed_step_block_saveg" torch_methods=
blocks="mixed/snapshot/snapshot mixed/keep/keep mixed/keep/snapshot mixed/snapshot/keep mixed/snapshot/binomial:2 mixed/snapshot+last:0/snapshot mixed/snapshot+last:2/snapshot
    mixed/snapshot+gradients/snapshot mixed/every:2/snapshot mixed/every:4:2/snapshot mixed/binomial:2/snapshot mixed/binomial:1/snapshot mixed/binomial:1+gradients/snapshot
    reverse/keep/keep reverse/keep/snapshot reverse/snapshot/snapshot reverse/snapshot+gradients/snapshot reverse/binomial:2/snapshot"
plain="mixed/keep/auto mixed/snapshot/auto mixed/snapshot+last:0/auto mixed/snapshot+last:2/auto mixed/snapshot+gradients/auto mixed/every:2/auto mixed/every:4:2/auto mixed/binomial:2/auto
    mixed/binomial:1/auto reverse/keep/auto reverse/snapshot/auto reverse/snapshot+gradients/auto reverse/binomial:2/auto"
if [ "$FULL" ]; then
    steps="2 4 8" repeat=${REPEAT:-5} methods="default step step_block block_vjp mixed mixed_step mixed_step_block mixed_step_block_saveg"
    torch_methods="default step_remat block_vjp mixed mixed_dual mixed_step mixed_step_block_remat"
elif [ "$QUICK" ]; then
    steps=8 methods="default mixed_step_block mixed_step_block_saveg"
    blocks="mixed/snapshot/snapshot mixed/snapshot+gradients/snapshot mixed/binomial:2/snapshot reverse/snapshot/snapshot"
    plain="mixed/keep/auto mixed/snapshot/auto mixed/snapshot+gradients/auto reverse/keep/auto"
fi
[ -z "$TORCH" ] || torch_methods=${TORCH_METHODS:-${torch_methods:-default mixed_dual}}
[ -x "$torch" ] || torch_methods=
whole=
if [ $# = 0 ]; then
    whole=1
    for t in $all; do for k in $steps; do set -- "$@" "$t:T=$k"; done; done
fi

# One line of the table from a JSON text, on one line or several; what was skipped is left out.
row() {
    tr ',{}' '\n\n\n' < "$tmp/out" | awk -v t="$1" -v p="$2" -F: '
        function number() { gsub(/[^0-9.e+-]/, "", $2); return $2 }
        /"seconds_min"/ { low = 1e3 * number(); seen = 1 }
        /"seconds_median"/ { mid = 1e3 * number() }
        /"(work|peak)_bytes"/ { bytes = number() }
        END { if (seen) printf "%-24s %-36s %11.3f %11.3f %14d\n", t, p, low, mid, bytes }'
}
# The generated C of a plan: with the BLAS and without.
compiled() {
    flags="-O3 -march=native -ffp-contract=off -fno-math-errno -fno-trapping-math -I$root/include -I$tmp"
    "$mflc" build "peers/$name.mfl" $define --from "$inputs/$task" --mode "${plan%%/*}" --schedule "${rest%/*}" --loops "${rest##*/}" -o "$tmp" > /dev/null 2>&1 \
        && gcc $flags -std=c99 -c "$tmp/$name.c" -o "$tmp/problem.o" || { echo "$task C $plan failed"; return; }
    for blas in 1 0; do
        gcc $flags -std=gnu11 -DMFL_USE_BLAS=$blas -DPROBLEM="${name}_problem" host.c "$tmp/problem.o" "$root"/runtime/*.c -o "$tmp/host" -lopenblas -lm \
            && "$tmp/host" "$inputs/$task" "$repeat" > "$tmp/out" || { echo "$task C $plan failed"; continue; }
        row "$task" "C$([ $blas = 1 ] || echo " no BLAS") $plan"
    done
}

printf '%-24s %-36s %11s %11s %14s\n' task plan 'min ms' 'median ms' 'peak bytes'
for task in "$@"; do
    shape= define= name=${task%%:*}
    case $task in *:*) shape="--shape ${task#*:}"; for d in $(echo "${task#*:}" | tr , ' '); do define="$define -D $d"; done ;; esac
    (cd peers && "$python" tasks.py "$name" $shape --save "$inputs/$task") > /dev/null || exit 1
    case $name in transformer*) plans=$blocks ;; *) plans=$plain ;; esac
    first=
    for plan in ${PLANS:-$plans}; do
        rest=${plan#*/}
        "$mflc" grad "peers/$name.mfl" $define --from "$inputs/$task" --mode "${plan%%/*}" --schedule "${rest%/*}" --loops "${rest##*/}" --repeat "$repeat" --json > "$tmp/out" \
            || { echo "$task $plan failed"; continue; }
        row "$task" "mflc $plan"
        first=${first:-$plan}
    done
    plan=$first rest=${first#*/}
    [ -z "$first" ] || compiled
    for method in ${METHODS:-$methods}; do
        (cd peers && "$python" jax_peer.py "$name" --method "$method" $shape --repeat "$repeat") 2> /dev/null | tail -n 1 > "$tmp/out"
        row "$task" "jax $method"
    done
    for method in $torch_methods; do
        (cd peers && "$torch" torch_peer.py "$name" --method "$method" $shape --repeat "$repeat") 2> /dev/null | tail -n 1 > "$tmp/out"
        row "$task" "torch $method"
    done
done
echo
sh profile.sh "$mflc" "$inputs" "$@"
[ -z "$whole" ] || sh compile.sh "$mflc"
