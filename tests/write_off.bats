#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Invoices that are given up, and what comes of them after all.

load helper
load books

setup() {
	setup_home 2026-04-01T10:00:00Z
	run_sxc account add ada --email ada@example.net
	assert_ok
}

invoices() {
	sql 'SELECT number, state, paid, credit, written_off, balance FROM v_invoice'
}

account() {
	sql 'SELECT balance, credit FROM v_account'
}

@test "what is open goes to bad debt, what was paid stays" {
	charge_each 30 20
	run_sxc invoice pay 2026-000001 10
	run_sxc -y invoice write-off 2026-000001
	assert_refused 2 'say why with --reason: one line of at most 200 bytes'
	run_sxc -y invoice write-off 2026-000001 --reason 'cannot be found'
	assert_ok 'invoice 2026-000001: 20.00 USD written off'
	[ "$(invoices)" = $'2026-000001\twritten-off\t1000\t0\t2000\t0\n2026-000002\topen\t0\t0\t0\t2000' ]
	[ "$(account)" = $'2000\t0' ]
	[ "$(ledger receivable) $(ledger bad-debt)" = '2000 2000' ]
	[ "$(sql 'SELECT invoice, amount, reason, date FROM v_write_off')" = $'2026-000001\t2000\tcannot be found\t2026-04-01' ]
	[ "$(sql "SELECT object FROM audit WHERE what = 'invoice.write-off'")" = 2026-000001 ]
	run_sxc -o json invoice show 2026-000001
	assert_out_has '"state": "written-off"'
	assert_out_has '"written_off": 2000'
	books
}

@test "only what is open can be written off; nothing changes otherwise" {
	charge_each 30
	run_sxc invoice write-off 2026-000001 --reason x
	assert_refused_like 2 '-y'
	run_sxc -y -n invoice write-off 2026-000001 --reason x
	assert_status 0
	[ "$(account)" = $'3000\t0' ]
	run_sxc -y --request-key k invoice write-off 2026-000001 --reason x
	assert_ok 'invoice 2026-000001: 30.00 USD written off'
	run_sxc -y --request-key k invoice write-off 2026-000001 --reason x
	assert_ok 'invoice 2026-000001: 30.00 USD written off'
	run_sxc -y invoice write-off 2026-000001 --reason x
	assert_refused 5 'invoice 2026-000001 is written-off: there is nothing to write off'
	run_sxc -y invoice write-off 2026-000009 --reason x
	assert_refused 3 "no invoice named '2026-000009'"
	charge_each 5
	run_sxc -y invoice void 2026-000002 --reason wrong
	run_sxc -y invoice write-off CN-2026-000001 --reason x
	assert_refused 5 'CN-2026-000001 is a credit note'
	run_sxc -y invoice write-off 2026-000002 --reason x
	assert_refused 5 'invoice 2026-000002 is void: there is nothing to write off'
	books
}

@test "a payment that names it takes the loss back; one that names none goes to what is open" {
	charge_each 30 20
	run_sxc -y invoice write-off 2026-000001 --reason gone
	run_sxc account pay ada 25
	assert_ok 'account ada: payment taken, 20.00 on invoices, 5.00 USD on credit'
	run_sxc invoice pay 2026-000001 12
	assert_ok 'invoice 2026-000001: 12.00 USD paid'
	[ "$(invoices)" = $'2026-000001\twritten-off\t1200\t0\t1800\t0\n2026-000002\tpaid\t2000\t0\t0\t0' ]
	[ "$(account)" = $'0\t500' ]
	books
	run_sxc invoice pay 2026-000001
	assert_ok 'invoice 2026-000001: 18.00 USD paid'
	[ "$(invoices)" = $'2026-000001\tpaid\t3000\t0\t0\t0\n2026-000002\tpaid\t2000\t0\t0\t0' ]
	[ "$(ledger bad-debt)" = 0 ]
	books
	run_sxc invoice pay 2026-000001
	assert_refused 5 'invoice 2026-000001 is paid: there is nothing to pay'
}

@test "too much for a written-off invoice goes to open ones, then to credit" {
	charge_each 30 20
	run_sxc -y invoice write-off 2026-000001 --reason gone
	run_sxc invoice pay 2026-000001 55
	assert_ok 'invoice 2026-000001: 55.00 USD paid, of which to credit 5.00'
	[ "$(invoices)" = $'2026-000001\tpaid\t3000\t0\t0\t0\n2026-000002\tpaid\t2000\t0\t0\t0' ]
	books
}

