#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Credit notes of amounts, with their taxes, and money that goes back with them.

load helper
load books

setup() {
	setup_home 2026-04-01T10:00:00Z
	run_sxc account add ada --email ada@example.net
	assert_ok
}

with_tax() { # name rate…
	local names=()
	while [ $# -gt 0 ]; do
		run_sxc invoice tax add "$1" --rate "$2"
		names+=(--tax "$1")
		shift 2
	done
	run_sxc account set ada "${names[@]}"
	assert_ok
}

credit() { # more arguments
	run_sxc -y invoice credit-note 2026-000001 --reason goodwill "$@"
}

lines() { # document: its lines, and their taxes
	sql "SELECT line, amount, discount, tax FROM v_invoice_line WHERE invoice = '$1'"
}

taxes() {
	run_sxc -o json invoice show "$1"
	jq -r '.taxes[] | [.name, .base, .amount] | @tsv' <<<"$out"
}

# ---- amounts ----

@test "an amount of a line: net and tax in proportion" {
	with_tax vat 20%
	charge 100
	credit --line 1=12
	assert_ok 'credit note CN-2026-000001 corrects invoice 2026-000001'
	[ "$(lines CN-2026-000001)" = $'1\t-1000\t0\t-200' ]
	run_sxc invoice explain CN-2026-000001
	assert_out_has '12.00 of 120.00 that were left with taxes, by what was left of each: net -10.00'
	run_sxc invoice export CN-2026-000001
	assert_out_like 'work, in part  .*-10\.00'
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'10800\t0' ]
	books
}

@test "two taxes: the largest remainder first; the rest is the rest" {
	# 10000 + 500 + 998 = 11498. Of 1000: 869.72, 43.48, 86.79.
	with_tax gst 5% qst 9.975%
	charge 100
	credit --amount 10
	[ "$(lines CN-2026-000001)" = $'1\t-870\t0\t-130' ]
	[ "$(taxes CN-2026-000001)" = $'gst\t-870\t-43\nqst\t-870\t-87' ]
	credit
	[ "$(lines CN-2026-000002)" = $'1\t-9130\t0\t-1368' ]
	[ "$(taxes CN-2026-000002)" = $'gst\t-9130\t-457\nqst\t-9130\t-911' ]
	credit
	assert_refused 5 '2026-000001 has been credited already'
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'0\t0' ]
	books
}

@test "an amount of an invoice is spread over its lines by what is left of each" {
	charge 70 30
	credit --amount 10
	[ "$(lines CN-2026-000001)" = $'1\t-700\t0\t0\n2\t-300\t0\t0' ]
	credit --line 1=63
	# 0 and 27 are left.
	credit --amount 26.99
	[ "$(lines CN-2026-000003)" = $'1\t-2699\t0\t0' ]
	credit --amount 0.02
	assert_refused 7 'only 0.01 USD of 2026-000001 are left to be credited'
	credit --amount 0.01
	assert_ok 'credit note CN-2026-000004 corrects invoice 2026-000001'
	books
}

@test "taxes within the price, a discount: each in proportion" {
	with_tax vat 20%
	plan web 30 'prices-include-tax: yes'
	run_sxc invoice coupon add fifth --percent 20%
	run_sxc account subscribe ada web --coupon fifth
	run_sxc invoice run
	# 30.00 gross is 25.00 net; 5.00 off; 4.00 tax: 24.00.
	[ "$(lines 2026-000001)" = $'1\t2500\t500\t400' ]
	credit --amount 12
	[ "$(lines CN-2026-000001)" = $'1\t-1250\t-250\t-200' ]
	books
	credit
	[ "$(lines CN-2026-000002)" = $'1\t-1250\t-250\t-200' ]
	books
}

