SUMMARY = "Scanners that need no driver, over the network or USB (eSCL, WSD)"
HOMEPAGE = "https://github.com/alexpevzner/sane-airscan"
SECTION = "libs"
LICENSE = "GPL-2.0-or-later"
# The archive was not at hand when this was written: the licence by its name, not by its file.
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/GPL-2.0-or-later;md5=fed54355545ffd980b814dab4a3b312c"

SRC_URI = "${DEBIAN_MIRROR}/main/s/sane-airscan/sane-airscan_${PV}.orig.tar.gz"
SRC_URI[sha256sum] = "c947246c0e3bf0e2c79b3d795a8b59f0159d4ac81650ba8328ba8d49545eb308"

inherit meson pkgconfig

DEPENDS = "avahi gnutls jpeg libpng libxml2 sane-backends tiff"

FILES:${PN} += "${libdir}/sane/*.so*"
FILES_SOLIBSDEV = ""
RDEPENDS:${PN} = "sane-backends"
