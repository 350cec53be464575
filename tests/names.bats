#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Hostile names: every verb that takes a name refuses them with one clean message, and nothing
# changes. The verbs come from the table of commands, so a new one is tried without being listed.

load helper

setup() {
	setup_home
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir work
	cd work || return 1
	names=("'" '"' ';' '$(touch pwned)' '`touch pwned`' '-rf' '--no-such-option' 'a b' $'a\nb'
		$'\033[31mred' $'\377\376' $'\302\233' '../../etc/passwd' '/etc/passwd/x' '%s%n%s'
		"x'; drop table config; --" '' '..' 'ünïcode' "$(printf '%065536d' 0)")
}

content() {
	sqlite3 "$SXC_HOME/sxc.db" .dump | cksum
}

# Verbs with at least one argument that is a name, with that many arguments: "server show 1". Left
# out are those whose argument is free text or a file that may be called anything.
verbs() {
	"$SXC" __table | awk -F'\t' '{ print $1 " " $2 }' | sort -u | while read -r verb; do
		case $verb in
		backup* | restore* | shell* | sql* | help* | completion* | version* | init* | "plan template" | "app exchange publish") continue ;;
		esac
		# shellcheck disable=SC2086
		synopsis=$("$SXC" $verb --help | head -n 1)
		count=$(tr ' ' '\n' <<<"${synopsis% \[OPTIONS\]*}" | grep -cE '^[[]?[A-Z|]+' || true)
		[ "$count" = 0 ] || echo "$verb $count"
	done
}

clean() { # what
	! LC_ALL=C grep -qE $'[\x01-\x08\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/stderr" ||
		seen "$1: control bytes on stderr" || return 1
	[ "$(wc -c <"$BATS_TEST_TMPDIR/stderr")" -lt 3000 ] || seen "$1: a page on stderr"
}

try() { # name, verb and number of arguments
	local verb=${2% *} count=${2##* } more=()
	while [ $((count -= 1)) -gt 0 ]; do more+=(x); done
	# shellcheck disable=SC2086
	run_sxc --yes $verb -- "$1" "${more[@]}"
	if [ "$status" -lt 1 ] || [ "$status" -gt 12 ]; then
		seen "$verb $(printf %q "${1:0:60}")" || return 1
	fi
	[ -z "$out" ] || seen "$verb: stdout" || return 1
	[ -n "$err" ] || seen "$verb: said nothing" || return 1
	clean "$verb"
}

@test "every verb refuses hostile names" {
	before=$(content)
	mapfile -t verbs < <(verbs)
	[ "${#verbs[@]}" -gt 40 ] || { printf '%s\n' "${verbs[@]}"; false; }
	i=0 failures=0
	for verb in "${verbs[@]}"; do
		# Three names a verb, other ones for the next: all of them many times over.
		for _ in 1 2 3; do
			try "${names[$((i++ % ${#names[@]}))]}" "$verb" || failures=$((failures + 1))
		done
	done
	[ "$failures" = 0 ] || { echo "$failures were not refused"; false; }
	[ "$before" = "$(content)" ]
	[ "$(ls -A)" = "" ] || { ls -A; false; }
}

@test "verbs that make something refuse every hostile name" {
	before=$(content)
	for verb in "account add" "ps add" "image add" "ticket show" "domain add"; do
		count=1
		[ "$verb" != "image add" ] || count=2
		for name in "${names[@]}"; do
			try "$name" "$verb $count"
		done
	done
	[ "$before" = "$(content)" ]
	[ "$(ls -A)" = "" ] || { ls -A; false; }
}

@test "a leading dash is an option unless -- stands before it" {
	run_sxc account show -rf
	[ "$status" = 2 ] || seen "status"
	run_sxc account show -- -rf
	assert_refused 3 "no account named '-rf'"
}

@test "names of objects that exist are matched whole" {
	"$SXC" account add acme --email ops@example.com
	for name in Acme 'acme ' ' acme' 'acm' 'acme%' 'a*' 'acme/1/'; do
		run_sxc account show "$name"
		[ "$status" = 3 ] || [ "$status" = 2 ] || seen "$name"
		[ -z "$out" ] || seen "$name"
	done
}

@test "a NUL byte in a file is found, with its place" {
	printf 'name: a\0b\n' >plan.yaml
	run_sxc plan validate plan.yaml
	assert_refused_like 2 "plan.yaml:1:8: byte 0x00"
	run_sxc plan apply plan.yaml
	assert_refused_like 2 "plan.yaml:1:8: byte 0x00"
	printf 'show\0 tables\n' >script
	run_sxc shell script
	[ "$status" != 0 ] || seen "status"
	clean shell
}
