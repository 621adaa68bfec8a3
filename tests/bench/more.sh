#!/bin/sh
# More problems beside JAX: the examples with their own data and models of tests/models at larger sizes, all of kinds that the tasks of run.sh are not.
# Each hypergradient is compared with JAX's (1e-3 of the largest, float). usage: more.sh MFLC BUILD [NAME ...]; REPEAT: computations of each
# One thread, minimum milliseconds, mflc's own choice of a plan beside the faster of JAX's two methods. distill draws its own starting weights: not compared.
mflc=$1 B=$2
shift 2
cd "$(dirname "$0")" || exit 1
root=$(cd ../.. && pwd)
case $mflc in /*) ;; *) mflc=$root/$mflc ;; esac
case $B in /*) ;; *) B=$root/$B ;; esac
python=$root/.peers/bin/python
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export OPENBLAS_NUM_THREADS=1
if [ ! -x "$python" ]; then
    echo "no peers: run \`make peers\` first"
    exit 1
fi
[ $# -gt 0 ] || set -- maml_digits gaussian_process cart_pole lstm_language discount distill kalman sinkhorn moe softdtw s4 graph leapfrog contrast seq2seq viterbi muon
field() { tr ',{}' '\n\n\n' < "$1" | sed -n "s/^ *\"$2\": *\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" | head -n 1; }

printf '%-18s %10s %10s %10s %8s %12s %12s  %s\n' problem mflc default step times mflc-bytes JAX-bytes same
for name in "$@"; do
    file=$root/examples/$name.mfl
    [ -f "$file" ] || file=$root/tests/models/$name/$name.mfl
    for method in default step; do
        "$python" peers/more.py "$name" --method $method --repeat "${REPEAT:-50}" --save "$tmp/in" --save-grad "$tmp/want" 2> /dev/null | tail -n 1 > "$tmp/$method"
    done
    "$mflc" grad "$file" $(field "$tmp/default" define) --from "$tmp/in" --repeat "${REPEAT:-50}" --json -o "$tmp/got" > "$tmp/mine" || { echo "$name failed"; continue; }
    same=$([ "$name" = distill ] || { "$B/tests/compare" "$tmp/want" "$tmp/got" 1e-3 > "$tmp/said" 2>&1 && echo yes || tail -n 1 "$tmp/said"; })
    echo "$name $(field "$tmp/mine" seconds_min) $(field "$tmp/default" seconds_min) $(field "$tmp/step" seconds_min) $(field "$tmp/mine" work_bytes) $(field "$tmp/default" peak_bytes) $same" \
        | awk '{ best = $3 < $4 ? $3 : $4
                 printf "%-18s %10.3f %10.3f %10.3f %8.2f %12d %12d ", $1, 1e3 * $2, 1e3 * $3, 1e3 * $4, best / $2, $5, $6
                 for (k = 7; k <= NF; k++) printf " %s", $k
                 print "" }'
    rm -rf "$tmp/in" "$tmp/want" "$tmp/got"
done
