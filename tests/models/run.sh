#!/bin/sh
# Each model of examples/ learns: the outer loss after a few steps is below a bound under the first one. Small sizes. Each model of this folder: outer value,
# hypergradient and params to 1e-10 in double, in plans of each mode. The numbers are JAX's, unrolled, reverse over reverse: of those that models.py states
# from there, of the others from a literal reader of the .mfl text that is not in this repository and shares nothing with mflc. usage: run.sh MFLC BUILD; QUICK=1: one plan of each.
mflc=$1 B=$2
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")" || exit 1
modes="mixed:snapshot reverse:keep forward:snapshot mixed:binomial:2"
[ -z "$QUICK" ] || modes="mixed:snapshot"
for p in */; do
    p=${p%/}
    for m in $modes; do
        rm -rf "$tmp/out"
        if "$mflc" grad "$p/$p.mfl" --from "$p/in" --real double --mode "${m%%:*}" --schedule "${m#*:}" -o "$tmp/out" > "$tmp/said" 2>&1 \
            && "$B/tests/compare" "$p/out" "$tmp/out" 1e-10 > "$tmp/said" 2>&1
        then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $p $m: $(tail -n 3 "$tmp/said" | tr '\n' ' ')"; fi
    done
done
cd ../../examples || exit 1
# learns NAME LEAST OPTIONS: the loss falls by at least LEAST
learns() {
    name=$1 least=$2
    shift 2
    "$mflc" run "$name.mfl" "$@" --quiet --log "$tmp/$name" -o "$tmp/out" > "$tmp/said" 2>&1
    first=$(sed -n '1s/.*"outer": *\([-0-9.e+]*\).*/\1/p' "$tmp/$name") last=$(sed -n '$s/.*"outer": *\([-0-9.e+]*\).*/\1/p' "$tmp/$name")
    if awk -v a="$first" -v b="$last" -v d="$least" 'BEGIN { exit !(a != "" && b != "" && a - b > d) }'; then passed=$((passed + 1))
    else failed=$((failed + 1)); echo "FAIL $name: from '$first' to '$last'"; tail -n 3 "$tmp/said"; fi
}
small="-D T=2 -D L=1 -D D=16 -D F=32 -D S=16 -D B=2"
learns transformer_rates 0.2 $small
learns transformer_maml 1 $small
learns transformer_rater 0.03 -D T=5 -D L=1 -D D=16 -D F=32 -D S=32 --steps 12
# What the rater of the last one likes: text, not noise.
if awk '$1 == "text_weight" { ok = $3 > 0.8 } END { exit !ok }' "$tmp/said"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL transformer_rater: noise is not left out"; fi
learns lstm_language 0.3 -D T=3 -D S=8
learns maml_digits 0.3 --steps 20
learns gaussian_process 0.1 --steps 20
learns learned_optimizer 0.03 --steps 20
learns distill 0.5 --steps 30
learns cart_pole 0.3 --steps 15
learns discount 1 --steps 15
count models
