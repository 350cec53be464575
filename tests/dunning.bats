#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Invoices that are not paid: what is done when, and how payment takes it back.

load helper

setup() {
	setup_home 2026-04-01T10:00:00Z
	cat >"$BATS_TEST_TMPDIR/web.yaml" <<'Y'
plan: web
currency: USD
price: 30
every: 1 month
Y
	run_sxc plan apply "$BATS_TEST_TMPDIR/web.yaml"
	run_sxc account add ada --email ada@example.net
	run_sxc account subscribe ada web
	assert_status 0
}

on() { # day, command…
	SXC_NOW=${1}T10:00:00Z run_sxc "${@:2}"
}

# Run billing on a day: what dunning did, "INVOICE ACTION" a line.
dun() { # day
	on "$1" invoice run
	steps=$(sed -n 's/^dunning: \(.*\) of .*: \(.*\)$/\1 \2/p' <<<"$err")
}

# Every day from one to another, what was done on which.
days() { # from, to
	local day=$1
	while [[ ! $day > $2 ]]; do
		on "$day" invoice run
		sed -n "s/^dunning: \(.*\) of .*: \(.*\)$/$day \1 \2/p" <<<"$err"
		day=$(date -u -d "$day + 1 day" +%F)
	done
}

mail_on() {
	run_sxc config set mail.command "$TESTS/lib/sendmail"
	run_sxc config set mail.from b@example.net
}

state() {
	sql 'SELECT subscription, state FROM v_subscription'
}

books() {
	run_sxc invoice check
	assert_status 0
	[ "$err" = "the books are in order" ]
}

