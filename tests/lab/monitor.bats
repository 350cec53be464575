#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a private server moves and holds on a real kernel comes to the customer's invoice.

load ../helper

setup_file() {
	export LAB=$TOP/tests/lab/lab SXC_LAB_DIR=${SXC_LAB_DIR:-/run/sxc-lab-monitor-test}
	[ "$(id -u)" = 0 ] || skip "needs root"
	"$LAB" up 1 >&2
	export SXC_HOME=$BATS_FILE_TMPDIR/home
	"$SXC" init --rehearsal >&2
	"$SXC" image add debian-12 "$("$LAB" rootfs)" >&2
	"$SXC" ip add 198.51.100.0/24 >&2
	"$LAB" password >"$BATS_FILE_TMPDIR/password"
	cat >"$BATS_FILE_TMPDIR/vds.yaml" <<-E
		plan: vds
		currency: USD
		price: 5.00
		every: 1 month
		provides:
		  private-server: {cpu: 20%, memory: 192M, disk: 512M, procs: 100, image: debian-12}
		usage:
		  transfer: {unit: 1K, price: 0.01}
		  disk: {unit: 1M, price: 0.01, measure: max}
	E
	"$SXC" plan apply "$BATS_FILE_TMPDIR/vds.yaml" >&2
	"$SXC" account add ada --email ada@example.net >&2
	"$LAB" exec "$SXC" server add "$("$LAB" address 1)" --name web1 \
		--password-file "$BATS_FILE_TMPDIR/password" --host-key "$("$LAB" hostkey 1)" >&2
	"$LAB" exec "$SXC" account subscribe ada vds --name alpha >&2
}

teardown_file() {
	[ "$(id -u)" != 0 ] || "$LAB" down >&2
}

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	export SXC_HOME=$BATS_FILE_TMPDIR/home
}

sxc_lab() { run_split "$LAB" exec "$SXC" "$@"; }

# So many hours from now.
monitor() {
	sxc_lab --now "$(date -u -d "now + $1 hours" +%FT%TZ)" monitor --once
	assert_status 0
	assert_out_like 'web1	up	1	'
}

transfer() {
	"$SXC" --no-header -o tsv sql "SELECT coalesce(sum(value), 0) FROM v_usage_reading WHERE resource = 'transfer'"
}

# Packets of so many bytes, twenty there and twenty back.
move() {
	sxc_lab ps exec alpha -- ping -q -c 20 -i 0.2 -W 5 -s "$1" 192.0.2.1
	assert_status 0
}

wait_for_network() {
	for _ in $(seq 30); do
		sxc_lab ps exec alpha -- ping -q -c 1 -W 2 192.0.2.1
		[ "$status" != 0 ] || return 0
		sleep 2
	done
	seen "no way out"
}

@test "transfer and disk are read, an hour at a time" {
	wait_for_network
	monitor 1
	before=$(transfer)
	move 1000
	monitor 2
	moved=$(($(transfer) - before))
	# Forty packets of 1,028 bytes and what lies around them.
	[ "$moved" -ge 41120 ] && [ "$moved" -le 90000 ] || seen "$moved bytes"
	disk=$("$SXC" --no-header -o tsv sql "SELECT max(value) FROM v_usage_reading WHERE resource = 'disk'")
	sxc_lab ps exec alpha -- dd if=/dev/urandom of=/root/f bs=1M count=8 conv=fsync
	assert_status 0
	monitor 3
	more=$("$SXC" --no-header -o tsv sql "SELECT max(value) FROM v_usage_reading WHERE resource = 'disk'")
	[ "$((more - disk))" -ge 8388608 ] || seen "$disk bytes of disk, then $more"
}

@test "a restart of the private server takes nothing back, and nothing counts twice" {
	move 500
	monitor 4
	before=$(transfer)
	sxc_lab ps restart alpha
	assert_status 0
	wait_for_network
	move 1000
	monitor 5
	moved=$(($(transfer) - before))
	[ "$moved" -ge 41120 ] && [ "$moved" -le 120000 ] || seen "$moved bytes"
}

@test "cancelled, it is on the final invoice, and explained" {
	total=$(transfer)
	sxc_lab --now "$(date -u -d 'now + 30 hours' +%FT%TZ)" -y account cancel ada/1 --when now
	assert_status 0
	run_sxc --now "$(date -u -d 'now + 30 hours' +%FT%TZ)" invoice run
	assert_status 0
	assert_out_like "usage:transfer	[^	]*	[^	]*	$(((total + 1023) / 1024))	1	"
	run_sxc invoice explain "$("$SXC" -q invoice list | tail -1)"
	assert_ok
	assert_out_has "sum $total = "
	run_sxc invoice check
	assert_status 0
}
