#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is provided follows what was agreed. The server is in the books alone: its jobs stay pending,
# and the test says what became of them.

load helper

setup() {
	setup_home 2026-04-01T10:00:00Z
	cd "$BATS_TEST_TMPDIR" || exit 1
	store "INSERT INTO server (name, state, host, port, user, os, kernel, arch, cpus, memory, disk,
			quota, link_rate, host_key, host_key_type, created)
		VALUES ('s1', 'active', '127.0.0.1', 1, 'root', 'Debian', '6.1', 'x86_64', 4,
			17179869184, 107374182400, 1, 1000000000, 'SHA256:$(printf %043d 0)', 'ssh-ed25519', 1);
		INSERT INTO image (name, digest, size, unpacked, os, created)
		VALUES ('debian-12', '$(printf %064d 0)', 1, 1, 'Debian', 1)"
	"$SXC" -q ip add 192.0.2.0/24
	"$SXC" -q account add ada --email ada@example.net
}

store() {
	sqlite3 "$SXC_HOME/sxc.db" "$1"
}

# All work that is queued has been done.
done_all() {
	store "UPDATE job SET state = 'done'; UPDATE ps SET state = 'running' WHERE state = 'adding'"
}

plan() { # name, price, bounds, line…
	local file=$1.yaml
	{
		printf 'plan: %s\ncurrency: USD\nprice: %s\nevery: 1 month\n' "$1" "$2"
		printf 'provides: {private-server: {%s}}\n' "$3"
		shift 3
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$file"
	run_sxc plan apply "$file"
	assert_status 0
}

subscribe() {
	run_sxc account subscribe "$@"
	assert_status 9
	assert_out_has "subscribed to"
	done_all
}

# The bounds that the last job sets.
asked() {
	sql "SELECT kind, json_extract(args, '\$.memory') / 1048576, json_extract(args, '\$.vm') / 1048576,
		json_extract(args, '\$.disk') / 1048576, json_extract(args, '\$.cpu') FROM job
		ORDER BY id DESC LIMIT 1"
}

is_asked() {
	[ "$(asked)" = "$1" ] || { asked && false; }
}

@test "another plan changes the bounds of what is there" {
	plan small 10 "cpu: 5%, memory: 256M, vm: 512M, disk: 2G"
	plan large 30 "cpu: 10%, memory: 1G, vm: 2G, disk: 8G"
	subscribe ada small
	run_sxc account change ada/1 --plan large
	assert_status 9
	assert_out "ada/1 upgraded from 2026-04-01"
	is_asked "ps.set	1024	2048	8192	1000"
	done_all
	run_sxc account change ada/1 --plan small
	assert_ok "ada/1 downgraded from 2026-05-01"
	is_asked "ps.set	1024	2048	8192	1000"
	run_sxc --now 2026-05-01 invoice run
	assert_status 0
	assert_err_has "1 job queued"
	is_asked "ps.set	256	512	2048	500"
}

@test "options add, memory takes swap along" {
	plan small 10 "cpu: 5%, memory: 256M, vm: 512M, disk: 2G" \
		"options: {ram: {price: 2, max: 4, adds: {memory: 128M}}, ip: {price: 1, max: 3, adds: {ip: 1}}}"
	subscribe ada small --option ram=2 --option ip=2
	[ "$(sql 'SELECT memory / 1048576, vm / 1048576 FROM ps')" = "512	768" ]
	[ "$(sql "SELECT count(*) FROM address")" = 3 ]
	run_sxc account change ada/1 --option ram=1 --when now
	assert_status 9
	is_asked "ps.set	384	640	2048	500"
	done_all
	run_sxc account change ada/1 --option ip=3
	assert_refused_like 5 "keeps its addresses"
	run_sxc account subscriptions -c options --no-header
	assert_ok "ip=2 ram=1"
}

@test "--set customises it for one: kept, shown, goes with the plan" {
	plan small 10 "cpu: 5%, memory: 256M, vm: 512M, disk: 2G" "options: {ram: {price: 2, adds: {memory: 128M}}}"
	plan other 10 "cpu: 5%, memory: 256M, vm: 512M, disk: 3G"
	subscribe ada small
	run_sxc account change ada/1 --set private-server.memory=512M --set private-server.disk=4G --price 15
	assert_status 9
	is_asked "ps.set	512	768	4096	500"
	done_all
	run_sxc account subscriptions -c custom,price --no-header
	assert_ok "private-server.disk=4294967296 private-server.memory=536870912	1500"
	run_sxc account change ada/1 --option ram=1 --when now
	assert_status 9
	is_asked "ps.set	640	896	4096	500"
	done_all
	run_sxc account change ada/1 --set private-server.disk= --when now
	assert_status 9
	is_asked "ps.set	640	896	2048	500"
	done_all
	run_sxc account change ada/1 --plan other --option ram=0 --when now
	assert_status 9
	is_asked "ps.set	256	512	3072	500"
	run_sxc account subscriptions -c custom --no-header
	assert_ok ""
}

@test "what does not fit is refused, now and for the renewal" {
	plan small 10 "cpu: 5%, memory: 256M, disk: 2G"
	plan huge 99 "cpu: 5%, memory: 64G, disk: 2G"
	subscribe ada small
	for when in now renewal; do
		run_sxc account change ada/1 --plan huge --when $when
		assert_refused_like 7 "server s1"
		run_sxc account change ada/1 --set private-server.memory=64G --when $when
		assert_refused_like 7 "server s1"
	done
	run_sxc account change ada/1 --set private-server.memory=lots
	assert_refused_like 2 "--set private-server.memory: memory must be"
	run_sxc account change ada/1 --set private-server.wheels=4
	assert_refused_like 2 "'wheels' is no bound: cpu"
	run_sxc account change ada/1 --set memory=1G
	assert_refused_like 2 "write private-server.BOUND=VALUE"
	run_sxc account subscriptions -c plan,custom --no-header
	assert_ok "small	"
	[ "$(sql "SELECT count(*) FROM job WHERE kind = 'ps.set'")" = 0 ]
	[ "$(sql "SELECT count(*) FROM subscription_term")" = 1 ]
}

@test "a change that no longer fits at the renewal is tried again by each run" {
	plan small 10 "cpu: 5%, memory: 256M, disk: 2G"
	plan large 30 "cpu: 5%, memory: 8G, vm: 8G, disk: 2G"
	subscribe ada small
	run_sxc account change ada/1 --plan large --when renewal
	assert_ok "ada/1 upgraded from 2026-05-01"
	store "UPDATE server SET memory = 1073741824"
	run_sxc --now 2026-05-01 invoice run
	assert_status 0
	assert_err_has "ada/1 cannot be given what its plan provides yet: server s1"
	store "UPDATE server SET memory = 17179869184"
	run_sxc --now 2026-05-02 invoice run
	assert_status 0
	assert_err_has "1 job queued"
	is_asked "ps.set	8192	8192	2048	500"
	run_sxc --now 2026-05-03 invoice run
	assert_err "0 invoices, 0 credit notes, 0 lines"
}

@test "while other work on it is unfinished it is not changed" {
	plan small 10 "cpu: 5%, memory: 256M, disk: 2G"
	subscribe ada small
	run_sxc account change ada/1 --set private-server.memory=512M
	assert_status 9
	run_sxc account change ada/1 --set private-server.memory=768M
	assert_refused_like 11 "job [0-9]+ is unfinished"
}

@test "one thing does not become another" {
	plan small 10 "cpu: 5%, memory: 256M, disk: 2G"
	printf 'plan: paper\ncurrency: USD\nprice: 1\nevery: 1 month\n' >paper.yaml
	"$SXC" -q plan apply paper.yaml
	subscribe ada small
	run_sxc account change ada/1 --plan paper
	assert_refused_like 5 "one of the two provides a private-server, the other none"
	run_sxc account subscribe ada paper
	assert_ok
	run_sxc account change ada/2 --set private-server.memory=1G
	assert_refused 5 "the plan provides nothing that could be customised"
}

# The server refuses whatever is asked of it.
broken() {
	store "UPDATE server SET host_key = NULL"
}

mended() {
	store "UPDATE server SET host_key = 'SHA256:$(printf %043d 0)'"
}

@test "an order that cannot be provided is taken back, and costs nothing" {
	plan small 10 "cpu: 5%, memory: 256M, disk: 2G" "stock: 1"
	broken
	run_sxc account subscribe ada small
	assert_status 5
	assert_err_has "the order of ada/1 is taken back"
	assert_err_has "failed and was undone"
	run sql "SELECT subscription, state FROM v_subscription"
	[ "$output" = "ada/1	ended" ] || { echo "$output" && false; }
	[ "$(sql 'SELECT (SELECT count(*) FROM ps), (SELECT count(ps) FROM address)')" = "0	0" ]
	run_sxc --now 2026-05-01 invoice run
	assert_err "0 invoices, 0 credit notes, 0 lines"
	mended
	subscribe ada small
}

@test "what was billed before the order was taken back is credited" {
	plan small 10 "cpu: 5%, memory: 256M, disk: 2G"
	run_sxc account subscribe ada small
	assert_status 9
	"$SXC" -q invoice run >/dev/null
	broken
	run_sxc job resume
	[ "$status" != 0 ] || seen "it was provided"
	"$SXC" -q invoice run >/dev/null
	run sql "SELECT item, amount FROM v_invoice_line"
	[ "$output" = "plan	1000
plan	-1000" ] || { echo "$output" && false; }
	run sql "SELECT balance, credit FROM v_account"
	[ "$output" = "0	0" ] || { echo "$output" && false; }
}

@test "what was paid first waits again and is tried again by each run" {
	plan small 10 "cpu: 5%, memory: 256M, disk: 2G" "provision: paid"
	run_sxc account subscribe ada small --name box
	assert_ok "ada/1 subscribed to small, to be provided once its first invoice is paid"
	"$SXC" -q invoice run >/dev/null
	broken
	run_sxc invoice pay 2026-000001
	assert_status 5
	assert_err_has "ada/1 waits again: every run tries to provide it"
	run_sxc account subscriptions -c state --no-header
	assert_ok pending
	mended
	run_sxc --now 2026-04-02 invoice run
	assert_status 0
	assert_err_has "1 job queued"
	[ "$(sql 'SELECT name, state FROM ps')" = "box	adding" ]
	run_sxc account subscriptions -c state --no-header
	assert_ok active
	run_sxc --now 2026-04-03 invoice run
	assert_err "0 invoices, 0 credit notes, 0 lines"
}
