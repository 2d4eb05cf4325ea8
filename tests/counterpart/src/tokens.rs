//! SoftHSM2 tokens: PKCS#11 tokens kept in files, made with SoftHSM's and OpenSC's own tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{CounterpartError, Issued, Subject, TestCa, Usage};

/// The security officer's PIN of every token made here.
const SO_PIN: &str = "87654321";
/// CKA_ID of the root certificate; keys count from 1.
const ROOT_ID: &str = "ff";
/// SoftHSM's configuration in the tokens' folder.
const CONF: &str = "softhsm2.conf";

/// The kind of a key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKey {
    /// ECDSA on NIST P-256.
    EcP256,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
}

impl TokenKey {
    /// The name `pkcs11-tool --key-type` knows it by.
    const fn name(self) -> &'static str {
        match self {
            Self::EcP256 => "EC:prime256v1",
            Self::Rsa2048 => "rsa:2048",
            Self::Rsa3072 => "rsa:3072",
        }
    }
}

/// One key with its certificate. Several may share a token by giving the same label and PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSpec {
    /// The token's label, at most 32 bytes.
    pub label: String,
    /// The user PIN.
    pub pin: String,
    /// The label of the key pair and of its certificate.
    pub key_label: String,
    /// The key's kind.
    pub key: TokenKey,
    /// Whom the certificate names.
    pub subject: Subject,
    /// What the certificate is for.
    pub usage: Usage,
}

#[derive(Debug)]
struct Made {
    spec: TokenSpec,
    folder: String,
    certificate: Issued,
}

