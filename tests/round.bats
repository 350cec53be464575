#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Taxes that are rounded once a rate and invoice.

load helper
load books

setup() {
	setup_home 2026-04-01T10:00:00Z
	run_sxc config set round invoice
	assert_ok
	run_sxc invoice tax add gst --rate 5%
	run_sxc invoice tax add qst --rate 9.975%
	run_sxc invoice tax add vat --rate 10%
	run_sxc account add ada --email ada@example.net --tax vat
	assert_ok
}

taxes() { # document: the tax of each line
	sql "SELECT group_concat(tax, ' ') FROM (SELECT tax FROM v_invoice_line WHERE invoice = '$1' ORDER BY line)"
}

@test "once an invoice, spread by the largest remainder, ties in order" {
	# 3.15 x 10% = 0.315: 0.32. Line by line it would be 3 x 0.11.
	charge 1.05 1.05 1.05
	[ "$(taxes 2026-000001)" = '11 11 10' ]
	[ "$(sql 'SELECT tax, total FROM v_invoice')" = $'32\t347' ]
	run_sxc -o json invoice show 2026-000001
	[ "$(jq -c '.taxes' <<<"$out")" = '[{"name":"vat","rate":"10%","base":315,"amount":32,"note":null,"currency":"USD"}]' ] || seen taxes
	books
}

@test "line by line otherwise, and each document keeps its own way" {
	charge 1.05 1.05 1.05
	run_sxc config set round line
	charge 1.05 1.05 1.05
	[ "$(taxes 2026-000002)" = '11 11 11' ]
	[ "$(sql 'SELECT tax FROM v_invoice')" = $'32\n33' ]
	books
	run_sxc config set round sometimes
	assert_refused_like 2 'line invoice'
}

@test "each rate on its own" {
	run_sxc account set ada --tax gst --tax qst
	# 5% of 0.99 = 0.0495: 0.05. 9.975% of 0.99 = 0.09875: 0.10.
	charge 0.33 0.33 0.33
	[ "$(taxes 2026-000001)" = '6 5 4' ]
	[ "$(sql 'SELECT tax FROM v_invoice')" = 15 ]
	books
}

@test "a change within an invoice: what was left of the old plan and the new one are one base" {
	plan old 10.05
	plan new 20.25
	run_sxc account subscribe ada old
	run_sxc invoice run
	[ "$(taxes 2026-000001)" = 101 ]
	on 2026-04-11 account change ada/1 --plan new --when now
	on 2026-04-11 invoice run
	# -6.70 and 13.50: 10% of 6.80 is 0.68.
	[ "$(sql "SELECT group_concat(amount, ' ') FROM v_invoice_line WHERE invoice = '2026-000002'")" = '-670 1350' ] ||
		[ "$(sql "SELECT group_concat(amount, ' ') FROM v_invoice_line WHERE invoice = '2026-000002'")" = '1350 -670' ]
	[ "$(sql "SELECT tax FROM v_invoice WHERE number = '2026-000002'")" = 68 ]
	books
}

@test "what rounding left of a line's tax is all that goes back" {
	plan a 1.05
	run_sxc account subscribe ada a
	run_sxc account subscribe ada a
	run_sxc account subscribe ada a
	run_sxc invoice run
	[ "$(taxes 2026-000001)" = '11 11 10' ]
	run_sxc -y account cancel ada/3 --when now
	run_sxc invoice run
	# All of it, unused: 10% of 1.05 would be 0.11, but the line bore 0.10.
	[ "$(sql "SELECT amount, tax FROM v_invoice_line WHERE invoice = 'CN-2026-000001'")" = $'-105\t-10' ] || { sql 'SELECT * FROM v_invoice_line'; false; }
	books
	run_sxc -y invoice credit-note 2026-000001 --line 1 --reason nice
	[ "$(taxes CN-2026-000002)" = -11 ]
	run_sxc -y invoice credit-note 2026-000001 --line 2=0.58 --reason nice
	[ "$(sql "SELECT amount, tax FROM v_invoice_line WHERE invoice = 'CN-2026-000003'")" = $'-53\t-5' ] || { sql 'SELECT * FROM v_invoice_line'; false; }
	books
}

@test "made up late: an order and its end in one document" {
	plan a 1.05
	run_sxc account subscribe ada a
	run_sxc account subscribe ada a
	run_sxc account subscribe ada a
	on 2026-04-01 -y account cancel ada/3 --when now
	on 2026-04-20 invoice run
	books
	# What is charged and what is credited at once makes one base.
	[ "$(sql 'SELECT sum(tax) FROM v_invoice')" = "$(sql 'SELECT CAST(round(sum(subtotal) * 0.1) AS INTEGER) FROM v_invoice')" ]
}

@test "taxes within the price stay what the price leaves" {
	plan web 1.05 'prices-include-tax: yes'
	for _ in 1 2 3; do
		run_sxc account subscribe ada web
	done
	run_sxc invoice run
	[ "$(taxes 2026-000001)" = '10 10 10' ]
	[ "$(sql 'SELECT total FROM v_invoice')" = 315 ]
	books
}

@test "void and credit of the whole take back every unit" {
	charge 1.05 1.05 1.05
	run_sxc -y invoice void 2026-000001 --reason wrong
	[ "$(sql 'SELECT sum(total), sum(tax) FROM v_invoice')" = $'0\t0' ]
	run_sxc invoice run
	[ "$(taxes 2026-000002)" = '11 11 10' ]
	run_sxc -y invoice credit-note 2026-000002 --reason wrong
	[ "$(sql 'SELECT sum(total), sum(tax) FROM v_invoice')" = $'0\t0' ]
	books
}

@test "a discount comes first" {
	run_sxc invoice coupon add tenth --percent 10%
	plan web 1.17
	for _ in 1 2 3; do
		run_sxc account subscribe ada web --coupon tenth
	done
	run_sxc invoice run
	# 1.17 - 0.12 = 1.05.
	[ "$(taxes 2026-000001)" = '11 11 10' ]
	books
}
