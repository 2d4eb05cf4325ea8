//! `kiosk verify FILE`: checks a certified copy offline, as anyone may.

use std::path::PathBuf;

use formats_copy::{Refusal, TrustAnchors, Verified};
use serde_json::json;

use super::{Outcome, complain, say};
use crate::assemble::read_asset;

/// Checks a copy's bytes, signatures and pages against trusted roots.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The copy (PDF).
    file: PathBuf,
    /// PEM file with the trusted root certificates.
    #[arg(long, default_value = "/etc/kiosk/roots.pem")]
    roots: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn verify(args: &Verify) -> Outcome {
    let read = |what, path| read_asset(what, path);
    let (roots, bytes) = match (read("roots", &args.roots), read("copy", &args.file)) {
        (Ok(roots), Ok(bytes)) => (roots, bytes),
        (Err(error), _) | (_, Err(error)) => {
            return complain(&error, "name a readable file; --roots takes the trusted roots (PEM)");
        }
    };
    let trust = match TrustAnchors::from_pem(&roots) {
        Ok(trust) => trust,
        Err(error) => return complain(&error, "--roots takes PEM certificates"),
    };
    match formats_copy::verify(&bytes, &trust) {
        Ok(verified) => {
            if args.json {
                say(json!({ "valid": true, "manifest": verified.manifest }));
            } else {
                report(&verified);
            }
            Outcome::Done
        }
        Err(refusal) => {
            refuse(&refusal, args.json);
            Outcome::Failed
        }
    }
}

fn report(verified: &Verified) {
    let manifest = &verified.manifest;
    say("HỢP LỆ: bản sao đúng với bản đã ký, chưa bị thay đổi.");
    say("VALID: the copy is exactly what was signed.");
    say(format_args!("  mã xác thực / code    {}", manifest.code));
    say(format_args!("  số / number           {} ({})", manifest.number, manifest.book));
    say(format_args!("  giấy tờ / paper       {}", manifest.title));
    say(format_args!("  người ký / officer    {}, {}", manifest.officer, manifest.capacity));
    say(format_args!("  cơ quan / authority   {}", manifest.authority));
    say(format_args!("  thời điểm / issued    {}", manifest.issued_at));
    say(format_args!("  số trang / pages      {}", manifest.pages.len()));
}

fn refuse(refusal: &Refusal, as_json: bool) {
    if as_json {
        say(json!({
            "valid": false,
            "code": refusal.code(),
            "vi": refusal.vi(),
            "en": refusal.en(),
        }));
    } else {
        say("KHÔNG HỢP LỆ / NOT VALID");
        say(format_args!("  {}", refusal.vi()));
        say(format_args!("  {}", refusal.en()));
        say(format_args!("  [{}]", refusal.code()));
    }
}
