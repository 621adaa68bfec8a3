#!/bin/sh
# Every example learns: the outer loss falls in a few outer steps, and a run that stops and resumes gives the files of one that does not.
# usage: run.sh MFLC BUILD. Ends with "examples: N passed, N failed".
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../../examples" || exit 1
for f in *.mfl; do
    p=${f%.mfl}
    "$mflc" run "$f" --steps 12 --quiet -o "$tmp/$p" > "$tmp/log" 2>&1
    if awk '/^outer loss .* before, .* after/ {for (k = 1; k <= NF; k++) {if ($k ~ /^before/) a = $(k - 1); if ($k == "after") b = $(k - 1)} found = b + 0 < a + 0} END {exit !found}' "$tmp/log"
    then ok; else bad "$p: $(tail -n 2 "$tmp/log" | tr '\n' ' ')"; fi
done
"$mflc" run ridge.mfl --steps 8 --quiet -o "$tmp/half" > "$tmp/log" 2>&1
"$mflc" run ridge.mfl --steps 16 --quiet -o "$tmp/whole" > "$tmp/log" 2>&1
"$mflc" run ridge.mfl --steps 16 --quiet --resume "$tmp/half/ridge.ckpt" -o "$tmp/resumed" > "$tmp/log" 2>&1
for a in "$tmp/whole"/*.npy; do
    if cmp -s "$a" "$tmp/resumed/${a##*/}"; then ok; else bad "resumed ${a##*/} differs"; fi
done
count examples
