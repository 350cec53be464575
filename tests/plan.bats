#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

setup() {
	setup_home
	cd "$BATS_TEST_TMPDIR" || exit 1
}

web() { # price
	printf 'plan: web\ntitle: Web\ncurrency: USD\nprice: %s\nevery: 1 month\n' "${1:-10}" >web.yaml
}

# A plan file that ends in the lines given is refused with this message.
refuses() { # message, line…
	web
	local message=$1
	shift
	printf '%s\n' "$@" >>web.yaml
	run_sxc plan apply web.yaml
	assert_refused 2 "web.yaml:$message"
	run_sxc plan list -q
	assert_ok ""
}

@test "apply makes a plan, a version only when it says something else" {
	web
	run_sxc plan apply web.yaml
	assert_ok "plan web version 1 applied"
	echo "# a remark" >>web.yaml
	sed -i 's/1 month/1 months/; s/: 10/: 10.00/' web.yaml
	run_sxc plan apply web.yaml
	assert_ok "plan web is as it was, version 1"
	web 12.50
	run_sxc -n plan apply web.yaml
	assert_ok "would make a new version of plan web"
	run_sxc plan diff web.yaml
	assert_ok "key	before	after
prices.USD.price	1000	1250"
	run_sxc plan apply web.yaml
	assert_ok "plan web version 2 applied"
	run_sxc plan diff web 1
	assert_out_has "prices.USD.price	1000	1250"
	run_sxc plan history web -c version,price
	assert_ok "version	price
1	1000
2	1250"
}

@test "show --yaml gives the file back, byte for byte" {
	web
	printf '# remark\nattributes: {a: "1", b: [x, y]}\n' >>web.yaml
	run_sxc plan apply web.yaml
	"$SXC" plan show web --yaml >back.yaml
	cmp web.yaml back.yaml
	web 99
	run_sxc plan apply web.yaml
	run_sxc plan show web --version 1
	assert_out_has $'\t1000\t'
	run_sxc plan show web --version 3
	assert_refused 3 "plan web has no version 3"
	run_sxc plan show web --version 0
	assert_refused 2 "--version: versions count from 1"
}

@test "several files are applied together or not at all" {
	web
	printf 'plan: bad\n' >bad.yaml
	run_sxc plan apply web.yaml bad.yaml
	assert_refused 2 "bad.yaml:1:1: the key 'currency' is missing"
	run_sxc plan list -q
	assert_ok ""
}

@test "wrong files are refused with file, line and column" {
	refuses "6:1: unknown key 'prize': allowed are plan title currency price prices-include-tax prices every setup bill align trial policy tax provision provides best-effort options stock per-account reseller attributes usage" \
		"prize: 5"
	refuses "6:7: bill must be advance or arrears" "bill: monthly"
	refuses "6:8: setup: '1.234' has more decimals than USD has (2)" "setup: 1.234"
	refuses "6:8: setup must be a decimal such as 24.95, without quotes" 'setup: "5"'
	refuses "6:8: align must be anniversary, or day 1 to day 31" "align: day 32"
	refuses "6:11: the key 'may-sell' is missing" "reseller: {wholesale: 60%}"
	refuses "6:23: wholesale must be 0% to 100%" "reseller: {wholesale: 160%, may-sell: [web]}"
	refuses "6:38: may-sell must be a list, not 'web'" "reseller: {wholesale: 60%, may-sell: web}"
	refuses "6:32: the plan provides no private server to add to" "options: {ip: {price: 2, adds: {ip: 1}}}"
	refuses "6:42: the private server has no memory to add to" \
		"options: {ram: {price: 2, adds: {memory: 1M}}}" "provides: {private-server: {cpu: 5%}}"
	refuses "6:34: unknown key 'wheels': allowed are ip cpu memory vm disk inodes procs sessions transfer" \
		"options: {ram: {price: 2, adds: {wheels: 1}}}"
	refuses "7:24: vm is memory and swap together: it must be memory or more" "provides:" \
		"  private-server: {vm: 1M, memory: 2M}"
}

@test "a key that is missing is told with its place" {
	: >empty.yaml
	run_sxc plan validate empty.yaml
	assert_refused 2 "empty.yaml:1:1: the key 'plan' is missing"
	refuses "6:15: the key 'price' is missing" "options: {ip: {max: 2}}"
	refuses "7:8: the key 'price' is missing" "prices:" "  EUR: {setup: 2}"
}

