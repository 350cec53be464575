#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

setup() {
	setup_home 2026-04-01T10:00:00Z
	printf 'plan: web\ncurrency: USD\nprice: 10\nevery: 1 month\n' >"$BATS_TEST_TMPDIR/web.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/web.yaml"
	assert_status 0
}

@test "add, list, show, set" {
	run_sxc account add ada --email ada@example.net --country FR --contact city=Paris --terms 30d
	assert_ok "account ada added"
	run_sxc account add ada --email ada@example.net
	assert_refused 4 "account ada exists already"
	run_sxc account list
	assert_ok "account	email	kind	currency	state	reseller	balance	credit	created
ada	ada@example.net	consumer	USD	active		0	0	2026-04-01T10:00:00Z"
	run_sxc account set ada --kind business --tax-id X1 --contact city= --contact name=Ada
	assert_ok "account ada set"
	run_sxc -o json account show ada
	assert_ok
	jq -e '.account == "ada" and .kind == "business" and .tax_id == "X1" and .terms == 30 and
		.balance == 0 and .reseller == null and .contact == {"name": "Ada"} and
		.subscriptions == [] and .tickets == []' <<<"$out" >/dev/null || seen "not as wanted"
	run_sxc account show ada -o table -c contact
	assert_ok "contact: name=Ada"
	run_sxc account set ada --contact name=
	run_sxc -o json account show ada -c contact
	jq -e '.contact == null' <<<"$out" >/dev/null || seen "not null"
	run_sxc account show "#1" -c account
	assert_ok
}

@test "wrong values are refused and nothing changes" {
	run_sxc account add ada
	assert_refused 2 "an account needs a mail address: --email"
	run_sxc account add ada --email "a b@x"
	assert_refused_like 2 "'a b@x' is not a mail address"
	run_sxc account add ada --email a@x.org --country France
	assert_refused_like 2 "'France' is not a country"
	run_sxc account add ada --email a@x.org --timezone Mars/Base
	assert_refused_like 2 "no time zone named 'Mars/Base'"
	run_sxc account add ada --email a@x.org --timezone ../../etc/passwd
	assert_refused_like 2 "is not a time zone"
	run_sxc account add ada --email a@x.org --currency usd
	assert_refused_like 2 "'usd' is not a currency"
	run_sxc account add ada --email a@x.org --bill-day 32
	assert_refused 2 "--bill-day: from 1 to 31, or 0 for none"
	run_sxc account add ada --email a@x.org --terms 5h
	assert_refused 2 "--terms: whole days, such as 14d"
	run_sxc account add ada --email a@x.org --tax none
	assert_refused_like 3 "no tax named 'none'"
	run_sxc account add ada --email a@x.org --contact oops
	assert_refused_like 2 "is not a contact"
	run_sxc account list -q
	assert_ok ""
}

@test "a currency stays once something was sold" {
	run_sxc account add ada --email a@x.org
	run_sxc account set ada --currency EUR
	assert_ok
	run_sxc account set ada --currency USD
	run_sxc account subscribe ada web
	run_sxc account set ada --currency EUR
	assert_refused 5 "account ada has been sold or billed something in USD and keeps it"
}

