# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The cached images: the servers' disk, kernel, initramfs and kernel build tree (one directory),
# and the private servers' OS image. Everything is made in a temporary directory and renamed.
# Knows nothing of running servers.

IMAGE_EPOCH=1700000000 # time stamp of files the recipe makes
IMAGE_SIZE=8G

# A key covers everything its image is made by, so that a changed recipe is never met by an old image.
image_key() {
	{
		printf '%s\n' "$LAB_RELEASE" "$LAB_PASSWORD" "$IMAGE_SIZE" "$IMAGE_EPOCH"
		declare -f debootstrap_to build_image unpack_kernel install_modules build_initrd
	} | recipe_key "$LAB_SRC"/{hook-server,hook-kernel,packages-server.txt} "$LAB_SRC"/guest/*
}

rootfs_key() {
	{
		printf '%s\n' "$LAB_RELEASE" "$IMAGE_EPOCH"
		declare -f debootstrap_to build_rootfs
	} | recipe_key "$LAB_SRC"/{hook-rootfs,packages-rootfs.txt}
}

image_dir() { echo "$LAB_CACHE/image-$(image_key)"; }
rootfs_dir() { echo "$LAB_CACHE/rootfs-$(rootfs_key)"; }

# build_cached DIR FUNCTION: runs FUNCTION TMP DIR in a subshell unless DIR is there
build_cached() {
	if [[ -d $1 ]]; then
		touch "$1"
		return
	fi
	(
		lock "$LAB_CACHE/locks/build" "waiting for another build of the cache"
		[[ ! -d $1 ]] || exit 0
		prune_cache
		tmp=$(mktemp -d "$LAB_CACHE/building.XXXXXX")
		trap 'rm -rf "$tmp"' EXIT
		chmod 755 "$tmp"
		say "building ${1##*/} (log: $1.log); this is done once"
		# in the background, because errexit is off inside a condition
		"$2" "$tmp" "$1" >"$1.log" 2>&1 9>&- &
		if ! wait $!; then
			tail -n 20 "$1.log" >&2
			die "building ${1##*/} failed; the whole log is $1.log"
		fi
		sync -f "$tmp"
		mv -T "$tmp" "$1"
		trap - EXIT
	)
}

any_lab_up() {
	local dir
	for dir in "$LAB_CACHE"/disks/*; do
		[[ ! -e /run/netns/${dir##*/} ]] || return 0
	done
	return 1
}

# Half-built images go at once, images of old recipes when no lab has wanted them for a week.
prune_cache() {
	rm -rf "$LAB_CACHE"/building.*
	any_lab_up || find "$LAB_CACHE" -mindepth 1 -maxdepth 1 -mtime +7 \
		\( -name 'image-*' -o -name 'rootfs-*' -o -name 'base-*' \) -exec rm -rf {} +
}

package_list() { grep -v '^#' "$1" | paste -sd, -; }

debootstrap_to() {
	local target=$1 packages=$2
	shift 2
	env -u LANG -u LC_ALL TMPDIR="${target%/*}" SOURCE_DATE_EPOCH=$IMAGE_EPOCH \
		mmdebstrap --mode=root --variant=minbase --components=main \
		--include="$(package_list "$packages")" \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		"$@" "$LAB_RELEASE" "$target" ${SXC_LAB_MIRROR:+"$SXC_LAB_MIRROR"}
}

build_image() {
	set -e
	local tmp=$1 final=$2 version
	mkdir "$tmp/debs" "$tmp/kernel"
	export LAB_SRC LAB_PASSWORD LAB_DEBS=$tmp/debs
	debootstrap_to "$tmp/root" "$LAB_SRC/packages-server.txt" \
		--customize-hook="$LAB_SRC/hook-server" \
		--customize-hook="$LAB_SRC/hook-kernel"
	unpack_kernel "$tmp" "$final"
	version=$(<"$tmp/kernel-version")
	install_modules "$tmp" "$version"
	build_initrd "$tmp" "$version"
	chroot "$tmp/root" dpkg-query -W >"$tmp/manifest"
	ls "$tmp/debs" >>"$tmp/manifest"
	find "$tmp/root" -newermt "@$IMAGE_EPOCH" -exec touch -h -d "@$IMAGE_EPOCH" {} +
	truncate -s "$IMAGE_SIZE" "$tmp/root.img"
	mke2fs -q -t ext4 -O quota,project -L lab-root -d "$tmp/root" \
		-E quotatype=usrquota:grpquota:prjquota,lazy_itable_init=0,lazy_journal_init=0,assume_storage_prezeroed=1 \
		"$tmp/root.img"
	rm -rf "$tmp"/{root,debs,image,busybox}
}

