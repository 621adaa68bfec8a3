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
