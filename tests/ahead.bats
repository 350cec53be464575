#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Invoices that are made some days before their periods begin.

load helper
load books

setup() {
	setup_home 2026-01-31T10:00:00Z
	run_sxc config set ahead 10d
	assert_ok
	run_sxc config set terms 100d # dunning stays out of it
	run_sxc account add ada --email ada@example.net
}

# Bill every day from one to another: DATE START END AMOUNT of each line.
days() { # from, to
	local day=$1
	while [[ ! $day > $2 ]]; do
		on "$day" invoice run
		assert_status 0
		day=$(date -u -d "$day + 1 day" +%F)
	done
	sql 'SELECT i.date, l.start, l."end", l.amount FROM v_invoice_line l JOIN v_invoice i ON i.invoice = l.invoice'
}

@test "the anchor day is kept, each invoice is made so many days before" {
	plan web 30
	run_sxc account subscribe ada web
	run days 2026-01-31 2026-04-21
	[ "$output" = '2026-01-31	2026-01-31	2026-02-28	3000
2026-02-18	2026-02-28	2026-03-31	3000
2026-03-21	2026-03-31	2026-04-30	3000
2026-04-20	2026-04-30	2026-05-31	3000' ] || { echo "$output" && false; }
	[ "$(sql 'SELECT due FROM v_invoice LIMIT 1 OFFSET 1')" = 2026-05-29 ]
	# Until when it is paid, and when it is billed next, are days of its periods.
	[ "$(sql 'SELECT paid_until, next_bill FROM v_subscription')" = $'2026-05-31\t2026-05-31' ]
	books
}

@test "an order for later is billed before it begins, with its set-up" {
	plan web 30 'setup: 5'
	run_sxc account subscribe ada web --at 2026-02-20
	run days 2026-02-09 2026-02-10
	[ "$output" = '2026-02-10	2026-02-20		500
2026-02-10	2026-02-20	2026-03-20	3000' ] || { echo "$output" && false; }
	books
}

@test "in arrears, usage, and charges by hand: not before their day" {
	plan late 30 'bill: arrears'
	plan meter 0 'usage:' '  transfer: {unit: 1G, price: 1.00}'
	run_sxc account subscribe ada late
	run_sxc account subscribe ada meter
	run days 2026-02-18 2026-02-28
	[ "$output" = '2026-02-18	2026-01-31	2026-02-28	0
2026-02-18	2026-02-28	2026-03-31	0
2026-02-28	2026-01-31	2026-02-28	3000' ] || { echo "$output" && false; }
	books
}

@test "ends and changes: what was billed ahead is credited" {
	plan web 30
	plan more 60
	run_sxc account subscribe ada web
	run_sxc account subscribe ada web
	run days 2026-01-31 2026-02-18 >/dev/null
	on 2026-02-20 -y account cancel ada/1 --when end
	assert_ok 'ada/1 cancelled from 2026-02-28'
	on 2026-02-20 account change ada/2 --plan more --when renewal
	assert_ok 'ada/2 upgraded from 2026-02-28'
	on 2026-02-20 invoice run
	# The month that was billed ahead goes back twice; the new plan's is charged.
	[ "$(sql "SELECT subscription, start, \"end\", amount FROM v_invoice_line WHERE invoice = (SELECT max(number) FROM v_invoice WHERE date = '2026-02-20') ORDER BY amount, subscription")" = \
		$'ada/1\t2026-02-28\t2026-03-31\t-3000\nada/2\t2026-02-28\t2026-03-31\t-3000\nada/2\t2026-02-28\t2026-03-31\t6000' ]
	books
}

@test "the same lines as without, only sooner" {
	plan web 24.95
	plan year 99 'align: day 15'
	for account in ada bob; do
		[ $account = ada ] || run_sxc account add bob --email bob@example.net
		run_sxc account subscribe $account web
		run_sxc account subscribe $account year --at 2026-02-03
	done
	run_sxc account set bob --bill-day 20
	run days 2026-01-31 2026-05-01
	ahead=$(sql "SELECT subscription, item, start, \"end\", amount FROM v_invoice_line WHERE start < '2026-05-01' ORDER BY 1, 2, 3")
	[ -n "$ahead" ]
	books
	export SXC_HOME=$BATS_TEST_TMPDIR/other
	"$SXC" init --rehearsal >/dev/null
	plan web 24.95
	plan year 99 'align: day 15'
	for account in ada bob; do
		run_sxc account add $account --email x@example.net
		run_sxc account subscribe $account web
		run_sxc account subscribe $account year --at 2026-02-03
	done
	run_sxc account set bob --bill-day 20
	on 2026-05-01 invoice run
	[ "$ahead" = "$(sql "SELECT subscription, item, start, \"end\", amount FROM v_invoice_line WHERE start < '2026-05-01' ORDER BY 1, 2, 3")" ]
}

@test "preview says the same as run" {
	plan web 30
	run_sxc account subscribe ada web
	run_sxc invoice run
	on 2026-02-17 invoice preview
	assert_err '0 invoices, 0 credit notes, 0 lines'
	on 2026-02-18 invoice preview
	previewed=$out
	on 2026-02-18 invoice run
	assert_out "$previewed"
	assert_out_has 2026-02-28
	run_sxc config set ahead 61d
	assert_refused_like 2 'ahead must be'
	run_sxc config unset ahead
	on 2026-03-21 invoice run
	assert_err_like '^0 invoices'
	on 2026-03-31 invoice run
	assert_err_like '^1 invoice,'
	books
}

@test "a plan that is provided once it is paid" {
	plan web 30 'provision: paid'
	run_sxc account subscribe ada web --at 2026-02-20
	on 2026-02-10 invoice run
	on 2026-02-12 invoice pay 2026-000001
	assert_ok 'invoice 2026-000001: 30.00 USD paid'
	[ "$(sql 'SELECT state FROM v_subscription')" = active ]
	books
}
