#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Private servers on a real server: the agent's operations by hand (sxc-agent call), from image to
# removal. Uses a lab of its own unless SXC_LAB_DIR names one. Each test goes on where the one before
# it ended.

setup_file() {
	export top lab digest
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	lab=$top/tests/lab/lab
	export SXC_LAB_DIR=${SXC_LAB_DIR:-/run/sxc-lab-ps}
	"$lab" up 1
	"$lab" ssh 1 'mkdir -p /usr/lib/sxc && cat >/usr/lib/sxc/sxc-agent &&
		chmod 755 /usr/lib/sxc/sxc-agent' <"$top/sxc-agent"
	digest=$(sha256sum <"$("$lab" rootfs)" | cut -d' ' -f1)
	"$lab" ssh 1 /usr/lib/sxc/sxc-agent call server.setup
	"$lab" ssh 1 "cat >/var/lib/sxc/store/$digest" <"$("$lab" rootfs)"
}

teardown_file() {
	"$lab" down
}

setup() {
	load ../helper
	load by_hand
}

inside() { # one shell command line in the private server
	call ps.exec name=alpha argv=/bin/sh argv=-c "argv==$1"
}

# shellcheck disable=SC2120 # further fields are optional
create() {
	call ps.create name=alpha id=7 "image==$digest" uid_base=1000013824 hostname=alpha.example \
		address=198.51.100.7 address=2001:db8::7 nameserver=192.0.2.1 cpu=3000 \
		memory=134217728 vm=134217728 disk=67108864 inodes=3000 procs=100 \
		net=20000000 link=100000000 "$@"
}

@test "an image is unpacked once, with owners and file capabilities" {
	call image.add "digest==$digest"
	assert_status 0
	[[ $out =~ ^size=[0-9]{8,}\ files=[0-9]{4,}$ ]] || seen "no size and files"
	local first=$out
	call image.add "digest==$digest"
	assert_status 0
	assert_out "$first"
	on sh -c "stat -c '%a %u %g' /var/lib/sxc/images/$digest/etc/shadow
		getcap /var/lib/sxc/images/$digest/usr/bin/ping | cut -d' ' -f2"
	assert_out $'640 0 42\ncap_net_raw=ep'
}

