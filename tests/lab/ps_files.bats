#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is in private servers, and what is changed of them while they run: backups, snapshots, another
# image, names and addresses; what was done behind our back, and how they end. On a lab server,
# through sxc. Each test goes on where the one before it ended.

load ../helper

setup_file() {
	export LAB=$TOP/tests/lab/lab SXC_LAB_DIR=${SXC_LAB_DIR:-/run/sxc-lab-ps-files}
	[ "$(id -u)" = 0 ] || skip "needs root"
	"$LAB" up 1 >&2
	export SXC_HOME=$BATS_FILE_TMPDIR/home
	"$SXC" init --rehearsal >&2
	"$SXC" config set server.timeout 120 >&2
	"$LAB" password >"$BATS_FILE_TMPDIR/password"
	"$LAB" exec "$SXC" server add "$("$LAB" address 1)" --name s1 --link-rate 100mbit \
		--password-file "$BATS_FILE_TMPDIR/password" --host-key "$("$LAB" hostkey 1)" >&2
	"$SXC" image add debian-12 "$("$LAB" rootfs)" >&2
	"$SXC" ip add 198.51.100.0/24 >&2
	"$SXC" ip add 2001:db8::100/120 >&2
	"$LAB" exec "$SXC" ps add shop --memory 128M --disk 128M >&2
}

teardown_file() {
	[ "$(id -u)" != 0 ] || "$LAB" down >&2
}

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	export SXC_HOME=$BATS_FILE_TMPDIR/home
	cd "$BATS_FILE_TMPDIR" || return
}

sxc_lab() { run_split "$LAB" exec "$SXC" --yes "$@"; }

inside() { sxc_lab ps exec "$1" -- sh -c "$2"; }

on() { run_split "$LAB" ssh 1 "$@"; }

# Everything a backup must bring back, of one private server.
tree() {
	inside "$1" 'cd / && find root home srv opt usr/local -xdev -printf "%p %y %m %U %G %s %n %l\n" | sort
		cat root/a; getcap root/ping usr/bin/ping; ls usr/bin/apt-cache usr/share/doc 2>&1 | sort
		[ $(du -k root/sparse | cut -f1) -lt 64 ] && echo sparse'
}

@test "a backup is the tree as it shows inside, and comes back as another private server" {
	inside shop 'echo hello >/root/a; ln /root/a /root/b; truncate -s 50M /root/sparse
		echo x | dd of=/root/sparse bs=1M seek=20 conv=notrunc 2>/dev/null
		chown 1000:1000 /root/a; rm -r /usr/bin/apt-cache /usr/share/doc; mkfifo /root/f
		cp /usr/bin/true /root/ping; setcap cap_net_raw=ep /root/ping; ln -s /etc/shadow /root/l'
	assert_status 0
	tree shop
	assert_status 0
	local first=$out
	[[ $first == *"cap_net_raw=ep"*sparse* ]] || seen "not made"
	sxc_lab ps backup shop --to shop.sxb --columns ps,file
	assert_status 0
	assert_out $'ps\tfile\nshop\tshop.sxb'
	zstd -dcq shop.sxb >shop.tar
	run_split tar -tf shop.tar --wildcards 'root/usr/share/doc' 'root/usr/bin/apt-cache' '*/.wh.*'
	assert_out ""
	tar -xOf shop.tar sxc-backup.json | jq -e '.name == "shop" and .bounds.disk == 134217728'
	on 'cat /sys/fs/cgroup/sxc.slice/sxc-ps@shop.service/cgroup.freeze; ls -A /var/lib/sxc/ps'
	assert_out $'0\nshop'
	sxc_lab ps restore copy --from shop.sxb
	assert_ok "private server copy made from shop.sxb"
	tree copy
	assert_out "$first"
	sxc_lab ps show copy --columns state,disk,addresses
	assert_out $'state\tdisk\taddresses\nrunning\t134217728\t198.51.100.2 2001:db8::102'
}

@test "a backup that is cut short or finds no room leaves nothing" {
	mkdir full
	mount -t tmpfs -o size=1m none full
	sxc_lab ps backup shop --to full/x.sxb
	local state=$status said=$err
	run_split ls -A full
	umount full
	[ "$state" = 7 ] || seen "status $state: $said"
	assert_out ""
	"$LAB" exec timeout -s KILL 6 "$SXC" ps backup shop --to killed.sxb || true
	[ ! -e killed.sxb ]
	inside shop true
	assert_status 0
	sxc_lab ps backup copy --to killed.sxb --columns ps
	assert_status 0
	assert_out $'ps\ncopy'
	[ ! -e killed.sxb.part ]
}

