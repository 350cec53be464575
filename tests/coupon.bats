#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Coupons, against the program.

load helper

setup() {
	setup_home 2026-04-01T10:00:00Z
	"$SXC" -q account add ada --email ada@example.net
}

# A plan of so much a month; further lines of the file behind it.
monthly() { # name, price, line…
	{
		printf 'plan: %s\ncurrency: USD\nprice: %s\nevery: 1 month\n' "$1" "$2"
		shift 2
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$BATS_TEST_TMPDIR/plan.yaml"
	"$SXC" -q plan apply "$BATS_TEST_TMPDIR/plan.yaml"
}

lines() {
	sql 'SELECT invoice, item, start, amount, discount, tax FROM v_invoice_line'
}

# What a run bills is what a preview says, byte for byte; explain derives every line of it again.
bill() { # clock
	"$SXC" --now "$1" invoice preview >"$BATS_TEST_TMPDIR/preview"
	run_sxc --now "$1" invoice run
	assert_status 0
	[ "$out" = "$(cat "$BATS_TEST_TMPDIR/preview")" ] || seen "not what preview said"
	for number in $("$SXC" -q invoice list); do
		"$SXC" invoice explain "$number" >/dev/null
	done
	"$SXC" -q invoice check
}

is() { # rows
	[ "$(lines)" = "$1" ] || { lines && false; }
}

@test "lines 70.00, coupon 10.00, tax 10 %, credit 50.00: due 16.00" {
	monthly web 40 'options: {ip: {price: 10}, mail: {price: 20}}'
	run_sxc invoice coupon add ten --amount 10.00 --currency USD
	assert_ok "coupon ten added"
	"$SXC" -q invoice tax add vat --rate 10%
	"$SXC" -q account set ada --tax vat
	"$SXC" -q account credit ada 50 --reason gift
	run_sxc account subscribe ada web --option ip=1 --option mail=1 --coupon ten
	assert_ok "ada/1 subscribed to web"
	bill 2026-04-01
	is "2026-000001	plan	2026-04-01	4000	571	343
2026-000001	option:ip	2026-04-01	1000	143	86
2026-000001	option:mail	2026-04-01	2000	286	171"
	run sql "SELECT subtotal, discount, tax, total, credit, balance FROM v_invoice"
	[ "$output" = "7000	1000	600	6600	5000	1600" ] || { echo "$output" && false; }
	run_sxc invoice explain 2026-000001 -c how
	assert_out_has "; coupon ten: 10.00 a period, here 40.00 of 70.00 = 5.71 off"
	run_sxc account subscriptions ada -c coupon --no-header
	assert_ok "ten"
}

@test "a percentage, in the first periods only; a change takes back its part" {
	monthly web 50
	monthly big 100
	"$SXC" -q invoice coupon add spring --percent 20% --periods 2
	"$SXC" -q account subscribe ada web --coupon spring
	bill 2026-04-01
	run_sxc --now 2026-04-11 account change ada/1 --plan big
	assert_status 0
	bill 2026-04-11
	bill 2026-06-01
	is "2026-000001	plan	2026-04-01	5000	1000	0
2026-000002	plan	2026-04-11	-3333	-667	0
2026-000002	plan	2026-04-11	6667	1333	0
2026-000003	plan	2026-05-01	10000	2000	0
2026-000003	plan	2026-06-01	10000	0	0"
}

@test "an amount counts by days like the price, and never beyond the lines" {
	monthly web 24.95 'align: day 25'
	monthly one 5
	"$SXC" -q invoice coupon add ten --amount 10 --currency USD
	"$SXC" -q account subscribe ada web --coupon ten --at 2026-04-16
	"$SXC" -q account subscribe ada one --coupon ten
	bill 2026-04-25
	is "2026-000001	plan	2026-04-16	724	290	0
2026-000001	plan	2026-04-25	2495	1000	0
2026-000001	plan	2026-04-01	500	500	0"
}

@test "prices with tax in them: the tax is that of what is left" {
	monthly web 12 'prices-include-tax: yes'
	"$SXC" -q invoice tax add vat --rate 20%
	"$SXC" -q account set ada --tax vat
	"$SXC" -q invoice coupon add half --percent 50%
	"$SXC" -q invoice coupon add all --percent 100%
	"$SXC" -q account subscribe ada web --coupon half
	"$SXC" -q account subscribe ada web --coupon all
	bill 2026-04-01
	is "2026-000001	plan	2026-04-01	1000	500	100
2026-000001	plan	2026-04-01	1000	1000	0"
	run_sxc -y invoice void 2026-000001 --reason wrong
	assert_status 0
	run sql "SELECT total FROM v_invoice ORDER BY id" || true
	bill 2026-04-01
	run sql "SELECT sum(amount), sum(discount), sum(tax) FROM v_invoice_line"
	[ "$output" = "2000	1500	100" ] || { echo "$output" && false; }
	run_sxc invoice check
	assert_err "the books are in order"
}

@test "a period that is void is covered again" {
	monthly web 10
	"$SXC" -q invoice coupon add first --percent 50% --periods 1
	"$SXC" -q account subscribe ada web --coupon first
	bill 2026-04-01
	"$SXC" -q -y invoice void 2026-000001 --reason wrong
	bill 2026-05-01
	is "2026-000001	plan	2026-04-01	1000	500	0
CN-2026-000001	plan	2026-04-01	-1000	-500	0
2026-000002	plan	2026-04-01	1000	500	0
2026-000002	plan	2026-05-01	1000	0	0"
}

@test "set-up is covered with the first period; what is cancelled takes its discount back" {
	monthly web 30 'setup: 10'
	"$SXC" -q invoice coupon add all --percent 100%
	"$SXC" -q account subscribe ada web --coupon all
	bill 2026-04-01
	run_sxc --now 2026-04-11 -y account cancel ada/1 --when now
	assert_status 0
	bill 2026-04-11
	is "2026-000001	setup	2026-04-01	1000	1000	0
2026-000001	plan	2026-04-01	3000	3000	0
2026-000002	plan	2026-04-11	-2000	-2000	0"
}

@test "which plans, which days, which currency, how many" {
	monthly web 10
	monthly other 10
	"$SXC" -q account add eva --email eva@example.net --currency EUR
	"$SXC" -q invoice coupon add c --amount 1 --currency EUR
	"$SXC" -q invoice coupon add p --percent 10% --plan other --uses 1 --from 2026-04-01 \
		--until 2026-04-30
	run_sxc account subscribe ada web --coupon c
	assert_refused 5 "coupon c is in EUR, account ada in USD"
	run_sxc account subscribe ada web --coupon p
	assert_refused 5 "coupon p does not hold for this plan"
	run_sxc account subscribe ada web --coupon none
	assert_refused 3 "--coupon: no coupon named 'none'"
	run_sxc --now 2026-05-01 account subscribe ada other --coupon p
	assert_refused 5 "coupon p could be used until 2026-04-30"
	run_sxc --now 2026-03-31 account subscribe ada other --coupon p
	assert_refused 5 "coupon p can be used from 2026-04-01"
	run_sxc account subscribe ada other --coupon p
	assert_ok "ada/1 subscribed to other"
	run_sxc account subscribe ada other --coupon p
	assert_refused 7 "coupon p is used up: 1 of 1"
	run_sxc account subscriptions ada -q
	assert_ok "ada/1"
	run_sxc invoice coupon set p --until soon
	assert_refused_like 2 "soon"
	run_sxc invoice coupon set p --uses 2 --plan all --until 2026-12-31 --from none
	assert_ok "coupon p set"
	run_sxc invoice coupon list --no-header
	assert_ok "c		100	EUR					0	
p	10%					2026-12-31	2	1	"
	run_sxc -y invoice coupon remove p
	assert_refused_like 6 "coupon p is used by 1 subscription: "
	run_sxc -y invoice coupon remove c
	assert_ok "coupon c removed"
}

@test "coupons that cannot be" {
	run_sxc invoice coupon add x
	assert_refused_like 2 "a coupon takes off either --percent"
	run_sxc invoice coupon add x --percent 10% --amount 1 --currency USD
	assert_refused_like 2 "a coupon takes off either --percent"
	run_sxc invoice coupon add x --percent 101%
	assert_refused 2 "a coupon takes off more than 0% and at most 100%"
	run_sxc invoice coupon add x --amount 1
	assert_refused 2 "--amount and --currency go together"
	run_sxc invoice coupon add x --amount 1.5 --currency JPY
	assert_refused_like 2 "more decimals than JPY has"
	run_sxc invoice coupon add x --percent 10% --uses 0
	assert_refused 2 "--uses and --periods count from 1"
	run_sxc invoice coupon add x --percent 10% --plan nope
	assert_refused 3 "no plan named 'nope'"
	run_sxc invoice coupon add x --percent 10% --from 2026-05-01 --until 2026-04-01
	assert_refused 2 "--until is before --from"
	run_sxc invoice coupon list -q
	assert_ok ""
}

@test "twenty at once cannot use it more often than it may be" {
	monthly web 10
	"$SXC" -q invoice coupon add few --percent 10% --uses 5
	for i in $(seq 20); do
		"$SXC" -q account subscribe ada web --coupon few 2>>"$BATS_TEST_TMPDIR/refused" &
	done
	wait
	[ "$(sql 'SELECT count(*), count(DISTINCT n) FROM coupon_use')" = "5	5" ]
	[ "$(sql 'SELECT count(*) FROM subscription')" = 5 ]
}
