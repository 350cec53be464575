#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What an account was billed and paid, and everything else that happened to it.

load helper
load books

setup() {
	setup_home 2026-04-01T10:00:00Z
	run_sxc invoice tax add vat --rate 20%
	run_sxc account add ada --email ada@example.net --tax vat
	assert_ok
}

charge() { # day, amount
	on "$1" account charge ada "$2" --reason work
	on "$1" invoice run
	assert_status 0
}

statement() {
	run_sxc -o tsv --no-header -c date,kind,document,text,amount,balance account statement ada "$@"
	assert_status 0
}

# What it says it owes in the end, the account, and the ledger: the same.
sums() {
	local closing ledger account
	closing=$(run_sxc -o json account statement ada && jq '.entries[-1].balance' <<<"$out")
	ledger=$(sql "SELECT coalesce(sum(amount), 0) FROM v_ledger WHERE book IN ('receivable', 'credit')")
	account=$(sql 'SELECT balance - credit FROM v_account')
	[ "$closing $closing" = "$ledger $account" ] || seen "closing $closing, ledger $ledger, account $account"
}

# A bit of everything, a day each.
story() {
	charge 2026-04-01 30
	charge 2026-04-02 20
	on 2026-04-03 account pay ada 40 --external-id wire-1
	on 2026-04-04 account credit ada 5 --reason 'for the outage'
	on 2026-04-05 -y invoice credit-note 2026-000002 --reason 'was wrong'
	on 2026-04-06 -y invoice refund 1 10 --reason 'asked for it'
	charge 2026-04-07 50
	on 2026-04-08 -y invoice write-off 2026-000003 --reason gone
	on 2026-04-09 invoice pay 2026-000003 12 --method cheque
	on 2026-04-10 -y invoice refund 2 --chargeback --reason 'the bank says so'
	on 2026-04-11 account pay ada 7
}

@test "every kind of movement, in order, with the balance after it" {
	story
	statement
	assert_out '	opening				0
2026-04-01	invoice	2026-000001		3600	3600
2026-04-02	invoice	2026-000002		2400	6000
2026-04-03	payment	payment 1	transfer wire-1	-4000	2000
2026-04-04	credit		for the outage	-500	1500
2026-04-05	credit-note	CN-2026-000001	corrects 2026-000002: was wrong	-2400	-900
2026-04-06	refund	payment 1	asked for it	1000	100
2026-04-07	invoice	2026-000003		6000	6100
2026-04-08	write-off	2026-000003	gone	-6000	100
2026-04-09	payment	payment 2	cheque	-1200	-1100
2026-04-09	recovered	2026-000003		1200	100
2026-04-10	write-off	2026-000003		-1200	-1100
2026-04-10	chargeback	payment 2	the bank says so	1200	100
2026-04-11	payment	payment 3	transfer	-700	-600
	closing				-600'
	run_sxc invoice check
	assert_status 0
}

@test "after each movement it is what the ledger has" {
	charge 2026-04-01 30
	sums
	on 2026-04-03 account pay ada 40
	sums
	on 2026-04-04 account credit ada 5 --reason 'for the outage'
	sums
	charge 2026-04-05 50
	sums
	on 2026-04-05 -y invoice void 2026-000002 --reason 'was wrong'
	sums
	charge 2026-04-06 10
	on 2026-04-08 -y invoice write-off 2026-000003 --reason gone
	sums
	on 2026-04-09 invoice pay 2026-000003 3
	sums
	on 2026-04-09 -y invoice credit-note 2026-000003 --reason wrong
	sums
	on 2026-04-10 -y invoice refund 1 --reason 'asked for it'
	sums
}

@test "a part: what was before is the opening balance" {
	story
	statement --from 2026-04-03 --to 2026-04-04
	assert_out '2026-04-03	opening				6000
2026-04-03	payment	payment 1	transfer wire-1	-4000	2000
2026-04-04	credit		for the outage	-500	1500
2026-04-04	closing				1500'
	statement --from 2026-05-01
	assert_out '2026-05-01	opening				-600
	closing				-600'
	statement --to 2026-03-31
	assert_out '	opening				0
2026-03-31	closing				0'
	run_sxc account statement ada --from 2026-04-05 --to 2026-04-04
	assert_refused 2 '--from 2026-04-05 is after --to 2026-04-04'
	run_sxc account statement ada --from 2026-02-30
	assert_refused_like 2 '2026-02-30'
	run_sxc account statement bob
	assert_refused 3 "no account named 'bob'"
}

