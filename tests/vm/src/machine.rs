//! One virtual machine with the image's card in it.

use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Probe;

/// How often files and processes are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long QEMU's own answers may take.
const QMP_WAIT: Duration = Duration::from_secs(30);

/// Why a machine could not do what a test needs.
#[derive(Debug)]
pub struct VmError(pub String);

impl std::fmt::Display for VmError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for VmError {}

fn failed<E: std::fmt::Display>(what: &str) -> impl Fn(E) -> VmError {
    move |cause| VmError(format!("{what}: {cause}"))
}

/// Which board's image, and so which machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Board {
    /// `x86_64`.
    QemuAmd64,
    /// `aarch64`.
    QemuArm64,
}

impl Board {
    /// The board's name as files and folders have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QemuAmd64 => "qemu-amd64",
            Self::QemuArm64 => "qemu-arm64",
        }
    }

    /// QEMU with what differs: machine, processor, firmware, picture.
    fn command(self, dir: &Path) -> Result<Command, VmError> {
        let (program, machine, firmware, settings, screen) = match self {
            Self::QemuAmd64 => (
                "qemu-system-x86_64",
                ["-M", "q35", "-cpu", "max"],
                "/usr/share/OVMF/OVMF_CODE_4M.fd",
                "/usr/share/OVMF/OVMF_VARS_4M.fd",
                "VGA",
            ),
            Self::QemuArm64 => (
                "qemu-system-aarch64",
                ["-M", "virt", "-cpu", "cortex-a72"],
                "/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd",
                "/usr/share/AAVMF/AAVMF_VARS.fd",
                "virtio-gpu-pci",
            ),
        };
        let own = dir.join("firmware.fd");
        if !own.exists() {
            std::fs::copy(settings, &own).map_err(failed("cannot copy the firmware's settings"))?;
        }
        let mut command = Command::new(program);
        command.args(machine).args(["-accel", "tcg,thread=multi", "-smp", "2", "-m", "2048"]);
        command.args(["-drive", &format!("if=pflash,format=raw,readonly=on,file={firmware}")]);
        command.args(["-drive", &format!("if=pflash,format=raw,file={}", own.display())]);
        command.args(["-device", screen, "-display", "none"]);
        Ok(command)
    }
}

