#!/usr/bin/env bash
# The inside of make.sh: runs in the workshop, as root. One function a step, in their order.
set -euo pipefail

readonly BOARD=$1 IMAGE=board/image
# shellcheck source=/dev/null
. "$IMAGE/boards/$BOARD"
readonly OUT=/src/target/image/$BOARD
readonly BASE=$OUT/base ROOT=$OUT/root
readonly RELEASE=/src/target/cross/$PROCESSOR-unknown-linux-gnu/release
# A digest tree with a fixed salt: the same root gives the same root hash.
readonly SALT=5b16c2a61e6b4d1b9a8c0d3c4e5f6a705b16c2a61e6b4d1b9a8c0d3c4e5f6a70
readonly ROOT_UUID=5b16c2a6-1e6b-4d1b-9a8c-0d3c4e5f6a7a
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
umask 022

say() { echo "image: $*" >&2; }

packages() { cat "$IMAGE/packages/common" "$IMAGE/packages/$BOARD"; }

# Programs of another processor are run by QEMU, which the kernel is told of for this namespace.
prepare_emulation() {
    [ "$DEBIAN" != "$(dpkg --print-architecture)" ] || return 0
    [ -e /proc/sys/fs/binfmt_misc/register ] ||
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] ||
        cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register
}

# Debian's packages as they are; made once for a list of packages.
make_base() {
    local wanted
    wanted=$(packages; cat /etc/apt/sources.list)
    [ "$(cat "$OUT/base.stamp" 2>/dev/null)" = "$wanted" ] && return
    say "installing Debian's packages for $DEBIAN"
    rm -rf "$BASE"
    mkdir -p "$OUT"
    mmdebstrap --variant=essential --architectures="$DEBIAN" \
        --include="$(packages | paste -sd,)" \
        --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/info/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/lintian/*' \
        --setup-hook='mkdir -p "$1/etc/initramfs-tools/conf.d"
            cp board/image/initramfs/initramfs.conf "$1/etc/initramfs-tools/conf.d/kiosk"' \
        trixie "$BASE" /etc/apt/sources.list
    printf %s "$wanted" >"$OUT/base.stamp"
}

# A fresh layer over the base: what is done from here on never touches the base.
layer() {
    local layers=/run/layers
    mkdir -p $layers "$ROOT"
    mount -t tmpfs -o size=6g tmpfs $layers
    mkdir -p $layers/upper $layers/work
    mount -t overlay -o "lowerdir=$BASE,upperdir=$layers/upper,workdir=$layers/work" overlay "$ROOT"
}

install_ours() {
    local kiosk=$ROOT/usr/lib/kiosk
    say "installing the kiosk"
    cp -R --no-preserve=ownership board/root/. "$ROOT/"
    install -m 755 "$RELEASE/kiosk" "$ROOT/usr/bin/kiosk"
    install -m 644 "target/litert-$PROCESSOR/libLiteRt.so" "$kiosk/libLiteRt.so"
    install -D -m 644 "board/$BOARD.toml" "$ROOT/usr/share/kiosk/board.toml"
    [ ! -d target/models ] || cp -R --no-preserve=ownership target/models "$ROOT/usr/share/kiosk/"
    ln -sfn liberation "$ROOT/usr/share/fonts/truetype/liberation2"
    sed -i "s/@COMPATIBLE@/ban-sao-$BOARD/; s/@VERSION@/$VERSION/" \
        "$ROOT/etc/rauc/system.conf"
    install -m 644 target/image/keys/ca.pem "$ROOT/etc/rauc/keyring.pem"
    cat >>"$ROOT/usr/lib/os-release" <<END
IMAGE_ID=ban-sao-$BOARD
IMAGE_VERSION=$VERSION
END
    mkdir -p "$ROOT/data" "$ROOT/efi" "$ROOT/etc/kiosk" "$ROOT/var/lib/kiosk" \
        "$ROOT/var/log/journal" "$ROOT/etc/NetworkManager/system-connections" \
        "$ROOT/var/lib/systemd/timesync"
}

# The certificate that bundles are judged by. Without keys of an operator, test keys are made here.
make_test_keys() {
    local keys=target/image/keys
    [ -f $keys/ca.pem ] && return
    say "making test keys for updates"
    mkdir -p $keys
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7300 \
        -subj "/O=Ban Sao TEST/CN=update authority" -keyout $keys/ca.key -out $keys/ca.pem \
        -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign 2>/dev/null
    local name=release
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -subj "/O=Ban Sao TEST/CN=$name" -keyout $keys/$name.key -out $keys/$name.csr 2>/dev/null
    openssl x509 -req -in $keys/$name.csr -CA $keys/ca.pem -CAkey $keys/ca.key -days 3650 \
        -extfile <(printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning,emailProtection\n') \
        -out $keys/$name.pem 2>/dev/null
    rm $keys/$name.csr
}

in_root() { chroot "$ROOT" env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 \
    SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$@"; }

# Nobody logs in: no password, no terminal asks for one.
configure() {
    local unit
    say "configuring"
    in_root systemd-sysusers
    in_root systemctl preset-all
    for unit in getty@ serial-getty@ console-getty container-getty@ autovt@ debug-shell; do
        ln -sf /dev/null "$ROOT/etc/systemd/system/$unit.service"
    done
    for unit in apt-daily.timer apt-daily-upgrade.timer systemd-firstboot.service \
        systemd-update-done.service ldconfig.service systemd-hwdb-update.service; do
        ln -sf /dev/null "$ROOT/etc/systemd/system/$unit"
    done
    in_root passwd --lock root
    in_root usermod --shell /usr/sbin/nologin root
    ln -sf /usr/lib/systemd/system/multi-user.target "$ROOT/etc/systemd/system/default.target"
    ln -sf ../run/systemd/resolve/stub-resolv.conf "$ROOT/etc/resolv.conf"
    ln -sf ../usr/share/zoneinfo/Asia/Ho_Chi_Minh "$ROOT/etc/localtime"
    echo kiosk >"$ROOT/etc/hostname"
    printf '127.0.0.1 localhost kiosk\n::1 localhost\n' >"$ROOT/etc/hosts"
    : >"$ROOT/etc/machine-id"
    rm -f "$ROOT/var/lib/dbus/machine-id"
}

# Kernel and first programs. The initrd is made in the board's own root, by Debian's own tool.
make_start_files() {
    say "making kernel and initrd"
    cp -R "$IMAGE/initramfs/." "$ROOT/etc/initramfs-tools/"
    tr ' ' '\n' <<<"$MODULES" >"$ROOT/etc/initramfs-tools/modules"
    local release
    release=$(basename "$(echo "$ROOT"/usr/lib/modules/*)")
    in_root mkinitramfs -o /tmp/initrd "$release" 2>"$OUT/initrd.log" ||
        { cat "$OUT/initrd.log" >&2; exit 1; }
    rm -rf "$OUT/start"
    mkdir -p "$OUT/start"
    mv "$ROOT/tmp/initrd" "$OUT/start/initrd"
    cp "$ROOT/boot/vmlinuz-$release" "$OUT/start/vmlinuz"
    rm -rf "$ROOT"/boot/* "$ROOT/etc/initramfs-tools" "$ROOT"/vmlinuz* "$ROOT"/initrd*
}

# What only a running Debian needs, and what differs from one build to the next.
clean() {
    rm -rf "$ROOT"/var/lib/apt/lists/* "$ROOT"/var/cache/* "$ROOT"/var/log/* "$ROOT"/tmp/* \
        "$ROOT"/run/* "$ROOT"/var/tmp/* "$ROOT"/var/lib/dpkg/*-old "$ROOT"/etc/*- \
        "$ROOT"/var/lib/systemd/random-seed "$ROOT"/etc/ssh "$ROOT"/var/lib/initramfs-tools \
        "$ROOT"/etc/ssl/private/ssl-cert-snakeoil.key "$ROOT"/etc/ssl/certs/ssl-cert-snakeoil.pem \
        "$ROOT"/var/lib/systemd/catalog/database "$ROOT"/etc/apt/apt.conf.d/99mmdebstrap \
        "$ROOT"/usr/lib/"$PROCESSOR"-linux-gnu/libgallium*.pdb
    mkdir -p "$ROOT"/var/log/journal
    find "$ROOT" -name __pycache__ -prune -exec rm -rf {} +
    find "$ROOT/usr" "$ROOT/etc" -xdev \( -perm -4000 -o -perm -2000 \) -type f \
        ! -name dbus-daemon-launch-helper -exec chmod u-s,g-s {} +
}

list_contents() {
    in_root dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\t${source:Package}\n' |
        sort >"$OUT/packages"
    python3 "$IMAGE/sbom.py" "$BOARD" "$VERSION" "$OUT/packages" Cargo.lock >"$OUT/sbom.json"
}

make_root_image() {
    say "making the root image"
    rm -f "$OUT/root.img"
    mkfs.erofs --quiet -zzstd,level=9 -C131072 -T"$SOURCE_DATE_EPOCH" -U "$ROOT_UUID" \
        "$OUT/root.img" "$ROOT"
    OFFSET=$(stat -c %s "$OUT/root.img")
    veritysetup format --salt="$SALT" --uuid="$ROOT_UUID" --hash-offset="$OFFSET" \
        "$OUT/root.img" "$OUT/root.img" >"$OUT/verity"
    ROOT_HASH=$(sed -n 's/^Root hash:\s*//p' "$OUT/verity")
    [ "$(stat -c %s "$OUT/root.img")" -le $(($(mib size root-a) << 20)) ] || { say "root image too large"; exit 1; }
}

