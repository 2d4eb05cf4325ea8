//! A test authority, its signers, and a two-page original with known words.

#![allow(dead_code, clippy::allow_attributes, reason = "each test program uses a part of it")]

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use der::asn1::{BitString, ObjectIdentifier};
use der::{Decode, Encode};
use formats_copy::{
    Assets, ClockTrust, CopyRequest, ImageFile, Layer, ModelEntry, PageImage, PlacedWord, Product,
    SealedCopy, SignatureAlgorithm, Signer, TrustAnchors, VerificationCode, seal,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use time::macros::datetime;
use x509_cert::Certificate;
use x509_cert::serial_number::SerialNumber;

/// A certificate authority made for a test run.
pub(crate) struct TestCa {
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
    key_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl TestCa {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).expect("a root");
        let (pem, der) = (certificate.pem(), certificate.der().to_vec());
        Self { pem, der, key_pem: key.serialize_pem(), issuer: Issuer::new(params, key) }
    }

    pub(crate) fn trust(&self) -> TrustAnchors {
        TrustAnchors::from_pem(self.pem.as_bytes()).expect("the root is usable")
    }

    /// An intermediate authority under this one.
    pub(crate) fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.signed_by(&key, &self.issuer).expect("an intermediate");
        let (pem, der) = (certificate.pem(), certificate.der().to_vec());
        Self { pem, der, key_pem: key.serialize_pem(), issuer: Issuer::new(params, key) }
    }

    pub(crate) fn ec_signer(&self, name: &str) -> TestSigner {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        self.signer(key.serialize_pem(), SignatureAlgorithm::EcdsaP256Sha256, named(name))
    }

    pub(crate) fn rsa_signer(&self, name: &str) -> TestSigner {
        let made = Command::new("openssl").args(["genpkey", "-algorithm", "RSA"]).output();
        let made = made.expect("openssl runs: `make setup` installs it");
        let pem = String::from_utf8(made.stdout).expect("PEM");
        self.signer(pem, SignatureAlgorithm::RsaPkcs1Sha256, named(name))
    }

    /// A signer whose certificate deviates.
    pub(crate) fn signer_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> TestSigner {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut params = named(name);
        params.key_usages = SIGNING.to_vec();
        change(&mut params);
        self.issued(key.serialize_pem(), SignatureAlgorithm::EcdsaP256Sha256, params)
    }

    /// A signer whose certificate is for TLS clients only.
    pub(crate) fn tls_signer(&self, name: &str) -> TestSigner {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut params = named(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.signer(key.serialize_pem(), SignatureAlgorithm::EcdsaP256Sha256, params)
    }

    /// A signer whose certificate ended before the copies of these tests.
    pub(crate) fn expired_signer(&self, name: &str) -> TestSigner {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut params = named(name);
        params.not_after = datetime!(2026-01-01 00:00 UTC);
        self.signer(key.serialize_pem(), SignatureAlgorithm::EcdsaP256Sha256, params)
    }

    fn signer(
        &self,
        key_pem: String,
        algorithm: SignatureAlgorithm,
        mut params: CertificateParams,
    ) -> TestSigner {
        params.key_usages = SIGNING.to_vec();
        self.issued(key_pem, algorithm, params)
    }

    fn issued(
        &self,
        key_pem: String,
        algorithm: SignatureAlgorithm,
        params: CertificateParams,
    ) -> TestSigner {
        let key = KeyPair::from_pem(&key_pem).expect("the key is read");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let chain = vec![certificate.der().to_vec(), self.der.clone()];
        TestSigner { chain, algorithm, key: kept(key_pem.as_bytes()) }
    }
}

const SIGNING: [KeyUsagePurpose; 2] =
    [KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("empty parameters");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "VN");
    params.distinguished_name.push(DnType::OrganizationName, "UBND phường Thử Nghiệm");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = datetime!(2025-01-01 00:00 UTC);
    params.not_after = datetime!(2035-01-01 00:00 UTC);
    params
}

/// A key in a file, used through openssl: it signs digests as a token does.
pub(crate) struct TestSigner {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) algorithm: SignatureAlgorithm,
    key: tempfile::NamedTempFile,
}