/// Runs the body of the test named `test` in a process of its own, with a folder for its tokens and
/// card readers: SoftHSM2 and PC/SC take what they need from the environment, and PKCS#11 keeps one
/// state per process.
///
/// # Panics
/// When the body does, with its output.
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
pub fn in_own_process(test: &str, body: impl FnOnce(&Path)) {
    const FOLDER: &str = "SOFT_TOKENS_FOLDER";
    if let Some(folder) = std::env::var_os(FOLDER) {
        return body(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("this test's program");
    let output = Command::new(program)
        .args([test, "--exact", "--nocapture"])
        .env(FOLDER, folder.path())
        .env("SOFTHSM2_CONF", folder.path().join(CONF))
        .env(crate::cards::SOCKET_VARIABLE, crate::cards::socket(folder.path()))
        .output()
        .expect("it runs again");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("1 passed"), "{text}");
}

/// SoftHSM2 tokens in a folder.
///
/// A process sees them when `SOFTHSM2_CONF` in its environment is [`SoftTokens::conf`] before it
/// loads the module: set it for the child process, since a process cannot safely set it for itself.
#[derive(Debug)]
pub struct SoftTokens {
    dir: PathBuf,
    module: PathBuf,
    made: Vec<Made>,
    /// The tokens' files as they were made.
    whole: BTreeMap<PathBuf, Vec<u8>>,
}

impl SoftTokens {
    /// Makes the tokens under `dir` (which must exist): key pairs generated in the token, never
    /// extractable, each with a certificate of `ca`, and the root certificate beside it.
    pub fn create(dir: &Path, ca: &TestCa, specs: &[TokenSpec]) -> Result<Self, CounterpartError> {
        let mut tokens = Self {
            dir: dir.to_path_buf(),
            module: find_module()?,
            made: Vec::new(),
            whole: BTreeMap::new(),
        };
        for folder in [tokens.plugged(), tokens.unplugged(), dir.join("work")] {
            std::fs::create_dir_all(&folder).map_err(CounterpartError::file(&folder))?;
        }
        let conf = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n\
             slots.removable = true\n",
            tokens.plugged().display()
        );
        std::fs::write(tokens.conf(), conf).map_err(CounterpartError::file(&tokens.conf()))?;
        for (index, spec) in specs.iter().enumerate() {
            let folder = match tokens.made.iter().find(|made| made.spec.label == spec.label) {
                Some(made) => made.folder.clone(),
                None => tokens.init_token(ca, spec)?,
            };
            let certificate = tokens.add_key(ca, spec, index + 1)?;
            tokens.made.push(Made { spec: spec.clone(), folder, certificate });
        }
        tokens.remember()?;
        Ok(tokens)
    }

    /// The PKCS#11 module, `libsofthsm2.so`.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// The configuration file for `SOFTHSM2_CONF`.
    pub fn conf(&self) -> PathBuf {
        self.dir.join(CONF)
    }

    /// The certificate of a key.
    pub fn certificate(&self, key_label: &str) -> Option<&Issued> {
        self.made.iter().find(|made| made.spec.key_label == key_label).map(|made| &made.certificate)
    }

    /// Puts the tokens back as they were made, and says how many files had changed.
    ///
    /// SoftHSM2 keeps a token in plain files and writes some of them in place while it is used,
    /// so a process killed at that moment can take the token with it. A real token writes its own
    /// memory: a test that kills processes restores what only the stand-in can lose. No process
    /// may have the tokens open.
    pub fn restore(&self) -> Result<usize, CounterpartError> {
        let mut changed = 0;
        for (path, whole) in &self.whole {
            let now = std::fs::read(path).unwrap_or_default();
            if now != *whole {
                std::fs::write(path, whole).map_err(CounterpartError::file(path))?;
                changed += 1;
            }
        }
        Ok(changed)
    }

    /// Remembers every file of the tokens as it was made.
    fn remember(&mut self) -> Result<(), CounterpartError> {
        for made in &self.made {
            let folder = self.plugged().join(&made.folder);
            let entries = std::fs::read_dir(&folder).map_err(CounterpartError::file(&folder))?;
            for path in entries.flatten().map(|entry| entry.path()) {
                let bytes = std::fs::read(&path).map_err(CounterpartError::file(&path))?;
                self.whole.insert(path, bytes);
            }
        }
        Ok(())
    }

    /// Takes a token out, as a hand does. SoftHSM's token folder is moved away, and a process that
    /// has the token open is refused at its next use of it (what it says is in the tests of
    /// `drivers/token`).
    pub fn unplug(&self, label: &str) -> Result<(), CounterpartError> {
        self.move_token(label, &self.plugged(), &self.unplugged())
    }

    /// Puts a token back.
    pub fn plug(&self, label: &str) -> Result<(), CounterpartError> {
        self.move_token(label, &self.unplugged(), &self.plugged())
    }

    fn move_token(&self, label: &str, from: &Path, to: &Path) -> Result<(), CounterpartError> {
        let made = self.made.iter().find(|made| made.spec.label == label);
        let folder = made.map(|made| &made.folder).filter(|folder| from.join(folder).exists());
        let folder = folder.ok_or_else(|| CounterpartError::NoToken { label: label.into() })?;
        std::fs::rename(from.join(folder), to.join(folder))
            .map_err(CounterpartError::file(&from.join(folder)))
    }

    fn plugged(&self) -> PathBuf {
        self.dir.join("tokens")
    }

    fn unplugged(&self) -> PathBuf {
        self.dir.join("unplugged")
    }

    /// Initialises a token and writes the root certificate into it; gives its folder's name.
    fn init_token(&self, ca: &TestCa, spec: &TokenSpec) -> Result<String, CounterpartError> {
        let before = names(&self.plugged())?;
        let mut init = Command::new("softhsm2-util");
        init.args(["--init-token", "--free", "--label", &spec.label])
            .args(["--so-pin", SO_PIN, "--pin", &spec.pin]);
        self.run(init, "softhsm2")?;
        self.write_certificate(spec, "root", ROOT_ID, &ca.root().der)?;
        let after = names(&self.plugged())?;
        let new = after.into_iter().find(|name| !before.contains(name));
        new.ok_or_else(|| CounterpartError::NoToken { label: spec.label.clone() })
    }

    fn add_key(
        &self,
        ca: &TestCa,
        spec: &TokenSpec,
        number: usize,
    ) -> Result<Issued, CounterpartError> {
        let id = format!("{number:02x}");
        let mut generate = self.tool(spec);
        generate.args(["--keypairgen", "--key-type", spec.key.name()]).args([
            "--id",
            &id,
            "--label",
            &spec.key_label,
        ]);
        self.run(generate, "opensc")?;
        let public = self.dir.join("work").join("public.der");
        let mut read = self.tool(spec);
        read.args(["--read-object", "--type", "pubkey", "--id", &id, "--output-file"]).arg(&public);
        self.run(read, "opensc")?;
        let public = std::fs::read(&public).map_err(CounterpartError::file(&public))?;
        let certificate = ca.issue(&public, &spec.subject, &spec.usage)?;
        self.write_certificate(spec, &spec.key_label, &id, &certificate.der)?;
        Ok(certificate)
    }

    fn write_certificate(
        &self,
        spec: &TokenSpec,
        label: &str,
        id: &str,
        der: &[u8],
    ) -> Result<(), CounterpartError> {
        let file = self.dir.join("work").join("certificate.der");
        std::fs::write(&file, der).map_err(CounterpartError::file(&file))?;
        let mut write = self.tool(spec);
        write.arg("--write-object").arg(&file);
        write.args(["--type", "cert", "--id", id, "--label", label]);
        self.run(write, "opensc")
    }

    fn tool(&self, spec: &TokenSpec) -> Command {
        let mut command = Command::new("pkcs11-tool");
        command.arg("--module").arg(&self.module);
        command.args(["--token-label", &spec.label, "--login", "--pin", &spec.pin]);
        command
    }

    fn run(&self, mut command: Command, package: &'static str) -> Result<(), CounterpartError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let output = command.env("SOFTHSM2_CONF", self.conf()).output().map_err(|source| {
            CounterpartError::Run { program: program.clone(), package, source }
        })?;
        if output.status.success() {
            return Ok(());
        }
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(CounterpartError::Failed { program, output })
    }
}

