# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every part of the lab shares: where things are, how it complains, how it waits.
# Knows nothing of QEMU, images or networks.
# shellcheck disable=SC2034 # the settings are read by the other parts

LAB_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_DIR=${SXC_LAB_DIR:-/run/sxc-lab}
LAB_CACHE=${SXC_LAB_CACHE:-/var/cache/sxc-lab}
LAB_MEM=${LAB_MEM:-1024}
LAB_CPUS=${LAB_CPUS:-2}
LAB_TIMEOUT=${LAB_TIMEOUT:-120}
LAB_PASSWORD=lab-root-password
LAB_RELEASE=bookworm
LAB_MAX=50

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
usage_error() { say "$*"; say "see 'lab --help'"; exit 2; }

# Paths end up in unix socket addresses (108 bytes) and in QEMU options (commas, quotes).
check_path() {
	[[ $2 =~ ^(/[A-Za-z0-9._-]+)+/?$ && ! $2/ =~ /\.\.?/ && ${#2} -le $3 ]] ||
		usage_error "$1: '$2': an absolute path of at most $3 letters, digits, '/', '.', '_', '-'"
}

check_number() {
	[[ $2 =~ ^[1-9][0-9]{0,4}$ && $2 -ge $3 && $2 -le $4 ]] ||
		usage_error "$1: '$2': a whole number from $3 to $4"
}

check_settings() {
	check_path SXC_LAB_DIR "$LAB_DIR" 70
	check_path SXC_LAB_CACHE "$LAB_CACHE" 200
	check_number LAB_MEM "$LAB_MEM" 256 65536
	check_number LAB_CPUS "$LAB_CPUS" 1 64
	check_number LAB_TIMEOUT "$LAB_TIMEOUT" 1 36000
	LAB_DIR=${LAB_DIR%/}
	LAB_CACHE=${LAB_CACHE%/}
}

need_root() { ((EUID == 0)) || die "must be run as root (it makes a network namespace)"; }

need_tools() {
	local tool
	for tool; do
		type -P "$tool" >/dev/null || die "$tool is not installed; tests/deps/lab.txt lists what the lab needs"
	done
}

# The name of this lab's network namespace; the default directory has the plain name.
netns_name() {
	if [[ $LAB_DIR == /run/sxc-lab ]]; then
		echo sxc-lab
	else
		echo "sxc-lab-$(sha256sum <<<"$LAB_DIR" | cut -c1-8)"
	fi
}

# Overlay disks and saved states: large, so beside the cache and not in /run.
disks_dir() { echo "$LAB_CACHE/disks/$(netns_name)"; }

# digest of the given files' names and contents, and of the given words read from stdin
recipe_key() {
	{
		cat
		local f
		for f; do
			printf '%s %s\n' "${f##*/}" "$(sha256sum <"$f")"
		done
	} | sha256sum | cut -c1-16
}

# wait_for SECONDS COMMAND…: until it succeeds; non-zero when time is up
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# lock FILE WAIT-MESSAGE: held on descriptor 9 until the process ends; children must close it
lock() {
	mkdir -p "${1%/*}"
	exec 9>"$1"
	flock -n 9 && return
	say "$2"
	flock -w 1800 9 || die "$1 is still held after half an hour"
}
