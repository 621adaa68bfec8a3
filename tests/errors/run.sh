#!/bin/sh
# Wrong programs: the first line of each says where the mistake must be reported and which words must occur. Also: whatever is fed in ends in a message
# and exit code 1 to 3, never in a crash or a hang. The exact messages of these and
# of the programs in cases/ are compared by exact.sh. usage: run.sh MFLC
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")" || exit 1
for f in *.mfl; do
    timeout 20 "$mflc" build "$f" -o "$tmp" > /dev/null 2> "$tmp/err"
    code=$?
    place=$(sed -n '1s/^# expect: *\([^ ]*\).*/\1/p' "$f")
    case $place in *.mfl:*) ;; *) place=$f:$place ;; esac
    terms=$(sed -n '1s/^# expect: *[^ ]* *//p' "$f")
    what=
    [ "$code" = 1 ] || what="exit code $code"
    grep -aqF "$place: error" "$tmp/err" || what="$what no error at $place"
    # the message, with its notes
    sed -n "/$(printf '%s' "$place" | sed 's/[.\/]/\\&/g'): error/,/: error/p" "$tmp/err" > "$tmp/message"
    old=$IFS; IFS='|'
    for t in $terms; do
        t=$(printf '%s' "$t" | sed 's/^ *//; s/ *$//')
        grep -aqiF -- "$t" "$tmp/message" || what="$what; term '$t' is missing"
    done
    IFS=$old
    # a second line says how many errors there are, where one mistake must not bring others
    many=$(sed -n '2s/^# errors: *//p' "$f")
    [ -z "$many" ] || [ "$(grep -ac ': error: ' "$tmp/err")" = "$many" ] || what="$what; not $many errors"
    if [ -z "$what" ]; then ok; else bad "$f: $what"; head -n 3 "$tmp/err"; fi
done
# The exact messages.
sh ./exact.sh "$mflc" > "$tmp/exact"
set -- $(tail -n 1 "$tmp/exact")
passed=$((passed + ${1:-0})) failed=$((failed + ${2:-1}))
[ "${2:-1}" = 0 ] || cat "$tmp/exact"
# Malformed input of any kind.
try() {
    timeout 30 "$mflc" build "$tmp/in.mfl" -o "$tmp" > /dev/null 2> "$tmp/err"
    code=$?
    if [ "$code" -ge 1 ] && [ "$code" -le 3 ] && [ -s "$tmp/err" ]; then ok; else bad "$1: exit code $code"; fi
}
printf '' > "$tmp/in.mfl"; try "an empty file"
head -c 20000 /dev/urandom > "$tmp/in.mfl"; try "random bytes"
{ printf 'problem a\n'; head -c 3000 /dev/zero; } > "$tmp/in.mfl"; try "zero bytes"
{ printf 'problem a\ninner = '; head -c 10000 /dev/zero | tr '\0' '('; } > "$tmp/in.mfl"; try "ten thousand parentheses"
{ printf 'problem a\ninner = x'; yes ' + x' | head -n 100000 | tr -d '\n'; } > "$tmp/in.mfl"; try "a sum of 100000 terms"
{ printf 'problem a\n# '; head -c 10000000 /dev/zero | tr '\0' 'x'; printf '\ninner = y\n'; } > "$tmp/in.mfl"; try "a line of 10 MB"
{ printf 'problem a\ninner = '; head -c 30000 /dev/zero | tr '\0' '-'; } > "$tmp/in.mfl"; try "thirty thousand signs"
printf 'problem a\r\ndim N\r\nparam w[N] = 0\r\n' > "$tmp/in.mfl"; try "CRLF"
{ printf 'problem a\n'; yes 'data x[3]' | head -n 200000 | awk '{ print "data x" NR "[3]" }'; } > "$tmp/in.mfl"; try "200000 declarations"
{ printf 'problem a\nfn f0(a) = a * a\n'; for k in $(seq 1 40); do echo "fn f$k(a) = f$((k - 1))(a) + f$((k - 1))(a + 1)"; done
    printf 'meta m = 0\nparam w = 0\ninner = f40(w) * m\nstep w by sgd(rate = 0.1) for 1\nouter = w\n'; } > "$tmp/in.mfl"; try "2^40 calls"
{ printf 'problem a\nstruct S0 { a = 0 }\n'; for k in $(seq 1 40); do echo "struct S$k { a : S$((k - 1))  b : S$((k - 1)) }"; done
    printf 'meta m = 0\nparam w : S40\ninner = m\nstep w by sgd(rate = 0.1) for 1\nouter = m\n'; } > "$tmp/in.mfl"; try "2^40 arrays in a record"
rm -f "$tmp/in.mfl"; try "a missing file"
mkdir "$tmp/in.mfl"; try "a folder"; rmdir "$tmp/in.mfl"
for p in ridge records einsum nested_loops; do    # every tenth token missing: errors, not crashes
    for k in 1 2 3 4 5 6 7 8 9; do
        tr -s ' ' '\n' < "../reference/$p/$p.mfl" | awk -v k=$k 'NR % 10 != k' | tr '\n' ' ' > "$tmp/in.mfl"
        timeout 30 "$mflc" build "$tmp/in.mfl" -o "$tmp" > /dev/null 2> "$tmp/err"
        code=$?
        if [ "$code" -le 3 ]; then ok; else bad "$p without every tenth word ($k): exit code $code"; fi
    done
done
count errors
