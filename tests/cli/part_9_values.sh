# Values that are not known: the nearest one that is.
near() { n=$1; shift; gives 2 "did you mean \`$n\`?" "$@"; }
near mixed grad small.mfl --mode mxed
near steps grad small.mfl --from "$d" --mode stps=keep
near keep grad small.mfl --from "$d" --mode steps=kep
near forward grad small.mfl --from "$d" --mode steps=foward
near reverse grad small.mfl --from "$d" --mode gradient=revers
near snapshot grad small.mfl --schedule snapshoot
near every grad small.mfl --schedule evry:3
near binomial grad small.mfl --loops binomail:2
near double grad small.mfl --real duoble
near llvm build small.mfl --emit llmv
near lower build small.mfl --dump lwer
near linearize ir small.mfl --pass linearise
near skip run small.mfl --on-nonfinite skp
gives 2 "expected auto, keep" grad small.mfl --schedule every:
gives 2 "expected auto, keep" grad small.mfl --schedule every:0
gives 2 "expected auto, keep" grad small.mfl --schedule keep+last:2
gives 2 "expected bytes" grad small.mfl --memory 64Mib
gives 2 "expected bytes" grad small.mfl --memory -1
gives 2 "expected a positive number" run small.mfl --clip nan
gives 2 "expected a positive number" check small.mfl --tol -1
gives 2 "one FILE is expected" grad small.mfl tasks.mfl
printf 'problem v\ndim WIDTH = 2\nmeta m[WIDTH] = 1\nparam w[WIDTH] = m\ninner = sum(w^2)\nstep w by sgd(rate = 0.1) for 1\nouter = sum(w)\n' > "$tmp/v.mfl"
gives 1 "did you mean -D WIDTH=3?" grad "$tmp/v.mfl" -D WIDHT=3
