#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The queue of messages, the hand-over, templates.

load helper

setup() {
	setup_home 2026-04-01T10:00:00Z
	run_sxc config set mail.command "$TESTS/lib/sendmail"
	run_sxc config set mail.from billing@example.net
	run_sxc config set seller.name 'Grüne Wolke & Söhne'
	run_sxc account add ada --email ada@example.net --contact 'name=Ada Lovelace'
	assert_ok
}

invoice() { # amount, reason
	run_sxc account charge ada "$1" --reason "${2:-work}"
	assert_status 0
	run_sxc invoice run
	assert_status 0
}

sent() { # number: the message as a mail reader shows it
	python3 - "$SXC_HOME/outbox/$1.eml" <<'P'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
for h in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"):
    print(f"{h}: {m[h]}")
print(m.get_body().get_content(), end="")
for a in m.iter_attachments():
    print(f"[{a.get_filename()} {a.get_content_type()}]")
    print(a.get_content(), end="")
assert not m.defects, m.defects
P
}

@test "an invoice that opens is mailed, with the document attached" {
	invoice 24.95 'Wartung für März: 100 € weniger'
	run_sxc -o tsv --no-header -c mail,template,account,invoice,recipient,state mail list
	assert_ok $'1\tinvoice\tada\t2026-000001\tada@example.net\tqueued'
	run_sxc mail run
	assert_ok '1 message sent'
	[ "$(cat "$SXC_HOME/outbox/1.args")" = '-i -f billing@example.net -- ada@example.net' ]
	run_split sent 1
	assert_status 0
	assert_out_has 'From: Grüne Wolke & Söhne <billing@example.net>'
	assert_out_has 'To: Ada Lovelace <ada@example.net>'
	assert_out_has 'Subject: Invoice 2026-000001 of Grüne Wolke & Söhne'
	assert_out_has 'Date: Wed, 01 Apr 2026 10:00:00 +0000'
	assert_out_has 'Auto-Submitted: auto-generated'
	assert_out_has 'Please pay 24.95 USD by 2026-04-15'
	assert_out_has '[2026-000001.txt text/plain]'
	assert_out_has 'Wartung für März: 100 € weniger'
	# Nothing but ASCII on the way, no line beyond 998 bytes, none beyond 78 in its head.
	run ! grep -P '[^\x00-\x7f]' "$SXC_HOME/outbox/1.eml"
	run ! grep -E '^.{79}' "$SXC_HOME/outbox/1.eml"
	run_sxc mail run
	assert_ok '0 messages sent'
	[ ! -e "$SXC_HOME/outbox/2.eml" ]
	run_sxc mail list
	assert_status 0
	run_sxc -o tsv --no-header -c mail,state,attempts mail list --all
	assert_ok $'1\tsent\t1'
}

@test "the document is attached as PDF where it is so configured" {
	run_sxc config set mail.attach picture
	assert_refused_like 2 'text pdf'
	run_sxc config set mail.attach pdf
	assert_ok
	invoice 24.95 'hosting'
	run_sxc mail run
	assert_ok '1 message sent'
	"$SXC" invoice export 2026-000001 --format pdf >"$BATS_TEST_TMPDIR/paper.pdf"
	run python3 - "$SXC_HOME/outbox/1.eml" "$BATS_TEST_TMPDIR/paper.pdf" <<'P'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
a, = m.iter_attachments()
print(a.get_filename(), a.get_content_type(), a.get_content() == open(sys.argv[2], "rb").read())
P
	[ "$output" = '2026-000001.pdf application/pdf True' ] || { echo "$output" && false; }
	pdftotext "$BATS_TEST_TMPDIR/paper.pdf" - | grep -q 2026-000001
}

@test "without mail.command nothing is mailed, and remind says so" {
	run_sxc config unset mail.command
	invoice 5
	run_sxc -o json mail list --all
	assert_ok '{"mails": []}'
	run_sxc invoice remind 2026-000001
	assert_refused 5 'mail is off: set mail.command with "sxc config set"'
	run_sxc mail test ada@example.net
	assert_refused 5 'mail is off: set mail.command with "sxc config set"'
}

