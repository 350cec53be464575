#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

setup() {
	setup_home
	"$SXC" config set seller.name One
	"$SXC" --as robot config set seller.name Two
	"$SXC" config set terms 30d
}

@test "audit list tells who changed what" {
	run_sxc audit list -c row,actor,what,object,before,after --no-header
	assert_ok $'1\t\tinit\trehearsal\t\t
2\t\tconfig.set\tseller.name\t\t"One"
3\trobot\tconfig.set\tseller.name\t"One"\t"Two"
4\t\tconfig.set\tterms\t\t"30d"'
	run_sxc audit list --limit 1 -q
	assert_ok 4
	run_sxc audit list --object seller.name --what config.set -q
	assert_ok $'2\n3'
	run_sxc audit list --limit 0
	assert_refused 2 "--limit must be 1 or more"
}

@test "audit knows the login and both clocks" {
	run_sxc audit list --limit 1 -o json
	assert_ok
	[ "$(jq -r '.audit[0].login' <<<"$out")" != null ]
	[ "$(jq -r '.audit[0].clock' <<<"$out")" = 2026-01-15T10:00:00Z ]
	[ "$(jq -r '.audit[0].at' <<<"$out" | cut -c1-4)" -ge 2026 ]
}

@test "who acts has a name of one line" {
	run_sxc --as $'ro\nbot' config set seller.name Zero
	assert_refused 2 "--as: a name is one line of 1 to 200 bytes"
	run_sxc --as "" config set seller.name Zero
	assert_refused 2 "--as: a name is one line of 1 to 200 bytes"
}

@test "audit verify proves an untouched log" {
	run_sxc audit verify
	assert_ok "4 rows, each fits the one before it"
}

# Somebody with the file and sqlite3 changes history; the triggers stop only honest mistakes.
tamper() {
	sqlite3 "$SXC_HOME/sxc.db" "drop trigger audit_keeps; drop trigger audit_stays; $1"
	run_sxc audit verify
}

@test "the store refuses to change or delete rows of the log" {
	run sqlite3 "$SXC_HOME/sxc.db" "delete from audit where id = 2"
	[[ $output == *"append-only"* ]]
	run sqlite3 "$SXC_HOME/sxc.db" "update audit set login = 'x' where id = 2"
	[[ $output == *"append-only"* ]]
}

@test "audit verify finds a changed value" {
	tamper "update audit set after = '\"Three\"' where id = 3"
	assert_refused_like 12 "audit log: row 3 .* was changed"
}

@test "audit verify finds a removed row" {
	tamper "delete from audit where id = 2"
	assert_refused_like 12 "audit log: row 3 "
}

@test "audit verify finds rows that changed places" {
	tamper "update audit set id = 30 where id = 3; update audit set id = 3 where id = 2;
		update audit set id = 2 where id = 30"
	assert_refused_like 12 "audit log: row 2 "
}

@test "audit verify tells NULL from an empty text" {
	tamper "update audit set actor = '' where id = 2"
	assert_refused_like 12 "audit log: row 2 "
}
