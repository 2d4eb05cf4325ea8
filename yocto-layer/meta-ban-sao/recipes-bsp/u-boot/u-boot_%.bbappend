FILESEXTRAPATHS:prepend:ban-sao := "${THISDIR}/files:"
SRC_URI:append:ban-sao = " file://kiosk.cfg"
