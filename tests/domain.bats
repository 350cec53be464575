#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Domains and instances in the books. The server they are on does not answer: what needs it waits.
# With a server that does: lab/app.bats.

load helper

# A private server with a web application, as the books would have them after a good day.
setup() {
	setup_home
	cd "$BATS_TEST_TMPDIR" || return
	mkdir web
	cat >web/wrapper.yaml <<-END
		app: web
		version: "1.0"
		title: a web server
		provides: [http]
		conflicts: [other]
		platforms: {debian-12: {packages: []}}
		settings:
		  workers: {type: integer, min: 1, max: 8, default: 2, help: how many}
		  key: {type: secret, default: none, help: a secret}
	END
	printf 'version: "1.0"\npackages: {}\n' >web/wrapper.lock
	sed 's/^app: web/app: other/; s/\[http\]/[]/; s/\[other\]/[]/' web/wrapper.yaml >other.yaml
	mkdir other && mv other.yaml other/wrapper.yaml && cp web/wrapper.lock other/
	"$SXC" app add web >/dev/null
	"$SXC" app add other >/dev/null
	"$SXC" account add acme --email ops@example.com >/dev/null
	sqlite3 "$SXC_HOME/sxc.db" <<-END
		PRAGMA foreign_keys = ON;
		INSERT INTO node_name VALUES ('s1', 'server'), ('web1', 'ps'), ('web2', 'ps');
		INSERT INTO server (name, state, host, port, user, host_key, host_key_type, created)
			VALUES ('s1', 'active', '127.0.0.1', 1, 'root', 'SHA256:x', 'ssh-ed25519', 0);
		INSERT INTO image (name, digest, size, unpacked, created)
			VALUES ('i', printf('%064d', 0), 1, 1, 0);
		INSERT INTO ps (name, server, image, account, state, hostname, uid_slot, cpu, memory, disk,
			procs, created) SELECT column1, 1, 1, 1, column2, column1, column3, 100, 1, 1, 1, 0
			FROM (VALUES ('web1', 'running', 16), ('web2', 'stopped', 17));
		INSERT INTO address_pool (cidr, family, first, last, purpose, created)
			VALUES ('127.0.0.0/8', 4, 1, 9, 'ps', 0);
		INSERT INTO address (pool, n, ip, ps) VALUES (1, 1, '127.0.0.1', 1);
		INSERT INTO instance (app, version, place, ps, state, created)
			SELECT app, id, 'web1', 1, 'running', 0 FROM app_version WHERE app =
			(SELECT id FROM app WHERE name = 'web');
	END
}

@test "names of domains are checked, and kept in their IDNA form" {
	local name
	for name in '' . a example. -a.example a-.example a..example .example 'a b.example' 'a_b.example' \
		"a'.example" 'a;b.example' 192.0.2.1 $'a\nb.example' \
		"$(printf 'a%.0s' {1..64}).example" "$(printf 'a.%.0s' {1..130})example"; do
		run_sxc domain add --on web1 -- "$name"
		assert_refused_like 2 "is no domain name: "
	done
	[ "$(sql "select count(*) from v_domain")" = 0 ]
	run_sxc -n domain add BÜCHER.Example. --on web1
	assert_ok "would add domain BÜCHER.Example. on web1"
	[ "$(sql "select count(*) from v_domain")" = 0 ]
}

@test "what a domain needs is checked before anything is asked of a server" {
	run_sxc domain add a.example
	assert_refused 2 "say on which private server with --on"
	run_sxc domain add a.example --on nowhere
	assert_refused 3 "--on: no private server named 'nowhere'"
	run_sxc domain add a.example --on web2
	assert_refused 5 "private server web2 is stopped, not running"
	run_sxc domain add a.example --on web1 --feature http,mail
	assert_refused_like 5 "nothing on web1 provides mail"
	run_sxc domain add a.example --on web1 --feature http,http
	assert_refused 2 "the feature http is named twice"
	run_sxc domain add a.example --on web1 --feature ,
	assert_refused 2 "a domain needs at least one feature"
	[ "$(sql "select (select count(*) from v_domain) + (select count(*) from v_job)")" = 0 ]
}

@test "a domain on a server that does not answer waits, once, and can be cancelled" {
	run_sxc domain add bücher.example --on web1
	assert_status 9
	assert_out ""
	run_sxc domain add bücher.example --on web1
	assert_status 9
	run_sxc domain list --no-header -c domain,title,account,ps,state,addresses,features
	assert_ok $'xn--bcher-kva.example\tbücher.example\tacme\tweb1\tadding\t127.0.0.1\thttp'
	[ "$(sql "select count(*) from v_job")" = 1 ]
	run_sxc app uninstall -y web web1
	assert_refused 6 "web on web1 serves the domain xn--bcher-kva.example"
	run_sxc domain remove -y bücher.example
	assert_refused_like 11 "job 1 about xn--bcher-kva.example is unfinished"
	run_sxc ps remove -y web1
	assert_status 6
}