# mib start|size NAME: of a partition of the card.
mib() { sed -n "s/^name=$2, .*$1=\([0-9]*\)MiB.*/\1/p" "$IMAGE/disk.sfdisk"; }

# fat FILE MIB LABEL FOLDER: a file system with the folder's files, in a fixed order.
fat() {
    local file
    rm -f "$1"
    truncate -s "${2}M" "$1"
    mkfs.vfat --invariant -n "$3" "$1" >/dev/null
    find "$4" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    (cd "$4" && find . -mindepth 1 -type d | sort | while read -r file; do
        mmd -i "$1" "::$file"; done)
    (cd "$4" && find . -type f | sort | while read -r file; do
        mcopy -m -i "$1" "$file" "::$file"; done)
}

make_boot_image() {
    cat >"$OUT/start/slot.cfg" <<END
set version="$VERSION"
set roothash="$ROOT_HASH"
set offset="$OFFSET"
set arguments="$ARGUMENTS"
END
    fat "$OUT/boot.img" "$(mib size boot-a)" BOOT "$OUT/start"
}

make_loader() {
    local esp=$OUT/esp modules=/usr/lib/grub/$GRUB
    [ -d "$modules" ] || modules=$OUT/grub/usr/lib/grub/$GRUB
    if [ ! -d "$modules" ]; then
        # The loader's modules for another processor are a package of that processor only.
        mkdir -p "$OUT/grub"
        (cd "$OUT/grub" && apt-get download -q "grub-efi-$DEBIAN-bin:$DEBIAN" &&
            dpkg-deb -x grub-efi-*.deb . && rm grub-efi-*.deb)
    fi
    rm -rf "$esp"
    mkdir -p "$esp/EFI/BOOT" "$esp/grub"
    grub-mkimage -d "$modules" -O "$GRUB" -p /grub \
        -o "$esp/EFI/BOOT/$LOADER" part_gpt fat normal configfile linux loadenv test regexp \
        echo reboot sleep search eval all_video minicmd
    grub-script-check "$IMAGE/grub.cfg"
    cp "$IMAGE/grub.cfg" "$esp/grub/"
    grub-editenv "$esp/grub/grubenv" create
    grub-editenv "$esp/grub/grubenv" set ORDER="A B" A_OK=1 A_TRY=0 B_OK=0 B_TRY=0
    fat "$OUT/esp.img" "$(mib size esp)" ESP "$esp"
}

