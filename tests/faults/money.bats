#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Billing, payments and mail, many at once on the same books, killed and with a failing disk.
# MONEY_ROUNDS=200 for more rounds, MONEY_SEED=17 to begin with another.

load ../helper

@test "rounds at random moments: every period, payment, charge and message once" {
	cc -shared -fPIC -O1 -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/fail.so" "$BATS_TEST_DIRNAME/fail.c" -ldl
	run_split env FAIL_SO="$BATS_TEST_TMPDIR/fail.so" \
		"$TESTS/money/rounds.py" "${MONEY_SEED:-1}" "${MONEY_ROUNDS:-20}"
	assert_status 0
	assert_err ''
	assert_out_like "^rounds ${MONEY_SEED:-1} to [0-9]+"$'\n'"[0-9]+ rounds, everything once: "
}
