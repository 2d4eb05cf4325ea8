//! The verifier of copies and every form that it reads: PDF, CMS, X.509, time-stamps, OCSP, codes.

use std::sync::LazyLock;

use formats_copy::{
    Evidence, GenuineCopy, Level, SignerCertificate, TimeStampQuery, TrustAnchors,
    VerificationCode, Verified,
};
use time::macros::datetime;

const COPY: &[u8] = include_bytes!("../../../formats/copy/tests/data/copy-v1.pdf");
const ROOT: &[u8] = include_bytes!("../../../formats/copy/tests/data/root-v1.pem");
static TRUST: LazyLock<TrustAnchors> =
    LazyLock::new(|| TrustAnchors::from_pem(ROOT).expect("a root"));
static GENUINE: LazyLock<Verified> =
    LazyLock::new(|| formats_copy::verify(COPY, &TRUST).expect("the copy verifies"));

/// Changes of four bytes each, laid over a true copy so that the deep checks are reached: three say
/// where, one what. And the bytes as a whole file.
pub(super) fn verify(bytes: &[u8]) {
    let mut copy = COPY.to_vec();
    for change in bytes.chunks_exact(4) {
        let at = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize % copy.len();
        copy[at] = change[3];
    }
    assert!(copy == COPY || formats_copy::verify(&copy, &TRUST).is_err());
    assert!(bytes == COPY || formats_copy::verify(bytes, &TRUST).is_err());
}

/// Updates behind a sealed copy, framed as time-stamps and validation data are. No such file may
/// prove more than the sealed copy does.
pub(super) fn updates(bytes: &[u8]) {
    let object = COPY.len() + 1;
    let head = format!("\n38 0 obj\n<</Length {}>>\nstream\n", bytes.len());
    let mut file = [COPY, head.as_bytes(), bytes, b"\nendstream\nendobj\n"].concat();
    file.extend(b"39 0 obj\n<</Type/DSS>>\nendobj\n");
    let table = file.len();
    file.extend(format!("xref\n38 1\n{object:010} 00000 n \ntrailer\n<<>>\n").as_bytes());
    file.extend(format!("startxref\n{table}\n%%EOF\n").as_bytes());
    assert!(formats_copy::verify(&file, &TRUST).is_err());
    // And the bytes as the whole update.
    let end = format!("\nxref\n1 1\n{object:010} 00000 n \ntrailer\n<<>>\nstartxref\n");
    let mut file = [COPY, b"\n", bytes].concat();
    let table = file.len() + 1;
    file.extend(end.as_bytes());
    file.extend(format!("{table}\n%%EOF\n").as_bytes());
    let found = formats_copy::verify(&file, &TRUST);
    assert!(found.map_or(true, |found| found.level == Level::Basic));
}

/// A signature (CMS) in the place of each of the two: only its own bytes may be accepted.
pub(super) fn cms(bytes: &[u8]) {
    let text = hex::encode(bytes);
    let mut from = 0;
    while let Some(found) = find(&COPY[from..], b"/Contents <").map(|at| from + at + 11) {
        let room = COPY[found..].iter().position(|b| *b == b'>').expect("the hole ends");
        from = found + room;
        if text.len() > room {
            continue;
        }
        let mut copy = COPY.to_vec();
        copy[found..from].fill(b'0');
        copy[found..found + text.len()].copy_from_slice(text.as_bytes());
        assert!(copy == COPY || formats_copy::verify(&copy, &TRUST).is_err());
    }
    assert!(from > 0, "the copy has signatures");
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// Certificates: a signer's own, one above it, and a root given as PEM.
pub(super) fn x509(bytes: &[u8]) {
    let at = datetime!(2026-11-23 09:00 +7);
    let own = vec![bytes.to_vec(), bytes.to_vec()];
    if let Some(read) = SignerCertificate::read(&own, &TRUST, at) {
        let questions = read.questions();
        let _ = read.revoked(&[bytes.to_vec()], at);
        assert!(read.is_trusted() || questions.is_empty());
    }
    if let Ok(own) = TrustAnchors::from_pem(bytes) {
        assert!(formats_copy::verify(COPY, &own).is_err() || find(bytes, &ROOT[28..90]).is_some());
    }
}

/// A time-stamp authority's answer (RFC 3161, CMS).
pub(super) fn timestamp(bytes: &[u8]) {
    let query = TimeStampQuery::new([7; 32], [9; 16], None).expect("a question");
    let Ok(token) = query.token(bytes) else { return };
    assert!(find(&token, &[7; 32]).is_some(), "the answer is about our digest");
}

/// Answers and lists about revocation. What has their form may be carried; it must not change the
/// judgement by itself.
pub(super) fn ocsp(bytes: &[u8]) {
    if Evidence::of(bytes).is_some() {
        let mut copy = GenuineCopy::read(COPY.to_vec(), &TRUST).expect("it verifies");
        let _ = copy.add_evidence(&TRUST, &[bytes.to_vec()]);
    }
    let chain = vec![bytes.to_vec()];
    let at = datetime!(2026-11-23 09:00 +7);
    let officer = GENUINE.officer.as_ref().expect("an officer signed");
    assert!(!officer.common_name.is_empty());
    let _ = SignerCertificate::read(&chain, &TRUST, at).map(|read| read.revoked(&chain, at));
}

/// A verification code as people type it.
pub(super) fn code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(code) = VerificationCode::parse(text) {
        assert_eq!(code.to_string().parse(), Ok(code));
    }
}

/// The text of a QR code: none is right without the authority's signature, which no seed has.
pub(super) fn qr(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    assert!(!GENUINE.matches_qr(text));
    let digest = hex::encode(GENUINE.manifest_sha256);
    let framed = format!("https://a/v/{}#{digest}.{text}", GENUINE.manifest.code);
    assert!(!GENUINE.matches_qr(&framed));
}
