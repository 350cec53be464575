#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Servers over SSH: sshd on loopback addresses of this machine, each beneath a throw-away root.
# What needs a kernel of its own is tested in the lab.

load ../helper

setup_file() {
	export SRV=$TOP/tests/remote/server
	export NET=127.$((RANDOM % 200 + 20)).$((RANDOM % 200 + 20))
	export DRIVER=$TOP/build/tests/remote/driver
	make -s -C "$TOP" -f tests/remote/driver.mk >/dev/null
	for i in 1 2; do "$SRV" start "$BATS_FILE_TMPDIR/s$i" "$NET.$i" || return 1; done
}

teardown_file() {
	for i in 1 2 3; do "$SRV" stop "$BATS_FILE_TMPDIR/s$i" 2>/dev/null || true; done
}

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	export SXC_HOME=$BATS_TEST_TMPDIR/home SXC_AGENT=${SXC_AGENT:-$TOP/sxc-agent}
	"$SXC" init --rehearsal >/dev/null
	S1=$BATS_FILE_TMPDIR/s1
	for i in 1 2; do
		"$SRV" exec "$BATS_FILE_TMPDIR/s$i" sh -c 'rm -rf /root/.ssh /usr/lib/sxc /var/lib/sxc'
	done
}

key() { cat "$BATS_FILE_TMPDIR/s$1/hostkey"; }

# Server N of this file becomes fit and is added as webN.
add() {
	"$SRV" fit "$BATS_FILE_TMPDIR/s$1"
	echo lab-secret | "$SXC" server add "$NET.$1" --name "web$1" --port 2222 --password-stdin \
		--host-key "$(key "$1")" >/dev/null
}

inside() { "$SRV" exec "$BATS_FILE_TMPDIR/s$1" "${@:2}"; }

try_add() { # password, option…
	run_split sh -c 'p=$1; shift; printf "%s\n" "$p" | "$@"' - "$1" \
		"$SXC" server add "$NET.1" --name web1 --port 2222 --password-stdin "${@:2}"
}

nothing_added() {
	[ -z "$("$SXC" server list --no-header)" ] || seen "a server is in the books"
	run_split inside 1 sh -c 'cat /root/.ssh/authorized_keys; ls /usr/lib/sxc /var/lib/sxc'
	assert_out ""
}

@test "a machine without cgroup v2 is refused by name of what it lacks (5)" {
	[ -f /sys/fs/cgroup/cgroup.controllers ] && skip "this machine has cgroup v2"
	try_add lab-secret --host-key "$(key 1)"
	assert_status 5
	assert_err "sxc: server web1: no cgroup v2 at /sys/fs/cgroup (boot it with systemd.unified_cgroup_hierarchy=1)"
	nothing_added
}

@test "a system that is not Linux, or an old kernel, is refused (5)" {
	"$SRV" fit "$S1"
	inside 1 sh -c 'mv /usr/bin/uname /usr/bin/uname.real'
	inside 1 sh -c 'printf "#!/bin/sh\ncase \$1 in -s) echo Haiku;; *) exec uname.real \$1;; esac\n" >/usr/bin/uname; chmod 755 /usr/bin/uname'
	try_add lab-secret --host-key "$(key 1)"
	assert_status 5
	assert_err "sxc: server web1: runs Haiku, not Linux"
	inside 1 sh -c 'printf "#!/bin/sh\ncase \$1 in -r) echo 5.10.0-30-amd64;; *) exec uname.real \$1;; esac\n" >/usr/bin/uname'
	try_add lab-secret --host-key "$(key 1)"
	assert_status 5
	assert_err "sxc: server web1: kernel 5.10 is too old, 6.1 is needed"
	inside 1 mv /usr/bin/uname.real /usr/bin/uname
	nothing_added
}

@test "a full disk there is refused before anything is sent (7)" {
	"$SRV" fit "$S1"
	inside 1 sh -c 'mkdir -p /usr/lib/sxc && mount -t tmpfs -o size=64k tmpfs /usr/lib/sxc'
	try_add lab-secret --host-key "$(key 1)"
	inside 1 umount /usr/lib/sxc
	inside 1 rmdir /usr/lib/sxc
	assert_status 7
	assert_err_like '^sxc: server web1: its disk is full: '
	nothing_added
}

@test "a wrong password is refused (8) and leaves nothing" {
	try_add wrong --host-key "$(key 1)"
	assert_status 8
	assert_err "sxc: server web1: the password was refused for user root"
	nothing_added
}

