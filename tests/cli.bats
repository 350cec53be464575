#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The command line itself: finding commands, options, arguments, output, errors.

load helper

setup() {
	export SXC_HOME=$BATS_TEST_TMPDIR/none HOME=$BATS_TEST_TMPDIR
}

# ---- commands ----

@test "help lists every noun on stdout" {
	run_sxc --help
	assert_status 0
	assert_err ""
	for noun in server ps app domain plan account invoice ticket config job audit sql shell; do
		assert_out_like $'\n  '$noun' +[a-z]'
	done
}

@test "a noun alone lists its verbs on stderr, status 2" {
	run_sxc completion
	assert_status 2
	assert_out ""
	assert_err_like 'bash +print the script for bash'
}

@test "sxc alone is wrong usage" {
	run_sxc
	assert_status 2
	assert_out ""
	assert_err_has "usage: sxc"
}

@test "help of a command shows arguments and options, its own and global ones" {
	run_sxc account add --help
	assert_status 0
	assert_err ""
	assert_out_has "usage: sxc account add NAME"
	assert_out_has "--email"
	assert_out_has "--request-key KEY"
	run_sxc help account add
	assert_status 0
	assert_out_has "usage: sxc account add NAME"
}

@test "every command has help that fits and starts with its usage" {
	while IFS=$'\x1f' read -r noun verb option _ help; do
		[ -n "$noun" ] && [ -z "$option" ] || continue
		# shellcheck disable=SC2086
		run_sxc $noun $verb --help
		assert_status 0
		assert_out_has "usage: sxc $noun${verb:+ $verb}"
		[[ -n $help && $help != *. && $help =~ ^([^A-Z]|[A-Z][A-Z]) ]] ||
			seen "help of $noun $verb is no lower-case line without a full stop: $help"
	done < <("$SXC" __table | tr '\t' '\37')
}

@test "unknown words name the nearest command" {
	run_sxc acount list
	assert_refused 2 "unknown command 'acount'; did you mean 'account'? see sxc --help"
	run_sxc account lits
	assert_refused 2 "unknown command 'account lits'; did you mean 'account list'? see sxc account --help"
	run_sxc zzzzzzzz
	assert_refused 2 "unknown command 'zzzzzzzz'; see sxc --help"
}

@test "beginnings of commands are not taken outside the shell" {
	run_sxc vers
	assert_status 2
	assert_err_has "did you mean 'version'"
}

# ---- options ----

@test "global options stand anywhere" {
	for words in "-o json version" "version -o json" "version --output=json" "--output json version"; do
		# shellcheck disable=SC2086
		run_sxc $words
		assert_status 0
		[ "$(jq -r .version <<<"$out")" = "$("$SXC" -o tsv --no-header -c version version)" ] || seen json
	done
}

@test "unknown, abbreviated, incomplete and excessive options are refused" {
	run_sxc version --outptu json
	assert_refused 2 "unknown option '--outptu'; did you mean '--output'?"
	run_sxc version --out json
	assert_refused 2 "unknown option '--out'; did you mean '--output'?"
	run_sxc version --output
	assert_refused 2 "option '--output' needs a value"
	run_sxc version -o
	assert_refused 2 "option '-o' needs a value"
	run_sxc version --quiet=yes
	assert_refused 2 "option '--quiet' takes no value"
	run_sxc version -Z
	assert_refused 2 "unknown option '-Z'; see sxc version --help"
	run_sxc version -o yaml
	assert_refused 2 "--output: 'yaml' is not one of table, tsv, json, csv"
	run_sxc version -j many
	assert_refused 2 "--jobs: 'many' is not a whole number"
	run_sxc version -j 0
	assert_refused 2 "--jobs: from 1 to 1024"
}

@test "behind -- words are arguments, whatever they look like" {
	setup_home
	run_sxc account show -- --help
	assert_refused 3 "no account named '--help'"
	run_sxc -- account list
	assert_status 2
	run_sxc account list -- -q
	assert_refused_like 2 "unexpected argument '-q'"
}

@test "options that mean nothing to a command are refused" {
	run_sxc version -n
	assert_refused 2 "sxc version has no dry run (-n)"
	run_sxc version --sort version
	assert_refused 2 "sxc version prints no list: --sort is not for it"
	run_sxc version --request-key k
	assert_refused 2 "sxc version changes nothing: --request-key is not for it"
}

@test "arguments: missing, too many, too long, not UTF-8" {
	run_sxc account show
	assert_refused_like 2 "NAME is missing: sxc account show NAME"
	run_sxc version extra
	assert_refused 2 "unexpected argument 'extra': sxc version"
	run_sxc account show "$(head -c 5000 /dev/zero | tr '\0' a)"
	assert_refused 2 "NAME: longer than 4096 bytes"
	run_sxc account show $'\xff\xfe'
	assert_refused 2 "NAME: not valid UTF-8"
}

