#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Orders to applications as far as the books go: no server answers here, so what is queued waits.

load helper

setup() {
	setup_home
	cd "$BATS_TEST_TMPDIR" || return
	sqlite3 "$SXC_HOME/sxc.db" <<-END
		PRAGMA foreign_keys = ON;
		INSERT INTO node_name VALUES ('s1', 'server'), ('s2', 'server'), ('a1', 'ps'), ('a2', 'ps'), ('b1', 'ps');
		INSERT INTO server (name, state, host, port, user, host_key, host_key_type, grp, created)
			VALUES ('s1', 'active', '127.0.0.1', 1, 'root', 'SHA256:x', 'ssh-ed25519', 'north', 0),
			('s2', 'active', '127.0.0.1', 2, 'root', 'SHA256:x', 'ssh-ed25519', NULL, 0);
		INSERT INTO image (name, digest, size, unpacked, created)
			VALUES ('i', printf('%064d', 0), 1, 1, 0);
		INSERT INTO ps (name, server, image, state, hostname, uid_slot, cpu, memory, disk, procs, created)
			SELECT column1, column2, 1, 'running', column1, column3, 100, 1, 1, 1, 0
			FROM (VALUES ('a1', 1, 16), ('a2', 1, 17), ('b1', 2, 16));
	END
}

# NAME VERSION [more lines of wrapper.yaml…]
app() {
	mkdir -p "$1"
	printf '%s\n' "app: $1" "version: \"$2\"" "title: $1" 'platforms: {debian-12: {packages: []}}' "${@:3}" \
		>"$1/wrapper.yaml"
	printf 'version: "1.0"\npackages: {}\n' >"$1/wrapper.lock"
	"$SXC" app add "$1" >/dev/null
}

# As if it had been installed there: NAME PLACE [SETTINGS]
installed() {
	sqlite3 "$SXC_HOME/sxc.db" "PRAGMA foreign_keys = ON;
		INSERT INTO instance (app, version, place, ps, host, state, settings, created)
		SELECT v.app, max(v.id), '$2', (SELECT id FROM ps WHERE name = '$2'),
			(SELECT id FROM server WHERE name = '$2'), 'running', '${3:-{\}}', 0
		FROM app_version v JOIN app a ON a.id = v.app WHERE a.name = '$1';
		INSERT INTO instance_history (instance, n, at, login, version, settings)
		SELECT i.id, 1, 0, 'ops', v.version, i.settings FROM instance i JOIN app_version v ON v.id = i.version
		WHERE NOT EXISTS (SELECT 1 FROM instance_history h WHERE h.instance = i.id);"
}

jobs_now() { sql "select kind || ' ' || object || ' ' || state from v_job order by id"; }

@test "what is required is installed first, in order" {
	app base 1.0 'provides: [ground]'
	app middle 1.0 'requires: [ground]'
	app top 1.0 'requires: [middle, base]'
	run_sxc -n app install top a1
	assert_ok "would install top on a1"
	[ -z "$(jobs_now)" ]
	run_sxc app install top a1
	assert_status 9
	assert_out ""
	[ "$(jobs_now)" = $'app.install base@a1 pending\napp.install middle@a1 pending\napp.install top@a1 pending' ]
	[ "$(sql "select app, state from v_instance order by app")" = \
		$'base\tinstalling\nmiddle\tinstalling\ntop\tinstalling' ]
}

@test "a requirement that is there already is used" {
	app base 1.0 'provides: [ground]'
	app top 1.0 'requires: [ground]'
	installed base a1
	run_sxc app install top a1
	assert_status 9
	[ "$(jobs_now)" = 'app.install top@a1 pending' ]
}

@test "requirements that are missing, ambiguous or circular are refused" {
	app top 1.0 'requires: [ground]'
	run_sxc app install top a1
	assert_refused 5 "top requires ground on a1, and no registered application provides that"
	app base 1.0 'provides: [ground]'
	app rock 1.0 'provides: [ground]'
	run_sxc app install top a1
	assert_refused 5 "top requires ground on a1, which base, rock provide: install one of them first"
	app hen 1.0 'requires: [egg]'
	app egg 1.0 'requires: [hen]'
	run_sxc app install hen a1
	assert_refused 5 "hen requires egg requires hen: a cycle"
	app self 1.0 'requires: [self]'
	run_sxc app install self a1
	assert_refused 5 "self requires self: a cycle"
	[ "$(sql "select count(*) from v_instance")" = 0 ]
}

@test "conflicts are refused whichever side names them" {
	app cat 1.0 'conflicts: [dog]'
	app dog 1.0
	installed cat a1
	run_sxc app install dog a1
	assert_refused 6 "cat, which is on a1, conflicts with dog"
	installed dog a2
	run_sxc app install cat a2
	assert_refused 6 "cat conflicts with dog, which is on a2"
	app zoo 1.0 'requires: [cat, dog]'
	run_sxc app install zoo b1
	assert_refused 6 "cat, which is to come to b1, conflicts with dog"
}

