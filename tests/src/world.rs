//! One kiosk and all it talks to, in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use counterpart::{
    CardReaders, Gate, Saned, SoftTokens, Started, Subject, TestCa, TokenKey, TokenSpec, Tpm,
    TrustHttp, Usage, free_port,
};
use kiosk::clock::{Clock, SystemClock};
use serde_json::Value;

use crate::{Citizen, Failure, Officer, Person};

/// PIN of the officer's token in every test world.
pub const OFFICER_PIN: &str = "246810";
const AUTHORITY_PIN: &str = "135791";
const DEVICE_PIN: &str = "112233";
/// How long a program may take to be ready.
const READY: Duration = Duration::from_secs(30);

/// What differs from one world to another.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// The key kind of the authority's seal.
    pub seal_key: TokenKey,
    /// Port of the registry's public pages; 0 takes a free one.
    pub public_port: u16,
    /// Sheets of the simulated scanner instead of `saned`.
    pub sim_sheets: Option<Vec<PathBuf>>,
    /// Keeps the kiosk's state on a disk of so many MiB, for as long as the kiosk runs.
    pub disk_mib: Option<u32>,
    /// Whether the device's own key is in a TPM instead of a soft token.
    pub tpm: bool,
    /// The folder of the service's credentials, which hold the PINs in the place of files.
    pub credentials: Option<PathBuf>,
    /// What the copies are in law, as site files say it.
    pub product: &'static str,
    /// What stands behind the clock, as board files say it.
    pub clock: &'static str,
    /// Whether there is a time-stamp authority, and a responder for revoked certificates.
    pub trust_services: bool,
    /// Whether there is a reader for the chip of identity cards.
    pub card_reader: bool,
    /// The socket of a simulated camera before the person.
    pub camera: Option<PathBuf>,
    /// The board file's section for printers.
    pub printers: String,
    /// More sections of the board file, for what hangs at the cabinet.
    pub cabinet: String,
    /// More of the kiosk's environment.
    pub environment: Vec<(&'static str, PathBuf)>,
    /// The site file's section `[officer]`, and further officers before it.
    pub officer: String,
    /// Whether the officers' pages are on the network too.
    pub officers_network: bool,
}

/// Where fees are transferred to: nobody's account.
const FEE_ACCOUNT: &str = r#"[fee.transfer]
bank = "970405"
number = "1500201000001"
name = "UBND phường Thử Nghiệm"
"#;

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            seal_key: TokenKey::EcP256,
            public_port: 0,
            sim_sheets: None,
            disk_mib: None,
            tpm: false,
            credentials: None,
            product: "chung-thuc",
            clock: "synchronised",
            trust_services: false,
            card_reader: false,
            camera: None,
            printers: String::new(),
            cabinet: String::new(),
            environment: vec![],
            officer: String::new(),
            officers_network: false,
        }
    }
}

/// One kiosk with its registry, scanner, tokens and authority.
pub struct World {
    dir: PathBuf,
    options: WorldOptions,
    saned: Option<(Saned, Gate)>,
    tokens: SoftTokens,
    trust_services: Option<TrustHttp>,
    tpm: Option<Tpm>,
    card_readers: Option<CardReaders>,
    registry: Option<Started>,
    kiosk: Option<Started>,
    starts: u32,
    /// The officer who signed in, and in which start of the kiosk.
    signed_in: Mutex<Option<(u32, Officer)>>,
    device_port: u16,
    public_port: u16,
}

/// The authority above everyone, with its services if there are any.
fn authority_of_tests(options: &WorldOptions) -> Result<(Option<TrustHttp>, TestCa), Failure> {
    let name = "Bản Sao thử nghiệm - CA gốc";
    if options.trust_services {
        let (services, ca) = TrustHttp::start(name)?;
        return Ok((Some(services), ca));
    }
    Ok((None, TestCa::new(name)?))
}