@test "a title has no control characters, as bytes or written out" {
	for title in '"a\e[31m"' '"a\u009b31m"' "''"; do
		printf 'plan: web\ntitle: %s\ncurrency: USD\nprice: 1\nevery: 1 month\n' "$title" >web.yaml
		run_sxc plan apply web.yaml
		assert_refused 2 "web.yaml:2:8: title must be one line of at most 200 bytes"
	done
}

@test "a byte order mark before a plan is no fault" {
	web
	printf '\357\273\277' | cat - web.yaml >marked.yaml
	run_sxc plan validate marked.yaml
	assert_ok "marked.yaml: plan web is valid"
	sed -i 's/USD/US/' marked.yaml
	run_sxc plan validate marked.yaml
	assert_refused 2 "marked.yaml:3:11: 'US' is not a currency: write its ISO 4217 code, such as USD"
}

@test "history counts the subscribers of each version" {
	web
	"$SXC" -q plan apply web.yaml
	"$SXC" -q account add ada --email ada@example.net
	"$SXC" -q account subscribe ada web
	web 12
	"$SXC" -q plan apply web.yaml
	"$SXC" -q account subscribe ada web
	"$SXC" -q account subscribe ada web
	run_sxc plan history web -c version,subscribers
	assert_ok "version	subscribers
1	1
2	2"
	run_sxc plan list -c subscribers --no-header
	assert_ok 3
}

@test "more wrong files" {
	web
	sed -i 's/USD/US/' web.yaml
	run_sxc plan validate web.yaml
	assert_refused 2 "web.yaml:3:11: 'US' is not a currency: write its ISO 4217 code, such as USD"
	web
	sed -i 's/1 month/1 fortnight/' web.yaml
	run_sxc plan validate web.yaml
	assert_refused_like 2 "web.yaml:5:8: every: '1 fortnight' is not a period"
	web -5
	run_sxc plan validate web.yaml
	assert_refused_like 2 "web.yaml:4:8: price must be from 0"
	web
	echo "plan: again" >>web.yaml
	run_sxc plan validate web.yaml
	assert_refused_like 2 "web.yaml:6:1: "
	printf 'plan: &a web\n' >web.yaml
	run_sxc plan validate web.yaml
	assert_refused_like 2 "web.yaml:1:"
	head -c 10485760 /dev/zero | tr '\0' '#' >web.yaml
	run_sxc plan validate web.yaml
	assert_refused_like 2 "web.yaml"
	head -c 1000 /dev/urandom >web.yaml
	run_sxc plan validate web.yaml
	assert_refused_like 2 "web.yaml"
	run_sxc plan validate nowhere.yaml
	[ "$status" != 0 ] || seen "accepted"
}

@test "every ready-made plan is valid and can be applied" {
	run_sxc plan template -q
	assert_status 0
	names=$out
	[ "$(wc -l <<<"$names")" -ge 8 ] || seen "too few"
	for name in $names; do
		"$SXC" plan template "$name" >t.yaml
		run_sxc plan apply t.yaml
		assert_ok "plan $name version 1 applied"
	done
	run_sxc plan template nonesuch
	assert_refused_like 3 "no ready-made plan named 'nonesuch'"
}

@test "retire, remove" {
	web
	run_sxc plan apply web.yaml
	run_sxc account add ada --email a@example.net
	run_sxc plan retire web
	assert_ok "plan web retired"
	run_sxc plan retire web
	assert_refused 5 "plan web is retired already"
	run_sxc account subscribe ada web
	assert_refused 5 "plan web is retired"
	web 11
	run_sxc plan apply web.yaml
	run_sxc account subscribe ada web
	assert_ok
	run_sxc plan remove web -y
	assert_refused_like 6 "plan web was subscribed to"
	web
	sed -i 's/plan: web/plan: other/' web.yaml
	run_sxc plan apply web.yaml
	run_sxc plan remove other
	assert_status 2
	run_sxc plan remove other -y
	assert_ok "plan other removed"
	run_sxc plan show other
	assert_refused 3 "no plan named 'other'"
}

