#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Metered usage: readings, what they cost before and on the invoice, late ones, corrections.

load helper

setup() {
	setup_home 2026-01-01T10:00:00Z
	run_sxc account add ada --email ada@example.net
	assert_ok
}

# A plan m whose `usage:` is this.
metered() { # usage, line…
	{
		printf 'plan: m\ncurrency: USD\nprice: 20.00\nevery: 1 month\nusage: %s\n' "$1"
		shift
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$BATS_TEST_TMPDIR/m.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/m.yaml"
	assert_status 0
}

# Readings of ada/1 on single days: DAY RESOURCE VALUE, a line each.
readings() { # clock
	awk 'BEGIN { print "subscription,resource,start,end,value" }
		{ print "ada/1," $2 "," $1 "T06:00:00Z," $1 "T07:00:00Z," $3 }' \
		>"$BATS_TEST_TMPDIR/r.csv"
	run_sxc --now "$1" usage import "$BATS_TEST_TMPDIR/r.csv"
	assert_status 0
}

usage_lines() {
	sql "SELECT item, start, \"end\", quantity, coalesce(unit_price, '-'), amount FROM v_invoice_line
		WHERE item LIKE 'usage:%'"
}

bill() {
	run_sxc --now "$1" invoice run
	assert_status 0
}

books() {
	run_sxc invoice check
	assert_status 0
	assert_err "the books are in order"
}

expect() { # what usage_lines must give
	run usage_lines
	[ "$output" = "$1" ] || { echo "$output" && false; }
}

@test "started units count, beyond what is included" {
	metered '{transfer: {included: 50G, unit: 1G, price: 0.10, measure: sum}}'
	run_sxc account subscribe ada m
	readings 2026-01-31 <<-E
		2026-01-05 transfer 40G
		2026-01-06 transfer 10G
		2026-01-07 transfer 1
	E
	run_sxc --now 2026-01-31 account usage ada --columns resource,included,used,units,amount
	assert_ok "resource	included	used	units	amount
transfer	53687091200	53687091201	1	10"
	bill 2026-02-01
	expect "usage:transfer	2026-01-01	2026-02-01	1	10	10"
	run_sxc invoice explain 2026-000001
	assert_ok
	assert_out_has "3 readings, sum 53687091201, less 50G included = 1 started of 1G: 0.10 x 1 = 0.10; price of plan m version 1"
	books
}

@test "graduated: each unit in its tier; upto counts billable units" {
	metered '{mail: {included: 5, measure: max, tiers: [{upto: 20, price: 1.00}, {price: 0.50}]}}'
	run_sxc account subscribe ada m
	readings 2026-01-31 <<<'2026-01-05 mail 30'
	bill 2026-02-01
	expect "usage:mail	2026-01-01	2026-02-01	25	-	2250"
	run_sxc -o json invoice explain 2026-000001
	assert_out_has "1 reading, max 30, less 5 included = 25 started, graduated: 1.00 x 20 + 0.50 x 5 = 22.50"
	run_sxc invoice export 2026-000001
	assert_out_like 'm, mail, 25 in all \(2026-01-01 to 2026-01-31\) +22\.50'
	books
}

@test "volume: all units at the price of the last tier reached" {
	metered '{mail: {model: volume, measure: max, tiers: [{upto: 20, price: 1.00}, {price: 0.50}]}}'
	run_sxc account subscribe ada m
	readings 2026-02-28 <<-E
		2026-01-05 mail 20
		2026-02-05 mail 21
	E
	bill 2026-03-01
	expect "usage:mail	2026-01-01	2026-02-01	20	100	2000
usage:mail	2026-02-01	2026-03-01	21	50	1050"
	books
}

@test "the maximum and the average of readings, sources added up" {
	metered '{top: {measure: max, price: 1.00}, mean: {measure: average, price: 1.00}}'
	run_sxc account subscribe ada m
	cat >"$BATS_TEST_TMPDIR/two.csv" <<-E
		subscription,resource,source,start,end,value
		ada/1,top,a,2026-01-02T00:00:00Z,2026-01-02T01:00:00Z,3
		ada/1,top,b,2026-01-02T00:00:00Z,2026-01-02T01:00:00Z,4
		ada/1,top,a,2026-01-03T00:00:00Z,2026-01-03T01:00:00Z,5
		ada/1,mean,a,2026-01-02T00:00:00Z,2026-01-02T01:00:00Z,3
		ada/1,mean,a,2026-01-03T00:00:00Z,2026-01-03T01:00:00Z,4
		ada/1,mean,b,2026-01-03T00:00:00Z,2026-01-03T01:00:00Z,4
	E
	run_sxc --now 2026-01-31 usage import "$BATS_TEST_TMPDIR/two.csv"
	assert_ok "6 readings added, 0 known already"
	bill 2026-02-01
	# 3 and 8 in two hours: 5.5, of which six units have started.
	expect "usage:mean	2026-01-01	2026-02-01	6	100	600
usage:top	2026-01-01	2026-02-01	7	100	700"
	books
}

@test "unit prices have six digits, a line is rounded once" {
	metered '{call: {price: 0.000149}}'
	run_sxc account subscribe ada m
	readings 2026-01-31 <<<'2026-01-05 call 10000'
	bill 2026-02-01
	expect "usage:call	2026-01-01	2026-02-01	10000	-	149"
	readings 2026-02-27 <<<'2026-02-05 call 10034'
	bill 2026-03-01
	expect "usage:call	2026-01-01	2026-02-01	10000	-	149
usage:call	2026-02-01	2026-03-01	10034	-	150"
	books
}

@test "a stub has its days' share of what is included; a month is billed whatever the period" {
	metered '{t: {included: 31, price: 1.00}}' 'align: day 11'
	sed -i 's/1 month/1 year/' "$BATS_TEST_TMPDIR/m.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/m.yaml"
	run_sxc account subscribe ada m
	readings 2026-02-28 <<-E
		2026-01-05 t 10
		2026-01-10 t 1
		2026-02-10 t 31
		2026-02-11 t 30
	E
	bill 2026-03-11
	# Ten of 31 days: 10 included; a whole month: 31; of 28 days: 31.
	expect "usage:t	2026-01-01	2026-01-11	1	100	100"
	run_sxc invoice explain 2026-000001
	assert_out_has "sum 11, less 31 included x 10 of 31 days = 1 started"
	run_sxc account subscriptions ada --columns next_bill --no-header
	assert_ok "2026-04-11"
	books
}

@test "cancelled now: the last days are billed the same day" {
	metered '{t: {included: 31, price: 1.00}}'
	run_sxc account subscribe ada m
	bill 2026-01-01
	readings 2026-01-10 <<<'2026-01-09 t 12'
	run_sxc -y --now 2026-01-11 account cancel ada/1 --when now
	assert_status 0
	bill 2026-01-11
	expect "usage:t	2026-01-01	2026-01-11	2	100	200"
	bill 2027-01-01
	expect "usage:t	2026-01-01	2026-01-11	2	100	200"
	books
}

@test "another plan in the middle of a month: each has its days" {
	metered '{t: {included: 31, price: 1.00}}'
	sed 's/plan: m/plan: n/; s/price: 1.00/price: 3.00/' "$BATS_TEST_TMPDIR/m.yaml" \
		>"$BATS_TEST_TMPDIR/n.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/n.yaml"
	run_sxc account subscribe ada m
	run_sxc --now 2026-01-11 account change ada/1 --plan n --when now
	assert_status 0
	readings 2026-01-31 <<-E
		2026-01-10 t 11
		2026-01-11 t 22
	E
	bill 2026-02-01
	expect "usage:t	2026-01-01	2026-01-11	1	100	100
usage:t	2026-01-11	2026-02-01	1	300	300"
	books
}

@test "readings that come late: the line is taken back and charged anew, on the next invoice, once" {
	metered '{mail: {model: volume, measure: max, tiers: [{upto: 20, price: 1.00}, {price: 0.50}]}}'
	run_sxc account subscribe ada m
	readings 2026-01-31 <<<'2026-01-05 mail 20'
	bill 2026-02-01
	readings 2026-02-03 <<<'2026-01-31 mail 21'
	run_sxc --now 2026-02-03 invoice preview
	assert_status 0
	preview=$out
	bill 2026-02-03
	assert_out "$preview"
	expect "usage:mail	2026-01-01	2026-02-01	20	100	2000
usage:mail	2026-01-01	2026-02-01	20	100	-2000
usage:mail	2026-01-01	2026-02-01	21	50	1050"
	books
	bill 2026-02-04
	assert_out "invoice	account	subscription	plan	item	start	end	quantity	unit_price	amount	discount	tax	currency"
	for id in $("$SXC" -q invoice list); do
		run_sxc invoice explain "$id"
		assert_ok
	done
}

@test "a late reading that changes no amount makes no line" {
	metered '{t: {included: 100, price: 1.00}}'
	run_sxc account subscribe ada m
	readings 2026-01-31 <<<'2026-01-05 t 20'
	bill 2026-02-01
	readings 2026-02-03 <<<'2026-01-06 t 80'
	bill 2026-02-03
	expect ""
	readings 2026-02-04 <<<'2026-01-07 t 1'
	bill 2026-02-04
	expect "usage:t	2026-01-01	2026-02-01	1	100	100"
	books
}

@test "a void is billed again; what a credit note took back stays so" {
	metered '{t: {price: 1.00}}'
	run_sxc account subscribe ada m
	bill 2026-01-01
	readings 2026-01-31 <<<'2026-01-05 t 7'
	bill 2026-02-01
	run_sxc -y --now 2026-02-02 invoice void 2026-000002 --reason 'wrong address'
	assert_status 0
	bill 2026-02-02
	assert_out_like '2026-000003	ada	ada/1	m	usage:t	2026-01-01	2026-02-01	7	100	700'
	books
	run_sxc -y --now 2026-02-03 invoice credit-note 2026-000003 --line 2 --reason goodwill
	assert_status 0
	readings 2026-02-04 <<<'2026-01-06 t 9'
	bill 2026-02-04
	assert_out "invoice	account	subscription	plan	item	start	end	quantity	unit_price	amount	discount	tax	currency"
	books
}

@test "a day is a day where the account lives" {
	metered '{t: {price: 1.00}}'
	run_sxc account set ada --timezone Pacific/Auckland
	run_sxc account subscribe ada m
	# 12:00 UTC on January 31 is 01:00 on February 1 in Auckland.
	cat >"$BATS_TEST_TMPDIR/r.csv" <<-E
		subscription,resource,start,end,value
		ada/1,t,2026-01-31T10:00:00Z,2026-01-31T11:00:00Z,1
		ada/1,t,2026-01-31T12:00:00Z,2026-01-31T13:00:00Z,2
		ada/1,t,2026-02-02,2026-02-03,4
	E
	run_sxc --now 2026-02-05 usage import "$BATS_TEST_TMPDIR/r.csv"
	assert_ok
	bill 2026-03-01
	expect "usage:t	2026-01-01	2026-02-01	1	100	100
usage:t	2026-02-01	2026-03-01	6	100	600"
	run_sxc usage list ada/1 --from 2026-02-02 --columns start,value --no-header
	assert_ok "2026-02-01T11:00:00Z	4"
}

@test "the same file again changes nothing; another value for a sealed one is refused" {
	metered '{t: {price: 1.00}}'
	run_sxc account subscribe ada m
	readings 2026-01-31 <<<'2026-01-05 t 7'
	rows=$(sql 'SELECT count(*) FROM audit')
	run_sxc --now 2026-01-31 usage import "$BATS_TEST_TMPDIR/r.csv"
	assert_ok "0 readings added, 1 known already"
	[ "$(sql 'SELECT count(*) FROM audit')" = "$rows" ]
	sed -i 's/,7$/,8/' "$BATS_TEST_TMPDIR/r.csv"
	run_sxc --now 2026-01-31 usage import "$BATS_TEST_TMPDIR/r.csv"
	assert_refused 4 "$BATS_TEST_TMPDIR/r.csv:2: there is another reading of t by import for that start already, of 7: it is sealed"
}

@test "a file is taken whole or not at all; what is wrong has file and line" {
	metered '{t: {price: 1.00}}'
	run_sxc account subscribe ada m
	file=$BATS_TEST_TMPDIR/bad.csv
	good='ada/1,t,2026-01-01,2026-01-02,5'
	bad() { # status, message, record
		printf 'subscription,resource,start,end,value,sequence\r\n%s,\r\n%s\r\n' "$good" "$3" >"$file"
		run_sxc --now 2026-01-31 usage import "$file"
		assert_refused_like "$1" "$file:3: $2"
		[ "$(sql 'SELECT count(*) FROM v_usage_reading')" = 0 ]
	}
	bad 3 "no subscription named 'bob/1'" 'bob/1,t,2026-01-01,2026-01-02,5,'
	bad 2 "value '-1' is not a whole number" 'ada/1,t,2026-01-01,2026-01-02,-1,'
	bad 2 "value '1.5' is not" 'ada/1,t,2026-01-01,2026-01-02,1.5,'
	bad 2 "start '2026-02-30' is not a time" 'ada/1,t,2026-02-30,2026-03-02,5,'
	bad 2 'end is not after start' 'ada/1,t,2026-01-02,2026-01-02,5,'
	bad 2 'the reading ends in the future' 'ada/1,t,2026-01-31,2026-02-01,5,'
	bad 2 'ada/1 begins on 2026-01-01, after the reading' 'ada/1,t,2025-12-31,2026-01-01,5,'
	bad 2 "'T T' is not the name of a resource" 'ada/1,T T,2026-01-02,2026-01-03,5,'
	bad 2 '4 fields, the header has 6' 'ada/1,t,2026-01-02,2026-01-03'
	bad 2 'a quoted field has no end' 'ada/1,"t,2026-01-02,2026-01-03,5,'
	bad 4 'there is another reading' 'ada/1,t,2026-01-01,2026-01-02,6,'
	bad 4 't by import has a reading with sequence number 1' 'ada/1,t,2026-01-03,2026-01-04,6,1'
	printf 'subscription,resource,begin,end,value\n' >"$file"
	run_sxc usage import "$file"
	assert_refused_like 2 "$file:1: unknown column 'begin'"
	printf 'subscription,resource,end,value\n' >"$file"
	run_sxc usage import "$file"
	assert_refused 2 "$file:1: the header has no column start"
	run_sxc usage import "$BATS_TEST_TMPDIR/none.csv"
	assert_refused_like 1 'none.csv'
}

@test "quoted fields, sizes, standard input" {
	metered '{t: {price: 1.00}}'
	run_sxc account subscribe ada m
	run_sxc --now 2026-01-31 usage import - <<-E
		"value","subscription",resource,start,end,source
		"2K","ada/1",t,"2026-01-02",2026-01-03,"meter-1"
	E
	assert_ok "1 reading added, 0 known already"
	run_sxc usage list --account ada --columns subscription,source,sequence,value --no-header
	assert_ok "ada/1	meter-1	1	2048"
}

@test "readings are sealed: nothing changes or removes one" {
	metered '{t: {price: 1.00}}'
	run_sxc account subscribe ada m
	readings 2026-01-31 <<<'2026-01-05 t 7'
	run sqlite3 "$SXC_HOME/sxc.db" 'UPDATE usage_reading SET value = 8'
	[[ $status != 0 && $output == *"a reading never changes"* ]]
	run sqlite3 "$SXC_HOME/sxc.db" 'DELETE FROM usage_reading'
	[[ $status != 0 && $output == *"a reading never goes"* ]]
}

@test "a currency without a price for what is metered cannot subscribe" {
	metered '{t: {price: 1.00}}' 'prices: {EUR: {price: 19.00}}'
	run_sxc account add bea --email bea@example.net --currency EUR
	run_sxc account subscribe bea m
	assert_refused 5 "plan m has no price for t in EUR"
	metered '{t: {tiers: [{upto: 5, price: 1.00}, {price: 0.50}]}}' \
		'prices: {EUR: {price: 19.00, usage: {t: [0.90, 0.45]}}}'
	run_sxc account subscribe bea m
	assert_ok
}

@test "what a plan file may say of usage" {
	says() { # message, usage
		printf 'plan: m\ncurrency: USD\nprice: 20.00\nevery: 1 month\nusage:\n  t: %s\n' "$2" \
			>"$BATS_TEST_TMPDIR/m.yaml"
		run_sxc plan validate "$BATS_TEST_TMPDIR/m.yaml"
		assert_refused_like 2 "$BATS_TEST_TMPDIR/m.yaml:6:$1"
	}
	says '6: t needs either a price or tiers' '{unit: 1}'
	says '6: t needs either a price or tiers' '{price: 1, tiers: [{price: 1}]}'
	says '14: the price of a unit must be a decimal such as 0.10, with at most 6 digits' '{price: 0.0000001}'
	says '14: the price of a unit must be' '{price: -1}'
	says '26: measure must be sum, max or average' '{price: 1, measure: p95}'
	says '24: a model wants tiers' '{price: 1, model: volume}'
	says '32: the last tier has no upto' '{tiers: [{price: 1, upto: 5}]}'
	says "15: the key 'upto' is missing" '{tiers: [{price: 1}, {price: 2}]}'
	says '53: upto must be more than that of the tier before' \
		'{tiers: [{price: 1, upto: 5}, {price: 2, upto: 5}, {price: 1}]}'
	says '13: unit must be more than nothing' '{unit: 0, price: 1}'
	says "7: unknown key 'free': allowed are included unit price measure model tiers" '{free: 1, price: 1}'
}

@test "plan show and diff tell what is metered" {
	metered '{t: {included: 1K, price: 1.00}}'
	cp "$BATS_TEST_TMPDIR/m.yaml" "$BATS_TEST_TMPDIR/old.yaml"
	run_sxc -o json plan show m
	assert_out_has '"usage.t.price.USD"'
	metered '{t: {included: 2K, price: 1.00}}'
	run_sxc plan diff "$BATS_TEST_TMPDIR/old.yaml" --no-header
	assert_out_has "usage.t.included	"
}

@test "the same as an independent reckoner" {
	run "$TESTS/money/usage_reckoner.py" 1 "${SXC_SCENARIOS:-3}"
	[ "$status" = 0 ] || { echo "$output" && false; }
}
