SUMMARY = "Everything that runs on a kiosk"
DESCRIPTION = "What board/image/packages names for Debian, under the names that it has here; \
yocto-layer/from-debian sets the two against each other."

PACKAGE_ARCH = "${MACHINE_ARCH}"

inherit packagegroup features_check
REQUIRED_DISTRO_FEATURES = "rauc systemd wayland"

PACKAGES = "\
    ${PN} \
    ${PN}-devices \
    ${PN}-screen \
    ${PN}-system \
"

RDEPENDS:${PN} = "\
    kiosk \
    kiosk-root \
    ${PN}-devices \
    ${PN}-screen \
    ${PN}-system \
"

SUMMARY:${PN}-devices = "Scanner, printer, tokens, card reader, modem, UPS"
RDEPENDS:${PN}-devices = "\
    ccid \
    cups \
    cups-filters \
    modemmanager \
    networkmanager \
    networkmanager-nmcli \
    nut-client \
    nut-server \
    opensc \
    pcsc-lite \
    sane-airscan \
    sane-utils \
    usb-modeswitch \
    ${@bb.utils.contains('BBFILE_COLLECTIONS', 'tpm-layer', 'tpm2-pkcs11', '', d)} \
"
# A token in software, for a machine that nobody certifies anything with.
RDEPENDS:${PN}-devices:append:qemuarm64 = " softhsm"

SUMMARY:${PN}-screen = "One browser on one screen, its typefaces and its voice"
RDEPENDS:${PN}-screen = "\
    cage \
    cog \
    espeak-ng \
    liberation-fonts \
    libegl-mesa \
    libgles2-mesa \
    mesa-megadriver \
    seatd \
    ttf-dejavu-sans \
"

SUMMARY:${PN}-system = "Service manager, checked and encrypted disks, updates, firewall"
RDEPENDS:${PN}-system = "\
    ca-certificates \
    cryptsetup \
    curl \
    dbus \
    dosfstools \
    e2fsprogs-e2fsck \
    e2fsprogs-mke2fs \
    grub-editenv \
    kernel-modules \
    kmod \
    nftables \
    os-release \
    rauc \
    rauc-service \
    shadow-base \
    systemd \
    systemd-analyze \
    systemd-crypt \
    systemd-extra-utils \
    tzdata-core \
    tzdata-asia \
    udev \
    util-linux \
    zstd \
"
