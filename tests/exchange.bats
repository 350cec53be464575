#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Exchanges: made of one control center's packages, trusted and used by another.

load helper

setup() {
	setup_home
	cd "$BATS_TEST_TMPDIR" || return
	export MAKER=$BATS_TEST_TMPDIR/maker
	SXC_HOME=$MAKER "$SXC" init --rehearsal >/dev/null
	app web 1.0
	app tool 1.0
	published
	KEY=$(cat shop/exchange.pub)
}

teardown() {
	[ -z "$SERVER" ] || kill "$SERVER" || true
}

# NAME VERSION: registered with the maker
app() {
	mkdir -p "$1"
	printf '%s\n' "app: $1" "version: \"$2\"" "title: $1 of theirs" 'platforms: {debian-12: {packages: []}}' \
		>"$1/wrapper.yaml"
	printf 'version: "1.0"\npackages: {}\n' >"$1/wrapper.lock"
	SXC_HOME=$MAKER "$SXC" app add "$1" >/dev/null
}

published() { SXC_HOME=$MAKER "$SXC" app exchange publish shop "$@" >/dev/null; }

trusted() { "$SXC" app exchange add shop "${1:-shop}" --key "$KEY" "${@:2}" >/dev/null; }

# Serve the directory over HTTP, with CERT over HTTPS; the port is in $PORT.
serve() {
	python3 - "$@" >port 2>log <<'END' &
import functools, http.server, ssl, sys
h = functools.partial(http.server.SimpleHTTPRequestHandler, directory='shop')
s = http.server.HTTPServer(('127.0.0.1', 0), h)
if len(sys.argv) > 1:
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(sys.argv[1])
    s.socket = c.wrap_socket(s.socket, server_side=True)
print(s.server_port, flush=True)
s.serve_forever()
END
	SERVER=$!
	for _ in {1..100}; do
		[ ! -s port ] || break
		sleep 0.1
	done
	PORT=$(cat port)
}

# Write an index of one's own making, signed with the maker's key: SERIAL EXPIRES [line…]
forge() {
	cp -r "$MAKER" forger
	printf '%s\n' 'format: 1' "serial: $1" 'created: "2026-01-15T10:00:00Z"' "expires: \"$2\"" "${@:3}" >shop/index.yaml
	python3 - "$MAKER/keys/sign" shop/index.yaml <<'END'
import ctypes, ctypes.util, hashlib, sys
na = ctypes.CDLL(ctypes.util.find_library('sodium') or 'libsodium.so.23')
key = bytes.fromhex(open(sys.argv[1]).read().strip())
body = open(sys.argv[2], 'rb').read()
sig = ctypes.create_string_buffer(64)
na.crypto_sign_detached(sig, None, hashlib.sha256(body).digest(), ctypes.c_ulonglong(32), key)
open(sys.argv[2], 'ab').write(b'# signature: ' + sig.raw.hex().encode() + b'\n')
END
}

@test "publish, trust, sync, fetch: what is fetched is signed here" {
	trusted
	run_sxc app exchange add shop shop --key "$KEY"
	assert_refused 4 "exchange shop is there already"
	run_sxc app exchange sync --no-header -c app,state,have,version,exchange
	assert_ok $'tool\tnew\t\t1.0\tshop\nweb\tnew\t\t1.0\tshop'
	run_sxc -n app fetch web --from shop
	assert_status 0
	assert_out "would fetch web 1.0"
	run_sxc app fetch web --from shop
	assert_ok "web 1.0 fetched"
	run_sxc app fetch web --from shop
	assert_refused 4 "web 1.0 is registered already"
	run_sxc app list --no-header -c app,version
	assert_ok $'web\t1.0'
	[ -z "$(ls "$SXC_HOME"/cache/*.sxa* 2>/dev/null)" ]
	run_sxc app fetch nothing --from shop
	assert_refused 3 "exchange shop does not offer nothing"
	run_sxc app fetch web --from nowhere
	assert_refused 3 "--from: no exchange named 'nowhere'"
	run_sxc app exchange list --no-header -c exchange,serial,packages
	assert_ok $'shop\t1\t2'
	run_sxc app exchange remove -y shop
	assert_ok "exchange shop removed"
}

