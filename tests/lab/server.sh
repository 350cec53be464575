# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Servers: made from the cached image, told who they are, saved and loaded.
# A server has $LAB_DIR/I (process, sockets, keys) and $(disks_dir)/I.qcow2.

server_dir() { echo "$LAB_DIR/$1"; }
server_disk() { echo "$(disks_dir)/$1.qcow2"; }

# The directory is marked, so that nothing is ever removed from one that is not a lab's.
open_lab() {
	if [[ -d $LAB_DIR && ! -f $LAB_DIR/.sxc-lab && -n $(ls -A "$LAB_DIR") ]]; then
		die "SXC_LAB_DIR: $LAB_DIR holds other things; name an empty directory or one that does not exist"
	fi
	(umask 077 && mkdir -p "$LAB_DIR")
	[[ -f $LAB_DIR/.sxc-lab ]] || : >"$LAB_DIR/.sxc-lab"
	[[ -f $LAB_DIR/key ]] || ssh-keygen -q -t ed25519 -N '' -C "lab" -f "$LAB_DIR/key"
	mkdir -p "$(disks_dir)"
}

remove_lab() {
	rm -rf "$(disks_dir)"
	[[ ! -f $LAB_DIR/.sxc-lab ]] || rm -f "$LAB_DIR"/{key,key.pub,.sxc-lab}
	rmdir "$LAB_DIR" 2>/dev/null || true
}

# Numbers of the servers that were started and not taken down.
servers() {
	local dir
	[[ -f $LAB_DIR/.sxc-lab ]] || return 0
	for dir in "$LAB_DIR"/[0-9]*; do
		[[ -d $dir ]] && echo "${dir##*/}"
	done | sort -n
}

server_alive() { qemu_pid "$(server_dir "$1")" >/dev/null; }

need_server() {
	check_number server "$1" 1 "$LAB_MAX"
	server_alive "$1" || die "server $1 is not running; 'lab up $1' starts it"
}

console_tail() {
	say "the last lines of $1/console.log:"
	tail -n 15 "$1/console.log" 2>/dev/null | tr -d '\r' | tr -c '\11\12\40-\176' '?' >&2 || true
}

# --- the state every server starts from ---

base_dir() { echo "$LAB_CACHE/base-$(machine_key "$(image_dir)" "$(declare -f build_base settle)")"; }

# KVM that passes the probe and yet does not carry a system is not asked again.
ensure_base() {
	build_cached "$(base_dir)" build_base && return
	[[ -z ${LAB_ACCEL:-} ]] && reject_kvm || return 1
	say "trying again with emulation"
	build_cached "$(base_dir)" build_base
}

# Boots once, without a network, until systemd is idle, and keeps disk and memory.
build_base() {
	set -e
	local tmp=$1 image pid
	# machines of killed builds; the lock is held, so no other build has one
	for pid in $(qemu_strays "$LAB_CACHE/building.[A-Za-z0-9]*/pid"); do kill -KILL "$pid"; done
	image=$(image_dir)
	qemu-img create -q -f qcow2 -F raw -b "$image/root.img" "$tmp/disk.qcow2"
	qemu_arguments "$image" "$tmp" "$tmp/disk.qcow2" "$(server_mac 0)" tap0
	qemu_start "$tmp" ""
	trap 'qemu_kill "$tmp"' EXIT
	if ! wait_for "$LAB_TIMEOUT" line_answers "$tmp" || ! settle "$tmp"; then
		console_tail "$tmp"
		exit 1
	fi
	qmp "$tmp" stop
	qemu_save "$tmp" "$tmp/state"
	qemu_kill "$tmp"
	rm -f "$tmp/qemu.log"
}

