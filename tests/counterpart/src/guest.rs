//! A machine in this machine: QEMU with Debian's kernel, one program, and the devices that the
//! kernel's own modules simulate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::CounterpartError;

/// Where `make setup` puts the kernel and its modules, from the repository's root.
const INSTALLED: &str = "target/guest";
/// Memory of the guest.
const MEMORY: &str = "512M";
/// A guest that has not ended by then is stuck; an idle machine needs ten seconds.
const SECONDS_MAX: &str = "300";

/// The guest's first process: loads the modules in order, runs the program, switches off.
const INIT: &str = "#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/*; do insmod \"$module\" $(cat /options/\"${module##*-}\" 2>/dev/null); done
/program
echo \"guest ended with $?\"
poweroff -f
";

/// A guest that runs one program to its end.
#[derive(Debug)]
pub struct Guest {
    kernel: PathBuf,
    modules: PathBuf,
}

impl Guest {
    /// The guest that `make setup` installed below the repository's root.
    pub fn installed(root: &Path) -> Self {
        let folder = root.join(INSTALLED);
        Self { kernel: folder.join("vmlinuz"), modules: folder.join("modules") }
    }

    /// Boots with `program` and the libraries it is linked to; gives what it wrote when it ended
    /// well. `options` are module files with their parameters.
    pub fn run(
        &self,
        program: &Path,
        options: &[(&str, &str)],
    ) -> Result<String, CounterpartError> {
        let folder = tempfile::tempdir().map_err(CounterpartError::file("".as_ref()))?;
        let disk = folder.path().join("disk");
        self.lay_out(&disk, program, options)?;
        let image = folder.path().join("disk.cpio");
        let pack = format!("find . | cpio --quiet -o -H newc >'{}'", image.display());
        run(Command::new("sh").arg("-c").arg(pack).current_dir(&disk), "cpio")?;
        // Emulated also where there is KVM: not every machine lets a guest in a guest speak.
        let mut qemu = Command::new("timeout");
        qemu.args([SECONDS_MAX, "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max"]);
        qemu.args(["-m", MEMORY, "-nographic", "-no-reboot", "-nic", "none", "-kernel"]);
        qemu.arg(&self.kernel).arg("-initrd").arg(&image);
        qemu.args(["-append", "console=ttyS0 quiet panic=-1 tsc=unstable"]);
        let output = run(&mut qemu, "qemu-system-x86")?;
        if output.contains("guest ended with 0") {
            return Ok(output);
        }
        Err(CounterpartError::Failed { program: program.display().to_string(), output })
    }

    fn lay_out(
        &self,
        disk: &Path,
        program: &Path,
        options: &[(&str, &str)],
    ) -> Result<(), CounterpartError> {
        for folder in ["bin", "proc", "sys", "dev", "tmp", "modules", "options"] {
            let path = disk.join(folder);
            fs::create_dir_all(&path).map_err(CounterpartError::file(&path))?;
        }
        copy(Path::new("/bin/busybox"), &disk.join("bin/busybox"))?;
        copy(program, &disk.join("program"))?;
        for library in libraries(program)? {
            copy(&library, &disk.join(library.strip_prefix("/").unwrap_or(&library)))?;
        }
        let modules = fs::read_dir(&self.modules).map_err(CounterpartError::file(&self.modules))?;
        for module in modules {
            let from = module.map_err(CounterpartError::file(&self.modules))?.path();
            copy(&from, &disk.join("modules").join(from.file_name().unwrap_or_default()))?;
        }
        for (module, parameters) in options {
            let path = disk.join("options").join(module);
            fs::write(&path, parameters).map_err(CounterpartError::file(&path))?;
        }
        let init = disk.join("init");
        fs::write(&init, INIT).map_err(CounterpartError::file(&init))?;
        run(Command::new("chmod").arg("+x").arg(&init), "coreutils").map(drop)
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), CounterpartError> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(CounterpartError::file(folder))?;
    fs::copy(from, to).map(drop).map_err(CounterpartError::file(from))
}

/// The files that the dynamic linker would load.
fn libraries(program: &Path) -> Result<Vec<PathBuf>, CounterpartError> {
    let listed = run(Command::new("ldd").arg(program), "libc-bin")?;
    let words = listed.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(words.map(PathBuf::from).collect())
}

fn run(command: &mut Command, package: &'static str) -> Result<String, CounterpartError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let ran = command.stdin(Stdio::null()).output();
    let ran =
        ran.map_err(|source| CounterpartError::Run { program: program.clone(), package, source })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() {
        return Ok(text(&ran.stdout));
    }
    let output = format!("{}: {}{}", ran.status, text(&ran.stdout), text(&ran.stderr));
    Err(CounterpartError::Failed { program, output })
}
