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
	until_done ps add web2 >&2
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

# The clock of apps/clock in a version, its files changed by sed.
clock_files() { # version, sed expressions…
	local version=$1
	rm -rf clock && cp -r "$TOP/tests/lab/apps/clock" clock
	sed -i "s/1\.0/$version/" clock/wrapper.yaml clock/files/clock.conf.in clock/wrapper.lock
	shift
	for e; do sed -i "$e" clock/wrapper.yaml clock/files/clock.conf.in; done
}

clock() {
	clock_files "$1"
	"$SXC" app add clock >&2
}

# What a private server's clock answers, without the time.
answer() {
	"$LAB" exec curl -sS --max-time 20 "http://$(sql "select addresses from v_ps where ps = '$1'"):8037/" |
		cut -d' ' -f1,2
}

# Like inside, on web2.
inside2() { "$LAB" exec "$SXC" ps exec web2 -- "$@"; }

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

@test "an update of many keeps data and settings, canaries first" {
	clock 1.0
	sxc_patient app install clock all --set word=hallo
	assert_status 0
	assert_out $'clock on web1 installed\nclock on web2 installed'
	[ "$(answer web1), $(answer web2)" = "hallo 1.0, hallo 1.0" ]
	inside sh -c 'echo kept >/var/lib/clock/note'
	clock 1.1
	sxc_patient app update clock web1
	assert_status 0
	assert_out "clock on web1 updated"
	[ "$(answer web1)" = "hallo 1.1" ]
	run inside cat /var/lib/clock/first /var/lib/clock/note
	[ "$output" = $'1.0\nkept' ] || { echo "$output"; false; }
	sxc_patient app config history clock web1 --no-header -c n,version,settings
	assert_out $'2\t1.1\t\n1\t1.0\t{"word":"hallo"}'
}

@test "an update that does not come up gives way to the old version, and no other is begun" {
	clock_files 1.2 's/^timeout:.*/timeout: 5s/' 's/word={{word}}/word=crash/' \
		's/^actions:.*/actions: {install: scripts\/install, update: scripts\/update}/'
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "spoiled by $SXC_VERSION after $SXC_VERSION_BEFORE" >/var/lib/clock/first\ntouch /var/lib/clock/new\n' \
		>clock/scripts/update
	chmod 755 clock/scripts/update
	"$SXC" app add clock >&2
	sxc_patient app update clock --canary 1 web2 web1
	assert_status 10
	assert_out ""
	assert_err_like "web2 +s1 .*clock did not come up.*\(1.0 is back\)"
	assert_err_like "web1 +s1 +left as it was: another target failed"
	assert_err_has "failed on 1 of 2 targets, 1 left as they were"
	[ "$(answer web1), $(answer web2)" = "hallo 1.1, hallo 1.0" ]
	run inside2 sh -c 'cat /var/lib/clock/first; ls /var/lib/clock; ls -d /var/lib/sxc-app/*saved* 2>/dev/null; :'
	[ "$output" = $'1.0\nfirst' ] || { echo "$output"; false; }
	[ "$(sql "select group_concat(version || ' ' || state) from v_instance")" = "1.1 running,1.0 running" ]
}

@test "an update that finds the disk full changes nothing" {
	inside2 sh -c 'head -c 4M /dev/urandom >/var/lib/clock/data
		for i in 1G 512M 256M 128M 64M 32M 16M 8M 4M 4M 2M 1M 1M; do fallocate -l $i /srv/fill.$(date +%N) 2>/dev/null; done; :' >&2
	sxc_patient app update clock web2 --to 1.1
	inside2 sh -c 'rm -f /srv/fill.*' >&2
	[ "$status" = 1 ] || [ "$status" = 7 ] || seen "not refused for a full disk"
	assert_err_like "saving its data: .*(No space left on device|Disk quota exceeded).*\(1.0 is back\)"
	[ "$(answer web2)" = "hallo 1.0" ]
}

