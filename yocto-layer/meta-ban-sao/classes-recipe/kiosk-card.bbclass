# The card of a kiosk, and the two images of a slot that an update brings. Partitions, loader and first
# programs are those of board/image: names, sizes and numbers are read from disk.sfdisk.
#
#   slotroot   the root, erofs, with its dm-verity tree behind it
#   slotboot   kernel, first programs, and slot.cfg with the root's digest: they change together
#   wic        the card: loader, slot A filled, slot B empty

def kiosk_partition(d, name, field):
    """`start` or `size` in MiB, `type` or `uuid` of a partition of the card."""
    path = os.path.join(d.getVar("KIOSK_SOURCE"), "board/image/disk.sfdisk")
    bb.parse.mark_dependency(d, path)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = dict(part.strip().split("=", 1) for part in line.split(",") if "=" in part)
            if fields.get("name") == name:
                value = fields[field].replace("@ROOT_TYPE@", d.getVar("KIOSK_ROOT_TYPE"))
                return value.removesuffix("MiB")
    bb.fatal(f"{path} has no partition {name} with a {field}")

def kiosk_disk(d):
    """The number of the card itself."""
    path = os.path.join(d.getVar("KIOSK_SOURCE"), "board/image/disk.sfdisk")
    with open(path, encoding="utf-8") as lines:
        return next(line.split(":")[1].strip() for line in lines if line.startswith("label-id:"))

# A root for this processor, by the Discoverable Partitions Specification.
KIOSK_ROOT_TYPE = "B921B045-1DF0-41C3-AF44-4C6F280D3FAE"
COMPATIBLE_HOST = "aarch64.*-linux"

IMAGE_FSTYPES = "slotroot slotboot wic.zst wic.bmap"
IMAGE_TYPES += "slotroot slotboot"
IMAGE_TYPEDEP:slotboot = "slotroot"
IMAGE_TYPEDEP:wic = "slotroot slotboot"

# Fixed, so that the same root gives the same digest.
KIOSK_ROOT_UUID = "5b16c2a6-1e6b-4d1b-9a8c-0d3c4e5f6a7a"
KIOSK_ROOT_SALT = "5b16c2a61e6b4d1b9a8c0d3c4e5f6a705b16c2a61e6b4d1b9a8c0d3c4e5f6a70"

do_image_slotroot[depends] += "\
    cryptsetup-native:do_populate_sysroot \
    erofs-utils-native:do_populate_sysroot \
"
IMAGE_CMD:slotroot() {
    image=${IMGDEPLOYDIR}/${IMAGE_NAME}.slotroot
    mkfs.erofs --quiet -zlz4hc -C131072 -T${REPRODUCIBLE_TIMESTAMP_ROOTFS} -U ${KIOSK_ROOT_UUID} \
        $image ${IMAGE_ROOTFS}
    offset=$(stat -c %s $image)
    veritysetup format --salt=${KIOSK_ROOT_SALT} --uuid=${KIOSK_ROOT_UUID} \
        --hash-offset=$offset $image $image > ${WORKDIR}/verity
    echo "$offset" > ${WORKDIR}/verity-offset
    room=$(expr ${@kiosk_partition(d, 'root-a', 'size')} \* 1048576)
    [ $(stat -c %s $image) -le $room ] || bbfatal "the root image is larger than its partition"
}

do_image_slotboot[depends] += "\
    dosfstools-native:do_populate_sysroot \
    mtools-native:do_populate_sysroot \
    virtual/kernel:do_deploy \
    ${KIOSK_INITRAMFS}:do_image_complete \
"
IMAGE_CMD:slotboot() {
    start=${WORKDIR}/start
    rm -rf $start
    mkdir -p $start
    cp ${DEPLOY_DIR_IMAGE}/${KERNEL_IMAGETYPE} $start/vmlinuz
    cp ${DEPLOY_DIR_IMAGE}/${KIOSK_INITRAMFS}${IMAGE_MACHINE_SUFFIX}.${INITRAMFS_FSTYPES} $start/initrd
    cat > $start/slot.cfg <<END
set version="${KIOSK_VERSION}"
set roothash="$(sed -n 's/^Root hash:[[:space:]]*//p' ${WORKDIR}/verity)"
set offset="$(cat ${WORKDIR}/verity-offset)"
set arguments="${KIOSK_ARGUMENTS}"
END
    touch -d @${REPRODUCIBLE_TIMESTAMP_ROOTFS} $start/*
    image=${IMGDEPLOYDIR}/${IMAGE_NAME}.slotboot
    rm -f $image
    truncate -s ${@kiosk_partition(d, 'boot-a', 'size')}M $image
    mkfs.vfat --invariant -n BOOT $image
    mcopy -m -i $image $start/vmlinuz $start/initrd $start/slot.cfg ::
}

WKS_FILE = "kiosk.wks.in"
WKS_FILE_DEPENDS = "${WKS_FILE_DEPENDS_DEFAULT} kiosk-loader grub-efi"
do_image_wic[depends] += "kiosk-loader:do_deploy grub-efi:do_deploy virtual/bootloader:do_deploy"

# What the start partition holds; a Raspberry Pi's firmware looks for its own files there too.
KIOSK_LOADER_FILES = "\
    grub-efi-${EFI_BOOT_IMAGE};EFI/BOOT/${EFI_BOOT_IMAGE} \
    kiosk-loader/grub.cfg;grub/grub.cfg \
    kiosk-loader/grubenv;grub/grubenv \
"
IMAGE_BOOT_FILES = "${KIOSK_LOADER_FILES}"
IMAGE_BOOT_FILES:rpi = "\
    ${KIOSK_LOADER_FILES} \
    ${BOOTFILES_DIR_NAME}/* \
    ${@make_dtb_boot_files(d)} \
    u-boot.bin;${SDIMG_KERNELIMAGE} \
"
require conf/image-uefi.conf
