//! Version 1 of the manifest, frozen: copies that carry it are in people's hands for ever.
//!
//! It knew one product, upright pages and no margins.

use serde::Deserialize;
use time::OffsetDateTime;

use super::{ClockTrust, Manifest, ModelEntry, PageEntry, read_time};
use crate::{Product, VerificationCode};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestV1 {
    version: u32,
    code: VerificationCode,
    number: u32,
    book: String,
    #[serde(deserialize_with = "read_time")]
    issued_at: OffsetDateTime,
    authority: String,
    officer: String,
    capacity: String,
    kind: String,
    title: String,
    device: String,
    sequence: u64,
    pages: Vec<PageV1>,
    models: Vec<ModelV1>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageV1 {
    sha256: String,
    width: u32,
    height: u32,
    dpi: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelV1 {
    name: String,
    version: String,
    sha256: String,
}

impl From<ManifestV1> for Manifest {
    fn from(old: ManifestV1) -> Self {
        let page = |page: PageV1| PageEntry {
            sha256: page.sha256,
            width: page.width,
            height: page.height,
            dpi: page.dpi,
            skew: 0,
            margin_top: 0,
            margin_right: 0,
            coarseness: 1,
            over: Vec::new(),
        };
        let model = |model: ModelV1| ModelEntry {
            name: model.name,
            version: model.version,
            sha256: model.sha256,
        };
        Self {
            version: old.version,
            product: Product::ChungThuc,
            profile: String::new(),
            code: old.code,
            number: old.number,
            book: old.book,
            issued_at: old.issued_at,
            authority: old.authority,
            officer: old.officer,
            capacity: old.capacity,
            kind: old.kind,
            title: old.title,
            device: old.device,
            sequence: old.sequence,
            pages: old.pages.into_iter().map(page).collect(),
            models: old.models.into_iter().map(model).collect(),
            clock: ClockTrust::Unknown,
            specimen: false,
            corrected: vec![],
        }
    }
}
