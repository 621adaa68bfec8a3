#!/bin/sh
# examples/mcu, cross-built and run in QEMU: the bits that the same program prints on the host, no heap, and the bytes that its README says. usage: run.sh MFLC BUILD
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../../examples/mcu" || exit 1
: > "$tmp/log"
if make -s MFLC="$mflc" OUT="$tmp" host > "$tmp/log" 2>&1 && "$tmp/sensor_host" > "$tmp/host" 2> "$tmp/log"; then ok; else bad "host"; fi
if make -s MFLC="$mflc" OUT="$tmp" > "$tmp/log" 2>&1; then ok; else bad "cross-build"; fi
if timeout 120 make -s MFLC="$mflc" OUT="$tmp" run < /dev/null > "$tmp/device" 2> "$tmp/log"; then ok; else bad "run in QEMU"; fi
if [ "$(grep -c . "$tmp/host")" = 35 ] && cmp "$tmp/host" "$tmp/device" > "$tmp/log" 2>&1; then ok; else bad "host and device differ"; fi
if arm-none-eabi-nm "$tmp/sensor.elf" > "$tmp/log" 2>&1 && grep -q ' sensor_hypergradient' "$tmp/log" && ! grep -E ' _?(malloc|_?calloc|realloc|free|sbrk)(_r)?$' "$tmp/log"; then ok; else bad "a heap"; fi
# Within a tenth of what the page says.
said() { sed -n "s/^| $1 .*| *\([0-9]*\) |\$/\1/p" README.md; }
arm-none-eabi-size "$tmp/sensor.elf" > "$tmp/log"
if awk -v flash="$(said flash)" -v ram="$(said RAM)" 'function near(a, b) { return b > 0 && a < 1.1 * b && a > 0.9 * b } NR == 2 { good = near($1 + $2, flash) && near($2 + $3, ram) } END { exit !good }' "$tmp/log"
then ok; else bad "README.md says other sizes: flash is text + data, RAM data + bss"; fi
count mcu
