#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# sxc shell: scripts, and a person on a terminal (played by expect).

load helper

setup() {
	setup_home
}

# ---- scripts ----

@test "a script runs to its end; comments, quotes, long lines" {
	cat >"$BATS_TEST_TMPDIR/script" <<'END'
# make two
account add ada --email ada@example.net   # the first

sxc account add bob \
	--email bob@example.net
account set ada --contact "name=Ada \"the\" first"
config set seller.name 'It'\''s #1'
account list -q
END
	run_sxc -q shell "$BATS_TEST_TMPDIR/script"
	assert_ok $'ada\nbob'
	[ "$(sql "SELECT value FROM v_config WHERE key = 'seller.name'")" = "It's #1" ] ||
		[ "$("$SXC" config get seller.name)" = "It's #1" ] || seen "the name is another"
}

@test "a script stops at the first error, with its line and its status" {
	printf 'account list -q\n\naccount show nobody\naccount add bob --email b@example.net\n' \
		>"$BATS_TEST_TMPDIR/script"
	run_sxc shell "$BATS_TEST_TMPDIR/script"
	assert_status 3
	assert_err "sxc: $BATS_TEST_TMPDIR/script:3: no account named 'nobody'"
	run_sxc shell <"$BATS_TEST_TMPDIR/script"
	assert_status 3
	assert_err "sxc: standard input:3: no account named 'nobody'"
	[ -z "$("$SXC" account list -q)" ] || seen "it went on"
}

@test "a script that is wrong: open quote, unknown word, noun alone, NUL, endless line" {
	local -a lines=('account list "x' 'acount list' 'account' 'a\0b' "$(head -c 70000 /dev/zero | tr '\0' a)")
	local -a want=('the quote " is not closed' "unknown command 'acount'" 'unfinished command'
		'there is a NUL byte' 'longer than 65536 bytes')
	for i in "${!lines[@]}"; do
		run_split bash -c 'printf "$1" | "$SXC" shell' - "${lines[i]}"
		assert_status 2
		assert_out ""
		assert_err_has "sxc: standard input:1: ${want[i]}"
	done
}

@test "a script that is not there, a directory, an argument too many" {
	run_sxc shell /nonexistent
	assert_refused 3 "/nonexistent: no such file"
	run_sxc shell /
	assert_refused 2 "/ is a directory"
	run_sxc shell a b
	assert_refused_like 2 "unexpected argument 'b'"
}

@test "exit and quit end it; the shell does not run in the shell" {
	run_sxc shell < <(printf 'exit\nacount\n')
	assert_ok ""
	run_sxc shell < <(printf 'quit\nacount\n')
	assert_ok ""
	run_sxc shell < <(echo shell)
	assert_refused 5 "standard input:1: this is the shell already"
}

@test "beginnings of commands do where they are unique" {
	run_sxc shell < <(echo 'acc li -q')
	assert_ok ""
	run_sxc shell < <(echo 'a list')
	assert_refused 2 "standard input:1: 'a' begins several commands"
}

@test "global options before it hold for every line, others for one" {
	run_sxc -o json shell < <(echo 'version')
	assert_status 0
	[ "$(jq -r 'has("version")' <<<"$out")" = true ] || seen json
	run_sxc shell < <(printf 'version -o json\nversion --no-header -c version\n')
	assert_status 0
	assert_out_has '"version": '
	assert_out_like $'}\n[0-9.]+$'
	run_sxc shell < <(echo 'version --home /tmp')
	assert_refused 2 "standard input:1: --home is for the whole session: sxc --home DIR shell"
}

@test "the clock may differ from line to line" {
	run_sxc -q shell < <(printf '%s\n' 'account add a --email a@example.net --now 2026-03-01' \
		'account add b --email b@example.net --now 2026-04-01' 'account add c --email c@example.net')
	assert_ok ""
	[ "$(sql "SELECT group_concat(date(clock, 'unixepoch')) FROM audit WHERE what = 'account.add'")" = \
		2026-03-01,2026-04-01,2026-01-15 ] || seen "other days in the audit log"
}

@test "nobody is asked in a script: destruction wants -y" {
	run_sxc -q ip add 192.0.2.0/28
	run_sxc shell < <(echo 'ip remove 192.0.2.0/28')
	assert_refused_like 2 "standard input:1: .*no terminal to ask on: add -y"
	run_sxc -q shell < <(echo 'ip remove 192.0.2.0/28 -y')
	assert_ok ""
}

@test "what a command reads from standard input is taken from the script's pipe, no more" {
	run_sxc shell < <(printf 'plan validate -\nnot: a plan\n')
	assert_status 2
	assert_err_has "standard input:1: "
}

# ---- on a terminal ----

typed() { # file of expect commands; $spawned runs the shell
	run_split expect -f "$TESTS/lib/shell.exp" -- "$@"
}

@test "typed: completion, history, an error that does not end it, Ctrl-D" {
	"$SXC" account add ada --email ada@example.net >/dev/null
	typed edit
	assert_status 0
	assert_out_has "ALL STEPS DONE"
}

@test "typed: Ctrl-C drops the line, cancels a command and not the shell" {
	typed interrupt
	assert_status 0
	assert_out_has "ALL STEPS DONE"
}

@test "typed: a question before destruction" {
	"$SXC" ip add 192.0.2.0/28 >/dev/null
	typed confirm
	assert_status 0
	assert_out_has "ALL STEPS DONE"
	[ -z "$("$SXC" ip list -q)" ] || seen "it is still there"
}

@test "history is the owner's alone and leaves out lines that begin with a blank" {
	typed history
	assert_status 0
	assert_out_has "ALL STEPS DONE"
	[ "$(stat -c %a "$SXC_HOME/shell_history")" = 600 ] || seen "mode of the history"
	grep -q version "$SXC_HOME/shell_history" || seen "a line is missing"
	! grep -q secret "$SXC_HOME/shell_history" || seen "a line too many"
}