@test "a mail server that refuses: tried again later, reported, never lost, the same Message-ID" {
	invoice 5
	echo 75 >"$SXC_HOME/refuse"
	run_sxc mail run
	assert_status 10
	assert_err_has '0 sent; 1 wait to be tried again, 0 failed, 0 unknown'
	assert_err_has '451 try again later'
	run_sxc -o json -c state,attempts,next,error mail show 1
	assert_out_has '"next": "2026-04-01T10:01:00Z"'
	assert_out_has '451 try again later'
	rm "$SXC_HOME/refuse"
	# Not before its time.
	run_sxc mail run
	assert_status 10
	[ ! -e "$SXC_HOME/outbox/1.eml" ]
	export SXC_NOW=2026-04-01T10:01:00Z
	run_sxc mail run
	assert_ok '1 message sent'
	run_split sent 1
	assert_out_has 'Message-ID: <sxc-1-'
	assert_out_has 'Date: Wed, 01 Apr 2026 10:00:00 +0000'
}

@test "waits grow, and five refusals in a row leave the rest for the next run" {
	for i in 1 2 3 4 5 6 7; do run_sxc account add "c$i" --email "c$i@example.net"; done
	for i in 1 2 3 4 5 6 7; do run_sxc account charge "c$i" 1 --reason x; done
	run_sxc invoice run
	echo 75 >"$SXC_HOME/refuse"
	run_sxc mail run
	assert_status 10
	[ "$(sql 'SELECT count(*) FROM v_mail WHERE attempts = 1')" = 5 ]
	SXC_NOW=2026-04-01T10:01:00Z run_sxc mail run
	[ "$(sql 'SELECT next - 1775037660 FROM v_mail WHERE mail = 1')" = 120 ]
	[ "$(sql 'SELECT count(*) FROM v_mail')" = 7 ]
}

@test "an address that does not exist fails for good, until a person tries again" {
	invoice 5
	echo 67 >"$SXC_HOME/refuse"
	run_sxc mail run
	assert_status 10
	assert_err_has '1 failed'
	rm "$SXC_HOME/refuse"
	SXC_NOW=2026-05-01 run_sxc mail run
	assert_status 10
	run_sxc account set ada --email ada@example.org
	run_sxc mail retry 1
	assert_ok 'mail 1 queued again'
	run_sxc mail run
	assert_ok '1 message sent'
	[ "$(cat "$SXC_HOME/outbox/1.args")" = '-i -f billing@example.net -- ada@example.org' ]
	run_sxc mail retry 1
	assert_refused 5 'mail 1 is sent: it is not sent twice'
	run_sxc mail retry 9
	assert_refused 3 'no mail 9'
}

@test "a run that is killed while the command works: unknown, and not sent again by itself" {
	invoice 5
	echo 2 >"$SXC_HOME/slow"
	"$SXC" mail run >/dev/null 2>&1 &
	pid=$!
	for _ in $(seq 200); do
		[ ! -e "$SXC_HOME/run/mail-1" ] || break
		sleep 0.05
	done
	kill -9 $pid
	wait $pid || true
	sleep 3
	rm "$SXC_HOME/slow"
	# The command went on alone: it is there, once.
	[ -e "$SXC_HOME/outbox/1.eml" ]
	run_sxc mail run
	assert_status 10
	assert_err_has '1 unknown'
	[ ! -e "$SXC_HOME/outbox/2.eml" ]
	run_sxc mail retry
	assert_ok '0 messages queued again'
	run_sxc mail retry --unknown
	assert_ok '1 message queued again'
	run_sxc mail run
	assert_ok '1 message sent'
	cmp "$SXC_HOME/outbox/1.eml" "$SXC_HOME/outbox/2.eml"
}

@test "two runs at once: one hands over, the other is told" {
	invoice 5
	echo 2 >"$SXC_HOME/slow"
	"$SXC" mail run >/dev/null 2>&1 &
	pid=$!
	for _ in $(seq 200); do
		[ ! -e "$SXC_HOME/run/mail-1" ] || break
		sleep 0.05
	done
	run_sxc mail run
	assert_refused 11 'another run hands mail over'
	wait $pid
	[ "$(sql 'SELECT state FROM v_mail')" = sent ]
}