/// What `make setup` puts below `target`.
fn built(path: &str) -> PathBuf {
    crate::workspace().join("target").join(path)
}

fn pins_and_images(dir: &Path) -> Result<(), Failure> {
    std::fs::write(dir.join("keys/authority.pin"), AUTHORITY_PIN)?;
    std::fs::write(dir.join("keys/device.pin"), DEVICE_PIN)?;
    std::fs::write(dir.join("images/seal.png"), paper::seal_png(paper::AUTHORITY)?)?;
    Ok(std::fs::write(dir.join("images/signature.png"), paper::signature_png(1)?)?)
}

/// Certificates for pages on the network: the officer's, and one that nobody has.
fn client_certificates(dir: &Path, ca: &TestCa) -> Result<(), Failure> {
    for name in ["ha-client", "stranger"] {
        let subject = Subject::new(name, paper::AUTHORITY);
        let own = ca.issue_with_key(&subject, &Usage::TlsClient)?;
        std::fs::write(dir.join(format!("keys/{name}.pem")), &own.certificate.pem)?;
        std::fs::write(dir.join(format!("keys/{name}.key")), &own.key_pem)?;
        std::fs::write(dir.join(format!("keys/{name}.der")), &own.certificate.der)?;
    }
    Ok(())
}

fn card_readers(dir: &Path, options: &WorldOptions) -> Result<Option<CardReaders>, Failure> {
    let start = || CardReaders::start(&dir.join("cards"));
    Ok(options.card_reader.then(start).transpose()?)
}

/// The name of a book that numbers copies of today: a book is of one year.
pub(crate) fn book_of_today() -> String {
    format!("03/{}-SCT/BS", SystemClock.now().year())
}

/// The workspace's root folder.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A program of the workspace, built beside the running one.
pub fn binary(name: &str) -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()?;
    let mut folder = here.parent().ok_or("the program has no folder")?.to_path_buf();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let path = folder.join(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(format!("{} is not built: run `cargo build --workspace` first", path.display()).into())
}

impl World {
    /// Makes authority, tokens, scanner and all files in `dir`; starts nothing of ours yet.
    pub fn new(dir: &Path, options: WorldOptions) -> Result<Self, Failure> {
        let authority = paper::AUTHORITY;
        for folder in ["trust", "keys", "registry", "tokens", "images", "cards"] {
            std::fs::create_dir_all(dir.join(folder))?;
        }
        let (trust_services, ca) = authority_of_tests(&options)?;
        let spec = |label: &str, pin: &str, key, name: &str, usage| TokenSpec {
            label: label.into(),
            pin: pin.into(),
            key_label: label.into(),
            key,
            subject: Subject::new(name, authority),
            usage,
        };
        let signer = Usage::DocumentSigner;
        let mut specs = vec![
            spec("officer", OFFICER_PIN, TokenKey::EcP256, "Nguyễn Thị Hà", signer.clone()),
            spec("authority", AUTHORITY_PIN, options.seal_key, authority, signer),
        ];
        let device = spec("device", DEVICE_PIN, TokenKey::EcP256, "HN01-K03", Usage::TlsClient);
        let tpm = if options.tpm {
            Some(Tpm::start(&dir.join("tpm"), &ca, &device)?)
        } else {
            specs.push(device);
            None
        };
        let tokens = SoftTokens::create(&dir.join("tokens"), &ca, &specs)?;
        for label in ["officer", "authority"] {
            if let (Some(services), Some(own)) = (&trust_services, tokens.certificate(label)) {
                services.enter(&own.der, None)?;
            }
        }
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let server =
            ca.issue_with_key(&Subject::new("localhost", "registry"), &Usage::TlsServer { names })?;
        std::fs::write(dir.join("trust/root.pem"), &ca.root().pem)?;
        std::fs::write(dir.join("keys/registry.pem"), &server.certificate.pem)?;
        std::fs::write(dir.join("keys/registry.key"), &server.key_pem)?;
        client_certificates(dir, &ca)?;
        pins_and_images(dir)?;
        let saned = match options.sim_sheets {
            Some(_) => None,
            None => {
                let saned = Saned::start(counterpart::Backend::Pnm)?;
                let gate = saned.gate()?;
                Some((saned, gate))
            }
        };
        let public_port = if options.public_port == 0 { free_port()? } else { options.public_port };
        let world = Self {
            dir: dir.to_path_buf(),
            saned,
            tokens,
            trust_services,
            tpm,
            card_readers: card_readers(dir, &options)?,
            registry: None,
            kiosk: None,
            starts: 0,
            signed_in: Mutex::default(),
            device_port: free_port()?,
            public_port,
            options,
        };
        world.write_registry_config()?;
        world.write_board()?;
        world.write_site(authority)?;
        Ok(world)
    }

