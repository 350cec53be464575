#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A server of its own kernel, systemd and sshd: taken in, used, restarted, let go.

load ../helper

setup_file() {
	export LAB=$TOP/tests/lab/lab SXC_LAB_DIR=${SXC_LAB_DIR:-/run/sxc-lab-server-test}
	[ "$(id -u)" = 0 ] || skip "needs root"
	"$LAB" up 1 >&2
}

teardown_file() {
	[ "$(id -u)" != 0 ] || "$LAB" down >&2
}

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	export SXC_HOME=$BATS_FILE_TMPDIR/home
	[ -d "$SXC_HOME" ] || "$SXC" init --rehearsal >/dev/null
}

sxc_lab() { run_split "$LAB" exec "$SXC" "$@"; }


# pid, load and such aside: all that sxc could leave on a server.
traces() {
	"$LAB" ssh 1 'ls -d /usr/lib/sxc /var/lib/sxc /run/sxc /etc/systemd/system/*sxc* 2>/dev/null;
		cat /root/.ssh/authorized_keys 2>/dev/null; ip -br link | grep sxps; nft list tables | grep sxc;
		pgrep -a sxc-agent; systemctl list-units --all --no-legend | grep sxc'
}

@test "a real server is taken in" {
	"$LAB" password >"$BATS_TEST_TMPDIR/password"
	sxc_lab server add "$("$LAB" address 1)" --name web1 --password-file "$BATS_TEST_TMPDIR/password" \
		--host-key "$("$LAB" hostkey 1)"
	assert_status 0
	assert_out "server web1 added"
	sxc_lab -o json server show web1
	assert_status 0
	[ "$(jq -c '[.state, .os, .cgroup2, .quota, .uplink]' <<<"$out")" = '["active","debian",true,true,"eth0"]' ] ||
		seen "facts"
	sxc_lab server status web1 --columns server,state --no-header
	assert_status 0
	assert_out $'web1\tup'
}

@test "nothing of the agent runs at rest" {
	sxc_lab server exec web1 -- true
	assert_status 0
	sleep 1
	run "$LAB" ssh 1 pgrep -a sxc-agent
	[ "$status" = 1 ]
}

@test "the agent works in little memory" {
	sxc_lab server exec web1 -- sh -c 'grep VmHWM /proc/$PPID/status'
	assert_status 0
	kib=$(grep -oE '[0-9]+' <<<"$out")
	[ "$kib" -lt 4096 ] || seen "more than 4 MiB"
}

@test "the boot unit is enabled and does well" {
	sxc_lab server exec web1 -- systemctl start sxc-boot.service
	assert_status 0
	sxc_lab server exec web1 -- systemctl is-enabled sxc-boot.service
	assert_out enabled
}

@test "removed, nothing is left behind" {
	sxc_lab -y server remove web1
	assert_status 0
	assert_out "server web1 removed"
	run traces
	echo "$output"
	[ -z "$output" ]
	sxc_lab server list --no-header
	assert_out ""
}
