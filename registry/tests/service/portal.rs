//! The public side: pages in both languages, the API, hostile input, rates.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use registry::wire::UploadMeta;
use registry::wire::tus::{
    PATCH_CONTENT_TYPE, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, UPLOADS,
};
use registry::{Facts, Limits};
use serde_json::Value;

use crate::bench::{Answer, Bench, Paper, Running, digest, facts, meta, paper};

async fn keep(running: &Running, facts: &Facts) -> Vec<u8> {
    let bytes = paper(facts, 0);
    let meta: UploadMeta = meta(facts.sequence, &bytes);
    let (metadata, length) = (meta.encode(), bytes.len().to_string());
    let headers = [(UPLOAD_METADATA, metadata.as_str()), (UPLOAD_LENGTH, length.as_str())];
    let made = running.client.send(Method::POST, UPLOADS, &headers, Vec::new()).await;
    let headers = [(UPLOAD_OFFSET, "0"), ("content-type", PATCH_CONTENT_TYPE)];
    let path = made.header("location").to_owned();
    let done = running.client.send(Method::PATCH, &path, &headers, bytes.clone()).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text());
    bytes
}

/// Sends a file as a browser without scripts does.
async fn send_form(running: &Running, path: &str, bytes: &[u8]) -> Answer {
    let mut body = b"--edge\r\ncontent-disposition: form-data; name=\"file\"; \
        filename=\"a.pdf\"\r\ncontent-type: application/pdf\r\n\r\n"
        .to_vec();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = Request::post(path)
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(Body::from(body));
    running.ask(request.expect("a request")).await
}

async fn post(running: &Running, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(path)
        .header("content-type", kind)
        .header("accept", "application/json")
        .body(body.into());
    running.ask(request.expect("a request")).await
}

#[tokio::test]
async fn a_kept_copy_is_found_by_its_code_in_both_languages_without_its_device() {
    let bench = Bench::new();
    let running = bench.start().await;
    keep(&running, &facts(1)).await;
    let path = format!("/v/{}", facts(1).code.to_lowercase().replace('-', ""));
    let vi = running.get(&path).await;
    assert_eq!(vi.status, StatusCode::OK);
    for text in
        ["<html lang=\"vi\">", "Có bản sao mang mã này", "Trần Thị Bình", "09:15:30, 22/11/2026"]
    {
        assert!(vi.text().contains(text), "{text} is missing");
    }
    assert!(!vi.text().contains("HN-VAN-03"), "which device made a copy is nobody's business");
    let en = running.get(&format!("{path}?lang=en")).await;
    assert!(en.text().contains("<html lang=\"en\">"));
    assert!(en.text().contains("There is a copy with this code"));
}

#[tokio::test]
async fn a_browser_that_prefers_english_is_answered_in_english() {
    let bench = Bench::new();
    let running = bench.start().await;
    let request = Request::get("/").header("accept-language", "en-GB,vi;q=0.5").body(Body::empty());
    let page = running.ask(request.expect("a request")).await;
    assert!(page.text().contains("Check an electronic certified copy"));
}

#[tokio::test]
async fn a_mistyped_code_and_an_unknown_one_are_told_apart() {
    let bench = Bench::new();
    let running = bench.start().await;
    let code = facts(1).code;
    let last = if code.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &code[..code.len() - 1]);
    let wrong = running.get(&format!("/v/{mistyped}")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text().contains("Mã này bị gõ nhầm") && wrong.text().contains(&mistyped));
    let short = running.get("/v/ABCD").await;
    assert!(short.text().contains("đúng 16 ký tự"));
    let unknown = running.get(&format!("/v/{code}")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.text().contains("xe lưu động"), "a van may not have sent it yet");
}

#[tokio::test]
async fn the_form_leads_to_the_code_page_without_a_script() {
    let bench = Bench::new();
    let running = bench.start().await;
    let typed = facts(1).code.to_lowercase().replace('-', "+");
    let answer = running.get(&format!("/v?code={typed}&lang=en")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), format!("/v/{}?lang=en", facts(1).code));
}

