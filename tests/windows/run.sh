#!/bin/sh
# Truncated windows: the w-th window of the inner loop, carried from the ones before it, has the outer value, hypergradient and parameters of the problem with as many steps
# as have been run and a `truncate` that cuts there: in every mode, from the generated C. `mflc run` goes through the windows, stopped and resumed too.
# usage: run.sh MFLC BUILD. Ends with "windows: N passed, N failed".
mflc=$1 B=$2
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1
python=
for p in /usr/bin/python3 python3; do
    [ -n "$python" ] || ! $p -c 'import numpy' 2> /dev/null || python=$p
done

mkdir "$tmp/in"
if ! $python - "$tmp/in" > "$tmp/log" 2>&1 << 'END'
import sys
import numpy as np
r = np.random.default_rng(3)
for name, shape in (("x", (12, 6, 3)), ("y", (6,)), ("v", (6, 3))):
    np.save(f"{sys.argv[1]}/{name}.npy", r.standard_normal(shape))
for name, value in (("start", [0.3, -0.2, 0.1]), ("log_l2", -2.0), ("log_rate", -1.0), ("gain", 0.7)):
    np.save(f"{sys.argv[1]}/{name}.npy", np.asarray(value, dtype=float))
END
then bad "inputs (Debian: python3-numpy)"; fi

# ---- windows against whole problems: of PROBLEM.mfl INPUTS T K MODE SCHEDULE ----
of() {
    p=$(basename "$1" .mfl)
    if ! "$mflc" build "$1" --from "$2" --real double -D T="$3" --mode "$5" --schedule "$6" -o "$tmp/c" > "$tmp/log" 2>&1 \
        || ! gcc -std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -O1 -ffp-contract=off -Iinclude -c -o "$tmp/c/p.o" "$tmp/c/$p.c" > "$tmp/log" 2>&1 \
        || ! gcc -std=gnu11 -O1 -Iinclude -I"$tmp/c" -DPROBLEM="${p}_problem" -o "$tmp/c/host" tests/run/host.c "$tmp/c/p.o" "$B/libmfl_runtime.a" -lopenblas -lm > "$tmp/log" 2>&1
    then bad "$p T=$3 $5: build"; return; fi
    w=1
    while [ $(((w - 1) * $4)) -lt "$3" ]; do
        t=$((w * $4 < $3 ? w * $4 : $3)); k=$((t - (w - 1) * $4))
        sed "s/^truncate .*/truncate $k/" "$1" > "$tmp/$p.mfl"
        rm -rf "$tmp/whole" "$tmp/window"; mkdir "$tmp/window"
        if "$mflc" grad "$tmp/$p.mfl" --from "$2" --real double -D T=$t --mode mixed --schedule keep -o "$tmp/whole" > "$tmp/log" 2>&1 \
            && { [ $w = 1 ] || ! grep -q '^outer over steps' "$1" || rm "$tmp/whole/outer.npy"; } \
            && "$tmp/c/host" "$2" "$tmp/window" $w > "$tmp/log" 2>&1 && "$B/tests/compare" "$tmp/whole" "$tmp/window" 1e-10 > "$tmp/log" 2>&1
        then ok; else bad "$p T=$3 $5 $6: window $w"; fi
        w=$((w + 1))                              # path losses: the whole problem's value has those of earlier steps too
    done
}
for T in 11 12 5; do
    for plan in "mixed keep" "mixed binomial:1" "reverse snapshot" "forward snapshot" "mixed snapshot+last:0"; do
        of tests/windows/windows.mfl "$tmp/in" $T 4 ${plan% *} ${plan#* }
    done
done
sed '/^outer over steps/d' tests/windows/windows.mfl > "$tmp/in/windows.mfl"
of "$tmp/in/windows.mfl" "$tmp/in" 11 4 mixed snapshot
of tests/reference/truncated/truncated.mfl tests/reference/truncated/in 12 4 mixed snapshot

# ---- run: the state is carried, and goes on from a file ----
run() { "$mflc" run tests/windows/windows.mfl --from "$tmp/in" --real double --quiet "$@" > "$tmp/log" 2>&1; }
if run -o "$tmp/once" --steps 7 --log "$tmp/lines" && grep '^outer loss' "$tmp/log" > "$tmp/said_once" && run -o "$tmp/twice" --steps 2 && run -o "$tmp/twice" --steps 7 --resume "$tmp/twice/windows.ckpt" \
    && grep '^outer loss' "$tmp/log" > "$tmp/said_twice" && cmp "$tmp/said_once" "$tmp/said_twice" && cmp "$tmp/once/start.npy" "$tmp/twice/start.npy" && cmp "$tmp/once/gain.npy" "$tmp/twice/gain.npy"
then ok; else bad "resumed between windows: other bits, or another outer loss before"; fi
# The first outer step is the first window; the fourth begins anew at the initial values, with variables that have moved.
"$mflc" grad tests/windows/windows.mfl --from "$tmp/in" --real double -D T=4 -o "$tmp/first" > "$tmp/log" 2>&1
if $python - "$tmp/lines" "$tmp/first/outer.npy" > "$tmp/log" 2>&1 << 'END'
import json
import sys
import numpy as np
outer = [json.loads(line)["outer"] for line in open(sys.argv[1])]
assert len(outer) == 7 and len(set(outer)) == 7, outer
assert abs(outer[0] - float(np.load(sys.argv[2]))) < 1e-12 * abs(outer[0]), outer
END
then ok; else bad "run: outer losses of the windows"; fi

count windows
