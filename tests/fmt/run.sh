#!/bin/sh
# The formatter: every program of the repository is formatted; whatever a program looks like (on few lines, on many, full of comments), formatting it twice is
# formatting it once, keeps every comment, and leaves the tensor program that it compiles to. usage: run.sh MFLC
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1

# tests/errors holds wrong programs, whose places are part of the test
for f in $(find . -name '*.mfl' -not -path '*/build/*' -not -path './tests/errors/*' -not -path './tests/fmt/*' -not -path './.peers/*'); do
    if "$mflc" fmt "$f" --check > "$tmp/out" 2>&1; then ok; else bad "$(cat "$tmp/out")"; fi
done

# ir PROGRAM PROBLEM: the tensor program without the places in the text
ir() {
    rm -rf "$tmp/ir"
    "$mflc" build "$1" --from "tests/reference/$2/in" --emit ir --mode reverse --schedule keep --loops keep -o "$tmp/ir" > "$tmp/log" 2>&1 || { cat "$tmp/log"; return 1; }
    sed 's/ *#.*//; s/ @[0-9][-0-9:]*//g; /^ *source /d' "$tmp"/ir/*.ir
}
# check NAME PROBLEM: $tmp/in.mfl is an odd form of the problem
check() {
    cp "$tmp/in.mfl" "$tmp/a.mfl"
    "$mflc" fmt "$tmp/a.mfl" > "$tmp/log" 2>&1 || { bad "$1 of $2: $(head -n 3 "$tmp/log")"; return; }
    cp "$tmp/a.mfl" "$tmp/b.mfl"
    "$mflc" fmt "$tmp/b.mfl"
    cmp -s "$tmp/a.mfl" "$tmp/b.mfl" || { bad "$1 of $2: formatting again changes it"; return; }
    "$mflc" fmt --check "$tmp/a.mfl" > /dev/null || { bad "$1 of $2: --check"; return; }
    tr -d '\r' < "$tmp/in.mfl" | grep -o '#.*' | sed 's/[ \t]*$//' > "$tmp/c1"
    grep -o '#.*' "$tmp/a.mfl" > "$tmp/c2"
    cmp -s "$tmp/c1" "$tmp/c2" || { bad "$1 of $2: comments"; return; }
    awk 'length($0) > 120 && !/#/ && !/"/ { exit 1 }' "$tmp/a.mfl" || { bad "$1 of $2: a long line"; return; }
    ir "$tmp/a.mfl" "$2" > "$tmp/ir2" && cmp -s "$tmp/ir1" "$tmp/ir2" || { bad "$1 of $2: another program"; return; }
    ok
}
for p in tests/reference/*/; do
    p=$(basename "$p") f=tests/reference/$p/$p.mfl
    case $p in ridge|records|indexing|path_loss|hyper_cleaning) ;; *) [ -z "$QUICK" ] || continue ;; esac
    if grep -q import "$f"; then continue; fi
    ir "$f" "$p" > "$tmp/ir1" || { bad "$p does not compile"; continue; }
    sed 's/#.*//' "$f" | tr -s ' \n' ' ' > "$tmp/in.mfl";                                           check "one line" "$p"
    sed 's/#.*//; s/,/,\n/g; s/ \([-+*@]\) /\n\1   /g; s/[({]/& \n\n\n/g' "$f" > "$tmp/in.mfl";      check "many lines" "$p"
    sed 's/#.*//; s/$/   # é ends here  /; s/,/, #, {comma} "(\n/; s/=/=\t/' "$f" > "$tmp/in.mfl";   check "comments everywhere" "$p"
    sed 's/ *$/\r/; s/^ */\t\t/; s/  */   /g' "$f" > "$tmp/in.mfl";                                  check "tabs and CRLF" "$p"
done

# Named layouts: what the formatter makes of them.
for f in tests/fmt/*.in; do
    cp "$f" "$tmp/in.mfl"
    "$mflc" fmt "$tmp/in.mfl" > "$tmp/log" 2>&1
    if cmp -s "$tmp/in.mfl" "${f%.in}.out"; then ok; else bad "$f"; diff "$tmp/in.mfl" "${f%.in}.out" | head -n 10; fi
done

# A wrong program stays as it is; so does what cannot be read.
printf 'problem a\ninner = (1\n' > "$tmp/in.mfl"
cp "$tmp/in.mfl" "$tmp/a.mfl"
"$mflc" fmt "$tmp/in.mfl" > /dev/null 2> "$tmp/log"
[ $? = 1 ] && cmp -s "$tmp/in.mfl" "$tmp/a.mfl" && grep -q 'never closed' "$tmp/log" && ok || bad "a wrong program"
"$mflc" fmt "$tmp/none.mfl" > /dev/null 2> "$tmp/log"
[ $? = 1 ] && grep -q 'cannot be read' "$tmp/log" && ok || bad "a missing file"
printf 'problem   a\n' > "$tmp/in.mfl"
"$mflc" fmt "$tmp/in.mfl" --check > "$tmp/log"
[ $? = 1 ] && grep -q 'not formatted' "$tmp/log" && ok || bad "--check of what is not formatted"
# A link stays a link, to the formatted file; into a pipe nothing can be put back.
ln -s in.mfl "$tmp/link.mfl"
"$mflc" fmt "$tmp/link.mfl" > "$tmp/log" 2>&1 && [ -L "$tmp/link.mfl" ] && [ "$(cat "$tmp/in.mfl")" = "problem a" ] && ok || bad "a link"
mkfifo "$tmp/pipe.mfl"
printf 'problem   a\n' > "$tmp/pipe.mfl" &
timeout 60 "$mflc" fmt "$tmp/pipe.mfl" > /dev/null 2> "$tmp/log"
[ $? = 3 ] && [ -p "$tmp/pipe.mfl" ] && grep -q 'cannot be written' "$tmp/log" && ok || bad "a pipe"
count fmt
