#!/bin/sh
# Schedules and budgets: the same bits from every schedule, at the edges of T and slots; budgets from the smallest that fits; a hundred thousand steps in a MiB.
# usage: run.sh MFLC BUILD. Ends with "schedules: N passed, N failed".
if [ "$1" = one ]; then                          # one MFLC TMP PROBLEM,T,MODE,SCHEDULE,LOOPS (":" as is; "," inside a schedule written as ";")
    p=${4%%,*}; rest=${4#*,}; T=${rest%%,*}; rest=${rest#*,}; m=${rest%%,*}; rest=${rest#*,}
    s=$(echo "${rest%%,*}" | tr ';' ','); l=${rest#*,}
    out=$3/$(echo "$4" | tr -c 'a-z0-9\n' _)
    mkdir -p "$out"
    if "$2" grad "$p.mfl" -D T="$T" --real double --mode "$m" --schedule "$s" --loops "$l" -o "$out" > "$out/log" 2>&1
    then echo "$p,$T,$m $(cat "$out"/*.npy | cksum | tr ' ' -) $s $l"
    else echo "$p,$T,$m failed $s $l: $(tail -n 1 "$out/log")"
    fi
    rm -rf "$out"
    exit 0
fi
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")" || exit 1

# ---- the same bits ----
{
    for T in 0 1 2 3 4 7 12 40; do
        for m in mixed reverse; do
            plans="keep snapshot snapshot+gradients every:2 every:3+last:0 binomial:1 binomial:2 binomial:3+gradients snapshot+last:2 snapshot+last:0 binomial:40 snapshot+store every:2+store every:3:1 every:3:2+store+gradients"
            case $T in
                7|12) plans="$plans every:3 every:5+gradients every:7 binomial:4 binomial:5 binomial:6+last:1 binomial:6+last:0 binomial:7 binomial:1+gradients+last:3 keep every:5:2 every:4:3 every:4+store every:5:3+store+last:0 every:6:1+store every:3+store+gradients+last:2" ;;
            esac
            for s in $plans; do echo "path,$T,$m,$s,snapshot"; done
        done
    done
    for m in mixed reverse; do
        for l in keep snapshot snapshot+last:1 every:2 every:3+last:1 binomial:1+last:1 binomial:2 binomial:2+last:1 binomial:3; do
            for s in keep snapshot snapshot+gradients binomial:2 binomial:2+last:0; do echo "loops,4,$m,$s,$l"; echo "few,4,$m,$s,$l"; done
        done
    done
} | xargs -P "$(nproc)" -n 1 sh run.sh one "$mflc" "$tmp" | sort > "$tmp/bits"
while read -r group sum plan; do
    if [ "$group" != "$last" ]; then last=$group first=$sum; fi
    if [ "$sum" = "$first" ] && [ "$sum" != failed ]; then ok; else bad "$group $plan: other bits than the first schedule"; fi
done < "$tmp/bits"

# Iterations that run again when l of them are reversed from c states, at least: r l - beta(c + 1, r - 1).
least_function='
function least(l, c,   r, beta, more) {
    beta = 1
    for (r = 0; beta < l; beta *= (c + r) / r) { r++; more = r == 1 ? 1 : more * (c + r) / (r - 1) }
    return r ? r * l - more : 0
}
'
# ---- iterations of model loops counted: with +last:1 the last of each loop is run once, wherever it stands, of one loop in another both are, and few states take the least number of
# extra ones; else it is run again, and they take the least number for a loop with one more ----
{
    for N in $(seq 1 12); do
        for place in inner outer; do
            echo "$place:$N:snapshot+last:1"
            for c in 1 2 3 5 8; do if [ $c -le "$N" ]; then echo "$place:$N:binomial:$c+last:1"; fi; done
        done
    done
    for N in 1 2 5; do for place in optimizer step nested; do echo "$place:$N:snapshot+last:1"; done; done
    for place in inner outer optimizer step nested; do echo "$place:6:snapshot"; done
    for place in inner outer; do echo "$place:6:binomial:2"; done
} | xargs sh loop_counts.sh "$mflc" "$2/libmfl_runtime.a" "$tmp" > "$tmp/counts" 2>&1
wrong=$(awk "$least_function"'
    NF != 4 { print; next }
    { c = $3; again = !sub(/.last:1$/, "", c); sub(/.*:/, "", c); all = 2 * $2 - 1 + again; n++
      want = c + 0 ? $2 + least($2 + again, c) : $1 == "step" ? 2 * all : $1 == "nested" ? 3 * all + (2 + again) * $2 : all
      if ($4 != want) print $0 ", not " want }
    END { if (n != 132) print n " counted" }' "$tmp/counts")
if [ -z "$wrong" ]; then ok; else bad "iterations counted: $(echo "$wrong" | head -n 3)"; fi

# ---- steps counted in the generated C: the last is run once, and few states take the least number of extra steps (Griewank and Walther, 2000: r l - beta(c + 1, r - 1)) ----
{
    for T in $(seq 1 40); do
        plans=
        for c in 1 2 3 4 6 9 14 20 30; do if [ $c -le "$T" ]; then plans="$plans binomial:$c"; fi; done
        sh counts.sh "$mflc" "$2/libmfl_runtime.a" "$tmp" "$T" snapshot $plans
    done
    sh counts.sh "$mflc" "$2/libmfl_runtime.a" "$tmp" 50 binomial:4
    sh counts.sh "$mflc" "$2/libmfl_runtime.a" "$tmp" 100 binomial:1 binomial:3 binomial:5 binomial:10
} > "$tmp/counts" 2>&1
wrong=$(awk "$least_function"'
    NF != 3 { print; next }
    { c = $2; sub(/.*:/, "", c); want = $1 + ($2 == "snapshot" ? $1 - 1 : least($1, c)); if ($3 != want) print $0 ", not " want; n++ }
    $1 == 10 && c == 3 { known += $3 - $1 == 15 } $1 == 50 { known += $3 - $1 == 144 }
    $1 == 100 { split("1 4950 3 490 5 316 10 222", k, " "); for (i = 1; i < 8; i += 2) if (c == k[i]) known += $3 - $1 == k[i + 1] }
    END { if (n != 325 || known != 6) print n " counted, " known " of 6 known numbers" }' "$tmp/counts")
if [ -z "$wrong" ]; then ok; else bad "steps counted: $(echo "$wrong" | head -n 3)"; fi
# What explain says is what is counted. The step of +last:0 is run again inside the step's reversal, not counted here.
plans="keep snapshot every:2 every:3:1 every:5:3 every:11:4 binomial:2 binomial:3+last:2 binomial:2+gradients every:4+last:3"
sh counts.sh "$mflc" "$2/libmfl_runtime.a" "$tmp" 12 $plans | while read -r T s calls; do
    echo "$s $((calls - T)) $("$mflc" explain count.mfl -D T=12 --mode mixed --schedule "$s" --json | sed -n 's/.*"steps_again": *\([0-9]*\).*/\1/p' | head -n 1)"
done > "$tmp/counts"
for s in $plans; do
    if awk -v s="$s" '$1 == s && $2 == $3 {found = 1} END {exit !found}' "$tmp/counts"; then ok; else bad "explain and the C count other steps: $(grep "^$s " "$tmp/counts")"; fi
done

# No state is saved for the step that is not run again: with every:3 43 steps take no more states than 42 (16 in all, a multiple of the alignment).
for T in 42 43 44; do
    "$mflc" build count.mfl -D T=$T --mode mixed --schedule every:3 -o "$tmp" > "$tmp/log" 2>&1
    sed -n 's/.*_WORK_BYTES \([0-9]*\)u.*/\1/p' "$tmp/count.h"
done > "$tmp/bytes"
if [ "$(sed -n 1p "$tmp/bytes")" = "$(sed -n 2p "$tmp/bytes")" ] && [ "$(sed -n 2p "$tmp/bytes")" -lt "$(sed -n 3p "$tmp/bytes")" ]; then ok; else bad "a state for the last step: $(tr '\n' ' ' < "$tmp/bytes")"; fi

# ---- the caller's store, from C: the reference numbers, and a store that fails ----
strict="-std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -O1 -ffp-contract=off -I../../include"
links="$2/libmfl_runtime.a -lopenblas -lm"
# c PROBLEM.mfl OUT HOST ARGUMENTS...: build to C, compile under the strictest flags, link with the host
c() {
    n=$(basename "$1" .mfl); host=$2; shift 2
    "$mflc" build "$@" --real double -o "$tmp/c" > "$tmp/log" 2>&1 && gcc $strict -c -o "$tmp/c/p.o" "$tmp/c/$n.c" > "$tmp/log" 2>&1 \
        && gcc -std=gnu11 -O1 -Wall -Werror -I../../include -DPROBLEM="${n}_problem" -o "$tmp/c/host" "$host" "$tmp/c/p.o" $links > "$tmp/log" 2>&1
}
for p in learning_rates maml_sine gru_adapt truncated; do
    f=../reference/$p
    for s in every:2+store snapshot+store+gradients; do
        rm -rf "$tmp/out"; mkdir "$tmp/out"
        if c $p.mfl ../run/host.c $f/$p.mfl --from $f/in --mode mixed --schedule $s && grep -q STORE_SLOTS "$tmp/c/$p.h" && "$tmp/c/host" $f/in "$tmp/out" > "$tmp/log" 2>&1 \
            && "$2/tests/compare" $f/out "$tmp/out" 1e-10 > "$tmp/log" 2>&1
        then ok; else bad "$p $s: from C"; tail -n 3 "$tmp/log"; fi
    done
done
if c path.mfl failing.c path.mfl -D T=12 --schedule every:4:2+store && "$tmp/c/host" > "$tmp/log" 2>&1; then ok; else bad "a store that fails: $(tail -n 1 "$tmp/log")"; fi
if "$mflc" build path.mfl -D T=12 --real double --schedule every:4+store --emit obj -o "$tmp/c" > "$tmp/log" 2>&1 && gcc -std=gnu11 -O1 -I../../include -DPROBLEM=path_problem -o "$tmp/c/host" failing.c "$tmp/c/path.o" $links > "$tmp/log" 2>&1 \
    && "$tmp/c/host" > "$tmp/log" 2>&1; then ok; else bad "a store that fails, the program as an object: $(tail -n 1 "$tmp/log")"; fi
# The workspace does not grow with the number of steps.
if c path.mfl failing.c path.mfl -D T=12 --schedule every:4+store; then few=$(sed -n 's/.*WORK_BYTES \([0-9]*\)u.*/\1/p' "$tmp/c/path.h"); fi
if c path.mfl failing.c path.mfl -D T=4000 --schedule every:4+store; then many=$(sed -n 's/.*WORK_BYTES \([0-9]*\)u.*/\1/p' "$tmp/c/path.h"); fi
if [ -n "$few" ] && [ "$few" = "$many" ]; then ok; else bad "a workspace with +store: $few bytes for 12 steps, $many for 4000"; fi
if "$mflc" build path.mfl --schedule every:3+store --main -o "$tmp/c" > "$tmp/log" 2>&1 && gcc $strict -o "$tmp/c/main" "$tmp/c/path_main.c" "$tmp/c/path.c" $links > "$tmp/log" 2>&1 && (cd "$tmp/c" && ./main) > "$tmp/log" 2>&1 \
    && grep -q 'path: outer' "$tmp/log" && [ ! -e "$tmp/c/path.store" ]; then ok; else bad "--main with a store"; tail -n 3 "$tmp/log"; fi
if "$mflc" build path.mfl --schedule every:3+store --main --static -o "$tmp/c" > "$tmp/log" 2>&1 && gcc $strict -o "$tmp/c/main" "$tmp/c/path_main.c" "$tmp/c/path_static.c" "$tmp/c/path.c" $links > "$tmp/log" 2>&1 \
    && (cd "$tmp/c" && ./main) > "$tmp/log" 2>&1; then ok; else bad "--main --static with a store"; tail -n 3 "$tmp/log"; fi
if ! "$mflc" grad path.mfl --schedule every:3+store --store "$tmp/nowhere" > "$tmp/log" 2>&1 && grep -q -- '--store DIR' "$tmp/log"; then ok; else bad "a folder for the store that is not there"; fi
for s in binomial:3+store keep+store every:3:0 every:3:4 every:3+store+store:2; do
    if ! "$mflc" grad path.mfl --schedule $s > "$tmp/log" 2>&1; then ok; else bad "$s: taken as a schedule"; fi
done

# ---- a model loop with few states: nothing in the workspace grows with its iterations, in no entry, though the update needs the gradient before the tangent ----
# work_bytes PROBLEM: of the C that was built last
work_bytes() { sed -n 's/.*_WORK_BYTES \([0-9]*\)u.*/\1/p' "$tmp/$(basename "$1").h"; }
for s in keep snapshot+gradients binomial:2; do
    "$mflc" build few.mfl -D L=20 --mode mixed --schedule $s --loops binomial:2 -o "$tmp" > "$tmp/log" 2>&1; one=$(work_bytes few)
    "$mflc" build few.mfl -D L=400 --mode mixed --schedule $s --loops binomial:2 -o "$tmp" > "$tmp/log" 2>&1; many=$(work_bytes few)
    if [ -n "$one" ] && [ "$one" = "$many" ]; then ok; else bad "few, $s: $one bytes for 20 iterations, $many for 400"; fi
done

# ---- budgets: the smallest workspace is told, fits (all of the program), and one byte less does not ----
r=../reference
for p in path loops uneven few $r/records/records $r/gru_adapt/gru_adapt $r/learning_rates/learning_rates; do
    from=; [ -d "$(dirname "$p")/in" ] && from="--from $(dirname "$p")/in"
    least=$("$mflc" build $p.mfl $from --memory 1 -o "$tmp" 2>&1 | sed -n 's/.*smallest workspace for this problem is \([0-9]*\) bytes.*/\1/p')
    if [ -n "$least" ] && "$mflc" build $p.mfl $from --memory "$least" -o "$tmp" > "$tmp/log" 2>&1 && [ "$(work_bytes $p)" -le "$least" ]; then ok; else bad "$p: the smallest budget, $least"; fi
    if "$mflc" build $p.mfl $from --memory $((least - 1)) -o "$tmp" > "$tmp/log" 2>&1; then bad "$p: one byte less than the smallest"; else ok; fi
    for b in $((least + least / 8)) $((least * 2)) $((least * 8)); do
        rm -rf "$tmp/a" "$tmp/b"
        used=$("$mflc" grad $p.mfl $from --real double --memory $((2 * b)) --json -o "$tmp/a" 2> "$tmp/log" | sed -n 's/.*"work_bytes": *\([0-9]*\).*/\1/p')
        "$mflc" grad $p.mfl $from --real double --mode mixed --schedule keep -o "$tmp/b" > /dev/null 2>&1
        "$mflc" build $p.mfl $from --memory "$b" -o "$tmp" > "$tmp/log" 2>&1
        if [ "$(work_bytes $p)" -le "$b" ] && [ -n "$used" ] && [ "$used" -le $((2 * b)) ] && "$2/tests/compare" "$tmp/b" "$tmp/a" 1e-10 > /dev/null; then ok; else bad "$p: budget $((2 * b)), used $used"; fi
    done
done

# What explain says is what the C needs, where another entry than the gradient needs the most too: here the learn line's matrix products.
printf 'problem other\noptimizer mat(rate) on p, g {\n  h = tanh(p @ g)\n  p = p - rate * (h @ g)\n}\nmeta m[40, 40] = 0.1\nparam w = 1\ninner = (w - m[0, 0])^2\nstep w by sgd(rate = 0.1) for 3\nouter = w^2\nlearn m by mat(rate = 0.1) for 2\n' > "$tmp/other.mfl"
"$mflc" build "$tmp/other.mfl" -o "$tmp" > "$tmp/log" 2>&1
used=$("$mflc" explain "$tmp/other.mfl" --json 2> "$tmp/log" | sed -n 's/.*"work_bytes": *\([0-9]*\).*/\1/p' | head -n 1)
if [ -n "$used" ] && [ "$used" = "$(work_bytes other)" ]; then ok; else bad "explain says $used bytes, the C needs $(work_bytes other)"; fi
if "$mflc" build "$tmp/other.mfl" --memory $((used - 1)) -o "$tmp" > "$tmp/log" 2>&1; then bad "a budget below what the learn line needs"; else ok; fi

# ---- a hundred thousand steps within a MiB ----
used=$("$mflc" grad long.mfl --real double --memory 1MiB --json -o "$tmp/long" 2> "$tmp/log" | sed -n 's/.*"work_bytes": *\([0-9]*\).*/\1/p')
"$mflc" grad long.mfl --real double --mode forward -o "$tmp/forward" > /dev/null 2>&1
if [ -n "$used" ] && [ "$used" -le 1048576 ] && "$2/tests/compare" "$tmp/forward" "$tmp/long" 1e-9 > "$tmp/log"; then ok; else bad "100000 steps: $used bytes"; fi
rm -rf "$tmp/long"
if "$mflc" grad long.mfl --real double --mode mixed --schedule binomial:12 -o "$tmp/long" > "$tmp/log" 2>&1 && "$2/tests/compare" "$tmp/forward" "$tmp/long" 1e-9 > "$tmp/log"; then ok; else bad "100000 steps, binomial:12"; fi

# ---- explain and regions ----
# way REGION WAY: what explain --json says in $tmp/json
way() { awk -v r="\"$1\"" -v w="\"$2\"" '/"region":/ {here = index($0, r)} here && /^ *"way":/ && !inside {if (index($0, w)) found = 1} /"priced":/ {inside = 1} /^ *\]/ {inside = 0} END {exit !found}' "$tmp/json"; }
if "$mflc" explain loops.mfl --json > "$tmp/json" && grep -q '"verdict"' "$tmp/json" && grep -q '"region": "i"' "$tmp/json"; then ok; else bad "explain --json"; fi
if "$mflc" explain loops.mfl --mode mixed --mode i=binomial:2 --mode j=keep > "$tmp/text" && grep -q 'binomial:2' "$tmp/text"; then ok; else bad "explain with regions"; fi
"$mflc" explain loops.mfl --mode k=keep > "$tmp/log" 2>&1; if [ $? = 2 ] && grep -q 'steps, gradient, i, j' "$tmp/log"; then ok; else bad "unknown region"; fi
"$mflc" explain loops.mfl --schedule every:0 > "$tmp/log" 2>&1; if [ $? = 2 ] && grep -q 'every:K' "$tmp/log"; then ok; else bad "no schedule"; fi
"$mflc" explain loops.mfl --memory 3x > "$tmp/log" 2>&1; if [ $? = 2 ] && grep -q 'MiB' "$tmp/log"; then ok; else bad "no bytes"; fi
# Each step line's gradient is a region: each way of each, under schedules that must not change a bit, gives the numbers of one way for both.
rm -rf "$tmp/b"
"$mflc" grad path.mfl --real double --mode mixed -o "$tmp/b" > /dev/null
for m in "--mode gradient/w=reverse" "--mode mixed --mode gradient/b=reverse" "--mode reverse --mode gradient/b=mixed"; do
    first=
    for s in keep snapshot+gradients binomial:2; do
        rm -rf "$tmp/a"
        "$mflc" grad path.mfl --real double $m --schedule $s --json -o "$tmp/a" > "$tmp/json" 2> "$tmp/log"
        bits=$(cat "$tmp/a"/*.npy 2> /dev/null | cksum)
        if [ -z "$first" ]; then first=$bits; fi
        if grep -q '"mode": "[a-z]* ([wb] [a-z]*)"' "$tmp/json" && [ "$bits" = "$first" ] && "$2/tests/compare" "$tmp/b" "$tmp/a" 1e-10 > /dev/null; then ok; else bad "$m, $s"; fi
    done
done
"$mflc" explain path.mfl --json > "$tmp/json"
if way gradient/w 'mixed: forward over reverse' && way gradient/b 'mixed: forward over reverse' && grep -q '"plan": "mixed (b reverse), keep"' "$tmp/json"; then ok; else bad "explain: the gradients of two step lines"; fi
"$mflc" explain path.mfl --mode gradient/x=mixed > "$tmp/log" 2>&1; if [ $? = 2 ] && grep -q 'steps, gradient, gradient/w, gradient/b' "$tmp/log"; then ok; else bad "the gradient of no step line"; fi
# A region's own schedule gives the numbers of the others.
rm -rf "$tmp/a" "$tmp/b"
"$mflc" grad loops.mfl --real double --mode mixed --mode i=binomial:2 --mode j=keep -o "$tmp/a" > /dev/null && "$mflc" grad loops.mfl --real double --mode gradient=reverse --mode steps=every:2 --mode i=keep -o "$tmp/b" > /dev/null
if "$2/tests/compare" "$tmp/b" "$tmp/a" 1e-10 > /dev/null; then ok; else bad "regions disagree"; fi
if "$mflc" explain path.mfl --mode mixed --schedule every:2 --json > "$tmp/text" && grep -q '"schedule": ".*forward   S\.S\.SSK .*step 1    R<' "$tmp/text"; then ok; else bad "explain --json: the schedule drawn"; fi
# More memory is not called less; with these rates the time is worth telling.
echo 'float scalar 1e-6' > "$tmp/profile"
if MFLC_PROFILE=$tmp/profile "$mflc" explain ../../examples/transformer_rater.mfl --mode mixed --schedule keep --loops keep > "$tmp/text" && grep -q '^verdict: mixed mode applies: 1\.[0-9]* times the memory of reverse' "$tmp/text"; then ok; else bad "explain: the verdict where memory is spent for time"; fi
# Loops of one variable are regions of their own, by objective; the variable alone means all of them.
"$mflc" explain ../../examples/lstm_language.mfl --mode mixed --loops inner/t=keep --loops outer/t=every:6 --json > "$tmp/json" 2> "$tmp/log"
if way inner/t keep && way outer/t every:6; then ok; else bad "one variable in two objectives"; fi
"$mflc" explain ../../examples/lstm_language.mfl --mode mixed --mode outer/t=keep --loops t=snapshot --json > "$tmp/json" 2> "$tmp/log"
if way inner/t snapshot && way outer/t snapshot; then ok; else bad "all loops of a variable, the last word"; fi
"$mflc" explain loops.mfl --loops k=keep > "$tmp/log" 2>&1; if [ $? = 2 ] && grep -q -- '--loops k=keep: expected one of the model loops i, j' "$tmp/log"; then ok; else bad "unknown loop"; fi

# Every region and way that explain prints can be given back, when the inner loop goes forward too. JSON says what the text says.
for args in pendulum.mfl "pendulum.mfl --mode mixed" path.mfl "loops.mfl --mode forward"; do
    if python3 ways.py "$mflc" $args > "$tmp/log" 2>&1 && [ "$(wc -l < "$tmp/log")" = 1 ] && [ "$(cat "$tmp/log")" -ge 8 ]; then ok; else bad "explain $args: $(head -n 1 "$tmp/log")"; fi
done
# Text and JSON say the same, and the verdict compares with reverse over reverse that keeps everything, whatever was asked for.
for args in "loops.mfl" "loops.mfl --loops j=snapshot" "loops.mfl --mode reverse --schedule keep --loops keep" "path.mfl --mode mixed --schedule every:2" "pendulum.mfl --mode reverse" "../../examples/cart_pole.mfl"; do
    if python3 told.py "$mflc" $args > "$tmp/log" 2>&1 && [ ! -s "$tmp/log" ]; then ok; else bad "explain $args: $(tail -n 1 "$tmp/log")"; fi
done
"$mflc" explain pendulum.mfl --schedule every:20+store --json > "$tmp/json" 2> "$tmp/log"
if grep -q '"rates": "built-in' "$tmp/json" && grep -q '"store_slots": 40' "$tmp/json" && grep -q '"workspace_bytes": [1-9]' "$tmp/json"; then ok; else bad "explain --json: rates, store, workspace"; fi

# ---- mode forward has its choice of model loops: their values kept, it takes about the time of reverse and a sixtieth of its bytes; which of the two is said to be
# the faster one turns on the rates, what fits in 8000 and in 6000 bytes does not ----
"$mflc" explain pendulum.mfl --memory 8000 > "$tmp/log" 2>&1
if grep -q '^chosen: forward, loops keep:' "$tmp/log" && grep -q '^verdict: forward mode applies' "$tmp/log"; then ok; else bad "pendulum: $(sed -n 2p "$tmp/log")"; fi
if [ "$(grep -c '^[* ] forward' "$tmp/log")" -ge 3 ]; then ok; else bad "pendulum: the loops' ways in mode forward"; fi
if "$mflc" explain pendulum.mfl --memory 6000 | grep -q '^chosen: forward: '; then ok; else bad "pendulum: within 6000 bytes"; fi
if "$mflc" explain pendulum.mfl --mode forward --schedule keep | grep -q '^chosen: forward.*keep has no say'; then ok; else bad "a schedule that mode forward has no use for"; fi

# ---- stored gradients: where the update's derivative needs them, and where few states are saved, so that steps run again without theirs ----
"$mflc" explain ../../examples/logistic_l2.mfl --mode reverse --memory 28KiB > "$tmp/log" 2>&1
if grep -q '^chosen: reverse, [a-z:0-9]*+gradients[a-z:0-9+]*: ' "$tmp/log"; then ok; else bad "learned rate: $(sed -n 2p "$tmp/log")"; fi
if "$mflc" explain ../../examples/logistic_l2.mfl --mode mixed --schedule snapshot | grep -q 'derivative depends on the gradient'; then ok; else bad "explain: a learned rate needs the gradient"; fi
if "$mflc" explain ../../examples/hyper_cleaning.mfl --mode mixed --schedule snapshot | grep -q 'does not depend on the gradient'; then ok; else bad "explain: a fixed rate does not need the gradient"; fi
# No plan is smaller than the one that is told to be the smallest.
for p in reference/path_loss models/masks; do
    n=${p#*/}
    least=$("$mflc" build ../$p/$n.mfl --from ../$p/in --memory 1 2>&1 | sed -n 's/.*(--memory \([0-9]*\)).*/\1/p')
    for m in mixed reverse; do
        for s in snapshot snapshot+gradients snapshot+gradients+last:0 binomial:1 binomial:1+gradients binomial:1+gradients+last:0 every:2; do
            "$mflc" build ../$p/$n.mfl --from ../$p/in --mode $m --schedule $s -o "$tmp" > "$tmp/log" 2>&1
            if [ -n "$least" ] && [ "$(work_bytes $n)" -ge "$least" ]; then ok; else bad "$n: $m, $s takes $(work_bytes $n) bytes, the smallest is said to be $least"; fi
        done
    done
done

# The same where there are many loops: nine of them, four in each other.
p=../reference/nested_loops
least=$("$mflc" build $p/nested_loops.mfl --from $p/in --memory 1 2>&1 | sed -n 's/.*(--memory \([0-9]*\)).*/\1/p')
"$mflc" build $p/nested_loops.mfl --from $p/in --mode mixed --schedule binomial:1 --loops snapshot --loops inner/c=keep --loops inner/j=keep --loops prod=binomial:1 --loops outer/i=keep --loops outer/j=binomial:1 -o "$tmp" > "$tmp/log" 2>&1
if [ -n "$least" ] && [ "$(work_bytes nested_loops)" -ge "$least" ]; then ok; else bad "nested_loops: by hand $(work_bytes nested_loops) bytes, the smallest is said to be $least"; fi
# More bytes are never slower.
for p in springs sequence; do
    if python3 budgets.py "$mflc" $p.mfl > "$tmp/log" 2>&1 && [ "$(wc -l < "$tmp/log")" = 1 ] && [ "$(cat "$tmp/log")" -ge 20 ]; then ok; else bad "budgets of $p: $(head -n 1 "$tmp/log")"; fi
done

# ---- regions chosen jointly: of two loops very different in size one keeps its values, the other computes them again ----
budget=614400
"$mflc" explain uneven.mfl --memory $budget --json > "$tmp/json" 2> "$tmp/log"
if way wide snapshot+last:1 && way deep keep; then ok; else bad "uneven: two loops of very different size within $budget bytes"; fi
if awk -v budget=$budget '/"alternatives"/ {inside = 1} !inside {next}
        /"plan"/ {joint = !/wide|deep/} /"seconds"/ {gsub(/[^0-9.e-]/, "", $2); t = $2 + 0} /"work_bytes"/ {gsub(/[^0-9]/, ""); b = $0 + 0}
        /"chosen"/ && b <= budget {if (/true/) best = t; else if (joint && (!least || t < least)) least = t}
        END {exit !(best && least && best < least)}' "$tmp/json"; then ok; else bad "uneven: no faster than what treats both loops alike"; fi
for m in mixed reverse; do
    first=
    for wide in keep snapshot binomial:2; do
        for deep in keep snapshot binomial:2; do
            rm -rf "$tmp/a"
            "$mflc" grad uneven.mfl --real double --mode $m --loops wide=$wide --loops deep=$deep -o "$tmp/a" > "$tmp/log" 2>&1
            bits=$(cat "$tmp/a"/*.npy 2> /dev/null | cksum)
            if [ -z "$first" ]; then first=$bits; fi
            if [ -f "$tmp/a/outer.npy" ] && [ "$bits" = "$first" ]; then ok; else bad "uneven, $m, wide $wide, deep $deep: other bits"; fi
        done
    done
done

# ---- a store is used where one is given and it helps; where none is given, what it would do is said ----
mkdir -p "$tmp/store"
rm -rf "$tmp/a" "$tmp/b"
budget=200000
used=$("$mflc" grad uneven.mfl -D T=40 --memory $budget --store "$tmp/store" --json -o "$tmp/a" 2> "$tmp/log" | tee "$tmp/json" | sed -n 's/.*"work_bytes": *\([0-9]*\).*/\1/p')
if grep -q '"schedule": ".*+store' "$tmp/json" && [ "$used" -le $budget ]; then ok; else bad "a budget with a store: $used bytes"; fi
"$mflc" grad uneven.mfl -D T=40 --memory $budget --json -o "$tmp/b" > "$tmp/json" 2> "$tmp/log"
if grep -q '"schedule"' "$tmp/json" && ! grep -q '"schedule": ".*+store' "$tmp/json" && "$2/tests/compare" "$tmp/b" "$tmp/a" 1e-5 > /dev/null; then ok; else bad "a budget without a store"; fi
"$mflc" build uneven.mfl -D T=40 --memory 1 -o "$tmp" > "$tmp/log" 2>&1
if grep -q 'with a store for the states (--schedule [a-z+:0-9]*+store[a-z+]*) it is [0-9]*' "$tmp/log"; then ok; else bad "nothing fits: what a store would do"; fi

# A state in the store takes no slot: with a store the smallest workspace that saves each step's state is that of one state in memory, but for the pointer to the store.
for p in uneven few; do
    least=$("$mflc" build $p.mfl -D T=40 --memory 1 -o "$tmp" 2>&1 | sed -n 's/.*smallest workspace for this problem is \([0-9]*\) bytes.*/\1/p')
    "$mflc" grad $p.mfl -D T=40 --memory $((least + 64)) --store "$tmp/store" --json > "$tmp/json" 2> "$tmp/log"
    if grep -q '"schedule": "snapshot+store' "$tmp/json"; then ok; else bad "$p: a store within $((least + 64)) bytes: $(cat "$tmp/log")"; fi
done

# What bench measures is what was predicted, to the byte (the last bytes may be the padding of an array).
if "$mflc" bench loops.mfl --repeat 1 --json | awk '/predicted_bytes/ {gsub(/[^0-9]/, ""); p = $0} /measured_bytes/ {gsub(/[^0-9]/, ""); m = $0; if (m > p || p - m >= 64) bad = 1; n++} END {exit bad || n < 8}'; then ok; else bad "bench: bytes"; fi
count schedules