impl TestSigner {
    /// A signer with a P-256 key (PEM) and its certificates.
    pub(crate) fn of(chain: Vec<Vec<u8>>, key_pem: &str) -> Self {
        let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
        Self { chain, algorithm, key: kept(key_pem.as_bytes()) }
    }

    /// The same key and certificates once more.
    pub(crate) fn twin(&self) -> Self {
        let pem = std::fs::read(self.key.path()).expect("the key is read");
        Self { chain: self.chain.clone(), algorithm: self.algorithm, key: kept(&pem) }
    }

    /// A signer issued by this signer's key, as if it were an authority's.
    pub(crate) fn issue(&self, name: &str) -> Self {
        let pem = std::fs::read_to_string(self.key.path()).expect("the key is read");
        let key = KeyPair::from_pem(&pem).expect("the key is read");
        let own = rustls_pki_types::CertificateDer::from(self.chain[0].as_slice());
        let issuer = Issuer::from_ca_cert_der(&own, key).expect("an issuer");
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut params = named(name);
        params.key_usages = SIGNING.to_vec();
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        let chain = vec![certificate.der().to_vec()];
        let key = kept(key.serialize_pem().as_bytes());
        Self { chain, algorithm: SignatureAlgorithm::EcdsaP256Sha256, key }
    }

    /// Its certificate once more: another serial number, perhaps another key (its info in DER),
    /// signed by openssl with a digest of choice. DER.
    pub(crate) fn reissued(&self, ca: &TestCa, digest: &str, key: Option<&[u8]>) -> Vec<u8> {
        let mut certificate = Certificate::from_der(&self.chain[0]).expect("a certificate");
        let kind = match digest {
            "-sha1" => "1.2.840.10045.4.1",
            "-sha224" => "1.2.840.10045.4.3.1",
            _ => "1.2.840.10045.4.3.2",
        };
        let kind = ObjectIdentifier::new_unwrap(kind);
        let body = &mut certificate.tbs_certificate;
        body.serial_number = SerialNumber::new(&[77]).expect("a number");
        body.signature.oid = kind;
        if let Some(key) = key {
            body.subject_public_key_info = Decode::from_der(key).expect("a key");
        }
        let message = kept(&body.to_der().expect("it encodes"));
        let ca_key = kept(ca.key_pem.as_bytes());
        let mut sign = Command::new("openssl");
        sign.args(["dgst", digest, "-sign"]).arg(ca_key.path()).arg(message.path());
        certificate.signature_algorithm.oid = kind;
        certificate.signature = BitString::from_bytes(&run(&mut sign)).expect("short");
        certificate.to_der().expect("it encodes")
    }

    /// A signer with an RSA key of a length of choice.
    pub(crate) fn with_rsa(&self, ca: &TestCa, bits: &str) -> Self {
        let bits = format!("rsa_keygen_bits:{bits}");
        let mut make = Command::new("openssl");
        let key = kept(&run(make.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits])));
        let mut public = Command::new("openssl");
        public.args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(key.path());
        let chain = vec![self.reissued(ca, "-sha256", Some(&run(&mut public)))];
        Self { chain, algorithm: SignatureAlgorithm::RsaPkcs1Sha256, key }
    }
}

