#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

setup() {
	setup_home
	"$SXC" account add acme --email ops@example.com
	"$SXC" account add other --email ops@example.net
	cd "$BATS_TEST_TMPDIR" || return 1
}

# A ticket of acme.
open_one() {
	"$SXC" ticket open --account acme --subject "${1:-Site down}" --body "${2:-since noon}" "${@:3}"
}

state() {
	sql "select state from v_ticket where ticket = $1"
}

# What was kept of everything said and done.
everything() {
	sql "select * from v_ticket"
	sql "select * from v_ticket_message"
	sql "select * from v_ticket_attachment"
	sql "select count(*) from audit"
}

@test "ticket open numbers tickets and keeps the first message as the customer's" {
	run_sxc ticket open --account acme --subject "Site down" --body "since noon" --priority high
	assert_ok "ticket 1 opened"
	run_sxc ticket open --account other -s "Invoice?" -F - <<<"which one"
	assert_ok "ticket 2 opened"
	run_sxc ticket list
	assert_ok $'ticket\tstate\tpriority\taccount\tsubject\tassigned\tabout\tupdated
1\topen\thigh\tacme\tSite down\t\t\t2026-01-15T10:00:00Z
2\topen\tnormal\tother\tInvoice?\t\t\t2026-01-15T10:00:00Z'
	run_sxc ticket show 2 -o json
	assert_ok
	[ "$(jq -c '[.messages[] | [.kind, .author, .body]]' <<<"$out")" = '[["customer","other","which one\n"]]' ]
}

@test "ticket open -o json gives the number" {
	run_sxc ticket open --account acme -s x -o json
	assert_ok
	[ "$(jq -r .ticket <<<"$out")" = 1 ]
}

