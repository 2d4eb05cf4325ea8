SUMMARY = "Uninterruptible power supplies: drivers, server and monitor"
HOMEPAGE = "https://networkupstools.org"
SECTION = "console/network"
LICENSE = "GPL-2.0-or-later & GPL-3.0-or-later"
# The archive was not at hand when this was written: the licences by their names, not by their files.
LIC_FILES_CHKSUM = "\
    file://${COMMON_LICENSE_DIR}/GPL-2.0-or-later;md5=fed54355545ffd980b814dab4a3b312c \
    file://${COMMON_LICENSE_DIR}/GPL-3.0-or-later;md5=1c76c4cc354acaac30ed4d5eefea7245 \
"

SRC_URI = "${DEBIAN_MIRROR}/main/n/nut/nut_${PV}.orig.tar.gz"
SRC_URI[sha256sum] = "7da48ee23b1f0d8d72560bb0af84f5c5ae4dbe35452b84cb49840132e47f099c"

inherit autotools pkgconfig systemd useradd

DEPENDS = "libtool libusb1 openssl systemd"

# Supplies on USB and on a serial line; none is asked over a network.
EXTRA_OECONF = "\
    --sysconfdir=${sysconfdir}/nut --with-altpidpath=/run/nut --with-drvpath=${libexecdir}/nut \
    --with-group=nut --with-openssl --with-pidpath=/run/nut --with-serial --with-ssl \
    --with-statepath=/run/nut --with-systemdsystemunitdir=${systemd_system_unitdir} \
    --with-systemdtmpfilesdir=${nonarch_libdir}/tmpfiles.d --with-usb --with-user=nut \
    --without-avahi --without-cgi --without-dev --without-doc --without-freeipmi --without-ipmi \
    --without-libltdl --without-modbus --without-neon --without-nss --without-powerman \
    --without-snmp --without-wrap \
"

PACKAGES =+ "nut-client nut-server"

FILES:nut-client = "\
    ${bindir}/upsc \
    ${bindir}/upscmd \
    ${bindir}/upsrw \
    ${sbindir}/upsmon \
    ${sysconfdir}/nut/upsmon.conf* \
    ${systemd_system_unitdir}/nut-monitor.service \
    ${systemd_system_unitdir}/nut.target \
"
FILES:nut-server = "\
    ${libexecdir} \
    ${nonarch_libdir}/systemd/system-shutdown \
    ${nonarch_libdir}/tmpfiles.d \
    ${nonarch_libdir}/udev \
    ${sbindir}/upsd \
    ${sbindir}/upsdrvctl \
    ${sysconfdir}/nut \
    ${systemd_system_unitdir}/nut-driver* \
    ${systemd_system_unitdir}/nut-server.service \
"
RDEPENDS:nut-client = "${PN}"
RDEPENDS:nut-server = "${PN}"
ALLOW_EMPTY:${PN} = "1"

SYSTEMD_PACKAGES = "nut-client nut-server"
SYSTEMD_SERVICE:nut-client = "nut-monitor.service nut.target"
SYSTEMD_SERVICE:nut-server = "nut-driver-enumerator.path nut-server.service"
USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "\
    --system --user-group --groups dialout --no-create-home --home-dir /run/nut \
    --shell /sbin/nologin nut \
"
