SUMMARY = "LiteRT, the runtime that the kiosk's own models run on"
HOMEPAGE = "https://ai.google.dev/edge/litert"
SECTION = "libs"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://ai_edge_litert-${PV}.dist-info/licenses/LICENSE;md5=86d3f3a95c324c9479bd8986968f4327"

# One file of a Python wheel, named by digest here and in models/litert-requirements.txt, and once
# more by the program that loads it. A wheel is a zip archive; its place is the digest of its bytes.
WHEEL = "ai_edge_litert-${PV}-cp311-cp311-manylinux_2_27_${TARGET_ARCH}.whl"
PLACE:aarch64 = "33/68/446c2685f5752eef7891dc8a43ca27bd393461ea0caac7c413587c2f4535"
PLACE:x86-64 = "65/da/254ec1df4f28ae0d03c410921053b570b116bd917dd64c296bdcc4b5192b"
SRC_URI = "https://files.pythonhosted.org/packages/${PLACE}/${WHEEL};name=${TARGET_ARCH};subdir=${BP};downloadfilename=${BP}-${TARGET_ARCH}.zip"
SRC_URI[aarch64.sha256sum] = "853fc608f96da87bd5f3458465dfb9abbf18d5ae6b94eceacead407146f175ae"
SRC_URI[x86_64.sha256sum] = "1f15078a6725d2357d9de9221664c29afa0545d807559c5f7199ce5e40b96b23"

COMPATIBLE_HOST = "(aarch64|x86_64).*-linux"
COMPATIBLE_HOST:libc-musl = "null"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -D -m 0644 ${S}/ai_edge_litert/libLiteRt.so ${D}${nonarch_libdir}/kiosk/libLiteRt.so
}

FILES:${PN} = "${nonarch_libdir}/kiosk/libLiteRt.so"
# Built, stripped and linked by its makers.
INHIBIT_PACKAGE_STRIP = "1"
INHIBIT_SYSROOT_STRIP = "1"
INSANE_SKIP:${PN} = "already-stripped ldflags"
# It is opened by its path: nobody links it.
PRIVATE_LIBS:${PN} = "libLiteRt.so"