@test "what others require is not uninstalled" {
	app base 1.0 'provides: [ground]'
	app rock 1.0 'provides: [ground]'
	app top 1.0 'requires: [ground]'
	installed base a1
	installed top a1
	run_sxc app uninstall -y base a1
	assert_refused 6 "top on a1 requires ground"
	installed rock a1
	run_sxc app uninstall -y base a1
	assert_status 9
	[ "$(jobs_now)" = 'app.uninstall base@a1 pending' ]
}

@test "licences are taken once each and come back" {
	app paid 1.0 'license: {pool: gold}'
	run_sxc app install paid a1
	assert_refused_like 7 "needs a licence and none of the pool gold is free \(0 of 0 taken\)"
	run_sxc app license add paid
	assert_refused 2 "give licences with --file FILE or --count N"
	run_sxc app license add paid --count 2
	assert_ok "2 licences added for paid"
	run_sxc app install paid a1 a2 b1
	assert_status 10
	assert_err_has "(2 of 2 taken)"
	[ "$(sql "select count(*), count(distinct ps) from v_license where ps is not null")" = $'2\t2' ]
	run_sxc app license remove -y paid 1
	assert_refused 6 "licence 1 is held on a1"
	"$SXC" job cancel 1 || true # undone as far as the books go when the server cannot be asked
	run_sxc -o json app license list paid
	assert_ok
	[ "$(jq -r '.licenses[1] | "\(.id) \(.state) \(.ps)"' <<<"$out")" = "2 taken a2" ] || seen "licences"
	run_sxc app license list nothing
	assert_refused_like 3 "no application named 'nothing'"
	app free 1.0
	run_sxc app license add free --count 1
	assert_refused 5 "free is free: it takes no licences"
}

@test "two at once never take the same licence" {
	app paid 1.0 'license: {pool: gold}'
	"$SXC" app license add paid --count 2 >/dev/null
	for ps in a1 a2 b1; do
		"$SXC" app install paid $ps >"$ps.out" 2>&1 &
	done
	wait
	[ "$(grep -l 'none of the pool gold' ./*.out | wc -l)" = 1 ]
	[ "$(sql "select count(distinct id), count(distinct ps) from v_license")" = $'2\t2' ]
}

@test "licences that have a text are settings, and are not shown" {
	app paid 1.0 'license: {pool: gold}' 'settings: {license: {type: secret, help: the key}}'
	printf 'AAAA-1111\nBBBB-2222\n' >keys
	run_sxc app license add paid --file keys
	assert_ok "2 licences added for paid"
	run_sxc app license add paid --file keys
	assert_refused 4 "the licence of line 1 is in the pool gold already"
	run_sxc app install paid a1
	assert_status 9
	[ "$(sqlite3 "$SXC_HOME/sxc.db" "select settings from instance")" = '{"license":"AAAA-1111"}' ]
	for words in "app license list paid" "app config get paid a1" "app config history paid a1" "job show 1" \
		"audit list"; do
		# shellcheck disable=SC2086
		run_sxc -o json $words
		assert_status 0
		assert_out_lacks AAAA
	done
}

@test "an update goes to the newest, never back unless told" {
	app web 1.0
	app web 1.1
	installed web a1
	run_sxc app update web a1
	assert_ok "web on a1 has that version already"
	run_sxc app update web a1 --to 1.0
	assert_refused 5 "web on a1 is at 1.1, newer than 1.0: --downgrade goes back"
	run_sxc app update web a1 --to 3.0
	assert_refused_like 3 "no application named 'web' in version 3.0"
	run_sxc app update web a1 --canary 0
	assert_refused 2 "--canary wants a number from 1"
	run_sxc -n app update web a1 --to 1.0 --downgrade
	assert_ok "would update web on a1"
	run_sxc app update web b1
	assert_refused 3 "web is not installed on b1"
	app web 1.2
	run_sxc app update web a1
	assert_status 9
	[ "$(jobs_now)" = 'app.update web@a1 pending' ]
	[ "$(sql "select version, state from v_instance")" = $'1.1\tupdating' ]
	app web 1.3
	run_sxc app update web a1
	assert_refused_like 11 "job 1 about web@a1 is unfinished"
	run_sxc app update web a1 --to 1.2
	assert_status 9
	[ "$(jobs_now)" = 'app.update web@a1 pending' ]
}

@test "an update loses nothing that others there need, and takes the licence it asks for" {
	app web 1.0 'provides: [http]'
	app shop 1.0 'requires: [http]'
	installed web a1
	installed shop a1
	app web 1.1 'provides: [https]'
	run_sxc app update web a1
	assert_refused 6 "shop on a1 requires http"
	app web 1.2 'provides: [http]' 'license: {pool: gold}'
	run_sxc app update web a1
	assert_refused_like 7 "none of the pool gold is free"
	"$SXC" app license add web --count 1 >/dev/null
	run_sxc app update web a1
	assert_status 9
	[ "$(sql "select app, ps from v_license")" = $'web\ta1' ]
	"$SXC" job cancel 1 >/dev/null 2>&1 || true
	app web 1.3 'provides: [http]' 'license: {pool: silver}'
	sqlite3 "$SXC_HOME/sxc.db" "delete from job_step; delete from job; update instance set state = 'running'"
	"$SXC" app license add web --count 1 >/dev/null
	run_sxc app update web a1
	assert_refused_like 5 "needs a licence of the pool silver and holds one of gold"
}

