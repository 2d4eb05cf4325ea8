//! The command's side of the running daemon: whether there is one, and what it says of itself.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::check::{Report, Subject};
use super::selftest::WHOLE_MAX;
use super::status::Status;
use crate::store;

/// How long the daemon may take to answer beyond the work that is asked of it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whether a daemon has this kiosk.
pub enum Found {
    /// It answers.
    Running(Daemon),
    /// A process has the kiosk's state, and no page answers.
    Silent(AskError),
    /// No process has it.
    None,
}

/// The running daemon.
pub struct Daemon {
    agent: ureq::Agent,
    /// Address of the technician's page, without its key.
    base: String,
    cookie: String,
}

/// Why the daemon gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Its addresses are not where it writes them.
    #[error("cannot read the addresses of its pages")]
    Addresses(#[source] std::io::Error),
    /// What is written there are no addresses of this version.
    #[error("{what} is not as this version writes it: another version runs")]
    Other {
        /// What was read.
        what: &'static str,
    },
    /// It does not answer, or refuses.
    #[error("its pages do not answer")]
    Ask(#[source] Box<ureq::Error>),
}

#[derive(Deserialize)]
struct Addresses {
    technician: Option<String>,
}

/// Looks for the daemon that has the state in this folder.
pub fn find(state: &Path) -> Found {
    match Daemon::greet(state) {
        Ok(daemon) => Found::Running(daemon),
        Err(error) if store::is_held(state) => Found::Silent(error),
        Err(_) => Found::None,
    }
}

impl Daemon {
    fn greet(state: &Path) -> Result<Self, AskError> {
        let text = std::fs::read(state.join("screen.json")).map_err(AskError::Addresses)?;
        let other = || AskError::Other { what: "screen.json" };
        let addresses: Addresses = serde_json::from_slice(&text).map_err(|_| other())?;
        let address = addresses.technician.ok_or_else(other)?;
        let (page, key) = address.split_once("?key=").ok_or_else(other)?;
        let base = page.strip_suffix("/technician").ok_or_else(other)?;
        let config = ureq::Agent::config_builder();
        let config = config.timeout_global(Some(WHOLE_MAX + PATIENCE)).max_redirects(0).build();
        let (base, cookie) = (base.to_owned(), format!("technician={key}"));
        let daemon = Self { agent: config.into(), base, cookie };
        daemon.get::<serde::de::IgnoredAny>("/api/technician/hello").map(|_| daemon)
    }

    /// How it is.
    pub fn status(&self) -> Result<Status, AskError> {
        self.get("/api/technician/status")
    }

    /// What it finds when it checks these subjects; all if there are none.
    pub fn selftest(&self, subjects: &[Subject]) -> Result<Report, AskError> {
        let body = serde_json::json!({ "subjects": subjects });
        let url = format!("{}/api/technician/selftest", self.base);
        let request = self.agent.post(url).header("cookie", &self.cookie);
        let mut answer = request.send_json(body).map_err(|e| AskError::Ask(Box::new(e)))?;
        answer.body_mut().read_json().map_err(|_| AskError::Other { what: "its answer" })
    }

    /// Lets it put on record that the cabinet is whole, by whom; why not, if it does not.
    pub fn clear_cabinet(&self, by: &str) -> Result<Option<String>, AskError> {
        let url = format!("{}/api/technician/clear-cabinet", self.base);
        let request = self.agent.post(url).header("cookie", &self.cookie);
        let body = serde_json::json!({ "by": by });
        let mut answer = request.send_json(body).map_err(|e| AskError::Ask(Box::new(e)))?;
        answer.body_mut().read_json().map_err(|_| AskError::Other { what: "its answer" })
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, AskError> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let answer = request.header("cookie", &self.cookie).call();
        let mut answer = answer.map_err(|error| AskError::Ask(Box::new(error)))?;
        answer.body_mut().read_json().map_err(|_| AskError::Other { what: "its answer" })
    }
}
