#!/bin/sh
# How many iterations of a model loop the generated C runs, counted: the tanh of its body counts its calls. In the inner loss (its gradient alone: `adapt`), in that of a whole
# step of adam (`hypergradient`), in outer, in an optimizer, and one loop in another.
# usage: loop_counts.sh MFLC RUNTIME TMP PLACE:N:SCHEDULE...   a line for each: PLACE N SCHEDULE calls
mflc=$1 runtime=$2 tmp=$3
shift 3
cd "$(dirname "$0")" || exit 1
rm -rf "$tmp/count"
mkdir -p "$tmp/count"
host=$tmp/count/host.c k=0
echo 'int main(void) {' > "$tmp/count/main"
# problem PLACE N: its text
problem() {
    printf 'problem count_%d\ndim N = %d, M = 3\nmeta c = 0.5\nparam w = 0.1\n' "$k" "$2"
    echo 'fn chain(w) {
  z = w
  for i in 0:N { z = tanh(z * w + 0.1 * i) }
  return z
}
fn nested(w) {
  h = w
  for i in 0:N {
    z = h
    for j in 0:M { z = tanh(z * w + 0.1 * i) }
    h = 0.5 * h + z
  }
  return h
}
optimizer chained(rate) on p, g {
  z = p
  for i in 0:N { z = tanh(z * p + rate * g + 0.1 * i) }
  p = z
}'
    case $1 in
        inner)     printf 'inner = (chain(w) - c)^2\nstep w by sgd(rate = 0.1) for 1\nouter = c * w\n' ;;
        step)      printf 'inner = (chain(w) - c)^2\nstep w by adam(rate = 0.1, eps_root = 1e-8) for 1\nouter = c * w\n' ;;
        nested)    printf 'inner = (nested(w) - c)^2\nstep w by sgd(rate = 0.1) for 1\nouter = c * w\n' ;;
        outer)     printf 'inner = (w - c)^2\nstep w by sgd(rate = 0.1) for 1\nouter = chain(w)\n' ;;
        optimizer) printf 'inner = (w - c)^2\nstep w by chained(rate = 0.1) for 1\nouter = w\n' ;;
    esac
}
for x in "$@"; do
    place=${x%%:*} n=${x#*:}; s=${n#*:} n=${n%%:*} d=$tmp/count/$k
    mkdir "$d"
    problem "$place" "$n" > "$d/count_$k.mfl"
    "$mflc" build "$d/count_$k.mfl" --mode mixed --schedule snapshot --loops "$s" -o "$d" > "$d/log" 2>&1 || { cat "$d/log"; exit 1; }
    case $place in
        inner|nested) call="count_${k}_adapt(NULL, &(count_${k}_meta){ &c }, &(count_${k}_params){ &w }, work, NULL)" ;;
        *) call="count_${k}_hypergradient(NULL, &(count_${k}_meta){ &c }, &w, &(count_${k}_meta){ &g }, work, NULL)" ;;
    esac
    { echo '#include <math.h>'
      echo '#include <stdio.h>'
      echo '#include <stdlib.h>'
      echo 'static int calls;'
      echo 'static float counted(float x) { calls++; return tanhf(x); }'
      sed 's/mfl_tanhf(/counted(/g' "$d/count_$k.c"
      printf '%s\n' "void counted_$k(void) {
          float c = 0.5f, g, w;
          void *work = aligned_alloc(64, (COUNT_${k}_WORK_BYTES + 63) / 64 * 64);
          if ($call == 0)
              printf(\"$place $n $s %d\n\", calls);
          free(work);
          (void)g;
      }"; } > "$d/all.c"
    echo "void counted_$k(void);" >> "$host"
    echo "counted_$k();" >> "$tmp/count/main"
    k=$((k + 1))
done
{ cat "$tmp/count/main"; echo 'return 0; }'; } >> "$host"
gcc -w -std=c11 -O0 -I../../include -o "$tmp/count/run" "$host" "$tmp"/count/*/all.c "$runtime" -lm -lopenblas && "$tmp/count/run"