settle() {
	line_run "$1" "$LAB_TIMEOUT" <<-'EOF'
		systemctl is-system-running --wait
		modprobe virtio_net
		/usr/sbin/sshd -t
		rm -f /var/log/journal/* /run/lab-agent.log
		sync
		echo 3 >/proc/sys/vm/drop_caches
		/usr/sbin/sshd -V 2>/dev/null
		sleep 1
	EOF
}

# --- one server ---

make_keys() {
	local dir=$1
	[[ -f $dir/host_key ]] || ssh-keygen -q -t ed25519 -N '' -C "lab" -f "$dir/host_key"
}

network_batch() {
	cat <<-EOF
		link set dev eth0 down
		link set dev eth0 address $(server_mac "$1")
		link set dev eth0 up
		addr replace $(server_address "$1")/24 dev eth0
		addr replace $(server_address6 "$1")/64 dev eth0 nodad
		route replace default via $LAB_HOST4 dev eth0
		route replace default via $LAB_HOST6 dev eth0
	EOF
}

quote_file() { printf "base64 -d >%s <<'END'\n%s\nEND\n" "$2" "$(base64 "$1")"; }

set_clock_script() { echo "date -u -s @$(date +%s.%N) >/dev/null; hwclock --systohc --utc >/dev/null 2>&1 &"; }

# Everything in which a server differs from the state it starts from.
identity_script() {
	local i=$1 dir
	dir=$(server_dir "$i")
	echo 'set -e'
	set_clock_script
	echo "echo $(head -c 96 /dev/urandom | base64 -w 0) >/dev/urandom"
	echo "echo server$i >/etc/hostname; hostname server$i"
	quote_file <(printf '%s\n' '127.0.0.1 localhost' '::1 localhost ip6-localhost' \
		"$(server_address "$i") server$i") /etc/hosts
	echo "echo $(tr -d - </proc/sys/kernel/random/uuid) >/etc/machine-id"
	echo 'umask 077; mkdir -p /etc/sxc-lab; chmod 755 /etc/sxc-lab'
	quote_file "$dir/host_key" /etc/ssh/ssh_host_ed25519_key
	quote_file "$dir/host_key.pub" /etc/ssh/ssh_host_ed25519_key.pub
	quote_file "$LAB_DIR/key.pub" /etc/sxc-lab/authorized_keys
	quote_file <(network_batch "$i") /etc/sxc-lab/network
	echo 'systemctl restart lab-network.service ssh.service'
	echo 'sync'
}

server_start() {
	local i=$1 dir disk base
	dir=$(server_dir "$i")
	disk=$(server_disk "$i")
	base=$(base_dir)
	mkdir -p "$dir"
	make_keys "$dir"
	tap_up "$i"
	rm -f "$disk"
	qemu_arguments "$(image_dir)" "$dir" "$disk" "$(server_mac "$i")" "$(server_tap "$i")"
	qemu-img create -q -f qcow2 -F qcow2 -b "$base/disk.qcow2" "$disk"
	if ! qemu_restore "$dir" "$NETNS_FILE" "$base/state"; then
		say "server $i: the saved state does not load; booting it instead"
		qemu_kill "$dir"
		qemu-img create -q -f qcow2 -F raw -b "$(image_dir)/root.img" "$disk"
		qemu_start "$dir" "$NETNS_FILE" || die "server $i: QEMU does not start"
	fi
	server_introduce "$i"
}

# Time-outs and the console's last words are here, for restored and booted servers alike.
server_introduce() {
	local i=$1 dir status=0
	dir=$(server_dir "$i")
	if ! wait_for "$LAB_TIMEOUT" line_answers "$dir"; then
		console_tail "$dir"
		die "server $i did not come up within $LAB_TIMEOUT seconds"
	fi
	identity_script "$i" | line_run "$dir" "$LAB_TIMEOUT" || status=$?
	if ((status)) || ! wait_for "$LAB_TIMEOUT" ssh_answers "$i"; then
		console_tail "$dir"
		die "server $i came up but does not answer ssh (setting it up ended with $status)"
	fi
}

# shellcheck disable=SC2016 # expands in the inner shell
ssh_answers() {
	in_netns timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/22" && read -r line <&3 && [[ $line == SSH-* ]]' \
		"$(server_address "$1")" 2>/dev/null </dev/null
}

server_stop() {
	qemu_kill "$(server_dir "$1")"
	tap_down "$1"
	rm -rf "$(server_dir "$1")"
	rm -f "$(server_disk "$1")"
}

# lab_ssh I [COMMAND…]
lab_ssh() {
	local i=$1 dir
	shift
	dir=$(server_dir "$i")
	echo "$(server_address "$i") $(<"$dir/host_key.pub")" >"$dir/known_hosts"
	exec nsenter --net="$NETNS_FILE" -- ssh -F /dev/null -i "$LAB_DIR/key" \
		-o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=20 -o LogLevel=ERROR \
		-o UserKnownHostsFile="$dir/known_hosts" -o GlobalKnownHostsFile=/dev/null \
		-o StrictHostKeyChecking=yes "root@$(server_address "$i")" "$@" 9>&-
}

# each FUNCTION I…: at once; fails when one fails
each() {
	local function=$1 i pids=() failed=0
	shift
	for i; do
		"$function" "$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || failed=1
	done
	return "$failed"
}

# --- saved states of the whole lab ---

saves_dir() { echo "$(disks_dir)/saves"; }

check_name() { [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ ]] || usage_error "name: '$1': letters, digits, '.', '_', '-', at most 64"; }

stop_machine() { qmp "$(server_dir "$1")" stop >/dev/null; }
continue_machine() { qmp "$(server_dir "$1")" cont >/dev/null; }

save_machine() {
	local dir to=$SAVE_TMP/$1
	dir=$(server_dir "$1")
	mkdir "$to"
	qemu_save "$dir" "$to/state" || die "server $1 cannot be saved"
	cp --reflink=auto --sparse=always "$(server_disk "$1")" "$to/disk.qcow2"
	cp "$dir"/host_key "$dir"/host_key.pub "$to/"
}

# All machines stand still before the first is saved: the states belong together.
lab_save() {
	local final list status=0
	final=$(saves_dir)/$1
	SAVE_TMP=$final.tmp.$$
	mapfile -t list < <(servers)
	rm -rf "$final".tmp.*
	mkdir -p "$SAVE_TMP"
	base_dir >"$SAVE_TMP/base"
	each stop_machine "${list[@]}" && each save_machine "${list[@]}" || status=1
	each continue_machine "${list[@]}" || status=1
	if ((status)); then
		rm -rf "$SAVE_TMP"
		die "nothing was saved"
	fi
	rm -rf "$final"
	mv -T "$SAVE_TMP" "$final"
}

load_machine() {
	local i=$1 dir from=$LOAD_FROM/$1
	dir=$(server_dir "$i")
	mkdir -p "$dir"
	cp "$from"/host_key "$from"/host_key.pub "$dir/"
	cp --reflink=auto --sparse=always "$from/disk.qcow2" "$(server_disk "$i")"
	[[ -n $(in_netns ip -br link show "$(server_tap "$i")" 2>/dev/null) ]] || tap_up "$i"
	qemu_arguments "$(image_dir)" "$dir" "$(server_disk "$i")" "$(server_mac "$i")" "$(server_tap "$i")"
	qemu_restore "$dir" "$NETNS_FILE" "$from/state" || die "server $i cannot be loaded"
	set_clock_script | line_run "$dir" 30 || die "server $i was loaded but does not answer"
}

lab_load() {
	local i list=()
	LOAD_FROM=$(saves_dir)/$1
	[[ -d $LOAD_FROM ]] || die "nothing was saved as '$1'"
	[[ $(<"$LOAD_FROM/base") == "$(base_dir)" ]] || die "'$1' was saved by a lab of another kind (image, memory, QEMU)"
	for i in $(servers); do
		qemu_kill "$(server_dir "$i")"
		[[ -d $LOAD_FROM/$i ]] || server_stop "$i"
	done
	for i in "$LOAD_FROM"/[0-9]*; do list+=("${i##*/}"); done
	each load_machine "${list[@]}"
}
