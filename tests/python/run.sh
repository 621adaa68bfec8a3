#!/bin/sh
# mflc build --emit so and --python: the modules under tests/python/test_module.py, and what goes wrong while they are made. usage: run.sh MFLC BUILD
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1
export OPENBLAS_NUM_THREADS=1 TMPDIR="$tmp" PYTHONDONTWRITEBYTECODE=1
# A sanitized runtime needs the sanitizers in what carries it, and before anything else in the process.
if [ -n "$ASAN" ]; then export CC="gcc -fsanitize=address,undefined"; preload="$(gcc -print-file-name=libasan.so)"; fi
python=
for p in /usr/bin/python3 python3; do
    [ -n "$python" ] || ! $p -c 'import numpy' 2> /dev/null || python=$p
done
[ -n "$python" ] || { echo "FAIL python: no python3 with numpy (Debian: python3-numpy)"; echo "python: 0 passed, 1 failed"; exit 1; }

for p in records indexing maml_sine truncated edge_T0 two_optimizers; do
    if "$mflc" build "tests/reference/$p/$p.mfl" --from "tests/reference/$p/in" --real double --python -o "$tmp/m" > "$tmp/log" 2>&1 \
        && [ "$(ls "$tmp/m" | grep -cE "^(lib$p.so|$p.py)\$")" = 2 ]; then ok; else bad "$p: --python"; fi
done
# leaks of the interpreter are not ours to report
LD_PRELOAD=$preload ASAN_OPTIONS=$ASAN_OPTIONS${ASAN:+:detect_leaks=0} $python tests/python/test_module.py "$tmp/m" tests/reference > "$tmp/log" 2>&1
grep FAIL "$tmp/log"
set -- $(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$tmp/log")
if [ -n "$2" ]; then passed=$((passed + $1)) failed=$((failed + $2)); else bad "test_module.py"; fi

# the example of docs/interface.md, word for word
"$mflc" build examples/ridge.mfl --python -o "$tmp/m" > "$tmp/log" 2>&1
{
    echo 'import numpy as np'
    echo 'x, y, xv, yv, log_l2 = (np.ones(s) for s in ((300, 10), 300, (142, 10), 142, 10))'
    sed -n '/^```python$/,/^```$/p' docs/interface.md | grep -v '^```'
    echo 'assert np.isfinite(value) and gradient["log_l2"].shape == (10,) and "log_l2: real [D=10]" in ridge.__doc__'
} > "$tmp/example.py"
if LD_PRELOAD=$preload ASAN_OPTIONS=$ASAN_OPTIONS${ASAN:+:detect_leaks=0} PYTHONPATH="$tmp/m" $python "$tmp/example.py" > "$tmp/log" 2>&1; then ok; else bad "docs/interface.md"; fi

# A guarded module says where the first value that is not finite appeared; of several tasks, in which.
cat > "$tmp/late.mfl" <<'END'
problem late
task data x
meta a = 1
param w[3] = 1
inner = sum(w) * log(3.5 + x - step - a / 4)
step w by sgd(rate = 0.01) for 6
outer = sum(w^2)
END
"$mflc" build "$tmp/late.mfl" --guard --python -o "$tmp/m" > "$tmp/log" 2>&1
cat > "$tmp/guarded.py" <<'END'
import late
def said(f, *a, **k):
    try:
        f(*a, **k)
    except ValueError as e:
        return str(e)
assert "log in log(3.5 + x - step - a / 4) (late.mfl:5)" in said(late.hypergradient, x=0.0) and "in inner step 4 " in said(late.hypergradient, x=0.0)
assert "log in log(" in said(late.hypergradient_tasks, [{"x": 9.0}, {"x": 0.0}]) and "in task 1 in inner step 4 " in said(late.hypergradient_tasks, [{"x": 9.0}, {"x": 0.0}])
assert said(late.hypergradient, x=9.0) is None
END
if LD_PRELOAD=$preload ASAN_OPTIONS=$ASAN_OPTIONS${ASAN:+:detect_leaks=0} PYTHONPATH="$tmp/m" $python "$tmp/guarded.py" > "$tmp/log" 2>&1; then ok; else bad "a guarded module"; fi

# --emit so alone writes one file; with --emit c the module comes on top; the temporary folder is left empty
"$mflc" build examples/ridge.mfl --emit so -o "$tmp/s" > "$tmp/log" 2>&1
if [ "$(ls "$tmp/s")" = libridge.so ]; then ok; else bad "--emit so"; fi
"$mflc" build examples/ridge.mfl --emit c --python -o "$tmp/c" > "$tmp/log" 2>&1
if [ "$(ls "$tmp/c" | tr '\n' ' ')" = "libridge.so ridge.c ridge.h ridge.py " ]; then ok; else bad "--emit c --python"; fi
CC=no-such-compiler "$mflc" build examples/ridge.mfl --emit so -o "$tmp/n" > "$tmp/log" 2>&1
if [ $? = 3 ] && grep -q 'no-such-compiler cannot be run' "$tmp/log" && [ -z "$(ls "$tmp/n")" ]; then ok; else bad "no compiler"; fi
CC=false "$mflc" build examples/ridge.mfl --emit so -o "$tmp/n" > "$tmp/log" 2>&1
if [ $? = 3 ] && grep -q 'the C compiler false failed' "$tmp/log" && [ -z "$(ls "$tmp/n")" ]; then ok; else bad "failing compiler"; fi
if ls "$tmp"/mflc-* > /dev/null 2>&1; then bad "a temporary folder is left"; else ok; fi
count python
