//! Whether a file is a certified copy, from its bytes alone.
//!
//! The order matters. First only places that [`revision`](crate::revision) fixes are looked at and
//! both signatures are checked, down to a trusted root. Only then does a PDF parser see the
//! document: what it parses has been signed by two trusted signers. Then the appended bytes are
//! written again and compared, and the manifest is held against the pages. Last come the proofs of
//! time, in [`proof`](crate::proof).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use der::asn1::ObjectIdentifier;
use der::{Tag, Tagged};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};
use time::OffsetDateTime;
use unicode_normalization::UnicodeNormalization;
use x509_cert::name::Name;

use crate::appended::{self, Tail, UPDATES_MAX, Update};
use crate::beginning::Beginning;
use crate::cms::{self, Chain, Decoded};
use crate::draft::{Draft, Found};
use crate::manifest::{LayerEntry, MANIFEST_NAME, Manifest, PageEntry};
use crate::place::Place;
use crate::proof::{self, Level, Signed, TimeStamp};
use crate::revision::{self, Base, BaseError, Role, Split};
use crate::shape;
use crate::trust::Path;
use crate::{FILE_BYTES_MAX, Refusal, SPECIMEN, SignatureAlgorithm, TrustAnchors, hash};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// How far a page's size may be from its pixels and resolution, in points (rounding).
const PAGE_SIZE_SLACK: f32 = 0.1;
/// How a PDF ends.
const END: &[u8] = b"\n%%EOF\n";
/// How many additions behind a copy are looked through for the copy: enough to find the words for
/// any real case.
const ADDITIONS_MAX: usize = 16;

/// A copy that passed every check.
#[derive(Debug)]
pub struct Verified {
    /// What the copy says about itself.
    pub manifest: Manifest,
    /// SHA-256 of the attached manifest: what the QR code carries.
    pub manifest_sha256: [u8; 32],
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// SHA-256 of the file as it was sealed, without what was appended later to prove it: what the
    /// register holds.
    pub sealed_sha256: [u8; 32],
    /// What the file carries to prove itself.
    pub level: Level,
    /// Its time-stamps, the earliest first.
    pub time_stamps: Vec<TimeStamp>,
    /// Who signed as officer, where the product has the officer sign.
    pub officer: Option<SignerInfo>,
    /// Who signed as authority.
    pub authority: SignerInfo,
    manifest_bytes: Vec<u8>,
    authority_chain: Arc<Chain>,
}

/// A signer, as the certificate names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerInfo {
    /// The common name.
    pub common_name: String,
    /// The organisation, if named.
    pub organisation: Option<String>,
    /// The issuer's whole name (RFC 4514).
    pub issuer: String,
    /// The certificate's serial number, in hexadecimal.
    pub serial: String,
    /// The algorithm of the key.
    pub algorithm: SignatureAlgorithm,
    /// SHA-256 of the certificate.
    pub certificate_sha256: [u8; 32],
}

impl Verified {
    /// Whether a demonstration's keys signed it: such a copy is worth nothing in law, whatever its
    /// verifier trusts.
    pub fn is_specimen(&self) -> bool {
        let signers = self.officer.iter().chain([&self.authority]);
        let named = signers.filter_map(|signer| signer.organisation.as_deref());
        self.manifest.specimen || named.into_iter().any(|name| name == SPECIMEN)
    }

    /// Whether a QR code's text is the one of this copy: its code, its manifest's digest, and the
    /// authority's signature over it.
    pub fn matches_qr(&self, text: &str) -> bool {
        let Some((address, proof)) = text.split_once('#') else { return false };
        let Some((digest, signature)) = proof.split_once('.') else { return false };
        let code = address.rsplit('/').next().unwrap_or_default();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        code.parse() == Ok(self.manifest.code)
            && URL_SAFE_NO_PAD.decode(digest).is_ok_and(|digest| digest == self.manifest_sha256)
            && self.authority_chain.verifies(&self.manifest_bytes, &signature)
    }
}

/// Verifies a copy. Never panics, whatever the bytes; work and memory are bounded by
/// [`FILE_BYTES_MAX`]. There is no network here: revocation is known from what the file carries.
///
/// The signers' certificates are judged at the time of the first time-stamp; without one, at the
/// time that the signatures state.
pub fn verify(bytes: &[u8], trust: &TrustAnchors) -> Result<Verified, Refusal> {
    judged(bytes, trust, None).map(|judged| judged.verified)
}

