#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# States of an account: lock, and being forgotten.

load helper

setup() {
	setup_home 2026-04-01T10:00:00Z
	printf 'plan: web\ncurrency: USD\nprice: 30\nevery: 1 month\n' >"$BATS_TEST_TMPDIR/web.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/web.yaml"
	run_sxc account add ada --email ada@example.net --contact 'name=Ada Lovelace' --tax-id GB123
	assert_ok
}

state() {
	sql "SELECT state FROM v_account WHERE id = 1" 2>/dev/null || sql 'SELECT state FROM v_account'
}

@test "lock stops orders, billing and services go on; unlock lifts it" {
	run_sxc account subscribe ada web
	run_sxc account lock ada --reason 'two logins at once'
	assert_ok 'account ada locked'
	[ "$(state)" = locked ]
	run_sxc account subscribe ada web
	assert_refused_like 5 'account ada is locked: it cannot order'
	run_sxc account lock ada
	assert_refused 5 'account ada is locked already'
	[ "$(sql 'SELECT state FROM v_subscription')" = active ]
	run_sxc invoice run
	assert_status 0
	assert_out_has 2026-000001
	run_sxc -o json account show ada
	assert_out_has '"reason": "two logins at once"'
	# Suspended and locked: each is lifted by itself.
	run_sxc account suspend ada
	assert_ok
	[ "$(state)" = suspended ]
	run_sxc account resume ada
	[ "$(state)" = locked ]
	run_sxc account unlock ada
	assert_ok 'account ada unlocked'
	[ "$(state)" = active ]
	run_sxc account unlock ada
	assert_refused 5 'account ada is not locked'
}

@test "erase forgets the person and keeps the books" {
	run_sxc config set mail.command "$TESTS/lib/sendmail"
	run_sxc config set mail.from b@example.net
	run_sxc account subscribe ada web --name lovelace-web
	assert_status 0
	run_sxc invoice run
	run_sxc mail run
	run_sxc ticket open --account ada --subject 'a question' --body 'It is me, Ada Lovelace.'
	assert_status 0
	run_sxc -y account erase ada --reason 'she asks for it'
	assert_refused 5 'account ada is active: "sxc account close" it first'
	export SXC_NOW=2026-04-11T10:00:00Z
	run_sxc -y account close ada --reason 'she leaves'
	assert_status 0
	run_sxc invoice run
	run_sxc -y account erase ada --reason 'she asks for it'
	assert_refused_like 5 'account ada owes something: settle that first'
	run_sxc account pay ada "$(sql 'SELECT printf("%.2f", balance / 100.0) FROM v_account')"
	assert_status 0
	before=$("$SXC" invoice export 2026-000001)
	run_sxc -y account erase ada
	assert_refused 2 'say why with --reason: one line of at most 200 bytes'
	run_sxc -y account erase ada --reason 'she asks for it'
	assert_ok 'account ada erased: the books call it erased-1'
	# Documents print the same bytes; everything else has forgotten her.
	[ "$("$SXC" invoice export 2026-000001)" = "$before" ]
	run_sxc invoice check
	assert_status 0
	run_sxc audit verify
	assert_status 0
	run_sxc account show ada
	assert_refused 3 "no account named 'ada'"
	run_sxc ticket list --search Lovelace
	assert_out_lacks 1
	for table in account subscription mail ticket ticket_message ticket_attachment method charge; do
		dump=$(sqlite3 "$SXC_HOME/sxc.db" "SELECT * FROM $table")
		[[ $dump != *ada@example* && $dump != *Lovelace* && $dump != *lovelace-web* && $dump != *GB123* ]] ||
			{ echo "$table: $dump"; return 1; }
	done
}
