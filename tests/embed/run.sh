#!/bin/sh
# The compiler as a library (mfl/mfl.h): what a host relies on, the example in memory, and the same program as `mflc build` makes. usage: run.sh MFLC BUILD
mflc=$1 B=$2
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1
export OPENBLAS_NUM_THREADS=1
sanitize= ; [ -z "$ASAN" ] || { sanitize=-fsanitize=address,undefined; export NO_LIMIT=1; }
r=tests/reference/ridge
want="ridge $("$mflc" build $r/ridge.mfl --from $r/in --real double -o "$tmp" > "$tmp/log" 2>&1; sed -n 's/.*RIDGE_WORK_BYTES \([0-9]*\)u.*/\1/p' "$tmp/ridge.h")"
if gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror $sanitize -Iinclude -o "$tmp/host" tests/embed/host.c -ldl -lpthread > "$tmp/log" 2>&1 \
    && "$tmp/host" "$B/libmflc.so" $r/ridge.mfl --from $r/in --real double > "$tmp/out" 2> "$tmp/log" && [ "$(cat "$tmp/out")" = "$want" ]
then ok; else bad "a host: $(cat "$tmp/out") for $want"; cat "$tmp/log"; fi
# A host whose locale writes 0,1: texts and options are read as ever. Made here from the C library's sources of locales; where they are not installed, only a host without it is tested.
if localedef -i de_DE -f UTF-8 "$tmp/de_DE.UTF-8" > "$tmp/log" 2>&1; then
    if LOCPATH=$tmp HOST_LOCALE=de_DE.UTF-8 "$tmp/host" "$B/libmflc.so" $r/ridge.mfl --from $r/in --real double --memory 0.5GiB > "$tmp/out" 2> "$tmp/log" && [ "$(cut -d' ' -f1 "$tmp/out")" = ridge ]
    then ok; else bad "a host whose numbers have a decimal comma"; fi
fi
printf '#include "mfl/mfl.h"\nint main() { mfl_module *m = mfl_compile_text("p.mfl", "problem", 0, 0); mfl_module_free(m); return m != 0; }\n' > "$tmp/m.cpp"
if clang-19 -x c++ -Wall -Wextra -Werror -Iinclude -c -o "$tmp/m.o" "$tmp/m.cpp" > "$tmp/log" 2>&1 && gcc $sanitize -o "$tmp/m" "$tmp/m.o" -L"$B" -lmflc -Wl,-rpath,"$B" > "$tmp/log" 2>&1 && "$tmp/m" > "$tmp/log" 2>&1; then ok; else bad "from C++"; fi
# Nothing but the interface and the runtime is seen of the library.
if nm -D --defined-only "$B/libmflc.so" | awk '{ print $3 }' | grep -v '^mfl_' > "$tmp/log"; then bad "names of the library"; else ok; fi
cp -r examples/embed "$tmp/embed"
if make -s -C "$tmp/embed" in_memory TOP="$PWD" CC="gcc $sanitize" LIBRARY="-I$PWD/include -L$B -lmflc -Wl,-rpath,$B" > "$tmp/log" 2>&1 && "$tmp/embed/in_memory" > "$tmp/out" 2> "$tmp/log" && grep -q '^outer 0\.0[0-9]*, log_l2 ' "$tmp/out"
then ok; else bad "examples/embed/in_memory.c"; fi
count embed