@test "a host key that is not the pinned one is refused with both fingerprints (12)" {
	other=SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
	try_add lab-secret --host-key $other
	assert_status 12
	assert_err_has "pinned $other, shown $(key 1) (ssh-ed25519); nothing was sent"
	nothing_added
}

@test "without a terminal the host key must be pinned (2)" {
	try_add lab-secret
	assert_status 2
	assert_err "sxc: there is no terminal to show the host key on: pin it with --host-key"
	try_add lab-secret --host-key MD5:aa
	assert_status 2
	nothing_added
}

@test "nobody listens there (9); somebody listens and says nothing (9)" {
	run_split sh -c 'echo x | "$@"' - "$SXC" server add "$NET.99" --name web9 --port 2222 --password-stdin --host-key "$(key 1)"
	assert_status 9
	assert_err "sxc: server web9: cannot connect to $NET.99 port 2222: Connection refused"
	socat TCP-LISTEN:2222,bind="$NET.98",fork EXEC:'sleep 60' 3>&- &
	mute=$!
	sleep 0.5
	"$SXC" config set server.timeout 5 >/dev/null
	run_split sh -c 'echo x | "$@"' - "$SXC" server add "$NET.98" --name web9 --port 2222 --password-stdin --host-key "$(key 1)"
	kill $mute
	assert_status 9
	assert_err "sxc: server web9: no sign of life for 5 s"
	[ -z "$("$SXC" server list --no-header)" ]
}

@test "the password is in no argument, no log, no file" {
	add 1
	run grep -rl lab-secret "$SXC_HOME"
	[ "$status" = 1 ]
	run inside 1 grep -rl lab-secret /var/lib/sxc /usr/lib/sxc /root
	[ "$status" = 1 ]
}

@test "added: key, agent and facts are in place; a second time it exists (4)" {
	add 1
	run_sxc server list --columns server,state,port,user,group,ps --no-header
	assert_status 0
	assert_out $'web1\tactive\t2222\troot\t\t0'
	run_sxc -o json server show web1
	assert_status 0
	[ "$(jq -r '.host_key' <<<"$out")" = "$(key 1)" ] || seen "the host key is not the pinned one"
	[ "$(jq -r '.memory > 0 and .cpus > 0 and .disk > 0' <<<"$out")" = true ] || seen "facts lack"
	[ "$(inside 1 sha256sum </dev/null /usr/lib/sxc/sxc-agent | cut -d' ' -f1)" = "$(sha256sum "$SXC_AGENT" | cut -d' ' -f1)" ]
	[ "$(inside 1 cat /root/.ssh/authorized_keys)" = "$(cat "$SXC_HOME/keys/ssh.pub")" ]
	[ "$(inside 1 stat -c %a /root/.ssh/authorized_keys)" = 600 ]
	try_add lab-secret --host-key "$(key 1)"
	assert_status 4
	assert_err "sxc: server web1 exists already"
	run_split sh -c 'echo lab-secret | "$@"' - "$SXC" server add "$NET.1" --name other --port 2222 --password-stdin --host-key "$(key 1)"
	assert_status 4
	assert_err "sxc: $NET.1 port 2222 is server web1 already"
}

@test "a pin of another key type than the preferred one is found" {
	"$SRV" fit "$S1"
	try_add lab-secret --host-key "$(cat "$S1/hostkey-rsa")"
	assert_status 0
	run_sxc server exec web1 -- echo rsa
	assert_status 0
	assert_out rsa
}

@test "keys that were there stay, also without a newline at the end" {
	inside 1 sh -c 'mkdir -p /root/.ssh; printf "ssh-ed25519 AAAAother someone" >/root/.ssh/authorized_keys'
	add 1
	[ "$(inside 1 head -n 1 /root/.ssh/authorized_keys)" = "ssh-ed25519 AAAAother someone" ]
	[ "$(inside 1 wc -l </dev/null /root/.ssh/authorized_keys | cut -d' ' -f1)" = 2 ]
	run_sxc -y server remove web1
	assert_status 0
	[ "$(inside 1 cat /root/.ssh/authorized_keys)" = "ssh-ed25519 AAAAother someone" ]
}

@test "removed: nothing is left behind, there and in the books" {
	add 1
	run_sxc -y server remove web1
	assert_status 0
	assert_out "server web1 removed"
	nothing_added
	add 1
	run_sxc -y server remove web1 --keep-agent
	assert_status 0
	inside 1 test -x /usr/lib/sxc/sxc-agent
	[ -z "$(inside 1 cat /root/.ssh/authorized_keys)" ]
}

