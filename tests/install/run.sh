#!/bin/sh
# make install into a folder of its own, small outside projects against it (CMake, pkg-config) after the tree has been moved, make uninstall; and examples/embed
# with and without a BLAS. All programs must print the same line. usage: run.sh MFLC BUILD
mflc=$1 B=$2
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
export OPENBLAS_NUM_THREADS=1
try() { what=$1; shift; if "$@" > "$tmp/log" 2>&1; then ok; else bad "$what"; fi; }
# A sanitized library needs the sanitizers in the programs that link it.
sanitize=; [ -z "$ASAN" ] || sanitize=-fsanitize=address,undefined
# same PROGRAM: prints what the first one printed
same() {
    "$2" "$top/examples/data" > "$tmp/out" 2> "$tmp/log" || { bad "$1: run"; return; }
    [ -f "$tmp/first" ] || cp "$tmp/out" "$tmp/first"
    if cmp -s "$tmp/first" "$tmp/out"; then ok; else bad "$1: $(cat "$tmp/out"), expected $(cat "$tmp/first")"; fi
}

# examples/embed, in a copy: the tree stays as it is
cp -r examples/embed "$tmp/embed"
for blas in "" 1; do
    rm -f "$tmp/embed/learn"
    try "embed, BLAS=$blas" make -s -C "$tmp/embed" TOP="$top" MFLC="$mflc" BLAS=$blas
    same "embed, BLAS=$blas" "$tmp/embed/learn"
done

try "install" make -s install BUILD="$B" PREFIX="$tmp/here" ${ASAN:+OPT="-O1 -g $sanitize"}
mv "$tmp/here" "$tmp/moved"

mkdir "$tmp/cm"
cp examples/embed/main.c "$tmp/cm/"
cat > "$tmp/cm/CMakeLists.txt" << 'END'
cmake_minimum_required(VERSION 3.18)
project(outside C)
find_package(mfl 0.1 REQUIRED)
add_executable(learn main.c)
mfl_generate(learn ${MODEL})
END
try "cmake: configure" cmake -S "$tmp/cm" -B "$tmp/cm/b" -DCMAKE_PREFIX_PATH="$tmp/moved" -DMODEL="$top/examples/ridge.mfl" -DCMAKE_C_FLAGS="$sanitize"
try "cmake: build" cmake --build "$tmp/cm/b"
same "cmake" "$tmp/cm/b/learn"
sed 's/mfl 0.1/mfl 0.2/' "$tmp/cm/CMakeLists.txt" > "$tmp/cm/x" && mv "$tmp/cm/x" "$tmp/cm/CMakeLists.txt"
if cmake -S "$tmp/cm" -B "$tmp/cm/b2" -DCMAKE_PREFIX_PATH="$tmp/moved" -DMODEL="$top/examples/ridge.mfl" > "$tmp/log" 2>&1; then bad "cmake: another version is accepted"; else ok; fi

export PKG_CONFIG_PATH="$tmp/moved/lib/pkgconfig"
mkdir "$tmp/pc"
try "pkg-config: mflc" "$tmp/moved/bin/mflc" build examples/ridge.mfl -o "$tmp/pc"
try "pkg-config: build" sh -c "gcc -std=c99 -O2 -Wall -Wextra -Werror $sanitize -I'$tmp/pc' \$(pkg-config --cflags mfl) -o '$tmp/pc/learn' examples/embed/main.c '$tmp/pc/ridge.c' \$(pkg-config --libs mfl)"
same "pkg-config" "$tmp/pc/learn"

