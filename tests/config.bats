#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

load helper

setup() {
	setup_home
}

@test "config set, get, unset" {
	run_sxc config set seller.name "Example & Söhne"
	assert_ok "seller.name set"
	run_sxc config get seller.name
	assert_ok "Example & Söhne"
	run_sxc config get seller.name -o json
	assert_ok
	[ "$(jq -r .value <<<"$out")" = "Example & Söhne" ]
	run_sxc config unset seller.name
	assert_ok "seller.name unset"
	run_sxc config get seller.name
	assert_refused 3 "seller.name is not set"
	run_sxc config unset seller.name
	assert_refused 3 "seller.name is not set"
}

@test "config get gives the default" {
	run_sxc config get currency
	assert_ok USD
	run_sxc config set currency EUR
	run_sxc config get currency
	assert_ok EUR
	run_sxc config unset currency
	run_sxc config get currency
	assert_ok USD
}

@test "config keeps lines of an address" {
	run_sxc config set seller.address $'Main Street 1\nSpringfield'
	assert_ok
	run_sxc config get seller.address
	assert_ok $'Main Street 1\nSpringfield'
}

@test "config list names every key once, JSON knows null" {
	run_sxc config list -o json
	assert_ok
	[ "$(jq -r '.settings[] | select(.key == "terms") | .value' <<<"$out")" = 14d ]
	[ "$(jq -r '.settings[] | select(.key == "seller.name") | .value' <<<"$out")" = null ]
	[ "$(jq -r '.settings[].key' <<<"$out" | sort | uniq -d)" = "" ]
	run_sxc config list -q --filter 'key=seller.*' --sort -key
	assert_ok $'seller.tax-id\nseller.name\nseller.logo\nseller.email\nseller.bank\nseller.address'
}

@test "config refuses keys it does not know and names near ones" {
	run_sxc config set seler.name x
	assert_refused 2 "no setting named 'seler.name': did you mean seller.name?"
	run_sxc config get nonsense-of-some-kind
	assert_refused 2 "no setting named 'nonsense-of-some-kind': \"sxc config list\" shows them"
	run_sxc config unset ""
	[ "$status" = 2 ]
	[ "$(sql "select count(*) from config")" = 0 ]
}

@test "config refuses values a key does not take" {
	run_sxc config set terms 2w
	assert_refused 2 "terms must be days from 0d to 365d, not '2w'"
	run_sxc config set currency DOLLARS
	assert_refused_like 2 "DOLLARS"
	run_sxc config set timezone Mars/Olympus
	assert_refused_like 2 "Mars/Olympus"
	run_sxc config set seller.email $'a@b\nBcc: all@example.net'
	assert_refused_like 2 "seller.email must be a mail address"
	[ "$(sql "select count(*) from config")" = 0 ]
}

@test "config -n changes nothing" {
	run_sxc config set seller.name Example -n
	assert_ok "would set seller.name to Example"
	run_sxc config set terms never -n
	assert_refused 2 "terms must be days from 0d to 365d, not 'never'"
	[ "$(sql "select count(*) from config")" = 0 ]
	[ "$(sql "select count(*) from audit")" = 1 ]
}

@test "config set is a row of the audit log with both values" {
	"$SXC" config set seller.name One
	"$SXC" --as robot config set seller.name Two
	run_sxc audit list --object seller.name --limit 1 -c actor,what,before,after --no-header
	assert_ok $'robot\tconfig.set\t"One"\t"Two"'
}

@test "a request key gives the first answer again" {
	run_sxc --request-key k1 config set seller.name One
	assert_ok "seller.name set"
	"$SXC" config set seller.name Two
	run_sxc --request-key k1 config set seller.name One
	assert_ok "seller.name set"
	run_sxc config get seller.name
	assert_ok Two
	run_sxc --request-key k1 config set seller.name Three
	assert_refused 12 "request key 'k1' was used for other arguments"
}