/// Verifies a copy as of a time, trusting nobody's word about when it was signed: without a
/// time-stamp, its certificates must be valid at `at`; the last time-stamp's must be so in any
/// case. A copy that is [`verify`]'d as genuine may be refused here, because nothing it carries
/// proves that it existed before its certificates expired.
pub fn verify_at(
    bytes: &[u8],
    trust: &TrustAnchors,
    at: OffsetDateTime,
) -> Result<Verified, Refusal> {
    judged(bytes, trust, Some(at)).map(|judged| judged.verified)
}

/// A verified copy with what is needed to append to it.
pub(crate) struct Judged {
    pub(crate) verified: Verified,
    pub(crate) tail: Tail,
    /// Where each update ends that was appended so far.
    pub(crate) updates: Vec<usize>,
    /// The sealed copy before them, judged once.
    sealed: Arc<Sealed>,
    /// Certificates of the signers and of each time-stamp, up to their roots.
    pub(crate) paths: Vec<Path>,
    /// Certificates with their issuers' that nothing in the file tells of.
    pub(crate) unknown: Vec<(Vec<u8>, Vec<u8>)>,
}

pub(crate) fn judged(
    bytes: &[u8],
    trust: &TrustAnchors,
    asked: Option<OffsetDateTime>,
) -> Result<Judged, Refusal> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Refusal::TooLarge { bytes: bytes.len() });
    }
    if !bytes.starts_with(b"%PDF-") {
        return Err(Refusal::NotPdf);
    }
    revision::start_of_table(bytes).ok_or(Refusal::Cut)?;
    let (length, updates) = sealed(bytes);
    let sealed = Arc::new(read(&bytes[..length], trust, None)?);
    proven(bytes, sealed, &updates, trust, asked)
}

/// Judges a copy that was just sealed, and whose unsigned part was read for that.
pub(crate) fn judged_fresh(draft: &Draft, trust: &TrustAnchors) -> Result<Judged, Refusal> {
    let sealed = Arc::new(read(draft.bytes(), trust, Some(draft.found()))?);
    proven(draft.bytes(), sealed, &[], trust, None)
}

impl Judged {
    /// The unsigned part of the copy, hashed.
    pub(crate) fn beginning(&self) -> &Beginning {
        &self.sealed.beginning
    }

    /// How long the copy was when it was sealed.
    pub(crate) fn sealed_length(&self) -> usize {
        self.sealed.length
    }

    /// Judges the copy with other updates behind it; the sealed bytes are the same, and so is what
    /// was found of them.
    pub(crate) fn again(&self, bytes: &[u8], trust: &TrustAnchors) -> Result<Self, Refusal> {
        let (length, updates) = sealed(bytes);
        if length != self.sealed.length {
            return Err(Refusal::Added);
        }
        proven(bytes, Arc::clone(&self.sealed), &updates, trust, None)
    }
}

/// Judges what stands behind a sealed copy.
fn proven(
    bytes: &[u8],
    sealed: Arc<Sealed>,
    updates: &[(Update, usize)],
    trust: &TrustAnchors,
    asked: Option<OffsetDateTime>,
) -> Result<Judged, Refusal> {
    let (officer, authority) = (sealed.officer.as_ref(), &sealed.authority);
    let signers: Vec<_> = officer
        .map(|officer| (Role::Officer, officer))
        .into_iter()
        .chain([(Role::Authority, authority.as_ref())])
        .collect();
    let mut tail = Tail::new(Arc::clone(&sealed.base), signers.len());
    let claimed = sealed.manifest.issued_at;
    let signed = Signed { trust, signers, claimed, asked, beginning: &sealed.beginning };
    let proof = proof::check(bytes, sealed.length, updates, &mut tail, &signed)?;
    let verified = Verified {
        manifest: sealed.manifest.clone(),
        manifest_sha256: hash(&sealed.manifest_bytes),
        sha256: sealed.beginning.digest(bytes, &[]),
        sealed_sha256: sealed.sha256,
        level: proof.level,
        time_stamps: proof.stamps,
        officer: officer.map(signer_info),
        authority: signer_info(authority),
        manifest_bytes: sealed.manifest_bytes.clone(),
        authority_chain: Arc::clone(authority),
    };
    let updates = updates.iter().map(|(_, end)| *end).collect();
    Ok(Judged { verified, tail, updates, sealed, paths: proof.paths, unknown: proof.unknown })
}

