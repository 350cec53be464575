#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What dunning does to private servers and sites. The server is in the books alone: its jobs stay
# pending, and the test says what became of them.

load helper

setup() {
	setup_home 2026-04-01T10:00:00Z
	cd "$BATS_TEST_TMPDIR" || exit 1
	store "INSERT INTO server (name, state, host, port, user, os, kernel, arch, cpus, memory, disk,
			quota, link_rate, host_key, host_key_type, created)
		VALUES ('s1', 'active', '127.0.0.1', 1, 'root', 'Debian', '6.1', 'x86_64', 4,
			17179869184, 107374182400, 1, 1000000000, 'SHA256:$(printf %043d 0)', 'ssh-ed25519', 1);
		INSERT INTO image (name, digest, size, unpacked, os, created)
		VALUES ('debian-12', '$(printf %064d 0)', 1, 1, 'Debian', 1)"
	"$SXC" -q ip add 192.0.2.0/24
	"$SXC" -q account add ada --email ada@example.net --terms 0d
	cat >vds.yaml <<'Y'
plan: vds
currency: USD
price: 30
every: 1 month
provides: {private-server: {cpu: 10%, net: 20mbit, memory: 256M, disk: 2G}}
Y
	"$SXC" -q plan apply vds.yaml
	run_sxc account subscribe ada vds
	assert_status 9
	work_done
	run_sxc config set dunning.schedules 'hard:
- {after: 3 days, do: throttle}
- {after: 5 days, do: suspend}
- {after: 9 days, do: terminate}'
	run_sxc account set ada --dunning hard
	on 2026-04-01 invoice run
}

store() {
	sqlite3 "$SXC_HOME/sxc.db" "$1"
}

on() { # day, command…
	SXC_NOW=${1}T10:00:00Z run_sxc "${@:2}"
}

# All work that is queued has been done.
work_done() {
	store "UPDATE job SET state = 'done' WHERE state = 'pending';
		UPDATE ps SET state = 'running' WHERE state = 'adding'"
}

# Work that is queued: kind, object, kind of what it follows.
queued() {
	sql "SELECT j.kind, j.object, coalesce(p.kind, '') FROM job j LEFT JOIN job p ON p.id = j.parent
		WHERE j.state = 'pending' ORDER BY j.id"
}

is_queued() {
	[ "$(queued)" = "$1" ] || { queued && false; }
}

@test "throttle, suspend: jobs; a payment undoes them by name" {
	on 2026-04-04 invoice run
	is_queued $'ps.throttle\tada-1\t'
	[ "$(sql "SELECT json_extract(args, '\$.percent') FROM job WHERE kind = 'ps.throttle'")" = 10 ]
	# What was promised is still in the books, and reserved.
	[ "$(sql 'SELECT cpu, net FROM v_ps')" = $'1000\t20000000' ]
	work_done
	on 2026-04-06 invoice run
	is_queued $'ps.suspend\tada-1\t'
	work_done
	store "UPDATE ps SET state = 'suspended'"
	on 2026-04-08 account pay ada 30
	assert_status 9
	is_queued $'ps.unthrottle\tada-1\t
ps.resume\tada-1\tps.unthrottle' || { queued; false; }
	[ "$(sql 'SELECT state FROM v_subscription')" = active ]
}

@test "a server that is down holds no payment up: what lifts waits behind what was queued" {
	on 2026-04-04 invoice run
	on 2026-04-06 invoice run
	is_queued $'ps.throttle\tada-1\t
ps.suspend\tada-1\tps.throttle'
	on 2026-04-07 account pay ada 30
	[ "$(sql 'SELECT balance FROM v_account')" = 0 ]
	is_queued $'ps.throttle\tada-1\t
ps.suspend\tada-1\tps.throttle
ps.unthrottle\tada-1\tps.throttle
ps.resume\tada-1\tps.throttle'
}

@test "what a person stopped is left alone, now and when it is lifted" {
	store "UPDATE ps SET state = 'suspended'"
	on 2026-04-04 invoice run
	on 2026-04-06 invoice run
	is_queued ''
	on 2026-04-07 account pay ada 30
	is_queued ''
}

@test "terminate: stopped, archived, kept, deleted after its days and not before the archive" {
	on 2026-04-04 invoice run
	on 2026-04-06 invoice run
	work_done
	store "UPDATE ps SET state = 'suspended'"
	on 2026-04-10 invoice run
	assert_err_has 'dunning: 2026-000001 of ada: terminate'
	is_queued $'ps.archive\tada-1\t'
	[ "$(sql 'SELECT state FROM v_subscription')" = ended ]
	[ "$(sql "SELECT until FROM v_dunning_hold WHERE effect = 'terminate'")" = 2026-05-10 ]
	on 2026-05-09 invoice run
	is_queued $'ps.archive\tada-1\t'
	on 2026-05-10 invoice run
	assert_err_has 'not deleted before it is archived'
	is_queued $'ps.archive\tada-1\t'
	work_done
	on 2026-05-11 invoice run
	[ "$(queued | cut -f1)" = $'subscription.remove\nsubscription.domains\nsubscription.servers' ]
	work_done
	on 2026-05-12 invoice run
	is_queued ''
}

@test "an archive that failed is made again before anything is deleted" {
	on 2026-04-04 invoice run
	on 2026-04-06 invoice run
	work_done
	store "UPDATE ps SET state = 'suspended'"
	on 2026-04-10 invoice run
	store "UPDATE job SET state = 'failed' WHERE kind = 'ps.archive'"
	on 2026-05-10 invoice run
	assert_err_has 'not deleted before it is archived'
	is_queued $'ps.archive\tada-1\t'
}

@test "a site on a shared server is suspended by itself" {
	cat >site.yaml <<'Y'
plan: site
currency: USD
price: 5
every: 1 month
Y
	"$SXC" -q plan apply site.yaml
	"$SXC" -q account add bob --email bob@example.net --terms 0d --dunning hard
	run_sxc account subscribe bob site
	assert_status 0
	store "INSERT INTO domain (name, title, ps, account, subscription, state, created)
		SELECT 'bob.example', 'bob.example', 1, a.id, s.id, 'active', 0 FROM account a
		JOIN subscription s ON s.account = a.id WHERE a.name = 'bob'"
	on 2026-04-01 invoice run
	on 2026-04-04 invoice run --account bob
	is_queued ''
	on 2026-04-06 invoice run --account bob
	is_queued $'domain.suspend\tbob.example\t'
	work_done
	store "UPDATE domain SET state = 'suspended'"
	on 2026-04-07 account pay bob 5
	is_queued $'domain.resume\tbob.example\t'
}
