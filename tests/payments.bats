#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Payments in and back, by hand and through gateways of every temper.

load helper
load books

setup() {
	setup_home 2026-04-01T10:00:00Z
	mkdir -p "$SXC_HOME/gateways" "$SXC_HOME/gw"
	cp "$TESTS/lib/gateway" "$SXC_HOME/gateways/sxc-gateway-test"
	run_sxc config set gateway.timeout 2
	run_sxc account add ada --email ada@example.net
	assert_ok
}

with_card() {
	run_sxc invoice gateway add test
	assert_ok 'gateway test added'
	echo tok_ada >"$BATS_TEST_TMPDIR/token"
	run_sxc account method add ada --gateway test --token-file "$BATS_TEST_TMPDIR/token" --label 'Visa ending in 4242'
	assert_ok 'method 1 of account ada is active'
}

answer() { # verb, word…: what it answers next
	local verb=$1
	shift
	printf '%s\n' "$@" >"$SXC_HOME/gw/$verb"
}

at() { # time, command…
	SXC_NOW=$1 run_sxc "${@:2}"
}

invoices() {
	sql 'SELECT number, state, paid, credit, balance FROM v_invoice'
}

taken() { # how often the gateway really took money
	wc -l <"$SXC_HOME/gw/taken"
}

# ---- by hand ----

@test "partial, one for many, too much: the rest is credit" {
	charge_each 30 20 10
	run_sxc invoice pay 2026-000001 10
	assert_ok 'invoice 2026-000001: 10.00 USD paid'
	run_sxc account pay ada 45
	assert_ok 'account ada: payment taken, 45.00 on invoices, 0.00 USD on credit'
	[ "$(invoices)" = $'2026-000001\tpaid\t3000\t0\t0\n2026-000002\tpaid\t2000\t0\t0\n2026-000003\topen\t500\t0\t500' ]
	run_sxc account pay ada 12
	assert_ok 'account ada: payment taken, 5.00 on invoices, 7.00 USD on credit'
	run_sxc -o json invoice payments
	assert_out_has '"invoices":["2026-000001","2026-000002","2026-000003"]'
	books
}

@test "a refund names its payment and opens what it paid, the latest invoice first" {
	charge_each 30 20
	run_sxc account pay ada 50 --external-id wire-1
	run_sxc -y invoice refund 1 25
	assert_refused 2 'say why with --reason: one line of at most 200 bytes'
	run_sxc -y invoice refund 1 25 --reason 'paid by mistake'
	assert_ok '25.00 USD of payment 1 refunded'
	[ "$(invoices)" = $'2026-000001\topen\t2500\t0\t500\n2026-000002\topen\t0\t0\t2000' ]
	books
	run_sxc -y invoice refund 1 26 --reason more
	assert_refused 7 'only 25.00 USD of payment 1 are left'
	run_sxc -y invoice refund 1 --reason rest
	assert_ok '25.00 USD of payment 1 refunded'
	run_sxc -y invoice refund 1 --reason again
	assert_refused 5 'payment 1 has gone back already'
	run_sxc -y invoice refund 9 --reason x
	assert_refused 3 'no payment 9'
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'5000\t0' ]
	books
}

@test "what a payment put on credit goes back first; spent credit opens what it settled" {
	charge_each 30
	run_sxc account pay ada 100
	run_sxc -y invoice refund 1 20 --reason 'too much'
	assert_ok '20.00 USD of payment 1 refunded'
	[ "$(invoices)" = $'2026-000001\tpaid\t3000\t0\t0' ]
	[ "$(sql 'SELECT credit FROM v_account')" = 5000 ]
	charge_each 40
	[ "$(sql 'SELECT credit FROM v_account')" = 1000 ]
	run_sxc -y invoice refund 1 --reason 'all of it'
	assert_ok '80.00 USD of payment 1 refunded'
	[ "$(invoices)" = $'2026-000001\topen\t0\t0\t3000\n2026-000002\topen\t0\t0\t4000' ]
	books
}

