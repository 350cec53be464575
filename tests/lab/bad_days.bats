#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Days on which a server has what it did not have before, or has it no more: a kernel that refuses the
# module, a reboot, the end of a month. Uses a lab of its own unless SXC_LAB_DIR names one. Each test
# goes on where the one before it ended.

# A minimal init, which can also send.
image() {
	mkdir -p "$BATS_FILE_TMPDIR"/root/{sbin,proc,sys,dev,run,tmp,root,etc,mnt,usr/lib}
	gcc -std=gnu11 -Wall -Wextra -Werror -O2 -static -o "$BATS_FILE_TMPDIR/root/sbin/init" "$top/tests/bench/peer.c"
	echo ID=min >"$BATS_FILE_TMPDIR/root/usr/lib/os-release"
	tar -C "$BATS_FILE_TMPDIR/root" --owner=0 --group=0 -c . | zstd -q >"$BATS_FILE_TMPDIR/image"
	digest=$(sha256sum <"$BATS_FILE_TMPDIR/image" | cut -d' ' -f1)
}

setup_file() {
	export top lab digest release
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	lab=$top/tests/lab/lab
	export SXC_LAB_DIR=${SXC_LAB_DIR:-/run/sxc-lab-bad-days}
	"$lab" up 1
	make -s -C "$top/kmod" KDIR="$("$lab" kdir)" OUT="$BATS_FILE_TMPDIR/kmod" KO="$BATS_FILE_TMPDIR/sxps.ko"
	release=$(modinfo -F vermagic "$BATS_FILE_TMPDIR/sxps.ko" | cut -d' ' -f1)
	"$lab" ssh 1 "mkdir -p /usr/lib/sxc/modules/$release && cat >/usr/lib/sxc/modules/$release/sxps.ko" \
		<"$BATS_FILE_TMPDIR/sxps.ko"
	"$lab" ssh 1 'cat >/usr/lib/sxc/sxc-agent && chmod 755 /usr/lib/sxc/sxc-agent' <"$top/sxc-agent"
	image
	"$lab" ssh 1 /usr/lib/sxc/sxc-agent call server.setup
	"$lab" ssh 1 "cat >/var/lib/sxc/store/$digest" <"$BATS_FILE_TMPDIR/image"
	"$lab" ssh 1 /usr/lib/sxc/sxc-agent call image.add "digest==$digest"
}

teardown_file() {
	"$lab" down
}

setup() {
	load ../helper
	load by_hand
}

create() {
	call ps.create name=alpha id=7 "image==$digest" uid_base=1000013824 address=198.51.100.7 \
		cpu=3000 memory=134217728 disk=67108864 procs=100 net=20000000 link=100000000 "$@"
}

back() { # the server is up, and alpha with it
	timeout 400 bash -c "until '$lab' ssh 1 'systemctl is-active sxc-ps@alpha' 2>/dev/null | grep -qx active; do sleep 2; done"
}

number() { # what ps.list says of alpha under that name
	call ps.list
	[[ $out =~ name=\"alpha\".*\ $1=([0-9]+) ]] || seen "$1"
	echo "${BASH_REMATCH[1]}"
}

# Some thousand packets out of alpha, of 43 bytes each: 20,000 bytes at the very least.
move_some() {
	call ps.exec name=alpha argv=/sbin/init argv=flood argv=192.0.2.1 argv==2
	assert_status 0
}

checkpoint() {
	on systemctl start sxc-checkpoint.service
	assert_status 0
}

# As programs do that mark packets by net_cls.
@test "a hierarchy of control groups beside the unified one does no harm" {
	on sh -c 'mkdir /run/other && mount -t cgroup -o none,name=other other /run/other && cut -d: -f1 /proc/self/cgroup | head -n 1'
	[ "$out" != 0 ] || seen "the unified hierarchy comes first still"
	create
	assert_status 0
	call ps.start name=alpha
	assert_status 0
	call ps.list
	[[ $out == *'name="alpha" id=7 state="running"'* ]] || seen alpha
	call ps.exec name=alpha argv=/sbin/init argv=read argv=/proc/stat argv==1
	assert_status 0
	call ps.remove name=alpha id=7
	assert_status 0
	on sh -c 'umount /run/other; cut -d: -f1 /proc/self/cgroup | wc -l'
}

# The kernel keeps the word until it boots again; Secure Boot sets the same switch.
@test "a kernel that takes signed modules only is told apart, and nothing pretends" {
	on sh -c '! lsmod | grep -q ^sxps || rmmod sxps
		echo 1 >/sys/module/module/parameters/sig_enforce && systemctl restart sxc-boot.service'
	assert_status 0
	on sh -c 'lsmod | grep -c ^sxps; cat /run/sxc/module.err'
	assert_out_like '^0
the kernel takes signed modules only \(Secure Boot\): sign it with a key that is enrolled here'
	call module.status
	assert_status 0
	[[ $out == *'(Secure Boot)'* ]] || seen "no reason"
	create sessions=5
	assert_status 5
	assert_out ""
	assert_err "sxc-agent: the bound 'sessions' cannot be enforced on this server: the kernel module sxps is not loaded"
	create
	assert_status 0
	call ps.start name=alpha
	assert_status 0
	call ps.limits name=alpha
	[[ $out =~ resource=\"addresses\"[^}]*enforced_by=\"nftables\" ]] || seen addresses
	[[ $out =~ resource=\"sessions\"[^}]*enforced_by=\"nothing\" ]] || seen sessions
}

@test "after a reboot without that switch the module holds what it can" {
	on systemctl reboot
	sleep 5
	back
	call ps.limits name=alpha
	[[ $out =~ resource=\"addresses\"[^}]*enforced_by=\"sxps\" ]] || seen addresses
}

@test "transfer used is kept over a reboot of the server" {
	local before after
	on date -u -s '2026-11-30 23:00:00'
	move_some
	checkpoint
	before=$(number transfer_used)
	[ "$before" -gt 20000 ] || seen "$before bytes"
	on sh -c 'hwclock --systohc --utc; systemctl reboot'
	sleep 5
	back
	after=$(number transfer_used)
	[ "$after" -ge "$before" ] || seen "$before bytes before, $after after"
	[ "$after" -lt $((before + 100000)) ] || seen "$before bytes before, $after after"
	move_some
	[ "$(number transfer_used)" -gt $((after + 20000)) ] || seen "no more than $after"
}

@test "with the new month it begins anew, the total goes on" {
	local used total
	checkpoint
	total=$(number transfer_total)
	on date -u -s '2026-12-01 00:00:10'
	checkpoint
	used=$(number transfer_used)
	[ "$used" -lt 10000 ] || seen "$used bytes are still used"
	[ "$(number transfer_total)" -ge "$total" ] || seen "less than $total in all"
	move_some
	[ "$(number transfer_used)" -gt 20000 ] || seen "this month does not count"
	[ "$(number transfer_total)" -ge $((total + 20000)) ] || seen "the total does not count"
}

@test "what moves before the first checkpoint of a month that began meanwhile is this month's" {
	local used total
	checkpoint
	total=$(number transfer_total)
	on systemctl stop sxc-checkpoint.timer
	on systemctl stop sxc-ps@alpha
	on date -u -s '2027-01-01 00:00:10'
	call ps.start name=alpha
	assert_status 0
	move_some
	move_some
	move_some
	used=$(number transfer_used)
	[ "$used" -gt 60000 ] || seen "only $used bytes are used"
	[ "$(number transfer_total)" -ge $((total + 60000)) ] || seen "the total does not count"
	on systemctl start sxc-checkpoint.timer
}