@test "what is not an amount, or more than is left, is refused and changes nothing" {
	charge 70 30
	credit --line 1=70.01
	assert_refused 7 'only 70.00 USD of line 1 of 2026-000001 are left to be credited'
	credit --line 3=1
	assert_refused 3 '2026-000001 has no line 3'
	credit --line x=1
	assert_refused 2 "--line: 'x' is not the number of a line"
	credit --amount 0
	assert_refused 2 "'0' is not an amount to be credited"
	credit --line 1=-5
	assert_refused 2 "'-5' is not an amount to be credited"
	credit --amount 1.001
	assert_refused_like 2 '1\.001'
	credit --amount 5 --line 1
	assert_refused 2 'an amount of the whole invoice, or of lines: not both'
	[ "$(sql 'SELECT count(*) FROM v_invoice')" = 1 ]
	credit --line 1=10
	run_sxc -y invoice void 2026-000001 --reason wrong
	assert_refused 5 'line 1 of 2026-000001 has been credited already'
	credit --line 1=60.01
	assert_refused 7 'only 60.00 USD of line 1 of 2026-000001 are left to be credited'
}

@test "days that stay unused later: no more than is left" {
	plan web 30
	run_sxc account subscribe ada web
	run_sxc account subscribe ada web
	run_sxc invoice run
	credit --line 1=25 --line 2=5
	on 2026-04-11 -y account cancel ada/1 --when now
	on 2026-04-11 -y account cancel ada/2 --when now
	on 2026-04-11 invoice run
	# 20 of 30 days are 20.00: 5.00 were left of the first, 25.00 of the second.
	[ "$(lines CN-2026-000002)" = $'1\t-500\t0\t0\n2\t-2000\t0\t0' ]
	run_sxc invoice explain CN-2026-000002
	assert_out_has 'rounded -20.00; cut to the 5.00 that were left of its line'
	books
}

@test "days that stay unused later, with a coupon and a tax within the price" {
	with_tax vat 20%
	plan web 30 'prices-include-tax: yes'
	run_sxc invoice coupon add fifth --percent 20%
	run_sxc account subscribe ada web --coupon fifth
	run_sxc invoice run
	credit --amount 23.01
	[ "$(lines CN-2026-000001)" = $'1\t-2398\t-480\t-383' ]
	on 2026-04-16 -y account cancel ada/1 --when now
	on 2026-04-16 invoice run
	[ "$(lines CN-2026-000002)" = $'1\t-102\t-20\t-17' ]
	books
}

@test "days that stay unused later, with a tax: exactly what is left of each" {
	with_tax vat 7.7%
	plan web 9.95
	run_sxc account subscribe ada web
	run_sxc invoice run
	# 9.95 + 0.77 = 10.72.
	credit --amount 8.37
	[ "$(lines CN-2026-000001)" = $'1\t-777\t0\t-60' ]
	on 2026-04-02 -y account cancel ada/1 --when now
	on 2026-04-02 invoice run
	[ "$(lines CN-2026-000002)" = $'1\t-218\t0\t-17' ]
	books
}

# ---- back to who paid ----

@test "refund: what was paid goes back, not into credit" {
	with_tax vat 20%
	charge 100
	run_sxc account pay ada 120
	credit --amount 12 --refund
	assert_ok 'credit note CN-2026-000001 corrects invoice 2026-000001; refunded: 12.00 USD'
	[ "$(sql 'SELECT state, paid, credit, balance FROM v_invoice LIMIT 1')" = $'paid\t10800\t1200\t0' ]
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'0\t0' ]
	[ "$(sql 'SELECT payment, kind, amount, reason FROM v_refund')" = $'1\trefund\t1200\tgoodwill' ]
	[ "$(ledger cash)" = 10800 ]
	books
	credit --refund
	assert_ok 'credit note CN-2026-000002 corrects invoice 2026-000001; refunded: 108.00 USD'
	[ "$(ledger cash)" = 0 ]
	run_sxc -y invoice refund 1 --reason again
	assert_refused 5 'payment 1 has gone back already'
	books
}

@test "refund: what is open is settled first, the latest payment goes back first" {
	charge 100 1
	run_sxc account pay ada 40
	run_sxc account pay ada 30
	credit --amount 65 --refund
	assert_ok 'credit note CN-2026-000001 corrects invoice 2026-000001; refunded: 34.00 USD'
	[ "$(sql 'SELECT payment, amount FROM v_refund')" = $'2\t3000\n1\t400' ]
	[ "$(sql "SELECT state, paid, credit FROM v_invoice WHERE kind = 'invoice'")" = $'paid\t3600\t6500' ]
	books
}