/// Debian has the module under the multiarch folder, with a link in /usr/lib/softhsm.
fn find_module() -> Result<PathBuf, CounterpartError> {
    let mut folders = vec![PathBuf::from("/usr/lib")];
    folders.extend(
        std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path()),
    );
    folders
        .into_iter()
        .map(|folder| folder.join("softhsm/libsofthsm2.so"))
        .find(|module| module.exists())
        .ok_or(CounterpartError::NoModule)
}

fn names(folder: &Path) -> Result<Vec<String>, CounterpartError> {
    let entries = std::fs::read_dir(folder).map_err(CounterpartError::file(folder))?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_its_key_its_certificate_and_the_root() {
        let dir = tempfile::tempdir().expect("a folder");
        let ca = TestCa::new("Test root").expect("a root");
        let spec = TokenSpec {
            label: "officer".into(),
            pin: "1234".into(),
            key_label: "officer-key".into(),
            key: TokenKey::EcP256,
            subject: Subject::new("Nguyễn Văn A", "UBND phường Cầu Giấy"),
            usage: Usage::DocumentSigner,
        };
        let tokens =
            SoftTokens::create(dir.path(), &ca, std::slice::from_ref(&spec)).expect("a token");
        let list = || {
            let mut command = tokens.tool(&spec);
            let command = command.arg("--list-objects").env("SOFTHSM2_CONF", tokens.conf());
            let output = command.output().expect("pkcs11-tool runs");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let objects = list();
        assert_eq!(objects.matches("Certificate Object").count(), 2, "{objects}");
        assert_eq!(objects.matches("Private Key Object").count(), 1, "{objects}");
        assert!(objects.contains("never extractable"), "{objects}");
        tokens.unplug("officer").expect("it was there");
        assert!(!list().contains("Private Key Object"), "the token is out");
        tokens.plug("officer").expect("it was out");
        assert!(list().contains("Private Key Object"), "the token is back");
    }
}
