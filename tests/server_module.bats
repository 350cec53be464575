#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Builds of the kernel module kept at the control center, and bounds that need it.

load helper

setup() {
	setup_home
}

# A module that says it is sxps, as the assembler makes it.
make_module() { # FILE RELEASE VERSION [NAME]
	printf '.section .modinfo,"a"\n.asciz "name=%s","version=%s","srcversion=A1","vermagic=%s SMP "\n' \
		"${4:-sxps}" "$3" "$2" | as -o "$1" -
}

version() { "$SXC" version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1; }

@test "a build is kept under the kernel it names, replaced, listed, removed" {
	make_module "$BATS_TEST_TMPDIR/a.ko" 6.1.0-9-amd64 "$(version)"
	run_sxc server module add "$BATS_TEST_TMPDIR/a.ko"
	assert_ok "module for kernel 6.1.0-9-amd64 added"
	cmp "$BATS_TEST_TMPDIR/a.ko" "$SXC_HOME/modules/6.1.0-9-amd64/sxps.ko"
	printf 'x~Module signature appended~\n' >>"$BATS_TEST_TMPDIR/a.ko"
	run_sxc server module add "$BATS_TEST_TMPDIR/a.ko"
	assert_ok
	run_sxc server module list --columns release,version,signed --no-header
	assert_ok "6.1.0-9-amd64	$(version)	yes"
	run_sxc server module list -o json
	assert_ok
	[ "$(jq -r '.modules[0].digest' <<<"$out")" = "$(sha256sum <"$BATS_TEST_TMPDIR/a.ko" | cut -d' ' -f1)" ]
	run_sxc -y server module remove 6.1.0-9-amd64
	assert_ok "module for kernel 6.1.0-9-amd64 removed"
	[ ! -e "$SXC_HOME/modules/6.1.0-9-amd64" ]
	run_sxc -y server module remove 6.1.0-9-amd64
	assert_refused 3 "no build for kernel '6.1.0-9-amd64'"
}

@test "what is no build of this module is refused and not kept" {
	echo junk >"$BATS_TEST_TMPDIR/junk.ko"
	run_sxc server module add "$BATS_TEST_TMPDIR/junk.ko"
	assert_refused 12 "$BATS_TEST_TMPDIR/junk.ko: it is not a kernel module"
	make_module "$BATS_TEST_TMPDIR/other.ko" 6.1.0 "$(version)" veth
	run_sxc server module add "$BATS_TEST_TMPDIR/other.ko"
	assert_refused 12 "$BATS_TEST_TMPDIR/other.ko: it is not a build of the module sxps"
	make_module "$BATS_TEST_TMPDIR/old.ko" 6.1.0 0.0.9
	run_sxc server module add "$BATS_TEST_TMPDIR/old.ko"
	assert_refused 5 "$BATS_TEST_TMPDIR/old.ko is of version 0.0.9, this sxc of version $(version)"
	make_module "$BATS_TEST_TMPDIR/path.ko" ../../etc "$(version)"
	run_sxc server module add "$BATS_TEST_TMPDIR/path.ko"
	assert_refused 12 "$BATS_TEST_TMPDIR/path.ko: it is not a kernel module"
	run_sxc server module add "$BATS_TEST_TMPDIR/none.ko"
	[ "$status" = 1 ]
	[ ! -e "$SXC_HOME/modules" ]
	run_sxc server module list --no-header
	assert_ok ""
}

# A server and an image in the books, as they stand after "server add".
known_server() { # enforces
	sqlite3 "$SXC_HOME/sxc.db" "
		INSERT INTO node_name VALUES ('web1', 'server');
		INSERT INTO server (name, state, host, port, user, created, cpus, memory, disk, quota, enforces, module_state)
			VALUES ('web1', 'active', '192.0.2.1', 22, 'root', 0, 2, 1 << 32, 1 << 40, 1, $1);
		INSERT INTO image (name, digest, size, unpacked, created) VALUES ('os', '$(printf '%064d' 1)', 1, 1, 0);"
}

@test "a bound of the module is promised only where it is enforced" {
	known_server "'net transfer views', 'partial'"
	run_sxc ps add p1 --sessions 10 -n
	assert_refused 5 "server web1 does not enforce the bound 'sessions' (kernel module: partial): \"sxc server upgrade web1\" brings it, --best-effort does without"
	run_sxc ps add p1 --transfer 100G -n
	assert_ok "would add private server p1 on web1"
	run_sxc ps add p1 --sessions 10 --best-effort -n
	assert_ok "would add private server p1 on web1"
}

@test "without the module no such bound is promised" {
	known_server "NULL, 'missing'"
	run_sxc ps add p1 --transfer 100G -n
	assert_refused 5 "server web1 does not enforce the bound 'transfer' (kernel module: missing): \"sxc server upgrade web1\" brings it, --best-effort does without"
	run_sxc ps add p1 -n
	assert_ok "would add private server p1 on web1"
	run_sxc ps add p1 --sessions 0 -n
	assert_refused 2 "sessions is 1 to 1048576"
	run_sxc ps add p1 --transfer 1K -n
	assert_refused 2 "transfer is at least 1M"
}
