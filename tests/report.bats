#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Reports: months of a small business, whose numbers were reckoned by hand.

load helper

at() { # day, command…
	local day=$1
	shift
	"$SXC" -q --now "$day" "$@"
}

# Five months: ada with options that she gives up, bob by the year who agrees on twice the price,
# cy who leaves, dan in euros who leaves and comes back.
setup() {
	setup_home 2026-01-10
	# Nobody pays here, and nothing is to end for it.
	at 2025-09-03 config set dunning.schedules '{none: []}'
	at 2025-09-03 config set dunning none
	cat >"$BATS_TEST_TMPDIR/bronze.yaml" <<-E
		plan: bronze
		currency: USD
		price: 10.00
		every: 1 month
		prices: {EUR: {price: 9.00}}
		options: {ip: {price: 2.00, max: 9}}
	E
	cat >"$BATS_TEST_TMPDIR/gold.yaml" <<-E
		plan: gold
		currency: USD
		price: 240.00
		every: 1 year
	E
	at 2025-09-03 plan apply "$BATS_TEST_TMPDIR/bronze.yaml" "$BATS_TEST_TMPDIR/gold.yaml"
	at 2025-09-03 invoice tax add gst --rate 5%
	for name in ada bob cy; do
		at 2025-09-03 account add $name --email $name@example.net --tax gst
	done
	at 2025-09-03 account add dan --email dan@example.net --currency EUR
	at 2025-09-03 account subscribe ada bronze --option ip=2
	at 2025-09-03 account subscribe dan bronze
	at 2025-09-03 invoice run >/dev/null
	at 2025-10-10 account subscribe bob gold
	at 2025-10-10 account subscribe ada bronze
	at 2025-10-10 invoice run >/dev/null
	at 2025-11-10 account subscribe cy bronze
	at 2025-11-10 -y account cancel dan/1 --when now
	at 2025-11-10 invoice run >/dev/null
	at 2025-12-10 account change ada/1 --option ip=0 --when now
	at 2025-12-10 -y account cancel cy/1 --when now
	at 2025-12-10 invoice run >/dev/null
	at 2026-01-10 account subscribe dan bronze
	at 2026-01-10 account change bob/1 --price 480 --when now
	at 2026-01-10 invoice run >/dev/null
}

@test "monthly recurring revenue and its movements, a row a currency" {
	run_sxc report mrr --months 5
	assert_ok "month	currency	start	new	expansion	contraction	churn	reactivation	mrr
2025-09	USD	0	1400	0	0	0	0	1400
2025-09	EUR	0	900	0	0	0	0	900
2025-10	USD	1400	2000	1000	0	0	0	4400
2025-10	EUR	900	0	0	0	0	0	900
2025-11	USD	4400	1000	0	0	0	0	5400
2025-11	EUR	900	0	0	0	-900	0	0
2025-12	USD	5400	0	0	-400	-1000	0	4000
2025-12	EUR	0	0	0	0	0	0	0
2026-01	USD	4000	0	2000	0	0	0	6000
2026-01	EUR	0	0	0	0	0	900	900"
	# However many months are asked for, the same.
	long=$(grep -v '^2025-\(09\|1[01]\)' <<<"$out")
	run_sxc report mrr --months 2
	assert_ok "$long"
}

@test "customers and churn" {
	run_sxc report customers --months 3
	assert_ok "month	currency	start	new	lost	returned	customers
2025-11	USD	2	1	0	0	3
2025-11	EUR	1	0	1	0	0
2025-12	USD	3	0	1	0	2
2025-12	EUR	0	0	0	0	0
2026-01	USD	2	0	0	0	2
2026-01	EUR	0	0	0	1	1"
	run_sxc -o json report churn --months 2 --filter month=2025-12
	assert_ok '{"churn": [
{"month":"2025-12","currency":"USD","customers":3,"lost":1,"rate":3333,"revenue_rate":1852},
{"month":"2025-12","currency":"EUR","customers":0,"lost":0,"rate":null,"revenue_rate":null}
]}'
}