@test "what settled it goes back: that is lost, too" {
	charge_each 30
	run_sxc invoice pay 2026-000001 10 --external-id wire-1
	run_sxc -y invoice write-off 2026-000001 --reason gone
	run_sxc -y invoice refund 1 --chargeback --reason 'the bank says so'
	assert_ok '10.00 USD of payment 1 charged back'
	[ "$(invoices)" = $'2026-000001\twritten-off\t0\t0\t3000\t0' ]
	[ "$(account)" = $'0\t0' ]
	books
	# One that was recovered whole is an invoice like others: it is open again.
	run_sxc invoice pay 2026-000001
	run_sxc -y invoice refund 2 --reason 'by mistake'
	assert_status 0
	[ "$(invoices)" = $'2026-000001\topen\t0\t0\t0\t3000' ]
	books
}

@test "a credit note or void of it gives nobody money that was never paid" {
	charge_each 30 20
	run_sxc invoice pay 2026-000001 10
	run_sxc -y invoice write-off 2026-000001 --reason gone
	run_sxc -y invoice credit-note 2026-000001 --reason 'was wrong'
	assert_status 0
	# Of the 30.00, 20.00 take the loss back; what was paid goes to the next invoice.
	[ "$(invoices)" = $'2026-000001\tpaid\t1000\t2000\t0\t0\n2026-000002\topen\t0\t1000\t0\t1000\nCN-2026-000001\tpaid\t0\t-3000\t0\t0' ]
	[ "$(account)" = $'1000\t0' ]
	books
	run_sxc -y invoice write-off 2026-000002 --reason gone
	run_sxc -y invoice void 2026-000002 --reason 'was wrong'
	assert_status 0
	# What credit had settled of it is credit again, no more.
	[ "$(account)" = $'0\t1000' ]
	[ "$(sql "SELECT state, credit, written_off FROM v_invoice WHERE number = '2026-000002'")" = $'void\t2000\t0' ]
	books
}

@test "dunning stops and lifts nothing; payment of it does" {
	cat >"$BATS_TEST_TMPDIR/web.yaml" <<'Y'
plan: web
currency: USD
price: 30
every: 1 month
Y
	run_sxc plan apply "$BATS_TEST_TMPDIR/web.yaml"
	run_sxc account subscribe ada web
	for day in 04-01 04-18 04-19 04-22 04-23 04-29; do
		SXC_NOW=2026-${day}T10:00:00Z run_sxc invoice run
	done
	[ "$(sql 'SELECT state FROM v_subscription')" = suspended ]
	export SXC_NOW=2026-05-10T10:00:00Z
	run_sxc -y invoice write-off 2026-000001 --reason gone
	assert_status 0
	run_sxc invoice run
	assert_out_lacks '2026-000001'
	[[ $err != *dunning* ]]
	# Another one that is paid lifts nothing while this one is not.
	charge_each 5
	run_sxc account pay ada 5
	[ "$(sql 'SELECT state FROM v_subscription')" = suspended ]
	run_sxc invoice pay 2026-000001 29
	[ "$(sql 'SELECT state FROM v_subscription')" = suspended ]
	run_sxc invoice pay 2026-000001
	assert_ok 'invoice 2026-000001: 1.00 USD paid'
	[ "$(sql 'SELECT state FROM v_subscription')" = active ]
	books
}

@test "a person lifts what dunning did for a written-off invoice" {
	cat >"$BATS_TEST_TMPDIR/web.yaml" <<'Y'
plan: web
currency: USD
price: 30
every: 1 month
Y
	run_sxc plan apply "$BATS_TEST_TMPDIR/web.yaml"
	run_sxc account subscribe ada web
	for day in 04-01 04-18 04-19 04-22 04-23 04-29; do
		SXC_NOW=2026-${day}T10:00:00Z run_sxc invoice run
	done
	export SXC_NOW=2026-05-10T10:00:00Z
	run_sxc -y invoice write-off 2026-000001 --reason gone
	run_sxc account resume ada
	assert_ok 'account ada resumed'
	[ "$(sql 'SELECT state FROM v_subscription')" = active ]
	books
}

@test "an order that waited to be paid is provided when its written-off invoice is" {
	cat >"$BATS_TEST_TMPDIR/web.yaml" <<'Y'
plan: web
currency: USD
price: 30
every: 1 month
provision: paid
Y
	run_sxc plan apply "$BATS_TEST_TMPDIR/web.yaml"
	run_sxc account subscribe ada web
	run_sxc invoice run
	[ "$(sql 'SELECT state FROM v_subscription')" = pending ]
	run_sxc -y invoice write-off 2026-000001 --reason gone
	[ "$(sql 'SELECT state FROM v_subscription')" = pending ]
	run_sxc invoice pay 2026-000001
	assert_ok
	[ "$(sql 'SELECT state FROM v_subscription')" = active ]
	books
}