@test "a restore over one that is there brings its files back, or leaves it as it is" {
	inside copy 'echo other >/root/a; rm /root/ping /root/sparse; echo new >/root/new'
	sxc_lab ps restore copy --from shop.sxb
	assert_ok "private server copy restored"
	inside copy 'cat /root/a; ls /root'
	assert_out $'hello\na\nb\nf\nl\nping\nsparse'
	sxc_lab ps stop copy
	sxc_lab ps set copy --disk 16M
	assert_status 0
	inside shop 'head -c 30000000 /dev/urandom >/root/big'
	sxc_lab ps backup shop --to big.sxb -q
	inside shop 'rm /root/big'
	sxc_lab ps restore copy --from big.sxb
	[[ $status = 7 && $err == *"its disk bound is 16 MiB"* ]] || seen "not refused"
	sxc_lab ps start copy
	inside copy 'cat /root/a; ls /root | wc -l'
	assert_out $'hello\n6'
	sxc_lab ps remove copy
	assert_status 0
}

@test "snapshots keep and bring back, within the disk bound" {
	sxc_lab ps snapshot add shop one
	assert_ok "snapshot one of shop made"
	inside shop 'echo changed >/root/a; rm /root/ping'
	sxc_lab ps snapshot add shop one
	assert_status 4
	sxc_lab ps snapshot restore shop one
	assert_ok "private server shop is as in one"
	inside shop 'cat /root/a; getcap /root/ping'
	assert_out $'hello\n/root/ping cap_net_raw=ep'
	inside shop 'head -c 80000000 /dev/zero >/root/big'
	sxc_lab ps snapshot add shop two
	[[ $status = 7 && $err == *"the copy takes more than"* ]] || seen "not refused"
	inside shop 'rm /root/big'
	sxc_lab ps snapshot list shop --columns snapshot,image
	assert_ok $'snapshot\timage\none\tdebian-12'
	sxc_lab ps snapshot remove shop one
	assert_ok "snapshot one of shop removed"
}

@test "names and addresses change while it runs" {
	ssh-keygen -q -t ed25519 -N '' -f key
	sxc_lab ps set shop --hostname shop.example --ip auto --ip 2001:db8::199 --key key.pub \
		--resolver 192.0.2.53
	assert_ok "private server shop set"
	inside shop 'hostname; grep -c shop.example /etc/hosts; cat /etc/resolv.conf
		cut -d" " -f2 /root/.ssh/authorized_keys; ip -o addr show eth0 | grep -c "198.51.100.\|:199/128"'
	assert_out $'shop.example\n4\nnameserver 192.0.2.53\n'"$(cut -d' ' -f2 key.pub)"$'\n3'
	local a
	for a in 198.51.100.1 198.51.100.2 2001:db8::199; do
		run_split "$LAB" exec timeout 20 bash -c "exec 3<>/dev/tcp/$a/22; head -c 4 <&3"
		assert_out SSH-
	done
	sxc_lab ps set shop --drop-ip 198.51.100.2 --drop-ip 2001:db8::199
	assert_status 0
	run_split "$LAB" exec timeout 5 bash -c "exec 3<>/dev/tcp/198.51.100.2/22"
	[ "$status" != 0 ]
	on 'ip route | grep -c 198.51.100.2; ip neigh show proxy | grep -c 198.51.100.2
		nft list table inet sxc | grep -c 198.51.100.2'
	assert_out $'0\n0\n0'
	inside shop 'head -c 60000000 /dev/zero >/root/big'
	sxc_lab ps set shop --disk 32M
	[[ $status = 7 && $err == *"disk of 32 MiB is less than the "*" MiB it holds"* ]] ||
		seen "not refused"
	sxc_lab ps show shop --columns disk
	assert_out $'disk\n134217728'
	inside shop 'rm /root/big'
}

