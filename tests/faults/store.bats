#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every call that changes the disk is made to fail in turn, once with a full disk (that call and all
# behind it), once with a bad one (that call alone). Whatever the command says must be true: either
# it did everything, or nothing, and said in one line why.
# Long walks take every FAULT_STEP-th call behind the first 60; FAULT_STEP=1 takes them all.

load ../helper

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR"
	cc -shared -fPIC -O1 -D_GNU_SOURCE -o "$BATS_FILE_TMPDIR/fail.so" \
		"$BATS_TEST_DIRNAME/fail.c" -ldl
}

setup() {
	setup_home
	"$SXC" account add acme --email ops@example.com
	printf 'an attachment' >"$BATS_TEST_TMPDIR/a.txt"
	# In memory where there is such a place: a walk is hundreds of homes.
	place=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
	calm=$place/calm
	mv "$SXC_HOME" "$calm"
	SXC_HOME=$place/home
	mark=$place/mark
}

teardown() {
	rm -rf "$place"
}

fresh() {
	rm -rf "$SXC_HOME" "$mark"
	cp -a "$calm" "$SXC_HOME"
}

# Everything the store holds, as the next command finds it, but for times of the real clock; it must
# be sound.
settled() {
	sqlite3 "$SXC_HOME/sxc.db" "pragma integrity_check" "pragma foreign_key_check" .dump |
		sed -E "/INSERT INTO \"?audit\"? VALUES/s/\([0-9]+,[0-9]+,.*/(row)/" >"$place/content"
	[ "$(head -n 1 "$place/content")" = ok ] || seen "the store is damaged"
	cksum <"$place/content"
}

# The home holds what init makes, what SQLite keeps beside an open store, and the names given.
no_litter() { # where, glob of more names allowed
	local file
	for file in "$SXC_HOME"/*; do
		# shellcheck disable=SC2254
		case ${file##*/} in
		sxc.db | sxc.db-wal | sxc.db-shm | keys | packages | images | cache | run | $2) ;;
		*) seen "$1: left behind: $file" ;;
		esac
	done
}

# Walk N = 1… over a command. judge is called after each run with where it failed; it finds the
# contents before and after in $before and $after.
walk() { # ENOSPC|EIO, judge, command…
	local with=$1 judge=$2 n=0 where failures=0
	shift 2
	fresh
	before=$(settled)
	fresh
	run_sxc "$@"
	assert_status 0
	after=$(settled)
	while n=$((n + 1)); do
		fresh
		FAIL_UNDER=$SXC_HOME FAIL_AT=$n FAIL_WITH=$with FAIL_MARK=$mark \
			LD_PRELOAD=$BATS_FILE_TMPDIR/fail.so run_sxc "$@"
		[ -e "$mark" ] || break
		where="call $n, $(cat "$mark") fails with $with"
		"$judge" "$where"
		[ "$status" = 0 ] || failures=$((failures + 1))
		[ "$n" -lt 2000 ]
		[ "$n" -lt 60 ] || n=$((n + ${FAULT_STEP:-13} - 1))
	done
	[ "$status" = 0 ] || seen "no call failed, and yet"
	[ "$failures" -ge 5 ] || seen "only $failures of $n calls made it fail"
}

# One line on stderr, the right status for a full disk.
told() {
	[[ $err == sxc:\ * && $err != *$'\n'* ]] || seen "$1: not one line on stderr"
	[ -z "$out" ] || seen "$1: said on stdout that it was done"
	[ "$status" = 1 ] || [ "$status" = 7 ] || seen "$1: status"
}

# A change of the store.
all_or_nothing() {
	if [ "$status" = 0 ]; then
		[ "$(settled)" = "$after" ] || seen "$1: said it was done, it is not"
		"$SXC" audit verify >/dev/null || seen "$1: the audit log is broken"
	else
		told "$1"
		[ "$(settled)" = "$before" ] || seen "$1: said it failed, and changed something"
	fi
	no_litter "$1"
}