@test "refund: nothing goes back that was not paid" {
	charge 50
	credit --amount 20 --refund
	assert_ok 'credit note CN-2026-000001 corrects invoice 2026-000001'
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'3000\t0' ]
	run_sxc account credit ada 30 --reason nice
	credit --refund
	assert_ok 'credit note CN-2026-000002 corrects invoice 2026-000001'
	# What credit had paid is credit again.
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'0\t3000' ]
	[ "$(sql 'SELECT count(*) FROM v_refund')" = 0 ]
	books
}

@test "refund: other invoices stay as they were" {
	charge 50
	charge 20
	run_sxc invoice pay 2026-000001
	credit --amount 30 --refund
	assert_ok 'credit note CN-2026-000001 corrects invoice 2026-000001; refunded: 30.00 USD'
	[ "$(sql 'SELECT number, state, balance FROM v_invoice')" = $'2026-000001\tpaid\t0\n2026-000002\topen\t2000\nCN-2026-000001\tpaid\t0' ]
	books
}

@test "refund: a gateway is asked, and booked when it says so" {
	mkdir -p "$SXC_HOME/gateways" "$SXC_HOME/gw"
	cp "$TESTS/lib/gateway" "$SXC_HOME/gateways/sxc-gateway-test"
	run_sxc invoice gateway add test
	echo tok_ada >"$BATS_TEST_TMPDIR/token"
	run_sxc account method add ada --gateway test --token-file "$BATS_TEST_TMPDIR/token" --label Visa
	charge 50
	run_sxc invoice gateway run
	assert_status 0
	[ "$(sql 'SELECT gateway, amount FROM v_payment')" = $'test\t5000' ]
	credit --amount 20 --refund
	assert_ok 'credit note CN-2026-000001 corrects invoice 2026-000001; asked of the gateway: 20.00 USD'
	[ "$(sql 'SELECT count(*) FROM v_refund')" = 0 ]
	run_sxc invoice gateway run
	assert_status 0
	[ "$(sql 'SELECT payment, amount, reason FROM v_refund')" = $'1\t2000\tgoodwill' ]
	[ "$(sql "SELECT state, paid, credit FROM v_invoice WHERE kind = 'invoice'")" = $'paid\t3000\t2000' ]
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'0\t0' ]
	books
}

@test "withdrawing with a refund: the days used are paid, the rest goes back" {
	plan web 30 'setup: 10'
	run_sxc account subscribe ada web
	run_sxc invoice run
	run_sxc account pay ada 40
	on 2026-04-07 -y account cancel ada/1 --when withdraw --refund
	assert_ok 'ada/1 cancelled from 2026-04-07'
	on 2026-04-07 invoice run
	# 6 of 30 days are 6.00.
	[ "$(sql 'SELECT payment, amount, reason FROM v_refund')" = $'1\t3400\tcancelled' ]
	[ "$(ledger cash)" = 600 ]
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'0\t0' ]
	books
}

@test "withdrawing without one: account credit" {
	plan web 30 'setup: 10'
	run_sxc account subscribe ada web
	run_sxc invoice run
	run_sxc account pay ada 40
	on 2026-04-07 -y account cancel ada/1 --when withdraw
	on 2026-04-07 invoice run
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'0\t3400' ]
	books
}

@test "withdrawing with a refund from what was not all paid" {
	plan web 30
	run_sxc account subscribe ada web
	run_sxc invoice run
	run_sxc account pay ada 12
	on 2026-04-07 -y account cancel ada/1 --when withdraw --refund
	on 2026-04-07 invoice run
	# 24.00 are credited, 18.00 were open: 6.00 go back, 6.00 were used.
	[ "$(sql 'SELECT amount FROM v_refund')" = 600 ]
	[ "$(ledger cash)" = 600 ]
	books
}
