#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Packages of wrapped applications: made, checked, refused. Nothing here needs a server.

load helper

setup() {
	setup_home
	cd "$BATS_TEST_TMPDIR" || return
}

# A wrapper that needs no package of the distribution.
make_wrapper() {
	mkdir -p demo/files demo/scripts
	cat >demo/wrapper.yaml <<-END
		app: demo
		version: "${1:-1.0}"
		title: a demonstration
		provides: [demo]
		platforms: {debian-12: {packages: []}}
		settings:
		  size: {type: size, min: 1024, max: 1048576, default: 4K, help: a size}
		  names: {type: list, match: "[a-z]+", default: [a, b], help: some names}
		  on: {type: boolean, default: no, help: a switch}
		templates: [{from: files/demo.in, to: /etc/demo.conf}]
		actions: {install: scripts/install}
	END
	# shellcheck disable=SC2016
	printf 'size={{size}}\n{{#names}}\nname={{.}}\n{{/names}}\n{{^on}}\noff\n{{/on}}\n' >demo/files/demo.in
	printf '#!/bin/sh\n' >demo/scripts/install
	chmod 755 demo/scripts/install
	printf 'version: "1.0"\npackages: {}\n' >demo/wrapper.lock
}

@test "the same directory and lock give the same bytes" {
	make_wrapper
	run_sxc app pack demo
	assert_ok "demo-1.0.sxa packed and signed"
	cp -r demo other
	touch -d 2001-02-03 other/files/demo.in other/scripts/install
	echo junk >other/files/.hidden
	echo junk >other/files/demo.in~
	run_sxc app pack other/ --out other.sxa
	assert_ok "other.sxa packed and signed"
	cmp demo-1.0.sxa other.sxa
	cmp demo-1.0.sxa.sig other.sxa.sig
}

@test "a package is verified, registered, shown and removed" {
	make_wrapper
	"$SXC" app pack demo >/dev/null
	run_sxc -o json app verify demo-1.0.sxa
	assert_ok
	[ "$(jq -r '.app, .version, (.members | map(.path) | join(" "))' <<<"$out")" = \
		$'demo\n1.0\nfiles/demo.in scripts/install wrapper.lock' ] || seen "members"
	run_sxc app add demo-1.0.sxa
	assert_ok "demo 1.0 registered"
	run_sxc app add demo-1.0.sxa
	assert_refused 4 "demo 1.0 is registered already"
	run_sxc app list -c app,version,provides
	assert_ok $'app\tversion\tprovides\ndemo\t1.0\tdemo'
	run_sxc -o json app show demo
	assert_ok
	[ "$(jq -r '.settings[] | "\(.setting)=\(.value)"' <<<"$out")" = $'size=4096\nnames=a,b\non=no' ] ||
		seen "settings"
	run_sxc -y app remove demo
	assert_ok "demo removed"
	run_sxc app list
	assert_ok $'app\tversion\ttitle\tprovides\tsize\tinstances\tcreated'
	[ -z "$(ls "$SXC_HOME/packages")" ]
}

@test "other content under a registered version is refused" {
	make_wrapper
	"$SXC" app add demo
	echo more >>demo/files/demo.in
	run_sxc app add demo
	assert_refused_like 4 'registered with other content: "sxc app pack --update" raises'
}

@test "versions are in the order of the distribution" {
	for v in 1.0~rc1 1.0 1.0+s1 1.0+s10 1.0+s9 1:0.1 1.10 1.9; do
		make_wrapper "$v"
		"$SXC" app add demo
	done
	run_sxc --no-header app list -c version
	assert_ok $'1:0.1\n1.10\n1.9\n1.0+s10\n1.0+s9\n1.0+s1\n1.0\n1.0~rc1'
}

@test "app remove takes one version away" {
	make_wrapper 1.0 && "$SXC" app add demo
	make_wrapper 1.1 && "$SXC" app add demo
	run_sxc -y app remove demo=1.1
	assert_ok "demo 1.1 removed"
	run_sxc -y app remove demo=1.1
	assert_refused 3 "no application named 'demo' in version 1.1"
	run_sxc app remove demo
	assert_refused_like 2 "-y"
	run_sxc app remove nothing -y
	assert_refused 3 "no application named 'nothing'"
}

