//! Who may sign in and decide, and how the officers' pages are served.

use std::net::SocketAddr;
use std::path::PathBuf;

use formats_vn::capacity::is_delegated;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::clock::VIETNAM;

/// One officer with the right to certify (Decree 280/2025: capacity and instrument of delegation).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// Short identity used on the officer page, e.g. `nguyen.van.a`.
    pub id: String,
    /// Full name as it is printed.
    pub name: String,
    /// What the person may do: `decide`, `look` at cases without deciding, or `technician`, who
    /// sees how the kiosk is and no case.
    #[serde(default)]
    pub role: OfficerRole,
    /// SHA-256 of each client certificate (DER) that opens pages from the network for this person,
    /// in hexadecimal.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// Capacity in which the officer signs, e.g. `TUQ. CHỦ TỊCH`.
    #[schemars(extend("x-source" = "Decree 280/2025; Decree 30/2020, Annex I"))]
    pub capacity: String,
    /// The instrument of delegation, as column 8 of the book names it; a delegated capacity must
    /// have one.
    #[serde(default)]
    #[schemars(extend("x-source" = "Decree 280/2025"))]
    pub delegation: String,
    /// First day of the delegation.
    #[serde(with = "super::iso_date")]
    #[schemars(with = "String", extend("x-unit" = "YYYY-MM-DD"))]
    pub valid_from: Date,
    /// Last day of the delegation.
    #[serde(with = "super::iso_date")]
    #[schemars(with = "String", extend("x-unit" = "YYYY-MM-DD"))]
    pub valid_until: Date,
    /// The PKCS#11 module of the officer's token, where it is another than the board's.
    pub module: Option<PathBuf>,
    /// The officer's token and key. The PIN is entered for each decision and never stored.
    pub token: String,
    /// Label of the key on the token.
    pub key: String,
    /// PNG of the handwritten signature, blue on transparency.
    pub signature_image: Option<PathBuf>,
}

/// What somebody who signs in may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfficerRole {
    /// See cases and decide.
    #[default]
    Decide,
    /// See cases.
    Look,
    /// See how the kiosk is.
    Technician,
}

impl OfficerRole {
    /// Whether cases are decided in this role.
    pub const fn decides(self) -> bool {
        matches!(self, Self::Decide)
    }

    /// Whether cases, with all that is in them, are seen in this role.
    pub const fn sees_cases(self) -> bool {
        matches!(self, Self::Decide | Self::Look)
    }
}

/// The officers' pages.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OfficerPages {
    /// How long one PIN entry lets an officer sign; 0 asks for the PIN with each copy.
    #[schemars(extend("x-unit" = "min"))]
    pub session_minutes: u32,
    /// How many copies one PIN entry lets an officer sign; 0 asks for the PIN with each copy.
    #[schemars(extend("x-unit" = "copies"))]
    pub session_signatures: u32,
    /// Address of the officers' pages on the network; none serves them on this machine only.
    /// Whoever comes needs a client certificate that `officers` names.
    pub listen: Option<SocketAddr>,
    /// PEM of this server's certificate and those above it.
    pub certificate: Option<PathBuf>,
    /// File with this server's private key, PEM, readable by the kiosk's user only.
    pub key: Option<PathBuf>,
    /// PEM of the authority that issued the officers' client certificates.
    pub client_ca: Option<PathBuf>,
}

/// How long, and for how many copies, one PIN entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Minutes.
    pub minutes: u32,
    /// Copies.
    pub signatures: u32,
}

impl SessionLimits {
    /// How long.
    pub const fn time(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.minutes as u64 * 60)
    }
}

impl OfficerPages {
    /// The bounds of a session; none where the PIN is asked for with each copy.
    pub const fn session(&self) -> Option<SessionLimits> {
        match (self.session_minutes, self.session_signatures) {
            (0, _) | (_, 0) => None,
            (minutes, signatures) => Some(SessionLimits { minutes, signatures }),
        }
    }
}

/// Why an officer may not sign at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotInForce {
    /// The person is no officer who decides.
    #[error("the site file gives this person no right to decide")]
    Role,
    /// The capacity is delegated and nothing says by what.
    #[error("the officer's capacity is delegated and the site file names no instrument for it")]
    Instrument,
    /// The day is before the first or behind the last.
    #[error("the officer's delegation holds from {from} to {until}")]
    Validity {
        /// Its first day.
        from: Date,
        /// Its last day.
        until: Date,
    },
}

impl Officer {
    /// Whether the officer may decide and sign at this moment: by an instrument where the capacity
    /// needs one, within its days in Vietnam's time.
    pub fn may_sign_at(&self, at: OffsetDateTime) -> Result<(), NotInForce> {
        if !self.role.decides() {
            return Err(NotInForce::Role);
        }
        if is_delegated(&self.capacity) && self.delegation.trim().is_empty() {
            return Err(NotInForce::Instrument);
        }
        let day = at.to_offset(VIETNAM).date();
        if !(self.valid_from..=self.valid_until).contains(&day) {
            return Err(NotInForce::Validity { from: self.valid_from, until: self.valid_until });
        }
        Ok(())
    }
}
