# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# One virtual machine: its command line, its process, its monitor (QMP) and its serial line.
# A machine has a directory (pid, sockets, console.log) and a disk; which server it is, others know.

QEMU=qemu-system-x86_64

qemu_version() { "$QEMU" --version | sed -n '1s/^QEMU emulator version //p'; }

# --- which accelerator ---

# A boot sector that writes 0x10 to port 0xf4: QEMU then ends with status 33.
boot_sector() {
	printf '\272\364\000\260\020\356\364\353\375'
	head -c 501 /dev/zero
	printf '\125\252'
}

probe_sector() {
	local status=0
	boot_sector >"$LAB_CACHE/probe.$$"
	timeout -k 1 5 "$QEMU" -accel kvm -cpu "$1" -m 64 -display none -nodefaults \
		-device isa-debug-exit,iobase=0xf4,iosize=1 \
		-drive file="$LAB_CACHE/probe.$$",format=raw,if=ide,snapshot=on \
		>/dev/null 2>&1 </dev/null 9>&- || status=$?
	rm -f "$LAB_CACHE/probe.$$"
	((status == 33))
}

# A boot sector may run where a real kernel hangs.
probe_kernel() {
	local image=$2 out
	out=$(timeout -k 1 20 "$QEMU" -accel kvm -cpu "$1" -smp 2 -m 256 -display none -nodefaults \
		-no-reboot -serial stdio -kernel "$image/vmlinuz" -initrd "$image/initrd" \
		-append 'console=ttyS0 lab.probe' 2>/dev/null </dev/null 9>&-) || true
	[[ $out == *'lab: probe passed'* ]]
}

probe_kvm() {
	local model
	[[ -r /dev/kvm && -w /dev/kvm ]] || return 1
	for model in host max; do
		if probe_sector "$model" && probe_kernel "$model" "$1"; then
			echo "kvm $model"
			return
		fi
	done
	return 1
}

# Emulation gets a plain processor: QEMU 7.2 misexecutes programs with "max" less some features.
# Prints "kvm MODEL" or "tcg MODEL". What the probe found is kept until the machine boots again.
choose_accel() {
	local image=$1 file key found
	case ${LAB_ACCEL:-} in
	tcg) echo tcg Nehalem; return ;;
	kvm) echo kvm host; return ;;
	'') ;;
	*) usage_error "LAB_ACCEL: '$LAB_ACCEL': kvm, tcg or nothing" ;;
	esac
	file=$LAB_CACHE/accel
	key="$(</proc/sys/kernel/random/boot_id) $(qemu_version)"
	if [[ -f $file && $(head -n 1 "$file") == "$key" ]]; then
		sed -n 2p "$file"
		return
	fi
	found=$(probe_kvm "$image") || found='tcg Nehalem'
	printf '%s\n%s\n' "$key" "$found" >"$file.$$"
	mv "$file.$$" "$file"
	echo "$found"
}

# Notes that KVM, chosen before, is of no use here; fails when it had not been chosen.
reject_kvm() {
	grep -q '^kvm ' "$LAB_CACHE/accel" 2>/dev/null || return 1
	sed -i '2s/.*/tcg Nehalem/' "$LAB_CACHE/accel"
}

# --- the process ---

# LAB_KERNEL: a directory with another kernel, which has all it needs built in.
other_kernel() {
	local i
	for i in "${!QEMU_ARGS[@]}"; do
		case ${QEMU_ARGS[i]} in
		-kernel) QEMU_ARGS[i + 1]=$LAB_KERNEL/vmlinuz ;;
		-append) QEMU_ARGS[i + 1]+=" rw rootfstype=ext4 rootflags=prjquota kmemleak=on" ;;
		-initrd) unset "QEMU_ARGS[i]" "QEMU_ARGS[i + 1]" ;;
		esac
	done
	QEMU_ARGS=("${QEMU_ARGS[@]}")
}

# qemu_arguments IMAGE DIR DISK MAC TAP: sets the array QEMU_ARGS
qemu_arguments() {
	local image=$1 dir=$2 disk=$3 mac=$4 tap=$5 accel model
	read -r accel model < <(choose_accel "$image")
	[[ $accel == tcg ]] && accel=tcg,thread=multi
	# shellcheck disable=SC2054 # the commas belong to QEMU
	QEMU_ARGS=(
		-name "sxc-lab" -pidfile "$dir/pid" -nodefaults -no-user-config -display none
		-machine pc -accel "$accel" -cpu "$model" -smp "$LAB_CPUS" -m "$LAB_MEM"
		-rtc base=utc,clock=host
		-kernel "$image/vmlinuz" -initrd "$image/initrd"
		-append "console=ttyS0 root=/dev/vda net.ifnames=0 mitigations=off systemd.unified_cgroup_hierarchy=1 trace_clock=local audit=0"
		-drive "file=$disk,format=qcow2,if=none,id=disk0,cache=unsafe,discard=unmap"
		-device virtio-blk-pci,drive=disk0
		-netdev "tap,id=net0,ifname=$tap,script=no,downscript=no"
		-device "virtio-net-pci,netdev=net0,mac=$mac,romfile="
		-device virtio-rng-pci -device "vmgenid,guid=auto"
		-serial "file:$dir/console.log"
		-chardev "socket,id=line,path=$dir/line,server=on,wait=off" -serial chardev:line
		-qmp "unix:$dir/qmp,server=on,wait=off"
	)
	if [[ -n ${LAB_KERNEL:-} ]]; then other_kernel; fi
}