@test "JSON has minor units and null, CSV and TSV a header" {
	charge 2026-04-01 30
	run_sxc -o json account statement ada
	[ "$(jq -c '.entries[] | [.date, .kind, .document, .amount, .balance, .currency]' <<<"$out")" = '[null,"opening",null,null,0,"USD"]
["2026-04-01","invoice","2026-000001",3600,3600,"USD"]
[null,"closing",null,null,3600,"USD"]' ] || seen json
	run_sxc -o csv account statement ada
	[ "$(head -1 <<<"$out")" = date,kind,document,text,amount,balance,currency ] || seen csv
	run_sxc -o csv --no-header -c kind,balance account statement ada
	assert_out 'opening,0
invoice,3600
closing,3600'
}

@test "another account's money is not in it" {
	run_sxc account add bob --email bob@example.net
	charge 2026-04-01 30
	on 2026-04-02 account charge bob 99 --reason work
	on 2026-04-02 account credit bob 1 --reason nice
	on 2026-04-02 invoice run
	on 2026-04-02 account pay bob 3
	statement
	assert_out '	opening				0
2026-04-01	invoice	2026-000001		3600	3600
	closing				3600'
}

# ---- history ----

@test "everything that happened: money, mail, tickets, orders, states, in order of time" {
	run_sxc config set mail.command "$TESTS/lib/sendmail"
	run_sxc config set mail.from b@example.net
	cat >"$BATS_TEST_TMPDIR/web.yaml" <<'Y'
plan: web
currency: USD
price: 30
every: 1 month
Y
	run_sxc plan apply "$BATS_TEST_TMPDIR/web.yaml"
	run_sxc account add bob --email bob@example.net
	on 2026-04-02 account subscribe ada web
	on 2026-04-03 account subscribe bob web
	on 2026-04-03 invoice run
	on 2026-04-04 ticket open --account ada --subject 'It is slow' --body-file /dev/stdin <<<'Very.'
	on 2026-04-05 invoice pay 2026-000001 6
	on 2026-04-06 account lock ada --reason 'asked for it'
	on 2026-04-07 account unlock ada
	on 2026-04-08 -y invoice write-off 2026-000001 --reason gone
	run_sxc -o tsv --no-header -c clock,what,object,amount,text account history ada
	assert_out '2026-04-01T10:00:00Z	account.add	ada		
2026-04-02T10:00:00Z	account.subscribe	ada/1		web
2026-04-03T10:00:00Z	invoice.open	2026-000001	3600	
2026-04-03T10:00:00Z	mail.queued	mail 1		invoice
2026-04-04T10:00:00Z	ticket.customer	ticket 1		It is slow
2026-04-05T10:00:00Z	account.pay	ada	600	2026-000001
2026-04-06T10:00:00Z	account.lock	ada		asked for it
2026-04-07T10:00:00Z	account.unlock	ada		
2026-04-08T10:00:00Z	invoice.write-off	2026-000001	3000	gone'
	run_sxc account history bob -c what,object --no-header
	assert_out 'account.add	bob
account.subscribe	bob/1
invoice.open	2026-000002
mail.queued	mail 2'
	run_sxc account history zoe
	assert_refused 3 "no account named 'zoe'"
}

@test "what dunning did, and mail that went out, is in the history" {
	run_sxc config set mail.command "$TESTS/lib/sendmail"
	run_sxc config set mail.from b@example.net
	charge 2026-04-01 30
	on 2026-04-01 mail run
	assert_status 0
	on 2026-04-18 invoice run
	run_sxc account history ada -c what,object --no-header --filter 'what=dunning*'
	assert_out 'dunning.remind	ada'
	run_sxc account history ada -c what,object,text --no-header --filter 'what=mail*'
	assert_out_has 'mail.sent	mail 1	invoice: '
}
