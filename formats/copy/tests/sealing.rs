//! Sealing and verifying, at the public interface.

mod common;

use common::{SEALED, TestCa, assets, page, request};
use formats_copy::{
    BuildError, Product, RequestError, Role, SealError, SignatureAlgorithm, Signer, seal, verify,
};
use time::macros::datetime;

#[test]
fn a_sealed_copy_verifies_and_says_who_signed() {
    let verified = verify(&SEALED.copy.bytes, &SEALED.ca.trust()).expect("the copy verifies");
    assert_eq!(verified.manifest, SEALED.copy.manifest);
    assert_eq!(verified.sha256, SEALED.copy.sha256);
    assert_eq!(verified.manifest.issued_at, datetime!(2026-11-22 09:15:30 +7));
    let officer = verified.officer.expect("two signed");
    assert_eq!(officer.common_name, "Nguyễn Thị Thử");
    assert_eq!(officer.algorithm, SignatureAlgorithm::EcdsaP256Sha256);
    assert_eq!(verified.authority.organisation.as_deref(), Some("UBND phường Thử Nghiệm"));
    assert_eq!(verified.authority.algorithm, SignatureAlgorithm::RsaPkcs1Sha256);
}

#[test]
fn a_copy_by_decree_30_is_signed_by_the_authority_alone() {
    let ca = TestCa::new("Test Root");
    let mut request = request();
    request.product = Product::SaoY;
    let copy = seal(&request, &assets(), &mut NoKey(ca.ec_signer("a")), &mut ca.ec_signer("b"));
    let copy = copy.expect("the officer's key is not asked");
    let verified = verify(&copy.bytes, &ca.trust()).expect("the copy verifies");
    assert_eq!(verified.manifest.product, Product::SaoY);
    assert_eq!(verified.officer, None);
    assert_eq!(verified.authority.common_name, "b");
    assert!(verified.matches_qr(&copy.qr));
}

/// A key that must not be used.
struct NoKey(common::TestSigner);

