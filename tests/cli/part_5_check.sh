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