@test "a dead server is forgotten only when told so" {
	add 1
	run_sxc server set web1 --host "$NET.99"
	run_sxc -y server remove web1
	assert_status 9
	assert_err_has "sxc job resume"
	run_sxc -y server remove web1 --forget
	assert_status 0
	[ -z "$("$SXC" server list --no-header)" ]
}

@test "exec: stdout, stderr, status, input, no shell in between" {
	add 1
	run_sxc server exec web1 -- sh -c 'echo out; echo err >&2; exit 3'
	assert_status 1
	assert_out out
	assert_err $'err\nsxc: server web1: sh ended with status 3'
	run_split sh -c 'printf "a\nb" | "$@"' - "$SXC" server exec web1 -- cat
	assert_status 0
	assert_out $'a\nb'
	run_sxc server exec web1 -- printf '[%s]' 'a b' '$(id)' "it's" ';' -n --
	assert_status 0
	assert_out "[a b][\$(id)][it's][;][-n][--]"
	run_sxc server exec web1 -- no-such-command
	assert_status 1
	assert_err_has "no-such-command ended with status 127"
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/big"
	"$SXC" server exec web1 -- cat <"$BATS_TEST_TMPDIR/big" | cmp - "$BATS_TEST_TMPDIR/big"
}

@test "exec on many: lines carry names, failures are listed, exit 10" {
	add 1
	add 2
	run_sxc server exec all -- sh -c 'echo one; echo two'
	assert_status 0
	[ "$(sort <<<"$out")" = $'web1: one\nweb1: two\nweb2: one\nweb2: two' ] || seen "lines"
	inside 2 sh -c 'touch /run/only-here'
	run_sxc server exec 'web*' -- test -e /run/only-here
	assert_status 10
	assert_err $'sxc: server web1: test ended with status 1\nsxc: test: 1 of 2 servers failed'
	run_sxc server set web2 --group back
	run_sxc server exec @back -- echo hello
	assert_out hello
	run_sxc server exec @none -- echo hello
	assert_status 3
	assert_err "sxc: no active server matches '@none'"
}

@test "one dead server does not hold up the rest" {
	add 1
	add 2
	"$SXC" server set web2 --host "$NET.99" >/dev/null
	run_sxc server status all --columns server,state --no-header
	assert_status 10
	assert_out $'web1\tup\nweb2\tdown'
	run_sxc server ping web2
	assert_status 9
}

@test "terminal escapes of a server are shown, not obeyed" {
	add 1
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nprintf "\\033[31mred\\033]0;title\\007\\n"\n' | inside 1 sh -c 'cat >/run/red; chmod 755 /run/red'
	run_split script -qec "$SXC server exec web1 -- /run/red" /dev/null
	assert_status 0
	[[ $out == *'\x1b[31mred\x1b]0;title\x07'* ]] || seen "the escapes are not shown"
}

@test "Ctrl-C ends the command there and says 130" {
	add 1
	"$SXC" server exec web1 -- sleep 4321 3>&- &
	pid=$!
	for _ in $(seq 100); do inside 1 pgrep -f 'sleep 4321' >/dev/null && break; sleep 0.05; done
	kill -INT $pid
	wait $pid && status=0 || status=$?
	[ "$status" = 130 ]
	sleep 0.3
	run inside 1 pgrep -f 'sleep 4321'
	[ "$status" = 1 ]
}

@test "killed with -9: the command there ends as well, nothing of ours stays" {
	add 1
	"$SXC" server exec web1 -- sleep 4322 3>&- &
	pid=$!
	for _ in $(seq 100); do inside 1 pgrep -f 'sleep 4322' >/dev/null && break; sleep 0.05; done
	kill -KILL $pid
	for _ in $(seq 100); do inside 1 pgrep -f 'sleep 4322' >/dev/null || break; sleep 0.05; done
	run inside 1 pgrep -f 'sleep 4322|sxc-agent serve'
	[ "$status" = 1 ]
}

