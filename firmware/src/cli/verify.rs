//! `kiosk verify FILE`: checks a certified copy offline, as anyone may.
//!
//! Ends with 0 only for a genuine copy, 1 for a refused one, 2 when it could not be checked: wrong
//! arguments, an unreadable file or roots.

use std::path::PathBuf;

use formats_copy::{
    ClockTrust, Refusal, SignerInfo, TrustAnchors, Verified, verify as verify_copy, verify_at,
};
use serde_json::{Value, json};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};
use time::{Date, OffsetDateTime, Time};

use super::{Outcome, complain, say};
use crate::assemble::read_asset;

/// Checks a copy's bytes, signatures, pages and proofs of time against trusted roots.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The copy (PDF).
    file: PathBuf,
    /// PEM file with the trusted root certificates.
    #[arg(long, alias = "roots", default_value = "/etc/kiosk/roots.pem")]
    trust: PathBuf,
    /// Judges as of this time, taking nobody's word for when the copy was signed:
    /// 2026-11-22T09:15:30+07:00, or 2026-11-22 for the end of that day in Vietnam.
    #[arg(long, value_parser = read_time)]
    at: Option<OffsetDateTime>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn verify(args: &Verify) -> Outcome {
    let read = |what, path| read_asset(what, path);
    let (roots, bytes) = match (read("roots", &args.trust), read("copy", &args.file)) {
        (Ok(roots), Ok(bytes)) => (roots, bytes),
        (Err(error), _) | (_, Err(error)) => {
            complain(&error, "name a readable file; --trust takes the trusted roots (PEM)");
            return Outcome::Misuse;
        }
    };
    let trust = match TrustAnchors::from_pem(&roots) {
        Ok(trust) => trust,
        Err(error) => {
            complain(&error, "--trust takes PEM certificates");
            return Outcome::Misuse;
        }
    };
    let judged = match args.at {
        Some(at) => verify_at(&bytes, &trust, at),
        None => verify_copy(&bytes, &trust),
    };
    match judged {
        Ok(verified) if args.json => say(as_json(&verified)),
        Ok(verified) => report(&verified),
        Err(refusal) => {
            refuse(&refusal, args.json);
            return Outcome::Failed;
        }
    }
    Outcome::Done
}

const DAY: &[BorrowedFormatItem] = format_description!("[year]-[month]-[day]");

fn read_time(text: &str) -> Result<OffsetDateTime, String> {
    let day =
        || Some(Date::parse(text, DAY).ok()?.with_time(END_OF_DAY).assume_offset(offset!(+7)));
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(day);
    time.ok_or_else(|| "write 2026-11-22T09:15:30+07:00 or 2026-11-22".into())
}

const END_OF_DAY: Time = time::macros::time!(23:59:59);

/// As people here write it, in Vietnam's time.
fn when(at: OffsetDateTime) -> String {
    let format = format_description!("[hour]:[minute]:[second] [day]/[month]/[year]");
    at.to_offset(offset!(+7)).format(format).unwrap_or_default()
}

fn machine_time(at: OffsetDateTime) -> String {
    at.to_offset(offset!(+7)).format(&Rfc3339).unwrap_or_default()
}

fn as_json(verified: &Verified) -> Value {
    let signer = |signer: &SignerInfo| {
        json!({
            "name": signer.common_name,
            "organisation": signer.organisation,
            "issuer": signer.issuer,
            "serial": signer.serial,
        })
    };
    let stamps = verified.time_stamps.iter().map(|stamp| {
        json!({
            "at": machine_time(stamp.at),
            "authority": stamp.authority,
            "policy": stamp.policy,
        })
    });
    json!({
        "valid": true,
        "specimen": verified.is_specimen(),
        "level": verified.level.name(),
        "sealed_sha256": hex::encode(verified.sealed_sha256),
        "product": verified.manifest.product,
        "officer": verified.officer.as_ref().map(signer),
        "authority": signer(&verified.authority),
        "time_stamps": stamps.collect::<Vec<_>>(),
        "manifest": verified.manifest,
    })
}

fn report(verified: &Verified) {
    let manifest = &verified.manifest;
    say("HỢP LỆ: bản sao đúng với bản đã ký, chưa bị thay đổi.");
    say("VALID: the copy is exactly what was signed.");
    if verified.is_specimen() {
        say("MẪU: ký bằng chứng thư để trình diễn, không có giá trị pháp lý.");
        say("SPECIMEN: signed with a demonstration's certificates, worth nothing in law.");
    }
    let product = manifest.product;
    say(format_args!("  loại / product         {} / {}", product.vi(), product.en()));
    say(format_args!("  mã xác thực / code     {}", manifest.code));
    say(format_args!("  số / number            {} ({})", manifest.number, manifest.book));
    say(format_args!("  giấy tờ / paper        {}", manifest.title));
    say(format_args!("  cán bộ / officer       {}, {}", manifest.officer, manifest.capacity));
    if let Some(officer) = &verified.officer {
        say(format_args!("  chứng thư / by         {}", officer.common_name));
    }
    say(format_args!("  cơ quan / authority    {}", manifest.authority));
    say(format_args!("  chứng thư / by         {}", verified.authority.common_name));
    say(format_args!("  thời điểm / issued     {}", when(manifest.issued_at)));
    if manifest.clock == ClockTrust::Unsynchronised {
        say("  Đồng hồ của máy không được đồng bộ lúc ký.");
        say("  No time service kept the kiosk's clock right when it signed.");
    }
    say(format_args!("  số trang / pages       {}", manifest.pages.len()));
    say(format_args!("  mức chữ ký / level     {}", verified.level.name()));
    for stamp in &verified.time_stamps {
        say(format_args!("  dấu thời gian / stamp  {}, {}", when(stamp.at), stamp.authority));
    }
    if verified.time_stamps.is_empty() {
        say("  Chưa có dấu thời gian: thời điểm ký do người ký tự ghi.");
        say("  No time-stamp: the time is the signers' own word.");
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_are_read_with_an_offset_or_as_a_day_in_vietnam() {
        let time = read_time("2026-11-22T09:15:30+07:00").expect("a time");
        assert_eq!(time, datetime!(2026-11-22 02:15:30 UTC));
        let day = read_time("2026-11-22").expect("a day");
        assert_eq!(day, datetime!(2026-11-22 23:59:59 +7));
        for wrong in ["", "today", "2026-13-01", "22/11/2026", "2026-11-22T09:15:30"] {
            assert!(read_time(wrong).is_err(), "{wrong}");
        }
    }
}
