#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Applications and sites on a private server of a lab server: installed, changed, killed half-way,
# failing, taken away.

load ../helper

setup_file() {
	export LAB=$TOP/tests/lab/lab SXC_LAB_DIR=${SXC_LAB_DIR:-/run/sxc-lab-app-test}
	[ "$(id -u)" = 0 ] || skip "needs root"
	"$LAB" up 1 >&2
	export SXC_HOME=$BATS_FILE_TMPDIR/home
	"$SXC" init --rehearsal >&2
	"$LAB" password >"$BATS_FILE_TMPDIR/password"
	until_done server add "$("$LAB" address 1)" --name s1 \
		--password-file "$BATS_FILE_TMPDIR/password" --host-key "$("$LAB" hostkey 1)" >&2
	"$SXC" image add debian-12 "$("$LAB" rootfs)" >&2
	"$SXC" ip add 198.51.100.0/24 >&2
	until_done ps add web1 >&2
}

teardown_file() {
	[ "$(id -u)" != 0 ] || "$LAB" down >&2
}

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	export SXC_HOME=$BATS_FILE_TMPDIR/home
	cd "$BATS_TEST_TMPDIR" || return
}

sxc_lab() { run_split "$LAB" exec "$SXC" "$@"; }

# A busy machine may keep a server silent for too long: what waits is asked for again, once.
until_done() {
	"$LAB" exec "$SXC" "$@" || { [ $? = 9 ] && "$LAB" exec "$SXC" "$@"; }
}

# Like sxc_lab, and again when the server was unreachable.
sxc_patient() {
	sxc_lab "$@"
	[ "$status" != 9 ] || sxc_lab "$@"
}

inside() { "$LAB" exec "$SXC" ps exec web1 -- "$@"; }

