SUMMARY = "What GRUB reads on a kiosk: the choice of the slot, and its counters"

inherit kiosk-source deploy nopackages

SRC_URI = "file://board/image/grub.cfg"
DEPENDS = "grub-native"

do_configure[noexec] = "1"
do_install[noexec] = "1"

do_compile() {
    grub-script-check ${S}/board/image/grub.cfg
    # Slot A is filled and good; nothing was tried yet.
    rm -f ${B}/grubenv
    grub-editenv ${B}/grubenv create
    grub-editenv ${B}/grubenv set ORDER="A B" A_OK=1 A_TRY=0 B_OK=0 B_TRY=0
}

do_deploy() {
    install -D -m 0644 ${S}/board/image/grub.cfg ${DEPLOYDIR}/kiosk-loader/grub.cfg
    install -D -m 0644 ${B}/grubenv ${DEPLOYDIR}/kiosk-loader/grubenv
}
addtask deploy after do_compile before do_build

PACKAGE_ARCH = "${MACHINE_ARCH}"
