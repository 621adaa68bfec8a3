# run: results, checkpoints, going on bit for bit after anything.
ridge=$top/examples/ridge.mfl
# same A B: all files equal
same() { yes_ "$3: $(diff -rq "$1" "$2" | head -n 2)" diff -r "$1" "$2"; }
gives 0 "outer loss" run small.mfl --from "$d" -o "$tmp/r20" --steps 20 --log "$tmp/r20/log" --every 7
for f in log_l2.npy log_l2.csv rate.npy w.npy w.csv loss.svg small.ckpt log; do yes_ "run writes $f" test -s "$tmp/r20/$f"; done
[ "$(wc -l < "$tmp/r20/log")" = 20 ] && ok || bad "--log: one line for each outer step"
if command -v python3 > /dev/null; then yes_ "--log: every line is JSON" sh -c "while read -r l; do printf '%s' \"\$l\" | python3 -m json.tool || exit 1; done < '$tmp/r20/log'"; fi
first=$(sed -n 's/outer loss \([^ ]*\) before, \([^ ]*\) after.*/\1/p' "$tmp/out") last=$(sed -n 's/outer loss \([^ ]*\) before, \([^ ]*\) after.*/\2/p' "$tmp/out")
awk -v a="$first" -v b="$last" 'BEGIN { exit !(b < a) }' && ok || bad "run does not lower the outer loss: $first to $last"
# One run at a time in a folder; compilers that write the same files wait for each other.
mkdir "$tmp/held"
flock "$tmp/held" "$mflc" run small.mfl --from "$d" -o "$tmp/held" > "$tmp/out" 2> "$tmp/err"
[ $? = 3 ] && grep -q 'another `mflc run` writes to' "$tmp/err" && [ -z "$(ls "$tmp/held")" ] && ok || bad "a second run in the same folder"
gives 0 "outer loss" run small.mfl --from "$d" -o "$tmp/held" --steps 2
"$mflc" build small.mfl --from "$d" -o "$tmp/alone" > "$tmp/out" 2> "$tmp/err"
mkdir "$tmp/many"
head -c 200000 /dev/zero > "$tmp/many/small.c.part"           # what a killed one left
for round in 1 2 3; do
    pids=
    for k in 1 2 3 4 5 6; do "$mflc" build small.mfl --from "$d" -o "$tmp/many" > /dev/null 2>> "$tmp/many.err" & pids="$pids $!"; done
    for pid in $pids; do wait "$pid" || bad "one of six builds at once: $(grep cannot "$tmp/many.err")"; done
done
diff -r "$tmp/alone" "$tmp/many" > "$tmp/err" && ok || bad "six builds at once"
# With a standard stream closed the log would be opened in its place.
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
    eval '"$mflc" run small.mfl --from "$d" -o "$tmp/r_closed" --steps 20 --log "$tmp/r_closed/log" --every 7 '"$closed" > "$tmp/out" 2> "$tmp/err"
    cmp "$tmp/r20/log" "$tmp/r_closed/log" > "$tmp/out" && cmp "$tmp/r20/w.npy" "$tmp/r_closed/w.npy" > "$tmp/out" && ok || bad "run with $closed: $(cat "$tmp/out")"
    rm -rf "$tmp/r_closed"
