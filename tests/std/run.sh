#!/bin/sh
# The library in MFL: every layer, loss, schedule and the learned optimizer, differentiated in three ways that must agree; and the user's own names, which
# hide the library's in the user's text and do not reach into it. usage: run.sh MFLC BUILD
mflc=$1 B=$2
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")" || exit 1
grad() { "$mflc" grad "$1" --data t=t.csv --real double --mode "$2" --schedule "$3" -o "$tmp/$4" > "$tmp/log" 2>&1 || bad "$1 $2 $3"; }
cp t.csv "$tmp"
grad library.mfl reverse keep a
grad library.mfl mixed snapshot b
sed '/^fn rsqrt/d; /^fn exp/d' library.mfl > "$tmp/plain.mfl"
grad "$tmp/plain.mfl" reverse keep c
for k in b c; do
    if "$B/tests/compare" "$tmp/a" "$tmp/$k" 1e-10 > "$tmp/log" 2>&1; then ok; else bad "$k differs"; fi
done
# Every name of the library is used in library.mfl, so that none goes untested.
for name in $(sed -n 's/^fn \([a-z_]*\)(.*/\1/p; s/^optimizer \([a-z_]*\)(.*/\1/p' ../../compiler/std/l*.mfl ../../compiler/std/schedules.mfl); do
    case $name in heads|join_heads|rotary_attention|rms_normed|block|gate|unembed) continue ;; esac    # used by the layers above them
    if grep -q "\<$name(" library.mfl; then ok; else : > "$tmp/log"; bad "$name is not tested"; fi
done
count std
