//! The network side: one HTTP POST for each question.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use formats_copy::{EVIDENCE_BYTES_MAX, Question};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::TrustServices;

/// Longest answer that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = EVIDENCE_BYTES_MAX;

/// Where the time-stamp authority is. Responders need no setting: certificates name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address of the authority, `http://…` or `https://…`.
    pub url: String,
    /// The practice asked for, as an object identifier; any if absent.
    pub policy: Option<String>,
    /// PEM of the roots that an `https` address must lead to; required for one.
    pub ca: Option<PathBuf>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Only these two schemes exist for trust services.
    #[error("{url} is neither an http nor an https address")]
    Scheme {
        /// The address.
        url: String,
    },
    /// An https address without roots would be believed by nobody.
    #[error("{url} needs `ca`, the roots above its certificate")]
    NoRoots {
        /// The address.
        url: String,
    },
    /// The roots cannot be read.
    #[error("cannot read roots {path}")]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
}

/// Why a service gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// It could not be reached, or its answer was cut or too long.
    #[error("{url} did not answer")]
    Exchange {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: ureq::Error,
    },
    /// It answered something else than 200.
    #[error("{url} answered with status {status}")]
    Status {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// No time-stamp authority was named.
    #[error("no time-stamp authority is named")]
    NoAuthority,
    /// The certificate names neither a responder nor a list that can be asked for.
    #[error("the certificate names no responder and no list over http")]
    NoAddress,
}

/// Trust services over the network.
#[derive(Debug, Clone)]
pub struct Online {
    agent: Agent,
    /// The time-stamp authority, if there is one.
    settings: Option<Settings>,
}

impl Online {
    /// Clients that wait at most `patience` for a whole answer. Opens no connection.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn new(settings: Settings, patience: Duration) -> Result<Self, SettingsError> {
        let url = &settings.url;
        let (plain, tls) = (url.starts_with("http://"), url.starts_with("https://"));
        if !plain && !tls {
            return Err(SettingsError::Scheme { url: url.clone() });
        }
        if tls && settings.ca.is_none() {
            return Err(SettingsError::NoRoots { url: url.clone() });
        }
        let roots = settings.ca.as_deref().map(roots).transpose()?.unwrap_or_default();
        Ok(Self { agent: agent(roots, patience), settings: Some(settings) })
    }

    /// Clients of the responders that certificates name, without a time-stamp authority.
    #[must_use]
    pub fn responders(patience: Duration) -> Self {
        Self { agent: agent(Vec::new(), patience), settings: None }
    }

    fn post(&self, url: &str, kind: &str, request: &[u8]) -> Result<Vec<u8>, ServiceError> {
        self.read(url, self.agent.post(url).content_type(kind).send(request))
    }

    fn get(&self, url: &str) -> Result<Vec<u8>, ServiceError> {
        self.read(url, self.agent.get(url).call())
    }

    fn read(
        &self,
        url: &str,
        answer: Result<ureq::http::Response<Body>, ureq::Error>,
    ) -> Result<Vec<u8>, ServiceError> {
        let failed = |source| ServiceError::Exchange { url: url.to_owned(), source };
        let mut answer = answer.map_err(failed)?;
        if answer.status().as_u16() != 200 {
            let status = answer.status().as_u16();
            return Err(ServiceError::Status { url: url.to_owned(), status });
        }
        let limit = ANSWER_BYTES_MAX as u64;
        answer.body_mut().with_config().limit(limit).read_to_vec().map_err(failed)
    }
}

impl TrustServices for Online {
    fn time_stamp(&self, request: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let settings = self.settings.as_ref().ok_or(ServiceError::NoAuthority)?;
        Ok(self.post(&settings.url, "application/timestamp-query", request)?)
    }

    /// Asks the responders that the certificate names, one after the other, then for the lists.
    fn revocation(&self, question: &Question) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let mut last = ServiceError::NoAddress;
        let over_http = |url: &&String| url.starts_with("http://") || url.starts_with("https://");
        for url in question.ocsp_addresses.iter().filter(over_http) {
            match self.post(url, "application/ocsp-request", &question.ocsp_request) {
                Ok(answer) => return Ok(answer),
                Err(error) => last = error,
            }
        }
        for url in question.crl_addresses.iter().filter(over_http) {
            match self.get(url) {
                Ok(list) => return Ok(list),
                Err(error) => last = error,
            }
        }
        Err(last.into())
    }

    fn policy(&self) -> Option<&str> {
        self.settings.as_ref()?.policy.as_deref()
    }
}

fn agent(roots: Vec<Certificate<'static>>, patience: Duration) -> Agent {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(provider)
        .build();
    Agent::config_builder()
        .timeout_global(Some(patience))
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("BanSao")
        .tls_config(tls)
        .build()
        .into()
}

fn roots(path: &Path) -> Result<Vec<Certificate<'static>>, SettingsError> {
    let failed = |source| SettingsError::Roots { path: path.to_owned(), source };
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_file_iter(path).map_err(failed)? {
        found.push(Certificate::from_der(&certificate.map_err(failed)?).to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Settings {
        Settings { url: url.to_owned(), policy: None, ca: None }
    }

    #[test]
    fn only_http_addresses_are_taken_and_https_ones_need_roots() {
        let make = |url| Online::new(settings(url), Duration::from_secs(1));
        assert!(make("http://tsa.example.vn").is_ok());
        assert!(matches!(make("https://tsa.example.vn"), Err(SettingsError::NoRoots { .. })));
        assert!(matches!(make("ftp://tsa.example.vn"), Err(SettingsError::Scheme { .. })));
    }

    #[test]
    fn roots_that_cannot_be_read_are_named() {
        let ca = Some(PathBuf::from("/nowhere/roots.pem"));
        let settings = Settings { ca, ..settings("https://tsa.example.vn") };
        let error = Online::new(settings, Duration::from_secs(1)).expect_err("no such file");
        assert!(error.to_string().contains("/nowhere/roots.pem"));
    }
}
