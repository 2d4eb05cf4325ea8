//! Watches the keys that this kiosk signs with: whether their tokens are there, how long their
//! certificates last, whether they lead to a trusted root and were not revoked.
//!
//! Nothing here uses a PIN or a private key. A certificate of a state authority takes weeks to
//! renew, so people hear of its end weeks before.

use drivers_api::DeviceError;
use formats_copy::{SignerCertificate, TrustAnchors};
use formats_trust_services::TrustServices;
use serde::Serialize;
use time::{Duration, OffsetDateTime};

/// How long before its end a certificate is spoken of.
pub const WARN: Duration = Duration::days(60);

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// An officer, by the id of the site file.
    Officer(String),
    /// The authority, with its seal.
    Authority,
    /// This device, for its connection to the registry.
    Device,
}

/// What is wrong with a key, the worst first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Problem {
    /// Its issuer has revoked it, or an authority above it.
    #[error("it was revoked on {since}")]
    Revoked {
        /// Since when.
        #[serde(with = "time::serde::rfc3339")]
        since: OffsetDateTime,
    },
    /// Its certificate has ended.
    #[error("its certificate has ended")]
    Expired,
    /// Its certificate is not valid yet.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// Its certificate leads to no trusted root, or is not one to sign documents with.
    #[error("its certificate leads to no trusted root, or is not for signing documents")]
    Untrusted,
    /// Its token is not there, or does not answer.
    #[error("{cause}")]
    Missing {
        /// What the token's driver says.
        cause: String,
        /// What to do.
        hint: &'static str,
    },
    /// Its certificate ends soon.
    #[error("its certificate ends in {days} days")]
    EndsSoon {
        /// Whole days that are left.
        days: i64,
    },
}

/// A key that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    /// Whose it is.
    pub holder: Holder,
    /// The name in its certificate; empty when that could not be read.
    pub name: String,
    /// The certificate's serial number, in hexadecimal.
    pub serial: String,
    /// Until when it is valid.
    #[serde(with = "time::serde::rfc3339::option")]
    pub valid_until: Option<OffsetDateTime>,
    /// Whether its issuers were asked about revocation; they are not while the kiosk is offline.
    pub revocation_known: bool,
    /// What is wrong with it; none if all is well.
    pub problem: Option<Problem>,
}

/// What a look at the keys needs.
pub struct Watch<'a> {
    /// The roots that signers' certificates must lead to.
    pub trust: &'a TrustAnchors,
    /// Who is asked about revocation; nobody if none.
    pub services: Option<&'a dyn TrustServices>,
    /// The time.
    pub now: OffsetDateTime,
}

/// Looks at one key: its holder, and its chain as its token gives it.
pub fn look(
    holder: Holder,
    chain: Result<Vec<Vec<u8>>, DeviceError>,
    watch: &Watch<'_>,
) -> KeyReport {
    let Watch { trust, services, now } = *watch;
    let mut report = KeyReport {
        holder,
        name: String::new(),
        serial: String::new(),
        valid_until: None,
        revocation_known: false,
        problem: None,
    };
    let chain = match chain {
        Ok(chain) => chain,
        Err(error) => return KeyReport { problem: Some(missing(&error)), ..report },
    };
    let Some(certificate) = SignerCertificate::read(&chain, trust, now) else {
        return KeyReport { problem: Some(Problem::Untrusted), ..report };
    };
    let signs_documents = report.holder != Holder::Device;
    report.problem = of_time(&certificate, now)
        .or_else(|| (signs_documents && !certificate.is_trusted()).then_some(Problem::Untrusted));
    if let Some(services) = services.filter(|_| signs_documents) {
        let questions = certificate.questions();
        let asked = questions.iter().map(|question| services.revocation(question));
        if let Ok(answers) = asked.collect::<Result<Vec<_>, _>>() {
            report.revocation_known = !answers.is_empty();
            let revoked = certificate.revoked(&answers, now);
            report.problem = revoked.map(|since| Problem::Revoked { since }).or(report.problem);
        }
    }
    report.problem = report.problem.or_else(|| ends_soon(&certificate, now));
    KeyReport {
        name: certificate.common_name,
        serial: certificate.serial,
        valid_until: Some(certificate.valid_until),
        ..report
    }
}

fn missing(error: &DeviceError) -> Problem {
    Problem::Missing { cause: error.to_string(), hint: error.hint() }
}

fn of_time(certificate: &SignerCertificate, now: OffsetDateTime) -> Option<Problem> {
    if certificate.valid_until < now {
        Some(Problem::Expired)
    } else if now < certificate.valid_from {
        Some(Problem::NotYetValid)
    } else {
        None
    }
}

