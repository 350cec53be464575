#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The lab itself, in two labs of its own.
# shellcheck disable=SC2016,SC2154 # scripts for other shells; out comes from the helper

load ../helper

setup_file() {
	local here=$BATS_TEST_DIRNAME
	export LAB=$here/lab
	export SXC_LAB_DIR=/run/sxc-lab-bats
	"$LAB" down
	"$LAB" up 2
}

teardown_file() {
	SXC_LAB_DIR=/run/sxc-lab-bats2 "$LAB" down
	"$LAB" down
}

run_lab() { run_split "$LAB" "$@"; }

lab_namespace() { echo "sxc-lab-$(sha256sum <<<"$1" | cut -c1-8)"; }

lab_processes() {
	local proc
	for proc in /proc/[0-9]*; do
		if tr '\0' '\n' 2>/dev/null <"$proc/cmdline" | grep -q "^$1/"; then echo "${proc#/proc/}"; fi
	done
}

@test "help goes to stdout, a wrong command is one line and status 2" {
	run_lab --help
	assert_status 0
	assert_out_has "up [N]"
	assert_err ""
	run_lab fly
	assert_status 2
	assert_out ""
	assert_err_has "lab: unknown command 'fly'"
}

@test "wrong arguments are refused by name" {
	run_lab up 0
	assert_status 2
	assert_err_has "number of servers: '0': a whole number from 1 to 50"
	run_lab ssh x
	assert_status 2
	assert_err_has "server: 'x'"
	run_lab save ../a
	assert_status 2
	assert_err_has "name: '../a'"
	SXC_LAB_DIR=/run/../etc run_lab status
	assert_status 2
	assert_err_has "SXC_LAB_DIR: '/run/../etc'"
}

@test "a directory that holds other things is left alone" {
	mkdir -p /run/sxc-lab-bats3/7
	SXC_LAB_DIR=/run/sxc-lab-bats3 run_lab up 1
	[ -d /run/sxc-lab-bats3/7 ] || seen "the directory was touched"
	rmdir /run/sxc-lab-bats3/7 /run/sxc-lab-bats3
	assert_status 1
	assert_out ""
	assert_err_has "holds other things"
}

@test "status shows both servers answering" {
	run_lab status
	assert_status 0
	assert_err ""
	assert_out_like '1 +[0-9]+ +running +192\.0\.2\.11 +yes'
	assert_out_like '2 +[0-9]+ +running +192\.0\.2\.12 +yes'
}

@test "servers differ in all that makes a server" {
	run_lab ssh 1 'hostname; cat /etc/machine-id /sys/class/net/eth0/address /etc/ssh/ssh_host_ed25519_key.pub; head -c 8 /dev/urandom | od -An -tx1'
	assert_status 0
	assert_err ""
	assert_out_has server1
	local one=$out line
	run_lab ssh 2 'hostname; cat /etc/machine-id /sys/class/net/eth0/address /etc/ssh/ssh_host_ed25519_key.pub; head -c 8 /dev/urandom | od -An -tx1'
	assert_status 0
	while read -r line; do assert_out_lacks "$line"; done <<<"$one"
}

@test "the server is what private servers need" {
	run_lab ssh 1 'stat -fc %T /sys/fs/cgroup; grep -o prjquota /proc/mounts; quotaon -Ppv /
		modprobe -a overlay veth sch_htb sch_fq_codel cls_fw nf_tables configfs ifb && echo modules
		systemctl is-system-running; systemctl --failed --plain --no-legend'
	assert_ok "cgroup2fs
prjquota
project quota on / (/dev/vda) is on (enforced)
modules
running"
}

@test "project quota holds" {
	# 1 MiB less the directory's own block
	run_lab ssh 1 'mkdir -m 777 /q; chattr +P -p 4242 /q; setquota -P 4242 0 1024 0 0 /
		setpriv --reuid 1000 --clear-groups dd if=/dev/zero of=/q/file bs=64K count=32 2>&1 | grep -o "Disk quota exceeded"
		stat -c %s /q/file; rm -r /q'
	assert_ok "Disk quota exceeded
1044480"
}

@test "the clock is right" {
	run_lab ssh 1 date +%s
	assert_status 0
	local now
	now=$(date +%s)
	((out - now <= 3 && now - out <= 3)) || seen "here it is $now"
}

@test "the exit status of a command comes back" {
	run_lab ssh 1 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_out out
	assert_err err
}

@test "root's password and the host key are as told" {
	run_lab password
	assert_status 0
	local password=$out known=$BATS_TEST_TMPDIR/known
	run_lab hostkey 2
	assert_status 0
	local print=$out
	run_lab exec sshpass -p "$password" ssh -F /dev/null -o StrictHostKeyChecking=accept-new \
		-o UserKnownHostsFile="$known" -o LogLevel=ERROR -o PubkeyAuthentication=no \
		"root@$("$LAB" address 2)" hostname
	assert_ok server2
	[[ $(ssh-keygen -lf "$known") == *"$print"* ]] || seen "the key is not $print"
}

