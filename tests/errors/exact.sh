#!/bin/sh
# Exact messages. Each file of cases/ holds cases: a line `=== NAME`, a program, a line `---`, all that mflc says to it. cases/given.txt has the messages
# of the programs in this folder in the same form, without the programs. Prints "PASSED FAILED" last; PROMOTE=1 writes what mflc says now into the files:
# read the difference before it is committed. usage: exact.sh MFLC
mflc=$1
cd "$(dirname "$0")" || exit 1
top=$PWD
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
# NAME: what mflc says to NAME.mfl here; the exit code is part of it when it is not 1
said() {
    timeout 20 "$mflc" build "$1.mfl" -o "$tmp/out" > /dev/null 2> "$tmp/err"
    code=$?
    { cat "$tmp/err"; [ "$code" = 1 ] || echo "exit code $code"; } > "$tmp/$1.got"
}
for cases in cases/*.txt; do
    rm -rf "$tmp/in" && mkdir "$tmp/in"
    awk -v dir="$tmp/in" '
        /^=== / { name = $2; print name > (dir "/names"); part = dir "/" name ".mfl"; printf "" > part; next }
        /^---$/ { part = dir "/" name ".want"; printf "" > part; next }
        { print > part }' "$cases"
    : > "$tmp/promoted"
    while read -r name; do
        case $cases in
            */given.txt) said "$name"; printf '=== %s\n---\n' "$name" >> "$tmp/promoted" ;;
            *) cd "$tmp/in" && said "$name"; cd "$top" || exit 1; { printf '=== %s\n' "$name"; cat "$tmp/in/$name.mfl"; echo ---; } >> "$tmp/promoted" ;;
        esac
        cat "$tmp/$name.got" >> "$tmp/promoted"
        if cmp -s "$tmp/in/$name.want" "$tmp/$name.got"; then
            passed=$((passed + 1))
        elif [ -z "$PROMOTE" ]; then
            failed=$((failed + 1))
            echo "FAIL $cases $name"
            diff "$tmp/in/$name.want" "$tmp/$name.got" | head -n 6
        fi
    done < "$tmp/in/names"
    [ -z "$PROMOTE" ] || cp "$tmp/promoted" "$cases"
done
echo "$passed $failed"
