#!/bin/sh
# The generated C of three problems as it is read in review: the functions of the hypergradient, kept beside each problem. A change that is meant is taken over by
# `make promote`, which also brings docs/first.md, docs/memory.md and the README up to date. Then what every generated file must hold: comments point at lines that exist, values have names that say something, the text does not
# grow with sizes or steps. usage: run.sh MFLC BUILD
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1

# make NAME [OPTIONS]: $tmp/NAME.c, and its functions of the hypergradient in $tmp/NAME.part; the plan does not depend on the machine.
make_c() {
    name=$1; shift
    "$mflc" build "tests/golden/$name.mfl" --mode mixed --schedule keep "$@" -o "$tmp" > "$tmp/log" 2>&1 || { bad "$name: build"; cat "$tmp/log"; return 1; }
    sed -n "/^\/\* Workspace of ${name}_hypergradient:/,/^\/\* The results to the caller/p" "$tmp/$name.c" | sed '$d' > "$tmp/$name.part"
}
for p in ridge maml_sine attention; do
    make_c $p || continue
    if [ -n "$PROMOTE" ]; then cp "$tmp/$p.part" "tests/golden/$p.c"; echo "tests/golden/$p.c"; continue; fi
    [ -z "$QUICK" ] || continue
    if [ "$(grep -c . "$tmp/$p.part")" -gt 50 ] && diff -u "tests/golden/$p.c" "$tmp/$p.part" > "$tmp/diff"; then ok; else bad "$p.c differs; if that is meant: make promote"; head -n 60 "$tmp/diff"; fi
done
if [ -n "$PROMOTE" ]; then
    # The phases that docs/first.md shows, of the README's first problem.
    sed -n '/^```mfl/,/^```/p' README.md | grep -v '^```' > "$tmp/first.mfl"
    "$mflc" build "$tmp/first.mfl" -D N=30 -D V=10 --schedule snapshot -o "$tmp" > "$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
    { sed '/^```c/q' docs/first.md
      sed -n '/^\/\* Workspace of first_hypergradient:/,/^\/\* The outer value and its gradient, computed/p' "$tmp/first.c" | sed '1,/^$/d' | sed '$d' | sed '$d'
      sed '1,/^```c/d' docs/first.md | sed -n '/^```/,$p'; } > "$tmp/first.md" && cp "$tmp/first.md" docs/first.md
    # The README shows the last of them.
    { sed '/^```c/q' README.md
      sed -n '/^\/\* Backward through one step/,/^```/p' docs/first.md | sed '$d'
      sed '1,/^```c/d' README.md | sed -n '/^```/,$p'; } > "$tmp/README.md" && cp "$tmp/README.md" README.md
    # What explain says of it.
    { sed '/^\$ build\/mflc explain/q' docs/memory.md
      "$mflc" explain examples/first/first.mfl -D N=30 -D V=10
      sed '1,/^\$ build\/mflc explain/d' docs/memory.md | sed -n '/^```/,$p'; } > "$tmp/memory.md" && cp "$tmp/memory.md" docs/memory.md
    echo docs/first.md docs/memory.md README.md
    exit 0
fi

# Every FILE.mfl:LINE in a comment is a line of that file, and not an empty one.
places() {
    grep -o '[A-Za-z0-9_/]*\.mfl:[0-9]*' "$1" | sort -u | while IFS=: read -r file line; do
        for f in "$2/$file" "compiler/$file"; do [ -f "$f" ] && break; done
        sed -n "${line}p" "$f" 2> /dev/null | grep -q '[^ ]' || echo "$1: $file:$line"
    done
}
# Names without a meaning: `value`, `t` and the like with a number, or the compiler's nouns alone.
nameless() { sed 's,/\*.*\*/,,' "$1" | grep -oE '\b(d_|b_|g_|slope_)*(value|v|t|temp|sum|product|difference|quotient)(_[0-9]+)\b' | sort -u | wc -l; }
for p in ridge maml_sine attention; do
    w="-std=c99 -Wall -Wextra -Wconversion -Wshadow -Wdouble-promotion -pedantic -Werror -Iinclude -I$tmp -fsyntax-only"
    if gcc $w "$tmp/$p.c" > "$tmp/log" 2>&1 && clang-19 $w "$tmp/$p.c" > "$tmp/log" 2>&1; then ok; else bad "$p: warnings"; head -n 5 "$tmp/log"; fi
    wrong=$(places "$tmp/$p.c" tests/golden)
    if [ -z "$wrong" ] && [ "$(grep -c '\.mfl:[0-9]' "$tmp/$p.c")" -gt 20 ]; then ok; else bad "$p: comments: $wrong"; fi
    n=$(nameless "$tmp/$p.c")
    if [ "$n" -le 3 ]; then ok; else bad "$p: $n names say nothing"; fi
done
for p in logistic_l2 transformer_maml; do
    [ -z "$QUICK" ] || [ $p = logistic_l2 ] || continue
    if "$mflc" build examples/$p.mfl --mode mixed --schedule snapshot -o "$tmp" > "$tmp/log" 2>&1; then
        wrong=$(places "$tmp/$p.c" examples)
        if [ -z "$wrong" ]; then ok; else bad "$p: comments: $wrong"; fi
    else
        bad "$p: build"
    fi
done

# First values go straight to the caller's arrays.
make_c ridge && sed -n '/^int ridge_init(/,/^}/p;/^int ridge_learn_init(/,/^}/p' "$tmp/ridge.c" > "$tmp/first"
if [ "$(grep -c '\] = ' "$tmp/first")" -ge 1 ] && ! grep -q 'memcpy\|work + ' "$tmp/first"; then ok; else bad "ridge: first values are copied"; fi

# As many lines for other sizes and numbers of steps, also where two sizes happen to be equal.
lines() { make_c "$@" && wc -l < "$tmp/$1.c"; }
few=$(lines ridge -D N=10 -D V=10)
if [ -n "$few" ] && [ "$few" = "$(lines ridge -D N=1000 -D V=990)" ]; then ok; else bad "ridge: lines depend on N"; fi
sed 's/for 200/for 2/' tests/golden/ridge.mfl > "$tmp/steps.mfl"
if "$mflc" build "$tmp/steps.mfl" --mode mixed --schedule keep -D N=10 -D V=10 -o "$tmp" > "$tmp/log" 2>&1 && [ "$few" = "$(wc -l < "$tmp/ridge.c")" ]; then ok; else bad "ridge: lines depend on the number of steps"; fi
if [ -z "$QUICK" ]; then
    if sh tests/golden/sizes.sh "$mflc" > "$tmp/log" 2>&1; then ok; else bad "lines depend on sizes"; cat "$tmp/log"; fi
fi
if sh tests/golden/reads.sh "$mflc" > "$tmp/log" 2>&1; then ok; else bad "what a reader must not meet"; cat "$tmp/log"; fi
# The same bytes each time.
make_c attention && cp "$tmp/attention.c" "$tmp/once.c" && make_c attention
if cmp -s "$tmp/once.c" "$tmp/attention.c"; then ok; else bad "attention: two builds differ"; fi
# 1 / 30 is 1 / (N B D) there, of arrays over N, B and D, not 1 / (N H): no array has steps and hidden units side by side.
"$mflc" build tests/reference/neural_ode/neural_ode.mfl --from tests/reference/neural_ode/in -o "$tmp" > "$tmp/log" 2>&1
if grep -q '^static int neural_ode_run_hypergradient' "$tmp/neural_ode.c" && ! grep -qF '(N * H)' "$tmp/neural_ode.c"; then ok; else bad "neural_ode: sizes by coincidence"; fi
count golden