@test "servers reach each other, both ways of addressing, and nothing outside" {
	run_lab ssh 1 'ping -qc1 -W5 192.0.2.12 && ping -qc1 -W5 2001:db8::1002 && ping -qc1 -W5 192.0.2.1'
	assert_status 0
	run_lab ssh 1 'ping -qc1 -W5 203.0.113.1'
	assert_status 1
}

@test "addresses for private servers are looked for on the servers' link" {
	run_lab exec ip -4 route get 198.51.100.7
	assert_status 0
	assert_out_has "198.51.100.7 dev lab0"
}

@test "load brings back memory and disks of all servers, within seconds" {
	run_lab ssh 1 'echo before >/root/file; sync; sleep 1000 >/dev/null 2>&1 </dev/null & echo $!'
	assert_status 0
	local pid=$out start
	run_lab save here
	assert_ok ""
	run_lab ssh 1 "echo after >/root/file; sync; kill $pid"
	assert_status 0
	run_lab ssh 2 'touch /root/other; sync'
	assert_status 0
	start=$SECONDS
	run_lab load here
	assert_ok ""
	((SECONDS - start < 30)) || seen "it took $((SECONDS - start)) seconds"
	run_lab ssh 1 "cat /root/file; cat /proc/$pid/comm; date +%s"
	assert_status 0
	assert_out_like $'^before\nsleep\n[0-9]+$'
	((${out##*$'\n'} - $(date +%s) >= -5)) || seen "the clock was left behind"
	run_lab ssh 2 'ls /root/other'
	assert_status 2
	run_lab load there
	assert_status 1
	assert_err "lab: nothing was saved as 'there'"
}

@test "a server killed from outside is shown dead and started again" {
	run_lab ssh 1 true
	assert_status 0
	kill -KILL "$(<"$SXC_LAB_DIR/2/pid")"
	sleep 0.5
	run_lab status
	assert_out_like '2 +- +dead'
	run_lab ssh 2 true
	assert_status 1
	assert_err_has "server 2 is not running"
	run_lab up 2
	assert_status 0
	run_lab ssh 2 hostname
	assert_ok server2
}

@test "a second lab stands beside the first; a killed run is cleaned by the next; down leaves nothing" {
	export SXC_LAB_DIR=/run/sxc-lab-bats2
	local up tap
	setsid "$LAB" up 2 >/dev/null 2>&1 </dev/null 3>&- &
	up=$!
	for _ in {1..300}; do
		[ ! -s "$SXC_LAB_DIR/1/pid" ] || break
		sleep 0.1
	done
	kill -KILL -- "-$up"
	wait "$up" || true
	rm -f "$SXC_LAB_DIR/1/pid"
	run_lab up 1
	assert_status 0
	[ "$(lab_processes "$SXC_LAB_DIR" | wc -l)" = 1 ] || seen "machines: $(lab_processes "$SXC_LAB_DIR")"
	run_lab ssh 1 hostname
	assert_ok server1
	SXC_LAB_DIR=/run/sxc-lab-bats run_lab ssh 1 hostname
	assert_ok server1

	run_lab down
	assert_ok ""
	[ ! -e "$SXC_LAB_DIR" ] || seen "$SXC_LAB_DIR is there"
	[ ! -e "/run/netns/$(lab_namespace "$SXC_LAB_DIR")" ] || seen "the namespace is there"
	[ -z "$(lab_processes "$SXC_LAB_DIR")" ] || seen "machines run"
	[ ! -e "${SXC_LAB_CACHE:-/var/cache/sxc-lab}/disks/$(lab_namespace "$SXC_LAB_DIR")" ] || seen "disks are there"
	tap=$(ip -br link | grep -E '^(tap|lab0)' || true)
	[ -z "$tap" ] || seen "interfaces on the machine itself: $tap"
	run_lab status
	assert_ok "SERVER  PID      STATE     ADDRESS         SSH"
	run_lab exec true
	assert_status 1
	assert_err "lab: the lab is not up; 'lab up' starts it"
}

@test "the OS image has systemd and capabilities, and no devices" {
	run_lab rootfs
	assert_status 0
	local image=$out
	run_split bash -c 'set -o pipefail
		tar --zstd --xattrs --xattrs-include="*" -tvvf "$1" | grep -E "^[^dlh-]|security.capability|/systemd/systemd$"' - "$image"
	assert_status 0
	assert_err ""
	assert_out_has ./usr/lib/systemd/systemd
	assert_out_has security.capability
	[[ ! $out =~ (^|$'\n')[bcp] ]] || seen "there are devices"
}