@test "a chargeback opens the invoice again, once a reference" {
	charge_each 30
	run_sxc invoice pay 2026-000001 --external-id wire-1
	run_sxc -y invoice refund 1 --chargeback --external-id cb-1 --reason 'customer disputes it'
	assert_ok '30.00 USD of payment 1 charged back'
	[ "$(sql 'SELECT kind, amount FROM v_refund')" = $'chargeback\t3000' ]
	[ "$(invoices)" = $'2026-000001\topen\t0\t0\t3000' ]
	run_sxc account pay ada 30
	assert_status 0
	[ "$(invoices)" = $'2026-000001\tpaid\t3000\t0\t0' ]
	books
}

@test "a refund of a payment whose invoice is void comes out of the credit" {
	charge_each 30
	run_sxc account pay ada 30
	run_sxc -y invoice void 2026-000001 --reason wrong
	assert_status 0
	run_sxc -y invoice refund 1 --reason 'void'
	assert_ok '30.00 USD of payment 1 refunded'
	[ "$(sql 'SELECT balance, credit FROM v_account')" = $'0\t0' ]
	books
}

@test "edges: 1 minor unit, 10^15; refusals leave everything as it was" {
	charge_each 0.01
	run_sxc invoice pay 2026-000001
	run_sxc -y invoice refund 1 0.01 --reason x
	assert_ok '0.01 USD of payment 1 refunded'
	run_sxc account pay ada 9999999999999.99
	assert_status 0
	run_sxc -y invoice refund 2 9999999999999.99 --reason x
	assert_status 0
	run_sxc -y invoice refund 2 0 --reason x
	assert_refused 5 'payment 2 has gone back already'
	run_sxc -y invoice refund 1 0 --reason x
	assert_refused 5 'payment 1 has gone back already'
	run_sxc -y invoice refund one --reason x
	assert_refused 2 "'one' is not the number of a payment"
	books
}

# ---- methods ----

@test "a method is a token, never the number of a card" {
	run_sxc invoice gateway add test
	for number in 4242424242424242 '4242 4242 4242 4242' 378282246310005; do
		run_sxc account method add ada --gateway test --token-stdin <<<"$number"
		assert_refused_like 2 'that is the number of a card'
	done
	[ "$(sql 'SELECT count(*) FROM v_audit WHERE what LIKE "account.method%"' 2>/dev/null || echo 0)" = 0 ]
	run_sxc account method add ada --gateway nobody --token-stdin <<<tok_1
	assert_refused 3 "no gateway named 'nobody'"
	run_sxc account method add ada --gateway test --token-stdin <<<tok_1
	assert_ok 'method 1 of account ada is active'
	# Its token is nowhere to be read.
	run_sxc -o json account method list ada
	assert_out_lacks tok_1
	run_sxc account method remove ada 1
	assert_ok 'method 1 of account ada removed'
	run_sxc account method remove ada 1
	assert_refused 3 'account ada has no method 1'
}

@test "without a token the gateway gives a page, and the method is active once it was filled in" {
	run_sxc invoice gateway add test
	run_sxc account method add ada --gateway test
	assert_status 0
	assert_out_like '^method 1 of account ada waits for the customer: https://pay.example.net/sxc-'
	answer status pending paid
	at 2026-04-01T11:00:00Z invoice gateway run
	assert_ok '0 charges settled'
	[ "$("$SXC" -o tsv --no-header -c state account method list ada)" = pending ]
	at 2026-04-01T12:00:00Z invoice gateway run
	run_sxc -o tsv --no-header -c state,label,charged account method list ada
	assert_ok $'active\tVisa ending in 4242\tyes'
}

@test "gateways: added when their executable is there, tested, never removed once used" {
	run_sxc invoice gateway add nothing
	assert_refused_like 3 'no executable .*/gateways/sxc-gateway-nothing, nor .*/libexec/sxc/sxc-gateway-nothing'
	run_sxc invoice gateway add manual
	assert_refused 2 'the gateway manual is built in'
	with_card
	run_sxc invoice gateway add test
	assert_refused 4 'there is a gateway test already'
	run_sxc -q invoice gateway list
	assert_ok $'manual\ntest'
	run_sxc invoice gateway test test
	assert_ok 'gateway test answers'
	answer status garbage
	run_sxc invoice gateway test test
	assert_refused_like 1 'not a line of key=value: <html>502'
	run_sxc invoice gateway remove test
	assert_refused_like 6 'gateway test has methods or charges'
}

# ---- charging ----

