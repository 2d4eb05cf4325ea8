//! What proves when a copy was signed, and that its signers' certificates were good then.
//!
//! The time that counts for the signers is the earliest one that is proven: the first time-stamp's.
//! Each time-stamp is proven by the next one, the last by whoever asks now. Without a time-stamp
//! only the signers say when they signed; a revocation then counts whenever it was.

use time::{Duration, OffsetDateTime};

use crate::appended::{Tail, Update};
use crate::beginning::Beginning;
use crate::cms::Chain;
use crate::evidence::{self, Status};
use crate::refusal::Refusal;
use crate::revision::Role;
use crate::timestamp::{TimeStampError, Token};
use crate::trust::{Path, Purpose};
use crate::{TrustAnchors, x509};

/// How much later than a time-stamp authority's a kiosk's clock may be. Its clock is set by the
/// network and drifts by seconds a day in a van without one.
const CLOCK_SLACK: Duration = Duration::minutes(10);

/// What a copy carries to prove itself later (ETSI EN 319 142-1, 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Signatures only: the signers themselves say when they signed.
    Basic,
    /// A time-stamp proves that the signatures existed.
    TimeStamped,
    /// Moreover, revocation data shows that every certificate was good at that time.
    LongTerm,
    /// Moreover, a later time-stamp keeps the revocation data.
    Archived,
}

impl Level {
    /// The standard's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "B-B",
            Self::TimeStamped => "B-T",
            Self::LongTerm => "B-LT",
            Self::Archived => "B-LTA",
        }
    }
}

/// A time-stamp that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStamp {
    /// When the file up to it existed.
    pub at: OffsetDateTime,
    /// The authority's common name.
    pub authority: String,
    /// The practice that the authority follows, as an object identifier.
    pub policy: String,
    /// When the authority's certificate ends; another time-stamp must come before.
    pub valid_until: OffsetDateTime,
}

/// Whose signatures are to be proven.
pub(crate) struct Signed<'a> {
    pub(crate) trust: &'a TrustAnchors,
    /// In their order.
    pub(crate) signers: Vec<(Role, &'a Chain)>,
    /// When they say that they signed.
    pub(crate) claimed: OffsetDateTime,
    /// When somebody asks; `None` to judge as of the last proven time.
    pub(crate) asked: Option<OffsetDateTime>,
    /// The unsigned part of the copy.
    pub(crate) beginning: &'a Beginning,
}

/// The result.
pub(crate) struct Proof {
    pub(crate) level: Level,
    pub(crate) stamps: Vec<TimeStamp>,
    /// The certificates of the signers and of each time-stamp, each up to its root.
    pub(crate) paths: Vec<Path>,
    /// Certificates with their issuers' that no revocation data tells of at their time.
    pub(crate) unknown: Vec<(Vec<u8>, Vec<u8>)>,
}

struct Stamp {
    token: Token,
    /// Whether revocation data came after it.
    followed: bool,
}

/// Checks the updates behind a sealed copy, from the first: each with the length of the file that
/// ends with it. `tail` has written none yet.
pub(crate) fn check(
    bytes: &[u8],
    sealed: usize,
    updates: &[(Update, usize)],
    tail: &mut Tail,
    signed: &Signed,
) -> Result<Proof, Refusal> {
    let mut stamps: Vec<Stamp> = Vec::new();
    let mut previous = sealed;
    for (update, length) in updates {
        match update {
            Update::Stamp(hole) => {
                let token = stamp(previous, &bytes[..*length], hole, tail, signed.beginning)?;
                stamps.push(Stamp { token, followed: false });
            }
            Update::Evidence(pieces) => {
                let expected = tail.add(&bytes[..previous], pieces);
                if pieces.is_empty() || expected.as_deref() != Some(&bytes[previous..*length]) {
                    return Err(Refusal::Added);
                }
                stamps.iter_mut().for_each(|stamp| stamp.followed = true);
            }
        }
        previous = *length;
    }
    in_order(&stamps, signed)?;
    judge(&stamps, tail, signed)
}

/// Checks one time-stamp's bytes and its signature.
fn stamp(
    previous: usize,
    whole: &[u8],
    hole: &std::ops::Range<usize>,
    tail: &mut Tail,
    beginning: &Beginning,
) -> Result<Token, Refusal> {
    let room = hole.len().saturating_sub(2) / 2;
    let expected = tail.stamp(&whole[..previous], room).ok_or(Refusal::Added)?;
    if expected.hole != *hole || !expected.stands_in(whole, previous) {
        return Err(Refusal::Added);
    }
    // One spelling only.
    let digits = &whole[hole.start + 1..hole.end - 1];
    if digits.iter().any(u8::is_ascii_uppercase) {
        return Err(Refusal::Added);
    }
    let structure = hex::decode(digits).map_err(|_| Refusal::Added)?;
    let refused = |source| Refusal::TimeStamp { source };
    let token = Token::read(&structure).map_err(refused)?;
    if token.digest != beginning.digest_around(whole, hole) {
        return Err(refused(TimeStampError::Unasked { part: "digest" }));
    }
    Ok(token)
}

