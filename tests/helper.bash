# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For every *.bats: load helper (or ../helper). See tests/README.md.

bats_require_minimum_version 1.5.0
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(dirname "$TESTS")
SXC=${SXC:-$TOP/sxc}
export SXC TESTS TOP LC_ALL=C.UTF-8
unset SXC_HOME SXC_NOW XDG_DATA_HOME NO_COLOR

# A fresh rehearsal home in SXC_HOME, its clock at a day that is over and done with.
setup_home() {
	export SXC_HOME=$BATS_TEST_TMPDIR/home
	export SXC_NOW=${1:-2026-01-15T10:00:00Z}
	export HOME=$BATS_TEST_TMPDIR
	"$SXC" init --rehearsal >/dev/null
}

# Run sxc: stdout in $out, stderr in $err, exit status in $status. Without a redirection standard
# input is empty, never the terminal of whoever runs the tests.
run_sxc() {
	run_split "$SXC" "$@"
}

# The same for any command.
run_split() {
	local dir=$BATS_TEST_TMPDIR
	if [ -t 0 ]; then
		"$@" >"$dir/stdout" 2>"$dir/stderr" </dev/null && status=0 || status=$?
	else
		"$@" >"$dir/stdout" 2>"$dir/stderr" && status=0 || status=$?
	fi
	out=$(cat "$dir/stdout")
	err=$(cat "$dir/stderr")
	ran="$*"
}

# What was seen, for a test that fails.
seen() {
	printf '%s\n' "$1" "ran:    ${ran#"$TOP"/}" "status: $status" "stdout:" "$out" "stderr:" "$err"
	return 1
}

assert_status() {
	[ "$status" = "$1" ] || seen "the exit status is not $1"
}

# Exactly this on stdout (newlines at the end aside).
assert_out() {
	[ "$out" = "$1" ] || seen "stdout is not: $1"
}

assert_err() {
	[ "$err" = "$1" ] || seen "stderr is not: $1"
}

assert_out_has() {
	[[ $out == *"$1"* ]] || seen "stdout has no: $1"
}

assert_err_has() {
	[[ $err == *"$1"* ]] || seen "stderr has no: $1"
}

assert_out_lacks() {
	[[ $out != *"$1"* ]] || seen "stdout has: $1"
}

# A regular expression over all of stdout, of stderr.
assert_out_like() {
	[[ $out =~ $1 ]] || seen "stdout is not like: $1"
}

assert_err_like() {
	[[ $err =~ $1 ]] || seen "stderr is not like: $1"
}

# All three at once: it went well and said exactly this.
assert_ok() {
	{ [ "$status" = 0 ] && [ -z "$err" ] && [ "$out" = "${1-$out}" ]; } ||
		seen "not status 0, empty stderr and stdout: ${1-(anything)}"
}

# It was refused with this status and one line, "sxc: …", and printed nothing.
assert_refused() { # status, line without "sxc: "
	{ [ "$status" = "$1" ] && [ -z "$out" ] && [ "$err" = "sxc: $2" ]; } ||
		seen "not status $1, empty stdout and stderr: sxc: $2"
}

# The same where only a part of the line matters.
assert_refused_like() { # status, regular expression
	{ [ "$status" = "$1" ] && [ -z "$out" ] && [[ $err =~ ^sxc:\ .*$2 ]] && [[ $err != *$'\n'* ]]; } ||
		seen "not status $1, empty stdout and one line on stderr like: $2"
}

# Ask the store with SQL; prints the rows, columns parted by tabs.
sql() {
	"$SXC" --no-header -o tsv sql "$1"
}
