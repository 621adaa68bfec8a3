# Usage: exit code 2, the nearest name, help from the one table.
gives 2 "usage: mflc COMMAND"
gives 2 "did you mean \`grad\`" grda small.mfl
gives 2 "mflc grad needs a FILE" grad
gives 2 "did you mean \`--mode\`" grad small.mfl --mod mixed
gives 2 "unknown option" check small.mfl --log x
gives 2 "needs NAME=FILE" grad small.mfl --data
gives 2 "expected NAME=FILE" grad small.mfl --data x
gives 2 "expected a whole number" run small.mfl --steps minus
gives 2 "expected a whole number" run small.mfl --steps -3
gives 2 "expected a positive number" run small.mfl --clip 0
gives 2 "expected one of: float double" grad small.mfl --real half
gives 2 "expected one of: stop skip" run small.mfl --on-nonfinite go
gives 2 "expected NAME=N with a whole number" grad small.mfl -D N=x
gives 2 "at most 256" run small.mfl --threads 100000
gives 2 "expected no value" grad small.mfl --json=1
for o in --every --threads; do gives 2 "$o 0: expected a whole number from 1" run small.mfl $o 0; done
gives 2 "--repeat 0: expected a whole number from 1" grad small.mfl --repeat 0
for c in ops version; do gives 2 "mflc $c takes no FILE; found \`small.mfl\`" $c small.mfl; done
# A value that is given twice is not guessed; a list may be repeated, but not with the same name.
gives 2 "mflc: --seed is given twice: 1 and 2; leave one of them out" grad small.mfl --seed 1 --seed=2
gives 2 "mflc: --mode is given twice: mixed and reverse" grad small.mfl --mode mixed --mode steps=mixed --mode reverse
gives 2 "mflc: --mode is given twice: steps=mixed and steps=reverse" grad small.mfl --mode steps=mixed --mode auto --mode steps=reverse
gives 2 "mflc: -D is given twice: N=3 and N=4" grad small.mfl -DN=3 -D D=2 -D N=4
gives 2 "mflc: --data is given twice: x=a.csv and x=b.csv" grad small.mfl --data x=a.csv --data y=a.csv --data x=b.csv
gives 0 "graph" ir ../passes/dead_code.in --pass simplify --pass dead_code --pass simplify
gives 0 "usage: mflc COMMAND" --help
gives 0 "usage: mflc COMMAND" help
gives 0 "LLVM" version
gives 0 "LLVM" --version
gives 0 "softplus" ops
for c in build run grad check explain bench ops version; do
    gives 0 "usage: mflc $c" "$c" --help
    gives 0 "usage: mflc $c" help "$c"
done
gives 2 "did you mean \`check\`" help chek
gives 1 "cannot be read" grad "$tmp/none.mfl"
gives 0 "# The command line" help --markdown
yes_ "docs/cli.md is not what \`mflc help --markdown\` writes" cmp "$top/docs/cli.md" "$tmp/out"
# Little stack (ulimit -s): the compiler has its own. Little memory: no hang for BLAS's threads at the end.
if [ -z "$ASAN" ]; then
    yes_ "ulimit -s 64" sh -c 'ulimit -s 64; exec "$1" explain ../../examples/maml_sine.mfl' sh "$mflc"
    for v in 260000 300000 340000 400000; do
        OPENBLAS_NUM_THREADS=2 timeout 20 sh -c 'ulimit -v $2; exec "$1" version' sh "$mflc" $v > "$tmp/out" 2> "$tmp/err"
        code=$?
        case $code in 0|1|3|127|130) ok ;; *) bad "ulimit -v $v: exit code $code" ;; esac      # 127: the loader's, 130: BLAS's own, before main
    done
fi
# The library's lines are said to be the library's.
gives 0 "std/optimizers.mfl:5" explain ../../examples/ridge.mfl

# The compiler's own memory grows with the text, not with its square: 400 small products in turn took 5 GB.
awk 'BEGIN {
    print "problem deep_text\ndata x[4, 4]\nmeta m[4, 4] = 0.1\nparam p[4, 4] = 0\ninner {\n  v0 = p * m"
    for (i = 1; i < 400; i++) printf "  v%d = tanh(v%d @ m + x)\n", i, i - 1
    print "  return sum(v399) + sum(p^2)\n}\nstep p by sgd(0.1) for 3\nouter = sum(p^2)"
}' > "$tmp/deep_text.mfl"
[ -n "$ASAN" ] || yes_ "400 products within 2 GB" sh -c 'ulimit -v 2097152; exec "$1" build "$2/deep_text.mfl" --mode mixed --schedule snapshot -o "$2"' sh "$mflc" "$tmp"
# Twelve loops in one another: each pass copies what lies inside, which is let go after it, and an inner loop is priced as often as there are loops around it, not twice for each of
# them. 512 numbers in records of records: many params are walked over once, not once for each.
{
    printf 'problem deep_loops\nmeta m[4] = 0.1\nparam p[4] = 0.2\ninner {\n  h = p * m\n'
    for k in 0 1 2 3 4 5 6 7 8 9 10 11; do printf '  for i%d in 0:2 {\n' $k; done
    printf '  h = tanh(h) + p\n }}}}}}}}}}}}\n  return sum(h) + sum(p^2)\n}\nstep p by sgd(rate = 0.1) for 3\nouter = sum(p^2)\n'
} > "$tmp/deep_loops.mfl"
{
    printf 'problem deep_records\nstruct S0 { a = 0.1 b = 0.2 }\n'
    for k in 1 2 3 4 5 6 7 8; do printf 'struct S%d { a : S%d b : S%d }\n' $k $((k - 1)) $((k - 1)); done
    printf 'meta m : S8\nparam p : S8\ninner = (p.a.a.a.a.a.a.a.a.a - m.a.a.a.b.a.a.a.a.a)^2\nstep p by sgd(rate = 0.1) for 2\nouter = p.a.a.a.a.a.a.a.a.a^2\n'
} > "$tmp/deep_records.mfl"
for f in deep_loops deep_records; do
    [ -n "$ASAN" ] || yes_ "$f within 750 MB" timeout 120 sh -c 'ulimit -v 768000; exec "$1" build "$2/$3.mfl" -o "$2"' sh "$mflc" "$tmp" $f
done
# A profile that is no profile is said not to be used; one that cannot be written is told of before anything is measured.
gives 2 '--log "": expected FILE' run small.mfl --log ''
with_profile() { MFLC_PROFILE=$1; export MFLC_PROFILE; shift; gives "$@"; MFLC_PROFILE=$tmp/no-profile; }
printf 'float scalar 3e-10\nfloat scalar fast\n' > "$tmp/bad.profile"
with_profile "$tmp/bad.profile" 0 "is not used: line 2 is not a rate" explain ../../examples/ridge.mfl
printf 'float scalar 3e-10\n\0' > "$tmp/bad.profile"
with_profile "$tmp/bad.profile" 0 "is not used: it is no text" explain ../../examples/ridge.mfl
with_profile "$tmp" 0 "is not used: it is not a regular file" explain ../../examples/ridge.mfl
printf 'float scalar 3e-10\n' > "$tmp/bad.profile"
with_profile "$tmp/bad.profile" 0 "this machine's profile" explain ../../examples/ridge.mfl
with_profile "$tmp/bad.profile/x" 3 "cannot be written" bench --calibrate