@test "standard, day by day: one step a run, in order" {
	run days 2026-04-01 2026-04-30
	# Due on the 15th; the second step of a day comes with the next run.
	[ "$output" = '2026-04-18 2026-000001 remind
2026-04-19 2026-000001 collect
2026-04-22 2026-000001 remind
2026-04-23 2026-000001 collect
2026-04-29 2026-000001 suspend' ] || { echo "$output" && false; }
	[ "$(state)" = $'ada/1\tsuspended' ]
	run_sxc -o tsv --no-header -c invoice,steps,last,last_day,next,next_day invoice dunning
	assert_ok $'2026-000001\t5\tsuspend\t2026-04-29\tremind\t2026-05-06'
	run days 2026-05-01 2026-06-18
	[ "$output" = '2026-05-06 2026-000001 remind
2026-06-14 2026-000001 terminate' ] || { echo "$output" && false; }
	[ "$(state)" = $'ada/1\tended' ]
	# Periods that began while it was suspended were not billed.
	[ "$(sql 'SELECT count(*) FROM v_invoice WHERE kind = '"'invoice'")" = 1 ]
	books
}

@test "preview says the same as run, and does nothing" {
	dun 2026-04-01
	on 2026-04-18 invoice preview
	assert_status 0
	previewed=$(grep ^dunning <<<"$err")
	[ -n "$previewed" ]
	[ "$(sql 'SELECT count(*) FROM v_dunning')" = 0 ]
	on 2026-04-18 invoice run
	[ "$(grep ^dunning <<<"$err")" = "$previewed" ]
	[ "$(sql 'SELECT count(*) FROM v_dunning')" = 1 ]
	# Run again on the same day: the next of that day; then nothing.
	dun 2026-04-18
	[ "$steps" = '2026-000001 collect' ]
	dun 2026-04-18
	[ "$steps" = '' ]
}

@test "preview --until: every step up to that day, with its fee, as daily runs take them" {
	run_sxc config set dunning.schedules 'fees:
  - {after: -5 days, do: remind}
  - {after: 3 days, do: remind}
  - {after: 3 days, do: collect}
  - {after: 10 days, do: late-fee, amount: {USD: 5.00}}
  - {after: 14 days, do: late-fee, amount: {USD: 5.00}}
  - {after: 20 days, do: suspend}'
	run_sxc account set ada --dunning fees
	dun 2026-04-01
	on 2026-04-01 invoice preview --until 2026-04-30
	[ "$(grep ^dunning <<<"$err")" = 'dunning: 2026-000001 of ada: remind on 2026-04-10
dunning: 2026-000001 of ada: remind on 2026-04-18
dunning: 2026-000001 of ada: collect on 2026-04-19
dunning: 2026-000001 of ada: late-fee on 2026-04-25, 5.00 USD
dunning: 2026-000001 of ada: late-fee on 2026-04-29' ] || seen ahead
	[ "$(sql 'SELECT count(*) FROM v_dunning')" = 0 ]
	# And that is what daily runs do.
	ahead=$(sed -n 's/^dunning: \(.*\) of .*: \([a-z-]*\) on \(2[0-9-]*\).*/\3 \1 \2/p' <<<"$err")
	run days 2026-04-02 2026-04-30
	[ "$(grep 2026-000001 <<<"$output")" = "$ahead" ] || { echo "$output" && false; }
	on 2026-04-30 invoice preview --account ada --until 2026-05-05
	[ "$(grep 000001 <<<"$err")" = 'dunning: 2026-000001 of ada: suspend on 2026-05-05' ] || seen later
}

@test "payment of all that is overdue lifts it; billed from that day, prorated" {
	run days 2026-04-01 2026-05-03
	[ "$(state)" = $'ada/1\tsuspended' ]
	on 2026-05-16 invoice run
	[ "$(sql 'SELECT count(*) FROM v_invoice')" = 1 ]
	on 2026-05-16 invoice pay 2026-000001 10
	[ "$(state)" = $'ada/1\tsuspended' ]
	on 2026-05-16 invoice pay 2026-000001
	assert_status 0
	[ "$(state)" = $'ada/1\tactive' ]
	[ "$(sql 'SELECT effect, since, lifted FROM v_dunning_hold')" = $'suspend\t2026-04-29\t2026-05-16' ]
	on 2026-05-16 invoice run
	# 16 of 31 days of May, then June whole.
	[ "$(sql 'SELECT start, "end", amount FROM v_invoice_line WHERE invoice = '"'2026-000002'")" = $'2026-05-16\t2026-06-01\t1548' ]
	on 2026-06-01 invoice run
	[ "$(sql 'SELECT start, "end", amount FROM v_invoice_line WHERE invoice = '"'2026-000003'")" = $'2026-06-01\t2026-07-01\t3000' ]
	run_sxc invoice explain 2026-000002
	assert_out_has '30.00 x 16 of 31 days'
	books
}

@test "lifted within the period that is paid: nothing is billed twice" {
	run_sxc account set ada --terms 0d
	run days 2026-04-01 2026-04-20
	[ "$(state)" = $'ada/1\tsuspended' ]
	on 2026-04-20 account pay ada 30
	[ "$(state)" = $'ada/1\tactive' ]
	on 2026-05-01 invoice run
	[ "$(sql 'SELECT start, "end" FROM v_invoice_line')" = $'2026-04-01\t2026-05-01\n2026-05-01\t2026-06-01' ]
	books
}

@test "in arrears: the period that began before is billed whole, those that begin in it are not" {
	sed -i 's/^plan: web/plan: late/' "$BATS_TEST_TMPDIR/web.yaml"
	echo 'bill: arrears' >>"$BATS_TEST_TMPDIR/web.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/web.yaml"
	run_sxc account add bob --email bob@example.net
	run_sxc account subscribe bob late
	run_sxc account set bob --terms 0d
	on 2026-05-01 invoice run
	for day in 2026-05-04 2026-05-05 2026-05-08 2026-05-09 2026-05-15; do on $day invoice run; done
	[ "$(sql "SELECT state FROM v_subscription WHERE account = 'bob'")" = suspended ]
	on 2026-07-11 invoice run
	on 2026-07-11 account pay bob 60
	assert_status 0
	on 2026-08-01 invoice run
	[ "$(sql "SELECT l.start, l.\"end\", l.amount FROM v_invoice_line l JOIN v_invoice i ON i.invoice = l.invoice WHERE i.account = 'bob'")" = $'2026-04-01\t2026-05-01\t3000\n2026-05-01\t2026-06-01\t3000\n2026-07-11\t2026-08-01\t2032' ]
	books
}

@test "a suspension set by a person stays until a person lifts it" {
	run days 2026-04-01 2026-05-01
	on 2026-05-02 account suspend ada --reason 'a person says so'
	assert_status 0
	on 2026-05-03 invoice pay 2026-000001
	[ "$(state)" = $'ada/1\tsuspended' ]
	[ "$(sql 'SELECT lifted FROM v_dunning_hold')" = 2026-05-03 ]
	on 2026-05-04 account resume ada
	[ "$(state)" = $'ada/1\tactive' ]
}

@test "a person may lift what dunning did" {
	run days 2026-04-01 2026-05-01
	on 2026-05-02 account resume ada
	assert_ok 'account ada resumed'
	[ "$(state)" = $'ada/1\tactive' ]
	on 2026-05-02 account resume ada
	assert_refused 5 'account ada is not suspended'
}

@test "a void of what is overdue lifts it, too" {
	run days 2026-04-01 2026-05-01
	[ "$(state)" = $'ada/1\tsuspended' ]
	on 2026-05-02 invoice void 2026-000001 -y --reason wrong
	assert_status 0
	[ "$(state)" = $'ada/1\tactive' ]
	books
}

@test "only what is on the overdue invoice is touched" {
	dun 2026-04-01
	on 2026-04-20 account subscribe ada web
	run days 2026-04-20 2026-05-07
	[ "$(state)" = $'ada/1\tsuspended\nada/2\tactive' ]
}

@test "it counts from the day the invoice was really sent" {
	mail_on
	echo 75 >"$SXC_HOME/refuse"
	dun 2026-04-01
	on 2026-04-01 mail run
	on 2026-04-30 mail run
	dun 2026-04-30
	[ "$steps" = '' ]
	rm "$SXC_HOME/refuse"
	on 2026-05-01 mail run
	assert_status 0
	dun 2026-05-03
	[ "$steps" = '' ]
	dun 2026-05-04
	[ "$steps" = '2026-000001 remind' ]
	[ "$(sql "SELECT template FROM v_mail WHERE invoice = '2026-000001'")" = $'invoice\nreminder' ]
}

@test "forty days without a run: everything is billed first, gaps between steps are kept" {
	dun 2026-04-01
	dun 2026-05-25
	# May was billed before anything was done about April, and its own time begins now.
	[ "$(sql 'SELECT date, due FROM v_invoice')" = $'2026-04-01\t2026-04-15\n2026-05-25\t2026-06-08' ]
	[ "$steps" = '2026-000001 remind' ]
	dun 2026-05-26
	[ "$steps" = '2026-000001 collect' ]
	dun 2026-05-27
	[ "$steps" = '' ]
	run days 2026-05-28 2026-06-07
	[ "$output" = '2026-05-29 2026-000001 remind
2026-05-30 2026-000001 collect
2026-06-05 2026-000001 suspend' ] || { echo "$output" && false; }
}

@test "a clock that jumped back: billing is refused, dunning does nothing" {
	dun 2026-04-20
	on 2026-03-01 invoice run
	assert_status 5
	[ "$(sql 'SELECT count(*) FROM v_dunning')" = 0 ]
}

@test "schedules: read, refused with where and what, chosen by account" {
	run_sxc config set dunning.schedules 'gentle:
- {after: -5 days, do: remind}
- {after: 2 weeks, do: late-fee, amount: {USD: 5.00}}
- {after: 15 days, do: throttle}'
	assert_ok 'dunning.schedules set'
	run_sxc account set ada --dunning gentle
	assert_ok
	run_sxc account set ada --dunning rough
	assert_refused_like 3 "no dunning schedule named 'rough'"
	while IFS='|' read -r yaml why; do
		run_sxc config set dunning.schedules "$(printf '%b' "$yaml")"
		assert_refused_like 2 "dunning.schedules:$why"
	done <<'Y'
x:\n- {after: 3 days, do: dance}|2:23: do must be one of: remind, collect, late-fee, throttle, suspend, terminate, not 'dance'
x:\n- {after: 3 months, do: remind}|2:11: after must be days or weeks such as 3 days, not '3 months'
x:\n- {after: 3 days}|2:3: .*do
x:\n- {after: 3 days, do: remind, who: me}|2:.*who
x:\n- {after: 3 days, do: remind}\n- {after: 2 days, do: remind}|3:3: steps stand in the order of their days
x:\n- {after: -3 days, do: suspend}|2:3: before an invoice is due, only remind can be done
x:\n- {after: 3 days, do: late-fee}|2:3: a late-fee needs its amount by currency
x:\n- {after: 3 days, do: late-fee, amount: {USD: 5.001}}|2:4.*
x:\n- {after: 3 days, do: terminate}\n- {after: 4 days, do: suspend}|3:3: nothing but remind can follow terminate
x: 5|1:4: x must be a list
5|1:1: the setting must be a mapping
Y
	run_sxc config set dunning rough
	assert_refused_like 3 "no dunning schedule named 'rough'"
	run days 2026-04-01 2026-05-02
	[ "$output" = '2026-04-10 2026-000001 remind
2026-04-29 2026-000001 late-fee
2026-04-30 2026-000001 throttle' ] || { echo "$output" && false; }
	# The late fee is an untaxed invoice of its own, once.
	[ "$(sql "SELECT item, amount, tax, text FROM v_invoice_line WHERE invoice = '2026-000002'")" = $'extra\t500\t0\tlate fee, invoice 2026-000001' ]
	[ "$(sql "SELECT effect FROM v_dunning_hold")" = throttle ]
	on 2026-05-02 account pay ada 65
	[ "$(sql "SELECT lifted FROM v_dunning_hold")" = 2026-05-02 ]
	books
}

@test "customers are told once of each" {
	mail_on
	dun 2026-04-01
	on 2026-04-01 mail run
	run days 2026-04-02 2026-05-01
	on 2026-05-02 account pay ada 30
	on 2026-05-02 mail run
	assert_status 0
	[ "$(sql 'SELECT template FROM v_mail ORDER BY mail')" = $'invoice\nreminder\nreminder\nsuspended\nresumed' ]
	grep -q '^Subject: ada/1: suspended, invoice 2026-000001 is overdue' "$SXC_HOME"/outbox/*.eml
	[ "$(grep -l '<\?ada@example.net' "$SXC_HOME"/outbox/*.eml | wc -l)" = 5 ]
}

@test "parked accounts and paid invoices are left alone" {
	dun 2026-04-01
	on 2026-04-02 account park ada
	dun 2026-04-30
	[ "$steps" = '' ]
	on 2026-04-30 account unpark ada
	on 2026-04-30 invoice pay 2026-000001
	dun 2026-04-30
	[ "$steps" = '' ]
}
