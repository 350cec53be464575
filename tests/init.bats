#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

setup() {
	export SXC_HOME=$BATS_TEST_TMPDIR/home
	unset SXC_NOW
}

@test "init makes a home that only its owner reads" {
	run_sxc init
	assert_ok "control center made at $SXC_HOME"
	[ "$(stat -c %a "$SXC_HOME")" = 700 ]
	[ "$(stat -c %a "$SXC_HOME/sxc.db")" = 600 ]
	[ "$(stat -c %a "$SXC_HOME/keys/ssh")" = 600 ]
	[ "$(stat -c %a "$SXC_HOME/keys/sign")" = 600 ]
	[ -s "$SXC_HOME/keys/ssh.pub" ]
	[ -s "$SXC_HOME/keys/sign.pub" ]
	ssh-keygen -l -f "$SXC_HOME/keys/ssh.pub"
	run_sxc sql "select value from meta where key = 'kind'" --no-header
	assert_ok real
}

@test "init leaves a home that is there alone" {
	"$SXC" init
	before=$(sha256sum "$SXC_HOME/sxc.db" "$SXC_HOME"/keys/*)
	run_sxc init --rehearsal
	assert_refused 4 "$SXC_HOME is a control center already"
	[ "$before" = "$(sha256sum "$SXC_HOME/sxc.db" "$SXC_HOME"/keys/*)" ]
}

@test "init goes on with what a run that was cut short has left" {
	"$SXC" init
	key=$(cat "$SXC_HOME/keys/ssh.pub")
	mv "$SXC_HOME/sxc.db" "$SXC_HOME/sxc.db.new"
	printf 'half a log' >"$SXC_HOME/sxc.db.new-wal"
	run_sxc init
	assert_ok "control center made at $SXC_HOME"
	[ "$key" = "$(cat "$SXC_HOME/keys/ssh.pub")" ]
	[ ! -e "$SXC_HOME/sxc.db.new" ]
	[ ! -e "$SXC_HOME/sxc.db.new-wal" ]
	run_sxc audit verify
	assert_ok "1 rows, each fits the one before it"
}

@test "init says why it cannot make a home" {
	printf x >"$BATS_TEST_TMPDIR/file"
	SXC_HOME=$BATS_TEST_TMPDIR/file/home run_sxc init
	assert_refused_like 1 "file.*Not a directory"
	run_sxc --home "" init
	run_sxc init extra
	assert_refused_like 2 "extra"
}

@test "real books have the real clock" {
	"$SXC" init
	run_sxc --now 2030-01-01 config set seller.name Example
	assert_refused 2 "--now changes something only in a rehearsal (sxc init --rehearsal)"
	run_sxc config get seller.name
	assert_refused 3 "seller.name is not set"
}

@test "a rehearsal turns the clock" {
	"$SXC" init --rehearsal
	run_sxc --now 2030-01-01 config set seller.name Example
	assert_ok "seller.name set"
	run_sxc audit list --object seller.name -c clock --no-header
	assert_ok 2030-01-01T00:00:00Z
}

@test "without a home every command says how to make one" {
	for command in "config list" "audit verify" "ticket list" "backup x" "sql x"; do
		# shellcheck disable=SC2086
		run_sxc $command
		assert_refused 3 "no control center at $SXC_HOME: make one with \"sxc init\""
	done
	[ ! -e "$SXC_HOME" ]
}
