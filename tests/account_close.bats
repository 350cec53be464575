#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Closing an account: what ends, what is billed, what is left.

load helper
load books

setup() {
	setup_home 2026-04-01T10:00:00Z
	for bill in advance arrears; do
		printf 'plan: %s\ncurrency: USD\nprice: 30\nevery: 1 month\nbill: %s\n' $bill $bill >"$BATS_TEST_TMPDIR/$bill.yaml"
		run_sxc plan apply "$BATS_TEST_TMPDIR/$bill.yaml"
	done
	run_sxc account add ada --email ada@example.net
	assert_ok
}

account() {
	sql 'SELECT state, balance, credit FROM v_account'
}

@test "in arrears: a final invoice of the days used" {
	run_sxc account subscribe ada arrears
	on 2026-04-16 -y account close ada --reason 'she leaves'
	assert_ok 'account ada closed; final invoice 2026-000001; it owes 15.00 USD'
	[ "$(account)" = $'closed\t1500\t0' ]
	[ "$(sql 'SELECT subscription, start, "end", amount FROM v_invoice_line')" = $'ada/1\t2026-04-01\t2026-04-16\t1500' ]
	[ "$(sql 'SELECT state FROM v_subscription')" = ended ]
	on 2026-05-16 invoice run
	[[ $err == '0 invoices'*dunning:* ]] || seen 'dunning has ended'
	on 2026-05-16 account pay ada 15
	assert_ok 'account ada: payment taken, 15.00 on invoices, 0.00 USD on credit'
	books
}

@test "in advance: unused days are credited, or go back" {
	run_sxc account add bob --email bob@example.net
	for who in ada bob; do
		run_sxc account subscribe $who advance
		run_sxc invoice run
		run_sxc account pay $who 30
	done
	on 2026-04-11 -y account close ada
	assert_ok 'account ada closed; final credit note CN-2026-000001; it has credit 20.00 USD'
	on 2026-04-11 -y account close bob --refund
	assert_ok 'account bob closed; final credit note CN-2026-000002'
	[ "$(sql 'SELECT account, balance, credit FROM v_account')" = $'ada\t0\t2000\nbob\t0\t0' ]
	[ "$(sql 'SELECT account, amount FROM v_refund')" = $'bob\t2000' ]
	books
}

@test "charges that waited are on the final invoice; nothing more is ordered" {
	run_sxc account charge ada 7 --reason work
	run_sxc -y account close ada
	assert_ok 'account ada closed; final invoice 2026-000001; it owes 7.00 USD'
	run_sxc account subscribe ada advance
	assert_refused_like 5 'account ada is closed'
	run_sxc -y account close ada
	assert_refused 5 'account ada is closed already'
	books
}

@test "nothing to bill" {
	run_sxc -y account close ada
	assert_ok 'account ada closed; nothing was left to be billed'
	[ "$(account)" = $'closed\t0\t0' ]
	run_sxc account close ada
	assert_refused_like 2 '-y'
}

@test "a dry run closes nothing" {
	run_sxc account subscribe ada advance
	run_sxc -n -y account close ada
	assert_status 0
	[ "$(account)" = $'active\t0\t0' ]
	[ "$(sql 'SELECT count(*) FROM v_invoice')" = 0 ]
}

@test "a parked account is closed, its final invoice waits" {
	run_sxc account subscribe ada arrears
	run_sxc account park ada --reason 'to be looked at'
	on 2026-04-16 -y account close ada
	assert_status 0
	assert_out 'account ada closed; no final invoice yet'
	assert_err 'the final invoice waits for the next run: account ada is parked: it is not billed'
	on 2026-04-17 account unpark ada
	on 2026-04-17 invoice run
	[ "$(sql 'SELECT "end", amount FROM v_invoice_line')" = $'2026-04-16\t1500' ]
	books
}

@test "real books without a seller: closed, and billed once there is one" {
	unset SXC_NOW
	export SXC_HOME=$BATS_TEST_TMPDIR/real
	run_sxc init
	run_sxc account add ada --email ada@example.net
	run_sxc account charge ada 7 --reason work
	run_sxc -y account close ada
	assert_status 0
	assert_out 'account ada closed; no final invoice yet'
	assert_err_like 'seller.name'
	run_sxc config set seller.name 'B'
	run_sxc config set seller.address 'Street 1'
	run_sxc invoice run
	[ "$(sql 'SELECT total FROM v_invoice')" = 700 ]
}
