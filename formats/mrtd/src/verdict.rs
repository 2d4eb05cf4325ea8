//! What is to be thought of a chip, from everything that was proven and was not.

use crate::passive::{Broken, Issuer, Passive};

/// Whether the chip is the one that the issuer made, and no copy of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChipProof {
    /// It proved its private key by Active Authentication.
    Active,
    /// It proved its private key by Chip Authentication.
    Chip,
    /// The issuer gave it no key, so files can be copied to another chip unnoticed.
    NotOffered,
    /// The issuer gave it a key of a kind that is not known here.
    Unsupported,
    /// The issuer gave it a key, and it could not show that it has it.
    Failed,
    /// The signature knows its public key's file, and the chip would not give it.
    Withheld,
}

/// All that was proven and was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// The files.
    pub passive: Passive,
    /// The chip.
    pub chip: ChipProof,
}

/// Why a chip is suspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// A file is not what was signed.
    Altered(Broken),
    /// The document signer's certificate was revoked.
    Revoked,
    /// It cannot show the private key that the issuer gave it.
    NoPrivateKey,
    /// It hides the file of its public key.
    KeyWithheld,
}

/// What is to be thought of a chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Files and chip are the issuer's.
    Genuine,
    /// The files are the issuer's; whether the chip is was not proven.
    FilesOnly,
    /// Nothing speaks against it, and no trusted issuer that is in force stands behind it.
    IssuerUnknown(Issuer),
    /// Something speaks against it.
    Suspected(Suspicion),
}

impl Evidence {
    /// The verdict: what speaks against a chip counts more than what speaks for it.
    pub const fn verdict(&self) -> Verdict {
        match (self.passive, self.chip) {
            (Passive::Broken(broken), _) => Verdict::Suspected(Suspicion::Altered(broken)),
            (Passive::Signed(Issuer::Revoked), _) => Verdict::Suspected(Suspicion::Revoked),
            (_, ChipProof::Failed) => Verdict::Suspected(Suspicion::NoPrivateKey),
            (_, ChipProof::Withheld) => Verdict::Suspected(Suspicion::KeyWithheld),
            (Passive::Signed(issuer @ (Issuer::Unknown | Issuer::OutOfDate)), _) => {
                Verdict::IssuerUnknown(issuer)
            }
            (Passive::Signed(Issuer::Trusted), ChipProof::Active | ChipProof::Chip) => {
                Verdict::Genuine
            }
            (Passive::Signed(Issuer::Trusted), ChipProof::NotOffered | ChipProof::Unsupported) => {
                Verdict::FilesOnly
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_speaks_against_a_chip_counts_more_than_what_speaks_for_it() {
        let verdict = |passive, chip| Evidence { passive, chip }.verdict();
        let signed = Passive::Signed;
        assert_eq!(verdict(signed(Issuer::Trusted), ChipProof::Active), Verdict::Genuine);
        assert_eq!(verdict(signed(Issuer::Trusted), ChipProof::NotOffered), Verdict::FilesOnly);
        let suspected = |suspicion| Verdict::Suspected(suspicion);
        for issuer in [Issuer::Trusted, Issuer::Unknown, Issuer::OutOfDate] {
            let failed = verdict(signed(issuer), ChipProof::Failed);
            assert_eq!(failed, suspected(Suspicion::NoPrivateKey));
            let withheld = verdict(signed(issuer), ChipProof::Withheld);
            assert_eq!(withheld, suspected(Suspicion::KeyWithheld));
        }
        let revoked = verdict(signed(Issuer::Revoked), ChipProof::Active);
        assert_eq!(revoked, suspected(Suspicion::Revoked));
        let broken = Broken::Group(2);
        let altered = verdict(Passive::Broken(broken), ChipProof::Active);
        assert_eq!(altered, suspected(Suspicion::Altered(broken)));
        let unknown = verdict(signed(Issuer::Unknown), ChipProof::Chip);
        assert_eq!(unknown, Verdict::IssuerUnknown(Issuer::Unknown));
    }
}