/// Runs a program that must succeed; its output.
pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let done = command.output().expect("the program runs: `make setup` installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

fn kept(pem: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(pem).expect("the key is written");
    file
}

impl Signer for TestSigner {
    fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let mut child = Command::new("openssl")
            .args(["pkeyutl", "-sign", "-pkeyopt", "digest:sha256", "-inkey"])
            .arg(self.key.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        child.stdin.take().ok_or("no stdin")?.write_all(digest)?;
        let done = child.wait_with_output()?;
        if done.status.success() { Ok(done.stdout) } else { Err("openssl refused".into()) }
    }
}

/// The words of the sample pages, line by line.
pub(crate) const LINES: [&[&str]; 4] = [
    &["CỘNG", "HÒA", "XÃ", "HỘI", "CHỦ", "NGHĨA", "VIỆT", "NAM"],
    &["Độc", "lập", "-", "Tự", "do", "-", "Hạnh", "phúc"],
    &["GIẤY", "KHAI", "SINH"],
    &["Họ", "và", "tên:", "Nguyễn", "Thị", "Thử", "Nghiệm", "ắằẳẵặ", "ốồổỗộ", "ứừửữự"],
];

/// A page with a grey box under each word, turned by `degrees`.
pub(crate) fn page(dpi: u32, degrees: f32) -> PageImage {
    let (width, height) = (dpi * 827 / 100, dpi * 1169 / 100);
    let scale = dpi as f32 / 100.0;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let turn = |x: f32, y: f32| [(x * cos - y * sin) * scale, (x * sin + y * cos) * scale];
    let mut words = Vec::new();
    for (line, texts) in LINES.iter().enumerate() {
        let (mut x, y) = (90.0, 120.0 + 60.0 * line as f32);
        for text in *texts {
            let (w, h) = (9.0 * text.chars().count() as f32, 20.0);
            let quad = [turn(x, y), turn(x + w, y), turn(x + w, y + h), turn(x, y + h)];
            words.push(PlacedWord { text: (*text).into(), quad, line });
            x += w + 8.0;
        }
    }
    let mut pixels = image::RgbImage::from_fn(width, height, |x, y| {
        let noise = ((x * 7919 + y * 104_729) % 23) as u8;
        image::Rgb([255 - noise, 253 - noise, 245 - noise])
    });
    for word in &words {
        let [a, b, _, d] = word.quad;
        // In steps of half a pixel along both sides, so that a turned box has no holes.
        let steps = |to: [f32; 2]| 2 * (to[0] - a[0]).hypot(to[1] - a[1]) as u32;
        let (across, down) = (steps(b), steps(d));
        for (i, j) in (0..down).flat_map(|j| (0..across).map(move |i| (i, j))) {
            let (s, t) = (i as f32 / across as f32, j as f32 / down as f32);
            let x = a[0] + s * (b[0] - a[0]) + t * (d[0] - a[0]);
            let y = a[1] + s * (b[1] - a[1]) + t * (d[1] - a[1]);
            if x >= 0.0 && y >= 0.0 && (x as u32) < width && (y as u32) < height {
                pixels.put_pixel(x as u32, y as u32, image::Rgb([150, 150, 150]));
            }
        }
    }
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 85)
        .encode(pixels.as_raw(), width as u16, height as u16, jpeg_encoder::ColorType::Rgb)
        .expect("the page is encoded");
    PageImage { jpeg: jpeg.into(), over: Vec::new(), width, height, dpi, skew_degrees: 0.0, words }
}

/// The same page in layers: paper of half the resolution, the words' boxes as ink in blue, a part
/// of the page in full resolution.
pub(crate) fn layered_page(dpi: u32, degrees: f32) -> PageImage {
    let page = page(dpi, degrees);
    let whole = page.jpeg.read().expect("it is in memory");
    let whole = image::load_from_memory(&whole).expect("a JPEG").to_rgb8();
    let (width, height) = whole.dimensions();
    let jpeg = |pixels: &image::RgbImage| {
        let mut jpeg = Vec::new();
        let (width, height) = (pixels.width() as u16, pixels.height() as u16);
        jpeg_encoder::Encoder::new(&mut jpeg, 85)
            .encode(pixels.as_raw(), width, height, jpeg_encoder::ColorType::Rgb)
            .expect("it is encoded");
        jpeg
    };
    let light = |at: u32, side: u32| (2 * at).min(side - 1);
    let paper = image::RgbImage::from_fn(width.div_ceil(2), height.div_ceil(2), |x, y| {
        let pixel = whole.get_pixel(light(x, width), light(y, height));
        if pixel[0] < 200 { image::Rgb([248, 246, 238]) } else { *pixel }
    });
    let mut fax = fax::encoder::Encoder::new(fax::VecWriter::new());
    for row in whole.rows() {
        let bit = |pixel: &image::Rgb<u8>| match pixel[0] < 200 {
            true => fax::Color::Black,
            false => fax::Color::White,
        };
        let Ok(()) = fax.encode_line(row.map(bit), width);
    }
    let Ok(mask) = fax.finish().map(fax::VecWriter::finish);
    let ink = image::RgbImage::from_pixel(width / 8, height / 8, image::Rgb([20, 40, 120]));
    let [left, top, wide, high] = [width / 2, height / 2, width / 5, height / 7];
    let patch = image::imageops::crop_imm(&whole, left, top, wide, high).to_image();
    let layer = |pixels, area, mask| Layer { jpeg: ImageFile::from(jpeg(pixels)), area, mask };
    let over = vec![
        layer(&ink, [0, 0, width, height], Some(mask.into())),
        layer(&patch, [left, top, wide, high], None),
    ];
    PageImage { jpeg: jpeg(&paper).into(), over, ..page }
}