@test "rebuilt on another version of its image, and back" {
	mkdir root
	zstd -dcq "$("$LAB" rootfs)" | tar -x --numeric-owner -C root
	echo two >root/etc/sxc-two
	"$SXC" image add debian-12 root
	inside shop 'useradd -m ada; echo hi >/home/ada/x; chown ada /home/ada/x; touch /usr/local/gone'
	sxc_lab ps set shop --image debian-12
	assert_ok "private server shop set"
	inside shop 'cat /etc/sxc-two /root/a; stat -c %U /home/ada/x; ls /usr/local/gone 2>/dev/null
		ls /usr/bin/apt-cache; hostname'
	assert_out $'two\nhello\nada\n/usr/bin/apt-cache\nshop.example'
	sxc_lab ps show shop --columns image,image_version,previous_image
	assert_out $'image\timage_version\tprevious_image\ndebian-12\t2\tdebian-12=1'
	run_sxc -y image remove debian-12=1
	assert_refused 6 "image debian-12: private server shop can go back to version 1"
	sxc_lab ps set shop --revert
	assert_ok "private server shop set"
	inside shop 'ls /etc/sxc-two 2>/dev/null; ls /usr/local/gone; cat /root/a'
	assert_out $'/usr/local/gone\nhello'
	sxc_lab ps show shop --columns image_version,previous_image
	assert_out $'image_version\tprevious_image\n1\tdebian-12=2'
}

@test "top, log and limits tell how it is" {
	sxc_lab ps top --once --columns ps,server
	assert_ok $'ps\tserver\nshop\ts1'
	inside shop 'logger -t here "$(printf "a word\033[31m")"; sync'
	sxc_lab ps log shop --lines 20
	assert_status 0
	assert_out_has 'here'
	[[ $out != *$'\033'* ]] || seen "a control character"
	sxc_lab ps log shop --unit # the lab's servers keep no journal of their own
	assert_status 0
	sxc_lab ps limits shop --columns resource,enforced_by
	[[ $out == *$'inodes\tquota'* && $out == *$'memory\tcgroup'* ]] || seen limits
}

@test "what was done behind our back is found and mended" {
	on 'ip link del sxps1; echo max >/sys/fs/cgroup/sxc.slice/sxc-ps@shop.service/memory.max'
	sxc_lab check --columns object,finding
	assert_status 12
	assert_out $'object\tfinding\nshop\thas lost its network interface'
	sxc_lab check --repair --columns object,repair
	assert_status 0
	assert_out $'object\trepair\nshop\tmended'
	run_split "$LAB" exec timeout 20 bash -c "exec 3<>/dev/tcp/198.51.100.1/22; head -c 4 <&3"
	assert_out SSH-
	on cat /sys/fs/cgroup/sxc.slice/sxc-ps@shop.service/memory.max
	assert_out 134217728
	on 'mv /var/lib/sxc/images/[0-9a-f]*[0-9a-f] /root/ 2>/dev/null; rm -rf /root/[0-9a-f]*[0-9a-f]'
	sxc_lab check --columns finding
	assert_out $'finding\nhas lost its image on the server'
	sxc_lab check --repair --columns repair
	assert_out $'repair\nmended'
	sxc_lab check
	assert_status 0
	sxc_lab ps restart shop
	inside shop 'cat /root/a'
	assert_out hello
}

@test "reboots inside and crashes are counted, a power-off inside stays" {
	live() { sxc_lab ps show shop --live --columns live,restarts; }
	until_live() {
		local i
		for ((i = 0; i < 60; i++)); do
			live
			[ "$out" != $'live\trestarts\n'"$1" ] || return 0
			sleep 1
		done
		seen "never: $1"
	}
	until_live $'running\t0'
	on 'for i in $(seq 60); do kill -9 $(cat /run/sxc/shop.pid) && exit; sleep 1; done'
	until_live $'running\t1'
	inside shop 'for i in $(seq 60); do systemctl reboot 2>/dev/null && exit; sleep 1; done' || true
	until_live $'running\t2'
	inside shop 'for i in $(seq 60); do systemctl poweroff 2>/dev/null && exit; sleep 1; done' || true
	until_live $'off\t2'
	sxc_lab check --columns object,finding
	assert_out $'object\tfinding\nshop\tshould be running, but is off'
	on systemctl is-enabled sxc-ps@shop
	assert_out disabled
	sxc_lab ps start shop
	until_live $'running\t2'
}
