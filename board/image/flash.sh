#!/usr/bin/env bash
# Writes an image onto a card and reads it back: `board/image/flash.sh IMAGE.zst DEV`. DEV is a whole
# disk that nothing uses, on USB or a card reader; a regular file is taken too, as a card to be.
#
# YES=1 does not ask. ANY_DISK=1 takes disks that are not removable, such as a board's own.
set -euo pipefail

readonly IMAGE=${1:?which image?} DEV=${2:?which device?}
# The layout of board/image/disk.sfdisk, and the least that is worth having for data.
readonly CARD_BYTES_MIN=${CARD_BYTES_MIN:-4000000000}

refuse() { echo "error: $1" >&2; echo "hint: $2" >&2; exit 2; }
fact() { lsblk --noheadings --nodeps --output "$1" "$DEV" | tr -d ' '; }

check_disk() {
    [ "$(fact TYPE)" = disk ] || [ "$(fact TYPE)" = loop ] ||
        refuse "$DEV is not a whole disk" "name the disk, such as /dev/sdX, not its partition"
    if lsblk --noheadings --output MOUNTPOINTS "$DEV" | grep -q '[^ ]'; then
        refuse "$DEV is in use" "unmount its file systems; it may be this machine's own disk"
    fi
    if [ "$(fact RM)" != 1 ] && [ "$(fact HOTPLUG)" != 1 ] && [ -z "${ANY_DISK-}" ]; then
        refuse "$DEV is not removable" "if it is the kiosk's disk all the same, say ANY_DISK=1"
    fi
}

check() {
    [ -f "$IMAGE" ] || refuse "there is no image $IMAGE" "make it: make image BOARD=…"
    if [ -b "$DEV" ]; then
        check_disk
        size=$(blockdev --getsize64 "$DEV")
    elif [ -f "$DEV" ]; then
        size=$(stat -c %s "$DEV")
    else
        refuse "$DEV is neither a disk nor a file" "list disks with lsblk"
    fi
    [ "$size" -ge "$CARD_BYTES_MIN" ] ||
        refuse "$DEV has $size bytes, less than $CARD_BYTES_MIN" "take a larger card"
}

confirm() {
    [ -z "${YES-}" ] || return 0
    [ ! -b "$DEV" ] || lsblk --output NAME,SIZE,TRAN,VENDOR,MODEL,LABEL "$DEV"
    read -r -p "Everything on $DEV will be lost. Type its name to go on: " answer
    [ "$answer" = "$DEV" ] || refuse "nothing was written" "type the name as you gave it"
}

check
confirm
# What differs from the image after it was written is the card's fault: it is read past the cache.
bytes=$(zstd --decompress --stdout "$IMAGE" | wc -c)
echo "writing $bytes bytes to $DEV" >&2
zstd --decompress --stdout "$IMAGE" |
    dd of="$DEV" bs=4M iflag=fullblock conv=notrunc,fsync status=progress
[ ! -b "$DEV" ] || blockdev --flushbufs "$DEV"
dd if="$DEV" iflag=nocache count=0 status=none
echo "reading it back" >&2
if ! cmp --bytes="$bytes" "$DEV" <(zstd --decompress --stdout "$IMAGE"); then
    echo "error: $DEV does not hold what was written" >&2
    echo "hint: the card or its reader is bad; take another" >&2
    exit 1
fi
[ ! -b "$DEV" ] || blockdev --rereadpt "$DEV" 2>/dev/null || true
echo "$DEV holds the image: every byte was read back" >&2
