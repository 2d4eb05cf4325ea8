//! Small file systems in files, through loop devices. Root only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;

/// Says what this machine lacks for trials that mount, before any of them begins.
///
/// # Errors
/// What is missing.
pub fn can_mount() -> Result<(), Failure> {
    let mut missing = Vec::new();
    if !rustix::process::geteuid().is_root() {
        missing.push("root");
    }
    for device in ["/dev/fuse", "/dev/loop-control"] {
        if !Path::new(device).exists() {
            missing.push(device);
        }
    }
    for program in ["mkfs.ext4", "e2fsck", "mount", "umount"] {
        let mut asked = Command::new(program);
        if asked.arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            missing.push(program);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(format!("power cuts and full disks need {missing}; `--quick` does without").into())
}

/// Runs a tool of the system to its end; its complaint is the error.
pub(super) fn tool(program: &str, arguments: &[&str], files: &[&Path]) -> Result<(), Failure> {
    let output = Command::new(program).args(arguments).args(files).output()?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{program} ended with {}: {complaint}", output.status).into())
}

/// Makes an ext4 file system of so many bytes in a file, as the kiosk's data partition has it.
pub(super) fn make_ext4(file: &Path, bytes: u64) -> Result<(), Failure> {
    fs::File::create(file)?.set_len(bytes)?;
    // Nothing may be written later that this did not write: that would be no write of the workload.
    let eager = "nodiscard,lazy_itable_init=0,lazy_journal_init=0";
    tool("mkfs.ext4", &["-q", "-F", "-b", "4096", "-m", "0", "-E", eager], &[file])
}

/// A mounted file system; gone when dropped.
pub(super) struct Mounted {
    at: PathBuf,
    is_mounted: bool,
}

impl Mounted {
    /// Mounts an ext4 image.
    pub(super) fn image(file: &Path, at: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(at)?;
        tool("mount", &["-t", "ext4", "-o", "loop"], &[file, at])?;
        Ok(Self { at: at.to_owned(), is_mounted: true })
    }

    pub(super) fn path(&self) -> &Path {
        &self.at
    }

    pub(super) fn unmount(mut self) -> Result<(), Failure> {
        self.is_mounted = false;
        tool("umount", &[], &[&self.at])
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = tool("umount", &["-l"], &[&self.at]);
        }
    }
}
