//! What must hold in a started kiosk. Each check asks the guest and judges the answer here.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::{Answer, Probe};

/// Highest exposure that `systemd-analyze security` may give the daemon's unit.
const EXPOSURE_MAX: f64 = 2.0;
/// Ports on which a kiosk may be reached from outside: the lease of its address.
const UDP_PORTS: &[u16] = &[68, 546];

/// One thing that must hold: a question to the guest, and what its answer means.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// What holds, as a sentence.
    pub claim: &'static str,
    /// The shell command in the guest.
    pub command: &'static str,
    /// What is wrong with the answer, if anything.
    pub judge: fn(&Answer) -> Result<String, String>,
}

/// Everything that is asked of a kiosk that has started.
pub fn all() -> Vec<Check> {
    let check = |claim, command, judge| Check { claim, command, judge };
    vec![
        check(
            "the root is read only, and every block of it is checked",
            "findmnt -no FSTYPE,OPTIONS / && dmsetup table root && ! touch /usr/written && \
             ! touch /etc/written",
            root,
        ),
        check("nothing listens to the network", "cat /proc/net/tcp /proc/net/udp", listeners),
        check("nothing listens to IPv6", "cat /proc/net/tcp6 /proc/net/udp6", listeners),
        check("the firewall drops what nobody asked for", "nft list chain inet kiosk input", drops),
        check(
            "nobody can log in",
            "grep -cvE '^[^:]*:[!*]' /etc/shadow; systemctl list-units --all --plain --no-legend \
             '*getty*.service' 'ssh*' 'debug-shell*' | grep -w active; true",
            nobody,
        ),
        check(
            "the data partition is encrypted",
            "findmnt -no SOURCE /data && blkid -p -o value -s TYPE \
             /dev/disk/by-partlabel/data && cryptsetup luksDump /dev/disk/by-partlabel/data",
            encrypted,
        ),
        check(
            "what must stay lies on the data partition",
            "for place in /var/lib/kiosk /etc/kiosk /var/log/journal; do \
             findmnt -no SOURCE $place; done",
            stays,
        ),
        check("a visit ends in a copy", VISIT, number),
        check("no unit failed", "systemctl list-units --failed --plain --no-legend", silent),
        check(
            "the daemon's unit is shut in",
            "systemd-analyze security --no-pager kiosk.service | tail -n 1",
            exposure,
        ),
        check("this start is marked good", "rauc status --output-format=shell", good),
        check(
            "no key is in the image",
            "find /etc /root /usr/lib/kiosk /usr/share -xdev -type f -size -64k \
             -exec grep -lE -e '-----BEGIN [A-Z ]*PRIVATE KEY' {} +; true",
            silent,
        ),
        check(
            "time, log and firewall services run",
            "systemctl is-active systemd-timesyncd \
             systemd-journald nftables NetworkManager ModemManager pcscd.socket saned.socket \
             cups.socket",
            succeeded,
        ),
        check(
            "the watchdog is held by the service manager",
            "systemctl show -p RuntimeWatchdogUSec",
            watchdog,
        ),
    ]
}

/// The whole main job, in a guest that has a site of specimens.
const VISIT: &str = include_str!("visit.sh");

/// A probe with all checks, and with what is only told.
pub fn probe() -> Probe {
    let asked = all().into_iter().fold(Probe::after("kiosk-good.service"), |probe, check| {
        probe.ask(check.claim, check.command)
    });
    asked
        .first("ours", "journalctl -b --no-pager -u 'kiosk*' -u '*.mount' | tail -n 80")
        .ask("version", "sed -n 's/^IMAGE_VERSION=//p' /etc/os-release")
        .ask("boot", "systemd-analyze time; systemd-analyze blame | head -n 12")
        .ask("memory", "free -m")
        .ask("journal", "journalctl -b --no-pager -p warning | tail -n 60")
}