@test "names that are none are refused before anything is opened" {
	setup_home
	for name in A 'a b' 'a;b' "a'b" 'a$(id)' $'a\nb' .a '' "$(head -c 64 /dev/zero | tr '\0' a)"; do
		run_sxc account add "$name" --email a@example.net
		assert_refused_like 2 "is no name: up to 63 letters"
	done
	run_sxc account add -- -a --email a@example.net
	assert_status 2
	[ "$(sql 'SELECT count(*) FROM account')" = 0 ] || seen "an account was made"
}

@test "control bytes in a message are shown, not sent to the terminal" {
	run_sxc $'\e[31mred'
	assert_refused_like 2 'x1b\[31mred'
	[[ $err != *$'\e'* ]] || seen "an escape came through"
}

@test "an object that is not there is named, status 3; so is a missing control center" {
	run_sxc account list
	assert_refused 3 "no control center at $SXC_HOME: make one with \"sxc init\""
	setup_home
	run_sxc account show nobody
	assert_refused 3 "no account named 'nobody'"
	run_sxc account show '#99'
	assert_refused_like 3 "no account .*99"
}

# ---- the clock ----

@test "the clock: dates and times, and what is none" {
	setup_home
	for now in 2026-02-28 2026-02-28T10:00 2026-02-28T10:00:00Z 2026-02-28T10:00:00+02:00; do
		run_sxc --now "$now" account list
		assert_status 0
	done
	for now in 2026-02-29 2026-2-3 now 2026-01-01T25:00 2026-01-01T10:00:00+2 1969-12-31 ''; do
		run_sxc --now "$now" account list
		assert_refused 2 "--now: '$now' is not a time such as 2026-11-23, 2026-11-23T10:00:00Z or 2026-11-23T12:00+02:00"
	done
	SXC_NOW=yesterday run_sxc account list
	assert_refused_like 2 "SXC_NOW: 'yesterday' is not a time"
}

@test "outside a rehearsal --now changes nothing, but may read" {
	unset SXC_NOW
	"$SXC" init >/dev/null
	run_sxc --now 2026-02-01 account add a --email a@example.net
	assert_refused 2 "--now changes something only in a rehearsal (sxc init --rehearsal)"
	run_sxc --now 2026-02-01 account list
	assert_status 0
}

# ---- output ----

three() {
	setup_home
	for name in carol alice bob; do
		"$SXC" account add $name --email $name@example.net --currency EUR >/dev/null
	done
}

@test "a list in tsv, csv, table and json" {
	three
	run_sxc account list -c account,email --sort account
	assert_ok $'account\temail\nalice\talice@example.net\nbob\tbob@example.net\ncarol\tcarol@example.net'
	run_sxc account list -c email,account -o csv --no-header --sort account
	assert_ok $'alice@example.net,alice\nbob@example.net,bob\ncarol@example.net,carol'
	run_sxc account list -c account,email -o table --sort account
	assert_ok $'ACCOUNT EMAIL\nalice   alice@example.net\nbob     bob@example.net\ncarol   carol@example.net'
	run_sxc account list -c account -o json --sort account
	assert_status 0
	[ "$(jq -c '.accounts|map(.account)' <<<"$out")" = '["alice","bob","carol"]' ] || seen json
	run_sxc account list -q --sort account
	assert_ok $'alice\nbob\ncarol'
}

@test "sort and filter" {
	three
	run_sxc account list -q --sort -account
	assert_ok $'carol\nbob\nalice'
	run_sxc account list -q --sort account
	assert_ok $'alice\nbob\ncarol'
	run_sxc account list -q --sort account --filter 'account=*o*'
	assert_ok $'bob\ncarol'
	run_sxc account list -q --filter 'account=*o*' --filter 'email=bob@*'
	assert_ok bob
	run_sxc account list --filter account
	assert_refused 2 "--filter: 'account' is not COL=GLOB"
	run_sxc account list --sort nothing
	assert_refused_like 2 "--sort: no column 'nothing'; there are account, "
	run_sxc account list -c account,nothing
	assert_refused_like 2 "--columns: no column 'nothing'; there are account, "
}

@test "--columns help lists them" {
	run_sxc account list -c help
	assert_status 0
	assert_out_like $'^name\ttype\thelp\naccount\ttext\t'
	assert_err ""
}

