# Script and counters lie in /grub of the start partition, where RAUC looks for them.
FILESEXTRAPATHS:prepend:ban-sao := "${THISDIR}/files:"

# What board/image/grub.cfg speaks.
GRUB_BUILDIN:ban-sao = "all_video boot configfile echo eval fat linux loadenv minicmd normal \
    part_gpt reboot regexp search sleep test"