/// Judges everything; the sentence of each check with what was found.
pub fn judge(answers: &BTreeMap<String, Answer>) -> Vec<(&'static str, Result<String, String>)> {
    all()
        .into_iter()
        .map(|check| {
            let answer = answers.get(check.claim);
            let verdict =
                answer.ok_or_else(|| "the guest did not say".into()).and_then(check.judge);
            (check.claim, verdict)
        })
        .collect()
}

fn succeeded(answer: &Answer) -> Result<String, String> {
    if answer.status == 0 { Ok(String::new()) } else { Err(answer.text.clone()) }
}

fn root(answer: &Answer) -> Result<String, String> {
    succeeded(answer)?;
    let text = &answer.text;
    let read_only = text.lines().next().is_some_and(|line| {
        line.starts_with("erofs") && line.split([' ', ',']).any(|option| option == "ro")
    });
    if read_only && text.contains(" verity ") {
        Ok("erofs, dm-verity".into())
    } else {
        Err(text.clone())
    }
}

/// The sockets of `/proc/net` that wait for others on an address that is not loopback.
fn listeners(answer: &Answer) -> Result<String, String> {
    succeeded(answer)?;
    let open: Vec<String> = answer.text.lines().filter_map(listener).collect();
    let lines = answer.text.lines().count();
    if lines < 2 {
        return Err("the kernel's lists are empty".into());
    }
    if open.is_empty() { Ok(format!("{lines} lines")) } else { Err(open.join(", ")) }
}

fn listener(line: &str) -> Option<String> {
    const LISTEN: &str = "0A";
    const UNCONNECTED: &str = "07";
    let mut fields = line.split_whitespace().skip(1);
    let (address, port) = fields.next()?.split_once(':')?;
    let state = fields.nth(1)?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let waits = state == LISTEN || state == UNCONNECTED && !UDP_PORTS.contains(&port);
    (waits && !is_loopback(address)).then(|| format!("{address}:{port}"))
}

/// Addresses are words of 32 bits in the machine's order.
fn is_loopback(address: &str) -> bool {
    let words: Option<Vec<[u8; 4]>> = (0..address.len() / 8)
        .map(|i| u32::from_str_radix(&address[i * 8..i * 8 + 8], 16).ok().map(u32::to_le_bytes))
        .collect();
    match words.as_deref() {
        Some([word]) => Ipv4Addr::from(*word).is_loopback(),
        Some([a, b, c, d]) => {
            let bytes = [*a, *b, *c, *d].concat();
            let bytes: Result<[u8; 16], _> = bytes.try_into();
            bytes.is_ok_and(|bytes| {
                let address = Ipv6Addr::from(bytes);
                address.is_loopback() || address.to_ipv4().is_some_and(|v4| v4.is_loopback())
            })
        }
        _ => false,
    }
}

fn drops(answer: &Answer) -> Result<String, String> {
    succeeded(answer)?;
    let accepts = answer.text.lines().filter(|l| l.trim_end().ends_with("accept")).count();
    if answer.text.contains("policy drop") {
        Ok(format!("{accepts} rules accept"))
    } else {
        Err(answer.text.clone())
    }
}

fn nobody(answer: &Answer) -> Result<String, String> {
    if answer.text.trim() == "0" {
        Ok("all passwords locked, no terminal".into())
    } else {
        Err(answer.text.clone())
    }
}

fn encrypted(answer: &Answer) -> Result<String, String> {
    succeeded(answer)?;
    let mut lines = answer.text.lines();
    let (source, kind) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    if source != "/dev/mapper/data" || kind != "crypto_LUKS" {
        return Err(answer.text.clone());
    }
    let sealed = answer.text.contains("systemd-tpm2");
    Ok(if sealed { "LUKS2, key sealed to the TPM" } else { "LUKS2, key beside it: no TPM" }.into())
}

fn stays(answer: &Answer) -> Result<String, String> {
    let on_data = |line: &&str| line.starts_with("/dev/mapper/data");
    let count = answer.text.lines().filter(on_data).count();
    if count == 3 { Ok(String::new()) } else { Err(answer.text.clone()) }
}

