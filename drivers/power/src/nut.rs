//! A UPS behind NUT's `upsd`, local or in the same cabinet.

pub mod line;
mod status;

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use drivers_api::{DeviceError, Fault, Power, PowerState};

use line::{Answer, LineError, Lines};

/// Where the daemon is, and which UPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NutConfig {
    /// `host:port`; NUT's port is 3493.
    pub address: String,
    /// The UPS, as `upsc -l` lists it.
    pub ups: String,
    /// Longest silence of the daemon.
    pub silence: Duration,
}

/// The UPS. The connection stays open; one that broke is opened anew at the next reading.
#[derive(Debug)]
pub struct NutPower {
    config: NutConfig,
    link: Option<TcpStream>,
}

impl NutPower {
    /// The UPS of `config`; nothing is opened yet.
    pub const fn new(config: NutConfig) -> Self {
        Self { config, link: None }
    }

    fn failed(&self, fault: Fault, detail: impl Into<String>) -> DeviceError {
        let device = format!("UPS {} at {}", self.config.ups, self.config.address);
        DeviceError::new(device, fault, detail)
    }

    fn connect(&self) -> Result<TcpStream, DeviceError> {
        let NutConfig { address, silence, .. } = &self.config;
        let absent = |error: std::io::Error| self.failed(Fault::Absent, error.to_string());
        let mut last = None;
        for at in address.to_socket_addrs().map_err(absent)? {
            match TcpStream::connect_timeout(&at, *silence) {
                Ok(link) => {
                    link.set_read_timeout(Some(*silence)).map_err(absent)?;
                    link.set_write_timeout(Some(*silence)).map_err(absent)?;
                    return Ok(link);
                }
                Err(error) => last = Some(error),
            }
        }
        let why = last.map_or_else(|| "no address".into(), |error| error.to_string());
        Err(self.failed(Fault::Absent, why))
    }

    /// A variable's value; none where this UPS does not have it.
    fn get(&self, link: &mut TcpStream, name: &str) -> Result<Option<String>, DeviceError> {
        let ups = &self.config.ups;
        let question = line::question(ups, name)
            .map_err(|_| self.failed(Fault::Misconfigured, "this is no name of a UPS"))?;
        link.write_all(question.as_bytes()).map_err(|error| self.broken(&error))?;
        let line = self.line(link)?;
        match line::answer(&line, ups, name) {
            Ok(Answer::Value(value)) => Ok(Some(value.as_str().into())),
            Ok(Answer::Refused(word)) if word == "VAR-NOT-SUPPORTED" => Ok(None),
            Ok(Answer::Refused(word)) => Err(self.refused(&word)),
            Err(_) => Err(self.failed(Fault::Protocol, "it answers something else than asked")),
        }
    }

    fn line(&self, link: &mut TcpStream) -> Result<Vec<u8>, DeviceError> {
        let mut lines = Lines::new();
        let mut byte = [0];
        loop {
            match link.read(&mut byte) {
                Ok(0) => return Err(self.failed(Fault::Removed, "the daemon hung up")),
                Ok(_) => {}
                Err(error) => return Err(self.broken(&error)),
            }
            match lines.push(byte[0]) {
                Ok(Some(line)) => return Ok(line.to_vec()),
                Ok(None) => {}
                Err(LineError::TooLong | LineError::NoAnswer) => {
                    return Err(self.failed(Fault::Protocol, "a line without end"));
                }
            }
        }
    }

    fn broken(&self, error: &std::io::Error) -> DeviceError {
        let silent = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        self.failed(if silent { Fault::Timeout } else { Fault::Removed }, error.to_string())
    }

    fn refused(&self, word: &str) -> DeviceError {
        let fault = match word {
            "UNKNOWN-UPS" => Fault::Misconfigured,
            "DATA-STALE" | "DRIVER-NOT-CONNECTED" => Fault::Removed,
            "ACCESS-DENIED" => Fault::Denied,
            _ => Fault::Protocol,
        };
        self.failed(fault, word)
    }

    fn ask(&self, link: &mut TcpStream) -> Result<PowerState, DeviceError> {
        let status = self.get(link, "ups.status")?.unwrap_or_default();
        let charge = self.get(link, "battery.charge")?;
        let charge = charge.as_deref().and_then(status::charge);
        status::judge(&status, charge).ok_or_else(|| {
            let detail = format!("its status {status:?} does not tell what carries the load");
            self.failed(Fault::Protocol, detail)
        })
    }
}

impl Power for NutPower {
    fn read(&mut self) -> Result<PowerState, DeviceError> {
        // A link from before may have gone with a daemon that is back by now.
        if let Some(mut link) = self.link.take()
            && let Ok(state) = self.ask(&mut link)
        {
            self.link = Some(link);
            return Ok(state);
        }
        let mut link = self.connect()?;
        let state = self.ask(&mut link)?;
        self.link = Some(link);
        Ok(state)
    }
}
