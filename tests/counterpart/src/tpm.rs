//! A TPM 2.0 in software: libtpms in `swtpm`, the resource manager `tpm2-abrmd` on a message bus of
//! its own, and the PKCS#11 module `tpm2-pkcs11` before it. Nothing of the machine's own TPM or bus
//! is touched.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::ocsp::openssl;
use crate::process::{Started, free_port};
use crate::{CounterpartError, Issued, TestCa, TokenSpec};

/// Where Debian puts the module, by architecture.
const MODULES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/libtpm2_pkcs11.so.1",
    "/usr/lib/aarch64-linux-gnu/libtpm2_pkcs11.so.1",
];
/// How often, and how many times, the resource manager is asked whether it is ready.
const POLL: Duration = Duration::from_millis(100);
const POLLS_MAX: usize = 200;

/// A TPM with one token and one key on it, running until it is dropped.
#[derive(Debug)]
pub struct Tpm {
    /// In the order in which they must end: dropped from the first to the last.
    _programs: [Started; 3],
    environment: Vec<(String, String)>,
    certificate: Issued,
}

impl Tpm {
    /// Starts a TPM in `dir` (made when absent) and makes the key of `spec` in it, with a
    /// certificate of `ca`. Keys are P-256: the kind in `spec` is not looked at.
    pub fn start(dir: &Path, ca: &TestCa, spec: &TokenSpec) -> Result<Self, CounterpartError> {
        let (state, store) = (dir.join("state"), dir.join("store"));
        for folder in [&state, &store] {
            std::fs::create_dir_all(folder).map_err(CounterpartError::file(folder))?;
        }
        let bus = format!("unix:path={}", dir.join("bus").display());
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--nopidfile", "--address"]).arg(&bus);
        let daemon = Started::spawn(daemon, "dbus-daemon", &dir.join("bus.log"))?;
        let (tpm, port) = swtpm(&state, &dir.join("swtpm.log"))?;
        let mut manager = Command::new("tpm2-abrmd");
        manager.args(["--session", "--allow-root", "--tcti"]);
        manager.arg(format!("swtpm:host=127.0.0.1,port={port}"));
        manager.env("DBUS_SESSION_BUS_ADDRESS", &bus);
        let tcti = "tabrmd:bus_type=session".to_owned();
        let environment = vec![
            ("DBUS_SESSION_BUS_ADDRESS".to_owned(), bus),
            ("TPM2TOOLS_TCTI".to_owned(), tcti.clone()),
            ("TPM2_PKCS11_TCTI".to_owned(), tcti),
            ("TPM2_PKCS11_STORE".to_owned(), store.to_string_lossy().into_owned()),
            ("TPM2_PKCS11_BACKEND".to_owned(), "esysdb".to_owned()),
            ("TPM2_PKCS11_LOG_LEVEL".to_owned(), "0".to_owned()),
            ("TSS2_LOG".to_owned(), "all+NONE".to_owned()),
        ];
        let tool = Tool { environment: &environment, store: &store };
        let manager = tool.ready_manager(manager, &dir.join("abrmd.log"))?;
        let certificate = tool.make_key(dir, ca, spec)?;
        Ok(Self { _programs: [manager, tpm, daemon], environment, certificate })
    }

    /// The PKCS#11 module.
    #[must_use]
    pub fn module() -> PathBuf {
        let found = MODULES.iter().map(Path::new).find(|path| path.exists());
        found.unwrap_or(Path::new(MODULES[0])).to_owned()
    }

    /// What a process needs in its environment to reach this TPM.
    #[must_use]
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// The key's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Issued {
        &self.certificate
    }
}

/// A TPM without resource manager and keys, as a machine has it when it starts: what
/// `systemd-creds` seals to.
#[derive(Debug)]
pub struct BareTpm {
    _program: Started,
    tcti: String,
}

impl BareTpm {
    /// Starts a TPM with a state of its own in `dir` (made when absent), and measures `boot` into
    /// the register of the boot's policy (PCR 7).
    pub fn start(dir: &Path, boot: &[u8; 32]) -> Result<Self, CounterpartError> {
        std::fs::create_dir_all(dir).map_err(CounterpartError::file(dir))?;
        let (program, port) = swtpm(dir, &dir.join("swtpm.log"))?;
        let tpm = Self { _program: program, tcti: format!("swtpm:host=127.0.0.1,port={port}") };
        tpm.measure(boot)?;
        Ok(tpm)
    }

    /// How programs are told to reach it.
    #[must_use]
    pub fn tcti(&self) -> &str {
        &self.tcti
    }