@test "a ticket's way: reply, customer's reply, note, close, reopen" {
	open_one
	run_sxc --now 2026-01-15T11:00:00Z ticket reply 1 --body "we look"
	assert_ok "reply added to ticket 1"
	[ "$(state 1)" = waiting ]
	run_sxc ticket reply 1 --customer --body "thank you"
	assert_ok "reply added to ticket 1"
	[ "$(state 1)" = open ]
	run_sxc --as bob ticket note 1 --body "it is the disk"
	assert_ok "note added to ticket 1"
	[ "$(state 1)" = open ]
	run_sxc ticket close 1
	assert_ok "ticket 1 closed"
	run_sxc ticket list -q
	assert_ok ""
	run_sxc ticket list --all -q
	assert_ok 1
	run_sxc ticket close 1
	assert_refused 5 "ticket 1 is closed already"
	run_sxc ticket reply 1 --body late
	assert_refused 5 "ticket 1 is closed, reopen it first"
	run_sxc ticket reopen 1
	assert_ok "ticket 1 reopened"
	run_sxc ticket reopen 1
	assert_refused 5 "ticket 1 is open already"
	run_sxc ticket show '#1' -o json
	assert_ok
	[ "$(jq -r '.messages[] | .kind + " " + .body' <<<"$out")" = "customer since noon
reply we look
customer thank you
note it is the disk
event closed
event reopened" ] || seen "messages"
	[ "$(jq -r '.messages[] | select(.kind == "note") | .author' <<<"$out")" = bob ]
	[ "$(jq -r '.messages[] | select(.kind == "reply") | .at' <<<"$out")" = 2026-01-15T11:00:00Z ]
	run_sxc audit verify
	assert_ok
}

@test "ticket show is a page to read" {
	open_one "Site down" $'first line\nsecond line'
	run_sxc ticket show 1 -o table
	assert_ok "ticket:   1
state:    open
priority: normal
account:  acme
subject:  Site down
updated:  2026-01-15T10:00:00Z

2026-01-15T10:00:00Z  acme (customer)

first line
second line"
	run_sxc ticket show 1 -o tsv --no-header -c ticket,subject
	assert_ok $'1\tSite down'
}

@test "a customer's reply opens a closed ticket again" {
	open_one
	"$SXC" ticket close 1
	run_sxc ticket reply 1 --customer --body "still down"
	assert_ok
	[ "$(state 1)" = open ]
	[ "$(sql "select closed is null from v_ticket")" = 1 ]
}

@test "attachments come back byte for byte" {
	head -c 100000 /dev/urandom >noise.bin
	printf 'a\0b' >"with blank.txt"
	open_one x y --attach noise.bin --attach "with blank.txt"
	run_sxc ticket show 1 -o json
	[ "$(jq -r '.attachments[] | "\(.attachment) \(.name) \(.size)"' <<<"$out")" = "1 noise.bin 100000
2 with blank.txt 3" ]
	[ "$(jq -r '.attachments[0].digest' <<<"$out")" = "$(sha256sum <noise.bin | cut -c1-64)" ]
	"$SXC" ticket attachment 1 1 | cmp - noise.bin
	"$SXC" ticket attachment 1 2 | cmp - "with blank.txt"
	run_sxc ticket attachment 1 3
	assert_refused 3 "ticket 1 has no attachment 3"
	run_sxc ticket attachment 1 noise.bin
	assert_refused 2 "'noise.bin' is not the number of an attachment"
	open_one
	run_sxc ticket attachment 2 1
	assert_refused 3 "ticket 2 has no attachment 1"
}

@test "a damaged attachment is not given out" {
	printf abc >a.txt
	open_one x y --attach a.txt
	sqlite3 "$SXC_HOME/sxc.db" "update ticket_attachment set content = x'616264'"
	run_sxc ticket attachment 1 1
	assert_refused 12 "attachment 1 is damaged: its digest differs"
}

@test "ticket list finds words, their beginnings, without case and accents" {
	open_one "Mail bounces" "Die Größe stimmt nicht"
	open_one "Site down" "nothing works"
	"$SXC" ticket reply 2 --body "the mail server as well"
	for found in "mail:1 2" "MAIL:1 2" "grosse:" "größe:1" "GROSSE:" "boun mai:1" "nicht:1" "work noth:2" \
		"works mail:" "zzz:" "mail*:1 2" '"mail":1 2' "mail OR down:" "subject:":; do
		run_sxc ticket list -q --search "${found%:*}"
		assert_ok "$(tr ' ' '\n' <<<"${found##*:}")"
	done
	run_sxc ticket list --search "'*\"-("
	assert_refused_like 2 "no word to search for"
	run_sxc ticket list --search ""
	assert_refused_like 2 "no word to search for"
	"$SXC" ticket set 2 --subject "Everything down"
	run_sxc ticket list -q --search everything
	assert_ok 2
}

@test "ticket list chooses by state, account and person" {
	open_one one
	open_one two
	"$SXC" ticket open --account other -s three
	"$SXC" ticket assign 1 --to bob
	"$SXC" ticket reply 2 --body x
	"$SXC" ticket close 3
	while read -r options; do
		found=${options##*= }
		# shellcheck disable=SC2086
		run_sxc ticket list -q ${options%%=*}
		assert_ok "$(tr ' ' '\n' <<<"$found")"
	done <<-'EOF'
		--account acme = 1 2
		--account other --all = 3
		--assigned bob = 1
		--state waiting = 2
		--state closed = 3
		--state open --account acme = 1
		--all = 1 2 3
	EOF
	run_sxc ticket list --state lost
	assert_refused 2 "no state 'lost': there are open waiting closed merged all"
	run_sxc ticket list --account nobody
	assert_refused_like 3 "no account named 'nobody'"
}

@test "ticket assign and set leave events" {
	open_one
	run_sxc --as carol ticket assign 1
	assert_ok "ticket 1 changed"
	run_sxc ticket assign 1 --to bob
	run_sxc ticket assign 1 --nobody
	run_sxc ticket set 1 --priority urgent --subject "All down"
	assert_ok "ticket 1 changed"
	[ "$(sql "select body from v_ticket_message where kind = 'event'")" = "assigned: carol
assigned: bob
assigned: none
subject: All down
priority: urgent" ]
	before=$(everything)
	run_sxc ticket set 1 --priority urgent
	assert_ok "ticket 1 changed"
	[ "$before" = "$(everything)" ]
	run_sxc ticket set 1
	assert_refused 2 "nothing to set: give --subject, --priority or --about"
	run_sxc ticket set 1 --priority extreme
	assert_refused 2 "no priority 'extreme': there are low normal high urgent"
	run_sxc ticket assign 1 --to "a b"
	assert_refused 2 "'a b' is not a login name"
	run_sxc ticket assign 1 --to x --nobody
	assert_refused 2 "--to and --nobody exclude each other"
}

@test "ticket merge moves what was said, within one account" {
	open_one first "said first"
	open_one second "said second"
	"$SXC" ticket open --account other -s third
	run_sxc ticket merge 2 1
	assert_refused_like 2 "merge tickets 2 1\?.*-y"
	run_sxc ticket merge 2 3 -y
	assert_refused 5 "tickets 2 and 3 are of different accounts"
	run_sxc ticket merge 2 2 -y
	assert_refused 2 "ticket 2 cannot be merged into itself"
	run_sxc ticket merge 2 1 -y
	assert_ok "ticket 2 merged into ticket 1"
	[ "$(sql "select ticket, origin, body from v_ticket_message where kind = 'customer' and ticket = 1")" = \
		$'1\t1\tsaid first\n1\t2\tsaid second' ]
	for verb in "reply 2 --body x" "note 2 --body x" "close 2" "reopen 2" "assign 2" "merge 2 1 -y"; do
		# shellcheck disable=SC2086
		run_sxc ticket $verb
		assert_refused 5 "ticket 2 was merged into ticket 1"
	done
	run_sxc ticket merge 1 2 -y
	assert_refused 5 "ticket 2 was merged into ticket 1"
	run_sxc ticket list -q --search second
	assert_ok 1
}

@test "several tickets are closed, those that cannot be are named" {
	open_one a
	open_one b
	"$SXC" ticket close 1
	run_sxc ticket close 1 2
	assert_status 10
	assert_out "ticket 2 closed"
	assert_err "ticket 1 is closed already
sxc: 1 of 2 tickets could not be closed"
	[ "$(state 2)" = closed ]
}

@test "ticket -n changes nothing" {
	open_one
	before=$(everything)
	printf abc >a.txt
	run_sxc -n ticket open --account acme -s x --body y --attach a.txt
	assert_ok "would open a ticket of acme: x"
	run_sxc -n ticket reply 1 --body y
	assert_ok "would add a reply to ticket 1"
	run_sxc -n ticket close 1
	assert_ok "would close ticket 1"
	run_sxc -n ticket set 1 --priority low
	assert_ok "would change ticket 1"
	[ "$before" = "$(everything)" ]
	run_sxc ticket open --account acme -s x
	assert_ok "ticket 2 opened"
}

@test "texts that are not allowed are refused and nothing is kept" {
	open_one
	before=$(everything)
	printf 'ok\nbad \033[31m\n' >control
	run_sxc ticket reply 1 --body-file control
	assert_refused 2 "line 2 of the text has the control byte 0x1b"
	printf 'a\0b' >nul
	run_sxc ticket reply 1 --body-file nul
	assert_refused 2 "line 1 of the text has the control byte 0x00"
	printf 'a\377b' >latin
	run_sxc ticket reply 1 --body-file latin
	assert_refused 2 "the text is not UTF-8, attach it as a file"
	head -c 1100000 /dev/zero | tr '\0' a >large
	run_sxc ticket reply 1 --body-file large
	assert_refused 2 "large is larger than 1048576 bytes, the most allowed"
	run_sxc ticket reply 1
	assert_refused 2 "nothing to say: give --body, --body-file or --attach"
	run_sxc ticket reply 1 --body x --body-file nul
	assert_refused 2 "--body and --body-file exclude each other"
	run_sxc ticket reply 1 --body-file missing
	assert_refused 1 "cannot read missing: No such file or directory"
	run_sxc ticket reply 1 --body-file .
	assert_refused 2 ". is a directory, not a file"
	run_sxc ticket open --account acme
	assert_refused 2 "a ticket needs --account and --subject"
	for subject in "" "   " $'two\nlines' $'\033[31m' "$(printf '%0201d' 0)" $'\377'; do
		run_sxc ticket open --account acme -s "$subject"
		[ "$status" = 2 ] || seen "status"
		[ -z "$out" ] || seen "stdout"
	done
	[ "$before" = "$(everything)" ]
}

@test "files that cannot be attached are refused" {
	open_one
	before=$(everything)
	run_sxc ticket reply 1 --attach missing
	assert_refused 1 "cannot read missing: No such file or directory"
	run_sxc ticket reply 1 --attach /dev/zero
	assert_refused 2 "/dev/zero is a device, not a file"
	run_sxc ticket reply 1 --attach -
	assert_refused 2 "an attachment needs a name: give a file, not '-'"
	truncate -s 11M large
	run_sxc ticket reply 1 --attach large
	assert_refused 2 "large is larger than 10485760 bytes, the most allowed"
	touch $'bad\nname' a
	run_sxc ticket reply 1 --attach $'bad\nname'
	[ "$status" = 2 ] || seen "status"
	many=()
	for _ in $(seq 21); do many+=(--attach a); done
	run_sxc ticket reply 1 "${many[@]}"
	assert_refused 2 "a message takes 20 attachments, not 21"
	[ "$before" = "$(everything)" ]
}

@test "CR LF becomes LF" {
	open_one
	run_sxc ticket reply 1 -F - < <(printf 'one\r\ntwo\r\n')
	assert_ok
	[ "$(sql "select hex(body) from v_ticket_message where kind = 'reply'")" = 6F6E650A74776F0A ]
}

@test "ticket --about names an object that is there" {
	run_sxc ticket open --account acme -s x --about nowhere
	assert_refused 3 "--about: no server, private server, domain, subscription or invoice 'nowhere'"
	run_sxc ticket open --account acme -s x --about domain:nowhere
	assert_refused_like 3 "nowhere"
	[ "$(sql "select count(*) from v_ticket")" = 0 ]
}

@test "a body on a terminal is shown without its control bytes" {
	open_one
	sqlite3 "$SXC_HOME/sxc.db" "insert into ticket_message (ticket, origin, at, kind, author, body)
		values (1, 1, 1, 'customer', 'x', char(27) || ']0;owned' || char(7))"
	run_split script -qec "'$SXC' ticket show 1" /dev/null
	[[ $out != *$'\033]0'* ]] || seen "an escape"
	assert_out_has '\x1b]0;owned\x07'
}

@test "two at once: both are kept, numbers differ" {
	for i in 1 2 3 4 5 6; do
		"$SXC" ticket open --account acme -s "number $i" >"out$i" &
	done
	wait
	[ "$(cat out? | sort | uniq | wc -l)" = 6 ]
	[ "$(sql "select count(distinct subject) from v_ticket")" = 6 ]
	run_sxc audit verify
	assert_ok
}