@test "an image that is not what its name says is refused and leaves nothing" {
	local wrong=${digest//[0-9]/0}
	on sh -c "cp /var/lib/sxc/store/$digest /var/lib/sxc/store/$wrong"
	call image.add "digest==$wrong"
	assert_status 12
	assert_out ""
	[[ $err == *"the archive has digest ${digest:0:16}…, not ${wrong:0:16}…"* ]] || seen "other words"
	on sh -c "rm /var/lib/sxc/store/$wrong; ls -A /var/lib/sxc/images | wc -l"
	assert_out 2
}

@test "a private server is made, and made again without harm" {
	create
	assert_status 0
	assert_err ""
	create
	assert_status 0
	call ps.list
	assert_status 0
	[[ $out == *'name="alpha" id=7 state="stopped"'* ]] || seen "not in the list"
}

@test "what another one has or nobody can have is refused" {
	call ps.create name=beta id=7 "image==$digest" uid_base=1000079360
	assert_status 4
	assert_err "sxc-agent: id 7 is private server alpha's"
	call ps.create name=beta id=8 "image==$digest" uid_base=1000013824
	assert_status 4
	call ps.create name=beta id=8 "image==$digest" uid_base=1000079360 address=198.51.100.7
	assert_status 4
	assert_err "sxc-agent: address 198.51.100.7 is private server alpha's"
	call ps.create name=alpha id=9 "image==$digest" uid_base=1000079360
	assert_status 4
	call ps.create name=beta id=8 "image==${digest//[0-9]/0}" uid_base=1000079360
	assert_status 3
	call ps.create name=beta id=8 "image==$digest" uid_base=1000079361
	assert_status 2
	call ps.create name=beta id=8 "image==$digest" uid_base=1000079360 address=127.0.0.1
	assert_status 2
	assert_err "sxc-agent: address 127.0.0.1 cannot be a private server's own"
	call ps.create name=../x id=8 "image==$digest" uid_base=1000079360
	assert_status 2
	on ls /var/lib/sxc/ps
	assert_out alpha
}

@test "it starts, systemd inside gets ready, starting again changes nothing" {
	call ps.start name=alpha timeout=120
	assert_status 0
	local first=$out
	[[ $out == pid=[1-9]* ]] || seen "no pid"
	call ps.start name=alpha
	assert_out "$first"
	inside 'systemctl is-system-running; cat /proc/1/comm; hostname; cat /etc/resolv.conf'
	assert_out $'running\nsystemd\nalpha.example\nnameserver 192.0.2.1\nstatus=0'
	call ps.list
	[[ $out == *'state="running" '*' pid='*'memory='*'procs='*'disk='* ]] || seen "not running"
}

@test "it answers on its addresses, and reaches others" {
	local a
	for a in 198.51.100.7 2001:db8::7; do
		run_split "$lab" exec timeout 20 bash -c "exec 3<>/dev/tcp/$a/22; head -c 4 <&3"
		assert_status 0
		assert_out SSH-
	done
	inside 'su -s /bin/sh nobody -c "ping -c1 -W5 192.0.2.1" >/dev/null && ping -c1 -W5 2001:db8::1 >/dev/null'
	assert_out status=0
}

@test "ids on disk are inside ids, ids of processes are its own" {
	inside 'touch /root/made; chown 1000:1000 /root/made; stat -c "%u %g" /root/made'
	assert_out $'1000 1000\nstatus=0'
	on stat -c '%u %g' /var/lib/sxc/ps/alpha/layer/upper/root/made
	assert_out '1000 1000'
	on sh -c "stat -c %u /proc/\$(cat /run/sxc/alpha.pid)"
	assert_out 1000013824
}

@test "bounds hold: memory, processes, disk and inodes; failures are counted" {
	inside 'head -c 200000000 /dev/zero | tail -c 150000000 | wc -c'
	[[ $out != *150000000* ]] || seen "took more memory than it may"
	inside 'perl -e "for (1..150) { my \$p = fork; if (!defined \$p) { print qq(no more\n); last }
		if (!\$p) { sleep 600; exit } push @p, \$p } kill 9, @p; 1 while wait > 0"'
	assert_out $'no more\nstatus=0'
	inside 'dd if=/dev/zero of=/root/big bs=1M count=80 2>&1 | head -1; rm -f /root/big'
	[[ $out == *"No space left"* || $out == *"quota exceeded"* ]] || seen "more disk than it may"
	inside 'cd /root && mkdir many && i=0; while true >many/$i; do i=$((i+1)); done 2>/dev/null; [ $i -lt 3000 ] && echo stopped; rm -rf many'
	[[ $out == *stopped* ]] || seen "more inodes than it may"
	call ps.limits name=alpha
	assert_status 0
	[[ $out =~ resource=\"memory\"[^}]*bound=134217728\ failures=[1-9][0-9]*\ enforced_by=\"cgroup\" ]] || seen memory
	[[ $out =~ resource=\"procs\"[^}]*\ peak=100\ bound=100\ [^}]*enforced_by=\"cgroup\" ]] || seen procs
	[[ $out =~ resource=\"disk\"[^}]*bound=67108864\ enforced_by=\"quota\" ]] || seen disk
	[[ $out =~ resource=\"cpu-max\"[^}]*enforced_by=\"nothing\" ]] || seen cpu-max
}

@test "one that has filled its disk can be started again" {
	local fill='cd /root && mkdir full && i=0
		while true >full/$i; do i=$((i+1)); done 2>/dev/null
		ls full | wc -l
		df --output=iavail / | tail -1 | tr -d "[:blank:]"'
	inside "$fill"
	local end=$'\n'
	[[ $out =~ ^[0-9]{4}${end}0${end}status=0$ ]] || seen "not full"
	call ps.stop name=alpha timeout=60
	assert_status 0
	call ps.start name=alpha timeout=120
	assert_status 0
	on sh -c "repquota -Pn / | awk '/^#7 /{print \$8}'"
	assert_out 3000
	inside 'rm -rf /root/full && echo room'
	assert_out $'room\nstatus=0'
}

@test "root inside cannot get at the machine" {
	inside 'for m in /proc/kcore /proc/sys /proc/sysrq-trigger /sys /dev/null /dev/pts /proc /; do
		umount $m && echo "unmounted $m"; umount -l $m && echo "unmounted $m"; done 2>/dev/null
	for t in proc sysfs debugfs tracefs configfs securityfs bpf devtmpfs; do
		mount -t $t x /mnt && echo "mounted $t"; done 2>/dev/null
	mount -o remount,bind,rw /proc/sys 2>/dev/null && echo "proc/sys writable"
	mount -o remount,bind,rw /sys 2>/dev/null && echo "sys writable"
	unshare -p -f --mount-proc true 2>/dev/null && echo "fresh proc"
	mknod /tmp/c c 1 3 2>/dev/null && echo "made a device"
	date -s 2020-01-01 >/dev/null 2>&1 && date | grep 2020
	dmesg >/dev/null 2>&1 && echo "read the kernel log"
	(echo 1 >/proc/sys/kernel/panic) 2>/dev/null && echo "wrote kernel.panic"
	(echo max >/sys/fs/cgroup/pids.max) 2>/dev/null && echo "lifted pids.max"
	chattr -p 9 /root 2>/dev/null && echo "changed its project"
	[ -s /proc/kcore ] || [ -s /proc/timer_list ] || [ -n "$(ls /sys/firmware)" ] && echo "sees the machine"
	perl -e "for (101, 175, 246, 298, 321, 323, 250, 304, 425) { next if $_ == 101; syscall(\$_, 0, 0, 0, 0, 0) < 0 or print qq(call \$_ went through\n) }"
	perl -e "for (40, 38, 31, 44) { syscall(41, \$_, 1, 0) < 0 or print qq(family \$_ opened\n) }"
	grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status | tr -d "\t" | paste -sd" "'
	assert_out $'NoNewPrivs:0 Seccomp:2\nstatus=0'
}

@test "it sends from its own addresses only" {
	on cat /sys/class/net/sxps7/address
	inside "ip neigh replace 169.254.0.1 lladdr $out dev eth0 nud permanent
		ip addr add 198.51.100.9/32 dev eth0
		ping -c2 -W1 -I 198.51.100.9 192.0.2.11 >/dev/null && echo through
		ip addr del 198.51.100.9/32 dev eth0; ip neigh del 169.254.0.1 dev eth0"
	assert_out status=0
	call ps.limits name=alpha
	[[ $out =~ resource=\"addresses\"[^}]*failures=2\ enforced_by=\"nftables\" ]] || seen addresses
}

@test "commands give output, errors and status apart; nothing goes in but the streams" {
	call ps.exec name=alpha argv=sh argv=-c 'argv==echo right; echo wrong >&2; exit 7'
	assert_out $'right\nstatus=7'
	assert_err wrong
	call ps.exec name=alpha argv=no-such-command
	assert_out status=127
	assert_err "sxc: no-such-command: No such file or directory"
	call ps.exec name=alpha
	assert_status 2
	call ps.exec name=nobody argv=true
	assert_status 3
	# nothing but the streams goes in, and nothing stays behind
	inside 'ls /proc/self/fd | paste -sd" "; cat /proc/self/cgroup'
	[[ $out == $'0 1 2 3\n0::/sxc-'*$'\nstatus=0' ]] || seen descriptors
	on sh -c 'ls /sys/fs/cgroup/sxc.slice/sxc-ps@alpha.service | grep -c ^sxc-'
	assert_out 0
}

@test "a terminal comes from the private server's own devpts" {
	call ps.enter name=alpha rows=30 cols=100 term=xterm argv=sh argv=-c \
		'argv==tty; stty size; echo $TERM; ls /dev/pts | paste -sd" "; exit 5'
	[[ ${out//$'\r'/} == $'/dev/pts/0\n30 100\nxterm\n0 ptmx\nstatus=5' ]] || seen terminal
}

@test "bounds change while it runs" {
	call ps.set name=alpha cpu=1500 cpu_max=5000 memory=100663296 procs=80 net=10000000
	assert_status 0
	on sh -c 'cd /sys/fs/cgroup/sxc.slice/sxc-ps@alpha.service && cat cpu.weight cpu.max memory.max pids.max
		tc class show dev eth0 | grep -o "1:10 .*rate 10Mbit ceil 100Mbit" | cut -d" " -f1'
	assert_out $'1500\n100000 100000\n100663296\n80\n1:10'
	call ps.set name=alpha cpu=10001
	assert_status 2
	call ps.set name=alpha net=95000000
	assert_status 7
}

@test "a reboot inside restarts it, a power-off inside stops it" {
	call ps.list
	local before=${out#*pid=}
	before=${before%% *}
	inside 'systemctl reboot'
	on timeout 60 sh -c "until p=\$(cat /run/sxc/alpha.pid 2>/dev/null) && [ \"\$p\" != $before ]; do sleep 0.5; done"
	assert_status 0
	call ps.start name=alpha timeout=120
	assert_status 0
	inside 'systemctl poweroff'
	on timeout 60 sh -c 'until [ "$(systemctl is-active sxc-ps@alpha)" = inactive ]; do sleep 0.5; done; sleep 3
		systemctl is-active sxc-ps@alpha'
	assert_out inactive
	on sh -c 'ip -br link | grep -c sxps; ip neigh show proxy | wc -l; tc class show dev eth0 | grep -c "1:10 "
		nft list table inet sxc | grep -c sxps7; ls /sys/fs/cgroup/sxc.slice | grep -c alpha'
	assert_out $'0\n0\n0\n0\n0'
}

@test "a kill of its init restarts it; stop and restart end it gracefully" {
	call ps.start name=alpha timeout=120
	on sh -c 'p=$(cat /run/sxc/alpha.pid); kill -9 $p; n=0
		until q=$(cat /run/sxc/alpha.pid 2>/dev/null) && [ $q != $p ]; do n=$((n+1)); [ $n -lt 120 ] || exit 1; sleep 0.5; done'
	assert_status 0
	call ps.restart name=alpha timeout=60
	assert_status 0
	call ps.stop name=alpha timeout=60
	assert_status 0
	call ps.exec name=alpha argv=true
	assert_status 5
	assert_err "sxc-agent: private server alpha is not running"
	call ps.stop name=alpha
	assert_status 0
}

@test "a launch that cannot succeed says why and leaves nothing running" {
	on sh -c 'mknod /var/lib/sxc/ps/alpha/layer/upper/sbin c 0 0'
	call ps.start name=alpha
	assert_status 1
	assert_err "sxc-agent: starting alpha: /sbin/init inside: No such file or directory"
	on sh -c 'rm /var/lib/sxc/ps/alpha/layer/upper/sbin; systemctl is-active sxc-ps@alpha; ip -br link | grep -c sxps'
	[[ $out == *ed$'\n'0 || $out == inactive$'\n'0 ]] || seen "still something running"
}

@test "what ran comes back after the server's reboot, what was stopped does not" {
	call ps.create name=beta id=8 "image==$digest" uid_base=1000079360
	assert_status 0
	call ps.start name=alpha
	assert_status 0
	call ps.start name=beta
	assert_status 0
	call ps.stop name=beta timeout=60
	assert_status 0
	on systemctl reboot
	sleep 5
	timeout 400 bash -c "until '$lab' ssh 1 'systemctl is-active sxc-ps@alpha' 2>/dev/null | grep -qx active; do sleep 2; done"
	call ps.list
	[[ $out == *'name="alpha" id=7 state="running"'* ]] || seen alpha
	[[ $out == *'name="beta" id=8 state="stopped"'* ]] || seen beta
	inside 'stat -c %u /root/made'
	assert_out $'1000\nstatus=0'
}

@test "where the kernel module is loaded it holds the addresses and gives the views" {
	[ -f "$top/kmod/sxps.ko" ] || skip "kmod/sxps.ko is not built"
	"$lab" ssh 1 'cat >/root/sxps.ko && modprobe configfs && insmod /root/sxps.ko' <"$top/kmod/sxps.ko"
	call ps.create name=gamma id=9 "image==$digest" uid_base=1000144896 address=198.51.100.9 \
		memory=100663296 link=100000000
	assert_status 0
	call ps.start name=gamma timeout=120
	assert_status 0
	call ps.limits name=gamma
	[[ $out =~ resource=\"addresses\"[^}]*enforced_by=\"sxps\" ]] || seen addresses
	[[ $out =~ resource=\"sessions\"[^}]*enforced_by=\"nothing\" ]] || seen sessions
	call ps.exec name=gamma argv=sh argv=-c 'argv==grep MemTotal /proc/meminfo; umount /proc/meminfo 2>/dev/null
		ping -c1 -W5 192.0.2.1 >/dev/null && echo through'
	assert_out $'MemTotal:          98304 kB\nthrough\nstatus=0'
	run_split "$lab" exec timeout 20 bash -c 'exec 3<>/dev/tcp/198.51.100.9/22; head -c 4 <&3'
	assert_out SSH-
	call ps.remove name=gamma id=9
	assert_status 0
	on sh -c 'ls -d /sys/kernel/config/sxps/*/; rmmod sxps; dmesg | grep -E "BUG|WARNING|Oops"'
	assert_out ""
}

@test "removal leaves nothing" {
	call image.remove "digest==$digest"
	assert_status 6
	call ps.remove name=alpha id=9
	assert_status 5
	call ps.remove name=alpha id=7
	assert_status 0
	call ps.remove name=alpha id=7
	assert_status 0
	call ps.remove name=beta id=8
	assert_status 0
	call image.remove "digest==$digest"
	assert_status 0
	on sh -c 'ls -A /var/lib/sxc/ps /var/lib/sxc/images | grep -v :$ | grep .
		ls /run/sxc | grep -vE "lock$|^module.err$"
		ls /etc/systemd/system.control /run/systemd/system.control 2>/dev/null | grep sxc-ps
		find /etc/systemd/system -name "sxc-ps@?*" | grep -v "sxc-ps@.service"
		ls /sys/fs/cgroup/sxc.slice | grep sxc-ps
		systemctl list-units --all --plain --no-legend "sxc-ps@*"
		ip -br link | grep sxps; ip neigh show proxy; ip -6 neigh show proxy
		ip route | grep sxps; nft list ruleset | grep elements; tc class show dev eth0 | grep "1:1[0-9]"
		repquota -Pn / | grep -E "^#(7|8) "; true'
	assert_out ""
}

@test "the server forgets it all" {
	call server.retire
	assert_status 0
	on sh -c 'ls -d /var/lib/sxc /run/sxc /usr/lib/sxc 2>/dev/null; ls /etc/systemd/system | grep sxc
		nft list tables; tc qdisc show dev eth0 | grep htb; systemctl list-units --all --plain --no-legend "sxc*"'
	assert_out ""
}