@test "domain status says what does not answer, and keeps it" {
	sqlite3 "$SXC_HOME/sxc.db" "
		insert into domain (name, title, ps, account, state, created)
			values ('a.example', 'a.example', 1, 1, 'active', 0), ('b.example', 'b.example', 1, 1, 'suspended', 0);
		insert into domain_feature values (1, 'http', 1), (2, 'http', 1)"
	run_sxc domain status --no-header -c domain,service,state,code
	assert_status 1
	assert_out $'a.example\thttp\tdown\t'
	assert_err "sxc: 1 service is down"
	run_sxc -o json domain show a.example
	assert_ok
	[ "$(jq -r '.services[0] | "\(.state) \(.code) \(.checked)"' <<<"$out")" = "down null 2026-01-15T10:00:00Z" ] ||
		seen "the answer is not kept"
	python3 -m http.server --bind 127.0.0.1 80 >/dev/null 2>&1 3>&- &
	server=$!
	for _ in {1..50}; do
		(: </dev/tcp/127.0.0.1/80) 2>/dev/null && break
		sleep 0.1
	done
	run_sxc domain status a.example --no-header -c domain,state,code,note
	kill "$server"
	[ "$(id -u)" = 0 ] || skip "port 80 needs root"
	assert_ok $'a.example\tup\t200\t'
}

@test "settings, versions, conflicts and secrets of an application are checked" {
	run_sxc app install web web1
	assert_refused 4 "web is on web1 already (running)"
	run_sxc app install web=2.0 web1
	assert_refused_like 3 "no application named 'web' in version 2.0"
	sqlite3 "$SXC_HOME/sxc.db" "update instance set app = (select id from app where name = 'other'), version =
		(select v.id from app_version v join app a on a.id = v.app where a.name = 'other')"
	run_sxc app install web web1
	assert_refused 6 "web conflicts with other, which is on web1"
	sqlite3 "$SXC_HOME/sxc.db" "delete from instance"
	run_sxc app install web web1 --set workers=9
	assert_refused 2 "workers: must be a whole number from 1 to 8, not '9'"
	run_sxc app install web web1 --set none=9
	assert_refused 2 "web has no setting 'none': there are workers key"
	run_sxc app install web web1 --set key=hunter2
	assert_refused 2 "key is a secret: give it in a file, with --set-file key=FILE"
	echo 'hunter;2' >file
	run_sxc app install web web1 --set-file key=file
	assert_refused 2 "key: must be letters, digits, blanks and _.:/@%+=- only"
	run_sxc app install web web2
	assert_refused 5 "private server web2 is stopped, not running"
	run_sxc app install web 's*'
	assert_refused 3 "no private server matches 's*'"
	run_sxc -n app install web web1 --set workers=3
	assert_ok "would install web on web1"
	[ "$(sql "select (select count(*) from v_instance) + (select count(*) from v_job)")" = 0 ]
}

@test "an installation on a server that does not answer waits and goes on" {
	sqlite3 "$SXC_HOME/sxc.db" "delete from instance"
	echo 'hunter2' >file
	for _ in 1 2; do
		run_sxc app install web web1 --set workers=3 --set-file key=file
		assert_status 9
		assert_out ""
	done
	[ "$(sql "select state, (select count(*) from v_job) from v_instance")" = $'installing\t1' ]
	run_sxc --no-header app config get web web1 -c setting,value
	assert_ok $'workers\t3\nkey\t'
	run_sxc app stop web web1
	assert_refused_like 11 "job 1 about web@web1 is unfinished"
	run_sxc app status web web1 --no-header -c app,state,health
	assert_status 1
	assert_out $'web\tinstalling\tunknown'
	run_sxc job show 1 -o json
	assert_out_lacks hunter2
}

@test "objects are completed by name" {
	sqlite3 "$SXC_HOME/sxc.db" "insert into domain (name, title, ps, state, created)
		values ('a.example', 'a.example', 1, 'active', 0)"
	run_sxc __complete -- domain show a
	assert_out_has "a.example"
	run_sxc __complete -- app show w
	assert_out_has "web"
}

@test "check --repair goes on with unfinished jobs and says why it could not" {
	run_sxc domain add one.example --on web1
	assert_status 9
	run_sxc check --offline --no-header -c area,object,finding
	assert_status 12
	assert_out_like $'^job\t1\tdomain.add of one.example is pending'
	run_sxc check --offline --repair --no-header -c area,object,repair
	assert_status 12
	assert_out_like $'^job\t1\tjob 1 waits at "make site", go on with'
	[ "$(sql "select state from v_job")" = pending ]
	run_sxc domain check --repair --no-header -c ps,repair
	assert_status 1
	assert_out $'web1\tnot by itself'
}