@test "an invoice of an account with a card is charged, after the run" {
	with_card
	charge_each 24.95
	[ ! -e "$SXC_HOME/gw/calls" ]
	run_sxc -o tsv --no-header -c kind,account,invoice,gateway,method,state invoice charges
	assert_ok $'charge\tada\t2026-000001\ttest\tVisa ending in 4242\tqueued'
	run_sxc invoice gateway run
	assert_ok '1 charge settled'
	[ "$(invoices)" = $'2026-000001\tpaid\t2495\t0\t0' ]
	[ "$(sql 'SELECT gateway, amount FROM v_payment')" = $'test\t2495' ]
	read -r verb of key amount currency token <"$SXC_HOME/gw/calls"
	[ "$verb $of $amount $currency $token" = 'charge charge 2495 USD tok_ada' ]
	run_sxc invoice gateway run
	assert_ok '0 charges settled'
	[ "$(taken)" = 1 ]
	books
}

@test "no answer is unknown: asked by status until it is known, nothing charged again meanwhile" {
	for how in late dies twice other garbage; do
		rm -rf "$SXC_HOME/gw"/*
		setup_home_again
		with_card
		charge_each 10
		answer charge "$how"
		run_sxc invoice gateway run
		assert_status 10
		assert_err_has '0 settled, 0 failed, 1 not known yet'
		[ "$(sql 'SELECT state FROM v_charge')" = unknown ]
		[ "$(invoices)" = $'2026-000001\topen\t0\t0\t1000' ]
		# A person cannot charge it again, nor a further run.
		run_sxc invoice collect 2026-000001
		assert_refused_like 5 'a charge for it is under way'
		run_sxc invoice run
		answer status unknown pending
		at 2026-04-01T10:05:00Z invoice gateway run
		assert_status 10
		at 2026-04-01T10:30:00Z invoice gateway run
		assert_status 10
		[ "$(sql 'SELECT state FROM v_charge')" = pending ]
		at 2026-04-01T12:00:00Z invoice gateway run
		assert_ok '1 charge settled'
		[ "$(invoices)" = $'2026-000001\tpaid\t1000\t0\t0' ]
		[ "$(taken)" = 1 ]
		[ "$(grep -c '^charge ' "$SXC_HOME/gw/calls")" = 1 ]
		[ "$(cut -d' ' -f3 "$SXC_HOME/gw/calls" | sort -u | wc -l)" = 1 ]
		books
	done
}

setup_home_again() {
	rm -rf "$SXC_HOME"
	setup
}

@test "a charge that was lost on the way: status says failed, then it may be charged again" {
	with_card
	charge_each 10
	answer charge lost
	run_sxc invoice gateway run
	assert_status 10
	at 2026-04-01T10:05:00Z invoice gateway run
	assert_status 10
	assert_err_has '0 settled, 1 failed, 0 not known yet'
	at 2026-04-01T10:06:00Z invoice collect 2026-000001
	assert_ok 'invoice 2026-000001: paid'
	[ "$(taken)" = 1 ]
	[ "$(cut -d' ' -f3 "$SXC_HOME/gw/calls" | sort -u | wc -l)" = 2 ]
	books
}

@test "refused: the invoice stays open, the customer is told, collect tries again" {
	run_sxc config set mail.command "$TESTS/lib/sendmail"
	run_sxc config set mail.from b@example.net
	with_card
	charge_each 10
	answer charge failed action-required
	run_sxc invoice gateway run
	assert_status 10
	[ "$(sql 'SELECT state, error FROM v_charge')" = $'failed\tcard declined' ]
	run_sxc invoice collect 2026-000001
	assert_ok 'invoice 2026-000001: action-required'
	[ "$(sql 'SELECT template FROM v_mail ORDER BY mail')" = $'invoice\npayment-failed\naction-required' ]
	run_sxc mail show 3 --message
	assert_out_has 'https://pay.example.net/sxc-'
	answer status paid
	at 2026-04-01T10:05:00Z invoice gateway run
	assert_ok '1 charge settled'
	books
}

@test "answers in disorder: paid by hand meanwhile, the late payment becomes credit" {
	with_card
	charge_each 10 5
	answer charge late late
	run_sxc invoice gateway run
	assert_status 10
	run_sxc invoice pay 2026-000001
	assert_ok
	at 2026-04-01T10:05:00Z invoice gateway run
	assert_ok '2 charges settled'
	# 10 by hand, 10 and 5 by card: the first of the card goes to the oldest that is open.
	[ "$(sql 'SELECT credit, balance FROM v_account')" = $'1000\t0' ]
	[ "$(sql 'SELECT count(*), sum(amount) FROM v_payment')" = $'3\t2500' ]
	books
}

@test "the same payment said twice is in the books once" {
	with_card
	charge_each 10 5
	answer charge same same
	run_sxc invoice gateway run
	assert_status 0
	assert_err_has 'payment pi_same of gateway test is in the books already'
	[ "$(sql 'SELECT count(*) FROM v_payment')" = 1 ]
	[ "$(invoices)" = $'2026-000001\tpaid\t1000\t0\t0\n2026-000002\topen\t0\t0\t500' ]
	books
}

@test "a gateway that says another amount is not believed: a person looks" {
	with_card
	charge_each 10
	answer charge less
	run_sxc invoice gateway run
	assert_status 10
	[ "$(sql 'SELECT state, error FROM v_charge')" = $'unknown\tit says 999 was paid, asked were 1000: a person has to look' ]
	[ "$(sql 'SELECT count(*) FROM v_payment')" = 0 ]
}

@test "what is paid before it is charged is not charged; a partial payment lowers it" {
	with_card
	charge_each 10 20
	run_sxc account pay ada 15
	run_sxc invoice gateway run
	assert_ok '1 charge settled'
	[ "$(sql 'SELECT state FROM v_charge ORDER BY charge')" = $'dropped\npaid' ]
	[ "$(sql 'SELECT amount FROM v_charge WHERE state = '"'paid'")" = 1500 ]
	[ "$(invoices | cut -f2 | sort -u)" = paid ]
	books
}

@test "an executable that is gone: nothing was asked, it waits" {
	with_card
	charge_each 10
	mv "$SXC_HOME/gateways/sxc-gateway-test" "$SXC_HOME/aside"
	run_sxc invoice gateway run
	assert_status 10
	assert_err_has 'no executable'
	[ "$(sql 'SELECT state, attempts FROM v_charge')" = $'queued\t0' ]
	mv "$SXC_HOME/aside" "$SXC_HOME/gateways/sxc-gateway-test"
	at 2026-04-01T10:10:00Z invoice gateway run
	assert_ok '1 charge settled'
}

@test "killed between the question and the answer: asked after, charged once" {
	run_sxc config set gateway.timeout 30
	with_card
	charge_each 10
	answer charge late
	"$SXC" invoice gateway run >/dev/null 2>&1 &
	pid=$!
	for _ in $(seq 200); do
		[ ! -e "$SXC_HOME/gw/taken" ] || break
		sleep 0.05
	done
	run_sxc invoice gateway run
	assert_refused 11 'another run asks the gateways'
	kill -9 $pid
	wait $pid || true
	[ "$(sql 'SELECT state FROM v_charge')" = asked ]
	run_sxc invoice gateway run
	assert_ok '1 charge settled'
	[ "$(taken)" = 1 ]
	[ "$(grep -c '^charge ' "$SXC_HOME/gw/calls")" = 1 ]
	books
}

@test "a refund through the gateway is booked when it says so" {
	with_card
	charge_each 10
	run_sxc invoice gateway run
	answer refund pending
	run_sxc -y invoice refund 1 4 --reason 'half of it'
	assert_ok '4.00 USD of payment 1: pending'
	[ "$(invoices)" = $'2026-000001\tpaid\t1000\t0\t0' ]
	run_sxc -y invoice refund 1 --reason more
	assert_refused_like 5 'a refund of payment 1 is under way'
	answer status paid
	at 2026-04-01T10:05:00Z invoice gateway run
	assert_ok '1 charge settled'
	[ "$(invoices)" = $'2026-000001\topen\t600\t0\t400' ]
	answer refund failed
	run_sxc -y invoice refund 1 --reason rest
	assert_refused_like 1 '6.00 USD of payment 1: the gateway refuses it'
	[ "$(sql 'SELECT sum(amount) FROM v_refund')" = 400 ]
	books
}
