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

@test "every server, the mail server and the gateway hang: the run ends on time and right" {
	setup_home 2026-04-01T10:00:00Z
	mkdir -p "$SXC_HOME/gateways"
	cp "$TESTS/lib/gateway" "$SXC_HOME/gateways/sxc-gateway-test"
	python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(300)' >"$BATS_TEST_TMPDIR/port" &
	hangs=$!
	sqlite3 "$SXC_HOME/sxc.db" "INSERT INTO server (name, state, host, port, user, os, kernel, arch,
			cpus, memory, disk, quota, link_rate, host_key, host_key_type, created)
		VALUES ('s1', 'active', '127.0.0.1', 1, 'root', 'Debian', '6.1', 'x86_64', 4,
			17179869184, 107374182400, 1, 1000000000, 'SHA256:$(printf %043d 0)', 'ssh-ed25519', 1);
		INSERT INTO image (name, digest, size, unpacked, os, created)
		VALUES ('debian-12', '$(printf %064d 0)', 1, 1, 'Debian', 1)"
	"$SXC" -q ip add 192.0.2.0/24
	printf '%s\n' 'plan: vds' 'currency: USD' 'price: 30' 'every: 1 month' \
		'provides: {private-server: {cpu: 10%, net: 20mbit, memory: 256M, disk: 2G}}' \
		>"$BATS_TEST_TMPDIR/vds.yaml"
	"$SXC" -q plan apply "$BATS_TEST_TMPDIR/vds.yaml"
	"$SXC" config set dunning.schedules 'hard: [{after: 1 day, do: throttle}]'
	"$SXC" config set mail.command "$TESTS/lib/sendmail"
	"$SXC" config set mail.from b@example.net
	"$SXC" invoice gateway add test
	echo tok >"$BATS_TEST_TMPDIR/token"
	for name in ada bob; do
		"$SXC" account add $name --email $name@example.net --terms 0d --dunning hard
		run_sxc account subscribe $name vds
		assert_status 9
	done
	"$SXC" account method add bob --gateway test --token-file "$BATS_TEST_TMPDIR/token" --label card
	sqlite3 "$SXC_HOME/sxc.db" "UPDATE job SET state = 'done' WHERE state = 'pending';
		UPDATE ps SET state = 'running'; UPDATE server SET port = $(cat "$BATS_TEST_TMPDIR/port")"
	run_sxc invoice run
	assert_status 0
	run_sxc mail run
	assert_ok '2 messages sent'
	echo 60 >"$SXC_HOME/slow"
	mkdir -p "$SXC_HOME/gw"
	printf 'late\nlate\n' >"$SXC_HOME/gw/charge"
	# Two periods fall due, both first invoices are overdue: throttling is a job, never waited for.
	SECONDS=0
	SXC_NOW=2026-05-20T10:00:00Z run_sxc invoice run
	[ "$SECONDS" -lt 30 ] || seen "it took $SECONDS s"
	kill $hangs
	assert_status 0
	assert_err_has '2 invoices, 0 credit notes, 2 lines'
	assert_err_has 'dunning: 2026-000001 of ada: throttle'
	[ "$(sql "SELECT start, amount FROM v_invoice_line WHERE start > '2026-04-01'")" = \
		$'2026-05-01\t3000\n2026-05-01\t3000' ]
	[ "$(sql "SELECT count(*) FROM v_mail WHERE state = 'queued' AND template = 'invoice'")" = 2 ]
	[ "$(sql "SELECT count(*) FROM v_charge WHERE state = 'queued'")" = 2 ]
	[ "$(sql "SELECT count(*) FROM job WHERE state = 'pending' AND kind = 'ps.throttle'")" = 2 ]
	run_sxc invoice check
	assert_status 0
}

@test "a message that was handed over is not sent again, whichever write fails" {
	local n=0 failures=0 mark=$BATS_TEST_TMPDIR/mark calm=$BATS_TEST_TMPDIR/calm
	cc -shared -fPIC -O1 -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/fail.so" "$BATS_TEST_DIRNAME/fail.c" -ldl
	setup_home 2026-04-01T10:00:00Z
	"$SXC" config set mail.command "$TESTS/lib/sendmail"
	"$SXC" config set mail.from b@example.net
	"$SXC" -q account add ada --email ada@example.net
	"$SXC" -q account charge ada 10 --reason work
	"$SXC" -q invoice run
	# As a run that was killed while the mail server had the message leaves it.
	sqlite3 "$SXC_HOME/sxc.db" "UPDATE mail SET state = 'sending'"
	: >"$SXC_HOME/run/mail-$(sql 'SELECT mail FROM v_mail')"
	mv "$SXC_HOME" "$calm"
	while n=$((n + 1)); do
		rm -rf "$SXC_HOME" "$mark"
		cp -a "$calm" "$SXC_HOME"
		FAIL_UNDER=$SXC_HOME FAIL_AT=$n FAIL_WITH=EIO FAIL_MARK=$mark \
			LD_PRELOAD=$BATS_TEST_TMPDIR/fail.so run_sxc mail run
		[ -e "$mark" ] || break
		[ "$status" = 0 ] || failures=$((failures + 1))
		run_sxc mail run
		[ ! -e "$SXC_HOME/outbox" ] || seen "call $n, $(cat "$mark") failed: sent again"
		[ "$(sql 'SELECT state FROM v_mail')" = unknown ] || seen "call $n: $(cat "$mark")"
	done
	[ "$failures" -ge 3 ] || seen "only $failures of $n calls made it fail"
}
