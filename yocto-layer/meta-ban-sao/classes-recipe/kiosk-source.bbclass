# For recipes of what lies in this repository: its files are fetched from the tree around the layer.
FILESEXTRAPATHS:prepend := "${KIOSK_SOURCE}:"

LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://${KIOSK_SOURCE}/LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

S = "${UNPACKDIR}"
