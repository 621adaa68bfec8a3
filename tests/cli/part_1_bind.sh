# Binding: which file stands for which array, and what is wrong with it: file, row, column.
d=$tmp/d
mkdir -p "$d"
printf 'a,b\n1,2\n3,4\n-1,0.5\n2,2\n' > "$d/x.csv"
printf '1\n2\n0.5\n-1\n' > "$d/y.csv"
printf '0\n1\n3\n2\n' > "$d/k.csv"
gives 0 "outer value" grad small.mfl --from "$d"
expected=$(cat "$tmp/out")
gives 0 "outer value" grad small.mfl --data x="$d/x.csv" --data y="$d/y.csv" --data "k=$d/k.csv"
[ "$expected" = "$(cat "$tmp/out")" ] && ok || bad "--data and --from differ"
gives 3 "nothing is bound to data k" grad small.mfl --data x="$d/x.csv" --data y="$d/y.csv"
gives 3 "there is no such folder" grad small.mfl --from "$tmp/nothing"
gives 3 "neither a folder nor an .npz" grad small.mfl --from "$d/x.csv"
mkfifo "$tmp/pipe"                                # nobody writes to it: it is not waited for
gives 3 "it is not a regular file" grad small.mfl --from "$d" --data y="$tmp/pipe"
gives 3 "it is not a regular file" grad small.mfl --from "$tmp/pipe"
gives 3 "cannot be opened: No such file" grad small.mfl --from "$d" --data y="$d/z.csv"
gives 3 "the problem has no data array named yy" grad small.mfl --from "$d" --data yy="$d/y.csv"
gives 3 "did you mean rate?" grad small.mfl --from "$d" --meta rat="$d/y.csv"
printf '0.25\n' > "$tmp/rate.csv"
gives 3 "rate is a meta variable; give --meta rate=" grad small.mfl --from "$d" --data rate="$tmp/rate.csv"
gives 3 "x is data; give --data x=" grad small.mfl --from "$d" --meta x="$d/x.csv"
gives 2 "is bound twice" grad small.mfl --data x="$d/x.csv" --meta x="$d/y.csv"
gives 1 "the problem has no dim Q" grad small.mfl --from "$d" -D Q=2
# wrong NAME 'CONTENTS' 'MESSAGE'
wrong() { printf "$2" > "$tmp/w.csv"; gives 3 "$3" grad small.mfl --from "$d" --data "$1=$tmp/w.csv"; }
wrong y '1\n2\nx\n4\n' "line 3, column 1: a number is expected, found \`x\`"
wrong y 'name\n1\n\n2\n3,4\n' "line 5 has 2 fields; 1 are expected"
wrong y '1\n2\nnan\n4\n' "row 3 (line 3), column 1: the value is nan; every number must be finite"
wrong y 'h\n\n1\n\n2\ninf\n4\n' "row 3 (line 6), column 1: the value is inf"
wrong y '1\n2\n1e999\n4\n' "the value is inf"
wrong k '0\n1\n4\n2\n' "row 3 (line 3), column 1: the value is 4; expected an integer in 0..3"
wrong k '0\n1\n-1\n2\n' "expected an integer in 0..3"
wrong k '0\n1\n1.5\n2\n' "expected an integer in 0..3"
wrong x '1,2\n3,\n5,6\n7,8\n' "line 2, column 2: a number is expected, the field is empty"
wrong x '1,a\n3,4\n5,6\n7,8\n' "line 1, column 2: a number is expected, found \`a\`, while column 1 holds 1"
wrong x '"1,2\n3,4\n' "a quote is opened and not closed"
wrong x '1,5;2\n3,1;4\n5;6\n7;8\n' "decimals are written with a point"
wrong x '' "it is empty"
wrong x '\0\1\2' "neither .npy nor .npz nor text"
printf '1\n2\n3\n' > "$tmp/w.csv"
gives 1 "holds [3" grad small.mfl --from "$d" --data y="$tmp/w.csv" -D N=4
printf '\357\273\277"1";2\r\n3;4\r\n-1;.5\r\n2;2\r\n\r\n' > "$tmp/w.csv"
gives 0 "outer value" grad small.mfl --from "$d" --data x="$tmp/w.csv"
[ "$expected" = "$(cat "$tmp/out")" ] && ok || bad "byte-order mark, CRLF, semicolons and quotes change numbers"
# metas: bound, without an initial value, of the wrong shape
printf '0.25\n' > "$tmp/rate.csv"
gives 0 "outer value" grad small.mfl --from "$d" --meta rate="$tmp/rate.csv"
[ "$expected" != "$(cat "$tmp/out")" ] && ok || bad "--meta changes nothing"
gives 1 "has shape []" grad small.mfl --from "$d" --meta rate="$d/y.csv"
printf 'problem unbound\nmeta m[2]\nparam w = 0\ninner = sum(m) * w^2\nstep w by sgd(rate = 0.1) for 1\nouter = w\n' > "$tmp/none.mfl"
gives 1 "meta m has no initial value and nothing is bound" grad "$tmp/none.mfl"
gives 1 "meta m has no initial value" check "$tmp/none.mfl"
gives 3 "nothing is bound to data" check small.mfl -D N=3 -D D=2
# sizes of build come from the files too
gives 0 "small.c" build small.mfl --from "$d" -o "$tmp/built"
yes_ "build --from gives sizes" grep -q 'SMALL_N = 4' "$tmp/built/small.h"
# what grad writes can be read back
gives 0 "outer value" grad small.mfl --from "$d" -o "$tmp/g" --real double
for f in outer d_log_l2 d_rate d_shift p_w; do yes_ "grad -o writes $f.npy" test -s "$tmp/g/$f.npy"; done
gives 0 "outer value" grad small.mfl --from "$d" --meta log_l2="$tmp/g/d_log_l2.npy"
printf '0\n1\n' > "$tmp/t.csv"
gives 1 "" grad tasks.mfl --data x="$tmp/t.csv" --data y="$tmp/t.csv"
# What a packed array asks for is what it unpacks to, whatever type it has, and no more than its bytes can stand for: 256 MiB of bytes within 1 GiB.
python3 - "$tmp" << 'EOF'
import struct, sys, zipfile
head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (268435456,), }\n"
with zipfile.ZipFile(sys.argv[1] + "/large.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
    with z.open("x.npy", "w") as f:
        f.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head)
        for k in range(256):
            f.write(bytes(1 << 20))
