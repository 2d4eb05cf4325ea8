//! Who was revoked: openssl's OCSP responder (`openssl ocsp`) and lists (`openssl ca -gencrl`).

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::{CounterpartError, Subject, TestCa, Usage};

const CONFIG: &str = "
[ca]
default_ca = authority
[authority]
database = FOLDER/index.txt
crlnumber = FOLDER/number
default_md = sha256
default_crl_days = 7
";
/// When the index says that certificates end; openssl asks for a date there.
const END: &str = "491231235959Z";

/// What an authority knows about the certificates that it issued.
#[derive(Debug)]
pub struct Revocation {
    folder: TempDir,
    /// Lines of the index by serial number.
    index: BTreeMap<String, String>,
}

impl Revocation {
    /// A new responder whose certificate `ca` issues; it knows no certificate yet.
    pub fn new(ca: &TestCa) -> Result<Self, CounterpartError> {
        let folder = tempfile::tempdir().map_err(CounterpartError::file("".as_ref()))?;
        let subject = Subject::new("Test responder", "Test only");
        let identity = ca.issue_with_key(&subject, &Usage::OcspResponder)?;
        let config = CONFIG.replace("FOLDER", &folder.path().to_string_lossy());
        for (name, text) in [
            ("config", config.as_str()),
            ("number", "01"),
            ("index.txt", ""),
            ("root.pem", &ca.root().pem),
            ("root.key", ca.key_pem()),
            ("key.pem", &identity.key_pem),
            ("certificate.pem", &identity.certificate.pem),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, text).map_err(CounterpartError::file(&path))?;
        }
        Ok(Self { folder, index: BTreeMap::new() })
    }

    /// Enters a certificate (DER): good, or revoked since a time. The last word counts.
    pub fn enter(
        &mut self,
        certificate: &[u8],
        revoked: Option<OffsetDateTime>,
    ) -> Result<(), CounterpartError> {
        let path = self.folder.path().join("asked.der");
        fs::write(&path, certificate).map_err(CounterpartError::file(&path))?;
        let mut command = Command::new("openssl");
        command.args(["x509", "-noout", "-serial", "-inform", "DER", "-in"]).arg(&path);
        let serial = String::from_utf8_lossy(&openssl(&mut command)?).trim().to_owned();
        let serial = serial.trim_start_matches("serial=");
        let format = format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
        let at = revoked.map(|at| at.to_offset(time::UtcOffset::UTC).format(format));
        let (state, at) = match at {
            Some(Ok(at)) => ('R', at),
            _ => ('V', String::new()),
        };
        let line = format!("{state}\t{END}\t{at}\t{serial}\tunknown\t/CN={serial}\n");
        self.index.insert(serial.to_owned(), line);
        let path = self.folder.path().join("index.txt");
        let index: String = self.index.values().map(String::as_str).collect();
        fs::write(&path, index).map_err(CounterpartError::file(&path))
    }

    /// Answers a request (`application/ocsp-request`), as it does over HTTP. Good for a week.
    pub fn answer(&self, request: &[u8]) -> Result<Vec<u8>, CounterpartError> {
        let path = |name: &str| self.folder.path().join(name);
        fs::write(path("request"), request).map_err(CounterpartError::file(&path("request")))?;
        let mut command = Command::new("openssl");
        command.args(["ocsp", "-ndays", "7", "-index"]).arg(path("index.txt"));
        command.arg("-CA").arg(path("root.pem")).arg("-rsigner").arg(path("certificate.pem"));
        command.arg("-rkey").arg(path("key.pem")).arg("-reqin").arg(path("request"));
        openssl(command.arg("-respout").arg(path("answer")))?;
        fs::read(path("answer")).map_err(CounterpartError::file(&path("answer")))
    }

    /// The revocation list of now, in DER. Good for a week.
    pub fn list(&self) -> Result<Vec<u8>, CounterpartError> {
        let path = |name: &str| self.folder.path().join(name);
        let mut command = Command::new("openssl");
        command.args(["ca", "-gencrl", "-config"]).arg(path("config"));
        command.arg("-cert").arg(path("root.pem")).arg("-keyfile").arg(path("root.key"));
        openssl(command.arg("-out").arg(path("list.pem")))?;
        let mut command = Command::new("openssl");
        openssl(command.args(["crl", "-outform", "DER", "-in"]).arg(path("list.pem")))
    }
}

/// Runs openssl; what it wrote to its standard output.
pub(crate) fn openssl(command: &mut Command) -> Result<Vec<u8>, CounterpartError> {
    let done = command.output().map_err(|source| CounterpartError::Run {
        program: "openssl".into(),
        package: "openssl",
        source,
    })?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    let first = command.get_args().next().unwrap_or_default().to_string_lossy();
    Err(CounterpartError::Failed {
        program: format!("openssl {first}"),
        output: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}
