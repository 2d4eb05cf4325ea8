//! From a request to a sealed copy.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::build::{self, BuildError, Plan, Press};
use crate::cms::{Chain, CmsError};
use crate::draft::Draft;
use crate::manifest::Manifest;
use crate::pades::{self, SignError};
use crate::request::{Assets, CopyRequest, RequestError};
use crate::revision::{BaseError, Role};
use crate::signer::Signer;
use crate::{FILE_BYTES_MAX, GenuineCopy, Refusal, TrustAnchors, VerificationCode, hash};

/// A sealed copy. Its bytes never change again.
#[derive(Debug, Clone)]
pub struct SealedCopy {
    /// The PDF file.
    pub bytes: Vec<u8>,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// What is attached inside.
    pub manifest: Manifest,
    /// The text of its QR code.
    pub qr: String,
}

/// Why no copy was made. There is never half a copy: the bytes leave only when both signed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The request cannot become a copy.
    #[error("the request is not complete")]
    Request(#[from] RequestError),
    /// The pages cannot be laid out.
    #[error("the copy cannot be laid out")]
    Build(#[from] BuildError),
    /// The manifest cannot be written.
    #[error("the manifest cannot be written")]
    Manifest(#[source] serde_json::Error),
    /// The file that was laid out cannot carry signatures.
    #[error("the file laid out cannot be signed")]
    Base(#[from] BaseError),
    /// A signer's certificates cannot be used.
    #[error("the certificates of the {role:?} cannot be used")]
    Chain {
        /// Whose.
        role: Role,
        /// What is wrong.
        #[source]
        source: CmsError,
    },
    /// One key signs for both; the law asks for the officer and the authority.
    #[error("officer and authority sign with the same key")]
    SameSigner,
    /// A signer did not sign.
    #[error("the signature of the {role:?} was not made")]
    Sign {
        /// Whose.
        role: Role,
        /// What went wrong.
        #[source]
        source: SignError,
    },
    /// The copy is larger than a verifier accepts.
    #[error("the copy of {bytes} bytes is larger than {FILE_BYTES_MAX}")]
    Size {
        /// Its size.
        bytes: usize,
    },
}

/// A copy that was just sealed and that nobody has verified yet.
pub struct FreshCopy {
    draft: Draft,
    manifest: Manifest,
    qr: String,
}

impl FreshCopy {
    /// The text of its QR code.
    pub fn qr(&self) -> &str {
        &self.qr
    }

    /// Judges the file as a stranger does. What sealing found of its own bytes in memory (their
    /// digest, their objects) is not found a second time; every check is made on it.
    pub fn verified(self, trust: &TrustAnchors) -> Result<GenuineCopy, Refusal> {
        GenuineCopy::fresh(self.draft, trust)
    }

    /// The file as it is.
    pub fn unverified(self) -> SealedCopy {
        let sha256 = self.draft.digest(&[]);
        let Self { draft, manifest, qr } = self;
        SealedCopy { sha256, bytes: draft.into_bytes(), manifest, qr }
    }
}

/// Makes a sealed copy as [`Press::seal`] does, reading typefaces and images for this one.
///
/// The caller verifies the result with [`verify`](crate::verify) before it relies on it, and again
/// after reading it back from disk.
pub fn seal(
    request: &CopyRequest,
    assets: &Assets,
    officer: &mut dyn Signer,
    authority: &mut dyn Signer,
) -> Result<SealedCopy, SealError> {
    Press::new(assets)?.seal(request, officer, authority).map(FreshCopy::unverified)
}

impl Press {
    /// Makes a sealed copy: the authority signs the manifest's digest for the QR code, the pages
    /// are laid out, the product's signers sign in their order. The officer's key is asked only
    /// where the officer is one of them.
    ///
    /// A copy above [`FILE_BYTES_MAX`] is refused before anyone signs.
    pub fn seal(
        &self,
        request: &CopyRequest,
        officer: &mut dyn Signer,
        authority: &mut dyn Signer,
    ) -> Result<FreshCopy, SealError> {
        request.check()?;
        let chain = |signer: &dyn Signer, role| {
            Chain::new(signer.chain(), signer.algorithm())
                .map_err(|source| SealError::Chain { role, source })
        };
        let officer_chain = chain(officer, Role::Officer)?;
        let authority_chain = chain(authority, Role::Authority)?;
        if officer_chain.same_signer(&authority_chain) {
            return Err(SealError::SameSigner);
        }
        let specimen = officer_chain.is_specimen() || authority_chain.is_specimen();
        // As long as the text of the QR code can become.
        let signature = vec![0xff; authority_chain.signature_bytes_max()];
        let longest = qr_text(&request.verify_base, request.code, [0xff; 32], &signature);
        let plan = Plan::new(request, self, specimen, &longest)?;
        if plan.image_bytes() > FILE_BYTES_MAX {
            return Err(SealError::Size { bytes: plan.image_bytes() });
        }
        let manifest = Manifest { specimen, ..request.manifest(plan.profile(), plan.entries()) };
        let manifest_bytes = manifest.to_bytes().map_err(SealError::Manifest)?;
        let sign = |role| move |source| SealError::Sign { role, source };
        let signature = pades::signed(&authority_chain, authority, &manifest_bytes)
            .map_err(sign(Role::Authority))?;
        let digest = hash(&manifest_bytes);
        let qr = qr_text(&request.verify_base, request.code, digest, &signature);
        let bytes = build::build(&plan, request, &manifest, &manifest_bytes, &qr)?;
        let mut draft = Draft::new(bytes, &plan.known())?;
        let signers = manifest.product.signers();
        for (i, role) in signers.iter().enumerate() {
            let key: &mut dyn Signer = match role {
                Role::Officer => officer,
                Role::Authority => authority,
            };
            pades::sign(&mut draft, &signers[..=i], manifest.issued_at, key)
                .map_err(sign(*role))?;
        }
        let bytes = draft.bytes().len();
        if bytes > FILE_BYTES_MAX {
            return Err(SealError::Size { bytes });
        }
        Ok(FreshCopy { draft, manifest, qr })
    }
}

/// `{base}/v/{code}#{digest}.{signature}`, the last two in base64url: what stands behind the `#`
/// never reaches a server and lets a reader check the manifest offline.
fn qr_text(base: &str, code: VerificationCode, digest: [u8; 32], signature: &[u8]) -> String {
    let [digest, signature] =
        [digest.as_slice(), signature].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    format!("{}/v/{code}#{digest}.{signature}", base.trim_end_matches('/'))
}
