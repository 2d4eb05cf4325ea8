//! The upload's counterparts on Node.js: npm's `@tus/server` and `tus-js-client`, pinned in
//! `node/package-lock.json` and installed by `tests/setup.sh`.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{Started, free_port};
use crate::{CounterpartError, Identity, Subject, TestCa, Usage};

/// How long a server keeps an unfinished upload unless it is told otherwise.
const EXPIRES: Duration = Duration::from_secs(24 * 3600);

/// The Debian package that holds Node.js.
const PACKAGE: &str = "nodejs";

/// Node.js about to run one of our scripts, with the installed packages in reach.
fn node(script: &str) -> Command {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("node");
    command.arg(here.join("node").join(script));
    command.env("NODE_PATH", here.join("../../target/node/node_modules"));
    command
}

fn write(path: &Path, text: &str) -> Result<(), CounterpartError> {
    fs::write(path, text).map_err(CounterpartError::file(path))
}

fn write_identity(
    folder: &Path,
    name: &str,
    identity: &Identity,
    ca: &TestCa,
) -> Result<(), CounterpartError> {
    fs::create_dir_all(folder).map_err(CounterpartError::file(folder))?;
    write(&folder.join(format!("{name}.pem")), &identity.certificate.pem)?;
    write(&folder.join(format!("{name}.key")), &identity.key_pem)?;
    write(&folder.join("ca.pem"), &ca.root().pem)
}

/// A registry made of `@tus/server`: takes uploads over mutual TLS 1.3, compares the digest, and
/// signs receipts with a key of its own. A copy must begin with a line of JSON that holds its
/// `code`.
#[derive(Debug)]
pub struct TusServer {
    folder: PathBuf,
    port: u16,
    expires: Duration,
    /// None while it is stopped.
    process: Option<Started>,
}

impl TusServer {
    /// Starts a server that keeps everything in `folder`.
    pub fn start(folder: &Path, ca: &TestCa) -> Result<Self, CounterpartError> {
        Self::start_expiring(folder, ca, EXPIRES)
    }

    /// As [`TusServer::start`]; an upload that is not whole `expires` after its announcement is
    /// gone.
    pub fn start_expiring(
        folder: &Path,
        ca: &TestCa,
        expires: Duration,
    ) -> Result<Self, CounterpartError> {
        let usage = Usage::TlsServer { names: vec!["localhost".into()] };
        let identity = ca.issue_with_key(&Subject::new("localhost", "tus"), &usage)?;
        write_identity(folder, "server", &identity, ca)?;
        let port = free_port()?;
        let process = Some(Self::run(folder, port, expires)?);
        Ok(Self { folder: folder.into(), port, expires, process })
    }

    fn run(folder: &Path, port: u16, expires: Duration) -> Result<Started, CounterpartError> {
        let mut command = node("tus-server.js");
        command.arg(folder).arg(port.to_string()).arg(expires.as_millis().to_string());
        let mut process = Started::spawn(command, PACKAGE, &folder.join("server.log"))?;
        process.wait_for_port((Ipv4Addr::LOCALHOST, port).into())?;
        Ok(process)
    }

    /// Kills the server (SIGKILL).
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Kills the server if it runs and starts it again on the same folder and port.
    pub fn restart(&mut self) -> Result<(), CounterpartError> {
        self.stop();
        self.process = Some(Self::run(&self.folder, self.port, self.expires)?);
        Ok(())
    }

    /// Where it listens, under the name `localhost`.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Where uploads are kept, one file each beside its description.
    pub fn uploads(&self) -> PathBuf {
        self.folder.join("uploads")
    }

    /// The public half of its receipt key, as the kiosk's configuration has it.
    pub fn receipt_key(&self) -> Result<String, CounterpartError> {
        let path = self.folder.join("receipt.pub");
        fs::read_to_string(&path).map_err(CounterpartError::file(&path))
    }

    /// The requests since its last start, one a line.
    pub fn log(&self) -> String {
        self.process.as_ref().map(Started::log).unwrap_or_default()
    }
}

/// How a run of [`TusClient`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEnd {
    /// The upload was taken; the body of the receipt.
    Receipt(String),
    /// It stopped half-way, as it was told to.
    Stopped,
    /// The server refused the file with 422.
    Refused,
}

/// One file's upload by `tus-js-client`.
#[derive(Debug)]
pub struct TusClient {
    folder: PathBuf,
}

impl TusClient {
    /// A client that names itself `device`; what it needs to resume is kept in `folder`.
    pub fn new(folder: &Path, ca: &TestCa, device: &str) -> Result<Self, CounterpartError> {
        let identity = ca.issue_with_key(&Subject::new(device, "tus"), &Usage::TlsClient)?;
        write_identity(folder, "client", &identity, ca)?;
        Ok(Self { folder: folder.into() })
    }

    /// Uploads `file` to `url`, or goes on with it, in pieces of `chunk` bytes (0: one piece), and
    /// fetches the receipt. `stop_after` bytes it drops dead, unless 0.
    pub fn upload(
        &self,
        url: &str,
        file: &Path,
        metadata: &[(&str, String)],
        chunk: u64,
        stop_after: u64,
    ) -> Result<ClientEnd, CounterpartError> {
        let mut command = node("tus-client.js");
        command.arg(&self.folder).arg(url).arg(file);
        command.args([chunk, stop_after].map(|n| n.to_string()));
        command.args(metadata.iter().map(|(key, value)| format!("{key}={value}")));
        let output = command.output().map_err(|source| CounterpartError::Run {
            program: "node".into(),
            package: PACKAGE,
            source,
        })?;
        match output.status.code() {
            Some(0) => Ok(ClientEnd::Receipt(String::from_utf8_lossy(&output.stdout).into())),
            Some(2) => Ok(ClientEnd::Refused),
            Some(3) => Ok(ClientEnd::Stopped),
            _ => Err(CounterpartError::Failed {
                program: "tus-client.js".into(),
                output: String::from_utf8_lossy(&output.stderr).into(),
            }),
        }
    }
}
