# grad: seed, mode, JSON, timing, files; what cannot be written is reported and nothing half-written is left.
gives 0 "" grad small.mfl --from "$d" --seed 1
a=$(number outer)$(cat "$tmp/out")
gives 0 "" grad small.mfl --from "$d" --seed 1
[ "$a" = "$(number outer)$(cat "$tmp/out")" ] && ok || bad "the same seed, other numbers"
gives 0 "" grad small.mfl --from "$d" --seed 2
[ "$a" != "$(number outer)$(cat "$tmp/out")" ] && ok || bad "another seed, the same numbers"
for m in mixed reverse forward; do gives 0 "$m" grad small.mfl --from "$d" --mode $m; done
gives 0 '"outer":' grad small.mfl --from "$d" --json --repeat 3
for key in problem outer norms mode schedule loops why real work_bytes tasks seconds_min seconds_median repeat; do
    yes_ "grad --json says $key" grep -q "\"$key\":" "$tmp/out"
done
# JSON for programs: a parser reads it, whatever the names hold.
json() { gives 0 "" "$@"; if python3 -m json.tool < "$tmp/out" > "$tmp/tool" 2> "$tmp/err" && [ -s "$tmp/tool" ]; then ok; else bad "not JSON: mflc $*"; fi; }
utf8=$tmp/$(printf 'a"b\\c caf\303\251').mfl latin1=$tmp/$(printf 'caf\351').mfl
cp small.mfl "$utf8"
cp small.mfl "$latin1"
for f in small.mfl "$utf8" "$latin1"; do
    json grad "$f" --from "$d" --json
    json grad "$f" --from "$d" --json --repeat 3
    json explain "$f" --from "$d" --json
    regions=$(python3 -c 'import json, sys; o = json.load(open(sys.argv[1])); print(len(o["regions"]), len(o["workspace"]), len(o["alternatives"]) > 1)' "$tmp/out")
    [ -n "${all:=$regions}" ] && [ "$regions" = "$all" ] && ok || bad "explain --json of $f leaves things out: $regions; $all"
    json bench "$f" --from "$d" --json --repeat 1
    json bench "$f" --from "$d" --json --repeat 1 --nests
    python3 - "$tmp/out" > "$tmp/err" 2>&1 <<'END' && ok || bad "bench --nests --json of $f: the pieces are not the whole"
import json, sys
plans = json.load(open(sys.argv[1]))
assert sum(p["chosen"] for p in plans) == 1
for p in plans:
    assert p["nests"], p["plan"]
    for n in p["nests"]:
        assert n["loops"] and n["times"] > 0 and n["predicted_seconds"] >= 0 and n["measured_seconds"] < 1, n
    for kind in "fma", "tile", "vector_math", "vector_div", "scalar_math", "scalar_div":      # waits differ: a piece is run again and again
        parts = sum(n["times"] * n["work"][kind] for n in p["nests"])
        assert abs(parts - p["work"][kind]) <= 1e-9 * parts, (p["plan"], kind, parts, p["work"][kind])
END
done
gives 0 ", each by itself, ns" bench small.mfl --from "$d" --repeat 1 --nests
yes_ "bench --nests has no sum" grep -q "^ *all " "$tmp/out"
printf 'problem j\nmeta m = 0\nparam w = m\ninner = w^2\nstep w by sgd(rate = 0.1) for 1\nouter = 1 / m\n' > "$tmp/j.mfl"
gives 4 '"outer": null' grad "$tmp/j.mfl" --json
yes_ "grad --json of an infinite value is not JSON" python3 -m json.tool "$tmp/out"
gives 0 "median of 3" grad small.mfl --from "$d" --repeat 3
gives 3 "cannot be written" grad small.mfl --from "$d" -o /proc/nothing
yes_ "a file where the folder should be" touch "$tmp/file"
gives 3 "cannot be written: Not a directory" grad small.mfl --from "$d" -o "$tmp/file/x"
if [ -c /dev/full ]; then
    "$mflc" grad small.mfl --from "$d" > /dev/full 2> "$tmp/err"
    [ $? = 3 ] && grep -q "the output cannot be written" "$tmp/err" && ok || bad "a full disk behind the standard output is not noticed"