impl Signer for NoKey {
    fn chain(&self) -> &[Vec<u8>] {
        self.0.chain()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    fn sign_digest(
        &mut self,
        _: &[u8; 32],
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        Err("asked".into())
    }
}

#[test]
fn a_copy_dated_before_its_instrument_is_not_made() {
    let ca = TestCa::new("Test Root");
    let mut request = request();
    request.issued_at = datetime!(2025-10-31 23:59 +7);
    let error = seal(&request, &assets(), &mut ca.ec_signer("a"), &mut ca.ec_signer("b"));
    let error = error.expect_err("refused");
    assert!(matches!(error, SealError::Build(BuildError::Profile(_))), "{error:?}");
}

#[test]
fn the_pages_are_embedded_byte_for_byte() {
    for page in request().pages {
        let over = page.over.iter().flat_map(|layer| [Some(&layer.jpeg), layer.mask.as_ref()]);
        let mut files = [Some(&page.jpeg)].into_iter().chain(over).flatten();
        let found = files.all(|file| {
            let file = file.read().expect("it is in memory");
            SEALED.copy.bytes.windows(file.len()).any(|w| w == &*file)
        });
        assert!(found, "the JPEG is in the file as it was given");
    }
}

#[test]
fn the_qr_text_belongs_to_this_copy_only() {
    let verified = verify(&SEALED.copy.bytes, &SEALED.ca.trust()).expect("the copy verifies");
    let qr = &SEALED.copy.qr;
    assert!(qr.starts_with("https://tracuu.example.vn/v/"), "{qr}");
    assert!(verified.matches_qr(qr));
    for place in qr.find("/v/").map(|at| at + 3..qr.len()).expect("the code's place") {
        let mut other = qr.clone().into_bytes();
        other[place] = if other[place] == b'0' { b'1' } else { b'0' };
        let other = String::from_utf8(other).expect("ASCII");
        assert!(!verified.matches_qr(&other), "{other}");
    }
    assert!(!verified.matches_qr(""));
}

#[test]
fn every_pair_of_key_kinds_seals() {
    let ca = TestCa::new("Test Root");
    let pairs = [
        (ca.ec_signer("a"), ca.ec_signer("b")),
        (ca.rsa_signer("a"), ca.rsa_signer("b")),
        (ca.rsa_signer("a"), ca.ec_signer("b")),
    ];
    for (mut officer, mut authority) in pairs {
        let copy = seal(&request(), &assets(), &mut officer, &mut authority).expect("a copy");
        verify(&copy.bytes, &ca.trust()).expect("it verifies");
    }
}

#[test]
fn intermediate_certificates_travel_with_the_copy() {
    let root = TestCa::new("Test Root");
    let issuing = root.intermediate("Test Issuing");
    let (mut officer, mut authority) = (issuing.ec_signer("a"), issuing.ec_signer("b"));
    for signer in [&mut officer, &mut authority] {
        signer.chain.push(root.der.clone());
    }
    let copy = seal(&request(), &assets(), &mut officer, &mut authority).expect("a copy");
    verify(&copy.bytes, &root.trust()).expect("it verifies up to the root");
}

#[test]
fn the_same_request_makes_the_same_unsigned_bytes() {
    let ca = TestCa::new("Test Root");
    let (mut officer, mut authority) = (ca.rsa_signer("a"), ca.rsa_signer("b"));
    let mut once = || seal(&request(), &assets(), &mut officer, &mut authority).expect("a copy");
    assert_eq!(once().sha256, once().sha256, "RSA PKCS#1 v1.5 and the layout are deterministic");
}

#[test]
fn one_certificate_cannot_sign_for_both() {
    let ca = TestCa::new("Test Root");
    let mut officer = ca.ec_signer("a");
    let mut same = ca.ec_signer("b");
    same.chain = officer.chain.clone();
    let error = seal(&request(), &assets(), &mut officer, &mut same).expect_err("refused");
    assert!(matches!(error, SealError::SameSigner), "{error:?}");
}

#[test]
fn a_token_whose_key_is_not_its_certificates_makes_no_copy() {
    let ca = TestCa::new("Test Root");
    let mut officer = ca.ec_signer("a");
    officer.chain = ca.ec_signer("c").chain;
    let error = seal(&request(), &assets(), &mut officer, &mut ca.ec_signer("b"));
    let error = error.expect_err("refused");
    assert!(matches!(error, SealError::Sign { role: Role::Officer, .. }), "{error:?}");
}

#[test]
fn a_token_that_fails_is_named() {
    struct Unplugged(Vec<Vec<u8>>);
    impl Signer for Unplugged {
        fn chain(&self) -> &[Vec<u8>] {
            &self.0
        }
        fn algorithm(&self) -> SignatureAlgorithm {
            SignatureAlgorithm::EcdsaP256Sha256
        }
        fn sign_digest(
            &mut self,
            _: &[u8; 32],
        ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
            Err("token removed".into())
        }
    }
    let ca = TestCa::new("Test Root");
    let mut authority = Unplugged(ca.ec_signer("b").chain);
    let error = seal(&request(), &assets(), &mut ca.ec_signer("a"), &mut authority);
    let error = error.expect_err("refused");
    assert!(matches!(error, SealError::Sign { role: Role::Authority, .. }), "{error:?}");
}

#[test]
fn requests_that_cannot_become_a_copy_are_refused_with_the_reason() {
    let ca = TestCa::new("Test Root");
    let (mut officer, mut authority) = (ca.ec_signer("a"), ca.ec_signer("b"));
    let mut refused = |change: &dyn Fn(&mut formats_copy::CopyRequest)| {
        let mut request = request();
        change(&mut request);
        seal(&request, &assets(), &mut officer, &mut authority).expect_err("refused")
    };
    let error = refused(&|r| r.pages.clear());
    assert!(matches!(error, SealError::Request(RequestError::PageCount { count: 0 })));
    let error = refused(&|r| r.officer = "  ".into());
    assert!(matches!(error, SealError::Request(RequestError::Text { name: "officer's name" })));
    let error = refused(&|r| r.pages[1].dpi = 0);
    assert!(matches!(error, SealError::Request(RequestError::PageSize { page: 2 })));
    let error = refused(&|r| r.pages[1].skew_degrees = f32::NAN);
    assert!(matches!(error, SealError::Request(RequestError::PageSkew { page: 2 })));
    let error = refused(&|r| r.pages[0].skew_degrees = -15.1);
    assert!(matches!(error, SealError::Request(RequestError::PageSkew { page: 1 })));
    let error = refused(&|r| r.pages[0].words[0].quad[0][0] = f32::NAN);
    assert!(matches!(error, SealError::Request(RequestError::PageWords { page: 1 })));
    let error = refused(&|r| r.pages[0].width += 1);
    assert!(error.to_string().contains("laid out"), "{error:?}");
    let error = refused(&|r| r.pages[0].jpeg = vec![0xff, 0xd8, 0xff].into());
    assert!(error.to_string().contains("laid out"), "{error:?}");
}

#[test]
fn strange_words_and_places_do_not_fail_a_copy() {
    let ca = TestCa::new("Test Root");
    let mut request = request();
    let words = &mut request.pages[0].words;
    let strange =
        ["汉字", "😀", "\u{0}\u{feff}", "", "   ", "e\u{302}\u{301}", "\u{e000}", "مرحبا"];
    for (word, text) in words.iter_mut().zip(strange) {
        word.text = text.into();
    }
    words[9].quad = [[5.0, 5.0]; 4];
    words[10].quad = [[-1e9, 0.0], [1e9, 0.0], [1e9, 1e9], [0.0, 1e9]];
    words[11].quad = [[0.0, 0.0], [10.0, 0.0], [10.0, 0.0], [0.0, 0.0]];
    words[12].quad = [[f32::MAX, 0.0], [f32::MIN, 0.0], [10.0, 0.0], [0.0, f32::MAX]];
    let (mut officer, mut authority) = (ca.ec_signer("a"), ca.ec_signer("b"));
    let copy = seal(&request, &assets(), &mut officer, &mut authority).expect("a copy");
    verify(&copy.bytes, &ca.trust()).expect("it verifies");
}

#[test]
fn long_names_and_no_images_still_make_a_copy() {
    let ca = TestCa::new("Test Root");
    let mut request = request();
    request.authority = "W".repeat(500);
    request.officer = "Nguyễn ".repeat(70);
    request.title = "Đ".repeat(500);
    request.capacity = "KT. CHỦ TỊCH / ".repeat(30);
    request.pages = vec![page(60, 0.0)];
    let mut assets = assets();
    (assets.seal_png, assets.signature_png) = (None, None);
    let (mut officer, mut authority) = (ca.ec_signer("a"), ca.ec_signer("b"));
    let copy = seal(&request, &assets, &mut officer, &mut authority).expect("a copy");
    verify(&copy.bytes, &ca.trust()).expect("it verifies");
}

#[test]
fn a_typeface_without_vietnamese_letters_makes_no_copy() {
    let ca = TestCa::new("Test Root");
    let mut assets = assets();
    // DejaVu, FreeSerif and Liberation 2 have the letters; the sample drops them by cutting the
    // character map's table name, so that nothing maps any more.
    let at = assets.bold_font.windows(4).position(|w| w == b"cmap").expect("a character map");
    assets.bold_font[at..at + 4].copy_from_slice(b"cmzz");
    let error = seal(&request(), &assets, &mut ca.ec_signer("a"), &mut ca.ec_signer("b"));
    let error = error.expect_err("refused");
    assert!(
        matches!(error, SealError::Build(BuildError::FontLetters { name: "bold" })),
        "{error:?}"
    );
}
