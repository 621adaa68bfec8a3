# Read by tests/*/run.sh before they change their folder: a temporary folder that goes with the script, and the count of what passed.
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
said=$tmp/log                                    # what the last command said; a script may choose another file
: > "$said"
export MFLC_PROFILE=$tmp/no-profile               # plans are those of the built-in rates, whatever this machine was calibrated to
passed=0 failed=0
ok() { passed=$((passed + 1)); }
# bad WHAT: says so, with the end of what the last command said
bad() { failed=$((failed + 1)); echo "FAIL $*"; tail -n 5 "$said"; }
# count NAME: the last line of a script
count() { echo "$1: $passed passed, $failed failed"; [ "$failed" = 0 ] && [ "$passed" -gt 0 ]; }