b = bytearray(open(sys.argv[1] + "/large.npz", "rb").read())
at = b.index(b"PK\1\2")
for name, size in (("much", 1 << 30), ("lies", 1 << 31)):
    b[at + 24:at + 28] = struct.pack("<I", size)
    open(sys.argv[1] + "/" + name + ".npz", "wb").write(b)
EOF
limited() { ( ulimit -v "$1"; shift; "$mflc" "$@" > "$tmp/out" 2> "$tmp/err"; echo $? > "$tmp/code" ); }
if [ -z "$ASAN" ]; then                           # the sanitizers reserve far more than any limit
    limited 1048576 grad small.mfl --from "$d" --data y="$tmp/large.npz"
    [ "$(cat "$tmp/code")" = 1 ] && grep -q "large.npz holds \[268435456\]" "$tmp/err" && ok || bad "an array of bytes of 256 MiB: exit code $(cat "$tmp/code")"
    limited 1048576 grad small.mfl --from "$d" --data y="$tmp/much.npz"
    [ "$(cat "$tmp/code")" = 3 ] && grep -q "much.npz, for y: there is no memory for the 1073741824 bytes of its member x" "$tmp/err" && ok || bad "an array of 1 GiB: exit code $(cat "$tmp/code")"
    limited 1048576 grad small.mfl --from "$d" --data y="$tmp/lies.npz"
    [ "$(cat "$tmp/code")" = 3 ] && grep -q "its member x is damaged" "$tmp/err" && ok || bad "a member that lies about its size: exit code $(cat "$tmp/code")"
fi
wrong x '1,0x10\n3,4\n-1,0.5\n2,2\n' "line 1, column 2: a number is expected, found \`0x10\`"
wrong x '1,2\n3,inf\n-1,0.5\n2,2\n' "row 2 (line 2), column 2: the value is inf; every number must be finite"
