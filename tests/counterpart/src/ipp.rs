//! A printer without hardware: Debian's `ippeveprinter`, on a message bus of its own, with a print
//! command that does what the test wants.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::CounterpartError;
use crate::process::{Started, free_port};

/// An IPP Everywhere printer that runs until it is dropped.
#[derive(Debug)]
pub struct IppEvePrinter {
    /// None while it is switched off.
    printer: Option<Started>,
    _bus: Started,
    dir: PathBuf,
    port: u16,
}

/// More jobs than any test gives.
const JOBS_MAX: u32 = 100;

/// The printer wants a bus to announce itself on; nobody else is on this one, and it is quiet.
const BUS: &str = r#"<!DOCTYPE busconfig
 PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>custom</type><listen>unix:path=BUS</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"#;

/// Prints once the word `well` stands in the file `state`; says until then, in the words of
/// `ippeveprinter`'s commands, that the reason which stands there keeps it waiting. Nobody tells a
/// command that its job is cancelled, so it asks.
const PRINT: &str = r#"#!/bin/sh
cd DIR
said=
ended() { [ -z "$said" ] || echo "STATE: -$said" >&2; }
give_up() { ended; rm "half-$IPP_JOB_ID"; exit 1; }
cp "$1" "half-$IPP_JOB_ID"
while state=$(cat state) && [ "$state" != well ]; do
    [ "$state" = aborts ] && give_up
    [ "$state" = "$said" ] || { ended; said=$state; echo "STATE: +$state" >&2; }
    ipptool -tv -d job="$IPP_JOB_ID" URI job.test |
        grep -q processing-to-stop-point && give_up
    sleep 0.1
done
ended
echo "${IPP_COPIES:-1}" >"copies-$IPP_JOB_ID"
mv "half-$IPP_JOB_ID" "printed-$IPP_JOB_ID.pdf"
"#;

/// Asks the printer how a job is.
const JOB: &str = r"{
OPERATION Get-Job-Attributes
GROUP operation-attributes-tag
ATTR charset attributes-charset utf-8
ATTR naturalLanguage attributes-natural-language en
ATTR uri printer-uri $uri
ATTR integer job-id $job
}
";

impl IppEvePrinter {
    /// Starts a printer with its files in `dir`, which must exist and be empty.
    pub fn start(dir: &Path) -> Result<Self, CounterpartError> {
        let write = |name: &str, text: &str| {
            let path = dir.join(name);
            std::fs::write(&path, text).map_err(CounterpartError::file(&path)).map(|()| path)
        };
        let bus = dir.join("bus");
        let conf = write("bus.conf", &BUS.replace("BUS", &bus.to_string_lossy()))?;
        let port = free_port()?;
        let uri = format!("ipp://localhost:{port}/ipp/print");
        let script = PRINT.replace("DIR", &dir.to_string_lossy()).replace("URI", &uri);
        let script = write("print", &script)?;
        write("job.test", JOB)?;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&script, mode).map_err(CounterpartError::file(&script))?;
        write("state", "well")?;
        let spool = dir.join("spool");
        std::fs::create_dir(&spool).map_err(CounterpartError::file(&spool))?;

        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--nofork", "--nopidfile", "--print-address", "--config-file"]).arg(conf);
        let mut daemon = Started::spawn(daemon, "dbus-daemon", &dir.join("bus.log"))?;
        daemon.wait_for_word("unix:path")?;

        let mut printer = Self { printer: None, _bus: daemon, dir: dir.to_owned(), port };
        printer.switch_on()?;
        Ok(printer)
    }

    /// Switches it on again; its jobs are forgotten.
    pub fn switch_on(&mut self) -> Result<(), CounterpartError> {
        let mut printer = Command::new("ippeveprinter");
        printer.args(["-v", "-r", "off", "-f", "application/pdf", "-n", "localhost"]);
        printer.args(["-p", &self.port.to_string(), "-d"]).arg(self.dir.join("spool"));
        printer.arg("-c").arg(self.dir.join("print")).arg("Test");
        let bus = format!("unix:path={}", self.dir.join("bus").display());
        printer.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
        let log = self.dir.join("printer.log");
        let mut printer = Started::spawn(printer, "cups-ipp-utils", &log)?;
        printer.wait_for_port(([127, 0, 0, 1], self.port).into())?;
        self.printer = Some(printer);
        Ok(())
    }

    /// Pulls the plug.
    pub fn switch_off(&mut self) {
        self.printer = None;
    }

    /// Its address.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("ipp://localhost:{}/ipp/print", self.port)
    }

    /// Brings it into a state, for the job at hand and those to come: a word of
    /// `printer-state-reasons` such as `media-empty` keeps jobs waiting, `aborts` gives them up,
    /// `well` prints.
    pub fn set(&self, state: &str) -> Result<(), CounterpartError> {
        let (half, path) = (self.dir.join("state.half"), self.dir.join("state"));
        std::fs::write(&half, state).map_err(CounterpartError::file(&half))?;
        std::fs::rename(&half, &path).map_err(CounterpartError::file(&path))
    }

    /// What came out, in the order of the jobs: the PDF and how many times.
    pub fn printed(&self) -> Result<Vec<(Vec<u8>, u32)>, CounterpartError> {
        let mut printed = Vec::new();
        for job in 1..=JOBS_MAX {
            let path = self.dir.join(format!("printed-{job}.pdf"));
            let copies = self.dir.join(format!("copies-{job}"));
            if path.exists() {
                let pdf = std::fs::read(&path).map_err(CounterpartError::file(&path))?;
                let copies =
                    std::fs::read_to_string(&copies).map_err(CounterpartError::file(&copies))?;
                printed.push((pdf, copies.trim().parse().unwrap_or(0)));
            }
        }
        Ok(printed)
    }

    /// Whether a job waits in it.
    #[must_use]
    pub fn has_job(&self) -> bool {
        (1..=JOBS_MAX).any(|job| self.dir.join(format!("half-{job}")).exists())
    }

    /// What it said so far, for a test's own messages.
    #[must_use]
    pub fn log(&self) -> String {
        self.printer.as_ref().map(Started::log).unwrap_or_default()
    }
}
