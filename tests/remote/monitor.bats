#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Collecting what is metered, from servers over SSH whose agent has private servers in its files.

load ../helper

setup_file() {
	export SRV=$TOP/tests/remote/server
	export NET=127.$((RANDOM % 200 + 20)).$((RANDOM % 200 + 20))
	for i in 1 2; do "$SRV" start "$BATS_FILE_TMPDIR/s$i" "$NET.$i" || return 1; done
}

teardown_file() {
	for i in 1 2; do "$SRV" stop "$BATS_FILE_TMPDIR/s$i" 2>/dev/null || true; done
}

inside() { "$SRV" exec "$BATS_FILE_TMPDIR/s$1" "${@:2}"; }

# Server N of this file is added as webN, with a private server psN of the subscription ada/N.
add() {
	"$SRV" fit "$BATS_FILE_TMPDIR/s$1"
	echo lab-secret | "$SXC" server add "$NET.$1" --name "web$1" --port 2222 --password-stdin \
		--host-key "$(cat "$BATS_FILE_TMPDIR/s$1/hostkey")" >/dev/null
	"$SXC" -q account subscribe ada m
	sqlite3 "$SXC_HOME/sxc.db" <<-E
		INSERT OR IGNORE INTO image (id, name, digest, size, unpacked, created)
			VALUES (1, 'debian-12', '$(printf %064d 1)', 1, 1, 0);
		INSERT INTO node_name (name, kind) VALUES ('ps$1', 'ps');
		INSERT INTO ps (name, server, image, account, subscription, state, hostname, uid_slot, cpu,
			memory, disk, procs, created)
			SELECT 'ps$1', (SELECT id FROM server WHERE name = 'web$1'), 1, account, id, 'running',
				'h', 16, 10, 67108864, 1073741824, 100, unixepoch('2026-01-15T09:30:00Z')
			FROM subscription WHERE number = $1;
	E
	inside "$1" mkdir -p "/var/lib/sxc/ps/ps$1"
	inside "$1" sh -c "printf '%s\n' id=1 uid_base=131072 slot=16 cpu=1000 memory=67108864 procs=100 \
		disk=1073741824 hostname=h image=$(printf %064d 1) >/var/lib/sxc/ps/ps$1/config"
}

counted() { # server, bytes of all time
	inside "$1" sh -c "printf 'month=2026-01\nused=0\ntotal=$2\n' >/var/lib/sxc/ps/ps$1/transfer"
}

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	setup_home 2026-01-15T09:30:00Z
	export SXC_AGENT=${SXC_AGENT:-$TOP/sxc-agent}
	for i in 1 2; do
		"$SRV" exec "$BATS_FILE_TMPDIR/s$i" sh -c 'rm -rf /root/.ssh /usr/lib/sxc /var/lib/sxc
			umount /sys/class/net 2>/dev/null; true'
	done
	printf 'plan: m\ncurrency: USD\nprice: 1.00\nevery: 1 month\nusage: {transfer: {price: 0.01}}\n' \
		>"$BATS_TEST_TMPDIR/m.yaml"
	"$SXC" -q plan apply "$BATS_TEST_TMPDIR/m.yaml"
	"$SXC" -q account add ada --email ada@example.net
}

monitor() { # clock
	run_sxc --now "$1" monitor --once
}

readings() {
	sql "SELECT source, sequence, strftime('%d %H', start, 'unixepoch'), value FROM v_usage_reading
		WHERE resource = 'transfer' ORDER BY source, sequence"
}

expect() {
	run readings
	[ "$output" = "$1" ] || { echo "$output" && false; }
}

@test "what cannot be is refused" {
	run_sxc monitor --once --interval 1m
	assert_refused 2 "--once and --interval exclude each other"
	run_sxc monitor --interval 2h
	assert_refused 2 "--interval must be from 1s to 1h"
	run_sxc monitor
	assert_refused 2 "without --once it goes by the real clock"
	run_sxc monitor --once
	assert_ok "server	state	ps	readings	error"
}

@test "an hour is sealed once it is over, once, and those that were missed are made up" {
	add 1
	counted 1 500
	monitor 2026-01-15T09:50:00Z
	assert_ok "server	state	ps	readings	error
web1	up	1	0	"
	expect ""
	monitor 2026-01-15T10:02:00Z
	assert_ok "server	state	ps	readings	error
web1	up	1	1	"
	expect "ps1	1	15 09	500"
	counted 1 600
	monitor 2026-01-15T10:59:00Z
	expect "ps1	1	15 09	500"
	counted 1 900
	monitor 2026-01-15T13:05:00Z
	expect "ps1	1	15 09	500
ps1	2	15 10	133
ps1	3	15 11	133
ps1	4	15 12	134"
	# The books have what was counted.
	run_sxc --now 2026-01-15T14:00:00Z account usage ada --columns used --no-header
	assert_ok "900"
	# A clock that went back changes nothing; a count that began anew is counted from there.
	monitor 2026-01-15T11:05:00Z
	assert_status 0
	counted 1 40
	monitor 2026-01-15T14:01:00Z
	[ "$(readings | tail -1)" = "ps1	5	15 13	40" ]
	run_sxc invoice check
	assert_status 0
}

# What the kernel would say of the interface of ps1: a directory in the place of sysfs.
interface() { # index, received, sent
	inside 1 sh -c "mountpoint -q /sys/class/net || mount -t tmpfs tmpfs /sys/class/net
		mkdir -p /sys/class/net/sxps1/statistics && cd /sys/class/net/sxps1 &&
		echo $1 >ifindex && echo $2 >statistics/rx_bytes && echo $3 >statistics/tx_bytes"
}

@test "without the kernel module the interface counts; a new one begins at nothing" {
	add 1
	interface 7 100 50
	monitor 2026-01-15T10:01:00Z
	expect "ps1	1	15 09	150"
	interface 7 130 60
	inside 1 /usr/lib/sxc/sxc-agent checkpoint
	interface 7 140 60
	monitor 2026-01-15T11:01:00Z
	expect "ps1	1	15 09	150
ps1	2	15 10	50"
	# Restarted: another interface, which has counted more already than the old one had.
	interface 9 300 100
	monitor 2026-01-15T12:01:00Z
	# The machine was started anew: the same index, another boot.
	inside 1 sh -c 'sed -i "s/boot=.*/boot=00000000/" /var/lib/sxc/ps/ps1/transfer'
	interface 9 500 0
	monitor 2026-01-15T13:01:00Z
	expect "ps1	1	15 09	150
ps1	2	15 10	50
ps1	3	15 11	400
ps1	4	15 12	500"
}

@test "a server that is dead holds up no other, and is made up for" {
	add 1
	add 2
	counted 1 100
	counted 2 200
	monitor 2026-01-15T10:01:00Z
	assert_ok
	counted 1 110
	counted 2 260
	"$SRV" stop "$BATS_FILE_TMPDIR/s2"
	monitor 2026-01-15T11:01:00Z
	assert_status 10
	assert_out_like "web1	up	1	1	"
	assert_out_like "web2	down	0	0	server web2: "
	assert_err "sxc: 1 of 2 servers failed"
	"$SRV" stop "$BATS_FILE_TMPDIR/s1"
	monitor 2026-01-15T12:01:00Z
	assert_status 9
	expect "ps1	1	15 09	100
ps1	2	15 10	10
ps2	1	15 09	200"
}