/// Takes what was appended off a file: the length of the sealed copy, and the updates, each with
/// the length of the file that ends with it. What they are worth is checked later.
fn sealed(bytes: &[u8]) -> (usize, Vec<(Update, usize)>) {
    let mut updates = Vec::new();
    let mut length = bytes.len();
    while updates.len() < UPDATES_MAX
        && let Some((update, previous)) = appended::split(&bytes[..length])
    {
        updates.push((update, length));
        length = previous;
    }
    updates.reverse();
    (length, updates)
}

/// A sealed copy, its signatures checked, and what it says.
struct Sealed {
    length: usize,
    sha256: [u8; 32],
    base: Arc<Base>,
    beginning: Beginning,
    /// Only where two signed.
    officer: Option<Chain>,
    authority: Arc<Chain>,
    manifest: Manifest,
    manifest_bytes: Vec<u8>,
}

/// Reads a sealed copy. Which signers it must have is known only from its manifest, and that only
/// after the signatures: so those that are there are checked first, and then that they are the
/// product's. `found` is what was found of the unsigned part when it was made.
fn read(bytes: &[u8], trust: &TrustAnchors, found: Option<&Found>) -> Result<Sealed, Refusal> {
    let splits = signers(bytes)?;
    // Where the unsigned file ends, and each signer's revision behind it.
    let ends: Vec<usize> = splits.iter().map(|split| split.previous).chain([bytes.len()]).collect();
    let unsigned = &bytes[..ends[0]];
    let found = found.filter(|found| found.beginning.length() == unsigned.len());
    let beginning = found.map_or_else(|| Beginning::of(unsigned), |found| found.beginning.clone());
    let mut chains = Vec::new();
    for (split, end) in splits.iter().zip(&ends[1..]) {
        chains.push(signature(&bytes[..*end], &beginning, split, trust)?.chain);
    }
    let roles: Vec<Role> = splits.iter().map(|split| split.role).collect();
    let authority = chains.pop().ok_or(Refusal::SignatureMissing)?;
    let officer = chains.pop();
    if officer.as_ref().is_some_and(|officer| officer.same_signer(&authority)) {
        return Err(Refusal::SameSigner);
    }
    let base = match found {
        Some(found) => Arc::clone(&found.base),
        None => Arc::new(Base::read(unsigned, &[]).map_err(Refusal::Document)?),
    };
    if let Some(what) = shape::forbidden(&base.slim.bytes, &base.document) {
        return Err(Refusal::Document(BaseError::Forbidden { what }));
    }
    for (i, split) in splits.iter().enumerate() {
        compare(&bytes[..ends[i + 1]], &base, split, &roles[..=i])?;
    }
    let manifest_bytes = attached(&base.document).ok_or(Refusal::Manifest { source: None })?;
    let manifest = Manifest::read(&manifest_bytes)?;
    match (manifest.product.signers(), roles.as_slice()) {
        (expected, found) if expected == found => {}
        (expected, found) if found.len() < expected.len() => return Err(Refusal::SignatureMissing),
        _ => return Err(Refusal::Signers { product: manifest.product }),
    }
    if splits.iter().any(|split| split.at != manifest.issued_at) {
        return Err(Refusal::Time);
    }
    pages(&base, &manifest)?;
    // An officer with a second certificate is still not the authority.
    if same_name(&signer_info(&authority).common_name, &manifest.officer) {
        return Err(Refusal::WrongOrder);
    }
    let (length, sha256) = (bytes.len(), beginning.digest(bytes, &[]));
    let authority = Arc::new(authority);
    Ok(Sealed { length, sha256, base, beginning, officer, authority, manifest, manifest_bytes })
}

/// Finds the signers' revisions, the first signer's first: the officer's and the authority's, or
/// the authority's alone.
fn signers(bytes: &[u8]) -> Result<Vec<Split>, Refusal> {
    let last = revision::split(bytes).ok_or_else(|| unlike_a_copy(bytes))?;
    let earlier = &bytes[..last.previous];
    match (revision::split(earlier), last.role) {
        (None, Role::Officer) => Err(Refusal::SignatureMissing),
        // A revision that was one before somebody changed it.
        (None, Role::Authority) if revision::is_signed(earlier) => {
            Err(Refusal::Altered { role: Role::Officer })
        }
        (None, Role::Authority) => Ok(vec![last]),
        (Some(first), Role::Authority) if first.role == Role::Officer => Ok(vec![first, last]),
        _ => Err(Refusal::WrongOrder),
    }
}