@test "a trial is no revenue; what was never paid for did not come" {
	sed 's/plan: bronze/plan: trial/; s/^every/trial: 30 days\n&/' "$BATS_TEST_TMPDIR/bronze.yaml" \
		>"$BATS_TEST_TMPDIR/trial.yaml"
	at 2026-01-02 plan apply "$BATS_TEST_TMPDIR/trial.yaml"
	at 2026-01-02 account add eve --email eve@example.net
	at 2026-01-02 account subscribe eve trial
	run_sxc report mrr --months 1 --filter currency=USD --columns new,mrr --no-header
	assert_ok "0	6000"
	run_sxc --now 2026-02-01 report mrr --months 1 --filter currency=USD --columns new,mrr --no-header
	assert_ok "1000	7000"
}

@test "revenue by plan, tax by rate, of what was invoiced" {
	run_sxc report revenue --months 2
	assert_ok "month	plan	lines	net	currency
2025-12	bronze	6	2090	USD
2026-01	bronze	1	900	EUR
2026-01	bronze	2	2000	USD
2026-01	gold	2	17950	USD"
	[ "$(sql "SELECT sum(subtotal - discount) FROM v_invoice WHERE date >= '2025-12-01'")" = 22940 ]
	run_sxc report tax --months 2
	assert_ok "month	tax	rate	base	amount	currency	note
2025-12	gst	5%	2090	104	USD	
2026-01	gst	5%	19950	997	USD	"
	run_sxc -y invoice void 2026-000002 --reason 'wrong'
	assert_status 0
	run_sxc report revenue --months 1 --filter plan=gold --no-header
	assert_ok "2026-01	gold	4	0	USD"
}

@test "what is overdue, by age" {
	run_sxc report overdue --filter account=ada
	assert_ok "account	invoices	oldest	days	to_30	to_60	to_90	over_90	total	currency
ada	4	2025-09-17	115	2194	2520	2520	1470	8704	USD"
	[ "$(sql "SELECT sum(balance) FROM v_invoice WHERE account = 'ada' AND due < '2026-01-10'")" = 8704 ]
}

@test "new accounts and orders, tickets, capacity, usage" {
	run_sxc report new --months 3
	assert_ok "month	accounts	subscriptions	ended
2025-11	0	1	1
2025-12	0	0	1
2026-01	0	1	0"
	echo help | run_sxc ticket open --account ada --subject help --body-file -
	run_sxc report tickets --months 1
	assert_ok "month	opened	closed	open
2026-01	1	0	1"
	run_sxc report capacity
	assert_ok
	run_sxc report usage
	assert_ok
}

@test "the forecast is what the runs of these days will make, and changes nothing" {
	before=$(sha256sum "$SXC_HOME/sxc.db")
	run_sxc report forecast --months 14
	assert_status 0
	forecast=$out
	[ "$(sha256sum "$SXC_HOME/sxc.db")" = "$before" ]
	for month in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
		at "$(date -d "2026-01-28 + $month months" +%F)" invoice run >/dev/null
	done
	for currency in USD EUR; do
		real=$(sql "SELECT sum(l.amount - l.discount) FROM v_invoice_line l JOIN v_invoice i
			ON i.invoice = l.invoice WHERE i.date > '2026-01-10' AND i.currency = '$currency'
			AND l.start < '2027-02-29'")
		told=$(awk -F '\t' -v c=$currency '$7 == c { n += $4 } END { print n }' <<<"$forecast")
		[ "$real" = "$told" ] || { echo "$currency: $real, forecast $told"; false; }
	done
}

@test "drawn in blocks, in ASCII, as a picture" {
	run_sxc report mrr --months 3 --plot
	assert_ok
	assert_out_has "USD"
	assert_out_like '2026-01 █+ 60\.00'
	LC_ALL=C run_sxc report mrr --months 3 --plot
	assert_ok
	assert_out_like '2026-01 #+ 60\.00'
	[[ $out != *[^[:print:][:space:]]* ]] || seen "not ASCII"
	for what in customers new revenue mrr churn overdue tickets capacity usage tax forecast; do
		run_sxc report $what --svg "$BATS_TEST_TMPDIR/$what.svg"
		assert_ok "$BATS_TEST_TMPDIR/$what.svg written"
		python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$BATS_TEST_TMPDIR/$what.svg"
	done
	grep -q '<title>2026-01 gold: 179.50</title>' "$BATS_TEST_TMPDIR/revenue.svg"
	run_sxc report mrr --svg /nonexistent/x.svg
	assert_refused_like 1 '/nonexistent/x.svg'
	run_sxc report mrr --months 0
	assert_refused 2 "--months must be from 1 to 120"
}
