#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The kernel module on a kernel of its own: kmod/test/self-test in a lab server. Uses a lab of its
# own unless SXC_LAB_DIR names one.

setup_file() {
	export top lab
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	lab=$top/tests/lab/lab
	export SXC_LAB_DIR=${SXC_LAB_DIR:-/run/sxc-lab-kmod}
	"$lab" up 1
	make -s -C "$top/kmod" KDIR="$("$lab" kdir)" W=1 >"$BATS_FILE_TMPDIR/build" 2>&1
	gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -static \
		-o "$BATS_FILE_TMPDIR/probe" "$top/kmod/test/probe.c"
	tar -C "$BATS_FILE_TMPDIR" -cf - probe -C "$top/kmod" sxps.ko -C test self-test |
		"$lab" ssh 1 'mkdir -p /root/sxps && tar -C /root/sxps -xf -'
}

teardown_file() {
	"$lab" down
}

@test "sxps builds without a warning" {
	run cat "$BATS_FILE_TMPDIR/build"
	echo "$output"
	[[ $output != *warning* ]]
}

@test "sxps passes its self-test" {
	run "$lab" ssh 1 'modprobe -a configfs veth dummy 8021q && cd /root/sxps &&
		./self-test ./sxps.ko ./probe'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *"not ok"* ]]
	[[ $output == *"ok 1 - loads"* ]]
}

@test "the manual's example works as it stands" {
	run "$lab" ssh 1 'insmod /root/sxps/sxps.ko &&
		ip link add sxps7 type veth peer name sxps7p && bash -e && cat /sys/kernel/config/sxps/ps7/enforcing &&
		rmdir /sys/kernel/config/sxps/ps7 && ip link del sxps7 && rmmod sxps' < <(
		awk '/^cd \/sys\/kernel\/config\/sxps/,/^\.Ed/' "$top/man/sxps.4" | grep -v '^\.')
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"net yes"* ]]
}
