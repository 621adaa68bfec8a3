#!/bin/sh
# Predicted beside measured time of every plan of every example, reference problem and model (tests/models), or of those named, and of the plan that is chosen beside the fastest.
# usage: predictions.sh MFLC [NAME ...]. Ends with the figures: how many plans are within a factor of 1.25, of 1.5; the time of the chosen plan over that of the fastest, median and worst.
#   CALIBRATE=1   measure this machine's rates first, for this run alone; else those of the profile, or the built-in ones
#   NESTS=1       for the chosen plan of each, every loop nest, product and call by itself
#   REAL=double
# Seconds are the processor's, so that other work on the machine does not count; a minute or two on an idle one, without the transformers and the LSTM, which are only run when named.
mflc=$1
shift
cd "$(dirname "$0")/../.." || exit 1
case $mflc in /*) ;; *) mflc=$PWD/$mflc ;; esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export OPENBLAS_NUM_THREADS=1
if [ -n "$CALIBRATE" ]; then
    export MFLC_PROFILE="$tmp/profile"
    "$mflc" bench --calibrate > /dev/null || exit 1
fi
for f in examples/*.mfl tests/reference/*/*.mfl tests/models/*/*.mfl; do
    name=${f##*/} name=${name%.mfl} folder=${f%/*} from=
    [ -d "$folder/in" ] && from="--from in"
    if [ $# = 0 ]; then
        case $name in transformer*|lstm*|attention*) continue ;; esac
        [ "$folder" = examples ] || [ "${folder##*/}" = "$name" ] || continue      # what a problem imports
    else
        case " $* " in *" $name "*) ;; *) continue ;; esac
    fi
    if ! (cd "$folder" && timeout 300 "$mflc" bench "$name.mfl" $from --real "${REAL:-float}" ${NESTS:+--nests}) > "$tmp/out" 2> "$tmp/log"; then
        echo "$folder/$name: $(tail -n 1 "$tmp/log")"
        continue
    fi
    printf '%s/' "${folder#tests/}"
    tee -a "$tmp/all" < "$tmp/out"
done
# A line of a plan ends in: predicted, measured, ratio, bytes, written. The chosen one begins with a star.
awk '
    function close_problem() { if (n && chosen) { over[++problems] = chosen / best } n = chosen = 0 }
    /times in ms for one task/ { close_problem(); plans = 1; next }
    /^ *nest / { plans = 0; next }
    plans && NF >= 6 && $(NF - 2) ~ /^[0-9.]+$/ {
        r = $(NF - 2); all++; good += r <= 1.5 && r >= 1 / 1.5; near += r <= 1.25 && r >= 0.8
        t = $(NF - 3); if (!n++ || t < best) best = t
        if ($1 == "*") chosen = t
    }
    END {
        close_problem()
        for (i = 2; i <= problems; i++) { x = over[i]; for (j = i - 1; j > 0 && over[j] > x; j--) over[j + 1] = over[j]; over[j + 1] = x }
        if (!all) exit 1
        printf "predictions: %d plans of %d problems, within a factor of 1.25: %.1f %%, of 1.5: %.1f %%\n", all, problems, 100 * near / all, 100 * good / all
        printf "chosen plan over the fastest: median %.3f, worst %.2f\n", over[int((problems + 1) / 2)], over[problems]
    }' "$tmp/all"
