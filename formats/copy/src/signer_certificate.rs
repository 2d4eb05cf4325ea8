//! What a signer's certificate is worth before it signs: whom it names, until when, whether it
//! leads to a trusted root, and what its issuer says of it.

use time::OffsetDateTime;

use crate::evidence::{self, EVIDENCE_COUNT_MAX, Evidence, Question, Status};
use crate::trust::{Path, Purpose};
use crate::verify::common_name;
use crate::{TrustAnchors, x509};

/// A signer's own certificate.
#[derive(Debug, Clone)]
pub struct SignerCertificate {
    /// The common name.
    pub common_name: String,
    /// The serial number, in hexadecimal.
    pub serial: String,
    /// From when it is valid.
    pub valid_from: OffsetDateTime,
    /// Until when it is valid.
    pub valid_until: OffsetDateTime,
    /// Up to the root; none if it leads to no trusted one.
    path: Option<Path>,
}

impl SignerCertificate {
    /// Looks at a chain in DER, own certificate first, as of a time. None if the first is none.
    ///
    /// A certificate that is not valid at `at` is judged in the middle of its own time, so that its
    /// way to a root is found all the same.
    pub fn read(chain: &[Vec<u8>], trust: &TrustAnchors, at: OffsetDateTime) -> Option<Self> {
        let own = x509::parsed(chain.first()?)?;
        let body = &own.tbs_certificate;
        let valid_from = x509::moment(&body.validity.not_before);
        let valid_until = x509::moment(&body.validity.not_after);
        let judged =
            if x509::valid_at(&own, at) { at } else { valid_from + (valid_until - valid_from) / 2 };
        Some(Self {
            common_name: common_name(&body.subject).unwrap_or_default(),
            serial: hex::encode(body.serial_number.as_bytes()),
            valid_from,
            valid_until,
            path: trust.path(chain, judged, Purpose::Documents).ok(),
        })
    }

    /// Whether it leads to a trusted root and may sign documents.
    pub const fn is_trusted(&self) -> bool {
        self.path.is_some()
    }

    /// What to ask the issuers: one question for each certificate of the path but the root.
    pub fn questions(&self) -> Vec<Question> {
        let pairs = self.path.iter().flat_map(Path::pairs);
        pairs.filter_map(|(own, issuer)| Question::new(own, issuer)).collect()
    }

    /// When one of the path was revoked, by the issuers' answers (OCSP answers and lists, DER).
    pub fn revoked(&self, answers: &[Vec<u8>], at: OffsetDateTime) -> Option<OffsetDateTime> {
        let answers = answers.iter().take(EVIDENCE_COUNT_MAX);
        let evidence: Vec<_> = answers.filter_map(|answer| Evidence::of(answer)).collect();
        let states = self.path.iter().flat_map(Path::pairs);
        let states = states.map(|(own, issuer)| evidence::status(own, issuer, &evidence, at));
        let revoked = states.filter_map(|state| match state {
            Status::Revoked(at) => Some(at),
            Status::Good | Status::Unknown => None,
        });
        revoked.min()
    }
}
