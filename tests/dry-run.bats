#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# -n on what changes something: it says what would be done and changes nothing.

load helper

setup() {
	setup_home
	cd "$BATS_TEST_TMPDIR" || return 1
	"$SXC" account add acme --email ops@acme.example
	"$SXC" plan apply "$TOP"/share/plans/{bronze,vds-small,free-form}.yaml
	"$SXC" config set seller.name "Example Hosting"
	"$SXC" config set seller.address "1 Main Street"
	mkdir root && mkdir -p root/{etc,sbin} && : >root/sbin/init && echo 'ID=test' >root/etc/os-release
}

# All that is kept: the store and the files beside it.
everything() {
	sqlite3 "$SXC_HOME/sxc.db" .dump
	find "$SXC_HOME" -type f ! -name 'sxc.db*' ! -name '*.lock' | sort | xargs -r sha256sum
}

# A command with -n says so and changes nothing; then the same for real changes something.
tried() { # what the dry run says, words…
	local said=$1 before
	shift
	before=$(everything)
	run_sxc --yes "$@" -n
	[ "$status" = 0 ] || seen "not status 0"
	assert_out "$said"
	[ "$(everything)" = "$before" ] || seen "something changed: $(diff <(everything) <(echo "$before"))"
	run_sxc --yes "$@"
	[ "$status" = 0 ] || seen "not status 0 without -n"
	[ "$(everything)" != "$before" ] || seen "nothing changed without -n"
}

@test "accounts, subscriptions and money: nothing is kept of a dry run" {
	tried "dry run: account ada added" account add ada --email ada@example.net
	tried "dry run: account ada set" account set ada --email ada@example.com
	tried "dry run: acme/1 subscribed to free-form" account subscribe acme free-form
	tried "dry run: account acme will be charged 5 with the next invoice" \
		account charge acme 5 --reason help
	run_sxc -n invoice run
	assert_status 0
	[ -z "$(sql 'SELECT * FROM v_invoice')" ]
}

@test "images: a dry run reads the file and keeps neither row nor copy" {
	tried "dry run: image tiny added" image add tiny root
	tried "dry run: image tiny removed" image remove tiny
}

@test "addresses, taxes, plans" {
	tried "dry run: pool 198.51.100.0/24 added" ip add 198.51.100.0/24
	tried "dry run: tax vat added" invoice tax add vat --rate 20%
	tried "dry run: plan bronze retired" plan retire bronze
	tried "dry run: plan vds-small removed" plan remove vds-small
}

@test "a server: the dry run checks the words and contacts nobody" {
	echo key >identity
	local pin=SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
	run_sxc -n server add 192.0.2.1 --name web1 --host-key $pin --identity identity
	assert_ok "dry run: server web1 added"
	[ -z "$(sql 'SELECT * FROM v_server')" ]
}

@test "what is refused for real is refused in a dry run" {
	run_sxc -n account add acme --email x@example.net
	assert_refused 4 "account acme exists already"
	run_sxc -n account subscribe acme gold
	assert_refused_like 3 "no plan named 'gold'"
}

@test "-o json marks a dry run" {
	run_sxc -n -o json account add ada --email ada@example.net
	assert_status 0
	[ "$(jq -c '[.account, .dry_run]' <<<"$out")" = '["ada",true]' ]
}