    /// Measures something more into PCR 7: the machine is then another one than it was.
    pub fn measure(&self, what: &[u8; 32]) -> Result<(), CounterpartError> {
        let digest: String = what.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut command = Command::new("tpm2_pcrextend");
        command.args(["-T", &self.tcti]).arg(format!("7:sha256={digest}"));
        for _ in 0..POLLS_MAX {
            if run(&mut command, "tpm2_pcrextend", "tpm2-tools").is_ok() {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        run(&mut command, "tpm2_pcrextend", "tpm2-tools")
    }
}

/// Starts `swtpm` with its state in a folder; returns its port too, behind which is that of its
/// control channel.
fn swtpm(state: &Path, log: &Path) -> Result<(Started, u16), CounterpartError> {
    let port = free_pair()?;
    let mut tpm = Command::new("swtpm");
    tpm.args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear", "--tpmstate"]);
    tpm.arg(format!("dir={}", state.display()));
    for (kind, port) in [("--server", port), ("--ctrl", port + 1)] {
        tpm.arg(kind).arg(format!("type=tcp,port={port},bindaddr=127.0.0.1"));
    }
    Ok((Started::spawn(tpm, "swtpm", log)?, port))
}

/// The programs that fill the token.
struct Tool<'a> {
    environment: &'a [(String, String)],
    store: &'a Path,
}

impl Tool<'_> {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the resource manager as soon as the bus lets it, and waits until it answers.
    fn ready_manager(&self, command: Command, log: &Path) -> Result<Started, CounterpartError> {
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        for _ in 0..POLLS_MAX / 20 {
            let mut again = self.command("tpm2-abrmd");
            again.args(&arguments);
            let manager = Started::spawn(again, "tpm2-abrmd", log)?;
            for _ in 0..20 {
                std::thread::sleep(POLL);
                let mut ask = self.command("tpm2_getrandom");
                let asked = ask.args(["--hex", "4"]).output();
                let asked = asked.map_err(missing("tpm2_getrandom", "tpm2-tools"))?;
                if asked.status.success() {
                    return Ok(manager);
                }
            }
        }
        let output = std::fs::read_to_string(log).unwrap_or_default();
        let seconds = (POLL * POLLS_MAX as u32).as_secs();
        Err(CounterpartError::NotReady { program: "tpm2-abrmd".into(), seconds, output })
    }

    fn make_key(
        &self,
        dir: &Path,
        ca: &TestCa,
        spec: &TokenSpec,
    ) -> Result<Issued, CounterpartError> {
        let path = format!("--path={}", self.store.display());
        let (label, key) =
            (format!("--label={}", spec.label), format!("--key-label={}", spec.key_label));
        let pin = format!("--userpin={}", spec.pin);
        self.ptool(&["init", &path])?;
        self.ptool(&["addtoken", "--pid=1", "--sopin=000000", &pin, &label, &path])?;
        self.ptool(&["addkey", "--algorithm=ecc256", &pin, &label, &key, &path])?;
        let public = dir.join("public.der");
        let mut read = self.command("pkcs11-tool");
        read.arg("--module").arg(Tpm::module()).args(["--token-label", &spec.label]);
        read.args(["--read-object", "--type", "pubkey", "--label", &spec.key_label]);
        run(read.arg("--output-file").arg(&public), "pkcs11-tool", "opensc")?;
        // Debian's pkcs11-tool writes the key's plain structure; openssl makes it the standard one.
        let mut normal = Command::new("openssl");
        normal.args(["pkey", "-pubin", "-inform", "DER", "-outform", "DER", "-in"]).arg(&public);
        let certificate = ca.issue(&openssl(&mut normal)?, &spec.subject, &spec.usage)?;
        let pem = dir.join("certificate.pem");
        std::fs::write(&pem, &certificate.pem).map_err(CounterpartError::file(&pem))?;
        self.ptool(&["addcert", &label, &key, &path, &pem.to_string_lossy()])?;
        Ok(certificate)
    }

    fn ptool(&self, arguments: &[&str]) -> Result<(), CounterpartError> {
        let mut command = self.command("tpm2_ptool");
        run(command.args(arguments), "tpm2_ptool", "libtpm2-pkcs11-tools")
    }
}

/// A free port whose next one is free too: there the resource manager looks for the control
/// channel, and the virtual card reader has its second slot.
pub(crate) fn free_pair() -> Result<u16, CounterpartError> {
    loop {
        let port = free_port()?;
        let next = port.checked_add(1).map(|next| TcpListener::bind((Ipv4Addr::LOCALHOST, next)));
        if next.is_some_and(|next| next.is_ok()) {
            return Ok(port);
        }
    }
}

fn missing(
    program: &str,
    package: &'static str,
) -> impl FnOnce(std::io::Error) -> CounterpartError {
    let program = program.to_owned();
    move |source| CounterpartError::Run { program, package, source }
}

fn run(
    command: &mut Command,
    program: &str,
    package: &'static str,
) -> Result<(), CounterpartError> {
    let done = command.output().map_err(missing(program, package))?;
    if done.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&done.stderr).into_owned();
    let first = command.get_args().next().unwrap_or_default().to_string_lossy().into_owned();
    Err(CounterpartError::Failed { program: format!("{program} {first}"), output })
}
