#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# sxc backup, sxc restore, and days on which the store is not as it should be.

load helper

setup() {
	setup_home
	db=$SXC_HOME/sxc.db
	backup=$BATS_TEST_TMPDIR/backup.db
	"$SXC" config set seller.name One
}

# Content of every table, to compare.
content() {
	sqlite3 "$1" .dump | grep -v "INTO \"\?audit\"\? VALUES" | sha256sum
}

# Stores in the home, but for the files that SQLite keeps beside one while it is in use.
stores() {
	find "$SXC_HOME" -maxdepth 1 -name 'sxc*' ! -name 'sxc.db-wal' ! -name 'sxc.db-shm' -printf '%f\n'
}

flip() { # file, offset: all bits of 64 bytes
	python3 - "$1" "$2" <<-'EOF'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2]))
		    old = f.read(64)
		    f.seek(int(sys.argv[2]))
		    f.write(bytes(b ^ 255 for b in old))
	EOF
}

in_namespace() { # shell text, run as root with mounts of its own
	[ "$(id -u)" = 0 ] || skip "needs root"
	run_split unshare -m bash -c "mount --make-rprivate / && $1"
}

@test "backup and restore give back what was there" {
	run_sxc backup "$backup"
	assert_ok
	assert_out_like "^backup written to $backup \([0-9.]+[KM]\)$"
	[ "$(stat -c %a "$backup")" = 600 ]
	[ "$(sqlite3 "$backup" "pragma journal_mode; pragma integrity_check" | tr '\n' ' ')" = "delete ok " ]
	then=$(content "$db")
	[ "$then" = "$(content "$backup")" ]
	"$SXC" config set seller.name Two
	sum=$(sha256sum <"$backup")
	run_sxc restore "$backup" -y
	assert_ok
	assert_out_like "^restored from $backup; what was there is kept as $db.replaced-2026-01-15T10:00:00Z$"
	[ "$then" = "$(content "$db")" ]
	[ "$sum" = "$(sha256sum <"$backup")" ]
	[ "$(sqlite3 "$db.replaced-2026-01-15T10:00:00Z" "select value from config")" = Two ]
	run_sxc config get seller.name
	assert_ok One
	run_sxc audit list --limit 1 -c what,object --no-header
	assert_ok $'restore\t'"$backup"
	run_sxc audit verify
	assert_ok "3 rows, each fits the one before it"
	[ ! -e "$db.restore" ]
}

@test "a second restore keeps both replaced stores" {
	"$SXC" backup "$backup"
	"$SXC" restore "$backup" -y
	run_sxc restore "$backup" -y
	assert_ok
	assert_out_has "$db.replaced-2026-01-15T10:00:00Z.1"
	[ -s "$db.replaced-2026-01-15T10:00:00Z" ]
}

@test "backup never overwrites" {
	printf mine >"$backup"
	run_sxc backup "$backup"
	assert_refused 4 "$backup exists already"
	[ "$(cat "$backup")" = mine ]
	run_sxc backup "$BATS_TEST_TMPDIR/no/such/place"
	assert_refused_like 1 "no/such/place.*No such file or directory"
	run_sxc backup "$BATS_TEST_TMPDIR"
	assert_refused 4 "$BATS_TEST_TMPDIR exists already"
}

@test "a backup while others write is of one instant" {
	for i in $(seq 20); do "$SXC" config set seller.name "name $i"; done &
	run_sxc backup "$backup"
	assert_ok
	wait
	run_sxc restore -n "$backup"
	assert_ok "would restore $backup, which is sound"
}

@test "restore asks, and without a terminal is refused" {
	"$SXC" backup "$backup"
	run_sxc restore "$backup"
	assert_refused_like 2 "replace the store by $backup\?.*-y"
	[ ! -e "$db.replaced-2026-01-15T10:00:00Z" ]
}

@test "restore -n only checks" {
	"$SXC" backup "$backup"
	before=$(sha256sum <"$db")
	run_sxc restore "$backup" -n
	assert_ok "would restore $backup, which is sound"
	[ "$before" = "$(sha256sum <"$db")" ]
	[ "$(stores)" = sxc.db ]
}

# Each must leave the store as it is.
refuses() { # status, regular expression
	local before
	before=$(sha256sum <"$db")
	run_sxc restore "$backup" -y
	assert_refused_like "$1" "$2"
	[ "$before" = "$(sha256sum <"$db")" ]
	[ "$(stores)" = sxc.db ] || { ls "$SXC_HOME"; false; }
}

