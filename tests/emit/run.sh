#!/bin/sh
# mflc build --emit FORM: each form of several problems is accepted by the tool it is for. usage: run.sh MFLC BUILD [PROBLEM ...]. QUICK=1: one problem.
mflc=$1 B=$2
shift 2
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1
export OPENBLAS_NUM_THREADS=1 TMPDIR="$tmp"
flags="-std=c99 -Wall -Wextra -Werror -pedantic -Wdouble-promotion -Iinclude"

# emit FORM FILE: the form is written, to just this file, by its name
emit() {
    rm -rf "$tmp/o"
    "$mflc" build "$r/$p.mfl" --from "$r/in" --real double --emit "$1" -o "$tmp/o" > "$tmp/log" 2>&1 && [ "$(ls "$tmp/o")" = "$2" ] && [ "$(sed -n '$=' "$tmp/log")" -ge 2 ] && grep -qxF "$tmp/o/$2" "$tmp/log"
}
# try WHAT COMMAND ...
try() { what=$1; shift; if "$@" > "$tmp/log" 2>&1; then ok; else bad "$p: $what"; fi; }
same_numbers() { mkdir -p "$tmp/out" && "$1" "$r/in" "$tmp/out" > "$tmp/log" 2>&1 && "$B/tests/compare" "$r/out" "$tmp/out" 1e-10 > "$tmp/log" 2>&1; }
# once FILE LINE ...: the file has each line once
once() { file=$1; shift; for l; do [ "$(grep -cxF "$l" "$file")" = 1 ] || { echo "not once: $l"; return 1; }; done; }

