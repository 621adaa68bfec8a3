#!/bin/sh
# Every code block of README.md and docs/guide.md is run. Programs: `mflc check` on random data, every mode and schedule against the others and against
# differences. Commands: run as they stand, in a folder where build/mflc, examples/ and data/ are what the page says; those of make are looked up in the
# Makefile. Messages: printed by the program that they stand behind. A block of another kind, or a program without data here, fails. usage: run.sh MFLC BUILD
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
: > "$tmp/log"
data() { mkdir -p "$1"; python3 tests/docs/data.py "$@"; }

# What each program's data looks like; its dims without a value follow from them.
data_of() {
    case $1 in
        first)   data "$2" x=30 y=30 xv=10 yv=10 ;;
        ridge)   data "$2" x=8,3 y=8 xv=6,3 yv=6 ;;
        sine)    data "$2" xs=3,10,1 ys=3,10,1 xq=3,10,1 yq=3,10,1 ;;
        batches) data "$2" x=20,4 xv=9,4 y=20:3 yv=9:3 batch=6,8:20 ;;
        oscillator) data "$2" t=8,1 tm=5,1 um=5,1 ;;
        clipped) data "$2" x=8,3 y=8 ;;
        *) false ;;
    esac
}
# Blocks of one page: each in a file of its own, named after its kind: mfl, text (indented) or whatever stands behind the fence.
blocks() {
    awk -v dir="$2" '
        /^```/ { if (open) { open = 0; close(file) } else { open = 1; kind = substr($0, 4); file = sprintf("%s/%02d.%s", dir, ++n, kind ? kind : "plain") } next }
        open { print > file; next }
        /^    / { if (!text) { text = 1; file = sprintf("%s/%02d.text", dir, ++n) } print substr($0, 5) > file; next }
        { if (text) close(file); text = 0 }' "$1"
}
program() {
    name=$(sed -n 's/^problem \([a-z_]*\).*/\1/p' "$1")
    cp "$1" "$2/$name.mfl"
    if data_of "$name" "$2/$name" && "$mflc" check "$2/$name.mfl" --from "$2/$name" > "$tmp/log" 2>&1; then ok; else bad "$3: the program $name"; fi
}
command_line() {
    line=${1%%#*}
    case $line in
        'build/mflc '*) if (cd "$2" && sh -c "$line") > "$tmp/log" 2>&1; then ok; else bad "$3: $line"; fi ;;
        make\ *) target=$(echo "$line" | sed 's/^make *//; s/ *$//'); if make -n -C "$top" "$target" > "$tmp/log" 2>&1; then ok; else bad "$3: $line"; fi ;;
        *) : > "$tmp/log"; bad "$3: neither a program nor a command: $line" ;;
    esac
}
# A message of the program before it, in which one name was exchanged.
message() {
    sed "s/@ w - yv)/@ w - y)/" "$2/ridge.mfl" > "$2/wrong.mfl"
    mkdir -p "$2/wrong" && mv "$2/wrong.mfl" "$2/wrong/ridge.mfl"
    (cd "$2/wrong" && "$mflc" build ridge.mfl -D N=8 -D V=6 -D D=3) > /dev/null 2> "$tmp/log"
    if cmp -s "$1" "$tmp/log"; then ok; else bad "$3: the message is another one"; fi
}
# A program in the folder of the module that the command before it made.
module() {
    { cat "$1"; echo 'assert abs(value - 0.135) < 0.001 and abs(gradient["log_l2"] - 0.0438) < 0.0001'; } > "$2/build/first/use.py"
    if (cd "$2/build/first" && /usr/bin/python3 use.py) > "$tmp/log" 2>&1; then ok; else bad "$3: the Python program"; fi
}
for page in README.md docs/guide.md; do
    here=$tmp/$(basename "$page" .md)
    mkdir -p "$here/blocks" "$here/build"
    ln -s "$mflc" "$here/build/mflc"
    ln -s "$top/examples" "$here/examples"
    blocks "$page" "$here/blocks"
    for b in "$here"/blocks/*.mfl; do program "$b" "$here" "$page"; done
    [ -d "$here/first" ] && mv "$here/first" "$here/data"
    for b in "$here"/blocks/*; do
        case $b in
            *.mfl) continue ;;
            *.text) ;;
            *.python) module "$b" "$here" "$page"; continue ;;
            *.c) grep -vxFf docs/first.md "$b" > "$tmp/log"; if [ -s "$tmp/log" ]; then bad "$page: C that docs/first.md does not show (make promote)"; else ok; fi; continue ;;
            *) : > "$tmp/log"; bad "$page: a block of another kind: $b"; continue ;;
        esac
        if grep -q ': error: ' "$b"; then message "$b" "$here" "$page"; continue; fi
        while IFS= read -r line; do [ -z "$line" ] || command_line "$line" "$here" "$page"; done < "$b"
    done
done
sed -n '/^```mfl/,/^```/p' README.md | grep -v '^```' | diff - examples/first/first.mfl > "$tmp/log" && ok || bad "examples/first/first.mfl is not the README's program"
# What docs/memory.md shows of explain; the numbers are those of the day (make promote renews them), but the words are what it says now.
words() { sed 's/[0-9][0-9.]*/#/g; s/  */ /g' "$1"; }
sed -n '/^```console$/,/^```$/p' docs/memory.md | grep -v '^```' > "$tmp/shown"
"$mflc" $(sed -n '1s/^\$ build\/mflc //p' "$tmp/shown") 2> "$tmp/log" | sed '1i\
$ command' > "$tmp/now"
sed -i '1s/.*/$ command/' "$tmp/shown"
words "$tmp/shown" > "$tmp/a"
words "$tmp/now" > "$tmp/b"
if [ "$(wc -l < "$tmp/b")" -gt 30 ] && diff "$tmp/a" "$tmp/b" > "$tmp/log"; then ok; else bad "docs/memory.md shows what explain does not say (make promote)"; fi
# docs/functions.md is what the compiler says of its functions now; the language's own page of names is covered by it.
if "$mflc" ops --markdown > "$tmp/functions.md" 2> "$tmp/log" && diff "$tmp/functions.md" docs/functions.md > "$tmp/log"; then ok; else bad "docs/functions.md is not current: build/mflc ops --markdown > docs/functions.md"; fi
count docs