# the example's own Makefile against the installed tree
mkdir "$tmp/embed2" && cp examples/embed/Makefile examples/embed/*.c "$tmp/embed2/"
try "embed, installed" env -u PKG_CONFIG_PATH make -s -C "$tmp/embed2" TOP="$top" PREFIX="$tmp/moved" ${ASAN:+CC="gcc $sanitize"}
same "embed, installed" "$tmp/embed2/learn"

# the compiler as a library: by pkg-config and by CMake
try "in memory: pkg-config" env -u PKG_CONFIG_PATH make -s -C "$tmp/embed2" in_memory PREFIX="$tmp/moved" ${ASAN:+CC="gcc $sanitize"}
mkdir "$tmp/lib" && cp examples/embed/in_memory.c "$tmp/lib/"
printf 'cmake_minimum_required(VERSION 3.18)\nproject(outside C)\nfind_package(mfl 0.1 REQUIRED)\nadd_executable(in_memory in_memory.c)\ntarget_link_libraries(in_memory PRIVATE mfl::compiler)\n' > "$tmp/lib/CMakeLists.txt"
try "in memory: cmake, configure" cmake -S "$tmp/lib" -B "$tmp/lib/b" -DCMAKE_PREFIX_PATH="$tmp/moved" -DCMAKE_C_FLAGS="$sanitize"
try "in memory: cmake, build" cmake --build "$tmp/lib/b"
if [ "$("$tmp/lib/b/in_memory" 2> "$tmp/log")" = "$("$tmp/embed2/in_memory" 2> "$tmp/log")" ] && "$tmp/embed2/in_memory" | grep -q '^outer 0\.'; then ok; else bad "in memory: two builds print different lines"; fi

# docs/interface.md: its CMake lines and its command for pkg-config, on its own problem and program
mkdir "$tmp/doc"
sed -n '/^```mfl$/,/^```$/p' docs/interface.md | grep -v '^```' > "$tmp/doc/ridge.mfl"
sed -n '/^```c$/,/^```$/p' docs/interface.md | grep -v '^```' > "$tmp/doc/main.c"
{ echo 'cmake_minimum_required(VERSION 3.18)'; echo 'project(doc C)'; sed -n '/^```cmake$/,/^```$/p' docs/interface.md | grep -v '^```'; } > "$tmp/doc/CMakeLists.txt"
try "docs, cmake: configure" cmake -S "$tmp/doc" -B "$tmp/doc/b" -DCMAKE_PREFIX_PATH="$tmp/moved" -DCMAKE_C_FLAGS="$sanitize"
try "docs, cmake: build" cmake --build "$tmp/doc/b"
try "docs, pkg-config: mflc" "$tmp/moved/bin/mflc" build "$tmp/doc/ridge.mfl" -D N=3 -D V=2 -D D=2 -o "$tmp/doc"
try "docs, pkg-config: build" sh -c "cd '$tmp/doc' && $(sed -n 's/^Without: `\(cc main.c .*\)`\.$/\1/p' docs/interface.md) $sanitize -o learn"
if [ "$("$tmp/doc/learn" 2> "$tmp/log")" = "$("$tmp/doc/b/learn" 2> "$tmp/log")" ] && "$tmp/doc/learn" | grep -q '^outer 0\.'; then ok; else bad "docs: two builds print different lines"; fi

try "uninstall" make -s uninstall PREFIX="$tmp/moved"
if [ ! -e "$tmp/moved" ]; then ok; else bad "uninstall leaves $(find "$tmp/moved")"; fi

# into a folder for a package, with a space in its name; the user's own files beside ours stay
mkdir -p "$tmp/a stage/usr/lib"
echo own > "$tmp/a stage/usr/lib/own"
try "install with DESTDIR" make -s install BUILD="$B" DESTDIR="$tmp/a stage" PREFIX=/usr ${ASAN:+OPT="-O1 -g $sanitize"}
try "strip" strip -o "$tmp/stripped" "$tmp/a stage/usr/bin/mflc"
if grep -qaF "$top" "$tmp/stripped"; then bad "the installed mflc knows the folder it was built in"; else ok; fi
try "a shared object, from the package" env TMPDIR="$tmp" "$tmp/a stage/usr/bin/mflc" build examples/ridge.mfl --emit so -o "$tmp/so"
try "uninstall with DESTDIR" make -s uninstall DESTDIR="$tmp/a stage" PREFIX=/usr
if [ "$(cd "$tmp/a stage" && find . | sort | tr '\n' ' ')" = ". ./usr ./usr/lib ./usr/lib/own " ]; then ok; else bad "uninstall with DESTDIR leaves $(find "$tmp/a stage")"; fi

# .ci/setup where packages are missing: what is left to a user who is not root
mkdir "$tmp/bin"
for tool in sh grep env; do ln -s "$(command -v $tool)" "$tmp/bin/"; done
# tool NAME LINE: a stand-in
tool() { printf '#!/bin/sh\n%s\n' "$2" > "$tmp/bin/$1" && chmod +x "$tmp/bin/$1"; }
setup() { want=$1 words=$2; shift 2; PATH=$tmp/bin sh .ci/setup "$@" > "$tmp/log" 2>&1; [ $? = "$want" ] && grep -qF "$words" "$tmp/log" && ok || bad "setup $*: $words"; }
tool dpkg-query 'for p; do :; done; case $p in gcc|graphviz) exit 1 ;; *) echo install ok installed ;; esac'
setup 1 "there is no apt-get here. As root:" build
tool apt-get 'echo "apt-get $*"'
tool id 'echo 1000'
setup 1 "needs root, and there is no sudo here. As root:" build
setup 1 "    apt-get update && apt-get install --no-install-recommends gcc graphviz" build tests
tool sudo 'echo "sudo: a password is required" >&2; exit 1'
setup 1 "The packages were not installed. As root:" build
tool sudo 'exec "$@"'
setup 0 "installing: gcc" build
tool dpkg-query 'echo install ok installed'
tool sudo 'exit 1'
PATH=$tmp/bin sh .ci/setup build tests > "$tmp/log" 2>&1 && [ ! -s "$tmp/log" ] && ok || bad "setup with nothing missing"
count install
