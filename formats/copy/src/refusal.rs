//! Why a file is not accepted as a certified copy, in words for people.

use time::OffsetDateTime;
use time::macros::format_description;

use crate::cms::CmsError;
use crate::manifest::vietnam_seconds;
use crate::revision::{BaseError, Role};
use crate::timestamp::TimeStampError;
use crate::{FILE_BYTES_MAX, Product};

/// A refusal. `Display` is for logs; [`Refusal::vi`] and [`Refusal::en`] are for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The file is larger than [`FILE_BYTES_MAX`].
    #[error("file of {bytes} bytes is larger than {FILE_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The file is not a PDF.
    #[error("file is not a pdf")]
    NotPdf,
    /// The file does not end as it must: it was cut, or something was added behind.
    #[error("file is cut short or has bytes after its end")]
    Cut,
    /// A PDF without the signatures of a certified copy.
    #[error("pdf is not a certified copy")]
    NotCertifiedCopy,
    /// Something was added behind a copy's last signature.
    #[error("something was added behind the last signature")]
    Added,
    /// Only one of the two signatures is there.
    #[error("one of the two signatures is missing")]
    SignatureMissing,
    /// Others signed than the copy's product has sign.
    #[error("the signers are not those of the product {}", product.name())]
    Signers {
        /// What the copy says that it is.
        product: Product,
    },
    /// The signatures stand in the wrong order or fields.
    #[error("signatures are not officer first, authority second")]
    WrongOrder,
    /// Bytes under a signature differ from what was signed.
    #[error("bytes signed by the {role:?} were changed")]
    Changed {
        /// The first signature that the change breaks.
        role: Role,
    },
    /// The file was changed in its signature parts, or something was put between the signatures.
    #[error("revision of the {role:?} is not what a signature appends")]
    Altered {
        /// Whose revision.
        role: Role,
    },
    /// A signature cannot be read.
    #[error("signature of the {role:?} is malformed")]
    SignatureMalformed {
        /// Whose.
        role: Role,
        /// What is wrong.
        #[source]
        source: CmsError,
    },
    /// A signature was not made by the key of its certificate.
    #[error("signature of the {role:?} is not by its certificate's key")]
    SignatureFalse {
        /// Whose.
        role: Role,
    },
    /// A signer's certificate does not lead to a trusted root.
    #[error("certificate of the {role:?} is from an unknown issuer")]
    UnknownIssuer {
        /// Whose.
        role: Role,
    },
    /// A signer's certificate was not valid when the copy was signed.
    #[error("certificate of the {role:?} was not valid at the time of signing")]
    NotValidThen {
        /// Whose.
        role: Role,
    },
    /// A signer's certificate is for something else: its usage, its purposes, or an authority's.
    #[error("certificate of the {role:?} is not for signing documents")]
    WrongPurpose {
        /// Whose.
        role: Role,
    },
    /// A signer's key is shorter than signatures of today need.
    #[error("key of the {role:?} is too weak")]
    WeakKey {
        /// Whose.
        role: Role,
    },
    /// A signer's certificate is unusable: malformed, or signed by a weak or unknown algorithm.
    #[error("certificate of the {role:?} cannot be used")]
    CertificateUnusable {
        /// Whose.
        role: Role,
        /// What is wrong.
        #[source]
        source: webpki::Error,
    },
    /// A signer's certificate was revoked, and nothing proves that the signature is older.
    #[error("certificate of the {role:?} was revoked at {at}")]
    Revoked {
        /// Whose.
        role: Role,
        /// When.
        at: OffsetDateTime,
    },
    /// A time-stamp in the file cannot be believed.
    #[error("a time-stamp in the file cannot be believed")]
    TimeStamp {
        /// What is wrong.
        #[source]
        source: TimeStampError,
    },
    /// The copy was signed after the time that it is to be judged at.
    #[error("copy was signed after the time asked about")]
    NotYetSigned,
    /// One certificate, or one key, signed for both.
    #[error("officer and authority signed with the same certificate or key")]
    SameSigner,
    /// The signed document is not of the shape that is written here.
    #[error("document inside is not of the expected shape")]
    Document(#[source] BaseError),
    /// There is no manifest, or it is not of the known form.
    #[error("manifest is missing or malformed")]
    Manifest {
        /// What the decoder said, if there was something to decode.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The manifest is of a version that this program does not know.
    #[error("manifest version {version} is not known")]
    ManifestVersion {
        /// The version.
        version: u32,
    },
    /// The signatures state another time than the manifest.
    #[error("signatures and manifest differ in time")]
    Time,
    /// The document has more or fewer pages than the manifest says.
    #[error("document has {found} pages for {expected} of the original")]
    PageCount {
        /// Pages of the original by the manifest.
        expected: usize,
        /// Pages of the document.
        found: usize,
    },
    /// A page does not show the image that the manifest names.
    #[error("page {page} is not the page in the manifest")]
    Page {
        /// The page, from 1.
        page: usize,
    },
}

impl Refusal {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::NotPdf => "not-pdf",
            Self::Cut => "cut",
            Self::NotCertifiedCopy => "not-certified-copy",
            Self::Added => "added",
            Self::SignatureMissing => "signature-missing",
            Self::Signers { .. } => "signers",
            Self::WrongOrder => "wrong-order",
            Self::Changed { .. } => "changed",
            Self::Altered { .. } => "altered",
            Self::SignatureMalformed { .. } => "signature-malformed",
            Self::SignatureFalse { .. } => "signature-false",
            Self::UnknownIssuer { .. } => "unknown-issuer",
            Self::NotValidThen { .. } => "not-valid-then",
            Self::WrongPurpose { .. } => "wrong-purpose",
            Self::WeakKey { .. } => "weak-key",
            Self::CertificateUnusable { .. } => "certificate-unusable",
            Self::Revoked { .. } => "revoked",
            Self::TimeStamp { .. } => "time-stamp",
            Self::NotYetSigned => "not-yet-signed",
            Self::SameSigner => "same-signer",
            Self::Document(_) => "document",
            Self::Manifest { .. } => "manifest",
            Self::ManifestVersion { .. } => "manifest-version",
            Self::Time => "time",
            Self::PageCount { .. } => "page-count",
            Self::Page { .. } => "page",
        }
    }

    /// A sentence in Vietnamese.
    pub fn vi(&self) -> String {
        match self {
            Self::TooLarge { .. } => {
                format!("Tệp lớn hơn {} MB nên không được kiểm tra.", FILE_BYTES_MAX >> 20)
            }
            Self::NotPdf => "Tệp này không phải là tệp PDF.".into(),
            Self::Cut => "Tệp bị cắt mất phần cuối hoặc bị thêm dữ liệu vào cuối.".into(),
            Self::NotCertifiedCopy => "Tệp PDF này không phải là bản sao chứng thực.".into(),
            Self::Added => "Có dữ liệu được thêm vào tệp sau khi cơ quan ký.".into(),
            Self::SignatureMissing => {
                "Thiếu một trong hai chữ ký số (người thực hiện chứng thực, cơ quan).".into()
            }
            Self::Signers { product } => {
                format!("Các chữ ký số không đúng với loại bản sao “{}”.", product.vi())
            }
            Self::WrongOrder => {
                "Hai chữ ký số không đúng thứ tự: người thực hiện chứng thực ký trước, \
                 cơ quan ký sau."
                    .into()
            }
            Self::Changed { role } => {
                format!("Nội dung đã bị thay đổi sau khi {} ký.", role_vi(*role))
            }
            Self::Altered { role } => {
                format!("Phần chữ ký số của {} trong tệp đã bị sửa đổi.", role_vi(*role))
            }
            Self::SignatureMalformed { role, .. } => {
                format!("Chữ ký số của {} bị hỏng, không đọc được.", role_vi(*role))
            }
            Self::SignatureFalse { role } => {
                format!("Chữ ký số của {} không khớp với chứng thư số.", role_vi(*role))
            }
            Self::UnknownIssuer { role } => {
                format!("Chứng thư số của {} do tổ chức không được tin cậy cấp.", role_vi(*role))
            }
            Self::NotValidThen { role } => {
                format!("Chứng thư số của {} không có hiệu lực vào lúc ký.", role_vi(*role))
            }
            Self::WrongPurpose { role } => {
                format!("Chứng thư số của {} không dùng để ký văn bản.", role_vi(*role))
            }
            Self::WeakKey { role } => {
                format!("Khóa ký của {} quá ngắn, không an toàn.", role_vi(*role))
            }
            Self::CertificateUnusable { role, .. } => {
                format!("Chứng thư số của {} không hợp lệ.", role_vi(*role))
            }
            Self::Revoked { role, at } => {
                format!("Chứng thư số của {} đã bị thu hồi lúc {}.", role_vi(*role), when(*at))
            }
            Self::TimeStamp { .. } => "Dấu thời gian trong tệp không đáng tin cậy.".into(),
            Self::NotYetSigned => "Bản sao được ký sau thời điểm cần kiểm tra.".into(),
            Self::SameSigner => "Hai chữ ký số do cùng một khóa ký tạo ra.".into(),
            Self::Document(_) => "Cấu trúc tệp không đúng với bản sao chứng thực.".into(),
            Self::Manifest { .. } => "Dữ liệu mô tả bản sao bị thiếu hoặc bị hỏng.".into(),
            Self::ManifestVersion { version } => format!(
                "Bản sao dùng định dạng phiên bản {version}, mới hơn chương trình kiểm tra này."
            ),
            Self::Time => "Thời gian ký và thời gian chứng thực không khớp nhau.".into(),
            Self::PageCount { .. } => "Số trang của tệp không đúng với bản sao đã ký.".into(),
            Self::Page { page } => format!("Trang {page} không đúng với trang đã chứng thực."),
        }
    }

    /// The same sentence in English.
    pub fn en(&self) -> String {
        match self {
            Self::TooLarge { .. } => {
                format!("The file is larger than {} MB and was not checked.", FILE_BYTES_MAX >> 20)
            }
            Self::NotPdf => "This file is not a PDF file.".into(),
            Self::Cut => "The file was cut short, or data was added at its end.".into(),
            Self::NotCertifiedCopy => "This PDF file is not a certified copy.".into(),
            Self::Added => "Data was added to the file after the authority signed it.".into(),
            Self::SignatureMissing => {
                "One of the two digital signatures (officer, authority) is missing.".into()
            }
            Self::Signers { product } => {
                format!("The digital signatures are not those of a copy “{}”.", product.en())
            }
            Self::WrongOrder => {
                "The two digital signatures are in the wrong order: the officer signs first, then \
                 the authority."
                    .into()
            }
            Self::Changed { role } => {
                format!("The content was changed after the {} signed it.", role_en(*role))
            }
            Self::Altered { role } => {
                format!("The part of the file with the {}'s signature was altered.", role_en(*role))
            }
            Self::SignatureMalformed { role, .. } => {
                format!("The {}'s digital signature is damaged and unreadable.", role_en(*role))
            }
            Self::SignatureFalse { role } => {
                format!("The {}'s digital signature does not fit the certificate.", role_en(*role))
            }
            Self::UnknownIssuer { role } => {
                format!("The {}'s certificate was issued by a body not trusted.", role_en(*role))
            }
            Self::NotValidThen { role } => {
                format!("The {}'s certificate was not valid when signing.", role_en(*role))
            }
            Self::WrongPurpose { role } => {
                format!("The {}'s certificate is not for signing documents.", role_en(*role))
            }
            Self::WeakKey { role } => {
                format!("The {}'s key is too short to be safe.", role_en(*role))
            }
            Self::CertificateUnusable { role, .. } => {
                format!("The {}'s certificate is not a valid one.", role_en(*role))
            }
            Self::Revoked { role, at } => {
                format!("The {}'s certificate was revoked at {}.", role_en(*role), when(*at))
            }
            Self::TimeStamp { .. } => "A time-stamp in the file cannot be trusted.".into(),
            Self::NotYetSigned => "The copy was signed after the time asked about.".into(),
            Self::SameSigner => "Both digital signatures are by one key.".into(),
            Self::Document(_) => "The file is not built as a certified copy is.".into(),
            Self::Manifest { .. } => "The copy's own description is missing or damaged.".into(),
            Self::ManifestVersion { version } => {
                format!("The copy's format, version {version}, is newer than this program.")
            }
            Self::Time => "The time of signing and the time of certification differ.".into(),
            Self::PageCount { .. } => "The file has not the pages of the signed copy.".into(),
            Self::Page { page } => format!("Page {page} is not the page that was certified."),
        }
    }
}

/// As people here write it: `09:15 22/11/2026`.
fn when(at: OffsetDateTime) -> String {
    let format = format_description!("[hour]:[minute] [day]/[month]/[year]");
    vietnam_seconds(at).format(format).unwrap_or_default()
}

fn role_vi(role: Role) -> &'static str {
    match role {
        Role::Officer => "người thực hiện chứng thực",
        Role::Authority => "cơ quan",
    }
}

fn role_en(role: Role) -> &'static str {
    match role {
        Role::Officer => "officer",
        Role::Authority => "authority",
    }
}
