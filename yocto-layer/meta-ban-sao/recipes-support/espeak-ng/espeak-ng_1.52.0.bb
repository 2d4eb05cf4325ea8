SUMMARY = "Speaks the screens, in both languages and offline"
HOMEPAGE = "https://github.com/espeak-ng/espeak-ng"
SECTION = "multimedia"
LICENSE = "GPL-3.0-or-later & BSD-2-Clause & Apache-2.0 & Unicode-DFS-2016"
LIC_FILES_CHKSUM = "\
    file://COPYING;md5=d32239bcb673463ab874e80d47fae504 \
    file://COPYING.APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57 \
    file://COPYING.BSD2;md5=3348c29aeaacdead1532a5048b3eb587 \
    file://COPYING.UCD;md5=9bc437a2583c6de495e5c4acd7c2c787 \
"

SRC_URI = "${DEBIAN_MIRROR}/main/e/espeak-ng/espeak-ng_${PV}%2bdfsg.orig.tar.gz;downloadfilename=espeak-ng_${PV}+dfsg.orig.tar.gz"
SRC_URI[sha256sum] = "d2a886bae3547a15c52801cb37e415230834a7ee7f9a57352b98d60454d97cea"
S = "${UNPACKDIR}/espeak-ng-${PV}+dfsg"

# Voices are compiled by the program itself, so the target takes those that the native one made.
DEPENDS:append:class-target = " espeak-ng-native"

inherit autotools-brokensep pkgconfig

# It writes waves for the browser to play: no sound card, no voices of others.
EXTRA_OECONF = "--without-mbrola --without-pcaudiolib --without-sonic"

do_compile:class-target() {
    oe_runmake src/libespeak-ng.la src/espeak-ng
}

do_install:class-target() {
    oe_runmake 'DESTDIR=${D}' 'bin_PROGRAMS=src/espeak-ng' install-libLTLIBRARIES \
        install-binPROGRAMS
    install -d ${D}${datadir}
    cp -R --no-preserve=ownership ${STAGING_DATADIR_NATIVE}/espeak-ng-data ${D}${datadir}/
}

FILES:${PN} += "${datadir}/espeak-ng-data"
BBCLASSEXTEND = "native"