#[tokio::test]
async fn a_file_is_judged_and_compared_with_the_one_that_is_kept() {
    let bench = Bench::new();
    let running = bench.start().await;
    let bytes = keep(&running, &facts(1)).await;
    let held = send_form(&running, "/v/file", &bytes).await;
    assert_eq!(held.status, StatusCode::OK);
    assert!(held.text().contains("Tệp nguyên vẹn và có trong kho đăng ký"));
    let not_held = send_form(&running, "/v/file?lang=en", &paper(&facts(2), 0)).await;
    assert!(not_held.text().contains("the registry has not received this file"));
    let other = send_form(&running, "/v/file?lang=en", &paper(&facts(1), 9_000)).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(other.text().contains("belongs to another file"));
    let mut changed = bytes;
    changed[0] ^= 1;
    let refused = send_form(&running, "/v/file", &changed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Tệp đã bị sửa."), "the reason is told");
}

#[tokio::test]
async fn a_file_as_the_body_is_answered_in_json_to_programs() {
    let bench = Bench::new();
    let running = bench.start().await;
    let bytes = keep(&running, &facts(1)).await;
    let held: Value = post(&running, "/v/file", "application/pdf", bytes.clone()).await.json();
    assert_eq!((&held["verified"], &held["held"]), (&true.into(), &true.into()));
    assert_eq!(held["copy"]["sha256"], hex::encode(digest(&bytes)));
    let refused: Value = post(&running, "/v/file", "application/pdf", "junk").await.json();
    assert_eq!(
        (&refused["verified"], &refused["refusal"]["code"]),
        (&false.into(), &"altered".into())
    );
}

#[tokio::test]
async fn the_api_tells_what_the_page_tells() {
    let bench = Bench::new();
    let running = bench.start().await;
    keep(&running, &facts(1)).await;
    let found: Value = running.get(&format!("/api/copies/{}", facts(1).code)).await.json();
    assert_eq!(found["number"], 1);
    assert_eq!(found["received_at"], "2026-11-22T09:20:00+07:00");
    assert!(found.get("device").is_none());
    let unknown = running.get(&format!("/api/copies/{}", facts(2).code)).await;
    assert_eq!((unknown.status, unknown.code()), (StatusCode::NOT_FOUND, "unknown".into()));
    assert_eq!(running.get("/api/copies/XYZ").await.code(), "mistyped");
}

#[tokio::test]
async fn the_qr_proof_of_a_kept_copy_is_told_from_a_false_one() {
    let bench = Bench::new();
    let running = bench.start().await;
    keep(&running, &facts(1)).await;
    let ask = async |code: String, proof: &str| {
        let body = serde_json::json!({ "code": code, "proof": proof }).to_string();
        post(&running, "/api/check-qr", "application/json", body).await
    };
    let genuine: Value = ask(facts(1).code, Paper::GENUINE).await.json();
    assert_eq!(genuine["genuine"], true);
    let forged: Value = ask(facts(1).code, "YQ.YQ").await.json();
    assert_eq!(forged["genuine"], false);
    assert_eq!(ask(facts(2).code, Paper::GENUINE).await.status, StatusCode::NOT_FOUND);
    let long = "a".repeat(5_000);
    assert_eq!(ask(facts(1).code, &long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn hostile_words_are_shown_as_words() {
    let bench = Bench::new();
    let running = bench.start().await;
    let hostile = "\"><script>alert(1)</script>";
    let copy = Facts { authority: hostile.into(), officer: hostile.into(), ..facts(1) };
    let bytes = keep(&running, &copy).await;
    let typed = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for page in [
        running.get(&format!("/v/{}", copy.code)).await,
        running.get(&format!("/v/{typed}")).await,
        running.get(&format!("/v?code={typed}&lang={typed}")).await,
        running.get(&format!("/{typed}?lang=en{typed}")).await,
        send_form(&running, "/v/file", &bytes).await,
    ] {
        assert!(!page.text().contains("<script>alert"), "{}", page.text());
    }
}

#[tokio::test]
async fn every_answer_forbids_foreign_and_inline_code() {
    let bench = Bench::new();
    let running = bench.start().await;
    for path in ["/", "/v/ABCD", "/nowhere", "/assets/check.js", "/assets/style.css"] {
        let answer = running.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(!answer.text().contains(" style=") && !answer.text().contains(" onclick="));
    }
    assert_eq!(running.get("/v/ABCD").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn an_address_that_asks_too_much_is_slowed_down() {
    let limits = Limits { lookups_burst: 3, lookups_per_minute: 1, ..Limits::default() };
    let bench = Bench::new().with_limits(limits);
    let running = bench.start().await;
    let path = format!("/v/{}", facts(1).code);
    for _ in 0..3 {
        assert_eq!(running.get(&path).await.status, StatusCode::NOT_FOUND);
    }
    let slowed = running.get(&path).await;
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(slowed.header("retry-after"), "60");
    let api = running.get(&format!("/api/copies/{}", facts(1).code)).await;
    assert_eq!(api.code(), "busy");
    assert_eq!(running.get("/").await.status, StatusCode::OK, "the start page costs nothing");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_said_to_be_so() {
    let bench = Bench::new();
    let running = bench.start().await;
    let answer = send_form(
        &running,
        "/v/file?lang=en",
        &vec![b' '; formats_copy::FILE_BYTES_MAX + (2 << 20)],
    )
    .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.text().contains("96 MB"));
}
