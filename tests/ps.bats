#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Private servers in the books: what is refused before any server is asked. tests/lab has the rest.

load helper

# A server nobody answers for, an image, a private server that runs and one that is stopped.
setup() {
	setup_home
	cd "$BATS_TEST_TMPDIR" || return
	sqlite3 "$SXC_HOME/sxc.db" <<-END
		PRAGMA foreign_keys = ON;
		INSERT INTO node_name VALUES ('s1', 'server'), ('a', 'ps'), ('b', 'ps');
		INSERT INTO server (name, state, host, port, user, host_key, host_key_type, cpus, memory,
			disk, quota, link_rate, created) VALUES ('s1', 'active', '127.0.0.1', 1, 'root',
			'SHA256:x', 'ssh-ed25519', 2, 4294967296, 42949672960, 1, 100000000, 0);
		INSERT INTO image (name, digest, size, unpacked, created)
			VALUES ('i', printf('%064d', 0), 1, 1, 0);
		INSERT INTO ps (name, server, image, state, hostname, uid_slot, cpu, memory, vm, disk, inodes,
			procs, created) SELECT column1, 1, 1, column2, column1, column3, 500, 134217728,
			268435456, 67108864, 8000, 100, 0
			FROM (VALUES ('a', 'running', 16), ('b', 'stopped', 17));
		INSERT INTO address_pool (cidr, family, first, last, purpose, created)
			VALUES ('198.51.100.0/24', 4, 1, 254, 'any', 0);
		INSERT INTO address (pool, n, ip, ps) VALUES (1, 1, '198.51.100.1', 1);
	END
}

@test "hostile, damaged and foreign backups are refused before anything is done" {
	local file why
	python3 "$TESTS/lib/hostile_backup.py" .
	while IFS=$'\t' read -r file why; do
		run_sxc -y ps restore a --from "$file"
		[ "$status" = 12 ] || [ "$file" = 07-newer.sxb ] || seen "$file: not refused as such"
		[[ $status != 0 && -z $out && $err == "sxc: "*"$why"* ]] || seen "$file: not: $why"
		run_sxc ps restore new --from "$file"
		[[ $status != 0 && -z $out && $err == "sxc: "*"$why"* ]] || seen "$file: not: $why"
	done <list
	[ "$(sql 'select count(*) from v_job')" = 0 ]
	[ "$(sql 'select count(*) from v_ps')" = 2 ]
	run_sxc -y -n ps restore a --from good.sxb
	assert_status 0
	run_sxc -n ps restore new --from good.sxb
	assert_status 0
	assert_out "dry run: private server new made from good.sxb"
}

@test "a restore asks first, and says what is missing" {
	python3 "$TESTS/lib/hostile_backup.py" .
	run_sxc ps restore a --from good.sxb
	assert_status 2
	assert_out ""
	run_sxc ps restore a
	assert_refused 2 "ps restore needs --from FILE"
	run_sxc ps restore a --from none.sxb --on s1
	assert_refused 4 "private server a exists already: only --from is for one that is there"
	run_sxc -y ps restore a --from none.sxb
	assert_refused 3 "none.sxb: No such file or directory"
	[ "$(sql 'select count(*) from v_job')" = 0 ]
}

@test "a backup that cannot be had leaves no file" {
	run_sxc ps backup a --to x.sxb
	assert_status 9
	assert_out ""
	[ "$(echo ./*.sxb*)" = './*.sxb*' ]
	run_sxc ps backup a --to missing/x.sxb
	assert_refused_like 1 "missing/x.sxb.part: No such file"
	run_sxc ps backup none
	assert_refused 3 "no private server named 'none'"
	run_sxc -n ps backup a
	assert_ok "would back private server a up"
}

@test "names of snapshots are checked" {
	local name
	for name in '' -a A a/b .. "$(printf 'a%.0s' {1..33})"; do
		run_sxc ps snapshot add a -- "$name"
		assert_refused_like 2 "is not a snapshot's name"
	done
	run_sxc ps snapshot restore a one
	assert_status 2
	[ "$(sql 'select count(*) from v_job')" = 0 ]
}

