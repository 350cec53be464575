# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The agent's operations by hand, on server 1 of the lab $lab.

# A command on the server, its arguments kept as they are.
on() {
	local command
	printf -v command '%q ' "$@"
	run_split "$lab" ssh 1 "$command"
}

call() { on /usr/lib/sxc/sxc-agent call "$@"; }