@test "what is behind comes first with security fixes, and is fetched together" {
	trusted
	"$SXC" app fetch web --from shop >/dev/null
	"$SXC" app fetch tool --from shop >/dev/null
	app web 1.1
	app web 1.2
	app tool 1.1
	app another 3.0
	published --security web=1.1
	run_sxc app exchange sync --no-header -c app,state,have,version
	assert_ok $'web\tsecurity\t1.0\t1.2\ntool\tbehind\t1.0\t1.1\nanother\tnew\t\t3.0'
	run_sxc app fetch --from shop
	assert_ok $'tool 1.1 fetched\nweb 1.2 fetched'
	published
	run_sxc app exchange sync --no-header -c app,state
	assert_ok $'another\tnew'
	run_sxc app fetch web=1.1 --from shop
	assert_ok "web 1.1 fetched"
	SXC_HOME=$MAKER run_sxc app exchange publish shop --security web=9
	assert_refused 3 "'web=9' is no APP=VERSION that is registered"
}

@test "an older version is not fetched unless it is named" {
	trusted
	app web 2.0
	published
	"$SXC" app fetch web --from shop >/dev/null
	SXC_HOME=$MAKER "$SXC" app remove -y web=2.0 >/dev/null
	published
	[ ! -e shop/web-2.0.sxa ]
	run_sxc app fetch web --from shop
	assert_refused_like 5 "offers web 1.0, older than 2.0, which is registered: name web=1.0"
	run_sxc app fetch web=1.0 --from shop
	assert_ok "web 1.0 fetched"
}

@test "an index that goes back, forks or is out of date is refused until told" {
	trusted
	cp shop/index.yaml first
	published
	run_sxc app exchange sync
	assert_status 0
	cp first shop/index.yaml
	run_sxc app exchange sync shop
	assert_refused_like 12 "its index is number 1, older than 2, which was there before \(--accept-older"
	forge 2 2030-01-01T00:00:00Z 'packages: []'
	run_sxc app exchange sync shop
	assert_refused_like 12 "there was another index with the number 2"
	run_sxc app exchange sync --accept-older
	assert_status 0
	forge 3 2026-01-15T09:00:00Z 'packages: []'
	run_sxc app exchange sync
	assert_refused_like 12 "its index is out of date since 2026-01-15T09:00:00Z \(--accept-expired"
	run_sxc app fetch web --from shop
	assert_refused_like 12 "out of date"
	run_sxc app exchange sync --accept-expired
	assert_status 0
	[ "$(sql "select serial from v_exchange")" = 3 ]
}

@test "an exchange that lies is not believed" {
	local line
	trusted
	sed -i 's/theirs/others/' shop/index.yaml
	run_sxc app exchange sync
	assert_refused_like 12 "shop/index.yaml refused: its signature is not of the key that is trusted for it"
	echo >>shop/index.yaml
	run_sxc app exchange sync
	assert_refused_like 12 "it is not signed in its last line"
	: >shop/index.yaml
	run_sxc app exchange sync
	assert_refused_like 12 "it is not signed in its last line"
	for line in 'packages: 7' 'packages: [{app: web}]' 'more: 1' \
		'packages: [{app: ../x, version: "1", title: t, file: a.sxa, size: 1, sha256: "0", security: no}]' \
		"packages: [{app: x, version: \"1\", title: t, file: ../a.sxa, size: 1, sha256: \"$(printf '0%.0s' {1..64})\", security: no}]" \
		"packages: [{app: x, version: \"1\", title: t, file: a.sxa, size: 99999999999999999999, sha256: \"$(printf '0%.0s' {1..64})\", security: no}]"; do
		forge 5 2030-01-01T00:00:00Z "$line"
		run_sxc app exchange sync
		assert_refused_like 12 "shop/index.yaml:[0-9]+:[0-9]+: "
	done
	published=$(sql "select serial from v_exchange")
	[ "$published" = 0 ]
	[ "$(sql "select count(*) from v_exchange_offer")" = 0 ]
}

@test "a package that is not what the index says is refused, and nothing stays" {
	trusted
	cp shop/web-1.0.sxa good
	printf x | dd of=shop/web-1.0.sxa bs=1 seek=30 conv=notrunc status=none
	run_sxc app fetch web --from shop
	assert_refused_like 12 "web-1.0.sxa refused: it is not the file that the index names"
	cat good good >shop/web-1.0.sxa
	run_sxc app fetch web --from shop
	assert_refused_like 12 "web-1.0.sxa is larger than it may be"
	head -c 100 good >shop/web-1.0.sxa
	run_sxc app fetch web --from shop
	assert_refused_like 12 "it is not the file that the index names"
	cp shop/tool-1.0.sxa shop/web-1.0.sxa
	size=$(stat -c %s shop/tool-1.0.sxa) sum=$(sha256sum <shop/tool-1.0.sxa | cut -d' ' -f1)
	forge 2 2030-01-01T00:00:00Z "packages: [{app: web, version: \"1.0\", title: t, file: web-1.0.sxa, size: $size, sha256: \"$sum\", security: no}]"
	run_sxc app fetch web --from shop
	assert_refused_like 12 "web-1.0.sxa refused: it is tool 1.0, the index says web 1.0"
	rm shop/web-1.0.sxa
	run_sxc app fetch web --from shop
	assert_status 3
	[ "$(sql "select count(*) from v_app")" = 0 ]
}