@test "the server dies in the middle of a command (9)" {
	"$SRV" start "$BATS_FILE_TMPDIR/s3" "$NET.3"
	add 3
	"$SXC" server exec web3 -- sleep 4323 >"$BATS_TEST_TMPDIR/o" 2>"$BATS_TEST_TMPDIR/e" 3>&- &
	pid=$!
	for _ in $(seq 100); do inside 3 pgrep -f 'sleep 4323' >/dev/null && break; sleep 0.05; done
	"$SRV" stop "$BATS_FILE_TMPDIR/s3"
	wait $pid && status=0 || status=$?
	[ "$status" = 9 ] || { cat "$BATS_TEST_TMPDIR/e"; false; }
	grep -q '^sxc: server web3: ' "$BATS_TEST_TMPDIR/e"
	# and when it is back, everything goes on
	"$SRV" start "$BATS_FILE_TMPDIR/s3" "$NET.3"
	inside 3 sh -c 'mkdir -p /root/.ssh && cat >/root/.ssh/authorized_keys' <"$SXC_HOME/keys/ssh.pub"
	run_sxc server exec web3 -- true
	assert_status 5
	assert_err_has 'no agent there; put it there with "sxc server upgrade web3"'
	"$SRV" fit "$BATS_FILE_TMPDIR/s3"
	run_sxc server upgrade web3
	assert_status 0
	run_sxc server exec web3 -- true
	assert_status 0
	"$SRV" stop "$BATS_FILE_TMPDIR/s3"
}