/// Whether a signature field's name stands anywhere in the bytes.
fn names(bytes: &[u8], role: Role) -> bool {
    let field = format!("/T({})", role.field());
    bytes.windows(field.len()).any(|window| window == field.as_bytes())
}

/// Chooses the sentence for a PDF that does not end in a revision of ours.
fn unlike_a_copy(bytes: &[u8]) -> Refusal {
    let ends = bytes.windows(END.len()).enumerate().rev().filter(|(_, w)| *w == END);
    let mut ends = ends.map(|(at, _)| &bytes[..at + END.len()]).skip(1).take(ADDITIONS_MAX);
    if ends.any(|part| revision::split(part).is_some_and(|s| s.role == Role::Authority)) {
        return Refusal::Added;
    }
    if names(bytes, Role::Authority) || names(bytes, Role::Officer) {
        Refusal::Altered { role: Role::Authority }
    } else {
        Refusal::NotCertifiedCopy
    }
}

/// Checks one signature of the file that ends with it: digest, key, certificates.
fn signature(
    bytes: &[u8],
    beginning: &Beginning,
    split: &Split,
    trust: &TrustAnchors,
) -> Result<Decoded, Refusal> {
    let role = split.role;
    let hole = &bytes[split.hole.start + 1..split.hole.end - 1];
    // One spelling only, so that no bit of the hole can change unnoticed.
    if hole.iter().any(u8::is_ascii_uppercase) {
        return Err(Refusal::Altered { role });
    }
    let structure = hex::decode(hole).map_err(|_| Refusal::Altered { role })?;
    let decoded =
        cms::decode(&structure).map_err(|source| Refusal::SignatureMalformed { role, source })?;
    if beginning.digest_around(bytes, &split.hole) != decoded.digest {
        return Err(Refusal::Changed { role });
    }
    if !decoded.chain.strong() {
        return Err(Refusal::WeakKey { role });
    }
    let attributes = cms::signed_attributes(&decoded.chain, &decoded.digest)
        .map_err(|source| Refusal::SignatureMalformed { role, source })?;
    if !decoded.chain.verifies(&attributes, &decoded.signature) {
        return Err(Refusal::SignatureFalse { role });
    }
    proof::certified(trust, &decoded.chain, split.at, role)?;
    if !decoded.chain.may_sign() {
        return Err(Refusal::WrongPurpose { role });
    }
    Ok(decoded)
}

fn same_name(a: &str, b: &str) -> bool {
    let folded = |text: &str| text.nfc().flat_map(char::to_lowercase).collect::<String>();
    folded(a.trim()) == folded(b.trim())
}

/// Writes the revision of the last of `signers` again and compares all of it but the hole.
fn compare(bytes: &[u8], base: &Base, split: &Split, signers: &[Role]) -> Result<(), Refusal> {
    let previous = split.previous;
    let room = (split.hole.len() - 2) / 2;
    let expected = revision::append(&bytes[..previous], base, signers, split.at, room);
    let same =
        expected.is_some_and(|added| added.hole == split.hole && added.stands_in(bytes, previous));
    if same { Ok(()) } else { Err(Refusal::Altered { role: split.role }) }
}

/// The bytes of the attached manifest, the only attachment.
fn attached(document: &Document) -> Option<Vec<u8>> {
    let catalog = document.catalog().ok()?;
    let names = document.get_dict_in_dict(catalog, b"Names").ok()?;
    let files = document.get_dict_in_dict(names, b"EmbeddedFiles").ok()?;
    let [Object::String(name, _), file] = files.get(b"Names").ok()?.as_array().ok()?.as_slice()
    else {
        return None;
    };
    (name == MANIFEST_NAME.as_bytes()).then_some(())?;
    let file = document.dereference(file).ok()?.1.as_dict().ok()?;
    let streams = document.get_dict_in_dict(file, b"EF").ok()?;
    let stream = stream(document, streams.get(b"F").ok()?)?;
    stream.dict.get(b"Filter").is_err().then(|| stream.content.clone())
}

fn stream<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Stream> {
    document.dereference(object).ok()?.1.as_stream().ok()
}

/// Holds each page of the original against the manifest.
fn pages(base: &Base, manifest: &Manifest) -> Result<(), Refusal> {
    let document = &base.document;
    let pages: Vec<ObjectId> = document.page_iter().collect();
    let expected = manifest.pages.len();
    if pages.len() != expected + usize::from(manifest.product.has_statement_page()) {
        return Err(Refusal::PageCount { expected, found: pages.len() });
    }
    for (i, (id, entry)) in pages.iter().zip(&manifest.pages).enumerate() {
        page(base, *id, entry).ok_or(Refusal::Page { page: i + 1 })?;
    }
    Ok(())
}