@test "a byte that changed is found, and a signature of another" {
	make_wrapper
	"$SXC" app pack demo >/dev/null
	cp demo-1.0.sxa bad.sxa
	cp demo-1.0.sxa.sig bad.sxa.sig
	printf 'x' | dd of=bad.sxa bs=1 seek=$(($(stat -c %s bad.sxa) - 3)) conv=notrunc status=none
	run_sxc app verify bad.sxa
	assert_refused_like 12 "bad.sxa refused"
	cp demo-1.0.sxa none.sxa
	run_sxc app verify none.sxa
	assert_refused 12 "none.sxa refused: there is no signature none.sxa.sig beside it"
	tr '0-9' '1-90' <demo-1.0.sxa.sig >none.sxa.sig
	run_sxc app verify none.sxa
	assert_refused_like 12 "not made with the key that is trusted here"
	echo zz >none.sxa.sig
	run_sxc app add none.sxa
	assert_refused_like 12 "not 128 digits"
	SXC_HOME=$PWD/second "$SXC" init --rehearsal
	SXC_HOME=$PWD/second run_sxc app verify demo-1.0.sxa
	assert_refused_like 12 "not made with the key that is trusted here"
}

@test "hostile packages are refused before anything is written" {
	local file why wrong=0 n
	n=$(python3 "$TESTS/lib/hostile.py" .)
	[ "$n" -ge 60 ]
	mkdir before
	cp -a "$SXC_HOME" before/home
	while IFS=$'\t' read -r file why; do
		run_sxc app add "$file"
		[ "$status" = 12 ] && [ -z "$out" ] && [[ $err =~ $why ]] && [[ $err != *$'\n'* ]] &&
			[[ $err != *$'\x1b'* ]] && continue
		seen "$file should be refused because: $why" || wrong=1
	done <list
	[ "$wrong" = 0 ]
	diff <(cd before/home && find . -not -name '*.db*' | sort) \
		<(cd "$SXC_HOME" && find . -not -name '*.db*' | sort)
	[ "$(sql "select count(*) from v_app")" = 0 ]
	run_sxc app verify good.sxa
	assert_refused 12 "good.sxa refused: there is no signature good.sxa.sig beside it"
}

@test "what is wrong in a wrapper directory is said with its place" {
	make_wrapper
	sed -i 's/^title:.*/titel: x/' demo/wrapper.yaml
	run_sxc app pack demo
	assert_refused_like 2 "demo/wrapper.yaml:3:1: unknown key 'titel': allowed are app version"
	make_wrapper
	sed -i 's/default: 4K/default: 4/' demo/wrapper.yaml
	run_sxc app pack demo
	assert_refused_like 2 "demo/wrapper.yaml:7:.*default: must be a size .* from 1K to 1M, not '4'"
	make_wrapper
	sed -i 's/min: 1024/min: x/' demo/wrapper.yaml
	run_sxc app pack demo
	assert_refused_like 2 "demo/wrapper.yaml:7:.*min must be a whole number"
	make_wrapper
	chmod 644 demo/scripts/install
	run_sxc app pack demo
	assert_refused 2 "demo: the script scripts/install is not there or not executable"
	make_wrapper
	echo '{{unknown}}' >>demo/files/demo.in
	run_sxc app pack demo
	assert_refused 2 "demo/files/demo.in:8: no setting named unknown"
	make_wrapper
	echo '{{#on}}' >>demo/files/demo.in
	run_sxc app pack demo
	assert_refused_like 2 "demo/files/demo.in:9: a section is not closed: on"
	make_wrapper
	echo '{{names}}' >>demo/files/demo.in
	run_sxc app pack demo
	assert_refused_like 2 "demo/files/demo.in:8: a list stands in a section only: names"
	[ -z "$(ls ./*.sxa* 2>/dev/null)" ]
}

@test "what cannot be probed is said with its place" {
	probe() { # services
		make_wrapper
		sed -i '/^services:/d' demo/wrapper.yaml
		echo "services: [$1]" >>demo/wrapper.yaml
		run_sxc app pack demo
	}
	probe '{unit: a.service, probe: ping}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*probe must be tcp, http, smtp, .* dns or command"
	probe '{unit: a.service, probe: http}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*a probe needs ports to ask"
	probe '{ports: [80/tcp], probe: http}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*a service has a unit or a probe that runs a command"
	probe '{unit: a.service, ports: [80/tcp], probe: {type: http, path: "/a b"}}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*path must begin with / and hold no blanks"
	probe '{unit: a.service, ports: [80/tcp], probe: {type: http, expect: "("}}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*expect must be a POSIX extended expression"
	probe '{unit: a.service, ports: [80/tcp], probe: {type: tcp, expect: a}}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*a probe of this kind expects nothing else"
	probe '{unit: a.service, ports: [53/udp], probe: dns}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*name belongs to the probe dns, and it needs one"
	probe '{unit: a.service, ports: [53/tcp], probe: {type: dns, name: localhost}}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*the probe dns asks ports of udp"
	probe '{probe: command}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*run belongs to the probe command, and it needs it"
	probe '{unit: a.service, when: nothing}'
	assert_refused_like 2 "demo/wrapper.yaml:[0-9]+:.*there is no setting 'nothing'"
	probe '{probe: {type: command, run: [/bin/true], expect: "^$"}}, {unit: a.service, ports: [1/tcp], probe: tcp, when: on}'
	assert_status 0
}

