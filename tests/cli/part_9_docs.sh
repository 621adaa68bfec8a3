# The sessions of docs/running.md: each command gives what the page shows. Numbers with an exponent are rounding and differ between machines; so does the sign of NaN.
mkdir -p "$tmp/page"
sed -n '/^```mfl$/,/^```$/p' "$top/docs/running.md" | grep -v '^```' > "$tmp/page/rate.mfl"
plain() { sed 's/[0-9.]*e[-+][0-9]*/E/g; s/-nan/nan/g' "$1"; }
sed -n '/^```console$/,/^```$/p' "$top/docs/running.md" | grep -v '^```' > "$tmp/shown"
mflc() { "$mflc" "$@"; }
(
    cd "$tmp/page" || exit 1
    sed -n 's/^\$ //p' "$tmp/shown" | while read -r line; do
        echo "\$ $line"
        eval "$line" 2>&1
    done
) > "$tmp/did"
plain "$tmp/shown" > "$tmp/a"
plain "$tmp/did" > "$tmp/b"
[ "$(grep -c '^\$' "$tmp/b")" -gt 3 ] && diff "$tmp/a" "$tmp/b" > "$tmp/err" && ok || bad "docs/running.md shows what mflc does not say"