    /// Starts everything.
    pub fn started(dir: &Path, options: WorldOptions) -> Result<Self, Failure> {
        let mut world = Self::new(dir, options)?;
        world.start_registry()?;
        world.start_kiosk()?;
        Ok(world)
    }

    fn write_registry_config(&self) -> Result<(), Failure> {
        let key = self.dir.join("keys/receipt.key");
        let made =
            Command::new(binary("registry")?).args(["keygen", "--out"]).arg(&key).output()?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
        }
        std::fs::write(self.dir.join("trust/receipt.pub"), made.stdout)?;
        let text = format!(
            "data_dir = \"registry\"\npublic_url = \"{public}\"\n\
             trust_anchors = \"trust/root.pem\"\nreceipt_key = \"keys/receipt.key\"\n\
             [device]\nlisten = \"127.0.0.1:{device}\"\ncertificate = \"keys/registry.pem\"\n\
             key = \"keys/registry.key\"\nclient_ca = \"trust/root.pem\"\n\
             [public]\nlisten = \"127.0.0.1:{port}\"\n{time_stamp}",
            time_stamp = self.time_stamp_section(),
            public = self.public_url(),
            device = self.device_port,
            port = self.public_port,
        );
        std::fs::write(self.dir.join("registry.toml"), text)?;
        Ok(())
    }

    /// The module of the device's token, where it is not the board's.
    fn device_module(&self) -> String {
        let module = self.tpm.as_ref().map(|_| Tpm::module());
        module.map(|path| format!(", module = {path:?}")).unwrap_or_default()
    }

    /// What both site files say about the time-stamp authority.
    fn time_stamp_section(&self) -> String {
        let section =
            |http: &TrustHttp| format!("[time_stamp]\nurl = {:?}\n", http.time_stamp_url());
        self.trust_services.as_ref().map(section).unwrap_or_default()
    }

    /// Whose cards the kiosk trusts, and that it waits no longer than a test can.
    fn chip_section(&self) -> &'static str {
        if self.options.card_reader {
            "[chip]\ntrust = [\"cards/card/csca.pem\"]\nwait_s = 4\n"
        } else {
            ""
        }
    }

    /// The officers' pages, and where they are on the network.
    fn officer_section(&self) -> &str {
        if self.options.officers_network {
            "[officer]\nlisten = \"127.0.0.1:0\"\ncertificate = \"keys/registry.pem\"\n\
             key = \"keys/registry.key\"\nclient_ca = \"trust/root.pem\"\n"
        } else {
            &self.options.officer
        }
    }

    /// Which certificate is the officer's.
    fn certificates_line(&self) -> Result<String, Failure> {
        let der = std::fs::read(self.dir.join("keys/ha-client.der"))?;
        let digest = ring::digest::digest(&ring::digest::SHA256, &der);
        Ok(format!("certificates = [\"{}\"]\n", hex::encode(digest)))
    }

    fn write_board(&self) -> Result<(), Failure> {
        let scanner = match (&self.saned, &self.options.sim_sheets) {
            (Some((saned, gate)), _) => format!(
                "driver = \"sane\"\naddress = \"{}\"\ndevice = \"{}\"\ntimeout_s = 20\n\
                 options = {:?}\n",
                gate.address(),
                saned.device(),
                saned.options().iter().map(|(k, v)| [k, v]).collect::<Vec<_>>(),
            ),
            (None, sheets) => {
                format!("driver = \"sim\"\nsheets = {:?}\n", sheets.as_deref().unwrap_or_default())
            }
        };
        let text = format!(
            "name = \"bench\"\n[scanner]\n{scanner}[token]\nmodule = {:?}\n\
             [clock]\ndriver = \"sim\"\nstate = \"{}\"\n{}{}{}{}",
            self.tokens.module(),
            self.options.clock,
            if self.options.card_reader { "[chip]\ndriver = \"pcsc\"\n" } else { "" },
            self.options.camera.as_ref().map_or_else(String::new, |socket| {
                format!("[camera]\ndriver = \"sim\"\nsocket = {socket:?}\n")
            }),
            self.options.printers,
            self.options.cabinet,
        );
        std::fs::write(self.dir.join("board.toml"), text)?;
        Ok(())
    }

    fn pin_of(&self, key: &str) -> String {
        match self.options.credentials {
            Some(_) => format!("pin_credential = \"{key}-pin\""),
            None => format!("pin_file = \"keys/{key}.pin\""),
        }
    }

    fn write_site(&self, authority: &str) -> Result<(), Failure> {
        let text = format!(
            r#"board = "board.toml"
state_dir = {state:?}

[device]
id = "HN01-K03"
key = {{ token = "device", key = "device", {device_pin}{device_module} }}

[authority]
name = "{authority}"
place = "Hà Nội"
product = "{product}"
key = {{ token = "authority", key = "authority", {authority_pin} }}
seal_image = "images/seal.png"

[[officers]]
id = "ha"
name = "Nguyễn Thị Hà"
capacity = "TUQ. CHỦ TỊCH"
delegation = "Quyết định ủy quyền số 12/QĐ-UBND"
valid_from = "2026-01-01"
valid_until = "2036-12-31"
token = "officer"
key = "officer"
signature_image = "images/signature.png"
{certificates}
[book]
name = "{book}"

[registry]
device_url = "https://localhost:{device}"
ca = "trust/root.pem"
receipt_key = "trust/receipt.pub"
public_url = "{public}"

[reading]
runtime = {runtime:?}

[face]
models = {models:?}

{FEE_ACCOUNT}
[space]
reserve_mib = 1

[screen]
listen = "127.0.0.1:0"

[trust]
roots = "trust/root.pem"

{time_stamp}{chip}{officer}"#,
            officer = self.officer_section(),
            certificates = self.certificates_line()?,
            device_module = self.device_module(),
            device_pin = self.pin_of("device"),
            authority_pin = self.pin_of("authority"),
            product = self.options.product,
            time_stamp = self.time_stamp_section(),
            chip = self.chip_section(),
            runtime = built("litert/libLiteRt.so"),
            models = built("models"),
            book = book_of_today(),
            state = self.state_dir(),
            device = self.device_port,
            public = self.public_url(),
        );
        Ok(std::fs::write(self.dir.join("kiosk.toml"), text)?)
    }

    /// The world's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The kiosk's state folder. A small disk is mounted for the kiosk alone and seen through it.
    pub fn state_dir(&self) -> PathBuf {
        let state = self.dir.join("state");
        match (self.options.disk_mib, self.kiosk_id()) {
            (Some(_), Some(kiosk)) => {
                let inside = state.strip_prefix("/").unwrap_or(&state);
                Path::new("/proc").join(kiosk.to_string()).join("root").join(inside)
            }
            (Some(_) | None, _) => state,
        }
    }

    /// The site file.
    pub fn site_file(&self) -> PathBuf {
        self.dir.join("kiosk.toml")
    }

    /// PEM of the test authority.
    pub fn root_pem(&self) -> PathBuf {
        self.dir.join("trust/root.pem")
    }

    /// The registry's public pages.
    pub fn public_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.public_port)
    }

    /// The scanner.
    pub fn saned(&self) -> Result<&Saned, Failure> {
        let saned = self.saned.as_ref().map(|(saned, _)| saned);
        saned.ok_or_else(|| "this world has a simulated scanner".into())
    }

    /// The wire to the scanner, where faults are made.
    pub fn gate(&self) -> Result<&Gate, Failure> {
        let gate = self.saned.as_ref().map(|(_, gate)| gate);
        gate.ok_or_else(|| "this world has a simulated scanner".into())
    }

    /// The trust services.
    pub fn trust_services(&self) -> Result<&TrustHttp, Failure> {
        self.trust_services.as_ref().ok_or_else(|| "this world has no trust services".into())
    }

    /// The tokens.
    pub const fn tokens(&self) -> &SoftTokens {
        &self.tokens
    }

    /// The reader for identity cards. The kiosk takes the card's issuer when it starts, so a card
    /// must have been in it before.
    pub fn card_readers(&self) -> Result<&CardReaders, Failure> {
        self.card_readers.as_ref().ok_or_else(|| "this world has no card reader".into())
    }

    /// A command of the kiosk's binary in this world.
    pub fn kiosk_command(&self, args: &[&str]) -> Result<Command, Failure> {
        let mut command = Command::new(binary("kiosk")?);
        command.args(args).env("SOFTHSM2_CONF", self.tokens.conf()).current_dir(&self.dir);
        let tpm = self.tpm.iter().flat_map(Tpm::environment);
        command.envs(tpm.map(|(name, value)| (name, value)));
        command.envs(self.card_readers.iter().map(CardReaders::environment));
        command.envs(self.options.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.options.credentials {
            command.env("CREDENTIALS_DIRECTORY", folder);
        }
        Ok(command)
    }

    /// A command of the registry's binary in this world; its configuration is added.
    pub fn registry_command(&self, args: &[&str]) -> Result<Command, Failure> {
        let mut command = Command::new(binary("registry")?);
        command.args(args).arg("--config").arg(self.dir.join("registry.toml"));
        Ok(command)
    }

    /// Starts the registry and waits until its public pages answer.
    pub fn start_registry(&mut self) -> Result<(), Failure> {
        let command = self.registry_command(&["run"])?;
        let log = self.log_file("registry");
        self.registry = Some(Started::spawn(command, "registry", &log)?);
        let page = format!("{}/", self.public_url());
        wait("the registry", || ureq::get(&page).call().is_ok())
            .map_err(|error| self.with_log(&error, &self.registry))
    }

    /// Stops the registry as a power cut does.
    pub fn stop_registry(&mut self) {
        self.registry = None;
    }

    /// Starts the kiosk and waits until its screens answer.
    pub fn start_kiosk(&mut self) -> Result<(), Failure> {
        self.start_kiosk_at_once()?;
        let screen = self.state_dir().join("screen.json");
        wait("the kiosk", || screen.exists()).map_err(|error| self.with_log(&error, &self.kiosk))
    }

    /// Starts the kiosk and waits for nothing.
    pub fn start_kiosk_at_once(&mut self) -> Result<(), Failure> {
        let state = self.dir.join("state");
        let _ = std::fs::remove_file(state.join("screen.json"));
        let site = self.site_file();
        let mut command = self.kiosk_command(&["run", "--config"])?;
        if let Some(mib) = self.options.disk_mib {
            std::fs::create_dir_all(&state)?;
            let kiosk = command.get_program().to_owned();
            let mount = format!("mount -t tmpfs -o size={mib}m none \"$0\" && exec \"$@\"");
            command = Command::new("unshare");
            if !rustix::process::geteuid().is_root() {
                command.arg("--map-root-user");
            }
            command.args(["--mount", "sh", "-c", &mount]).arg(&state);
            command.arg(kiosk).args(["run", "--config"]);
            command.env("SOFTHSM2_CONF", self.tokens.conf()).current_dir(&self.dir);
        }
        command.arg(site);
        let log = self.log_file("kiosk");
        self.kiosk = Some(Started::spawn(command, "kiosk", &log)?);
        Ok(())
    }

    /// The kiosk's process id while it runs.
    pub fn kiosk_id(&self) -> Option<u32> {
        self.kiosk.as_ref().map(Started::id)
    }

    /// Kills the kiosk without warning (SIGKILL), as a power cut does to a process.
    pub fn kill_kiosk(&mut self) {
        self.kiosk = None;
    }

    fn with_log(&self, error: &Failure, program: &Option<Started>) -> Failure {
        let log = program.as_ref().map(Started::log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        format!("{error}\n{last}").into()
    }

    /// A fresh log file for a start of one of our programs.
    fn log_file(&mut self, program: &str) -> PathBuf {
        self.starts += 1;
        self.dir.join(format!("{program}-{}.log", self.starts))
    }

    /// The addresses of the screens, with their keys.
    pub fn screens(&self) -> Result<Value, Failure> {
        let text = std::fs::read_to_string(self.state_dir().join("screen.json"))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Steps up to the kiosk.
    pub fn citizen(&self) -> Result<Citizen, Failure> {
        let screens = self.screens()?;
        Ok(Citizen(Person::at(screens["citizen"].as_str().unwrap_or_default())?))
    }

    /// Sits down at the officer's page, signed in with the officer's PIN: once for each start of
    /// the kiosk.
    pub fn officer(&self) -> Result<Officer, Failure> {
        let mut kept = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, officer)) = kept.as_ref().filter(|(start, _)| *start == self.starts) {
            return Ok(officer.clone());
        }
        let mut officer = self.visitor()?;
        match officer.sign_in("ha", OFFICER_PIN)? {
            (200, _) => {
                *kept = Some((self.starts, officer.clone()));
                Ok(officer)
            }
            (status, answer) => Err(format!("signing in: status {status}, {answer}").into()),
        }
    }

    /// Sits down at the officer's page without signing in.
    pub fn visitor(&self) -> Result<Officer, Failure> {
        let screens = self.screens()?;
        Ok(Officer(Person::at(screens["officer"].as_str().unwrap_or_default())?))
    }

    /// What `kiosk outbox list --json` says, read beside the running daemon.
    pub fn outbox(&self) -> Result<Value, Failure> {
        let mut command = self.kiosk_command(&["outbox", "list", "--json", "--state"])?;
        let output = command.arg(self.state_dir()).output()?;
        serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// What `kiosk journal verify --json` says, read beside the running daemon.
    pub fn audit(&self) -> Result<Value, Failure> {
        let mut command = self.kiosk_command(&["journal", "verify", "--json", "--state"])?;
        let output = command.arg(self.state_dir()).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Waits until nothing waits for delivery any more.
    pub fn wait_delivered(&self) -> Result<(), Failure> {
        wait("delivery", || {
            self.outbox().is_ok_and(|list| {
                list["copies"]
                    .as_array()
                    .is_some_and(|copies| copies.iter().all(|copy| copy["state"] == "delivered"))
            })
        })
        .map_err(|error| self.with_log(&error, &self.kiosk))
    }
}

/// Waits until something holds.
fn wait(what: &str, mut holds: impl FnMut() -> bool) -> Result<(), Failure> {
    let began = now();
    while !holds() {
        if began.elapsed() > READY {
            return Err(format!("waited {} s for {what}", READY.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "tests wait in real time")]
fn now() -> Instant {
    Instant::now()
}