@test "send and remind queue further messages" {
	invoice 24.95
	run_sxc invoice send 2026-000001
	assert_ok '2026-000001 queued to be mailed'
	SXC_NOW=2026-04-20T10:00:00Z run_sxc invoice remind 2026-000001
	assert_ok 'a reminder of 2026-000001 queued to be mailed'
	SXC_NOW=2026-04-20T10:00:00Z run_sxc mail run
	assert_ok '3 messages sent'
	run_split sent 3
	assert_out_has 'Subject: Invoice 2026-000001: overdue since 2026-04-15'
	assert_out_has '24.95 USD of invoice 2026-000001 of 2026-04-01 was due on 2026-04-15, 5 days ago.'
	run_sxc invoice pay 2026-000001
	run_sxc invoice remind 2026-000001
	assert_refused 5 '2026-000001 is paid: there is nothing to remind of'
}

@test "a template is checked before it counts, and only then" {
	cd "$BATS_TEST_TMPDIR"
	printf 'Subject: Hi {{nmae}}\n\nText\n' >bad
	printf 'Hello\n\nText\n' >nosubject
	printf 'Subject: A\n\n{{#balance}}\nopen\n' >open
	printf 'Subject: Rechnung {{invoice}} für {{name}}\n\nZahlen Sie {{balance}}.\n' >good
	run_sxc mail template check invoice bad
	assert_refused 2 'bad:1: no setting named nmae'
	run_sxc mail template set invoice nosubject
	assert_refused 2 'nosubject:1: the first line is "Subject: " and the subject'
	run_sxc mail template set invoice open
	assert_refused_like 2 'open:5: a section is not closed: balance'
	run_sxc mail template set nothing good
	assert_refused 3 "no template named 'nothing': \"sxc mail template list\""
	run_sxc -n mail template set invoice good
	assert_ok 'dry run: template invoice set'
	[ ! -e "$SXC_HOME/mail/invoice.txt" ]
	run_sxc mail template set invoice good
	assert_ok 'template invoice set'
	run_sxc mail template list
	assert_out_has $'invoice\town'
	invoice 5
	run_sxc mail run
	run_split sent 1
	assert_out_has 'Subject: Rechnung 2026-000001 für Ada Lovelace'
	assert_out_has 'Zahlen Sie 5.00 USD.'
	run_sxc mail template unset invoice
	assert_ok 'template invoice is the shared one again'
	run_sxc mail template unset invoice
	assert_refused 5 'template invoice is the shared one already'
}

@test "every shared template is one" {
	for t in "$TOP"/share/mail/*.txt; do
		name=${t##*/}
		run_sxc mail template check "${name%.txt}" "$t"
		assert_status 0
	done
	run_sxc -q mail template list
	[ "$(wc -l <<<"$out")" = "$(find "$TOP/share/mail" -name '*.txt' | wc -l)" ]
}

@test "mail test speaks to the command at once; umlauts arrive" {
	run_sxc mail test ada@example.net
	assert_ok 'handed over to the mail command: see what arrives at ada@example.net'
	run_split sent 1
	assert_out_has 'Subject: Test message of Grüne Wolke & Söhne: äöü €'
	echo 1 >"$SXC_HOME/refuse"
	run_sxc mail test ada@example.net
	assert_refused_like 1 'status 1: 451 try again later'
	run_sxc mail test 'a b'
	assert_refused 2 "'a b' is not an address that mail can be sent to"
	run_sxc config set mail.command /nonexistent/sendmail
	run_sxc mail test ada@example.net
	assert_refused 5 '/nonexistent/sendmail cannot be run: No such file or directory'
}

@test "a name with line breaks or quotes cannot add headers" {
	run_sxc account set ada --contact 'name="Ada" \ Bcc: eve@example.net'
	invoice 5
	run_sxc mail run
	run_split sent 1
	assert_out_has 'Subject: Invoice 2026-000001'
	run ! grep -i '^bcc' "$SXC_HOME/outbox/1.eml"
}