@test "stock, per-account, other currencies, options" {
	web
	printf '%s\n' "stock: 2" "per-account: 1" "setup: 5" \
		"prices: {EUR: {price: 9, setup: 4, options: {ip: 1.50}}, JPY: {price: 1000}}" \
		"options: {ip: {price: 2, max: 4}, cpu: {price: 1}}" >>web.yaml
	run_sxc plan apply web.yaml
	assert_ok
	for a in a b c; do run_sxc account add $a --email a@example.net; done
	run_sxc account add e --email e@example.net --currency EUR
	run_sxc account add j --email j@example.net --currency JPY
	run_sxc account add k --email k@example.net --currency KWD
	run_sxc account subscribe k web
	assert_refused 5 "plan web has no price in KWD, the currency of account k"
	run_sxc account subscribe j web
	assert_refused 5 "plan web has no setup price in JPY, the currency of account j"
	run_sxc account subscribe e web --option cpu=1
	assert_refused 5 "option cpu of plan web has no price in EUR"
	run_sxc account subscribe a web --option ip=5
	assert_refused 7 "plan web has at most 4 of option ip"
	run_sxc account subscribe a web --option nope=1
	assert_refused 3 "plan web has no option 'nope'"
	run_sxc account subscribe e web --option ip=2
	assert_ok
	run_sxc account subscribe e web
	assert_refused 7 "account e has 1 of plan web, the most it may have"
	run_sxc account subscribe a web
	assert_ok
	run_sxc account subscribe b web
	assert_refused 7 "plan web is sold out: 2 of 2"
	run_sxc invoice run
	run sql "SELECT item, amount, currency FROM v_invoice_line WHERE currency = 'EUR'"
	[ "$output" = "setup	400	EUR
plan	900	EUR
option:ip	300	EUR" ] || { echo "$output" && false; }
}

@test "a plan for resellers is kept and shown, but nobody can be one" {
	web
	echo "reseller: {wholesale: 62.5%, may-sell: [web, other]}" >>web.yaml
	run_sxc plan apply web.yaml
	assert_ok "plan web version 1 applied"
	run_sxc -o json plan show web
	assert_out_has '"reseller.may-sell.2"'
	assert_out_has "62500000"
	"$SXC" -q account add ada --email ada@example.net
	run_sxc account subscribe ada web
	assert_refused 5 "plan web is for resellers: nobody can be one in this version"
}

@test "edit: an editor with arguments, checked before it counts" {
	web
	"$SXC" -q plan apply web.yaml
	VISUAL="sed -i s/10/12.50/" run_sxc plan edit web
	assert_ok "plan web version 2 applied"
	run_sxc plan show web --yaml
	assert_out_has "price: 12.50"
	VISUAL="" EDITOR=true run_sxc plan edit web
	assert_ok "plan web is unchanged, version 2"
	VISUAL="sed -i s/12.50/13/" run_sxc -n plan edit web
	assert_ok "would make a new version of plan web"
	run find "$SXC_HOME/run" -name "*yaml*"
	[ -z "$output" ] || seen "left behind: $output"
	run_sxc plan edit nope
	assert_refused 3 "no plan named 'nope'"
}

@test "edit: what is wrong is kept, and nothing is changed" {
	web
	"$SXC" -q plan apply web.yaml
	VISUAL="sed -i s/month/moth/" run_sxc plan edit web
	assert_refused_like 2 "5:8: every: '1 moth' is not a period.* \(the edited text is kept in (.*)\)"
	[[ $err =~ kept\ in\ (.*)\) ]]
	kept=${BASH_REMATCH[1]}
	grep -q moth "$kept"
	sed -i s/moth/month/ "$kept"
	run_sxc plan apply "$kept"
	assert_ok "plan web is as it was, version 1"
	VISUAL="sed -i s/web/other/" run_sxc plan edit web
	assert_refused_like 2 "this is plan 'other' now: a plan keeps its name, web"
	VISUAL="no-such-editor" run_sxc plan edit web
	assert_refused_like 5 "no-such-editor is not installed here"
	VISUAL=false run_sxc plan edit web
	assert_refused_like 1 "false ended with status 1"
	run_sxc plan history web -c version --no-header
	assert_ok 1
}

@test "edit: a plan that another changed meanwhile is not overwritten" {
	web
	"$SXC" -q plan apply web.yaml
	web 11
	printf '#!/bin/sh\n"%s" -q plan apply web.yaml && sed -i s/10/12/ "$1"\n' "$SXC" >meanwhile
	chmod +x meanwhile
	VISUAL=./meanwhile run_sxc plan edit web
	assert_refused_like 11 "plan web was changed by another while it was edited"
	run_sxc plan show web --yaml
	assert_out_has "price: 11"
}