@test "links, special files and set-uid files are not packed" {
	make_wrapper
	ln -s /etc/passwd demo/files/link
	run_sxc app pack demo
	assert_refused 2 "demo/files/link is a link: a wrapper holds regular files only"
	rm demo/files/link
	mkfifo demo/files/fifo
	run_sxc app pack demo
	assert_refused 2 "demo/files/fifo is a special file: a wrapper holds regular files only"
	rm demo/files/fifo
	touch demo/files/suid
	chmod 4755 demo/files/suid
	run_sxc app pack demo
	assert_refused 2 "demo/files/suid has the set-uid, set-gid or sticky bit"
	rm demo/files/suid
	mkdir demo/packages && touch demo/packages/a
	run_sxc app pack demo
	assert_refused_like 2 "the name packages/a is taken by the package itself"
	run_sxc app pack nowhere
	assert_refused 3 "nowhere is no wrapper directory: there is no wrapper.yaml in it"
}

@test "targets, settings and names are checked before anything is asked of a server" {
	make_wrapper
	"$SXC" app add demo
	run_sxc app install demo web9
	assert_refused 3 "no server or private server named 'web9'"
	run_sxc app install demo all
	assert_refused 3 "no private server matches 'all'"
	run_sxc app install demo @group
	assert_refused 3 "no private server matches '@group'"
	run_sxc app install other web9
	assert_refused_like 3 "no application named 'other'"
	run_sxc app install demo web9 --set size
	assert_refused 2 "'size' is not SETTING=VALUE"
	run_sxc app status
	assert_ok $'app\tps\tserver\tversion\tstate\thealth\tunit\tnote'
	run_sxc app instances
	assert_ok $'app\tversion\tps\tserver\tstate\taccount\tcreated'
}

@test "a new wrapper works, and what is missing in one is said with file and line" {
	run_sxc app new shouter
	assert_ok 'shouter written: change shouter/wrapper.yaml, then "sxc app verify shouter"'
	run_sxc app new shouter
	assert_refused 4 "shouter is there already"
	run_sxc app new ../x
	assert_status 2
	run_sxc app verify shouter --no-header
	assert_ok
	[ "$(cut -f2 <<<"$out")" = $'advice\nadvice' ] || seen "other than two pieces of advice"
	printf 'version: "1.0"\npackages: {}\n' >shouter/wrapper.lock
	run_sxc app add shouter
	assert_ok "shouter 1.0 registered"
	rm shouter/files/shouter.conf.in
	chmod 644 shouter/scripts/install
	echo 'no interpreter' >shouter/scripts/remove
	echo '{{nothing}}' >>shouter/files/shouter.service.in
	sed -i '/^check:/d' shouter/wrapper.yaml
	run_sxc app verify shouter --no-header
	assert_status 2
	assert_err "sxc: shouter cannot be packed: 4 errors"
	assert_out_has $'shouter/wrapper.yaml:31\terror\tfiles/shouter.conf.in is not there'
	assert_out_has $'shouter/files/shouter.service.in:10\terror\tno setting named nothing'
	assert_out_like $'shouter/wrapper.yaml:[0-9]+\terror\tscripts/install is not executable'
	assert_out_like $'shouter/wrapper.yaml:[0-9]+\terror\tscripts/remove does not begin with #!'
	assert_out_like $'shouter/wrapper.yaml:26\tadvice\tthe setting greeting is used in no template'
	assert_out_has "no check: a configuration goes live untested"
	echo 'app: [' >shouter/wrapper.yaml
	run_sxc -o json app verify shouter
	assert_status 2
	[ "$(jq -r '.findings | length, .[0].level' <<<"$out")" = $'1\nerror' ] || seen "findings"
	mkdir empty
	run_sxc app verify empty
	assert_refused_like 3 "empty is no wrapper directory"
}
