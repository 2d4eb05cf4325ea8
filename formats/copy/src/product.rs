//! The two legal products, and what a verifier holds each to.
//!
//! Who signs is fixed here and not in the profiles: a profile's words may be corrected at any time,
//! what old copies are judged by may not.

use serde::{Deserialize, Serialize};

use crate::revision::Role;

/// What a copy is in law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// Chứng thực bản sao từ bản chính: officer and authority certify that the copy is true to the
    /// original (Decrees 23/2015, 45/2020, 280/2025).
    #[default]
    ChungThuc,
    /// Sao y: an authority copies a document that it manages to electronic form (Decree 30/2020,
    /// Annex I). The officer decides; the authority alone signs the file.
    SaoY,
}

impl Product {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ChungThuc, Self::SaoY];

    /// The stable name, as in manifests and site files.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChungThuc => "chung-thuc",
            Self::SaoY => "sao-y",
        }
    }

    /// The law's own name.
    pub fn vi(self) -> &'static str {
        match self {
            Self::ChungThuc => "Chứng thực bản sao từ bản chính",
            Self::SaoY => "Sao y sang định dạng điện tử",
        }
    }

    /// The same in English.
    pub fn en(self) -> &'static str {
        match self {
            Self::ChungThuc => "Copy certified against the original",
            Self::SaoY => "Authority's electronic copy (sao y)",
        }
    }

    /// Who signs the file, in order.
    pub fn signers(self) -> &'static [Role] {
        match self {
            // Decree 45/2020, article 10(3).
            Self::ChungThuc => &[Role::Officer, Role::Authority],
            // Decree 30/2020, Annex I: the signature of the copying authority.
            Self::SaoY => &[Role::Authority],
        }
    }

    /// Whether a statement page follows the pages of the original.
    pub(crate) fn has_statement_page(self) -> bool {
        self == Self::ChungThuc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_manifests() {
        for product in Product::ALL {
            let json = serde_json::to_string(&product).expect("a name");
            assert_eq!(json, format!("\"{}\"", product.name()));
        }
    }
}
