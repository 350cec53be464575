# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What tests of the books share: days, plans, charges of ada, and whether the books are in order.

on() { # day, command…
	SXC_NOW=${1}T10:00:00Z run_sxc "${@:2}"
}

plan() { # name, price, more lines
	printf 'plan: %s\ncurrency: USD\nprice: %s\nevery: 1 month\n' "$1" "$2" >"$BATS_TEST_TMPDIR/$1.yaml"
	[ -z "${3-}" ] || printf '%s\n' "${@:3}" >>"$BATS_TEST_TMPDIR/$1.yaml"
	run_sxc plan apply "$BATS_TEST_TMPDIR/$1.yaml"
	assert_ok
}

charge() { # amount…: lines of one invoice
	for amount in "$@"; do
		run_sxc account charge ada "$amount" --reason work
	done
	run_sxc invoice run
	assert_status 0
}

charge_each() { # amount…: an invoice for each, without tax
	for amount in "$@"; do
		run_sxc account charge ada "$amount" --reason work --exempt
		run_sxc invoice run
		assert_status 0
	done
}

ledger() { # book: its sum
	sql "SELECT coalesce(sum(amount), 0) FROM v_ledger WHERE book = '$1'"
}

# In order, cash as payments have it, lost what is written off, and every line can be explained.
books() {
	run_sxc invoice check
	assert_status 0
	[ "$err" = "the books are in order" ] || seen "not in order"
	[ "$(ledger cash)" = "$(sql 'SELECT (SELECT coalesce(sum(amount), 0) FROM v_payment) - (SELECT coalesce(sum(amount), 0) FROM v_refund)')" ] ||
		seen "cash is not what payments and refunds have"
	[ "$(ledger bad-debt)" = "$(sql 'SELECT coalesce(sum(written_off), 0) FROM v_invoice')" ] ||
		seen "bad debt is not what is written off"
	for number in $(sql 'SELECT number FROM v_invoice'); do
		run_sxc invoice explain "$number"
		assert_status 0
	done
}
