#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Real books, one thing damaged in each test: invoice check names it.

load helper

# A bit of everything: terms, changes, a void, credit notes, payments, a write-off.
setup_file() {
	export SXC_HOME=$BATS_FILE_TMPDIR/home SXC_NOW=2026-04-01T10:00:00Z
	"$SXC" init --rehearsal >/dev/null
	printf 'plan: web\ncurrency: USD\nprice: 30\nevery: 1 month\n' >"$BATS_FILE_TMPDIR/web.yaml"
	printf 'plan: more\ncurrency: USD\nprice: 60\nevery: 1 month\n' >"$BATS_FILE_TMPDIR/more.yaml"
	{
		"$SXC" plan apply "$BATS_FILE_TMPDIR/web.yaml" "$BATS_FILE_TMPDIR/more.yaml"
		"$SXC" invoice tax add vat --rate 20%
		"$SXC" account add ada --email ada@example.net --tax vat
		"$SXC" account add bob --email bob@example.net
		"$SXC" account subscribe ada web
		"$SXC" account subscribe bob web
		"$SXC" invoice run # 1 ada, 2 bob
		"$SXC" invoice pay 2026-000001
		"$SXC" account pay bob 40
		"$SXC" --now 2026-04-11 account change ada/1 --plan more --when now
		"$SXC" --now 2026-04-11 invoice run                                             # 3 ada
		"$SXC" --now 2026-05-01 invoice run                                             # 4 ada, 5 bob
		"$SXC" --now 2026-05-02 -y invoice void 2026-000004 --reason wrong
		"$SXC" --now 2026-05-02 invoice run                                             # 6 ada
		"$SXC" --now 2026-05-03 -y invoice credit-note 2026-000005 --amount 5 --reason nice
		"$SXC" --now 2026-05-04 account charge bob 9 --reason work
		"$SXC" --now 2026-05-04 invoice run                                             # 7 bob
		"$SXC" --now 2026-05-04 -y invoice write-off 2026-000007 --reason gone
	} >/dev/null 2>&1
}

setup() {
	export SXC_HOME=$BATS_TEST_TMPDIR/home SXC_NOW=2026-05-05T10:00:00Z
	cp -r "$BATS_FILE_TMPDIR/home" "$SXC_HOME"
}

