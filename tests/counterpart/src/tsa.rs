//! A time-stamp authority: openssl's own (`openssl ts`), which signs the present time.

use std::fs;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::ocsp::openssl;
use crate::{CounterpartError, Issued, Subject, TestCa, Usage};

const CONFIG: &str = "
[authority]
serial = SERIAL
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
";

/// The authority, with its key and its serial numbers in a temporary folder.
#[derive(Debug)]
pub struct TimeStampAuthority {
    folder: TempDir,
    certificate: Issued,
    /// One request at a time: requests, answers and serial numbers are files of one folder.
    asked: Mutex<()>,
}

impl TimeStampAuthority {
    /// A new authority whose certificate `ca` issues.
    pub fn new(ca: &TestCa) -> Result<Self, CounterpartError> {
        let subject = Subject::new("Test time-stamps", "Test only");
        Self::with_usage(ca, &subject, &Usage::TimeStamping)
    }

    /// One with a certificate of another usage: nobody may believe it.
    pub fn with_usage(
        ca: &TestCa,
        subject: &Subject,
        usage: &Usage,
    ) -> Result<Self, CounterpartError> {
        let folder = tempfile::tempdir().map_err(CounterpartError::file("".as_ref()))?;
        let identity = ca.issue_with_key(subject, usage)?;
        let serial = folder.path().join("serial");
        let config = CONFIG.replace("SERIAL", &serial.to_string_lossy());
        for (name, text) in [
            ("serial", "01"),
            ("config", &config),
            ("root.pem", &ca.root().pem),
            ("key.pem", &identity.key_pem),
            ("certificate.pem", &identity.certificate.pem),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, text).map_err(CounterpartError::file(&path))?;
        }
        Ok(Self { folder, certificate: identity.certificate, asked: Mutex::new(()) })
    }

    /// Its certificate.
    pub fn certificate(&self) -> &Issued {
        &self.certificate
    }

    /// Answers a request (`application/timestamp-query`), as it does over HTTP.
    pub fn answer(&self, request: &[u8]) -> Result<Vec<u8>, CounterpartError> {
        let path = |name: &str| self.folder.path().join(name);
        let _alone = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        fs::write(path("request"), request).map_err(CounterpartError::file(&path("request")))?;
        let mut command = Command::new("openssl");
        command.args(["ts", "-reply", "-section", "authority", "-config"]).arg(path("config"));
        command.arg("-queryfile").arg(path("request")).arg("-out").arg(path("answer"));
        command.arg("-signer").arg(path("certificate.pem")).arg("-inkey").arg(path("key.pem"));
        openssl(command.arg("-chain").arg(path("root.pem")))?;
        fs::read(path("answer")).map_err(CounterpartError::file(&path("answer")))
    }
}