@test "an update that is killed on either side is taken back and begun again" {
	# shellcheck disable=SC2016
	"$LAB" exec sh -c '"$1" app update clock web2 --to 1.1 & pid=$!; sleep 2; kill -9 $pid; wait $pid' \
		sh "$SXC" >&2 2>/dev/null || true
	# The agent's session goes on alone; it is killed in the middle of its work.
	"$LAB" ssh 1 'for p in $(pidof sxc-agent); do kill -9 $p; done' >&2 || true
	for _ in 1 2 3 4 5; do
		sxc_lab app update clock web2 --to 1.1
		[ "$status" != 9 ] && [ "$status" != 11 ] && break
		sleep 3
	done
	assert_status 0
	[ "$(answer web2)" = "hallo 1.1" ]
	run inside2 cat /var/lib/clock/first
	[ "$output" = 1.0 ]
	[ "$(sql "select version, state from v_instance where ps = 'web2'")" = $'1.1\trunning' ]
}

@test "two updates at once: one does it, the other is told" {
	clock 1.3
	"$LAB" exec "$SXC" app update clock web2 --to 1.3 >one 2>&1 &
	sxc_lab app update clock web2 --to 1.3
	wait $! && first=0 || first=$?
	echo "first $first: $(cat one)"
	[ $((first == 0)) != 0 ] || [ "$status" = 0 ] || seen "neither did it"
	[[ $status =~ ^(0|9|11)$ ]] || seen "not done, busy"
	[[ $first =~ ^(0|9|11)$ ]]
	sxc_patient app update clock web2 --to 1.3
	assert_status 0
	[ "$(answer web2)" = "hallo 1.3" ]
}

@test "a server itself is a place for applications, and keeps nothing of one that is gone" {
	local at was
	at=$("$LAB" address 1)
	was=$("$LAB" ssh 1 'dpkg-query -W; ls /etc /etc/systemd/system /var/lib')
	sxc_patient app install clock=1.0 all --servers --set word=hallo
	assert_status 0
	assert_out "clock on s1 installed"
	[[ $("$LAB" exec curl -sS --max-time 20 "http://$at:8037/") == "hallo 1.0 "* ]]
	sxc_lab app status clock s1 --no-header -c ps,server,state,health
	assert_ok $'\ts1\trunning\tup'
	sxc_lab app config set clock s1 word=bad
	assert_status 1
	[[ $("$LAB" exec curl -sS --max-time 20 "http://$at:8037/") == "hallo 1.0 "* ]]
	sxc_lab server remove s1 -y
	assert_status 6
	sxc_patient app uninstall clock s1 -y --purge
	assert_status 0
	! "$LAB" exec curl -sS --max-time 5 "http://$at:8037/" || seen "it answers"
	[ "$("$LAB" ssh 1 'dpkg-query -W; ls /etc /etc/systemd/system /var/lib')" = "$was" ]
}

@test "applications come back with a backup, on another private server" {
	local was there
	was=$(answer web1)
	sxc_patient ps backup web1 --to web1.sxb
	assert_status 0
	sxc_patient ps restore web3 --from web1.sxb
	assert_status 0
	assert_out "private server web3 made from web1.sxb"
	[ "$(answer web3)" = "$was" ]
	there=$(sql "select app, version, state from v_instance where ps = 'web1' order by app")
	[ "$(sql "select app, version, state from v_instance where ps = 'web3' order by app")" = "$there" ]
	sxc_patient ps remove web3 -y
	assert_status 0
	[ -z "$(sql "select app from v_instance where ps = 'web3'")" ]
}

