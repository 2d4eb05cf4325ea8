//! One copy's way up: tus 1.0 over HTTP/1.1, as [`formats_wire::tus`] lays it down.

use std::time::Duration;

use bytes::Bytes;
use formats_wire::{Receipt, Rejection, SignatureError, SignedReceipt, UploadMeta, code, tus};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

use super::Link;
use crate::store::CopySummary;

/// Longest wait for one answer: the smallest chunk takes 45 s at 3 kB/s, the poorest link in use.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// Longest answer: a receipt or a rejection takes under 2 kB.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Longest upload address that we take.
const LOCATION_BYTES_MAX: usize = 256;

/// Doubts in a row, without a byte of progress, after which the link rests.
const DOUBTS_MAX: u32 = 3;

/// Why a copy did not get its receipt now.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// The request's address cannot be written.
    #[error("could not build a request")]
    Request(#[source] http::Error),
    /// No connection, or it broke.
    #[error("the link to the registry failed")]
    Link(#[source] legacy::Error),
    /// The answer broke off or was too long.
    #[error("the registry's answer could not be read")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No answer in time.
    #[error("the registry did not answer within {} s", ANSWER_TIME_MAX.as_secs())]
    Timeout,
    /// The registry is in trouble, or too busy.
    #[error("the registry answered {status}: {reason}")]
    Trouble {
        /// HTTP status.
        status: StatusCode,
        /// Its words, if it gave any.
        reason: String,
    },
    /// The registry does not follow the protocol.
    #[error("the registry's answer is not what the protocol allows: {0}")]
    Protocol(&'static str),
    /// The registry will not take this copy.
    #[error("the registry refuses the copy: {0}")]
    Rejected(String),
    /// The receipt's signature is not the registry's.
    #[error("the receipt is not to be believed")]
    Receipt(#[source] SignatureError),
    /// The receipt is true, but for something else.
    #[error("the receipt names another {0}")]
    OtherReceipt(&'static str),
}

impl SendError {
    /// Whether the next copy would fare no better, because the link itself is down.
    pub(super) const fn is_link(&self) -> bool {
        matches!(self, Self::Link(_) | Self::Answer(_) | Self::Timeout)
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn offset(&self) -> Result<u64, SendError> {
        let value = self.headers.get(tus::UPLOAD_OFFSET).and_then(|v| v.to_str().ok());
        value.and_then(|v| v.parse().ok()).ok_or(SendError::Protocol("upload-offset"))
    }

    fn rejection(&self) -> Option<Rejection> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What an answer that was not hoped for means.
    fn refused(&self) -> SendError {
        let rejection = self.rejection();
        let reason = rejection.as_ref().map_or_else(String::new, |r| {
            let text = format!("{}: {} / {}", r.code, r.vi, r.en);
            text.chars().take(super::REASON_CHARS_MAX).collect()
        });
        // Only these say that this very copy is at fault; bytes lost on the way are sent again.
        let final_word = match self.status {
            StatusCode::UNPROCESSABLE_ENTITY => {
                rejection.is_some_and(|r| r.code != code::DIGEST_MISMATCH)
            }
            StatusCode::CONFLICT => rejection.is_some_and(|r| r.code == code::SEQUENCE_TAKEN),
            StatusCode::PAYLOAD_TOO_LARGE => true,
            _ => false,
        };
        if final_word {
            return SendError::Rejected(reason);
        }
        SendError::Trouble { status: self.status, reason }
    }
}

/// An upload that the registry knows.
struct Upload {
    path: String,
    offset: u64,
}

/// Talks to the registry.
pub(super) struct Client {
    http: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    link: Link,
    /// Bytes of the next `PATCH`: halved when the link breaks, doubled when it holds.
    chunk: usize,
}

impl Client {
    pub(super) fn new(link: Link) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(link.tls.clone())
            .https_only()
            .enable_http1()
            .build();
        let http = legacy::Client::builder(TokioExecutor::new()).build(connector);
        Self { http, link, chunk: tus::CHUNK_BYTES_MAX }
    }

    /// Sends what the registry lacks of a copy and returns its receipt, believed and compared.
    pub(super) async fn send(
        &mut self,
        copy: &CopySummary,
        bytes: &Bytes,
    ) -> Result<SignedReceipt, SendError> {
        let mut upload = self.create(copy, bytes.len()).await?;
        let mut doubts = 0;
        loop {
            if upload.offset > bytes.len() as u64 {
                return Err(SendError::Protocol("upload-offset is past the end"));
            }
            let whole = upload.offset == bytes.len() as u64;
            if whole && let Some(receipt) = self.receipt(copy).await? {
                return Ok(receipt);
            }
            let before = upload.offset;
            // An empty piece at the end makes a registry that died there take the copy up again.
            let patched = self.patch(&mut upload, bytes).await;
            if patched.is_ok() {
                self.chunk = (self.chunk * 2).min(tus::CHUNK_BYTES_MAX);
            } else {
                self.chunk = (self.chunk / 2).max(tus::CHUNK_BYTES_MIN);
            }
            match patched {
                Ok(()) if whole || upload.offset > before => {
                    doubts = if whole { doubts + 1 } else { 0 };
                    if doubts < DOUBTS_MAX {
                        continue;
                    }
                    return Err(SendError::Protocol("a whole upload gets no receipt"));
                }
                Ok(()) => return Err(SendError::Protocol("an upload does not grow")),
                Err(error) => {
                    doubts += 1;
                    upload.offset = self.resume(copy, &mut upload, bytes, error, doubts).await?;
                    if upload.offset > before {
                        doubts = 0;
                    }
                }
            }
        }
    }

    /// After a failed `PATCH`: where the upload stands, or the error if that cannot help.
    async fn resume(
        &self,
        copy: &CopySummary,
        upload: &mut Upload,
        bytes: &Bytes,
        error: SendError,
        doubts: u32,
    ) -> Result<u64, SendError> {
        let gone = matches!(&error, SendError::Trouble { status: StatusCode::NOT_FOUND, .. });
        let moved = matches!(&error, SendError::Trouble { status: StatusCode::CONFLICT, .. });
        if doubts >= DOUBTS_MAX || !(gone || moved || error.is_link()) {
            return Err(error);
        }
        if gone {
            *upload = self.create(copy, bytes.len()).await?;
            return Ok(upload.offset);
        }
        let answer = self.ask(Method::HEAD, &upload.path, &[], Bytes::new()).await?;
        match answer.status {
            StatusCode::OK | StatusCode::NO_CONTENT => answer.offset(),
            StatusCode::NOT_FOUND => {
                *upload = self.create(copy, bytes.len()).await?;
                Ok(upload.offset)
            }
            _ => Err(answer.refused()),
        }
    }

    async fn create(&self, copy: &CopySummary, length: usize) -> Result<Upload, SendError> {
        let meta = UploadMeta {
            device: self.link.device.clone(),
            sequence: copy.sequence,
            sha256: digest(&copy.sha256)?,
        };
        let headers =
            [(tus::UPLOAD_LENGTH, length.to_string()), (tus::UPLOAD_METADATA, meta.encode())];
        let answer = self.ask(Method::POST, tus::UPLOADS, &headers, Bytes::new()).await?;
        if !matches!(answer.status, StatusCode::CREATED | StatusCode::OK) {
            return Err(answer.refused());
        }
        let location = answer.headers.get(header::LOCATION).and_then(|v| v.to_str().ok());
        let path =
            location.and_then(|l| self.own_path(l)).ok_or(SendError::Protocol("location"))?;
        Ok(Upload { path, offset: answer.offset()? })
    }

    /// The path of an upload address, if it lies among the uploads of this registry.
    fn own_path(&self, location: &str) -> Option<String> {
        let path = location.strip_prefix(self.base()).unwrap_or(location);
        let id = path.strip_prefix(tus::UPLOADS)?.strip_prefix('/')?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (path.len() <= LOCATION_BYTES_MAX && !id.is_empty() && id.bytes().all(plain))
            .then(|| path.to_owned())
    }

    async fn patch(&self, upload: &mut Upload, bytes: &Bytes) -> Result<(), SendError> {
        // The offset is at most the length, which is a usize.
        let start = upload.offset as usize;
        let piece = bytes.slice(start..bytes.len().min(start + self.chunk));
        let headers = [
            (tus::UPLOAD_OFFSET, upload.offset.to_string()),
            (header::CONTENT_TYPE.as_str(), tus::PATCH_CONTENT_TYPE.to_owned()),
        ];
        let answer = self.ask(Method::PATCH, &upload.path, &headers, piece).await?;
        if answer.status != StatusCode::NO_CONTENT {
            return Err(answer.refused());
        }
        upload.offset = answer.offset()?;
        Ok(())
    }

    /// The receipt, verified and compared with the copy; None if the registry has none yet.
    async fn receipt(&self, copy: &CopySummary) -> Result<Option<SignedReceipt>, SendError> {
        let path = tus::receipt_path(&self.link.device, copy.sequence);
        let answer = self.ask(Method::GET, &path, &[], Bytes::new()).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(answer.refused()),
        }
        let signed: SignedReceipt = serde_json::from_slice(&answer.body)
            .map_err(|_| SendError::Receipt(SignatureError::Form))?;
        let receipt = self.link.receipt_key.verify(&signed).map_err(SendError::Receipt)?;
        self.compare(&receipt, copy)?;
        Ok(Some(signed))
    }

    fn compare(&self, receipt: &Receipt, copy: &CopySummary) -> Result<(), SendError> {
        let differs = if receipt.device != self.link.device {
            "device"
        } else if receipt.sequence != copy.sequence {
            "sequence"
        } else if hex::encode(receipt.sha256) != copy.sha256 {
            "digest"
        } else if receipt.code != copy.code {
            "code"
        } else {
            return Ok(());
        };
        Err(SendError::OtherReceipt(differs))
    }

    fn base(&self) -> &str {
        self.link.base_url.trim_end_matches('/')
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Bytes,
    ) -> Result<Answer, SendError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base()))
            .header(tus::TUS_RESUMABLE, tus::VERSION);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(body)).map_err(SendError::Request)?;
        let exchange = async {
            let response = self.http.request(request).await.map_err(SendError::Link)?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|e| {
                if e.is::<LengthLimitError>() {
                    SendError::Protocol("an answer is too long")
                } else {
                    SendError::Answer(e)
                }
            })?;
            Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
        };
        tokio::time::timeout(ANSWER_TIME_MAX, exchange).await.unwrap_or(Err(SendError::Timeout))
    }
}

fn digest(sha256: &str) -> Result<[u8; 32], SendError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(sha256, &mut bytes)
        .map_err(|_| SendError::Protocol("the copy's own digest"))?;
    Ok(bytes)
}