# Change the file as nobody may, past all that guards it.
damage() { # SQL
	local triggers
	triggers=$(sqlite3 "$SXC_HOME/sxc.db" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
	sqlite3 "$SXC_HOME/sxc.db" "PRAGMA ignore_check_constraints = ON; $triggers $1"
}

# The check finds exactly this: WHERE FINDING, a line each.
assert_found() {
	run_sxc -o tsv --no-header invoice check
	{ [ "$status" = 12 ] && [ "$(sort <<<"$out")" = "$(sort <<<"$1")" ]; } || seen "it did not find exactly: $1"
	[ "$err" = "sxc: $(grep -c . <<<"$1") thing$([ "$(grep -c . <<<"$1")" = 1 ] || echo s) in the books that must not be" ] || seen "stderr"
}

@test "undamaged: nothing" {
	run_sxc -o tsv --no-header invoice check
	assert_status 0
	assert_out ''
	assert_err 'the books are in order'
	[ "$(sql "SELECT count(*) FROM v_invoice WHERE kind = 'invoice'")" = 7 ]
}

@test "an entry that does not balance" {
	damage "UPDATE ledger_posting SET amount = amount + 1 WHERE entry = 1 AND book = 'revenue'"
	assert_found 'entry 1	does not balance: 1'
}

@test "an entry in two currencies" {
	damage "UPDATE ledger_posting SET currency = 'EUR' WHERE entry = 1 AND book = 'revenue'"
	assert_found 'entry 1	has postings in more than one currency'
}

@test "an entry that is gone" {
	damage "DELETE FROM ledger_posting WHERE entry = 1; DELETE FROM ledger_entry WHERE id = 1"
	assert_found 'ada	owes 9600, the ledger has 6000'
}

@test "a balance that nobody owes" {
	damage "UPDATE account SET balance = balance + 100 WHERE name = 'ada'"
	assert_found 'ada	owes 9700, its open invoices come to 9600
ada	owes 9700, the ledger has 9600'
}

@test "credit that nobody gave" {
	damage "UPDATE account SET credit = credit + 100 WHERE name = 'bob'"
	assert_found 'bob	has credit 100, the ledger has 0
bob	has credit left beside open invoices'
}

@test "a number that is missing" {
	damage "UPDATE invoice SET seq = 9, number = '2026-000009' WHERE number = '2026-000007'"
	assert_found '2026-000009	follows 2026-000006: 2 missing between
series 2026-	counts 7 but has 7'
}

@test "a series that counts too far" {
	damage "UPDATE series SET last = 8 WHERE prefix = '2026-'"
	assert_found 'series 2026-	counts 8 but has 7'
}

@test "a date that goes back" {
	damage "UPDATE invoice SET date = '2026-03-31' WHERE number = '2026-000003'"
	assert_found '2026-000003	is dated before the one it follows'
}

@test "a line of another amount" {
	damage "UPDATE invoice_line SET amount = amount + 1 WHERE invoice = (SELECT id FROM invoice WHERE number = '2026-000006')"
	assert_found '2026-000006	its lines do not add up'
}

@test "a line that is gone" {
	damage "DELETE FROM invoice_line WHERE invoice = (SELECT id FROM invoice WHERE number = '2026-000007')"
	assert_found '2026-000007	its lines do not add up'
}

@test "a tax that does not add up" {
	damage "UPDATE line_tax SET amount = amount + 1 WHERE line = (SELECT min(id) FROM invoice_line)"
	assert_found '2026-000001	line 1: its taxes do not add up'
}

@test "a payment that settles what it never was" {
	damage "UPDATE payment SET amount = amount - 1 WHERE id = 1"
	assert_found 'payment 1	is not spent as it came in'
}

@test "a settlement that is gone" {
	damage "DELETE FROM settlement WHERE payment = 1"
	assert_found '2026-000001	is not settled by what is written down'
}

@test "an invoice that says it is paid" {
	damage "UPDATE invoice SET state = 'paid' WHERE number = '2026-000006'"
	assert_found '2026-000006	is paid with a balance of 7200
ada	owes 9600, its open invoices come to 2400'
}

@test "more written off than was" {
	damage "UPDATE write_off SET amount = amount - 1"
	assert_found '2026-000007	has 900 written off, of which 899 is written down'
}

@test "an invoice that is written off without saying so" {
	damage "UPDATE invoice SET state = 'paid' WHERE number = '2026-000007'"
	assert_found '2026-000007	is paid with 900 written off'
}

@test "days that are charged twice" {
	damage "UPDATE invoice_line SET until = '2026-05-10' WHERE invoice = (SELECT id FROM invoice WHERE number = '2026-000002')"
	assert_found 'bob/1	days from 2026-05-01 are charged twice'
}

@test "days that nobody charged, in between and at the end" {
	damage "UPDATE invoice_line SET until = '2026-04-20' WHERE invoice = (SELECT id FROM invoice WHERE number = '2026-000002')"
	assert_found 'bob/1	days from 2026-04-20 to 2026-05-01 count as billed, but no line charges them'
	damage "UPDATE subscription_term SET billed_until = '2026-07-01' WHERE subscription = 2"
	assert_found 'bob/1	days from 2026-04-20 to 2026-05-01 count as billed, but no line charges them
bob/1	days from 2026-06-01 to 2026-07-01 count as billed, but no line charges them'
}

@test "days that nobody charged, at the beginning" {
	damage "UPDATE billed SET start = '2026-04-03' WHERE subscription = 2 AND start = '2026-04-01'"
	assert_found 'bob/1	days from 2026-04-01 to 2026-04-03 count as billed, but no line charges them'
}

@test "a span that is billed and not marked so" {
	damage "DELETE FROM billed WHERE subscription = 2 AND start = '2026-05-01'"
	assert_found '2026-000005	line 1 billed a span that is not marked so
bob/1	days from 2026-05-01 to 2026-06-01 count as billed, but no line charges them'
}

@test "a credit beyond its line" {
	damage "UPDATE invoice_line SET credits = (SELECT l.id FROM invoice_line l JOIN invoice i ON i.id = l.invoice WHERE i.number = '2026-000007') WHERE part = 1;
		UPDATE invoice_line SET amount = -1000, gross = -1000 WHERE part = 1"
	assert_found '2026-000007	line 1 is credited beyond what it charged
CN-2026-000002	its lines do not add up'
}