@test "settings that the new version does not take are named before anything is done" {
	app web 1.0 'settings: {old: {type: string, default: x, help: x}}'
	installed web a1 '{"old":"y"}'
	app web 1.1 'settings: {new: {type: string, help: x}}'
	run_sxc app update web a1
	assert_refused 2 "web 1.1 on a1: web has no setting 'old': there are new"
	sqlite3 "$SXC_HOME/sxc.db" "update instance set settings = '{}'"
	run_sxc app update web a1
	assert_refused_like 2 "web 1.1 on a1: web needs the setting new"
	run_sxc app update web a1 --set new=z
	assert_status 9
}

@test "groups and patterns mean those that have it, and each server is tried once" {
	app web 1.0
	installed web a1
	installed web a2
	installed web b1
	app web 1.1
	run_sxc app restart web @south
	assert_refused 3 "no private server with web matches '@south'"
	run_sxc app restart web @north
	assert_status 9
	[ "$(sql "select object from v_job order by id")" = $'web@a1\nweb@a2' ]
	assert_err_like "a2 +s1 +job 2 waits, too: "
	sqlite3 "$SXC_HOME/sxc.db" "delete from job_step; delete from job"
	run_sxc app update web all --canary 1
	assert_status 10
	assert_out ""
	assert_err_has "failed on 1 of 3 targets, 2 left as they were"
	[ "$(jobs_now)" = 'app.update web@a1 pending' ]
	run_sxc app update web all --keep-going -o json
	assert_status 9
	assert_err_has "failed on all 3 targets"
	[ "$(sql "select count(*) from v_job where state = 'pending'")" = 3 ]
}

@test "a server is a target by its name, all and patterns mean servers when told" {
	app web 1.0
	run_sxc app install web all --servers -n
	assert_ok $'would install web on s1\nwould install web on s2'
	run_sxc app install web @north --servers -n
	assert_ok "would install web on s1"
	run_sxc app install web 'x*' --servers
	assert_refused 3 "no server matches 'x*'"
	run_sxc app install web s1
	assert_status 9
	[ "$(jobs_now)" = 'app.install web@s1 pending' ]
	[ "$(sql "select ps, server, state from v_instance")" = $'\ts1\tinstalling' ]
	sqlite3 "$SXC_HOME/sxc.db" "delete from job_step; delete from job; delete from instance"
	installed web s1
	installed web a1
	run_sxc app instances --no-header --columns app,ps,server
	assert_ok $'web\ta1\ts1\nweb\t\ts1'
	run_sxc app instances all --servers --no-header --columns app,ps,server
	assert_ok $'web\t\ts1'
	run_sxc app restart web all -n
	assert_ok "would restart web on a1"
	run_sxc app restart web all --servers -n
	assert_ok "would restart web on s1"
	sqlite3 "$SXC_HOME/sxc.db" "update server set state = 'removing' where name = 's2'"
	run_sxc app install web s2
	assert_refused 5 "server s2 is removing, not active"
}

@test "a server with applications is not removed, but can be forgotten with them" {
	app web 1.0
	installed web s2
	sqlite3 "$SXC_HOME/sxc.db" "delete from ps where name = 'b1'"
	run_sxc server remove s2 -y
	assert_refused 6 "server s2: applications are installed there: web"
	run_sxc server remove s2 -y --forget
	assert_status 0
	[ -z "$(sql "select app from v_instance")" ]
}

@test "changes of settings are kept, and brought back by number" {
	app web 1.0 'settings: {word: {type: string, match: "[a-z]+", default: x, help: x}, key: {type: secret, default: k, help: x}}'
	installed web a1 '{"word":"one","key":"hunter2"}'
	run_sxc app config revert web a1 1
	assert_ok "web on a1 is so already"
	run_sxc app config revert web a1 7
	assert_refused_like 3 "there is no change 7"
	run_sxc app config revert web a1 x
	assert_refused_like 2 "'x' is not the number of a change"
	run_sxc app config set web a1 word=one
	assert_ok "web on a1 is so already"
	run_sxc app config set web 'a*' 'word=a b'
	assert_refused_like 2 "word: must be text that matches"
	run_sxc -o json app config history web a1
	assert_ok
	[ "$(jq -c '.changes[0] | [.n, .login, .version, .settings]' <<<"$out")" = \
		'[1,"ops","1.0",{"key":"(not shown)","word":"one"}]' ] || seen "history"
	run_sxc -n app config set web all word=two
	assert_ok "would change web on a1"
}

@test "a request for many goes on where it was cut short" {
	app web 1.0
	for _ in 1 2; do
		run_sxc --request-key k1 app install web all
		assert_status 9
	done
	[ "$(sql "select count(*), count(distinct object) from v_job")" = $'3\t3' ]
}
