//! Who may connect to the device listener, and as whom.

use std::process::{Command, Stdio};

use counterpart::TestCa;
use http::{Method, StatusCode};
use registry::wire::code;
use registry::wire::tus::{UPLOAD_LENGTH, UPLOAD_METADATA, UPLOADS, receipt_path};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::bench::{Bench, Client, DEVICE, facts, meta, paper};

/// Whether a request gets any answer: TLS 1.3 tells a client about a refused certificate only when
/// it reads.
async fn is_answered(client: &Client) -> bool {
    let Ok(mut stream) = client.connect().await else { return false };
    let request = b"OPTIONS /v1/uploads HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut answer = [0; 8];
    stream.write_all(request).await.is_ok() && stream.read_exact(&mut answer).await.is_ok()
}

#[tokio::test]
async fn only_a_certificate_from_our_authority_that_names_a_device_is_answered() {
    let bench = Bench::new();
    let running = bench.start().await;
    let client = |identity| Client::new(running.device, &bench.ca, identity);
    assert!(is_answered(&running.client).await);
    assert!(!is_answered(&client(None)).await, "no certificate");
    let stranger = TestCa::new("Machines").expect("another CA of the same name");
    let subject = counterpart::Subject::new(DEVICE, "Hà Nội");
    let forged = stranger.issue_with_key(&subject, &counterpart::Usage::TlsClient);
    assert!(!is_answered(&client(Some(forged.expect("issued")))).await, "foreign authority");
    assert!(!is_answered(&client(Some(bench.device("Nguyễn Văn A")))).await, "names no device");
}

#[tokio::test]
async fn tls_1_2_is_refused_and_1_3_is_not() {
    let bench = Bench::new();
    let running = bench.start().await;
    let identity = bench.device(DEVICE);
    let put = |name: &str, text: &str| {
        let path = bench.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let certificate = put("client.pem", &identity.certificate.pem);
    let key = put("client.key", &identity.key_pem);
    let roots = put("ca.pem", &bench.ca.root().pem);
    let openssl = |version: &'static str| {
        let mut command = Command::new("openssl");
        command.args(["s_client", version, "-verify_return_error", "-connect"]);
        command.arg(running.device.to_string()).arg("-CAfile").arg(&roots);
        command.args(["-servername", "localhost"]);
        command.arg("-cert").arg(&certificate).arg("-key").arg(&key).stdin(Stdio::null());
        tokio::task::spawn_blocking(move || {
            let output = command.output().expect("openssl is installed");
            String::from_utf8_lossy(&output.stdout).into_owned()
        })
    };
    let modern = openssl("-tls1_3").await.expect("ran");
    assert!(modern.contains("TLSv1.3") && modern.contains("Verification: OK"), "{modern}");
    let old = openssl("-tls1_2").await.expect("ran");
    assert!(old.contains("Cipher is (NONE)"), "{old}");
}

#[tokio::test]
async fn a_device_acts_for_itself_only() {
    let bench = Bench::new();
    let running = bench.start().await;
    let bytes = paper(&facts(1), 0);
    let (metadata, length) = (meta(1, &bytes).encode(), bytes.len().to_string());
    let headers = [(UPLOAD_METADATA, metadata.as_str()), (UPLOAD_LENGTH, length.as_str())];
    let other = Client::new(running.device, &bench.ca, Some(bench.device("HN-01")));
    let refused = other.send(Method::POST, UPLOADS, &headers, Vec::new()).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::FORBIDDEN, code::WRONG_DEVICE.into())
    );
    let made = running.client.send(Method::POST, UPLOADS, &headers, Vec::new()).await;
    let path = made.header("location").to_owned();
    let seen = other.send(Method::HEAD, &path, &[], Vec::new()).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND, "another device's upload does not exist");
    let receipt = other.send(Method::GET, &receipt_path(DEVICE, 1), &[], Vec::new()).await;
    assert_eq!(receipt.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn another_protocol_version_is_told_ours() {
    let bench = Bench::new();
    let running = bench.start().await;
    let stream = running.client.connect().await.expect("connects");
    let request = http::Request::head("/v1/uploads/x").header("tus-resumable", "0.2.2");
    let request = request.body(axum::body::Body::empty()).expect("a request");
    let answer = crate::bench::exchange(stream, request).await;
    assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(answer.header("tus-version"), "1.0.0");
}