@test "settings come back by number, and what makes it sick is taken back" {
	sxc_patient app config set clock web2 word=servus zones=UTC,CET
	assert_status 0
	[ "$(answer web2)" = "servus 1.3" ]
	sxc_patient app config set clock web2 word=bad
	assert_status 1
	assert_err_has "clock.conf: bad is no word"
	[ "$(answer web2)" = "servus 1.3" ]
	sxc_patient app config revert clock web2 1
	assert_status 0
	[ "$(answer web2)" = "hallo 1.3" ]
	echo hunter2 >token
	sxc_patient app config set clock web2 --set-file token=token
	assert_status 0
	inside2 grep -qx token=hunter2 /etc/clock.conf
	sxc_patient app config set clock web2 word=bad
	assert_status 1
	assert_err_has "bad is no word, token ***"
	for words in "app config get clock web2" "app config history clock web2" "job list --all" "audit list"; do
		# shellcheck disable=SC2086
		sxc_lab -o json $words
		assert_out_lacks hunter2
	done
	"$LAB" exec "$SXC" app uninstall -y --purge clock all >&2
	[ "$(inside sh -c 'ls -d /var/lib/sxc-app/* /etc/clock.conf /var/lib/clock /usr/local/lib/clock/* 2>/dev/null')" = "" ]
}

@test "a script that fails, hangs or prints a megabyte is reported with its last lines" {
	make_wrapper noisy "/bin/sleep infinity" "/bin/true"
	echo 'timeout: 4s' >>noisy/wrapper.yaml
	printf '#!/bin/sh\nhead -c 1000000 /dev/zero | tr "\\0" x\necho the end of it\nexit 3\n' >noisy/scripts/install
	"$SXC" app add noisy >&2
	sxc_patient app install noisy web1
	assert_status 1
	assert_err_like "scripts/install inside web1 ended with status 3: x+the end of it"
	[ "${#err}" -lt 1200 ]
	sed -i 's/"1.0"/"1.1"/' noisy/wrapper.yaml
	printf '#!/bin/sh\nsleep 1000\n' >noisy/scripts/install
	"$SXC" app add noisy >&2
	sxc_patient app install noisy web1
	assert_status 1
	assert_err_has "scripts/install inside web1"
	[ "$(sql "select count(*) from v_instance where app = 'noisy'")" = 0 ]
}

# Each block of the page is run as it stands; what may fetch packages outside the lab's network, which
# does not reach them.
@test "sxc-wrapping(7) leads to a running application" {
	"$LAB" exec "$SXC" app uninstall -y --purge nginx web1 >&2 || true
	# shellcheck disable=SC2016
	{
		echo 'set -e'
		echo 'sxc() { case $2 in new|verify|pack|add|show) command "$SXC" "$@";; *) "$LAB" exec "$SXC" "$@";; esac; }'
		sed -n '/^\.\\" lab$/,/^\.\\" end$/p' "$TOP/man/sxc-wrapping.7" | sed -n 's/^[$>] //p' | sed 's/\\e/\\/g'
	} >steps
	[ "$(grep -c '^sxc ' steps)" -ge 10 ]
	run bash steps
	[ "$status" = 0 ] || { echo "$output"; false; }
	[[ $output == *"lighttpd on web1 installed"* && $output == *"dir-listing.activate"* ]] || { echo "$output"; false; }
}

@test "another package manager is waited for, and what it left half-configured is settled" {
	make_wrapper named "/bin/sleep infinity" "/bin/true"
	sed -i 's/{packages: \[\]}/{packages: [hostname]}/' named/wrapper.yaml
	"$SXC" app add named >&2
	inside sed -i '/^Package: hostname$/,/^$/s/^Status: install ok installed$/Status: install ok unpacked/' \
		/var/lib/dpkg/status
	# shellcheck disable=SC2016
	inside sh -c 'perl -MFcntl -e '"'"'open(F, ">", "/var/lib/dpkg/lock-frontend");
		fcntl(F, F_SETLK, pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0)) or die; sleep 6'"'"' >/dev/null 2>&1 & sleep 1'
	sxc_patient app install named web1
	assert_status 0
	run inside dpkg-query -W -f '${Status}' hostname
	[ "$output" = "install ok installed" ]
	"$LAB" exec "$SXC" app uninstall -y --purge named web1 >&2
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
