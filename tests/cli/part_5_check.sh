# check: agrees where all is right, says what it cannot compare, and finds what is wrong.
for r in float double; do gives 0 "all agree" check small.mfl --from "$d" --real $r; done
gives 0 "all agree" check tasks.mfl --data x="$tmp/tx.csv" --data y="$tmp/ty.csv" --threads 2
yes_ "check: a table for each meta variable" grep -q '^rate \[\]' "$tmp/out"
yes_ "check: the dot-product test" grep -q 'dot product.*agrees' "$tmp/out"
# about 'OUTER' 'WORDS' ['INNER']: no false alarm
about() {
    printf 'problem k\nmeta a[2] = 0\nmeta b = 0.3\nparam w = b\ninner = %s\nstep w by sgd(rate = 0.1) for 3\nouter = %s\n' "${3:-(w - b)^2 + sum(a) * w}" "$1" > "$tmp/k.mfl"
    gives 0 "$2" check "$tmp/k.mfl"
}
about "w^2 + sum(abs(a))" "all agree"
about "w^2 + sum(relu(a - 0))" "a kink at this point"
about "w^2 + max(a[0], a[1])^2" "all agree"
about "w^2 + detach(w) * b" "detach in outer cuts derivatives"
about "w^2" "detach in inner cuts derivatives" "(w - detach(a[0] * b))^2 + b * w^2"
printf 'problem k\nmeta b = 0.3\nparam w = b\ninner = (w - 1)^2 * b\nstep w by sgd(rate = 0.1) for 5\ntruncate 2\nouter = w^2\n' > "$tmp/k.mfl"
gives 0 "truncate 2 cuts the derivative" check "$tmp/k.mfl"
# large: random directions instead of all numbers, forward mode left out
printf 'problem big\nmeta a[200, 200] = normal(0.1)\nparam w[200] = 0\ninner = sum((a @ w - 1)^2) / 200 + 0.1 * sum(w^2)\nstep w by sgd(rate = 0.1) for 3\nouter = sum(w^2)\n' > "$tmp/big.mfl"
gives 0 "forward is not run" check "$tmp/big.mfl"
yes_ "check: differences along random directions" grep -q 'differences, way 2 .*agrees' "$tmp/out"
# metas that no cut concerns are compared all the same
about "w^2 + detach(a[0]) * b" "detach in outer cuts derivatives"
printf 'problem k\nmeta a = 0.2\nmeta b = 0.3\nparam w = detach(a)\ninner = (w - 1)^2 * b\nstep w by sgd(rate = 0.1) for 5\nouter = w^2\n' > "$tmp/k.mfl"
gives 0 "not compared: detach in an initial value cuts derivatives" check "$tmp/k.mfl"
[ "$(grep -c 'differences .*agrees' "$tmp/out")" = 1 ] && ok || bad "check: the meta that detach does not concern is not compared"
# the library's own detach, of the maximum in a softmax, cuts nothing; Adam with a small eps_root bends close by
printf 'problem k\nmeta a[3] = normal(1)\nparam w[3] = a\ninner = logsumexp(w) - sum(log_softmax(2 * w) * a)\nstep w by adam(rate = 0.01, eps_root = 1e-12) for 4\nouter = softmax(w)[0] + sum(w^2)\n' > "$tmp/k.mfl"
gives 0 "all agree" check "$tmp/k.mfl"
[ "$(grep -c 'difference, number .*agrees' "$tmp/out")" = 3 ] && ok || bad "check: differences of a softmax and Adam do not agree"
# what is wrong is found: a derivative that no difference confirms, a value that is not finite
printf 'problem k\nmeta m[3] = 0.3\nparam w[3] = m\ninner = sum(w^2)\nstep w by sgd(rate = 0.1) for 1\nouter = sum(floor(1e9 * m)) / 1e9\nlearn m by sgd(rate = 0.1) for 1\n' > "$tmp/k.mfl"
gives 4 "the hypergradient is in doubt" check "$tmp/k.mfl"
gives 4 "the hypergradient of m disagrees with differences" run "$tmp/k.mfl" --verify --real double -o "$tmp/v"
gives 0 "" run "$tmp/k.mfl" -o "$tmp/v"
gives 4 "the hypergradient of a is not finite" check "$tmp/back.mfl"
gives 4 "the outer value is not finite" check "$tmp/nan.mfl"