@test "restore refuses what is no sound backup" {
	"$SXC" backup "$BATS_TEST_TMPDIR/good.db"
	refuses 3 "no backup $backup"
	mkdir "$backup"
	refuses 2 "$backup is not a file"
	rmdir "$backup"
	: >"$backup"
	refuses 12 "$backup is empty"
	head -c 5000 /dev/urandom >"$backup"
	refuses 12 "backup $backup"
	head -c 9000 "$BATS_TEST_TMPDIR/good.db" >"$backup"
	refuses 12 "backup $backup"
	sqlite3 "$BATS_TEST_TMPDIR/other.db" "create table t (a)"
	cp "$BATS_TEST_TMPDIR/other.db" "$backup"
	refuses 12 "is not a database of sxc"
	cp "$BATS_TEST_TMPDIR/good.db" "$backup"
	sqlite3 "$backup" "pragma user_version = 9999"
	refuses 12 "version 9999"
	cp "$BATS_TEST_TMPDIR/good.db" "$backup"
	sqlite3 "$backup" "drop trigger audit_keeps; update audit set login = 'x' where id = 1"
	refuses 12 "audit log: row 1"
	cp "$BATS_TEST_TMPDIR/good.db" "$backup"
	printf x >"$backup-wal"
	refuses 12 "store in use"
}

@test "restore finds a page that was damaged" {
	"$SXC" backup "$backup"
	pages=$(($(stat -c %s "$backup") / 4096))
	for page in $(seq 1 9 $((pages - 1))); do
		cp "$backup" "$BATS_TEST_TMPDIR/bad.db"
		flip "$BATS_TEST_TMPDIR/bad.db" $((page * 4096))
		run_sxc restore -n "$BATS_TEST_TMPDIR/bad.db"
		assert_refused_like 12 "backup $BATS_TEST_TMPDIR/bad.db"
	done
}

@test "restore tells a rehearsal from real books" {
	env -u SXC_NOW SXC_HOME="$BATS_TEST_TMPDIR/real" "$SXC" init
	env -u SXC_NOW SXC_HOME="$BATS_TEST_TMPDIR/real" "$SXC" backup "$backup"
	refuses 5 "the backup is of a real control center, this is a rehearsal one"
}

@test "restore repairs a store that is damaged, empty or gone" {
	"$SXC" backup "$backup"
	then=$(content "$db")
	head -c 3000 /dev/urandom >"$db"
	run_sxc config list
	assert_refused_like 12 "database $db"
	run_sxc restore "$backup" -y
	assert_ok
	[ "$then" = "$(content "$db")" ]
	: >"$db"
	run_sxc restore "$backup" -y
	assert_ok
	[ "$then" = "$(content "$db")" ]
	rm "$db"
	printf 'the log of another store' >"$db-wal"
	run_sxc restore "$backup" -y
	assert_ok "restored from $backup"
	[ "$then" = "$(content "$db")" ]
	run_sxc audit verify
	assert_ok
}

@test "restore wants a home" {
	"$SXC" backup "$backup"
	SXC_HOME=$BATS_TEST_TMPDIR/nowhere run_sxc restore "$backup" -y
	assert_refused_like 3 "no control center at $BATS_TEST_TMPDIR/nowhere"
	[ ! -e "$BATS_TEST_TMPDIR/nowhere" ]
}

# ---- days on which the store is not as it should be ----

@test "a store that is no store is refused and never written" {
	for bad in empty random text newer other; do
		cp "$db" "$BATS_TEST_TMPDIR/good.db"
		case $bad in
		empty) : >"$db" ;;
		random) head -c 20000 /dev/urandom >"$db" ;;
		text) echo "not a database, however long this text goes on" >"$db" ;;
		newer) sqlite3 "$db" "pragma user_version = 9999" ;;
		other) rm "$db" && sqlite3 "$db" "create table t (a)" ;;
		esac
		before=$(sha256sum <"$db")
		for command in "config list" "config set seller.name Two" "backup $backup" "audit verify"; do
			# shellcheck disable=SC2086
			run_sxc $command
			assert_refused_like 12 "$db"
		done
		[ "$before" = "$(sha256sum <"$db")" ] || { echo "$bad was written"; false; }
		[ ! -e "$backup" ]
		cp "$BATS_TEST_TMPDIR/good.db" "$db"
	done
}