fn number(answer: &Answer) -> Result<String, String> {
    succeeded(answer)?;
    let copy = answer.text.lines().last().filter(|line| line.starts_with("number 1 code "));
    copy.map(ToOwned::to_owned).ok_or_else(|| answer.text.clone())
}

fn silent(answer: &Answer) -> Result<String, String> {
    if answer.text.is_empty() { Ok(String::new()) } else { Err(answer.text.clone()) }
}

fn exposure(answer: &Answer) -> Result<String, String> {
    let level = answer.text.split_whitespace().find_map(|word| word.parse::<f64>().ok());
    match level {
        Some(level) if level <= EXPOSURE_MAX => Ok(format!("exposure {level}")),
        _ => Err(answer.text.clone()),
    }
}

fn good(answer: &Answer) -> Result<String, String> {
    succeeded(answer)?;
    let booted = answer.text.contains("RAUC_SYSTEM_BOOTED_BOOTNAME='A'");
    let good = answer.text.contains("BOOT_STATUS_1='good'") || answer.text.contains("='good'");
    if booted && good { Ok("slot A".into()) } else { Err(answer.text.clone()) }
}

fn watchdog(answer: &Answer) -> Result<String, String> {
    if answer.text.contains("=30s") { Ok("30 s".into()) } else { Err(answer.text.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str, judge: fn(&Answer) -> Result<String, String>) -> bool {
        judge(&Answer { text: text.into(), status: 0 }).is_ok()
    }

    const HEAD: &str = "  sl  local_address rem_address   st";

    #[test]
    fn a_port_open_to_the_network_is_found() {
        let listening = |address: &str| format!("{HEAD}\n   0: {address}:19A6 00000000:0000 0A x");
        assert!(judged(&listening("0100007F"), listeners), "127.0.0.1 is not the network");
        assert!(!judged(&listening("00000000"), listeners));
        assert!(!judged(&listening("0F02000A"), listeners));
        assert!(judged(&listening("00000000000000000000000001000000"), listeners), "::1");
        assert!(!judged(&listening("00000000000000000000000000000000"), listeners));
        assert!(!judged("", listeners), "no list is no answer");
    }

    #[test]
    fn a_connection_is_not_a_listener_and_a_lease_may_wait() {
        assert!(judged(&format!("{HEAD}\n 0: 0F02000A:A001 0202000A:01BB 01 x"), listeners));
        assert!(judged(&format!("{HEAD}\n 0: 00000000:0044 00000000:0000 07 x"), listeners));
        assert!(!judged(&format!("{HEAD}\n 0: 00000000:14E9 00000000:0000 07 x"), listeners));
    }

    #[test]
    fn a_root_that_can_be_written_or_is_not_checked_is_found() {
        let table = "0 800 verity 1 253:5";
        assert!(judged(&format!("erofs ro,relatime\n{table}"), root));
        assert!(!judged(&format!("erofs rw,relatime\n{table}"), root));
        assert!(!judged("erofs ro,relatime\n0 800 linear 253:5", root));
        assert!(!judged(&format!("ext4 ro,errors=remount-ro\n{table}"), root));
    }

    #[test]
    fn a_password_or_a_terminal_is_found() {
        assert!(judged("0", nobody));
        assert!(!judged("1", nobody));
        assert!(!judged("0\nserial-getty@ttyS0.service loaded active running Getty", nobody));
    }

    #[test]
    fn a_plain_data_partition_is_found() {
        assert!(judged("/dev/mapper/data\ncrypto_LUKS\n0: systemd-tpm2", encrypted));
        assert!(!judged("/dev/vda6\next4", encrypted));
    }

    #[test]
    fn an_exposed_unit_is_found() {
        let line = |level| format!("→ Overall exposure level for kiosk.service: {level} OK 🙂");
        assert!(judged(&line("1.1"), exposure));
        assert!(!judged(&line("6.3"), exposure));
        assert!(!judged("", exposure));
    }
}
