SUMMARY = "Opens and lays out the root image of the chosen slot"
DESCRIPTION = "The two scripts that Debian's initramfs-tools runs on a kiosk, and what calls them in \
this framework."

inherit kiosk-source allarch

SRC_URI = "\
    file://board/image/initramfs/scripts \
    file://functions \
    file://open-root \
"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    scripts=${S}/board/image/initramfs/scripts
    install -D -m 0755 $scripts/local-top/kiosk ${D}/scripts/local-top/kiosk
    install -D -m 0755 $scripts/init-bottom/kiosk ${D}/scripts/init-bottom/kiosk
    install -D -m 0644 ${UNPACKDIR}/functions ${D}/scripts/functions
    # Before 90-rootfs, which goes on when it finds a root mounted.
    install -D -m 0755 ${UNPACKDIR}/open-root ${D}/init.d/88-kiosk
}

FILES:${PN} = "/init.d /scripts"
RDEPENDS:${PN} = "cryptsetup initramfs-framework-base initramfs-module-udev util-linux-blkid"