for p in ${@:-records ${QUICK:-ridge indexing path_loss maml_sine two_optimizers truncated edge_T0}}; do
    [ -d "tests/reference/$p" ] || continue
    r=tests/reference/$p
    cut=; ! grep -qE 'detach|truncate' "$r/$p.mfl" || cut=-DCUT          # differences see what these cut
    if emit header "$p.h"; then try "header compiles as C and C++" sh -c "echo '#include \"$p.h\"' | gcc $flags -I$tmp/o -x c -fsyntax-only - && echo '#include \"$p.h\"' | clang-19 -std=c++11 -Wall -Wextra -Wconversion -Wshadow -Wold-style-cast -pedantic -Werror -Iinclude -I$tmp/o -x c++ -fsyntax-only -"; else bad "$p: --emit header"; fi
    if emit llvm "$p.ll"; then try "opt verifies the LLVM text" opt-19 -passes=verify -disable-output "$tmp/o/$p.ll"; else bad "$p: --emit llvm"; fi
    if emit asm "$p.s"; then try "the assembly assembles" gcc -c -o "$tmp/asm.o" "$tmp/o/$p.s"; else bad "$p: --emit asm"; fi
    if emit obj "$p.o"; then
        cp "$tmp/o/$p.o" "$tmp/obj.o"
        for o in obj asm; do
            try "$o links" gcc -std=gnu11 -O1 -Iinclude -DPROBLEM="${p}_problem" -o "$tmp/$o" tests/run/host.c "$tmp/$o.o" "$B/libmfl_runtime.a" -lopenblas -lm
            if same_numbers "$tmp/$o"; then ok; else bad "$p: numbers of $o"; fi
        done
        # everything that the generated C promises: sums, tasks, what is not wanted, wrong inputs, differences
        try "a host of the whole interface" gcc -std=gnu11 -O1 -Iinclude $cut -DPROBLEM="${p}_problem" -o "$tmp/host" tests/interface/host.c "$tmp/obj.o" "$B/libmfl_runtime.a" -lopenblas -lm
        try "the whole interface" "$tmp/host"
    else bad "$p: --emit obj"; fi
    if emit so "lib$p.so"; then
        try "a host for shared objects" gcc -std=gnu11 -Wall -Wextra -Werror -Iinclude -o "$tmp/load" tests/emit/host.c -ldl
        try "dlopen" "$tmp/load" "$tmp/o/lib$p.so" "${p}_problem"
    else bad "$p: --emit so"; fi
    if emit ir "$p.ir"; then cp "$tmp/o/$p.ir" "$tmp/"; try "every graph once" once "$tmp/o/$p.ir" 'graph "meta_init" {' 'graph "adapt" {' 'graph "value" {' 'graph "hypergradient" {'; else bad "$p: --emit ir"; fi
    if emit loops "$p.loops"; then try "every entry once" once "$tmp/o/$p.loops" "function init" "function adapt" "function value" "function hypergradient"; else bad "$p: --emit loops"; fi
    if emit dot "$p.dot"; then
        # every box holds its shape; every loop is a cluster with its number of iterations; the layout has as many boxes as the text
        try "dot lays it out" dot -Tsvg -o "$tmp/o/$p.svg" "$tmp/o/$p.dot"
        if [ ! -s "$tmp/log" ] && [ "$(grep -c '<g id="node' "$tmp/o/$p.svg")" = "$(grep -cE '^ *(n[0-9][0-9a-z_]*|out[0-9]+) \[' "$tmp/o/$p.dot")" ] && ! grep -E '^ *n[0-9][0-9a-z_]* \[label' "$tmp/o/$p.dot" | grep -vqE '\\n\[[0-9, ]*\]", '; then ok; else bad "$p: boxes"; fi
        if [ "$(grep -cE 'label="[^"]*: [0-9]+ iterations' "$tmp/o/$p.dot")" = "$(awk '/^graph/ { on = $2 == "\"hypergradient\"" } on && / = loop / { n++ } END { print n + 0 }' "$tmp/$p.ir" 2> "$tmp/log")" ]; then ok; else bad "$p: clusters"; fi
    else bad "$p: --emit dot"; fi
done
# Loops of three elements are straight code, those of seven are loops.
printf 'problem few\ndim N\ndata x[N]\nmeta m[N] = 0\nparam w[N] = m\ninner = sum(w^3 * x) / 3\nstep w by sgd(rate = 0.1) for 5\nouter = sum(w^2)\n' > "$tmp/few.mfl"
for n in 3 7; do "$mflc" build "$tmp/few.mfl" -D N=$n --emit llvm -o "$tmp/few$n" > "$tmp/log" 2>&1 || bad "few $n"; done
if [ "$(grep -c ' phi i64' "$tmp/few3/few.ll")" -lt 6 ] && [ "$(grep -c ' phi i64' "$tmp/few7/few.ll")" -gt 8 ]; then ok; else bad "loops of a few elements"; fi
p=ridge r=tests/reference/ridge
if "$mflc" build $r/$p.mfl --from $r/in --emit tape -o "$tmp/o" > "$tmp/log" 2>&1; [ $? = 2 ] && grep -q 'expected one of: c header llvm asm obj so ir loops dot' "$tmp/log"; then ok; else bad "an unknown form"; fi
# Machine code runs on every processor of the architecture unless --native is given; then it uses what this one has, and gives the same bits.
if "$mflc" build $r/$p.mfl --from $r/in --emit asm -o "$tmp/any" > "$tmp/log" 2>&1 && ! grep -E '%[yz]mm|\<v[a-z0-9]+[sp][sd]\>' "$tmp/any/$p.s" > "$tmp/log"; then ok; else bad "code for any processor"; fi
if "$mflc" build $r/$p.mfl --from $r/in --emit asm --native -o "$tmp/own" > "$tmp/log" 2>&1 && { ! grep -qw avx2 /proc/cpuinfo || grep -q '%[yz]mm' "$tmp/own/$p.s"; }; then ok; else bad "code for this processor"; fi
for o in any own; do
    mkdir -p "$tmp/out_$o"
    try "$o links" gcc -std=gnu11 -O1 -Iinclude -DPROBLEM="${p}_problem" -o "$tmp/$o/host" tests/run/host.c "$tmp/$o/$p.s" "$B/libmfl_runtime.a" -lopenblas -lm
    try "$o runs" "$tmp/$o/host" $r/in "$tmp/out_$o"
done
if [ -s "$tmp/out_own/outer.npy" ] && diff -r "$tmp/out_any" "$tmp/out_own" > "$tmp/log"; then ok; else bad "other bits for this processor"; fi
if "$mflc" build $r/$p.mfl --from $r/in --emit so --native -o "$tmp/own" > "$tmp/log" 2>&1; then try "dlopen of code for this processor" "$tmp/load" "$tmp/own/lib$p.so" "${p}_problem"; else bad "--emit so --native"; fi
if "$mflc" build $r/$p.mfl --from $r/in --native -o "$tmp/none" > "$tmp/log" 2>&1; [ $? = 2 ] && [ -z "$(ls "$tmp/none")" ] && grep -q 'goes with machine code' "$tmp/log"; then ok; else bad "--native without machine code"; fi
# A disk that is full: no half a file.
for form in llvm asm obj; do
    (ulimit -f 1; exec "$mflc" build $r/$p.mfl --from $r/in --emit $form -o "$tmp/full") > "$tmp/log" 2>&1
    if [ $? = 3 ] && grep -q 'cannot be written: File too large' "$tmp/log" && [ -z "$(ls "$tmp/full")" ]; then ok; else bad "--emit $form on a full disk"; fi
done
count emit