@test "an empty list: header in tsv, nothing in a table, an empty array in json" {
	setup_home
	run_sxc account list -c account -o tsv
	assert_ok account
	run_sxc account list -o table
	assert_ok ""
	run_sxc account list -o json
	assert_ok '{"accounts": []}'
}

@test "hostile text stays one row in tsv and is right in json and csv" {
	setup_home
	run_sxc -o tsv --no-header sql "SELECT 'a' || char(9,10,27) || '[31m' AS x, 'q\"' AS y"
	assert_ok $'a\\x09\\x0a\\x1b[31m\tq"'
	run_sxc -o csv --no-header sql "SELECT 'a,b' AS x, 'q\"' AS y"
	assert_ok $'"a,b","q"""'
	run_sxc -o json sql "SELECT 'a' || char(9,10,27) AS x"
	assert_status 0
	[ "$(jq -r '.[][0].x|length' <<<"$out")" = 4 ] || seen json
}

@test "standard output that cannot be written is told, status 1" {
	run_split bash -c '"$SXC" version >/dev/full'
	assert_refused 1 "cannot write to standard output: No space left on device"
	run_split bash -c '"$SXC" version >&-'
	assert_refused 1 "cannot write to standard output: Bad file descriptor"
}

@test "a reader that goes away ends it quietly, by SIGPIPE" {
	run_split bash -c '"$SXC" --help | head -c 0; sleep 0.1; echo ${PIPESTATUS[0]}'
	assert_err ""
	assert_status 0
	[[ $out == 141 || $out == 0 ]] || seen "not killed by SIGPIPE"
	run_split bash -c '{ sleep 0.3; "$SXC" --help; echo $? >&2; } | true'
	assert_err 141
}

# ---- questions ----

@test "a destructive verb without a terminal and without -y is refused" {
	setup_home
	"$SXC" ip add 192.0.2.0/28 >/dev/null
	run_sxc ip remove 192.0.2.0/28
	assert_refused_like 2 "there is no terminal to ask on: add -y to do it"
	[ -n "$("$SXC" ip list -q)" ] || seen "it was removed"
	run_sxc -y ip remove 192.0.2.0/28
	assert_status 0
	[ -z "$("$SXC" ip list -q)" ] || seen "it is still there"
}

@test "on a terminal it asks; only yes is yes" {
	setup_home
	"$SXC" ip add 192.0.2.0/28 >/dev/null
	export ANSWER
	for ANSWER in n '' maybe; do
		run_split expect "$TESTS/lib/answer.exp" "$SXC" ip remove 192.0.2.0/28
		assert_status 1
		assert_out_has "[y/N]"
		assert_out_has "sxc: not done"
	done
	ANSWER=y run_split expect "$TESTS/lib/answer.exp" "$SXC" ip remove 192.0.2.0/28
	assert_status 0
	[ -z "$("$SXC" ip list -q)" ] || seen "it is still there"
}

# ---- request keys ----

@test "the same request key gives the first result again and does nothing" {
	setup_home
	run_sxc --request-key k1 account add a --email a@example.net
	assert_status 0
	first=$out
	run_sxc --request-key k1 account add a --email a@example.net
	assert_ok "$first"
	run ls -A "$SXC_HOME/run"
	[ -z "$output" ] || { echo "left behind: $output"; false; }
	run_sxc --request-key k1 account add b --email b@example.net
	assert_refused 12 "request key 'k1' was used for other arguments"
	[ "$(sql 'SELECT count(*) FROM account')" = 1 ] || seen "two accounts"
}

@test "a request key covers what the files say" {
	setup_home
	run_sxc account add a --email a@example.net
	echo one >"$BATS_TEST_TMPDIR/body"
	run_sxc --request-key k2 ticket open --account a --subject s --body-file "$BATS_TEST_TMPDIR/body"
	assert_status 0
	echo two >"$BATS_TEST_TMPDIR/body"
	run_sxc --request-key k2 ticket open --account a --subject s --body-file "$BATS_TEST_TMPDIR/body"
	assert_refused 12 "request key 'k2' was used for other arguments"
}

@test "a request that failed and changed nothing may be tried again" {
	setup_home
	"$SXC" account add a --email a@example.net >/dev/null
	run_sxc --request-key k2 account add a --email a@example.net
	assert_status 4
	run_sxc --request-key k2 account add c --email c@example.net
	assert_status 0
}

# ---- signals ----

@test "interrupted: status 130, said in one line" {
	setup_home
	run_split bash -c '"$SXC" shell <(echo "sql \"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n\"") >/dev/null & pid=$!; sleep 0.5; kill -INT $pid; wait $pid'
	assert_status 130
	assert_err_has "interrupted"
}