@test "an image added again with other contents is a new version, one in use stays" {
	mkdir -p root/sbin
	echo init >root/sbin/init
	run_sxc image add tiny root
	assert_ok "image tiny added"
	run_sxc image add tiny root
	assert_refused 4 "image tiny is that already, as version 1"
	echo more >root/more
	run_sxc image add tiny root
	assert_ok "image tiny added"
	run_sxc -o tsv image list --columns image,version,users
	assert_ok $'image\tversion\tusers\ni\t1\t2\ntiny\t1\t0\ntiny\t2\t0'
	run_sxc image show tiny=1 --columns version
	assert_ok $'version\n1'
	run_sxc image show tiny --columns version
	assert_ok $'version\n2'
	run_sxc image show tiny=3
	assert_status 3
	run_sxc image show tiny=x
	assert_status 2
	sqlite3 "$SXC_HOME/sxc.db" "UPDATE ps SET previous_image = 2 WHERE name = 'a'"
	run_sxc -y image remove tiny
	assert_refused 6 "image tiny: private server a can go back to version 1"
	run_sxc -y image remove tiny=2
	assert_ok "image tiny=2 removed"
	[ "$(find "$SXC_HOME/images" -name '*.zst' | wc -l)" = 1 ]
	run_sxc -y image remove i
	assert_refused 6 "image i: private server a was made from version 1"
}

@test "rebuilding wants an image, going back wants a way back" {
	run_sxc ps set a --image none
	assert_refused 3 "--image: no image named 'none'"
	run_sxc ps set a --image i --revert
	assert_refused 2 "--image and --revert exclude each other"
	run_sxc ps set a --revert
	assert_refused 5 "private server a was not rebuilt: there is no image to go back to"
}

@test "how they are is unknown where the server does not answer" {
	run_sxc ps list --live --columns ps,state,live,restarts
	assert_status 0
	assert_out $'ps\tstate\tlive\trestarts\na\trunning\tunknown\t\nb\tstopped\tunknown\t'
	assert_err_has "server s1"
	run_sxc ps show b --live --columns ps,live
	assert_status 0
	assert_out $'ps\tlive\nb\tunknown'
	run_sxc ps top --once
	assert_status 0
	assert_out_like '^ps.server.cpu.memory.procs.sent.received.disk.restarts$'
	run_sxc ps top --once --interval 0s
	assert_refused 2 "--interval is 1s to 1h"
	run_sxc ps log a --lines 0
	assert_refused 2 "--lines is 1 to 10000"
	run_sxc ps log a
	assert_refused_like 9 "server s1"
}

@test "names and addresses are checked before they are changed" {
	run_sxc ps set a --hostname 'no name'
	assert_refused 2 "'no name' is not a host name"
	run_sxc ps set a --resolver 192.0.2.1,nonsense
	assert_refused 2 "--resolver: 'nonsense' is not an IP address"
	run_sxc ps set a --ip 192.0.2.1
	assert_refused_like 3 "address 192.0.2.1 is in no pool"
	run_sxc ps set b --ip 198.51.100.1
	assert_refused 6 "address 198.51.100.1 is taken by a"
	run_sxc ps set a --ip auto6
	assert_refused 5 "no IPv6 pool serves that server"
	run_sxc ps set a --drop-ip 198.51.100.9
	assert_refused 3 "private server a has no address 198.51.100.9"
	echo nonsense >keys
	run_sxc ps set a --key keys
	assert_refused_like 2 "keys:1: not an SSH public key"
	[ "$(sql 'select count(*) from v_job')" = 0 ]
	[ "$(sql "select addresses from v_ps where ps = 'a'")" = 198.51.100.1 ]
	# taken with the intent, given back when that is cancelled
	run_sxc ps set a --ip auto
	assert_status 9
	[ "$(sql "select addresses from v_ps where ps = 'a'")" = "198.51.100.1 198.51.100.2" ]
}