@test "migrate: at the renewal or now, and again without effect" {
	web
	"$SXC" -q plan apply web.yaml
	"$SXC" -q account add ada --email ada@example.net
	"$SXC" -q account subscribe ada web
	"$SXC" -q account subscribe ada web --price 7
	"$SXC" -q account subscribe ada web
	"$SXC" -q -y account cancel ada/3 --when end
	web 12
	"$SXC" -q plan apply web.yaml
	"$SXC" -q account subscribe ada web
	run_sxc plan migrate web --from 1 --to 2
	assert_ok "subscription	state	day	reason
ada/1	changed	2026-02-15	
ada/2	changed	2026-02-15	"
	run_sxc plan migrate web --from 1 --to 2
	assert_ok "subscription	state	day	reason"
	run_sxc --now 2026-02-15 invoice run
	assert_status 0
	run sql "SELECT subscription, start, amount FROM v_invoice_line ORDER BY subscription, start"
	[ "$output" = "ada/1	2026-01-15	1000
ada/1	2026-02-15	1200
ada/2	2026-01-15	700
ada/2	2026-02-15	700
ada/3	2026-01-15	1000
ada/4	2026-01-15	1200
ada/4	2026-02-15	1200" ] || { echo "$output" && false; }
	run_sxc --now 2026-02-20 plan migrate web --from 2 --to 1 --when now
	assert_status 0
	assert_out_has "ada/4	changed	2026-02-20"
	run_sxc plan migrate web --from 1 --to 9
	assert_refused 3 "plan web has no version 9"
	run_sxc plan migrate web --from 1
	assert_refused 2 "say which versions: --from V --to V"
}

@test "migrate: who cannot have the new version keeps theirs, the others do not" {
	web
	printf '%s\n' "options: {ip: {price: 2}}" "prices: {EUR: {price: 9, options: {ip: 1}}}" >>web.yaml
	"$SXC" -q plan apply web.yaml
	"$SXC" -q account add ada --email ada@example.net
	"$SXC" -q account add eva --email eva@example.net --currency EUR
	"$SXC" -q account subscribe eva web
	"$SXC" -q account subscribe ada web --option ip=1
	"$SXC" -q account subscribe ada web
	web 12
	"$SXC" -q plan apply web.yaml
	run_sxc plan migrate web --from 1 --to 2
	assert_status 10
	assert_out "subscription	state	day	reason
eva/1	failed		plan web has no price in EUR
ada/1	failed		plan web has no option 'ip'
ada/2	changed	2026-02-15	"
	assert_err "sxc: 2 of 3 subscriptions keep version 1"
}

@test "migrate: with notice the mail is queued, and nobody is changed before" {
	web
	"$SXC" -q plan apply web.yaml
	"$SXC" -q account add ada --email ada@example.net
	"$SXC" -q account subscribe ada web
	web 12
	"$SXC" -q plan apply web.yaml
	run_sxc plan migrate web --from 1 --to 2 --notice 40d
	assert_refused 5 "nobody can be given notice: no mail is sent until mail.command is set"
	"$SXC" -q config set mail.command /usr/sbin/sendmail
	run_sxc plan migrate web --from 1 --to 2 --notice 40d
	assert_ok "subscription	state	day	reason
ada/1	changed	2026-03-15	"
	run_sxc mail list -c template,account --no-header
	assert_ok "plan-change	ada"
	"$SXC" -q config set seller.name Acme
	"$SXC" -q config set seller.email acme@example.net
	run_sxc mail show 1 --message
	assert_out_has "2026-03-15"
	assert_out_has "10.00 USD"
	assert_out_has "12.00 USD"
}

@test "each example of sxc-plan(5) is valid" {
	awk '/^\.Bd -literal/ { f = "example" ++n ".yaml"; next } /^\.Ed/ { f = "" } f { print > f }' \
		"$TOP/man/sxc-plan.5"
	examples=(example*.yaml)
	[ "${#examples[@]}" -ge 6 ] || seen "only ${#examples[@]} examples"
	for file in "${examples[@]}"; do
		grep -q '^plan:' "$file" ||
			sed -i '1i plan: x\ncurrency: USD\nprice: 1\nevery: 1 month' "$file"
		run_sxc plan validate "$file"
		assert_status 0
	done
	run_sxc plan apply example*.yaml
	assert_status 0
}

@test "sxc-plan(5) documents every key" {
	web
	echo "nonesuch: 1" >>web.yaml
	run_sxc plan validate web.yaml
	assert_status 2
	for key in ${err#*allowed are }; do
		grep -q "^\.It Cm $key\$" "$TOP/man/sxc-plan.5" || seen "$key is not documented"
	done
}
