#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Worked cases of the billing rules; tests/money/cases.txt holds them.

load helper

cases() { # section
	run -0 "$TESTS/money/cases.py" "$1"
}

@test "proration" { cases "Proration"; }
@test "anchors" { cases "Anchors"; }
@test "trial and set-up" { cases "Trial and set-up"; }
@test "changes" { cases "Changes"; }
@test "arrears" { cases "Arrears"; }
@test "taxes" { cases "Taxes"; }
@test "coupons" { cases "Coupons"; }
@test "currencies" { cases "Currencies"; }
@test "time zones" { cases "Time zones"; }
@test "edges" { cases "Edges"; }
@test "withdrawal" { cases "Withdrawal"; }
@test "documented elsewhere" { cases "Documented elsewhere"; }
@test "bad days" { cases "Bad days"; }

@test "explain alone derives every document of rich books again" {
	run -0 "$TESTS/money/explain.py"
	[[ $output =~ ^[0-9]+\ documents,\ [0-9]+\ lines ]] || { echo "$output" && false; }
}

@test "no section of the cases is left out" {
	sections=$(sed -n 's/^# \([A-Z][a-z -]*\)$/\1/p' "$TESTS/money/cases.txt")
	for section in "${sections[@]}"; do
		while read -r name; do
			grep -q "{ cases \"$name\"; }" "$TESTS/cases.bats" || { echo "$name" && false; }
		done <<<"$section"
	done
}