pub(crate) fn request() -> CopyRequest {
    CopyRequest {
        product: Product::ChungThuc,
        code: VerificationCode::from_random([7, 77, 171, 7, 9, 200, 7, 7, 31, 7]),
        number: 7,
        book: "03/2026-SCT/BS".into(),
        issued_at: datetime!(2026-11-22 09:15:30.25 +7),
        authority: "Ủy ban nhân dân phường Thử Nghiệm".into(),
        place: "Điểm hỗ trợ dịch vụ công số, 258 Võ Chí Công, Hà Nội".into(),
        officer: "Nguyễn Thị Thử".into(),
        capacity: "TUQ. CHỦ TỊCH / CÔNG CHỨC TƯ PHÁP - HỘ TỊCH".into(),
        kind: "Giấy khai sinh".into(),
        title: "Giấy khai sinh số 12/2020 do UBND phường Thử Nghiệm cấp".into(),
        corrected: vec![],
        device: "HN-0001".into(),
        sequence: 42,
        pages: vec![page(100, 0.0), layered_page(100, 0.5)],
        clock: ClockTrust::Synchronised,
        models: vec![ModelEntry {
            name: "tesseract-vie".into(),
            version: "4.1.0".into(),
            sha256: "00".repeat(32),
        }],
        verify_base: "https://tracuu.example.vn".into(),
    }
}

pub(crate) fn assets() -> Assets {
    // Debian 12 has the version with Vietnamese letters in a folder of its own.
    let font = |name: &str| {
        let folders =
            ["liberation2", "liberation"].map(|f| format!("/usr/share/fonts/truetype/{f}"));
        let found = folders.iter().find_map(|f| std::fs::read(PathBuf::from(f).join(name)).ok());
        found.unwrap_or_else(|| panic!("no {name} in {folders:?}: run `make setup`"))
    };
    Assets {
        regular_font: font("LiberationSerif-Regular.ttf"),
        bold_font: font("LiberationSerif-Bold.ttf"),
        seal_png: Some(seal_png()),
        signature_png: Some(signature_png()),
    }
}

fn png(pixels: &image::RgbaImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, image::ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

/// Two red rings and a star of spokes.
fn seal_png() -> Vec<u8> {
    png(&image::RgbaImage::from_fn(425, 425, |x, y| {
        let (dx, dy) = (x as f32 - 212.0, y as f32 - 212.0);
        let (r, angle) = (dx.hypot(dy), dy.atan2(dx));
        let star = r < 45.0 + 35.0 * (angle * 5.0 + 1.57).cos();
        let ring = (200.0..210.0).contains(&r) || (128.0..133.0).contains(&r);
        image::Rgba([214, 20, 30, if star || ring { 220 } else { 0 }])
    }))
}

/// A blue wave.
fn signature_png() -> Vec<u8> {
    png(&image::RgbaImage::from_fn(500, 248, |x, y| {
        let t = x as f32 / 500.0;
        let wave = 124.0 + 90.0 * (t * 22.0).sin() * (1.0 - t) * (0.3 + t);
        let on = (y as f32 - wave).abs() < 5.0 + 4.0 * (t * 22.0).cos().abs();
        image::Rgba([20, 50, 170, if on { 255 } else { 0 }])
    }))
}

/// One sealed copy, made once for all tests of a program.
pub(crate) struct Sealed {
    pub(crate) ca: TestCa,
    pub(crate) copy: SealedCopy,
}

pub(crate) static SEALED: LazyLock<Sealed> = LazyLock::new(|| {
    let ca = TestCa::new("Test Root");
    let mut officer = ca.ec_signer("Nguyễn Thị Thử");
    let mut authority = ca.rsa_signer("UBND phường Thử Nghiệm");
    let copy = seal(&request(), &assets(), &mut officer, &mut authority).expect("a sealed copy");
    Sealed { ca, copy }
});
