SUMMARY = "Scanners: SANE's library, drivers and network daemon"
HOMEPAGE = "http://www.sane-project.org"
SECTION = "libs"
LICENSE = "GPL-2.0-or-later"
# The archive was not at hand when this was written: the licence by its name, not by its file.
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/GPL-2.0-or-later;md5=fed54355545ffd980b814dab4a3b312c"

SRC_URI = "\
    ${DEBIAN_MIRROR}/main/s/sane-backends/sane-backends_${PV}.orig.tar.bz2 \
    file://saned.socket \
    file://saned@.service \
"
SRC_URI[sha256sum] = "84315815e74fec970e815a0cc2e66914e7d98f36ad61fb1584683ae6dbf33080"

inherit autotools gettext pkgconfig systemd useradd

DEPENDS = "autoconf-archive-native avahi curl jpeg libpng libusb1 libxml2 systemd tiff"

EXTRA_OECONF = "\
    --disable-locking --disable-rpath --enable-avahi --with-libcurl --with-systemd --with-usb \
    --without-gphoto2 --without-poppler-glib --without-snmp --without-v4l \
"

PACKAGES =+ "sane-utils"

do_install:append() {
    install -D -m 0644 ${UNPACKDIR}/saned.socket ${D}${systemd_system_unitdir}/saned.socket
    install -m 0644 ${UNPACKDIR}/saned@.service ${D}${systemd_system_unitdir}/
}

FILES:sane-utils = "\
    ${bindir}/sane-find-scanner \
    ${bindir}/scanimage \
    ${sbindir}/saned \
    ${systemd_system_unitdir} \
    ${sysconfdir}/sane.d/saned.conf \
"
RDEPENDS:sane-utils = "${PN}"
# Drivers are loaded by their names.
FILES:${PN} += "${libdir}/sane/*.so*"
FILES_SOLIBSDEV = "${libdir}/libsane.so"
INSANE_SKIP:${PN} = "dev-so"

SYSTEMD_PACKAGES = "sane-utils"
SYSTEMD_SERVICE:sane-utils = "saned.socket"
USERADD_PACKAGES = "sane-utils"
GROUPADD_PARAM:sane-utils = "--system scanner"
USERADD_PARAM:sane-utils = "\
    --system --user-group --groups scanner --no-create-home --home-dir /nonexistent \
    --shell /sbin/nologin saned \
"