@test "days are days where the account lives" {
	run_sxc account add east --email a@x.org --timezone Pacific/Kiritimati
	run_sxc account add west --email a@x.org --timezone Pacific/Pago_Pago
	for a in east west; do
		run_sxc account subscribe $a web --now 2026-04-01T10:30:00Z
		assert_ok
	done
	run sql "SELECT account, start FROM v_subscription"
	[ "$output" = "east	2026-04-02
west	2026-03-31" ] || { echo "$output" && false; }
	run_sxc invoice run --now 2026-05-01T10:30:00Z
	run sql "SELECT account, count(*) FROM v_invoice_line l JOIN v_invoice i USING (invoice) GROUP BY 1"
	[ "$output" = "east	2
west	2" ] || { echo "$output" && false; }
}

@test "subscribe, subscriptions, cancel at the end and now" {
	run_sxc account add ada --email a@x.org
	run_sxc account subscribe ada web --price 7.50 --at 2026-04-05
	assert_ok "ada/1 subscribed to web"
	run_sxc account subscribe ada web --paid-until 2026-04-20
	run_sxc account subscriptions ada -c subscription,state,start,paid_until,next_bill,price
	assert_ok "subscription	state	start	paid_until	next_bill	price
ada/1	active	2026-04-05		2026-04-05	750
ada/2	active	2026-04-01	2026-04-20	2026-04-20	1000"
	run_sxc invoice run --now 2026-04-20
	run sql "SELECT subscription, start, amount FROM v_invoice_line"
	[ "$output" = "ada/1	2026-04-05	750
ada/2	2026-04-20	367" ] || { echo "$output" && false; }
	run_sxc account cancel ada/1
	assert_status 2
	run_sxc account cancel ada/1 -y --now 2026-04-20
	assert_ok "ada/1 cancelled from 2026-05-05"
	run_sxc account cancel ada/1 -y --now 2026-04-20
	assert_refused 5 "ada/1 is cancelled from 2026-05-05 already"
	run_sxc account change ada/1 --price 1 --now 2026-04-20
	assert_refused 5 "ada/1 is cancelled from 2026-05-05"
	run_sxc account cancel ada/2 --when now -y --now 2026-04-25
	assert_ok "ada/2 cancelled from 2026-04-25"
	run_sxc invoice run --now 2026-06-01
	run sql "SELECT subscription, state FROM v_subscription"
	[ "$output" = "ada/1	ended
ada/2	ended" ] || { echo "$output" && false; }
	run sql "SELECT invoice, subscription, start, \"end\", amount FROM v_invoice_line WHERE amount < 0"
	[ "$output" = "CN-2026-000001	ada/2	2026-04-25	2026-05-01	-200" ] || { echo "$output" && false; }
	run_sxc account cancel ada/9 -y
	assert_refused 3 "no subscription named 'ada/9'"
	run_sxc account subscribe ada web --paid-until 2026-03-01
	assert_refused 2 "--paid-until 2026-03-01 is before the first day"
	run_sxc invoice check
	assert_status 0
}

@test "change: nothing to change, options, a wrong --when" {
	run_sxc account add ada --email a@x.org
	run_sxc account subscribe ada web
	run_sxc account change ada/1 --plan web
	assert_refused 5 "ada/1 has this plan in this version: nothing would change"
	run_sxc account change ada/1 --option ip=1
	assert_refused 3 "plan web has no option 'ip'"
	run_sxc account change ada/1 --price 5 --when later
	assert_refused 2 "--when: 'later' is not one of now, renewal"
	run_sxc account change ada/1 --price 5 --when renewal
	assert_ok "ada/1 downgraded from 2026-05-01"
	run_sxc invoice run --now 2026-05-01
	run sql "SELECT amount FROM v_invoice_line"
	[ "$output" = "1000
500" ] || { echo "$output" && false; }
}

@test "suspend and resume are a person's; parked accounts are not billed; close ends all" {
	run_sxc account add ada --email a@x.org
	run_sxc account subscribe ada web
	run_sxc account suspend ada --reason "no answer"
	assert_ok "account ada suspended"
	run_sxc account suspend ada
	assert_refused 5 "account ada is suspended already"
	run_sxc account subscribe ada web
	assert_refused 5 "account ada is suspended: it cannot order"
	run_sxc account resume ada
	assert_ok "account ada resumed"
	run_sxc account resume ada
	assert_refused 5 "account ada is not suspended"
	run_sxc account park ada --reason "audit"
	assert_ok
	run_sxc invoice run
	assert_err "0 invoices, 0 credit notes, 0 lines"
	run_sxc invoice run --account ada
	[ "$status" = 5 ] || seen "billed"
	run_sxc account unpark ada
	run_sxc account close ada -y --reason "left"
	assert_ok
	run_sxc account close ada -y
	assert_refused 5 "account ada is closed already"
	run_sxc account subscriptions -c subscription,state
	assert_ok "subscription	state
ada/1	ended"
	run_sxc account history ada -c what,object
	assert_ok "what	object
account.add	ada
account.subscribe	ada/1
account.suspend	ada
account.resume	ada
account.park	ada
account.unpark	ada
account.cancel	ada/1
account.close	ada"
}

@test "charge: once, with the next invoice, taxed unless exempt" {
	run_sxc invoice tax add vat --rate 10%
	run_sxc account add ada --email a@x.org --tax vat
	run_sxc account charge ada 20 --reason "new disk"
	assert_ok "account ada will be charged 20 with the next invoice"
	run_sxc account charge ada 5 --reason "stamps" --exempt
	run_sxc account charge ada 5
	assert_refused 2 "say why with --reason: one line of at most 200 bytes"
	run_sxc invoice run
	run_sxc invoice run
	run sql "SELECT item, text, amount, tax FROM v_invoice_line"
	[ "$output" = "extra	new disk	2000	200
extra	stamps	500	0" ] || { echo "$output" && false; }
}

@test "provision: paid waits for the first invoice" {
	printf 'plan: later\ncurrency: USD\nprice: 10\nevery: 1 month\nprovision: paid\n' >"$BATS_TEST_TMPDIR/l.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/l.yaml"
	run_sxc account add ada --email a@x.org
	run_sxc account subscribe ada later
	assert_ok "ada/1 subscribed to later, to be provided once its first invoice is paid"
	run_sxc invoice run
	run_sxc account subscriptions -c state --no-header
	assert_ok pending
	run_sxc account pay ada 10
	run_sxc account subscriptions -c state --no-header
	assert_ok active
}

@test "a plan that cannot be provided is not sold" {
	printf 'plan: vds\ncurrency: USD\nprice: 10\nevery: 1 month\nprovides: {private-server: {cpu: 10%%, memory: 1G, disk: 1G, procs: 100}}\n' >"$BATS_TEST_TMPDIR/v.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/v.yaml"
	assert_ok
	run_sxc account add ada --email a@x.org
	run_sxc account subscribe ada vds
	[ "$status" != 0 ] || seen "sold"
	run_sxc account subscriptions -q
	assert_ok ""
}

@test "the same request key orders once" {
	run_sxc account add ada --email a@x.org
	run_sxc --request-key k1 account subscribe ada web
	assert_ok "ada/1 subscribed to web"
	run_sxc --request-key k1 account subscribe ada web
	assert_ok "ada/1 subscribed to web"
	run_sxc account subscriptions -q
	assert_ok ada/1
}

@test "withdrawal: only consumers, only for some days" {
	printf 'plan: web\ncurrency: USD\nprice: 30\nevery: 1 month\nsetup: 12\n' >"$BATS_TEST_TMPDIR/w.yaml"
	"$SXC" -q plan apply "$BATS_TEST_TMPDIR/w.yaml"
	"$SXC" -q account add acme --email acme@example.net --kind business
	"$SXC" -q account add eva --email eva@example.net
	"$SXC" -q account subscribe acme web
	"$SXC" -q account subscribe eva web
	"$SXC" -q account subscribe eva web
	run_sxc -y account cancel acme/1 --when withdraw
	assert_refused 5 "account acme is a business: only consumers may withdraw"
	run_sxc -y --now 2026-04-16 account cancel eva/1 --when withdraw
	assert_refused 5 "eva/1 could be withdrawn from until 2026-04-15"
	run_sxc -y --now 2026-04-15 account cancel eva/1 --when withdraw
	assert_ok "eva/1 cancelled from 2026-04-15"
	"$SXC" -q config set withdrawal 30d
	run_sxc -y --now 2026-05-01 account cancel eva/2 --when withdraw
	assert_ok "eva/2 cancelled from 2026-05-01"
	run_sxc -y account cancel eva/2 --when later
	assert_refused 2 "--when: 'later' is not one of now, end, withdraw"
}
