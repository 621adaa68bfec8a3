#!/bin/sh
# How many steps the generated C runs, counted: each function that is a step of the inner loop, or what is recorded of one, counts its calls.
# usage: counts.sh MFLC RUNTIME TMP T SCHEDULE...   a line for each: T SCHEDULE calls (the T steps of the forward sweep among them)
mflc=$1 runtime=$2 tmp=$3 T=$4
shift 4
cd "$(dirname "$0")" || exit 1
rm -rf "$tmp/count"
mkdir -p "$tmp/count"
host="$tmp/count/host.c" k=0
echo 'int main(void) {' > "$host.main"
: > "$host"
for s in "$@"; do
    d=$tmp/count/$k
    mkdir "$d"
    "$mflc" build count.mfl -D T="$T" --mode mixed --schedule "$s" -o "$d" > "$d/log" 2>&1 || { cat "$d/log"; exit 1; }
    { echo '#include <stdio.h>'
      echo '#include <stdlib.h>'
      echo 'static int calls;'
      awk '/^static void count_(step|hypergradient_step|hypergradient_step_record|hypergradient_step_again|hypergradient_step_last)\(/ {step = 1}
           {print} step && /^{/ {print "calls++;"; step = 0}' "$d/count.c"
      printf '%s\n' "void counted_$k(void) {
          float c = 0.5f, g, value;
          void *work = aligned_alloc(64, (COUNT_WORK_BYTES + 63) / 64 * 64);
          if (count_hypergradient(NULL, &(count_meta){ &c }, &value, &(count_meta){ &g }, work, NULL) == 0)
              printf(\"$T $s %d\n\", calls);
          free(work);
      }"; } | sed "s/count_\(hypergradient\|value\|init\|adapt\|problem\|work_bytes\|call\)/count_${k}_\1/g" > "$d/all.c"
    sed -i "s/count_\(hypergradient\|value\|init\|adapt\|problem\|work_bytes\|call\)/count_${k}_\1/g" "$d/count.h"
    echo "void counted_$k(void);" >> "$host"
    echo "counted_$k();" >> "$host.main"
    k=$((k + 1))
done
echo 'return 0; }' >> "$host.main"
cat "$host.main" >> "$host"
gcc -w -std=c11 -O0 -I../../include -o "$tmp/count/run" "$host" "$tmp"/count/*/all.c "$runtime" -lm -lopenblas && "$tmp/count/run"
