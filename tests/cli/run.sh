#!/bin/sh
# The command line as a user meets it: usage and help, binding of data, run with its checkpoints, grad, check, guard, examples. usage: run.sh MFLC BUILD
# Every part_*.sh is read in turn and uses what is defined here. QUICK=1 leaves out the slow half. Ends with "cli: N passed, N failed".
mflc=$1 build=$2
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")" || exit 1
here=$PWD top=$PWD/../.. said=$tmp/err
: > "$said"

# gives CODE 'WORDS OF THE OUTPUT' ARGUMENTS...: exit code, and a text (fixed string) in what is printed on either stream; '' for any
gives() {
    want=$1 words=$2
    shift 2
    timeout 120 "$mflc" "$@" > "$tmp/out" 2> "$tmp/err"
    code=$?
    if [ "$code" = "$want" ] && cat "$tmp/out" "$tmp/err" | grep -aqF -- "$words"; then ok; else bad "mflc $*: exit code $code, expected $want and: $words"; fi
}
# yes 'WHAT' COMMAND...: the command succeeds
yes_() { what=$1; shift; if "$@" > /dev/null 2>&1; then ok; else bad "$what"; fi; }
no_() { what=$1; shift; if "$@" > /dev/null 2>&1; then bad "$what"; else ok; fi; }
# number NAME: what grad printed behind that name
number() { awk -v n="$1" '$1 == n { print $2 }' "$tmp/out"; }

for part in part_*.sh; do . "./$part"; done
count cli