fn in_order(stamps: &[Stamp], signed: &Signed) -> Result<(), Refusal> {
    let mut earliest = signed.claimed - CLOCK_SLACK;
    for stamp in stamps {
        if stamp.token.at < earliest {
            return Err(Refusal::TimeStamp { source: TimeStampError::Order });
        }
        earliest = stamp.token.at;
    }
    match signed.asked {
        Some(asked) if asked < earliest.max(signed.claimed) => Err(Refusal::NotYetSigned),
        _ => Ok(()),
    }
}

fn judge(stamps: &[Stamp], tail: &Tail, signed: &Signed) -> Result<Proof, Refusal> {
    let evidence = tail.evidence();
    let proven = stamps.first().map(|stamp| stamp.token.at);
    let mut complete = !evidence.is_empty();
    let (mut paths, mut unknown) = (Vec::new(), Vec::new());
    let mut ask = |certificate: &[u8], issuer: &[u8]| {
        unknown.push((certificate.to_vec(), issuer.to_vec()));
    };
    for &(role, chain) in &signed.signers {
        let at = proven.or(signed.asked).unwrap_or(signed.claimed);
        let path = certified(signed.trust, chain, at, role)?;
        for (certificate, issuer) in path.pairs() {
            match evidence::status(certificate, issuer, &evidence, proven.unwrap_or(signed.claimed))
            {
                Status::Good => {}
                Status::Unknown => {
                    complete = false;
                    ask(certificate, issuer);
                }
                Status::Revoked(at) if proven.is_none_or(|proven| at <= proven) => {
                    return Err(Refusal::Revoked { role, at });
                }
                Status::Revoked(_) => {}
            }
        }
        paths.push(path);
    }
    for (i, stamp) in stamps.iter().enumerate() {
        let next = stamps.get(i + 1).map(|next| next.token.at);
        let until = next.or(signed.asked).unwrap_or(stamp.token.at);
        let path = trusted(signed.trust, &stamp.token, until)?;
        for (certificate, issuer) in path.pairs() {
            match evidence::status(certificate, issuer, &evidence, stamp.token.at) {
                Status::Revoked(at) if at <= until => {
                    return Err(Refusal::TimeStamp { source: TimeStampError::Revoked });
                }
                Status::Unknown => {
                    complete = complete && !stamp.followed;
                    ask(certificate, issuer);
                }
                _ => {}
            }
        }
        paths.push(path);
    }
    let level = match stamps {
        [] => Level::Basic,
        [first, .., last] if complete && first.followed && !last.followed => Level::Archived,
        [first, ..] if complete && first.followed => Level::LongTerm,
        _ => Level::TimeStamped,
    };
    Ok(Proof { level, stamps: stamps.iter().map(described).collect(), paths, unknown })
}

/// A signer's certificates up to a root, at a time.
pub(crate) fn certified(
    trust: &TrustAnchors,
    chain: &Chain,
    at: OffsetDateTime,
    role: Role,
) -> Result<Path, Refusal> {
    trust.path(&chain.der, at, Purpose::Documents).map_err(|source| match source {
        // A stranger's root may bear the name of a trusted one.
        webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => {
            Refusal::UnknownIssuer { role }
        }
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
            Refusal::NotValidThen { role }
        }
        webpki::Error::RequiredEkuNotFoundContext(_)
        | webpki::Error::CaUsedAsEndEntity
        | webpki::Error::EndEntityUsedAsCa => Refusal::WrongPurpose { role },
        source => Refusal::CertificateUnusable { role, source },
    })
}

/// A time-stamp authority's certificates, at its own time and for as long as it must be believed.
fn trusted(trust: &TrustAnchors, token: &Token, until: OffsetDateTime) -> Result<Path, Refusal> {
    let path = |at| {
        trust
            .path(&token.certificates, at, Purpose::TimeStamps)
            .map_err(|source| Refusal::TimeStamp { source: TimeStampError::Untrusted(source) })
    };
    path(token.at)?;
    path(until)
}

fn described(stamp: &Stamp) -> TimeStamp {
    let own = stamp.token.certificates.first().and_then(|der| x509::parsed(der));
    let own = own.map(|own| own.tbs_certificate);
    let valid_until = own.as_ref().map(|own| x509::moment(&own.validity.not_after));
    let subject = own.map(|own| own.subject);
    TimeStamp {
        at: stamp.token.at,
        authority: subject.and_then(|name| crate::verify::common_name(&name)).unwrap_or_default(),
        policy: stamp.token.policy.to_string(),
        valid_until: valid_until.unwrap_or(stamp.token.at),
    }
}
