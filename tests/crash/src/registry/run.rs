//! Sends the copies through the registry's own routes and says after each receipt how far it is.

use std::fs;
use std::io::Write;
use std::path::Path;

use ::registry::Service;
use axum::body::Body;
use formats_wire::tus::{
    PATCH_CONTENT_TYPE, TUS_RESUMABLE, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, UPLOADS,
    VERSION, receipt_path, upload_path,
};
use formats_wire::{ReceiptKey, SignedReceipt};
use http::header::CONTENT_TYPE;
use http::request::Builder;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::plan::{self, Trouble, Upload};
use super::{StepTime, check, open, signer};
use crate::Failure;

/// Longest answer that is read, bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// How often an upload is begun anew whose bytes a power cut took.
const BEGINNINGS_MAX: u32 = 3;

/// Goes on with the workload in `dir` where it stopped, for so many steps or until it is killed.
/// After each receipt its count is written to `out` as a line.
///
/// # Errors
/// A [`Verdict`](crate::verdict::Verdict) when what a former run left is not the state after any
/// number of steps; else why the registry did not go on.
pub fn run(dir: &Path, seed: u64, steps: Option<u64>, mut out: impl Write) -> Result<(), Failure> {
    fs::create_dir_all(dir)?;
    let time = StepTime::default();
    let service = open(dir, &time)?;
    let from = check::count(dir, seed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let worker = Worker { service, key: signer()?.key(), seed };
    let to = steps.map_or(u64::MAX, |steps| from + steps);
    for step in from + 1..=to {
        time.set(step);
        runtime.block_on(worker.step(step))?;
        writeln!(out, "{step}")?;
        out.flush()?;
    }
    Ok(())
}

struct Worker {
    service: Service,
    key: ReceiptKey,
    seed: u64,
}

impl Worker {
    async fn step(&self, step: u64) -> Result<(), Failure> {
        match plan::trouble(self.seed, step) {
            Trouble::None => {}
            Trouble::Refused => {
                let upload = plan::refused(self.seed, step);
                let length = upload.bytes.len();
                expect(self.upload(&upload, length).await?, StatusCode::UNPROCESSABLE_ENTITY)?;
            }
            Trouble::Again(earlier) => self.deliver(earlier).await?,
            Trouble::Claim(earlier) => {
                let answer = self.create(&plan::claim(self.seed, earlier)).await?;
                expect(answer.status(), StatusCode::CONFLICT)?;
            }
        }
        self.deliver(step).await
    }

    /// Sends a step's copy as far as it is not there yet, and takes its receipt.
    async fn deliver(&self, step: u64) -> Result<(), Failure> {
        let upload = plan::copy(self.seed, step)?;
        let piece = plan::piece(self.seed, step, upload.bytes.len());
        let mut beginnings = 0;
        loop {
            match self.upload(&upload, piece).await? {
                StatusCode::NO_CONTENT => break,
                // Bytes that were never acknowledged may be gone or wrong after a power cut.
                StatusCode::UNPROCESSABLE_ENTITY if beginnings < BEGINNINGS_MAX => beginnings += 1,
                other => return Err(format!("step {step}: the registry answers {other}").into()),
            }
        }
        let path = receipt_path(&upload.meta.device, upload.meta.sequence);
        let answer = self.ask(&upload, Request::get(path), Body::empty()).await?;
        expect(answer.status(), StatusCode::OK)?;
        let body = http_body_util::Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
        let signed: SignedReceipt = serde_json::from_slice(&body.collect().await?.to_bytes())?;
        let receipt = self.key.verify(&signed)?;
        let own = receipt.device == upload.meta.device
            && receipt.sequence == upload.meta.sequence
            && receipt.sha256 == upload.meta.sha256;
        if own {
            Ok(())
        } else {
            Err(format!("step {step}: the receipt is for another copy").into())
        }
    }

    /// Announces an upload and sends what the registry has not, in pieces; the last answer.
    async fn upload(&self, upload: &Upload, piece: usize) -> Result<StatusCode, Failure> {
        let answer = self.create(upload).await?;
        if answer.status() != StatusCode::CREATED {
            return Ok(answer.status());
        }
        let mut offset = offset(&answer)?;
        loop {
            let end = (offset + piece).min(upload.bytes.len());
            let request = Request::patch(upload_path(&upload.id()))
                .header(CONTENT_TYPE, PATCH_CONTENT_TYPE)
                .header(UPLOAD_OFFSET, offset);
            let body = Body::from(upload.bytes[offset..end].to_vec());
            let status = self.ask(upload, request, body).await?.status();
            if status != StatusCode::NO_CONTENT || end == upload.bytes.len() {
                return Ok(status);
            }
            offset = end;
        }
    }

    async fn create(&self, upload: &Upload) -> Result<Response<Body>, Failure> {
        let request = Request::post(UPLOADS)
            .header(UPLOAD_LENGTH, upload.bytes.len())
            .header(UPLOAD_METADATA, upload.meta.encode());
        self.ask(upload, request, Body::empty()).await
    }

    async fn ask(
        &self,
        upload: &Upload,
        request: Builder,
        body: Body,
    ) -> Result<Response<Body>, Failure> {
        let request = request.header(TUS_RESUMABLE, VERSION).body(body)?;
        Ok(self.service.device_router(&upload.meta.device).oneshot(request).await?)
    }
}

fn offset(answer: &Response<Body>) -> Result<usize, Failure> {
    let header = answer.headers().get(UPLOAD_OFFSET).ok_or("an answer without offset")?;
    Ok(header.to_str()?.parse()?)
}

fn expect(found: StatusCode, wanted: StatusCode) -> Result<(), Failure> {
    if found == wanted { Ok(()) } else { Err(format!("answer {found}, {wanted} expected").into()) }
}
