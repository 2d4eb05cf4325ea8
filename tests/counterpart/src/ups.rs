//! Debian's `upsd` (NUT) with its own dummy UPS, whose words a test changes with `upsrw`.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::now;
use crate::{CounterpartError, Started, free_port};

/// The UPS's name.
pub const UPS: &str = "kiosk";
const PACKAGE: &str = "nut-server";
const DRIVER: &str = "/lib/nut/dummy-ups";
const USER: &str = "test";
const PASSWORD: &str = "test";
/// How long a change may take to be seen through the daemon.
const SEEN: std::time::Duration = std::time::Duration::from_secs(30);

/// A UPS behind its daemon. Both end when it is dropped.
#[derive(Debug)]
pub struct VirtualUps {
    folder: tempfile::TempDir,
    port: u16,
    driver: Option<Started>,
    daemon: Option<Started>,
}

impl VirtualUps {
    /// Starts driver and daemon: on line, battery full.
    pub fn start() -> Result<Self, CounterpartError> {
        // The path of the driver's socket must be short.
        let folder = tempfile::Builder::new().prefix("ups").tempdir_in("/tmp");
        let folder = folder.map_err(CounterpartError::file(Path::new("/tmp")))?;
        let port = free_port()?;
        let mut ups = Self { folder, port, driver: None, daemon: None };
        let device = ups.path("kiosk.dev");
        ups.write("kiosk.dev", "ups.status: OL\nbattery.charge: 100\n")?;
        let driver = format!(
            "[{UPS}]\ndriver = dummy-ups\nport = {}\nmode = dummy-once\n",
            device.display()
        );
        ups.write("ups.conf", &driver)?;
        ups.write("upsd.conf", &format!("LISTEN 127.0.0.1 {port}\nMAXAGE 15\n"))?;
        let user = format!("[{USER}]\npassword = {PASSWORD}\nactions = SET\ninstcmds = ALL\n");
        ups.write("upsd.users", &user)?;
        ups.plug()?;
        let mut command = Command::new("/lib/nut/upsd");
        command.args(["-F", "-u", &me()]);
        ups.environment(&mut command);
        let mut daemon = Started::spawn(command, PACKAGE, &ups.path("upsd.log"))?;
        daemon.wait_for_port(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        ups.daemon = Some(daemon);
        ups.wait("ups.status", "OL")?;
        Ok(ups)
    }

    /// `host:port` of the daemon.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Changes `ups.status` or `battery.charge`, and waits until the daemon says so.
    pub fn set(&self, name: &str, value: &str) -> Result<(), CounterpartError> {
        let mut command = Command::new("upsrw");
        let ups = format!("{UPS}@{}", self.address());
        command.args(["-s", &format!("{name}={value}"), "-u", USER, "-p", PASSWORD, &ups]);
        self.run(&mut command)?;
        self.wait(name, value)
    }

    /// Stops the driver, as a pulled cable does.
    pub fn unplug(&mut self) {
        self.driver = None;
    }

    /// Starts the driver anew.
    pub fn plug(&mut self) -> Result<(), CounterpartError> {
        let mut command = Command::new(DRIVER);
        command.args(["-F", "-a", UPS, "-u", &me()]);
        self.environment(&mut command);
        self.driver = Some(Started::spawn(command, PACKAGE, &self.path("driver.log"))?);
        Ok(())
    }

    /// Waits until the daemon gives this value, as Debian's own client reads it.
    pub fn wait(&self, name: &str, value: &str) -> Result<(), CounterpartError> {
        let end = now() + SEEN;
        loop {
            let mut command = Command::new("upsc");
            command.arg(format!("{UPS}@{}", self.address())).arg(name);
            let said = self.run(&mut command).unwrap_or_default();
            if said.trim() == value {
                return Ok(());
            }
            if now() > end {
                let output = format!("{name} is {said:?}, not {value:?}");
                return Err(CounterpartError::Failed { program: "upsd".into(), output });
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Waits until the daemon says that it knows nothing of the UPS any more.
    pub fn wait_until_stale(&self) -> Result<(), CounterpartError> {
        let end = now() + SEEN;
        while now() < end {
            let mut command = Command::new("upsc");
            command.arg(format!("{UPS}@{}", self.address())).arg("ups.status");
            if self.run(&mut command).is_err() {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let output = "it still answers for the driver that is gone".into();
        Err(CounterpartError::Failed { program: "upsd".into(), output })
    }

    fn run(&self, command: &mut Command) -> Result<String, CounterpartError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let ran = command.stdin(Stdio::null()).output().map_err(|source| {
            CounterpartError::Run { program: program.clone(), package: "nut-client", source }
        })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if ran.status.success() {
            return Ok(text(&ran.stdout));
        }
        Err(CounterpartError::Failed { program, output: text(&ran.stderr) })
    }

    fn environment(&self, command: &mut Command) {
        for name in ["NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH"] {
            command.env(name, self.folder.path());
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), CounterpartError> {
        let path = self.path(name);
        std::fs::write(&path, text).map_err(CounterpartError::file(&path))?;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, private).map_err(CounterpartError::file(&path))
    }
}

/// The user that runs the tests, by number: the daemon would change to Debian's own otherwise.
fn me() -> String {
    let ran = Command::new("id").arg("-un").output();
    ran.map(|ran| String::from_utf8_lossy(&ran.stdout).trim().to_owned()).unwrap_or_default()
}