/// One page: the manifest's images at their true scale, one over the other, over everything else;
/// beside them only margins of the size that the manifest says, and no other image where it says
/// none.
fn page(base: &Base, id: ObjectId, entry: &PageEntry) -> Option<()> {
    let document = &base.document;
    let (place, layers) = (Place::new(entry)?, entry.layers()?);
    let page = document.get_dictionary(id).ok()?;
    let resources = document.get_dict_in_dict(page, b"Resources").ok()?;
    let objects = document.get_dict_in_dict(resources, b"XObject").ok()?;
    // Beside the page's own images only the seal's, and that only beside a margin.
    (objects.len() <= layers.len() + usize::from(entry.margin_right > 0)).then_some(())?;
    let mut images = objects.iter().map(|(_, object)| stream(document, object));
    let is_picture = |image: &Stream| {
        image.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Image")
    };
    images.all(|image| image.is_some_and(is_picture)).then_some(())?;
    let areas: Vec<_> = layers.iter().map(|layer| layer.area).collect();
    let names = shape::drawn_last(document, id, &place, &areas)?;
    for (name, layer) in names.iter().zip(&layers) {
        is_layer(base, objects.get(name).ok()?, layer)?.then_some(())?;
    }
    true_size(page, &place)?.then_some(())
}

/// Whether an image is the one that the manifest names, with its mask or without one.
fn is_layer(base: &Base, object: &Object, layer: &LayerEntry) -> Option<bool> {
    let (image, sha256) = picture(base, object)?;
    let masked = layer.mask.is_some();
    let jpeg = shape::is_jpeg(image, layer.columns, layer.rows, masked) && sha256 == layer.sha256;
    let Some(expected) = &layer.mask else { return Some(jpeg) };
    let (mask, sha256) = picture(base, image.dict.get(b"Mask").ok()?)?;
    let [.., width, height] = layer.area;
    Some(jpeg && shape::is_mask(mask, width, height) && sha256 == *expected)
}

/// An image by its reference, and its SHA-256 in hexadecimal.
fn picture<'a>(base: &'a Base, object: &Object) -> Option<(&'a Stream, String)> {
    let id = object.as_reference().ok()?;
    let image = base.document.get_object(id).ok()?.as_stream().ok()?;
    let cut = base.slim.pictures.get(&id.0).copied();
    Some((image, hex::encode(cut.unwrap_or_else(|| hash(&image.content)))))
}

fn true_size(page: &Dictionary, place: &Place) -> Option<bool> {
    let media_box = page.get(b"MediaBox").ok()?.as_array().ok()?;
    let media_box: Vec<f32> =
        media_box.iter().map(|v| v.as_float()).collect::<Result<_, _>>().ok()?;
    let (width, height) = place.page();
    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= PAGE_SIZE_SLACK;
    Some(media_box.len() == 4 && media_box.iter().zip(&[0.0, 0.0, width, height]).all(near))
}

fn signer_info(chain: &Chain) -> SignerInfo {
    let certificate = chain.own().map(|certificate| &certificate.tbs_certificate);
    let named = |oid| certificate.and_then(|certificate| text(&certificate.subject, oid));
    SignerInfo {
        common_name: named(COMMON_NAME).unwrap_or_default(),
        organisation: named(ORGANISATION),
        issuer: certificate.map(|c| c.issuer.to_string()).unwrap_or_default(),
        serial: certificate.map(|c| hex::encode(c.serial_number.as_bytes())).unwrap_or_default(),
        algorithm: chain.algorithm,
        certificate_sha256: chain.der.first().map(|der| hash(der)).unwrap_or_default(),
    }
}

/// The organisation in a name.
pub(crate) fn organisation(name: &Name) -> Option<String> {
    text(name, ORGANISATION)
}

/// The common name in a name.
pub(crate) fn common_name(name: &Name) -> Option<String> {
    text(name, COMMON_NAME)
}

/// A text of a name. Other string types than these two are not used any more (RFC 5280, 4.1.2.4).
fn text(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    let mut attributes = name.0.iter().flat_map(|part| part.0.iter());
    let value = &attributes.find(|attribute| attribute.oid == oid)?.value;
    matches!(value.tag(), Tag::Utf8String | Tag::PrintableString).then_some(())?;
    String::from_utf8(value.value().to_vec()).ok()
}
