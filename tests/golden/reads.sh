#!/bin/sh
# What a person who signs the generated C must not meet in it: copies that an assignment or the array itself would do, numbers and conditions that nobody writes, sizes and names
# that say something else. Several problems, one line for each. usage: reads.sh MFLC
mflc=$1
. "$(dirname "$0")/../common.sh"
cd "$(dirname "$0")/../.." || exit 1

# make NAME OPTIONS: the C of an example, a reference problem or a model is $c
make_c() {
    name=$1 f=examples/$1.mfl; shift
    [ -f "$f" ] || f=tests/reference/$name/$name.mfl
    [ -f "$f" ] || f=tests/models/$name/$name.mfl
    c=$tmp/$name.c
    "$mflc" build "$f" "$@" -o "$tmp" > "$said" 2>&1 || bad "$name: build"
}
# none WHAT PATTERN: no line of $c matches
none() { if [ -s "$c" ] && ! grep -nE "$2" "$c" > "$said"; then ok; else bad "$name: $1"; fi; }
# has WHAT PATTERN
has() { : > "$said"; if grep -qE "$2" "$c"; then ok; else bad "$name: $1"; fi; }

for p in logistic_l2 learned_optimizer cart_pole maml_sine; do
    make_c $p --mode mixed --schedule snapshot
    none "a single number is copied by memcpy" 'memcpy\([^lp].*sizeof\(float\)\)'
    none "10 is written 1e+01, 1e-8 1e-08" '[0-9]e[+-]0|[0-9]e\+'
    none "i == 1 is written i - 1 == 0, i > 2 as -i + 3 < 1" '[(]-?[a-z]+ [+-] [0-9]+ [=<>]|[(]-[a-z]+ [=<>]'
    none "arrays of the workspace are cast where they are declared" '= \((const )?float.*\)\(work \+'
    [ $p = learned_optimizer ] ||                 # its p - a - b rounds in that order
        none "an update writes its old value out: x = x + y" '^ *(\*?[a-z_0-9]+(\[[^]]*\])*) = \1 [+-] '
    none "a sign is written as a product" '\(-1\.0f\) \*|\* \(-1\.0f\)'
    none "the last step is a number" '\(t [<=]+ [0-9]+\)'
    none "one statement stands in braces" 'if \(t .*\{$'
    none "a value gets a second name" 'float this_([a-z_0-9]+) = \1;'
    sed -n "/^int ${p}_learn(/,/^}/p" "$c" > "$tmp/learn.c"
    if [ "$(wc -l < "$tmp/learn.c")" -gt 20 ] && ! grep -n 'memcpy\|work + ' "$tmp/learn.c" > "$said"; then ok; else bad "$p: learn moves copies"; fi
done
make_c learned_optimizer --mode mixed --schedule keep
none "draws are reshaped by a copy" 'memcpy\(&?normal'
none "first values are put where they go by a copy" '_2\[d\]\[h\] = .*|= p_[a-z_]*_2;'
make_c maml_sine --mode mixed --schedule keep
none "derivatives that are zero are arrays" 'b_start_'
make_c logistic_l2 --mode mixed --schedule snapshot
has "a number that is only read is a pointer" 'const float exp_log_rate = \*'
if [ "$(grep -c '^    if (grad)' "$c")" = 1 ]; then ok; else bad "$name: whether a gradient is wanted is asked for each of its arrays"; fi
has "what w becomes is called by a number" '\bb_w_m_next\b'
make_c control --from tests/reference/control/in --mode mixed --schedule keep
none "what every iteration reads is stored for each" '_at[_0-9]*\[h\] = exp_log_q\['
make_c kalman --from tests/models/kalman/in --mode mixed --schedule snapshot
none "what a loop reads of the outside, and adds up for it, has no name" 'float \*value(_[0-9]+)? = '
has "a loop over t of the .mfl has another variable" '^    for \(int t = '
has "the number of the step is called as a loop over t is" '_step\(.*int at_step\)'
make_c transformer_rater --mode mixed --schedule snapshot
has "a layer of an imported library is explained by the call alone" '/\* silu\(rms_normed\(p.norm2, x\) @ p.up\) +std/layers.mfl:'
none "a factor is 1" '[*] 1\.0f[^0-9]|[^0-9.]1\.0f [*]'
none "the line ends within the head of a loop" 'for \(int lane[^;]*$|for \(int lane = 0;[^;]*$'
make_c gp --from tests/reference/gp/in --mode forward
none "directions are counted by a number, or by a size that happens to be equal" 'direction < (5|[A-CE-Z]|D[^I])'
has "the number of directions has no name" '^enum .* DIRECTIONS = [0-9]+ };'
has "a direction has another name where its loop only sets" 'for \(int direction = 0; direction < DIRECTIONS'
make_c gp --from tests/reference/gp/in --mode mixed
none "a size is declared that nothing has" 'DIRECTIONS'
make_c records --from tests/reference/records/in --mode mixed --schedule snapshot --real double
has "the last step has no name" 'if \(t < STEPS - 1\)'
has "a mean's number is not said by its sizes" 'outer_value = .*1\.0 / \(V \* C\)'
has "1 - 0.9 is written as a number" '\(1\.0 - 0\.9\)'
has "the elements of a caller's array are a number" 'mfl_divide_f64\(grad->start\.inp\.w, D \* H, n\)'
has "an outer value of one number has subscripts" '^ *\*outer_value = '
has "the values of log lines are asked for one by one" '^        logs\[3\] = \*worst;'
has "m = m * mu is written out" '_m\[[a-z]\] \*= mu;'
make_c lstm_language --mode mixed --schedule snapshot -D T=3 -D S=8 -D B=7
none "an axis that broadcast or iota was given a dim for is a number" '[)]\[7\]|(float|int32_t) \[7\]|< 7;'
has "the loop over a batch of iota(b)[:, none]" '< B; '
make_c gaussian_process --mode reverse
none "i == j is written i - j == 0" '\(i [+-] \(?-?j\)? == 0'
make_c learned_optimizer --mode mixed --schedule snapshot
has "rows of several axes are a number" 'mfl_gemm_f32\(D \* H, '
count reads