# An application without packages: one unit that answers nothing, or fails to.
make_wrapper() { # name, command of the unit, command of the checker
	mkdir -p "$1"/{files,scripts}
	cat >"$1/wrapper.yaml" <<-END
		app: $1
		version: "1.0"
		title: $1
		platforms: {debian-12: {packages: []}}
		services: [{unit: $1.service}]
		settings:
		  word: {type: string, match: "[a-z]+", default: hello, help: a word}
		templates:
		  - {from: files/unit.in, to: /etc/systemd/system/$1.service}
		  - {from: files/conf.in, to: /etc/$1.conf}
		check: [$3]
		actions: {install: scripts/install, remove: scripts/remove}
		data: [/srv/$1]
	END
	printf '[Service]\nExecStart=%s\n[Install]\nWantedBy=multi-user.target\n' "$2" >"$1/files/unit.in"
	printf 'word={{word}}\n' >"$1/files/conf.in"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nset -eu\nmkdir -p "/srv/$SXC_APP"\nenv | grep ^SXC_ | sort >"/srv/$SXC_APP/env"\nsystemctl daemon-reload\n' >"$1/scripts/install"
	printf '#!/bin/sh\nsystemctl daemon-reload\n' >"$1/scripts/remove"
	chmod 755 "$1"/scripts/*
	printf 'version: "1.0"\npackages: {}\n' >"$1/wrapper.lock"
}

# Everything that an application could leave inside.
traces() {
	inside sh -c 'find /etc /srv /var/lib/sxc-app /usr/sbin/policy-rc.d /var/www -newer /etc/hostname \
		-not -name ld.so.cache 2>/dev/null | sort; dpkg-query -W'
}

@test "an application is installed by a job and told its settings" {
	make_wrapper sleepy "/bin/sleep infinity" "/bin/grep, -q, word, /etc/sleepy.conf"
	"$SXC" app add sleepy >&2
	sxc_patient app install sleepy web1 --set word=moin
	assert_status 0
	assert_out "sleepy on web1 installed"
	run inside cat /etc/sleepy.conf /srv/sleepy/env
	[ "$output" = $'word=moin\nSXC_ACTION=install\nSXC_APP=sleepy\nSXC_DIR=/var/lib/sxc-app/sleepy\nSXC_SETTING_WORD=moin\nSXC_VERSION=1.0' ] ||
		{ echo "$output"; false; }
	sxc_lab app install sleepy web1
	assert_refused 4 "sleepy is on web1 already (running)"
	sxc_patient app status --no-header -c app,state,health
	assert_status 0
	assert_out $'sleepy\trunning\tup'
}

@test "settings are tested before they are live and taken back when they fail" {
	sxc_patient app config set sleepy web1 word=servus
	assert_status 0
	run inside cat /etc/sleepy.conf
	[ "$output" = "word=servus" ]
	sxc_lab app config set sleepy web1 word=NO
	assert_refused_like 2 "word: must be text that matches"
	sxc_lab app config set sleepy web1 other=1
	assert_refused_like 2 "sleepy has no setting 'other': there are word"
	inside mv /bin/grep /bin/grep.away
	sxc_patient app config set sleepy web1 word=adieu
	inside mv /bin/grep.away /bin/grep
	assert_status 1
	assert_err_has "/bin/grep refuses the new configuration"
	run inside cat /etc/sleepy.conf
	[ "$output" = "word=servus" ]
	sxc_lab --no-header app config get sleepy web1 -c setting,value
	assert_ok $'word\tservus'
}

@test "stopped is stopped and started is healthy" {
	sxc_patient app stop sleepy web1
	assert_status 0
	sxc_patient app status --no-header -c app,state,health
	assert_status 0
	assert_out $'sleepy\tstopped\tstopped'
	sxc_patient app start sleepy web1
	assert_status 0
	inside systemctl stop sleepy.service
	sxc_patient app status --no-header -c app,state,health
	assert_status 1
	assert_out $'sleepy\trunning\tstopped'
}

@test "uninstall keeps data, purge does not" {
	sxc_lab app uninstall -y sleepy web1
	assert_status 0
	inside test -e /srv/sleepy/env
	"$LAB" exec "$SXC" app install sleepy web1 >&2
	sxc_lab app uninstall -y --purge sleepy web1
	assert_status 0
	run inside ls -d /srv/sleepy /etc/sleepy.conf /etc/systemd/system/sleepy.service /var/lib/sxc-app/sleepy
	[ "$status" != 0 ] && [[ $output != *$'\n/'* ]]
	[ "$(sql "select count(*) from v_instance")" = 0 ]
}

@test "an installation that fails leaves nothing behind" {
	make_wrapper broken "/bin/false" "/bin/true"
	"$SXC" app add broken >&2
	before=$(traces)
	sxc_lab app install broken web1
	assert_status 1
	assert_err_has "broken did not come up: broken.service is not active"
	assert_out ""
	[ "$(traces)" = "$before" ] || diff <(echo "$before") <(traces)
	[ "$(sql "select count(*) from v_instance")" = 0 ]
	[ "$(sql "select state from v_job order by id desc limit 1")" = failed ]
}

@test "killed at any moment, the same command goes on" {
	for after in 0.3 1 3 6; do
		# shellcheck disable=SC2016
		"$LAB" exec sh -c '"$1" app install sleepy web1 & pid=$!; sleep "$2"; kill -9 $pid; wait $pid' \
			sh "$SXC" "$after" >&2 2>/dev/null || true
	done
	for _ in 1 2 3 4 5; do
		sxc_lab app install sleepy web1
		[ "$status" != 9 ] && [ "$status" != 11 ] && break
		sleep 5
	done
	[ "$status" = 0 ] || [ "$status" = 4 ] || seen "neither installed nor there"
	[ "$(sql "select count(*), min(state) from v_instance")" = $'1\trunning' ]
	"$LAB" exec "$SXC" app uninstall -y --purge sleepy web1 >&2
}

@test "a package of another control center is not taken" {
	SXC_HOME=$BATS_FILE_TMPDIR/other "$SXC" init --rehearsal >&2
	mkdir keep
	cp "$SXC_HOME"/keys/sign* keep/
	cp "$BATS_FILE_TMPDIR"/other/keys/sign* "$SXC_HOME/keys/"
	make_wrapper foreign "/bin/sleep infinity" "/bin/true"
	"$SXC" app add foreign >&2
	sxc_patient app install foreign web1
	cp keep/* "$SXC_HOME/keys/"
	assert_status 12
	assert_err_has "trusts the packages of another control center"
	[ "$(sql "select count(*) from v_instance")" = 0 ]
}

@test "nginx serves a domain, which status asks for" {
	"$SXC" app add "$TOP/wrappers/nginx" >&2
	sxc_lab domain add www.example.org --on web1
	assert_refused_like 5 'nothing on web1 provides http: "sxc app install"'
	sxc_patient app install nginx web1
	assert_status 0
	sxc_patient domain add www.example.org --on web1
	assert_status 0
	assert_out "domain www.example.org added"
	sxc_patient domain status www.example.org --no-header -c domain,service,state,code
	assert_status 0
	assert_out $'www.example.org\thttp\tup\t200'
	address=$(sql "select addresses from v_domain")
	run "$LAB" exec curl -sS --max-time 20 -H "Host: www.example.org" "http://$address/"
	[[ $output == *"This is the site of www.example.org."* ]] || { echo "$output"; false; }
	run "$LAB" exec curl -sS --max-time 20 -o /dev/null -w '%{http_code}' -H "Host: other.example" "http://$address/"
	[ "$output" = 404 ]
	sxc_lab app uninstall -y nginx web1
	assert_refused 6 "nginx on web1 serves the domain www.example.org"
	sxc_lab ps remove -y web1
	assert_status 6
}

@test "a domain is compared, suspended, resumed and removed" {
	sxc_patient domain check
	assert_status 0
	assert_out $'domain\tps\tfinding'
	inside rm -rf /var/www/www.example.org
	sxc_patient domain check --no-header
	assert_status 1
	assert_out $'www.example.org\tweb1\tits directory is not there'
	sxc_patient domain check --repair --no-header
	assert_status 0
	assert_out $'www.example.org\tweb1\tits directory is not there\tmade again'
	sxc_patient domain check --no-header
	assert_ok ""
	inside sh -c 'echo again >/var/www/www.example.org/www/index.html'
	sxc_patient domain suspend www.example.org
	assert_status 0
	address=$(sql "select addresses from v_domain")
	for _ in {1..15}; do # nginx was told to reload; how soon its old workers leave is its own affair
		run "$LAB" exec curl -sS --max-time 20 -o /dev/null -w '%{http_code}' -H "Host: www.example.org" "http://$address/"
		[ "$output" != 404 ] || break
		sleep 2
	done
	[ "$output" = 404 ]
	sxc_patient domain resume www.example.org
	assert_status 0
	for _ in {1..15}; do
		sxc_patient domain status --no-header -c state,code
		[ "$status" != 0 ] || break
		sleep 2
	done
	assert_status 0
	assert_out $'up\t200'
	sxc_patient domain remove -y www.example.org
	assert_status 0
	run inside ls /etc/nginx/sxc.d
	[ -z "$output" ]
	[ "$(sql "select count(*) from v_domain")" = 0 ]
}
