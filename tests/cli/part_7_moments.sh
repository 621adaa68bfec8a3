# run, killed at every call that touches a file, and with the disk full from every such call on: it goes on to the same bits, and nothing half-written is left.
if [ -z "$ASAN" ] && ${CC:-cc} -shared -fPIC -o "$tmp/at_call.so" "$here/at_call.c" -ldl 2> "$tmp/err"; then
    printf 'problem m\nmeta a = 1\nparam w = a\ninner = (w - 1)^2 + a * w\nstep w by sgd(rate = 0.1) for 2\nouter = w^2\nlearn a by adam(rate = 0.01) for 3\n' > "$tmp/m.mfl"
    # once FOLDER [OPTION...]: run with a log in it
    once() { out=$1; shift; "$mflc" run "$tmp/m.mfl" --every 1 --quiet -o "$out" --log "$out/log" "$@" > "$tmp/out" 2> "$tmp/err"; }
    at_call() { AT_DO=$1 AT_CALL=$2 AT_COUNT=$tmp/calls LD_PRELOAD=$tmp/at_call.so once "$3"; }
    goes_on() { if [ -e "$1/m.ckpt" ]; then once "$1" --resume "$1/m.ckpt"; else once "$1"; fi; }
    # partial FOLDER: a file that is neither as it was to be nor from a step before
    partial() {
        for f in "$1"/*; do
            case $f in *.part) echo "$f" ;; *.npy|*.csv|*.svg) cmp -s "$f" "$tmp/m_whole/${f##*/}" || echo "$f" ;; esac
        done
    }
    mkdir -p "$tmp/m_whole"
    at_call kill 0 "$tmp/m_whole" || bad "run with calls counted"
    calls=$(cat "$tmp/calls")
    [ "$calls" -gt 40 ] && ok || bad "only $calls calls that touch files were seen"
    for at in $(seq 1 ${QUICK:+9} "$calls"); do
        rm -rf "$tmp/m_cut"
        mkdir "$tmp/m_cut"
        at_call kill "$at" "$tmp/m_cut"
        [ $? = 137 ] && ok || bad "call $at: was to be killed"
        if goes_on "$tmp/m_cut" && diff -r "$tmp/m_whole" "$tmp/m_cut" > "$tmp/err"; then ok; else bad "killed at call $at, going on gives other files"; fi
        rm -rf "$tmp/m_cut"
        mkdir "$tmp/m_cut"
        at_call full "$at" "$tmp/m_cut"
        code=$?
        [ "$code" = 3 ] && grep -q "cannot be written: No space left on device" "$tmp/err" && ok || bad "disk full from call $at on: exit code $code"
        left=$(partial "$tmp/m_cut")
        [ -z "$left" ] && ok || bad "disk full from call $at on: half a file is left: $left"
        if goes_on "$tmp/m_cut" && diff -r "$tmp/m_whole" "$tmp/m_cut" > "$tmp/err"; then ok; else bad "disk full from call $at on, going on gives other files"; fi
    done
    # A log that ends in half a line, or knows steps that the checkpoint does not.
    once "$tmp/m_cut" --steps 2
    printf '{"step": 2, "outer": 99}\n{"step": 3, "ou' >> "$tmp/m_cut/log"
    goes_on "$tmp/m_cut" && cmp -s "$tmp/m_whole/log" "$tmp/m_cut/log" && ok || bad "a log with steps too many is not mended"
    printf 'not a log\n' > "$tmp/m_cut/log"
    goes_on "$tmp/m_cut" && bad "a file that is no log is written into" || { grep -q "is there and not a log of mflc run" "$tmp/err" && ok || bad "no log"; }
elif [ -z "$ASAN" ]; then bad "at_call.c does not compile"; fi
# Folders and files that cannot be written (root may write anywhere: then /proc stands for them).
gives 3 "cannot be written" run small.mfl --from "$d" -o /proc/nothing
gives 3 "cannot be written: Is a directory" run small.mfl --from "$d" -o "$tmp/r" --log "$tmp"
if [ -c /dev/full ]; then gives 3 "cannot be written: No space left" run small.mfl --from "$d" -o "$tmp/r" --log /dev/full; fi
# A limit on the size of files stands for a full disk.
mkdir -p "$tmp/limit"
printf old > "$tmp/limit/small.ckpt"
(ulimit -f 0; exec "$mflc" run small.mfl --from "$d" -o "$tmp/limit") > "$tmp/out" 2> "$tmp/err"
code=$?
[ "$code" = 3 ] && [ "$(cat "$tmp/limit/small.ckpt")" = old ] && [ "$(ls "$tmp/limit")" = small.ckpt ] && ok || bad "run at the limit of file sizes: exit code $code, $(ls "$tmp/limit")"
