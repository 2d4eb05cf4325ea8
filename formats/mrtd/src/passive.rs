//! Passive Authentication (Doc 9303-11, 5.1): the files are those that a document signer signed,
//! and a trusted issuer stands behind that signer.

use time::OffsetDateTime;

use crate::sod::{Sod, SodError};
use crate::trust::TrustStore;

/// What the trust store says about the document signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Issuer {
    /// A trusted issuer signed its certificate, and both hold.
    Trusted,
    /// No trusted issuer did.
    Unknown,
    /// One did, but a certificate does not hold at this time.
    OutOfDate,
    /// One did, and has revoked it.
    Revoked,
}

/// What contradicts the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// EF.SOD itself.
    Sod(SodError),
    /// This data group is not the one that was signed.
    Group(u8),
    /// This data group was read, and the signature knows none such.
    Unsigned(u8),
    /// No data group was read that the signature knows.
    Nothing,
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passive {
    /// Everything that was read is what was signed, by a signer of whom the trust store says this.
    Signed(Issuer),
    /// Something contradicts the signature.
    Broken(Broken),
}

/// Holds the data groups that were read against EF.SOD. Groups that were not read are no fault, but
/// something must have been.
pub(crate) fn check(
    sod: &Result<Sod, SodError>,
    groups: &[(u8, &[u8])],
    trust: &TrustStore,
    now: OffsetDateTime,
) -> Passive {
    let sod = match sod {
        Ok(sod) => sod,
        Err(error) => return Passive::Broken(Broken::Sod(*error)),
    };
    if groups.is_empty() {
        return Passive::Broken(Broken::Nothing);
    }
    for (group, file) in groups {
        match sod.matches(*group, file) {
            Some(true) => {}
            Some(false) => return Passive::Broken(Broken::Group(*group)),
            None => return Passive::Broken(Broken::Unsigned(*group)),
        }
    }
    Passive::Signed(trust.judge(sod.signer(), sod.signer_der(), now))
}