# place FILE MIB: into the disk, where nothing is written for what is zero.
place() { dd if="$1" of="$OUT/disk.img" bs=1M seek="$2" conv=notrunc,sparse status=none; }

make_disk() {
    say "making the disk"
    rm -f "$OUT/disk.img"
    truncate -s 2100M "$OUT/disk.img"
    sed "s/@ROOT_TYPE@/$ROOT_TYPE/" "$IMAGE/disk.sfdisk" |
        sfdisk --quiet --no-reread --no-tell-kernel "$OUT/disk.img"
    place "$OUT/esp.img" "$(mib start esp)"
    place "$OUT/boot.img" "$(mib start boot-a)"
    place "$OUT/root.img" "$(mib start root-a)"
    zstd --quiet --force -3 --threads=1 "$OUT/disk.img" -o "$OUT/disk.img.zst"
    rm -f "$OUT/esp.img"
}

report() {
    say "version $VERSION, root hash $ROOT_HASH"
    (cd "$OUT" && stat -c '%12s %n' root.img boot.img disk.img.zst && sha256sum disk.img.zst)
    say "$(du -sm --apparent-size "$ROOT" | cut -f1) MB in the root before compression"
}

prepare_emulation
make_test_keys
make_base
layer
install_ours
configure
make_start_files
clean
list_contents
make_root_image
make_boot_image
make_loader
make_disk
report