fn ends_soon(certificate: &SignerCertificate, now: OffsetDateTime) -> Option<Problem> {
    let left = certificate.valid_until - now;
    (left < WARN).then(|| Problem::EndsSoon { days: left.whole_days() })
}

impl Problem {
    /// What the technician or the office should do. One sentence.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Revoked { .. } => "stop using this key and ask its issuer for a new certificate",
            Self::Expired | Self::EndsSoon { .. } => {
                "ask the issuer to renew the certificate and put it on the token"
            }
            Self::NotYetValid => "compare the kiosk's clock with the certificate's first day",
            Self::Untrusted => {
                "put the issuer's root into trust.roots, and its certificates on the token"
            }
            Self::Missing { hint, .. } => hint,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use counterpart::{Identity, Revocation, Subject, TestCa, Usage};
    use drivers_api::Fault;
    use formats_copy::Question;
    use time::macros::datetime;

    use super::*;

    struct Responder(Revocation);

    impl TrustServices for Responder {
        fn time_stamp(&self, _: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
            Err("not asked here".into())
        }

        fn revocation(&self, question: &Question) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
            Ok(self.0.answer(&question.ocsp_request)?)
        }
    }

    struct World {
        ca: TestCa,
        officer: Identity,
        trust: TrustAnchors,
        until: OffsetDateTime,
    }

    fn world() -> World {
        let ca = TestCa::new("Test root").expect("a root");
        let subject = Subject::new("Nguyễn Thị Thử", "UBND");
        let officer = ca.issue_with_key(&subject, &Usage::DocumentSigner).expect("a certificate");
        let trust = TrustAnchors::from_pem(ca.root().pem.as_bytes()).expect("usable");
        let chain = [officer.certificate.der.clone()];
        let at = datetime!(2026-01-01 00:00 UTC);
        let until = SignerCertificate::read(&chain, &trust, at).expect("read").valid_until;
        World { ca, officer, trust, until }
    }

    impl World {
        fn look(&self, services: Option<&dyn TrustServices>, before_end: Duration) -> KeyReport {
            let chain = vec![self.officer.certificate.der.clone(), self.ca.root().der.clone()];
            let now = self.until - before_end;
            let watch = Watch { trust: &self.trust, services, now };
            look(Holder::Officer("ha".into()), Ok(chain), &watch)
        }
    }

    #[test]
    fn a_certificate_is_spoken_of_two_months_before_its_end_and_after_it() {
        let world = world();
        assert_eq!(world.look(None, Duration::days(61)).problem, None);
        let soon = world.look(None, Duration::days(59) + Duration::HOUR);
        assert_eq!(soon.problem, Some(Problem::EndsSoon { days: 59 }));
        assert_eq!((soon.name.as_str(), soon.valid_until), ("Nguyễn Thị Thử", Some(world.until)));
        let ended = world.look(None, -Duration::days(1));
        assert_eq!(ended.problem, Some(Problem::Expired));
        let early = world.look(None, Duration::days(4000));
        assert_eq!(early.problem, Some(Problem::NotYetValid));
    }

    #[test]
    fn a_revocation_outweighs_all_else_and_silence_is_not_taken_for_good() {
        let world = world();
        let mut revocation = Revocation::new(&world.ca).expect("a responder");
        let since = datetime!(2026-01-01 00:00 UTC);
        revocation.enter(&world.officer.certificate.der, Some(since)).expect("entered");
        let responder = Responder(revocation);
        let report = world.look(Some(&responder), Duration::days(700));
        assert_eq!(report.problem, Some(Problem::Revoked { since }));
        assert!(report.revocation_known);
        assert!(!world.look(None, Duration::days(700)).revocation_known);
    }

    #[test]
    fn a_stranger_and_a_token_that_is_not_there_are_told_apart() {
        let world = world();
        let stranger = TestCa::new("Test root").expect("a root of the same name");
        let trust = TrustAnchors::from_pem(stranger.root().pem.as_bytes()).expect("usable");
        let now = world.until - Duration::days(700);
        let watch = Watch { trust: &trust, services: None, now };
        let chain = vec![world.officer.certificate.der.clone(), world.ca.root().der.clone()];
        let report = look(Holder::Authority, Ok(chain.clone()), &watch);
        assert_eq!(report.problem, Some(Problem::Untrusted));
        assert_eq!(look(Holder::Device, Ok(chain), &watch).problem, None, "another root's affair");
        let gone = DeviceError::new("token", Fault::Removed, "no token of that label");
        let report = look(Holder::Authority, Err(gone), &watch);
        assert!(matches!(report.problem, Some(Problem::Missing { .. })), "{report:?}");
    }
}
