#!/bin/sh
# Passes on graphs written as text: NAME.in goes through the passes that its first line names and becomes NAME.out. PROMOTE=1 writes NAME.out anew (make promote):
# read the difference before it is committed. usage: run.sh MFLC BUILD. Ends with "passes: N passed, N failed".
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")" || exit 1
for f in *.in; do
    n=${f%.in} args=
    for p in $(sed -n '1s/^# passes: //p' "$f"); do args="$args --pass $p"; done
    "$mflc" ir "$f" $args > "$tmp/out" 2>&1
    echo "exit code $?" >> "$tmp/out"
    [ -z "$PROMOTE" ] || cp "$tmp/out" "$n.out"
    if cmp -s "$n.out" "$tmp/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $n:"
        diff "$n.out" "$tmp/out" | head -n 20
    fi
done
count passes