# A file is written, the store stays.
file_or_nothing() {
	[ "$(settled)" = "$before" ] || seen "$1: the store changed"
	if [ "$status" = 0 ]; then
		"$SXC" restore -n "$SXC_HOME/backup.db" >/dev/null || seen "$1: not a sound backup"
		no_litter "$1" backup.db
	else
		told "$1"
		no_litter "$1"
	fi
}

# The content is the old one or that of the backup, the old store is kept when it was replaced.
restored_or_not() {
	local now
	settled >/dev/null
	now=$(sqlite3 "$SXC_HOME/sxc.db" "select value from config where key = 'seller.name'")
	if [ "$status" = 0 ]; then
		[ "$now" = Backup ] || seen "$1: said it was restored, it is not"
		[ "$(sqlite3 "$SXC_HOME"/sxc.db.replaced-*Z "select value from config")" = Live ] ||
			seen "$1: the replaced store was not kept"
	else
		told "$1"
		[ "$now" = Live ] || seen "$1: said it failed, and restored"
	fi
	no_litter "$1" "sxc.db.replaced-*Z"
}

@test "config set, disk full" {
	walk ENOSPC all_or_nothing config set seller.name Example
}

@test "config set, disk bad" {
	walk EIO all_or_nothing config set seller.name Example
}

@test "account add, disk full" {
	walk ENOSPC all_or_nothing account add second --email second@example.com
}

@test "account add, disk bad" {
	walk EIO all_or_nothing account add second --email second@example.com
}

@test "ticket open, disk full" {
	walk ENOSPC all_or_nothing ticket open --account acme -s Subject --body Body \
		--attach "$BATS_TEST_TMPDIR/a.txt"
}

@test "ticket open, disk bad" {
	walk EIO all_or_nothing ticket open --account acme -s Subject --body Body \
		--attach "$BATS_TEST_TMPDIR/a.txt"
}

@test "backup, disk full" {
	walk ENOSPC file_or_nothing backup "$SXC_HOME/backup.db"
}

@test "backup, disk bad" {
	walk EIO file_or_nothing backup "$SXC_HOME/backup.db"
}

with_backup() {
	SXC_HOME=$calm "$SXC" config set seller.name Backup
	SXC_HOME=$calm "$SXC" backup "$BATS_TEST_TMPDIR/backup.db"
	SXC_HOME=$calm "$SXC" config set seller.name Live
}

@test "restore, disk full" {
	with_backup
	walk ENOSPC restored_or_not restore -y "$BATS_TEST_TMPDIR/backup.db"
}

@test "restore, disk bad" {
	with_backup
	walk EIO restored_or_not restore -y "$BATS_TEST_TMPDIR/backup.db"
}

# A new home: what failed half-way is gone on with by the next init.
@test "init, disk full and bad" {
	for with in ENOSPC EIO; do
		n=0
		while n=$((n + 1)); do
			rm -rf "$SXC_HOME" "$mark"
			FAIL_UNDER=$SXC_HOME FAIL_AT=$n FAIL_WITH=$with FAIL_MARK=$mark \
				LD_PRELOAD=$BATS_FILE_TMPDIR/fail.so run_sxc init --rehearsal
			[ -e "$mark" ] || break
			where="call $n, $(cat "$mark") fails with $with"
			if [ "$status" != 0 ]; then
				told "$where"
				run_sxc init --rehearsal
				[ "$status" = 0 ] || seen "$where: the next init"
			fi
			settled >/dev/null
			no_litter "$where"
			[ "$n" -lt 2000 ]
			[ "$n" -lt 60 ] || n=$((n + ${FAULT_STEP:-13} - 1))
		done
		[ "$status" = 0 ] || seen "no call failed, and yet"
		[ "$n" -gt 20 ] || seen "only $n calls"
	done
}
