//! One copy's way up: tus 1.0 over HTTP/1.1, as [`formats_wire::tus`] lays it down. Asks no clock
//! and no network itself; see [`super::Transport`].

use std::sync::Arc;

use bytes::Bytes;
use formats_wire::{Receipt, Rejection, SignatureError, SignedReceipt, UploadMeta, code, tus};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use time::OffsetDateTime;

use super::Identity;
use super::transport::{Transport, TransportError};
use crate::store::CopySummary;

/// Longest upload address that we take.
const LOCATION_BYTES_MAX: usize = 256;

/// Doubts in a row, without a byte of progress, after which the link rests.
const DOUBTS_MAX: u32 = 3;

/// Longest refusal that is kept, in characters.
const REASON_CHARS_MAX: usize = 500;

/// Why a copy did not get its receipt now.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// The request's headers cannot be written.
    #[error("could not build a request")]
    Request(#[source] http::Error),
    /// The request was not answered.
    #[error("the registry was not reached")]
    Transport(#[source] TransportError),
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
    /// The receipt cannot be believed.
    #[error("the receipt is not to be believed")]
    Receipt(#[source] ReceiptFault),
}

/// Why a receipt delivers nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptFault {
    /// Its signature is not the registry's.
    #[error("the signature does not hold")]
    Signature(#[source] SignatureError),
    /// It is true, but for something else.
    #[error("the receipt names another {0}")]
    Other(&'static str),
}

impl SendError {
    /// Whether the next copy would fare no better, because the link itself is down.
    pub(super) const fn is_link(&self) -> bool {
        use TransportError::{Answer, Link, Timeout};
        matches!(self, Self::Transport(Link(_) | Answer(_) | Timeout))
    }

    /// Whether the registry says that it has no such upload (any more).
    const fn is_gone(&self) -> bool {
        matches!(self, Self::Trouble { status: StatusCode::NOT_FOUND | StatusCode::GONE, .. })
    }

    const fn is_conflict(&self) -> bool {
        matches!(self, Self::Trouble { status: StatusCode::CONFLICT, .. })
    }
}

/// What an answer that was not hoped for means.
fn refused(answer: &Response<Bytes>) -> SendError {
    let rejection: Option<Rejection> = serde_json::from_slice(answer.body()).ok();
    let reason = rejection.as_ref().map_or_else(String::new, |r| {
        format!("{}: {} / {}", r.code, r.vi, r.en).chars().take(REASON_CHARS_MAX).collect()
    });
    // Only these say that this very copy is at fault; bytes lost on the way are sent again.
    let final_word = match answer.status() {
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
    SendError::Trouble { status: answer.status(), reason }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn offset(headers: &HeaderMap) -> Result<u64, SendError> {
    let value = text(headers, tus::UPLOAD_OFFSET).and_then(|v| v.parse().ok());
    value.ok_or(SendError::Protocol("upload-offset"))
}

/// When the registry may forget an upload. A time gone by tells that one of the two clocks is
/// wrong, and nothing of the upload that was just spoken of.
fn expires(headers: &HeaderMap, now: OffsetDateTime) -> Option<OffsetDateTime> {
    tus::parse_http_date(text(headers, tus::UPLOAD_EXPIRES)?).filter(|at| now < *at)
}

/// An upload that the registry knows, as far as we know.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    path: String,
    /// What the registry has; None when there is doubt and it must be asked.
    offset: Option<u64>,
    /// The most that it said it has: more is progress, however the connection ended.
    seen: u64,
    /// When it may forget the upload.
    expires: Option<OffsetDateTime>,
}

impl Upload {
    /// The most that the registry said it has.
    pub(super) const fn seen(&self) -> u64 {
        self.seen
    }

    /// Whether the registry has all of it, by its own last word.
    pub(super) fn is_whole(&self, bytes: u64) -> bool {
        self.offset == Some(bytes)
    }
}

/// What a step came to.
#[derive(Debug)]
pub(super) enum Sent {
    /// More is to be sent.
    Part,
    /// The receipt, believed and compared.
    Receipt(SignedReceipt),
}

/// A copy on its way: which, its bytes, and what the registry has of it.
pub(super) struct Parcel<'a> {
    pub(super) copy: &'a CopySummary,
    pub(super) bytes: Bytes,
    pub(super) upload: &'a mut Option<Upload>,
    /// Failures in a row without a byte of progress.
    pub(super) doubts: u32,
}

/// Talks to the registry.
pub(super) struct Client {
    transport: Arc<dyn Transport>,
    identity: Identity,
    /// Bytes of the next `PATCH`: halved when the link breaks, doubled when it holds.
    chunk: usize,
}

impl Client {
    pub(super) fn new(transport: Arc<dyn Transport>, identity: Identity) -> Self {
        Self { transport, identity, chunk: tus::CHUNK_BYTES_MAX }
    }

    /// Bytes of the copy that the next [`Client::step`] sends at most; 0 for one that only asks.
    pub(super) fn next_bytes(&self, copy: &CopySummary, upload: Option<&Upload>) -> u64 {
        let Some(held) = upload.and_then(|u| u.offset) else { return 0 };
        copy.bytes.saturating_sub(held).min(self.chunk as u64)
    }

    /// Takes a copy one exchange further: announces it, asks where it stands on any doubt, sends
    /// a piece, or fetches the receipt when the registry has it all.
    pub(super) async fn step(
        &mut self,
        parcel: &mut Parcel<'_>,
        now: OffsetDateTime,
    ) -> Result<Sent, SendError> {
        let length = parcel.bytes.len() as u64;
        let known = parcel.upload.take().filter(|u| u.expires.is_none_or(|at| now < at));
        let Some(mut upload) = known else {
            *parcel.upload = Some(self.create(parcel.copy, length, now).await?);
            return Ok(Sent::Part);
        };
        let Some(held) = upload.offset else {
            let asked = self.ask_offset(&mut upload, now).await;
            let gone = asked.as_ref().is_err_and(SendError::is_gone);
            *parcel.upload = Some(upload).filter(|_| !gone);
            return match asked {
                Ok(grown) => {
                    parcel.doubts = if grown { 0 } else { parcel.doubts };
                    Ok(Sent::Part)
                }
                Err(error) if gone => Self::doubt(parcel, error),
                Err(error) => Err(error),
            };
        };
        if held > length {
            return Err(SendError::Protocol("upload-offset is past the end"));
        }
        if held == length
            && let Some(receipt) = self.receipt(parcel.copy).await?
        {
            return Ok(Sent::Receipt(receipt));
        }
        // An empty piece at the end makes a registry that died there take the copy up again.
        let result = self.patch(&mut upload, held, &parcel.bytes, now).await;
        self.settle(parcel, upload, held, result)
    }

    /// What a `PATCH` from `held` on came to.
    fn settle(
        &mut self,
        parcel: &mut Parcel<'_>,
        mut upload: Upload,
        held: u64,
        result: Result<(), SendError>,
    ) -> Result<Sent, SendError> {
        match result {
            Ok(()) => {
                self.chunk = (self.chunk * 2).min(tus::CHUNK_BYTES_MAX);
                let grown = upload.offset.is_some_and(|now| now > held);
                let whole = held == parcel.bytes.len() as u64;
                *parcel.upload = Some(upload);
                if grown {
                    parcel.doubts = 0;
                    return Ok(Sent::Part);
                }
                let error = if whole {
                    SendError::Protocol("a whole upload gets no receipt")
                } else {
                    SendError::Protocol("an upload does not grow")
                };
                Self::doubt(parcel, error)
            }
            Err(error) => {
                if error.is_link() {
                    self.chunk = (self.chunk / 2).max(tus::CHUNK_BYTES_MIN);
                }
                upload.offset = None;
                let may_pass = error.is_gone() || error.is_conflict() || error.is_link();
                *parcel.upload = Some(upload).filter(|_| !error.is_gone());
                if may_pass { Self::doubt(parcel, error) } else { Err(error) }
            }
        }
    }

    /// A failure that the next step may set right, unless there were too many in a row.
    fn doubt(parcel: &mut Parcel<'_>, error: SendError) -> Result<Sent, SendError> {
        parcel.doubts += 1;
        if parcel.doubts < DOUBTS_MAX { Ok(Sent::Part) } else { Err(error) }
    }

    async fn create(
        &self,
        copy: &CopySummary,
        length: u64,
        now: OffsetDateTime,
    ) -> Result<Upload, SendError> {
        let meta = UploadMeta {
            device: self.identity.device.clone(),
            sequence: copy.sequence,
            sha256: digest(&copy.sha256)?,
        };
        let headers =
            [(tus::UPLOAD_LENGTH, length.to_string()), (tus::UPLOAD_METADATA, meta.encode())];
        let answer = self.ask(Method::POST, tus::UPLOADS, &headers, Bytes::new()).await?;
        if !matches!(answer.status(), StatusCode::CREATED | StatusCode::OK) {
            return Err(refused(&answer));
        }
        let headers = answer.headers();
        let location = text(headers, header::LOCATION.as_str());
        let path = location.and_then(own_path).ok_or(SendError::Protocol("location"))?;
        // Our registry says how far it is; another tus server is asked.
        let offset = offset(headers).ok();
        Ok(Upload { path, offset, seen: offset.unwrap_or(0), expires: expires(headers, now) })
    }

    /// Asks how far the upload is, and says whether that is further than was known.
    async fn ask_offset(
        &self,
        upload: &mut Upload,
        now: OffsetDateTime,
    ) -> Result<bool, SendError> {
        let answer = self.ask(Method::HEAD, &upload.path, &[], Bytes::new()).await?;
        if !matches!(answer.status(), StatusCode::OK | StatusCode::NO_CONTENT) {
            return Err(refused(&answer));
        }
        let offset = offset(answer.headers())?;
        upload.offset = Some(offset);
        upload.expires = expires(answer.headers(), now).or(upload.expires);
        let grown = offset > upload.seen;
        upload.seen = upload.seen.max(offset);
        Ok(grown)
    }

    async fn patch(
        &self,
        upload: &mut Upload,
        held: u64,
        bytes: &Bytes,
        now: OffsetDateTime,
    ) -> Result<(), SendError> {
        // The offset is at most the length, which is a usize.
        let start = held as usize;
        let piece = bytes.slice(start..bytes.len().min(start + self.chunk));
        let headers = [
            (tus::UPLOAD_OFFSET, held.to_string()),
            (header::CONTENT_TYPE.as_str(), tus::PATCH_CONTENT_TYPE.to_owned()),
        ];
        let answer = self.ask(Method::PATCH, &upload.path, &headers, piece).await?;
        if answer.status() != StatusCode::NO_CONTENT {
            return Err(refused(&answer));
        }
        let offset = offset(answer.headers())?;
        (upload.offset, upload.seen) = (Some(offset), upload.seen.max(offset));
        upload.expires = expires(answer.headers(), now).or(upload.expires);
        Ok(())
    }

    /// The receipt, verified and compared with the copy; None if the registry has none yet.
    pub(super) async fn receipt(
        &self,
        copy: &CopySummary,
    ) -> Result<Option<SignedReceipt>, SendError> {
        let path = tus::receipt_path(&self.identity.device, copy.sequence);
        let answer = self.ask(Method::GET, &path, &[], Bytes::new()).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(refused(&answer)),
        }
        let form = |_| SendError::Receipt(ReceiptFault::Signature(SignatureError::Form));
        let signed: SignedReceipt = serde_json::from_slice(answer.body()).map_err(form)?;
        self.identity.believe(&signed, copy).map_err(SendError::Receipt)?;
        Ok(Some(signed))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Bytes,
    ) -> Result<Response<Bytes>, SendError> {
        let mut request =
            Request::builder().method(method).uri(path).header(tus::TUS_RESUMABLE, tus::VERSION);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(body).map_err(SendError::Request)?;
        self.transport.send(request).await.map_err(SendError::Transport)
    }
}

impl Identity {
    /// Believes a receipt for a copy, or says why not.
    pub fn believe(
        &self,
        signed: &SignedReceipt,
        copy: &CopySummary,
    ) -> Result<Receipt, ReceiptFault> {
        let receipt = self.receipt_key.verify(signed).map_err(ReceiptFault::Signature)?;
        let differs = if receipt.device != self.device {
            "device"
        } else if receipt.sequence != copy.sequence {
            "sequence"
        } else if hex::encode(receipt.sha256) != copy.sha256 {
            "digest"
        } else if receipt.code != copy.code {
            "code"
        } else {
            return Ok(receipt);
        };
        Err(ReceiptFault::Other(differs))
    }
}

/// The path of an upload address, if it lies among the uploads. Its host is not looked at: every
/// request goes to our own registry.
fn own_path(location: &str) -> Option<String> {
    if location.len() > LOCATION_BYTES_MAX {
        return None;
    }
    let uri: Uri = location.parse().ok()?;
    let id = uri.path().strip_prefix(tus::UPLOADS)?.strip_prefix('/')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (!id.is_empty() && id.bytes().all(plain)).then(|| uri.path().to_owned())
}

fn digest(sha256: &str) -> Result<[u8; 32], SendError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(sha256, &mut bytes)
        .map_err(|_| SendError::Protocol("the copy's own digest"))?;
    Ok(bytes)
}
