# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The lab's network: a namespace with a bridge, one tap a server. Nothing outside it is touched.

LAB_BRIDGE=lab0
LAB_HOST4=192.0.2.1
LAB_HOST6=2001:db8::1
LAB_PS4=198.51.100.0/24

NETNS=$(netns_name)
NETNS_FILE=/run/netns/$NETNS

server_address() { echo "192.0.2.$((10 + $1))"; }
server_address6() { printf '2001:db8::%x\n' $((0x1000 + $1)); }
server_mac() { printf '52:54:00:c0:02:%02x\n' "$1"; }
server_tap() { echo "tap$1"; }

in_netns() { nsenter --net="$NETNS_FILE" -- "$@"; }

net_exists() { [[ -e $NETNS_FILE ]] && in_netns ip link show "$LAB_BRIDGE" >/dev/null 2>&1; }

# Forwarding makes the namespace answer "unreachable" at once for what lies outside it.
net_up() {
	net_exists && return
	net_down
	ip netns add "$NETNS"
	in_netns ip -batch - <<-EOF
		link set lo up
		link add $LAB_BRIDGE type bridge forward_delay 0 mcast_snooping 0
		link set $LAB_BRIDGE up
		addr add $LAB_HOST4/24 dev $LAB_BRIDGE
		addr add $LAB_HOST6/64 dev $LAB_BRIDGE nodad
		route add $LAB_PS4 dev $LAB_BRIDGE
	EOF
	in_netns sysctl -q net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
		net.ipv4.conf.$LAB_BRIDGE.send_redirects=0 net.ipv6.conf.all.forwarding=1
}

tap_up() {
	local tap
	tap=$(server_tap "$1")
	in_netns ip link del "$tap" 2>/dev/null || true
	in_netns ip -batch - <<-EOF
		tuntap add dev $tap mode tap
		link set $tap master $LAB_BRIDGE up
	EOF
}

tap_down() { in_netns ip link del "$(server_tap "$1")" 2>/dev/null || true; }

net_down() {
	[[ -e $NETNS_FILE ]] || return 0
	local pids
	pids=$(ip netns pids "$NETNS" 2>/dev/null | paste -sd' ' -)
	[[ -z $pids ]] || say "processes $pids still run in the lab's network; it goes when they end"
	ip netns del "$NETNS" 2>/dev/null || rm -f "$NETNS_FILE"
}