done
gives 0 "after 10 outer steps" run small.mfl --from "$d" -o "$tmp/r10" --steps 10 --log "$tmp/r10/log"
gives 0 "after 20 outer steps" run small.mfl --from "$d" -o "$tmp/r10" --steps 20 --log "$tmp/r10/log" --resume "$tmp/r10/small.ckpt"
same "$tmp/r20" "$tmp/r10" "20 steps and 10 + 10 steps differ"
gives 0 "" run small.mfl --from "$d" -o "$tmp/c0" --steps 0
gives 0 "after 20 outer steps" run small.mfl --from "$d" -o "$tmp/c0" --resume "$tmp/c0/small.ckpt" --log "$tmp/c0/log"
same "$tmp/r20" "$tmp/c0" "20 steps and 0 + 20 steps differ"
# refused
c=$tmp/r20/small.ckpt
refused() { gives 3 "$1" run "$2" --resume "$c" -o "$tmp/refused" $3; }
refused "belongs to the problem small, not to tasks" tasks.mfl "--data x=$tmp/tx.csv --data y=$tmp/ty.csv"
refused "written with --real float" small.mfl "--from $d --real double"
refused "written with --seed 0" small.mfl "--from $d --seed 3"
refused "written without --clip" small.mfl "--from $d --clip 1"
refused "written with --on-nonfinite stop" small.mfl "--from $d --on-nonfinite skip"
gives 0 "outer loss" run small.mfl --from "$d" -o "$tmp/kept" --steps 1 --mode mixed --schedule keep
gives 3 "written by the plan \"mixed, keep\"; this run would be \"mixed, snapshot\"" run small.mfl --resume "$tmp/kept/small.ckpt" -o "$tmp/refused" --from "$d" --mode mixed --schedule snapshot
gives 3 "written by the plan \"mixed, keep\"; this run would be \"reverse, keep\"" run small.mfl --resume "$tmp/kept/small.ckpt" -o "$tmp/refused" --from "$d" --mode reverse --schedule keep
refused "stands after outer step 20; 5 are asked for" small.mfl "--from $d --steps 5"
mkdir -p "$tmp/d2"
cp "$d"/* "$tmp/d2"
printf '1\n2\n0.5\n-1.5\n' > "$tmp/d2/y.csv"
refused "written with other data" small.mfl "--from $tmp/d2"
printf '1,2\n3,4\n5,6\n' > "$tmp/d2/x.csv"; printf '1\n2\n3\n' > "$tmp/d2/y.csv"; printf '1\n2\n3\n' > "$tmp/d2/k.csv"
refused "other sizes" small.mfl "--from $tmp/d2"
sed 's/0.1 \* rate^2/0.2 * rate^2/' small.mfl > "$tmp/small.mfl"
gives 3 "has changed since it was written" run "$tmp/small.mfl" --from "$d" --resume "$c" -o "$tmp/refused"
c=$tmp/none.ckpt; refused "cannot be opened" small.mfl "--from $d"
c=$d/x.csv; refused "not a checkpoint" small.mfl "--from $d"
printf '0.04\n' > "$tmp/rate1.csv"; printf '0.05\n' > "$tmp/rate2.csv"
gives 0 "" run small.mfl --from "$d" --meta rate="$tmp/rate1.csv" -o "$tmp/rate" --steps 4 --quiet
c=$tmp/rate/small.ckpt; refused "it was written with other data" small.mfl "--from $d --meta rate=$tmp/rate2.csv"
gives 0 "after 6 outer steps" run small.mfl --from "$d" --meta rate="$tmp/rate1.csv" -o "$tmp/rate" --steps 6 --quiet --resume "$tmp/rate/small.ckpt"
gives 0 "--verify has no effect: there was no outer step to do" run small.mfl --from "$d" --meta rate="$tmp/rate1.csv" -o "$tmp/rate" --steps 6 --quiet --resume "$tmp/rate/small.ckpt" --verify
size=$(wc -c < "$tmp/r20/small.ckpt")
for n in 3 100 $((size - 1)); do
    head -c "$n" "$tmp/r20/small.ckpt" > "$tmp/cut.ckpt"
    c=$tmp/cut.ckpt; refused "cannot be resumed" small.mfl "--from $d"
done
for at in 7 70 100 130 180 $((size - 3)); do          # one byte is another
    { head -c "$at" "$tmp/r20/small.ckpt"; printf '\252'; tail -c +$((at + 2)) "$tmp/r20/small.ckpt"; } > "$tmp/cut.ckpt"
    cmp -s "$tmp/r20/small.ckpt" "$tmp/cut.ckpt" && continue
    c=$tmp/cut.ckpt; refused "cannot be resumed" small.mfl "--from $d"
done
# Ctrl-C, or a job scheduler's SIGTERM: stops after a step with what it has, says so by its exit code, and can go on.
"$mflc" run "$ridge" -o "$tmp/whole" --steps 3000 --quiet --log "$tmp/whole/log" > /dev/null 2>&1 || bad "run ridge"
for stop in INT:130 TERM:143 HUP:129; do
    o=$tmp/${stop%:*}
    "$mflc" run "$ridge" -o "$o" --steps 3000 --log "$o/log" > "$tmp/out" 2> "$tmp/err" &
    pid=$!
    tries=0
    while ! [ -s "$o/log" ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -"${stop%:*}" $pid
    wait $pid
    code=$?
    [ "$code" = "${stop#*:}" ] && grep -q "stopped after outer step" "$tmp/err" && grep -q "^outer loss" "$tmp/out" && [ -s "$o/w.npy" ] && ok || bad "SIG${stop%:*}: exit code $code"
    [ "$(wc -l < "$o/log")" -lt 3000 ] && ok || bad "SIG${stop%:*} came too late to mean anything"
    gives 0 "after 3000 outer steps" run "$ridge" -o "$o" --steps 3000 --log "$o/log" --quiet --resume "$o/ridge.ckpt"
    same "$tmp/whole" "$o" "a run that SIG${stop%:*} stopped differs"
done
# A log is one run's, and nothing else is written over.
mkfifo "$tmp/hold"
"$mflc" run small.mfl --from "$d" -o "$tmp/l1" --steps 100000000 --quiet --log "$tmp/one.log" > "$tmp/hold" 2>&1 &
pid=$!
exec 9< "$tmp/hold"
tries=0
while ! [ -s "$tmp/one.log" ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
gives 3 "another \`mflc run\` writes to $tmp/one.log" run small.mfl --from "$d" -o "$tmp/l2" --steps 2 --log "$tmp/one.log"
gives 3 "another \`mflc run\` writes to $tmp/l1" run small.mfl --from "$d" -o "$tmp/l1" --steps 2
kill -TERM $pid
wait $pid
exec 9<&-
[ "$(head -c 11 "$tmp/one.log")" = '{"step": 0,' ] && ok || bad "the log of a run was touched by another"
gives 0 "" run small.mfl --from "$d" -o "$tmp/l2" --steps 2 --log "$tmp/one.log"
[ "$(wc -l < "$tmp/one.log")" = 2 ] && ok || bad "a log is begun anew without --resume"
cp small.mfl "$tmp/own.mfl"
gives 3 "it is there and not a log of mflc run" run "$tmp/own.mfl" --from "$d" -o "$tmp/l2" --steps 2 --log "$tmp/own.mfl"
yes_ "a problem is not written over by its log" cmp small.mfl "$tmp/own.mfl"
for name in small.ckpt rate.npy w.csv loss.svg; do rm -rf "$tmp/l3"; gives 3 "it is one of the results" run small.mfl --from "$d" -o "$tmp/l3" --steps 2 --log "$tmp/l3/$name"; done
# Killed at any moment, again and again.
kills=${QUICK:+3}
"$mflc" run "$ridge" -o "$tmp/kill" --steps 3000 --every 1 --quiet --log "$tmp/kill/log" > /dev/null 2>&1 &
for k in $(seq 1 "${kills:-12}"); do
    pid=$!
    sleep "0.$((k * 37 % 60 + 30))"
    kill -KILL $pid 2> /dev/null
    wait $pid 2> /dev/null
    [ -e "$tmp/kill/ridge.ckpt" ] || { "$mflc" run "$ridge" -o "$tmp/kill" --steps 3000 --every 1 --quiet --log "$tmp/kill/log" > /dev/null 2>&1 & continue; }
    "$mflc" run "$ridge" -o "$tmp/kill" --steps 3000 --every 1 --quiet --log "$tmp/kill/log" --resume "$tmp/kill/ridge.ckpt" > /dev/null 2> "$tmp/err" &
done
wait $! || bad "after being killed: exit code $?"

same "$tmp/whole" "$tmp/kill" "a run that was killed differs"
# --threads gives the same bits, --clip and --verify do what they say
for n in 1 4; do gives 0 "" run tasks.mfl --data x="$tmp/tx.csv" --data y="$tmp/ty.csv" -o "$tmp/th$n" --threads $n --quiet; done
same "$tmp/th1" "$tmp/th4" "run --threads changes bits"
gives 0 "verify: log_l2: slope" run small.mfl --from "$d" --real double --verify --steps 2 -o "$tmp/v"
gives 0 "verify: rate: slope" run small.mfl --from "$d" --verify --steps 1 -o "$tmp/v"
printf 'problem c\nmeta m = 1\nparam w = m\ninner = w^2\nstep w by sgd(rate = 0.1) for 1\nouter = 1000 * w^2\nlearn m by sgd(rate = 0.01) for 1\n' > "$tmp/c.mfl"
gives 0 "" run "$tmp/c.mfl" --clip 0.5 --real double -o "$tmp/c"
[ "$(cat "$tmp/c/m.csv")" = 0.995 ] || awk -v m="$(cat "$tmp/c/m.csv")" 'BEGIN { exit !(m > 0.994999 && m < 0.995001) }' && ok || bad "--clip: $(cat "$tmp/c/m.csv")"
# writing that fails, a missing learn line
gives 3 "cannot be written" run small.mfl --from "$d" -o "$tmp/file/x"
gives 3 "cannot be written" run small.mfl --from "$d" -o "$tmp/r" --log "$tmp/none/log"
sed '/^learn/d' small.mfl > "$tmp/nolearn.mfl"
gives 1 "has no \`learn\` line" run "$tmp/nolearn.mfl" --from "$d" -o "$tmp/r"
# Nobody watches: the run goes on to its end, and says that its output went nowhere.
{ "$mflc" run small.mfl --from "$d" -o "$tmp/unseen" --steps 20 --log "$tmp/unseen/log" --every 7; echo $? > "$tmp/code"; } 2>&1 | true
[ "$(cat "$tmp/code")" = 3 ] && ok || bad "a closed pipe: exit code $(cat "$tmp/code")"
same "$tmp/r20" "$tmp/unseen" "a run that nobody watches differs"
