SUMMARY = "Units, firewall, update rules and scripts of a kiosk"
DESCRIPTION = "board/root of this repository, laid over the root as it is: the same tree that the \
Debian image takes, with nothing added but what Debian's packages bring and these do not."
SECTION = "kiosk"

inherit kiosk-source useradd features_check
REQUIRED_DISTRO_FEATURES = "rauc systemd"

PACKAGE_ARCH = "${MACHINE_ARCH}"

SRC_URI = "\
    file://board/root \
    ${@'file://board/${KIOSK_BOARD}.toml' if d.getVar('KIOSK_BOARD') else ''} \
    file://nftables.service \
    file://seatd-for-screen.conf \
"

# Users and their numbers are said once, in sysusers.d.
def kiosk_users(d):
    """Parameters of useradd from the lines `u NAME NUMBER "WORDS" FOLDER`."""
    import shlex
    path = os.path.join(d.getVar("KIOSK_SOURCE"), "board/root/usr/lib/sysusers.d/kiosk.conf")
    bb.parse.mark_dependency(d, path)
    users = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = shlex.split(line, comments=True)
            if words:
                _, name, number, _, folder = words
                users.append(f"--system --uid {number} --user-group --no-create-home"
                             f" --home-dir {folder} --shell /sbin/nologin {name}")
    return "; ".join(users)

USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "${@kiosk_users(d)}"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    cp -R --no-preserve=ownership ${S}/board/root/. ${D}/
    # Of base-files, which takes it from the same place.
    rm ${D}${sysconfdir}/fstab
    sed -i 's/@COMPATIBLE@/${KIOSK_COMPATIBLE}/; s/@VERSION@/${KIOSK_VERSION}/' \
        ${D}${sysconfdir}/rauc/system.conf
    install -m 0644 ${KIOSK_KEYS}/ca.pem ${D}${sysconfdir}/rauc/keyring.pem
    [ -z "${KIOSK_BOARD}" ] ||
        install -D -m 0644 ${S}/board/${KIOSK_BOARD}.toml ${D}${datadir}/kiosk/board.toml
    install -m 0644 ${UNPACKDIR}/nftables.service ${D}${systemd_system_unitdir}/
    install -D -m 0644 ${UNPACKDIR}/seatd-for-screen.conf \
        ${D}${systemd_system_unitdir}/seatd.service.d/kiosk.conf
    # Where the data and start partitions are mounted, and where Debian keeps its typefaces.
    install -d ${D}/data ${D}/efi ${D}${sysconfdir}/kiosk ${D}${localstatedir}/lib/kiosk \
        ${D}${localstatedir}/lib/cups ${D}${localstatedir}/lib/systemd/timesync \
        ${D}${localstatedir}/log/journal ${D}${sysconfdir}/NetworkManager/system-connections \
        ${D}${datadir}/fonts/truetype
    ln -s ../ttf ${D}${datadir}/fonts/truetype/liberation2
}
do_install[file-checksums] += "${KIOSK_KEYS}/ca.pem:True"

PACKAGES = "${PN}"
FILES:${PN} = "/"

RPROVIDES:${PN} = "virtual-rauc-conf"
RCONFLICTS:${PN} = "rauc-conf"
