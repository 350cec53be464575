#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The examples of the manual pages are run; see tests/README.md.

load helper

@test "examples of every page" {
	failed=0
	for page in "$TOP"/man/*.[1-8]; do
		"$TESTS/lib/examples" "$page" || failed=1
	done
	[ $failed = 0 ]
}