# An agent that is none: says hello as sxc-agent of VERSION, then sends the bytes of a file.
strange_agent() { # version, printf text
	inside 1 sh -c 'cat >/run/bytes' < <(
		v=$1 len=$((5 + 14 + 2 + 7 + 4 + ${#1}))
		printf '\\x%02x' 0 0 0 $len | xargs -0 printf
		printf '\x01\x00\x00\x00\x00\x01\x04wire\x00\x00\x00\x00\x00\x00\x00\x01\x02\x07version\x00\x00\x00'
		printf "\\x$(printf %02x ${#v})%s" "$v"
		# shellcheck disable=SC2059
		printf "$2"
	)
	inside 1 sh -c 'printf "#!/bin/sh\ncat /run/bytes\nexec cat >/dev/null\n" >/usr/lib/sxc/sxc-agent'
}

@test "an agent of another version says so (5) and is upgraded" {
	add 1
	strange_agent 0.0.7 ''
	run_sxc server exec web1 -- true
	assert_status 5
	assert_err_like '^sxc: server web1: the agent there is of version 0.0.7, this is sxc [0-9.]+: "sxc server upgrade web1"$'
	run_sxc server upgrade web1
	assert_status 0
	assert_out "server web1 upgraded"
	run_sxc server exec web1 -- echo well
	assert_out well
}

@test "a hostile agent is refused in one line (12), a rude one is quoted cleanly" {
	add 1
	version=$("$SXC" version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)
	strange_agent "$version" '\xff\xff\xff\xff'
	run_sxc server exec web1 -- true
	assert_status 12
	assert_err "sxc: server web1: what the agent sent is refused: a frame of 4294967295 bytes is not allowed"
	strange_agent "$version" '\x00\x00\x00\x05\x02\x00\x00\x00\x01'
	run_sxc server exec web1 -- true
	assert_status 12
	strange_agent "$version" '\x00\x00\x00\x06\x04\x00\x00\x00\x01\x07'
	run_sxc server exec web1 -- true
	assert_status 12
	strange_agent "$version" '\x00\x00\x00\x0c\x06\x00\x00\x00\x01\x02\x01x\x00\x00\x00\xff'
	run_sxc server exec web1 -- true
	assert_status 12
	# error: code -77, message with an escape
	strange_agent "$version" '\x00\x00\x00\x22\x07\x00\x00\x00\x01\x01\x04code\xff\xff\xff\xff\xff\xff\xff\xb3\x02\x07message\x00\x00\x00\x02\x1bX'
	run_sxc server exec web1 -- true
	assert_status 1
	assert_err 'sxc: server web1: \x1bX'
	# nothing at all
	printf '#!/bin/sh\nexec cat >/dev/null\n' | inside 1 sh -c 'cat >/usr/lib/sxc/sxc-agent'
	drive call server.status ''
	assert_status 9
	assert_err_like "^driver: server test: (the agent does not answer|no sign of life for 3 s)$"
	printf '#!/bin/sh\necho hello, I am a shell\n' | inside 1 sh -c 'cat >/usr/lib/sxc/sxc-agent'
	run_sxc server exec web1 -- true
	assert_status 12
}

@test "a host key that changes later is refused (12), pinned anew it works" {
	add 1
	"$SRV" start "$BATS_FILE_TMPDIR/s3" "$NET.3"
	"$SXC" server set web1 --host "$NET.3" >/dev/null
	inside 3 sh -c 'mkdir -p /root/.ssh && cat >/root/.ssh/authorized_keys' <"$SXC_HOME/keys/ssh.pub"
	run_sxc server exec web1 -- true
	assert_status 12
	assert_err_has "pinned $(key 1), shown $(key 3)"
	run_sxc server set web1 --host-key "$(key 3)"
	"$SRV" fit "$BATS_FILE_TMPDIR/s3"
	run_sxc server upgrade web1
	"$SRV" stop "$BATS_FILE_TMPDIR/s3"
	assert_status 0
}

@test "the control center's key is refused (8)" {
	add 1
	inside 1 sh -c ': >/root/.ssh/authorized_keys'
	run_sxc server exec web1 -- true
	assert_status 8
	assert_err "sxc: server web1: the key was refused for user root"
}

@test "two runs of the same addition: one wins, the other is told (11)" {
	"$SRV" fit "$S1"
	for i in 1 2; do
		(echo lab-secret | "$SXC" server add "$NET.1" --name web1 --port 2222 --password-stdin \
			--host-key "$(key 1)" >"$BATS_TEST_TMPDIR/o$i" 2>"$BATS_TEST_TMPDIR/e$i" &&
			code=0 || code=$?
		echo $code >"$BATS_TEST_TMPDIR/s$i") 3>&- &
	done
	wait
	cat "$BATS_TEST_TMPDIR"/[oes][12]
	codes=$(sort -n "$BATS_TEST_TMPDIR/s1" "$BATS_TEST_TMPDIR/s2" | tr '\n' ' ')
	[ "$codes" = "0 11 " ] || [ "$codes" = "0 4 " ]
	[ "$("$SXC" server list --no-header | wc -l)" = 1 ]
	[ "$(inside 1 wc -l /root/.ssh/authorized_keys | cut -d' ' -f1)" = 1 ]
}

@test "killed after the first contact: the same command goes on, without the password" {
	add 1
	run_sxc server show web1
	# what a kill right after the first contact leaves: the row, its pin, an unfinished job
	sqlite3 "$SXC_HOME/sxc.db" "UPDATE server SET state = 'adding'; UPDATE job SET state = 'running'; UPDATE job_step SET state = 'pending' WHERE seq > 0"
	inside 1 rm -rf /var/lib/sxc
	try_add wrong-but-not-needed --host-key "$(key 1)"
	assert_status 0
	inside 1 test -d /var/lib/sxc/store
	run_sxc server list --columns state --no-header
	assert_out active
}

drive() { run_split "$DRIVER" "$SXC_HOME" "$NET.1" "$(key 1)" "$@"; }

@test "a job's outcome is recorded and given again; another request under its name is not it" {
	add 1
	drive call server.setup j77.1 a=b
	assert_status 0
	inside 1 rm -rf /var/lib/sxc/store
	drive call server.setup j77.1 a=b
	assert_status 0
	run inside 1 test -d /var/lib/sxc/store
	[ "$status" = 1 ]
	drive call server.setup j77.1 a=c
	assert_status 0
	inside 1 test -d /var/lib/sxc/store
	drive call server.setup ../../etc/passwd
	assert_status 2
	assert_err 'driver: server test: server.setup needs the name of a job'
}

@test "the connection breaks: the step is finished and its outcome recorded; meanwhile busy (11)" {
	add 1
	inside 1 sh -c 'printf "#!/bin/sh\nsleep 2\n" >/usr/local/sbin/systemctl; chmod 755 /usr/local/sbin/systemctl'
	"$DRIVER" "$SXC_HOME" "$NET.1" "$(key 1)" call server.setup j78.1 3>&- &
	pid=$!
	for _ in $(seq 100); do inside 1 test -e /run/sxc/job-j78.1.lock && break; sleep 0.05; done
	kill -KILL $pid
	drive call server.setup j78.1
	assert_status 11
	assert_err_like '^driver: server test: job j78.1 is being worked on by j78.1 \(process [0-9]+, since 2[0-9T:-]+Z\)$'
	for _ in $(seq 300); do inside 1 test -e /var/lib/sxc/jobs/j78.1 && break; sleep 0.05; done
	inside 1 test -e /var/lib/sxc/jobs/j78.1
	run inside 1 test -e /run/sxc/job-j78.1.lock
	"$SRV" fit "$S1"
}

@test "transfers: resumed where they stopped, refused when the digest differs, fetched back" {
	add 1
	head -c 60000000 /dev/urandom >"$BATS_TEST_TMPDIR/file"
	digest=$(sha256sum "$BATS_TEST_TMPDIR/file" | cut -d' ' -f1)
	part=/var/lib/sxc/store/$digest.part
	"$DRIVER" "$SXC_HOME" "$NET.1" "$(key 1)" push "$BATS_TEST_TMPDIR/file" "$digest" 2>/dev/null 3>&- &
	pid=$!
	for _ in $(seq 500); do
		[ "$(inside 1 stat -c %s $part 2>/dev/null || echo 0)" -gt 4000000 ] && break
		sleep 0.01
	done
	kill -KILL $pid
	sleep 0.5
	had=$(inside 1 stat -c %s $part)
	[ "$had" -gt 4000000 ] && [ "$had" -lt 60000000 ]
	drive push "$BATS_TEST_TMPDIR/file" "$digest"
	assert_status 0
	first=$(grep -oE 'receiving [0-9]+' <<<"$err" | head -n 1 | cut -d' ' -f2)
	[ "$first" -gt "$had" ] || seen "it began anew: $first, had $had"
	[ "$(inside 1 sha256sum "/var/lib/sxc/store/$digest" | cut -d' ' -f1)" = "$digest" ]
	run inside 1 test -e $part
	[ "$status" = 1 ]
	drive fetch "$digest" "$BATS_TEST_TMPDIR/back"
	assert_status 0
	cmp "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/back"
	wrong=$(echo x | sha256sum | cut -d' ' -f1)
	drive push "$BATS_TEST_TMPDIR/file" "$wrong"
	assert_status 12
	run inside 1 ls "/var/lib/sxc/store/$wrong" "/var/lib/sxc/store/$wrong.part"
	[ "$status" = 2 ]
	drive fetch "$wrong" "$BATS_TEST_TMPDIR/none"
	assert_status 3
	[ ! -e "$BATS_TEST_TMPDIR/none" ]
}

@test "a full disk in a transfer is said, and what was there stays (7)" {
	add 1
	inside 1 mount -t tmpfs -o size=30m tmpfs /var/lib/sxc/store
	head -c 20000000 /dev/urandom >"$BATS_TEST_TMPDIR/file"
	digest=$(sha256sum "$BATS_TEST_TMPDIR/file" | cut -d' ' -f1)
	drive push "$BATS_TEST_TMPDIR/file" "$digest"
	inside 1 umount /var/lib/sxc/store
	assert_status 7
	assert_err_has "the server's disk is full"
}

@test "an agent that hangs with its server frozen is noticed (9)" {
	add 1
	"$DRIVER" "$SXC_HOME" "$NET.1" "$(key 1)" call server.exec '' argv=sleep argv=4324 2>"$BATS_TEST_TMPDIR/e" 3>&- &
	pid=$!
	for _ in $(seq 100); do inside 1 pgrep -f 'sleep 4324' >/dev/null && break; sleep 0.05; done
	frozen=$(inside 1 pgrep -f 'sshd: root@notty')
	kill -STOP $frozen
	wait $pid && status=0 || status=$?
	kill -CONT $frozen
	[ "$status" = 9 ]
	[ "$(cat "$BATS_TEST_TMPDIR/e")" = "driver: server test: no sign of life for 3 s" ]
}

@test "enter: a terminal there, its size, its end" {
	add 1
	run_split timeout 20 script -qec "stty rows 33 cols 99; $SXC server enter web1" /dev/null < <(sleep 1; printf 'stty size; tty; exit 4\r'; sleep 1)
	assert_status 1
	[[ $out == *'33 99'* && $out == */dev/pts/* ]] || seen "no terminal"
	[[ $out == *'the shell on web1 ended with status 4'* ]] || seen "no status"
	run_sxc server enter web1
	assert_status 2
	assert_err 'sxc: a terminal is needed; "exec" runs commands without one'
}

@test "the rate of the uplink is what the operator said, else what the server's driver says" {
	add 1
	sqlite3 "$SXC_HOME/sxc.db" "update server set found_uplink = 'eth0', found_rate = 1000000000"
	[ "$(sql "select link_rate from v_server")" = 1000000000 ]
	"$SXC" server set web1 --uplink eth1
	[ -z "$(sql "select link_rate from v_server")" ] || seen "eth0's rate is taken for eth1's"
	"$SXC" server set web1 --link-rate 100mbit
	[ "$(sql "select link_rate from v_server")" = 100000000 ]
}