# The image goes to $tmp/image, the build tree to $tmp/kernel with its paths made to fit $final.
unpack_kernel() {
	local tmp=$1 final=$2 deb version src
	for deb in "$tmp"/debs/linux-image-*.deb; do dpkg-deb -x "$deb" "$tmp/image"; done
	for deb in "$tmp"/debs/linux-{headers,kbuild,compiler}-*.deb; do
		dpkg-deb -x "$deb" "$tmp/kernel"
	done
	version=$(basename "$tmp"/image/lib/modules/*)
	echo "$version" >"$tmp/kernel-version"
	cp "$tmp/image/boot/vmlinuz-$version" "$tmp/vmlinuz"
	cp "$tmp/image/boot/config-$version" "$tmp/kernel-config"
	src=$tmp/kernel/usr/src/linux-headers-$version
	[[ -f $src/Makefile && -f $src/.kernelvariables ]]
	grep -rlI --exclude-dir=include /usr/src/linux-headers- "$tmp"/kernel/usr/src/linux-headers-*/{Makefile,.kernelvariables} |
		xargs sed -i "s|/usr/src/linux-headers-|$final/kernel&|g"
}

# All modules but those for hardware that a virtual server cannot have.
install_modules() {
	local tmp=$1 version=$2 tree
	tree=$tmp/image/lib/modules/$version
	rm -rf "$tree"/kernel/sound "$tree"/kernel/drivers/{gpu,media,infiniband,iio,staging,isdn,hid,usb,mmc,mtd,hwmon,input,bluetooth,nfc,platform,scsi,ata,thunderbolt,gnss,comedi,leds,edac,power,regulator,i2c,spi,video} \
		"$tree"/kernel/drivers/net/{wireless,ethernet,usb,can,wwan,dsa,phy,fddi,hamradio,arcnet,ieee802154} \
		"$tree"/kernel/net/{bluetooth,mac80211,wireless,nfc,can,ieee802154,mac802154}
	mkdir -p "$tmp/root/usr/lib/modules"
	cp -a "$tree" "$tmp/root/usr/lib/modules/"
	cp "$tmp/kernel-config" "$tmp/root/boot/config-$version"
	cp "$tmp"/image/boot/System.map-"$version" "$tmp/root/boot/"
	depmod -b "$tmp/root/usr" -F "$tmp/image/boot/System.map-$version" "$version" 2>/dev/null ||
		depmod -b "$tmp/root" "$version"
}

build_initrd() {
	local tmp=$1 version=$2 dir=$1/initrd.d list module
	mkdir -p "$dir"/{bin,dev,proc,sys,root,modules}
	cp "$tmp/busybox" "$dir/bin/busybox"
	install -m 755 "$LAB_SRC/guest/initrd-init" "$dir/init"
	ln -s busybox "$dir/bin/sh"
	list=$(modprobe -d "$tmp/root" -S "$version" --show-depends --all virtio_pci virtio_blk ext4 quota_v2 crc32c_generic |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++')
	for module in $list; do
		cp "$module" "$dir/modules/"
		basename "$module" >>"$dir/modules/order"
	done
	find "$dir" -exec touch -h -d "@$IMAGE_EPOCH" {} +
	(cd "$dir" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet --reproducible -R 0:0 -o -H newc) |
		gzip -n -1 >"$tmp/initrd"
	rm -rf "$dir"
}

build_rootfs() {
	set -e
	local tmp=$1
	debootstrap_to "$tmp/root.tar" "$LAB_SRC/packages-rootfs.txt" --format=tar --skip=output/dev \
		--customize-hook="$LAB_SRC/hook-rootfs"
	zstd -q -10 -T2 --rm "$tmp/root.tar" -o "$tmp/debian-12.tar.zst"
	chmod 644 "$tmp/debian-12.tar.zst"
}

ensure_image() { build_cached "$(image_dir)" build_image; }
ensure_rootfs() { build_cached "$(rootfs_dir)" build_rootfs; }
