#!/bin/sh
# Runs every test and ends with one count: "N passed, N failed". Called by make check and make asan (ASAN=1: under the sanitizers;
# a leak or an error in any process fails the run). BUILD says where the binaries are.
cd "$(dirname "$0")/.." || exit 1
B=${BUILD:-build}
passed=0 failed=0
log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT
export OPENBLAS_NUM_THREADS=1
if [ -n "$ASAN" ]; then
    export ASAN_OPTIONS=log_path=$log/asan:detect_stack_use_after_return=0 LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0
fi

# add PASSED FAILED: to the total
add() { passed=$((passed + $1)); failed=$((failed + $2)); }

# A Criterion binary: its synthesis line has the counts.
unit() {
    "$1" -j2 --timeout 120 > "$log/out" 2>&1
    code=$?
    line=$(sed -n 's/.*Tested: *\([0-9]*\).*Passing: *\([0-9]*\).*Failing: *\([0-9]*\).*Crashing: *\([0-9]*\).*/\2 \3 \4/p' "$log/out" | tail -n 1)
    set -- "$1" ${line:-0 1 0}
    add "$2" $(($3 + $4))
    echo "$(basename "$1"): $2 passed, $(($3 + $4)) failed"
    [ "$code" = 0 ] || grep -vE '^\[====\]' "$log/out" | tail -n 30
}
# A script: its last line is "NAME: N passed, N failed".
script() {
    sh "$@" > "$log/out" 2>&1
    code=$?
    line=$(sed -n 's/^[a-z_]*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log/out" | tail -n 1)
    set -- ${line:-0 1}
    [ "$code" = 0 ] || [ "$2" != 0 ] || set -- "$1" 1
    add "$1" "$2"
    tail -n 60 "$log/out"
}

for t in "$B"/tests/unit/test_* "$B"/tests/ops/test_* "$B"/tests/errors/test_*; do
    case $t in *.d|*.o|*'*') continue ;; esac
    unit "$t"
done
for s in tests/*/run.sh; do
    case $s in
        tests/bench/*) ;;
        tests/reference/*) script "$s" "$PWD/$B/mflc" "$PWD/$B/tests/compare" ;;
        *) script "$s" "$PWD/$B/mflc" "$PWD/$B" ;;
    esac
done
if [ -n "$ASAN" ] && ls "$log"/asan.* > /dev/null 2>&1; then
    cat "$log"/asan.* | head -n 100
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
