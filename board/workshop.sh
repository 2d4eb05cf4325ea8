#!/usr/bin/env bash
# Runs a command in the workshop: a root folder of Debian 13, the release that the kiosk runs, with
# the compilers for both processors, the tools that make images, and QEMU. So the same tools make
# the same bytes on every machine, whatever that machine runs itself.
#
#   board/workshop.sh COMMAND…     as root, in this repository, which lies at /src there
#
# The one place that names the release and the tools. Kept in target/workshop; another list of
# packages makes it anew.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ROOT=$PWD/target/workshop
readonly SUITE=trixie
# Compilers: Debian keeps a current Rust for its browsers under the names *-web.
readonly COMPILERS=(build-essential ca-certificates cargo-web clang crossbuild-essential-arm64
    libclang-dev libleptonica-dev:arm64 libpcsclite-dev:amd64 libpcsclite-dev:arm64
    libstd-rust-web-dev:amd64 libstd-rust-web-dev:arm64 libtesseract-dev:arm64 libtesseract5:amd64
    pkg-config rustc-web)
readonly IMAGES=(cpio cryptsetup-bin dosfstools e2fsprogs erofs-utils fdisk grub-common
    grub-efi-amd64-bin mmdebstrap mtools nftables openssl python3-minimal qemu-user rauc
    squashfs-tools systemd xz-utils zstd)
readonly MACHINES=(ovmf qemu-efi-aarch64 qemu-system-arm qemu-system-x86 qemu-utils swtpm)
# The development files of these two lie in one place for both processors, so that apt installs
# one only; the other's links and pkg-config files are laid beside them.
readonly SECOND=(libleptonica-dev:amd64 libtesseract-dev:amd64)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Debian's packages come from wherever this machine takes its own.
sources() {
    local mirror
    mirror=$(apt-get indextargets 'Created-By: Packages' 'Origin: Debian' 'Component: main' \
        --format '$(REPO_URI)' | grep -v security | head -n 1)
    echo "deb $mirror $SUITE main"
    echo "deb ${mirror%/debian/}/debian-security/ $SUITE-security main"
}

make_root() {
    local packages wanted
    packages=$(IFS=,; echo "${COMPILERS[*]},${IMAGES[*]},${MACHINES[*]}")
    wanted=$(sources; echo "$packages ${SECOND[*]}")
    [ "$(cat "$ROOT.stamp" 2>/dev/null)" = "$wanted" ] && return
    command -v mmdebstrap >/dev/null || as_root apt-get install -y -q mmdebstrap
    as_root rm -rf "$ROOT"
    mkdir -p target
    sources | as_root mmdebstrap --variant=minbase --architectures=amd64,arm64 \
        --include="$packages" --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --customize-hook="chroot \"\$1\" sh -ec 'cd /tmp; apt-get update -q
            apt-get download ${SECOND[*]}; for deb in *.deb; do dpkg-deb -x \"\$deb\" /; done
            rm -- *.deb'" \
        "$SUITE" "$ROOT" -
    printf %s "$wanted" >"$ROOT.stamp"
}

# The mounts vanish with the namespace; what was downloaded is kept in target.
enter() {
    as_root unshare --mount --propagation private bash -euc '
        root=$1 crates=$2; shift 2
        mkdir -p "$root/src" "$root/root/.cargo/registry"
        mount --bind "$PWD" "$root/src"
        [ -d "$crates" ] && mount --bind "$crates" "$root/root/.cargo/registry"
        mount -t proc proc "$root/proc"
        mount --rbind /sys "$root/sys"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/run"
        cp -L /etc/resolv.conf "$root/etc/resolv.conf"
        exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 TERM="${TERM-dumb}" \
            PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "cd /src && exec \"\$@\"" sh "$@"
    ' workshop "$ROOT" "${CARGO_HOME:-$HOME/.cargo}/registry" "$@"
}

make_root
[ $# = 0 ] || enter "$@"