# machine_key IMAGE WORD…: what a saved state depends on: image, device layout, QEMU, processor, WORDs
machine_key() {
	local image=$1
	shift
	qemu_arguments "$image" DIR DISK MAC TAP
	{
		qemu_version
		printf '%s\n' "${QEMU_ARGS[@]}" "$@"
		[[ ${QEMU_ARGS[*]} != *'accel kvm'* ]] || grep -m 1 '^flags' /proc/cpuinfo
	} | recipe_key
}

# qemu_start DIR NETNS-FILE [ARGUMENT…]: QEMU_ARGS as a daemon, in a network namespace of its own
# if NETNS-FILE is empty; its complaints go to DIR/qemu.log
qemu_start() {
	local dir=$1 enter=(unshare --net --)
	[[ -z $2 ]] || enter=(nsenter --net="$2" --)
	shift 2
	rm -f "$dir"/{pid,qmp,line}
	"${enter[@]}" "$QEMU" "${QEMU_ARGS[@]}" -daemonize "$@" >"$dir/qemu.log" 2>&1 </dev/null 9>&- || {
		tail -n 5 "$dir/qemu.log" >&2
		return 1
	}
}

# Prints the pid of DIR's machine if it is alive and really is that machine.
qemu_pid() {
	local pid
	[[ -r $1/pid ]] && read -r pid <"$1/pid" && [[ $pid =~ ^[0-9]+$ ]] || return 1
	tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "$1/pid" || return 1
	echo "$pid"
}

qemu_gone() { ! [[ -d /proc/$1 ]] || [[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) == Z* ]]; }

qemu_kill() {
	local pid
	pid=$(qemu_pid "$1") || return 0
	kill -KILL "$pid" 2>/dev/null || true
	wait_for 10 qemu_gone "$pid" || say "process $pid does not end"
	rm -f "$1"/{pid,qmp,line}
}

# qemu_strays PATTERN: processes of machines whose pid file matches it, be the file there or not
qemu_strays() {
	local proc
	for proc in /proc/[0-9]*; do
		[[ $(readlink "$proc/exe" 2>/dev/null) == */$QEMU ]] || continue
		tr '\0' '\n' 2>/dev/null <"$proc/cmdline" | grep -q -- "^$1$" || continue
		echo "${proc#/proc/}"
	done
}

# --- its sockets ---

# talk SOCKET SECONDS TEXT: sends stdin, prints the first line that holds TEXT; fails when there
# is none in time
talk() {
	local line status=1 end=$((SECONDS + $2)) pid
	coproc TALK { exec socat - "UNIX-CONNECT:$1" 2>/dev/null 9>&-; }
	pid=$TALK_PID
	exec {TALK_IN}<&"${TALK[0]}" {TALK_OUT}>&"${TALK[1]}"
	cat >&"$TALK_OUT" || true
	while ((SECONDS <= end)) && IFS= read -r -t $((end - SECONDS + 1)) -u "$TALK_IN" line; do
		[[ $line == *"$3"* ]] || continue
		printf '%s\n' "$line"
		status=0
		break
	done
	exec {TALK_IN}<&- {TALK_OUT}>&-
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	return "$status"
}

# qmp DIR COMMAND [ARGUMENTS-JSON]: prints the answer's "return"; fails with its error
qmp() {
	local answer
	answer=$(
		jq -nc --arg command "$2" --argjson arguments "${3:-{\}}" \
			'{execute: "qmp_capabilities"}, {id: "lab", execute: $command, arguments: $arguments}' |
			talk "$1/qmp" 15 '"id": "lab"' ||
			echo '{"error": {"desc": "no answer from the monitor"}}'
	)
	jq -ce 'if has("error") then error(.error.desc) else .return end' <<<"$answer"
}

qmp_status() { qmp "$1" query-status | jq -r .status; }

migration_over() {
	MIGRATION=$(qmp "$1" query-migrate | jq -r .status)
	[[ $MIGRATION == completed || $MIGRATION == failed || $MIGRATION == cancelled ]]
}

# qemu_save DIR FILE: the stopped machine's memory and devices to FILE. Its disk file is then at rest.
qemu_save() {
	qmp "$1" migrate-set-parameters '{"max-bandwidth": 100000000000}' >/dev/null
	qmp "$1" migrate "$(jq -nc --arg uri "exec:cat >$2" '{uri: $uri}')" >/dev/null
	wait_for 60 migration_over "$1" && [[ $MIGRATION == completed ]]
}

loaded_or_dead() { ! qemu_pid "$1" >/dev/null || [[ $(qmp_status "$1" 2>/dev/null) == paused ]]; }

# qemu_restore DIR NETNS-FILE STATE: QEMU_ARGS continued from STATE, which was made of a stopped machine
qemu_restore() {
	qemu_start "$1" "$2" -incoming "exec:cat $3" || return 1
	wait_for 60 loaded_or_dead "$1" && qmp "$1" cont >/dev/null 2>&1 && return
	tail -n 5 "$1/qemu.log" >&2
	return 1
}

# --- the serial line ---

# line_run DIR SECONDS: the script on stdin runs as root in the server; its exit status is returned,
# 124 when there is no answer
line_run() {
	local word=run-$$-$RANDOM answer
	answer=$(printf '\n%s %s\n' "$word" "$(base64 -w 0)" | talk "$1/line" "$2" "done-$word ") || return 124
	return "${answer#* }"
}

line_answers() { line_run "$1" 2 <<<true; }