/// A card: the image as it was made, and over it what a machine writes.
#[derive(Debug, Clone)]
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// A fresh card of 8 GB with the image on it; takes space only for what is written.
    pub fn fresh(image: &Path, dir: &Path) -> Result<Self, VmError> {
        let path = dir.join("card.qcow2");
        let backing = image.canonicalize().map_err(failed("there is no image"))?;
        let made = Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
            .arg(backing)
            .arg(&path)
            .arg("8G")
            .status();
        match made {
            Ok(status) if status.success() => Ok(Self { path }),
            Ok(status) => Err(VmError(format!("qemu-img: {status}"))),
            Err(error) => Err(failed("cannot start qemu-img")(error)),
        }
    }

    /// Turns one bit on the card.
    pub fn flip_bit(&self, offset: u64) -> Result<(), VmError> {
        let at = format!("{offset:#x}");
        let read = self.io(&format!("read -v {at} 1"))?;
        let byte = read.split_whitespace().nth(1).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let byte = byte.ok_or_else(|| VmError(format!("qemu-io says {read:?}")))?;
        self.io(&format!("write -P {:#x} {at} 1", byte ^ 1)).map(drop)
    }

    fn io(&self, command: &str) -> Result<String, VmError> {
        let mut run = Command::new("qemu-io");
        run.args(["-f", "qcow2", "-c", command]).arg(&self.path);
        let output = run.output().map_err(failed("cannot start qemu-io"))?;
        if !output.status.success() {
            return Err(VmError(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A running machine. Dropped, it is off at once, as by a pulled plug.
#[derive(Debug)]
pub struct Machine {
    process: Child,
    dir: PathBuf,
    began: Instant,
}

#[expect(clippy::disallowed_methods, reason = "a machine runs on real time")]
fn now() -> Instant {
    Instant::now()
}

impl Machine {
    /// Starts a machine with the card and the probe, and files as further disks, read only.
    pub fn start(
        board: Board,
        disk: &Disk,
        probe: &Probe,
        sticks: &[PathBuf],
        dir: &Path,
    ) -> Result<Self, VmError> {
        std::fs::create_dir_all(dir).map_err(failed("cannot make the machine's folder"))?;
        for old in ["serial.log", "probe.log", "qmp"] {
            drop(std::fs::remove_file(dir.join(old)));
        }
        let mut command = board.command(dir)?;
        let file = |name: &str| dir.join(name).display().to_string();
        let card = format!("if=none,id=card,format=qcow2,file={}", disk.path.display());
        command.args(["-drive", &card, "-device", "virtio-blk-pci,drive=card,bootindex=0"]);
        for (i, stick) in sticks.iter().enumerate() {
            let drive = format!("if=none,id=s{i},format=raw,readonly=on,file={}", stick.display());
            command.args(["-drive", &drive, "-device", &format!("virtio-blk-pci,drive=s{i}")]);
        }
        command.args(["-chardev", &format!("file,id=serial,path={}", file("serial.log"))]);
        command.args(["-serial", "chardev:serial", "-device", "virtio-serial-pci"]);
        command.args(["-chardev", &format!("file,id=probe,path={}", file("probe.log"))]);
        command.args(["-device", "virtserialport,chardev=probe,name=probe"]);
        command.args(["-qmp", &format!("unix:{},server=on,wait=off", file("qmp"))]);
        command.args(["-nic", "user,model=virtio-net-pci", "-no-reboot"]);
        command.args(["-device", "virtio-rng-pci"]);
        probe.hand_over(&mut command, dir).map_err(failed("cannot write the probe"))?;
        let log = std::fs::File::create(dir.join("qemu.log")).map_err(failed("cannot log"))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().map_err(failed("cannot start QEMU"))?;
        Ok(Self { process, dir: dir.to_path_buf(), began: now() })
    }

    /// What the machine wrote on its serial line.
    pub fn serial(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.join("serial.log")).unwrap_or_default())
            .into_owned()
    }

    /// What the probe wrote.
    pub fn probe_output(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.join("probe.log")).unwrap_or_default())
            .into_owned()
    }

    /// Seconds since the start.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Waits until the condition holds; `Ok(false)` when the machine ends before.
    pub fn wait(
        &mut self,
        limit: Duration,
        mut holds: impl FnMut(&Self) -> bool,
    ) -> Result<bool, VmError> {
        loop {
            let ended = self.process.try_wait().map_err(failed("cannot watch QEMU"))?.is_some();
            if holds(self) {
                return Ok(true);
            }
            if ended {
                return Ok(false);
            }
            if self.began.elapsed() > limit {
                let serial = self.serial();
                let tail: Vec<&str> = serial.lines().rev().take(15).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                return Err(VmError(format!(
                    "nothing after {} s; last on the serial line:\n{}",
                    limit.as_secs(),
                    tail.join("\n")
                )));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Takes a picture of the screen, as PNG.
    pub fn picture(&self, path: &Path) -> Result<(), VmError> {
        let arguments = json!({ "filename": path, "format": "png" });
        self.qmp("screendump", &arguments).map(drop)
    }

    /// Presses the power button.
    pub fn press_power(&self) -> Result<(), VmError> {
        self.qmp("system_powerdown", &json!({})).map(drop)
    }

    fn qmp(&self, execute: &str, arguments: &Value) -> Result<Value, VmError> {
        let stream = UnixStream::connect(self.dir.join("qmp")).map_err(failed("no QMP"))?;
        stream.set_read_timeout(Some(QMP_WAIT)).map_err(failed("no QMP"))?;
        let mut answers = BufReader::new(stream.try_clone().map_err(failed("no QMP"))?).lines();
        let mut ask = |request: &Value| -> Result<Value, VmError> {
            writeln!(&stream, "{request}").map_err(failed("QMP is closed"))?;
            for line in answers.by_ref() {
                let line = line.map_err(failed("QMP is silent"))?;
                let answer: Value = serde_json::from_str(&line).map_err(failed("QMP"))?;
                if let Some(error) = answer.get("error") {
                    return Err(VmError(format!("QMP refuses {request}: {error}")));
                }
                if let Some(value) = answer.get("return") {
                    return Ok(value.clone());
                }
            }
            Err(VmError("QMP ended".into()))
        };
        ask(&json!({ "execute": "qmp_capabilities" }))?;
        let value = ask(&json!({ "execute": execute, "arguments": arguments }))?;
        drop(stream.shutdown(Shutdown::Both));
        Ok(value)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
