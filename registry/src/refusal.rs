//! The refusals of the device side: one home for their status, code and sentences.

use axum::Json;
use axum::response::{IntoResponse, Response};
use formats_wire::{Rejection, code};
use http::StatusCode;

/// A refusal and the HTTP status it travels under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) rejection: Rejection,
}

impl Refused {
    fn new(status: StatusCode, code: &str, vi: &str, en: &str) -> Self {
        Self { status, rejection: Rejection::new(code, vi, en) }
    }

    pub(crate) fn bad_request(en: &str) -> Self {
        let vi = "Yêu cầu không đúng giao thức tải lên.";
        Self::new(StatusCode::BAD_REQUEST, code::BAD_REQUEST, vi, en)
    }

    pub(crate) fn wrong_device() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            code::WRONG_DEVICE,
            "Chứng thư của thiết bị không khớp với tên thiết bị trong yêu cầu.",
            "The client certificate names another device than the request.",
        )
    }

    pub(crate) fn sequence_taken() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            code::SEQUENCE_TAKEN,
            "Thiết bị đã dùng số thứ tự này cho một tệp khác.",
            "The device already used this sequence number for another file.",
        )
    }

    pub(crate) fn duplicate() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            code::DUPLICATE,
            "Số chứng thực trong quyển này, hoặc mã xác thực, đã thuộc về một bản sao khác.",
            "The number in this book, or the verification code, belongs to another copy.",
        )
    }

    pub(crate) fn digest_mismatch() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            code::DIGEST_MISMATCH,
            "Dữ liệu nhận được không khớp mã băm đã khai báo; hãy tải lại từ đầu.",
            "The bytes received do not have the announced digest; upload again from the start.",
        )
    }

    pub(crate) fn manifest_mismatch() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            code::MANIFEST_MISMATCH,
            "Bản sao ghi tên thiết bị hoặc số thứ tự khác với khai báo khi tải lên.",
            "The copy itself names another device or sequence than the upload.",
        )
    }

    /// The copy's own refusal, as its verifier worded it.
    pub(crate) fn copy(rejection: Rejection) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, rejection }
    }

    pub(crate) fn wrong_offset() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            code::WRONG_OFFSET,
            "Vị trí tải tiếp không khớp với kho.",
            "The offset is not the registry's; ask with HEAD.",
        )
    }

    pub(crate) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            code::TOO_LARGE,
            "Tệp lớn hơn mức cho phép.",
            "The file is larger than allowed or than announced.",
        )
    }

    pub(crate) fn unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, code::UNKNOWN, "Không tìm thấy.", "Not found.")
    }

    pub(crate) fn expired() -> Self {
        Self::new(
            StatusCode::GONE,
            code::EXPIRED,
            "Lượt tải lên đã quá hạn; hãy tải lại từ đầu.",
            "The upload has expired; announce it again.",
        )
    }

    pub(crate) fn busy() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            code::BUSY,
            "Có quá nhiều yêu cầu cùng lúc; hãy thử lại sau.",
            "Too many requests at once; try again later.",
        )
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(self.rejection)).into_response()
    }
}
