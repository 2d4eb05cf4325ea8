SUMMARY = "Shows one program on the whole screen, and nothing else"
HOMEPAGE = "https://github.com/cage-kiosk/cage"
SECTION = "graphics"
LICENSE = "MIT"
# The archive was not at hand when this was written: the licence by its name, not by its file.
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "${DEBIAN_MIRROR}/main/c/cage/cage_${PV}.orig.tar.gz"
SRC_URI[sha256sum] = "9d3f659e0f19636a958f9e1bf4d22268d7e2705d7e2989888401ec443c1cb6c3"

inherit meson pkgconfig features_check
REQUIRED_DISTRO_FEATURES = "opengl wayland"

DEPENDS = "libxkbcommon pixman wayland wayland-native wayland-protocols wlroots"
EXTRA_OEMESON = "-Dman-pages=disabled"