fi
# A limit on file sizes stands for a full disk: what was there stays, no .part file is left.
mkdir -p "$tmp/full"
printf old > "$tmp/full/outer.npy"
(ulimit -f 0; exec "$mflc" grad small.mfl --from "$d" -o "$tmp/full") > /dev/null 2>&1
code=$?
[ "$code" = 3 ] && ok || bad "a full disk: exit code $code"
[ "$(cat "$tmp/full/outer.npy")" = old ] && ok || bad "a full disk damaged the old file"
no_ "a full disk left a partial file" sh -c "ls '$tmp/full/'*.part"
# Several tasks: the mean, the same bits for any number of threads.
awk 'BEGIN { for (i = 0; i < 7; i++) print i * 0.1 + 0.1 "," 0.5 - i * 0.05 "," 1 }' > "$tmp/tx.csv"
awk 'BEGIN { for (i = 0; i < 7; i++) print 0.3 "," i * 0.02 "," 0.7 }' > "$tmp/ty.csv"
for n in 1 2 3 16; do
    gives 0 "outer value" grad tasks.mfl --data x="$tmp/tx.csv" --data y="$tmp/ty.csv" --threads $n -o "$tmp/t$n"
    yes_ "--threads $n changes bits" diff -r "$tmp/t1" "$tmp/t$n"
done
json explain tasks.mfl --data x="$tmp/tx.csv" --data y="$tmp/ty.csv" --json
gives 0 '"tasks": 7' grad tasks.mfl --data x="$tmp/tx.csv" --data y="$tmp/ty.csv" --json
head -n 5 "$tmp/ty.csv" > "$tmp/short.csv"
gives 3 "holds 5 tasks; another array holds 7" grad tasks.mfl --data x="$tmp/tx.csv" --data y="$tmp/short.csv"
# A record of rates goes with the record of parameters by the names of the fields, whatever their order (once by their places: another field's rate, silently).
printf 'problem r\nstruct A { a[3] = 0.5  b[3] = 1 }\nstruct R { b = 0.1  a = 0.01 }\nmeta r : R\nparam w : A\ninner = sum(w.a^2) + sum(w.b^2)\nstep w by sgd(rate = r) for 1\nouter = sum(w.a)\n' > "$tmp/r.mfl"
gives 0 "outer value" grad "$tmp/r.mfl" --real double
[ "$(number d_r.a) $(number d_r.b)" = "-3 0" ] && ok || bad "rates go by places, not by names: $(cat "$tmp/out")"
# What changes nothing says so, and the numbers are those without it.
gives 0 "" grad small.mfl --from "$d" -o "$tmp/u0"
unused() {
    words=$1
    shift
    gives 0 "mflc: note: $words has no effect: " grad small.mfl --from "$d" "$@"
}
unused "--threads 3" --threads 3
unused "--loops binomial:1" --loops binomial:1
unused "--store $tmp" --store "$tmp" --schedule keep
unused "--schedule keep" --schedule keep --mode forward
printf '0.04\n' > "$tmp/rate1.csv"
gives 0 "mflc: note: --meta rate=$tmp/rate1.csv has no effect: " build small.mfl --from "$d" --meta rate="$tmp/rate1.csv" -o "$tmp/unused"
for form in ir dot; do gives 2 "found --emit $form" build small.mfl --from "$d" --guard --emit $form -o "$tmp/unused"; done
mkdir -p "$tmp/other"
gives 0 "mflc: note: --from $tmp/other has no effect: " grad "$top/examples/ridge.mfl" --from "$tmp/other"
gives 2 "--mode steps=snapshot: expected one schedule of the inner loop; --schedule gives another" grad small.mfl --from "$d" --schedule keep --mode steps=snapshot
timeout 60 "$mflc" grad small.mfl --from "$d" --threads 1 --schedule every:2+store --store "$tmp" > "$tmp/out" 2> "$tmp/err"
[ -s "$tmp/err" ] && bad "a note about options that do something" || ok
# The file of a store goes with its process, however that ends.
mkdir "$tmp/states"
"$mflc" grad small.mfl --from "$d" --schedule every:2+store --store "$tmp/states" --repeat 1000000000 > /dev/null 2>&1 &
pid=$!
tries=0
while ! ls -l /proc/$pid/fd 2> /dev/null | grep -q "$tmp/states/" && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
[ $tries -lt 300 ] && ok || bad "no store is open"
kill -KILL $pid
wait $pid 2> /dev/null
[ -z "$(ls "$tmp/states")" ] && ok || bad "a killed process has left its states: $(ls "$tmp/states")"