@test "keys are trusted one by one" {
	run_sxc app exchange add shop shop
	assert_refused_like 2 "-y"
	run_sxc app exchange add shop shop --key abc
	assert_refused_like 2 "a key is 64 hex digits"
	run_sxc app exchange add shop ftp://example.com/x --key "$KEY"
	assert_refused_like 2 "is no place of an exchange"
	run_sxc app exchange add shop ssh://example.com/x --key "$KEY"
	assert_refused 2 "an exchange over ssh needs --host-key SHA256:…"
	run_sxc app exchange add shop shop -y
	assert_ok "exchange shop added"
	[ "$(sql "select key from v_exchange")" = "$KEY" ]
	SXC_HOME=$BATS_TEST_TMPDIR/third "$SXC" init --rehearsal >/dev/null
	SXC_HOME=$BATS_TEST_TMPDIR/third run_sxc app exchange publish shop
	assert_refused_like 12 "its signature is not of the key that is trusted"
}

@test "over HTTP a download that was cut short goes on, and an exchange that vanished is said" {
	serve
	trusted "http://127.0.0.1:$PORT"
	sum=$(sha256sum <shop/web-1.0.sxa | cut -d' ' -f1)
	run_sxc app exchange sync -q
	assert_ok $'tool\nweb'
	run_sxc app fetch web --from shop
	assert_ok "web 1.0 fetched"
	rm shop/tool-1.0.sxa
	run_sxc app fetch tool --from shop
	assert_refused_like 3 "404"
	kill "$SERVER" && wait "$SERVER" || true
	SERVER=
	run_sxc app exchange sync
	assert_refused_like 9 "exchange shop: http://127.0.0.1:$PORT/index.yaml: "
	[ "$(sql "select packages from v_exchange")" = 2 ]
}

@test "over HTTPS the certificate must be right" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null
	cat cert.pem key.pem >both.pem
	serve both.pem
	trusted "https://localhost:$PORT"
	run_sxc app exchange sync
	assert_refused_like 12 "exchange shop: https://localhost:$PORT/index.yaml: .*certificate"
	"$SXC" app exchange remove -y shop >/dev/null
	trusted "https://localhost:$PORT" --ca cert.pem
	run_sxc app exchange sync -q
	assert_ok $'tool\nweb'
}

@test "over SSH the host key must be right" {
	[ -x /usr/sbin/sshd ] && [ "$(id -u)" = 0 ] || skip "needs sshd and root"
	ssh-keygen -q -t ed25519 -N '' -f host
	PORT=$((20000 + RANDOM % 10000))
	cat "$SXC_HOME/keys/ssh.pub" >authorized
	chmod 600 authorized
	mkdir -p /run/sshd
	/usr/sbin/sshd -D -e -f /dev/null -p "$PORT" -o ListenAddress=127.0.0.1 -h "$PWD/host" -o PidFile=none \
		-o AuthorizedKeysFile="$PWD/authorized" -o StrictModes=no -o UsePAM=no -o PermitRootLogin=yes \
		-o Subsystem="sftp internal-sftp" 2>log &
	SERVER=$!
	for _ in {1..100}; do
		(: <"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null && break
		sleep 0.1
	done
	right=$(ssh-keygen -lf host.pub | cut -d' ' -f2)
	trusted "ssh://root@127.0.0.1:$PORT$PWD/shop" --host-key "SHA256:$(printf 'A%.0s' {1..43})"
	run_sxc app exchange sync
	assert_status 12
	assert_out ""
	"$SXC" app exchange remove -y shop >/dev/null
	trusted "ssh://root@127.0.0.1:$PORT$PWD/shop" --host-key "$right"
	run_sxc app exchange sync -q
	assert_ok $'tool\nweb'
	run_sxc app fetch web --from shop
	assert_ok "web 1.0 fetched"
}