@test "a directory in place of the store is refused" {
	rm "$db"
	mkdir "$db"
	for command in "config list" "config set seller.name Two"; do
		# shellcheck disable=SC2086
		run_sxc $command
		assert_refused 12 "$db is not a file"
	done
	[ -d "$db" ]
}

@test "damage inside is found when it is met, and by verify" {
	for i in $(seq 40); do "$SXC" config set seller.name "$(printf '%0180d' "$i")"; done
	root=$(sqlite3 "$db" "select rootpage from sqlite_schema where name = 'audit'")
	flip "$db" $(((root - 1) * 4096))
	run_sxc audit verify
	assert_refused_like 12 "database $db is damaged"
	run_sxc config set seller.name Two
	assert_refused_like 12 "database $db is damaged"
	assert_err_has "sxc restore"
}

@test "a locked store is waited for, then refused" {
	exec {locker}> >(sqlite3 "$db" 2>"$BATS_TEST_TMPDIR/locker")
	echo "begin immediate; insert into config values ('x', 'y');" >&"$locker"
	sleep 0.3
	start=$(date +%s)
	run_sxc config set seller.name Two
	took=$(($(date +%s) - start))
	assert_refused 11 "database $db is locked by another run, try again"
	[ "$took" -ge 4 ] && [ "$took" -le 8 ] || { echo "took $took s"; false; }
	# Readers are not held up by a writer.
	run_sxc config get seller.name
	assert_ok One
	run_sxc backup "$backup"
	assert_ok
	echo "rollback;" >&"$locker"
	exec {locker}>&-
	run_sxc config set seller.name Two
	assert_ok "seller.name set"
}

@test "restore is refused while another run writes" {
	"$SXC" backup "$backup"
	exec {locker}> >(sqlite3 "$db")
	echo "begin immediate; insert into config values ('x', 'y');" >&"$locker"
	sleep 0.3
	run_sxc restore "$backup" -y
	assert_refused_like 11 "locked by another run"
	echo "rollback;" >&"$locker"
	exec {locker}>&-
	run_sxc config get seller.name
	assert_ok One
	[ ! -e "$db.restore" ]
}

@test "a store that cannot be written is still read" {
	in_namespace "mount --bind '$SXC_HOME' '$SXC_HOME' &&
		mount -o remount,bind,ro '$SXC_HOME' && '$SXC' config get seller.name"
	assert_ok One
	in_namespace "mount --bind '$SXC_HOME' '$SXC_HOME' &&
		mount -o remount,bind,ro '$SXC_HOME' && '$SXC' config set seller.name Two"
	assert_refused_like 8 "$db"
	run_sxc config get seller.name
	assert_ok One
}

@test "another user's store is refused" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	chmod 711 "$BATS_TEST_TMPDIR"
	run_split setpriv --reuid 65534 --regid 65534 --clear-groups "$SXC" config list
	[ "$status" != 0 ] || seen "status 0"
	assert_refused_like 8 "$db"
}

@test "a full disk changes nothing: the store" {
	in_namespace "mkdir '$BATS_TEST_TMPDIR/small' && mount -t tmpfs -o size=1M none '$BATS_TEST_TMPDIR/small' &&
		cp -r '$SXC_HOME' '$BATS_TEST_TMPDIR/small/home' &&
		export SXC_HOME='$BATS_TEST_TMPDIR/small/home' &&
		'$SXC' config set seller.name Before >/dev/null &&
		{ cat /dev/zero >'$BATS_TEST_TMPDIR/small/fill' 2>/dev/null;
		'$SXC' config set seller.name After; status=\$?;
		rm '$BATS_TEST_TMPDIR/small/fill';
		'$SXC' config get seller.name >&2; '$SXC' audit verify >&2; exit \$status; }"
	[ "$status" = 7 ] || seen "status"
	[ -z "$out" ] || seen "stdout"
	assert_err_like "^sxc: database [^ ]*/sxc.db: the disk is full, nothing was changed
Before
3 rows"
}

@test "a full disk changes nothing: the backup" {
	in_namespace "mkdir '$BATS_TEST_TMPDIR/small' && mount -t tmpfs -o size=100k none '$BATS_TEST_TMPDIR/small' &&
		'$SXC' backup '$BATS_TEST_TMPDIR/small/b.db'; status=\$?; ls '$BATS_TEST_TMPDIR/small'; exit \$status"
	assert_refused_like 7 "backup to .*full"
}
