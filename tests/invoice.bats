#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The worked cases of the billing rules, against the program.

load helper

setup() {
	setup_home 2026-04-01T10:00:00Z
	run_sxc account add ada --email ada@example.net
	assert_ok
}

# A plan from standard input.
plan() {
	cat >"$BATS_TEST_TMPDIR/plan.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/plan.yaml"
	assert_status 0
}

# A plan of so much a month; further lines of the file behind it.
monthly() { # name, price, line…
	{
		printf 'plan: %s\ncurrency: USD\nprice: %s\nevery: 1 month\n' "$1" "$2"
		shift 2
		[ $# = 0 ] || printf '%s\n' "$@"
	} | plan
}

# Lines of all documents, in the order they were made.
lines() {
	sql 'SELECT invoice, item, start, coalesce("end", ""), amount, tax FROM v_invoice_line'
}

bill() { # clock, option…
	local now=$1
	shift
	run_sxc --now "$now" invoice run "$@"
	assert_status 0
}

books() {
	run_sxc invoice check
	assert_status 0
	assert_err "the books are in order"
}

@test "a bill day in the middle of a period: 9 of 31 days, then whole periods" {
	monthly web 24.95
	run_sxc --now 2021-09-16 account add bob --email bob@example.net --bill-day 25
	run_sxc --now 2021-09-16 account subscribe bob web
	assert_ok "bob/1 subscribed to web"
	bill 2021-09-16
	bill 2021-09-24
	bill 2021-10-25
	run lines
	[ "$output" = "2021-000001	plan	2021-09-16	2021-09-25	724	0
2021-000002	plan	2021-09-25	2021-10-25	2495	0
2021-000002	plan	2021-10-25	2021-11-25	2495	0" ] || { echo "$output" && false; }
	run_sxc invoice explain 2021-000001
	assert_ok
	assert_out_has "24.95 x 9 of 31 days (2021-08-25..2021-09-25) = 7.243548, rounded 7.24"
	books
}

@test "50 to 100 after 10 of 30 days: a credit and a charge, never their difference" {
	monthly p50 50
	monthly p100 100
	run_sxc account subscribe ada p50
	bill 2026-04-01
	run_sxc --now 2026-04-11 account change ada/1 --plan p100
	assert_ok "ada/1 upgraded from 2026-04-11"
	bill 2026-04-11
	run lines
	[ "$output" = "2026-000001	plan	2026-04-01	2026-05-01	5000	0
2026-000002	plan	2026-04-11	2026-05-01	-3333	0
2026-000002	plan	2026-04-11	2026-05-01	6667	0" ] || { echo "$output" && false; }
	books
}

@test "a change on the first day of a period counts the whole period" {
	monthly p50 50
	monthly p100 100
	run_sxc account subscribe ada p50
	bill 2026-05-01
	run_sxc --now 2026-05-01 account change ada/1 --plan p100 --when now
	bill 2026-05-01
	run lines
	[ "$output" = "2026-000001	plan	2026-04-01	2026-05-01	5000	0
2026-000001	plan	2026-05-01	2026-06-01	5000	0
2026-000002	plan	2026-05-01	2026-06-01	-5000	0
2026-000002	plan	2026-05-01	2026-06-01	10000	0" ] || { echo "$output" && false; }
	books
}

@test "the policy of the plan decides when a change holds, unless --when says" {
	monthly p50 50
	monthly p100 100
	run_sxc account subscribe ada p100
	run_sxc --now 2026-04-11 account change ada/1 --plan p50
	assert_ok "ada/1 downgraded from 2026-05-01"
	run_sxc --now 2026-04-12 account change ada/1 --plan p50 --when now
	assert_ok "ada/1 downgraded from 2026-04-12"
	bill 2026-05-01
	run lines
	[ "$output" = "2026-000001	plan	2026-04-01	2026-05-01	10000	0
2026-000001	plan	2026-04-12	2026-05-01	-6333	0
2026-000001	plan	2026-04-12	2026-05-01	3167	0
2026-000001	plan	2026-05-01	2026-06-01	5000	0" ] || { echo "$output" && false; }
	books
}

@test "in arrears a change makes two charges and no credit" {
	monthly a50 50 "bill: arrears"
	monthly a100 100 "bill: arrears"
	run_sxc account subscribe ada a50
	bill 2026-04-10
	run_sxc --now 2026-04-11 account change ada/1 --plan a100
	bill 2026-05-01
	run lines
	[ "$output" = "2026-000001	plan	2026-04-01	2026-04-11	1667	0
2026-000001	plan	2026-04-11	2026-05-01	6667	0" ] || { echo "$output" && false; }
	books
}

@test "monthly from January 31 remembers the day; a trial moves the first paid day" {
	monthly web 10 "trial: 30 days" "setup: 5"
	run_sxc account subscribe ada web --at 2026-01-01
	bill 2026-05-01
	run lines
	[ "$output" = "2026-000001	setup	2026-01-31		500	0
2026-000001	plan	2026-01-31	2026-02-28	1000	0
2026-000001	plan	2026-02-28	2026-03-31	1000	0
2026-000001	plan	2026-03-31	2026-04-30	1000	0
2026-000001	plan	2026-04-30	2026-05-31	1000	0" ] || { echo "$output" && false; }
	books
}

@test "forty days without a run make the same lines as one a day" {
	printf 'plan: ten\ncurrency: USD\nprice: 1\nevery: 10 days\n' | plan
	run_sxc account add bob --email bob@example.net
	run_sxc account subscribe ada ten
	run_sxc account subscribe bob ten
	for day in 01 02 11 12 21 30; do
		bill "2026-04-$day" --account bob
	done
	bill 2026-05-11
	run sql "SELECT start, amount FROM v_invoice_line WHERE subscription = 'ada/1' ORDER BY 1"
	ada=$output
	run sql "SELECT start, amount FROM v_invoice_line WHERE subscription = 'bob/1' ORDER BY 1"
	[ "$ada" = "$output" ] && [ "$(wc -l <<<"$output")" = 5 ] || { echo "$ada / $output" && false; }
	books
}

@test "preview writes nothing and prints the very bytes that run prints" {
	monthly web 24.95 "setup: 3"
	run_sxc account subscribe ada web
	before=$(sql "SELECT count(*) FROM v_invoice")
	run_sxc invoice preview
	assert_status 0
	preview=$out
	[ "$(sql "SELECT count(*) FROM v_invoice")" = "$before" ]
	run_sxc invoice run
	assert_status 0
	assert_out "$preview"
	run_sxc invoice run
	assert_err "0 invoices, 0 credit notes, 0 lines"
}

@test "taxes: each rate on each line, rates add up; the account's own before those of its country" {
	run_sxc invoice tax add gst --rate 5%
	run_sxc invoice tax add qst --rate 9.975%
	run_sxc invoice tax add tva --rate 20% --country FR --for consumer
	run_sxc account add bob --email b@example.net --country FR --tax gst --tax qst
	run_sxc account add eve --email e@example.net --country FR
	run_sxc account add biz --email z@example.net --country FR --kind business
	monthly web 100
	for a in bob eve biz; do
		run_sxc account subscribe "$a" web
	done
	bill 2026-04-01
	run sql "SELECT account, subtotal, tax, total FROM v_invoice"
	[ "$output" = "bob	10000	1498	11498
eve	10000	2000	12000
biz	10000	0	10000" ] || { echo "$output" && false; }
	run_sxc -o json invoice show 2026-000001
	assert_out_has '"rate": "9.975%"'
	books
}

@test "prices that include tax: net is what is left, the lines are net" {
	run_sxc invoice tax add vat --rate 20%
	run_sxc account set ada --tax vat
	monthly web 9.99 "prices-include-tax: yes"
	run_sxc account subscribe ada web
	bill 2026-04-01
	run lines
	[ "$output" = "2026-000001	plan	2026-04-01	2026-05-01	833	166" ] || { echo "$output" && false; }
	run_sxc account cancel ada/1 --when now -y --now 2026-04-16
	bill 2026-04-16
	run lines
	[ "${lines[1]}" = "CN-2026-000001	plan	2026-04-16	2026-05-01	-417	-83" ] || { echo "$output" && false; }
	books
}

@test "a tax has another rate from a day on, a credit keeps the rate of what it takes back" {
	run_sxc invoice tax add vat --rate 20%
	run_sxc invoice tax set vat --rate 25% --from 2026-05-01
	run_sxc account set ada --tax vat
	monthly web 100
	run_sxc account subscribe ada web --at 2026-04-16
	bill 2026-04-16
	run_sxc --now 2026-05-01 account cancel ada/1 --when now -y
	run_sxc --now 2026-05-01 account subscribe ada web
	bill 2026-05-01
	run lines
	[ "$output" = "2026-000001	plan	2026-04-16	2026-05-16	10000	2000
2026-000002	plan	2026-05-01	2026-05-16	-5000	-1000
2026-000002	plan	2026-05-01	2026-06-01	10000	2500" ] || { echo "$output" && false; }
	books
}

@test "account credit settles the oldest open invoice first, and what is left the next one" {
	monthly web 70
	run_sxc account subscribe ada web
	bill 2026-04-01
	run_sxc account credit ada 100 --reason "for the outage"
	assert_ok "account ada credited 100"
	run sql "SELECT state, credit, balance FROM v_invoice"
	[ "$output" = "paid	7000	0" ] || { echo "$output" && false; }
	bill 2026-05-01
	run sql "SELECT state, credit, balance FROM v_invoice WHERE invoice = '2026-000002'"
	[ "$output" = "open	3000	4000" ] || { echo "$output" && false; }
	run_sxc invoice export 2026-000002
	assert_ok
	assert_out_like "Account credit +-30.00"
	assert_out_like "To pay USD +40.00"
	books
}

@test "payments: partial, too much, named, and the same one only once" {
	monthly web 10
	run_sxc account subscribe ada web
	bill 2026-06-01
	run_sxc invoice pay 2026-000001 4 --external-id r1
	assert_ok "invoice 2026-000001: 4.00 USD paid"
	run_sxc invoice pay 2026-000001 4 --external-id r1
	assert_refused 4 "payment 'r1' of account ada is in the books already"
	run_sxc account pay ada 30
	assert_ok "account ada: payment taken, 26.00 on invoices, 4.00 USD on credit"
	run_sxc invoice pay 2026-000001
	assert_refused 5 "invoice 2026-000001 is paid: there is nothing to pay"
	run_sxc account pay ada 1.999
	assert_refused 2 "'1.999' has more decimals than USD has (2)"
	run_sxc account pay ada 0
	assert_refused_like 2 "more than nothing"
	run_sxc account credit ada 92233720368547758.07 --reason much
	assert_refused 2 "'92233720368547758.07' is too large an amount"
	books
}

@test "a document prints the same bytes after prices, tax, address and its payment" {
	run_sxc invoice tax add vat --rate 20% --note "as agreed"
	run_sxc account set ada --tax vat --contact city=Paris
	monthly web 10
	run_sxc account subscribe ada web
	bill 2026-04-01
	run_sxc invoice export 2026-000001
	before=$out
	run_sxc invoice tax set vat --rate 50% --from 2020-01-01 --note "other"
	run_sxc account set ada --contact city=Rome --email new@example.net --no-tax
	run_sxc config set seller.name "Another Seller"
	run_sxc invoice pay 2026-000001
	monthly web 99
	run_sxc invoice export 2026-000001
	assert_ok "$before"
}

@test "void: a credit note of a series of its own, and the days are billed again" {
	monthly web 10 "setup: 5"
	run_sxc account subscribe ada web
	bill 2026-04-01
	run_sxc invoice void 2026-000001 -y
	assert_refused 2 "say why with --reason: one line of at most 200 bytes"
	run_sxc invoice void 2026-000001 --reason "wrong" -y
	assert_ok "invoice 2026-000001 is void by credit note CN-2026-000001; the next run bills its days again"
	books
	bill 2026-04-02
	run lines
	[ "$output" = "2026-000001	setup	2026-04-01		500	0
2026-000001	plan	2026-04-01	2026-05-01	1000	0
CN-2026-000001	setup	2026-04-01		-500	0
CN-2026-000001	plan	2026-04-01	2026-05-01	-1000	0
2026-000002	setup	2026-04-01		500	0
2026-000002	plan	2026-04-01	2026-05-01	1000	0" ] || { echo "$output" && false; }
	run_sxc invoice void 2026-000001 --reason "again" -y
	assert_refused 5 "invoice 2026-000001 is void"
	books
}

@test "void of a document with a change: its credit and its charge are made again" {
	monthly p50 50
	monthly p100 100
	run_sxc account subscribe ada p50
	bill 2026-04-01
	run_sxc --now 2026-04-11 account change ada/1 --plan p100
	bill 2026-05-01
	run_sxc --now 2026-05-02 invoice void 2026-000001 --reason "wrong" -y
	assert_refused 5 "line 1 of 2026-000001 has been credited already"
	run_sxc --now 2026-05-02 invoice void 2026-000002 --reason "wrong" -y
	assert_status 0
	bill 2026-05-02
	run sql 'SELECT start, "end", amount FROM v_invoice_line WHERE invoice = "2026-000003"'
	[ "$output" = "2026-04-11	2026-05-01	-3333
2026-04-11	2026-05-01	6667
2026-05-01	2026-06-01	10000" ] || { echo "$output" && false; }
	books
}

@test "void of a paid invoice leaves what was paid as credit" {
	monthly web 10
	run_sxc account subscribe ada web
	bill 2026-04-01
	run_sxc invoice pay 2026-000001
	run_sxc invoice void 2026-000001 --reason "wrong" -y
	run sql "SELECT balance, credit FROM v_account WHERE account = 'ada'"
	[ "$output" = "0	1000" ] || { echo "$output" && false; }
	books
}

@test "credit-note: lines are credited once, their days stay billed" {
	monthly web 10 "setup: 5"
	run_sxc account subscribe ada web
	bill 2026-04-01
	run_sxc invoice credit-note 2026-000001 --line 1 --reason "goodwill" -y
	assert_ok "credit note CN-2026-000001 corrects invoice 2026-000001"
	run sql "SELECT state, credit, balance FROM v_invoice WHERE invoice = '2026-000001'"
	[ "$output" = "open	500	1000" ] || { echo "$output" && false; }
	run_sxc invoice credit-note 2026-000001 --line 1 --reason "goodwill" -y
	assert_refused 5 "line 1 of 2026-000001 has been credited already"
	run_sxc invoice credit-note 2026-000001 --line 7 --reason "goodwill" -y
	assert_refused 3 "2026-000001 has no line 7"
	run_sxc invoice credit-note 2026-000001 --reason "goodwill" -y
	assert_ok "credit note CN-2026-000002 corrects invoice 2026-000001"
	[ "$(sql "SELECT total FROM v_invoice WHERE kind = 'credit-note'")" = $'-500\n-1000' ]
	run_sxc invoice credit-note 2026-000001 --reason "goodwill" -y
	assert_refused 5 "2026-000001 has been credited already"
	bill 2026-04-02
	assert_err "0 invoices, 0 credit notes, 0 lines"
	books
}

@test "real books: the seller first, and never beyond today" {
	export SXC_HOME=$BATS_TEST_TMPDIR/real
	unset SXC_NOW
	run_sxc init
	run_sxc account add bob --email b@example.net
	monthly web 10
	run_sxc account subscribe bob web
	for form in tsv json; do
		run_sxc invoice run -o $form
		assert_refused_like 5 "seller.name"
	done
	run_sxc config set seller.name "Example"
	run_sxc config set seller.address "1 Main Street"
	run_sxc invoice run --until 2099-01-01
	assert_refused_like 5 "beyond today"
	run_sxc invoice preview --until 2027-12-31
	assert_status 0
	run_sxc invoice run
	assert_status 0
	assert_err "1 invoice, 0 credit notes, 1 line"
}

@test "numbers follow each other and dates never fall" {
	monthly web 10
	run_sxc account subscribe ada web
	bill 2026-04-01
	run_sxc --now 2026-03-31 invoice run
	[ "$status" = 5 ] || seen "not refused"
	assert_err_like "it is 2026-03-31, but the last invoice is of 2026-04-01"
	bill 2027-01-01
	run sql "SELECT invoice FROM v_invoice"
	[ "$output" = "2026-000001
2027-000001" ] || { echo "$output" && false; }
	books
}

@test "an account with too many lines for a day is parked, the others are billed" {
	{
		printf 'plan: many\ncurrency: USD\nprice: 1\nevery: 1 month\noptions:\n'
		for i in $(seq 16); do printf '  o%d: {price: 1}\n' "$i"; done
	} | plan
	monthly web 10
	run_sxc account add bob --email b@example.net
	options=()
	for i in $(seq 16); do options+=(--option "o$i=1"); done
	run_sxc account subscribe ada many "${options[@]}"
	run_sxc account subscribe bob web
	run_sxc invoice run
	assert_status 10
	assert_err_has "account ada is parked: 17 lines for 2026-04-01, more than the 15 that one day may have"
	run sql "SELECT account FROM v_invoice"
	[ "$output" = bob ] || { echo "$output" && false; }
	run_sxc account show ada
	assert_out_has parked
	run_sxc invoice run
	assert_status 0
	run_sxc account unpark ada
	assert_ok "account ada unparked"
	books
}

@test "two runs at once bill each period once" {
	monthly web 10
	{ for i in $(seq 300); do
		echo "account add c$i --email c$i@example.net"
		echo "account subscribe c$i web"
	done; } >"$BATS_TEST_TMPDIR/script"
	run_sxc -q shell "$BATS_TEST_TMPDIR/script"
	assert_status 0
	"$SXC" invoice run >"$BATS_TEST_TMPDIR/1" 2>&1 &
	one=$!
	"$SXC" invoice run >"$BATS_TEST_TMPDIR/2" 2>&1 &
	two=$!
	wait $one && wait $two || { cat "$BATS_TEST_TMPDIR"/[12] && false; }
	run sql "SELECT count(*), count(DISTINCT account) FROM v_invoice"
	[ "$output" = "300	300" ] || { echo "$output" && false; }
	books
}

@test "a run killed at any instant loses no number and bills nothing twice" {
	monthly web 10
	{ for i in $(seq 450); do
		echo "account add c$i --email c$i@example.net"
		echo "account subscribe c$i web"
	done; } >"$BATS_TEST_TMPDIR/script"
	run_sxc -q shell "$BATS_TEST_TMPDIR/script"
	assert_status 0
	for wait in 0.005 0.02 0.04 0.06 0.1; do
		"$SXC" invoice run >/dev/null 2>&1 &
		pid=$!
		sleep $wait
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
	done
	run_sxc invoice run
	assert_status 0
	run sql "SELECT count(*), count(DISTINCT account), max(invoice) FROM v_invoice"
	[ "$output" = "450	450	2026-000450" ] || { echo "$output" && false; }
	books
}

@test "the ledger is append-only and open documents do not change" {
	command -v sqlite3 >/dev/null || skip "no sqlite3"
	monthly web 10
	run_sxc account subscribe ada web
	bill 2026-04-01
	for sql in "UPDATE ledger_posting SET amount = 1" "DELETE FROM ledger_entry" \
		"UPDATE invoice SET total = 1, subtotal = 1" "DELETE FROM invoice_line"; do
		run sqlite3 "$SXC_HOME/sxc.db" "$sql"
		[ "$status" != 0 ] || { echo "allowed: $sql" && false; }
	done
	sqlite3 "$SXC_HOME/sxc.db" "UPDATE account SET balance = 7"
	run_sxc invoice check
	assert_status 12
	assert_out_has "owes 7, its open invoices come to 1000"
}

@test "the reckoner comes to the same lines over years" {
	run python3 "$TOP/tests/money/reckoner.py" 1 8 450
	[ "$status" = 0 ] || { echo "$output" && false; }
}

@test "an account that fails only as it is written down is parked, the others have their numbers" {
	monthly web 10
	for a in ann bob; do
		run_sxc account add $a --email $a@example.net
		run_sxc account subscribe $a web
	done
	run_sxc account subscribe ada web
	bill 2026-04-01
	sqlite3 "$SXC_HOME/sxc.db" "UPDATE account SET balance = 9223372036854775807 WHERE name = 'ada'"
	run_sxc --now 2026-05-01 invoice run
	assert_status 10
	assert_err_has "account ada is parked"
	assert_out_has "2026-000004	ann	ann/1"
	assert_out_has "2026-000005	bob	bob/1"
	[ "$(sql "SELECT count(*), max(invoice) FROM v_invoice")" = "5	2026-000005" ]
	[ "$(sql "SELECT state FROM v_account WHERE account = 'ada'")" = parked ]
	sqlite3 "$SXC_HOME/sxc.db" "UPDATE account SET balance = 1000 WHERE name = 'ada'"
	run_sxc account unpark ada
	bill 2026-05-01
	assert_out_has "2026-000006	ada	ada/1"
	books
}
