//! The attacker's tools: PDF updates without keys, and whole copies signed with any keys and any
//! deviation. Written apart from the product, from the standards, so that both must agree.

use std::collections::BTreeMap;

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Encode, Tag};
use formats_copy::{SignatureAlgorithm, Signer};
use lopdf::{Document, Object, ObjectId};
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;

use crate::common::{SEALED, TestSigner};

/// Room that the format keeps for a byte range.
const RANGE_WIDTH: usize = 36;
pub(crate) const DATE: &str = "D:20261122091530+07'00'";

/// A PDF with what an attacker looks up in it.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) document: Document,
    pub(crate) root: u32,
    pub(crate) info: u32,
    pub(crate) pages: Vec<u32>,
    /// The first number that is free.
    pub(crate) size: u32,
}

impl File {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let document = Document::load_mem(&bytes).expect("a PDF");
        let number = |key: &[u8]| {
            document.trailer.get(key).and_then(Object::as_reference).expect("a reference").0
        };
        let (root, info) = (number(b"Root"), number(b"Info"));
        let pages = document.page_iter().map(|id| id.0).collect();
        let size = document.reference_table.entries.keys().last().expect("objects") + 1;
        Self { root, info, pages, size, document, bytes }
    }

    pub(crate) fn sealed() -> Self {
        Self::new(SEALED.copy.bytes.clone())
    }

    /// The sealed copy before anyone signed.
    pub(crate) fn unsigned() -> Self {
        Self::new(unsigned(&SEALED.copy.bytes))
    }

    /// An object's text, from behind `obj` to before `endobj`.
    pub(crate) fn text(&self, number: u32) -> Vec<u8> {
        let entry = self.document.reference_table.get(number).expect("an entry");
        let lopdf::xref::XrefEntry::Normal { offset, .. } = entry else { panic!("a plain object") };
        let text = &self.bytes[*offset as usize..];
        let start = find(text, b"obj").expect("a beginning") + 4;
        let end = find(text, b"\nendobj").expect("an end");
        text[start..end].to_vec()
    }

    /// An object's dictionary with more entries.
    pub(crate) fn with(&self, number: u32, entries: &str) -> Vec<u8> {
        let text = self.text(number);
        let text = text.strip_suffix(b">>").expect("a dictionary");
        [text, entries.as_bytes(), b">>"].concat()
    }

    /// The number of the first object whose text has `mark`.
    pub(crate) fn holding(&self, mark: &str) -> u32 {
        let has = |id: &&ObjectId| find(&self.text(id.0), mark.as_bytes()).is_some();
        self.document.objects.keys().find(has).unwrap_or_else(|| panic!("no object has {mark}")).0
    }

    /// The file with one update behind it.
    pub(crate) fn update(&self, objects: &[(u32, Vec<u8>)], trailer: &str) -> Vec<u8> {
        let entry = |key: &str| trailer.contains(key);
        let mut more = trailer.to_owned();
        if !entry("/Root") {
            more.push_str(&format!("/Root {} 0 R", self.root));
        }
        if !entry("/Info") {
            more.push_str(&format!("/Info {} 0 R", self.info));
        }
        if !entry("/Prev") {
            more.push_str(&format!("/Prev {}", self.document.xref_start));
        }
        let mut bytes = self.bytes.clone();
        let mut offsets = BTreeMap::new();
        for (number, text) in objects {
            offsets.insert(*number, bytes.len());
            bytes.extend(format!("{number} 0 obj\n").as_bytes());
            bytes.extend(text);
            bytes.extend(b"\nendobj\n");
        }
        let table = bytes.len();
        bytes.extend(b"xref\n0 1\n0000000000 65535 f \n");
        for (number, offset) in offsets {
            bytes.extend(format!("{number} 1\n{offset:010} 00000 n \n").as_bytes());
        }
        let size = self.size + 10;
        bytes.extend(
            format!("trailer\n<</Size {size}{more}>>\nstartxref\n{table}\n%%EOF\n").as_bytes(),
        );
        bytes
    }
}

/// A sealed copy before anyone signed.
pub(crate) fn unsigned(sealed: &[u8]) -> Vec<u8> {
    // krilla writes no line end behind its own end.
    sealed[..ends(sealed)[0] - 1].to_vec()
}

pub(crate) fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

/// The lengths of the file behind each of its `%%EOF` lines.
pub(crate) fn ends(bytes: &[u8]) -> Vec<usize> {
    let mark = b"%%EOF\n";
    let found = bytes.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark);
    found.map(|(at, _)| at + mark.len()).collect()
}

/// The last `from` replaced by `to`, filled up with spaces: no offset moves.
pub(crate) fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert!(to.len() <= from.len(), "{to} is no longer than {from}");
    let at = bytes.windows(from.len()).rposition(|window| window == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("{from} is in the file"));
    let to = format!("{to:<width$}", width = from.len());
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

/// One deviation in a signature; the default has none.
pub(crate) struct Forgery {
    pub(crate) attributes: fn(&mut Vec<Attribute>),
    pub(crate) info: fn(&mut SignerInfo),
    pub(crate) data: fn(&mut SignedData),
    pub(crate) encoded: fn(Vec<u8>) -> Vec<u8>,
    pub(crate) hex: fn(String) -> String,
    /// The revision's text before it is signed; no offset may move.
    pub(crate) revision: fn(String) -> String,
}

impl Default for Forgery {
    fn default() -> Self {
        Self {
            attributes: |_| {},
            info: |_| {},
            data: |_| {},
            encoded: |bytes| bytes,
            hex: |text| text,
            revision: |text| text,
        }
    }
}

pub(crate) const SHA256: &str = "2.16.840.1.101.3.4.2.1";

pub(crate) fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

pub(crate) fn algorithm(text: &str) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: oid(text), parameters: None }
}

pub(crate) fn any(value: &impl Encode) -> Any {
    Any::from_der(&value.to_der().expect("it encodes")).expect("DER")
}

pub(crate) fn attribute(kind: &str, value: Any) -> Attribute {
    Attribute { oid: oid(kind), values: SetOfVec::try_from(vec![value]).expect("one value") }
}

/// An `OCTET STRING` wrapped in as many sequences.
pub(crate) fn wrapped(bytes: &[u8], depth: usize) -> Any {
    let mut value = any(&OctetString::new(bytes).expect("short"));
    for _ in 0..depth {
        value = Any::new(Tag::Sequence, value.to_der().expect("it encodes")).expect("short");
    }
    value
}

fn attributes(chain: &[Vec<u8>], digest: &[u8]) -> Vec<Attribute> {
    let references = chain.iter().map(|der| wrapped(&Sha256::digest(der), 1).to_der());
    let references: Vec<u8> = references.flat_map(|r| r.expect("it encodes")).collect();
    let list = Any::new(Tag::Sequence, references).expect("short");
    let list = Any::new(Tag::Sequence, list.to_der().expect("it encodes")).expect("short");
    vec![
        attribute("1.2.840.113549.1.9.3", any(&oid("1.2.840.113549.1.7.1"))),
        attribute("1.2.840.113549.1.9.4", wrapped(digest, 0)),
        attribute("1.2.840.113549.1.9.16.2.47", list),
    ]
}

fn structure(signer: &mut TestSigner, digest: &[u8], forgery: &Forgery) -> Vec<u8> {
    let parsed = |der: &Vec<u8>| Certificate::from_der(der).expect("a certificate");
    let all: Vec<_> = signer.chain.iter().map(parsed).collect();
    let kept = |(i, c): &(usize, &Certificate)| {
        *i == 0 || c.tbs_certificate.issuer != c.tbs_certificate.subject
    };
    let chain: Vec<Certificate> =
        all.iter().enumerate().filter(kept).map(|(_, c)| c.clone()).collect();
    let der: Vec<_> = chain.iter().map(|c| c.to_der().expect("it encodes")).collect();
    let mut signed = attributes(&der, digest);
    (forgery.attributes)(&mut signed);
    let signed = SetOfVec::try_from(signed).expect("a set");
    let message = Sha256::digest(signed.to_der().expect("it encodes"));
    let signature = signer.sign_digest(&message.into()).expect("signed");
    let rsa = signer.algorithm == SignatureAlgorithm::RsaPkcs1Sha256;
    let mut kind = algorithm(if rsa { "1.2.840.113549.1.1.11" } else { "1.2.840.10045.4.3.2" });
    kind.parameters = rsa.then(|| Any::new(Tag::Null, Vec::new()).expect("null"));
    let own = &chain[0].tbs_certificate;
    let mut info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: own.issuer.clone(),
            serial_number: own.serial_number.clone(),
        }),
        digest_alg: algorithm(SHA256),
        signed_attrs: Some(signed),
        signature_algorithm: kind,
        signature: OctetString::new(signature).expect("short"),
        unsigned_attrs: None,
    };
    (forgery.info)(&mut info);
    let certificates: Vec<_> = chain.into_iter().map(CertificateChoices::Certificate).collect();
    let mut data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![algorithm(SHA256)]).expect("one"),
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: oid("1.2.840.113549.1.7.1"),
            econtent: None,
        },
        certificates: Some(CertificateSet(SetOfVec::try_from(certificates).expect("a set"))),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![info]).expect("one")),
    };
    (forgery.data)(&mut data);
    let content = ContentInfo { content_type: oid("1.2.840.113549.1.7.2"), content: any(&data) };
    (forgery.encoded)(content.to_der().expect("it encodes"))
}

fn utf16(text: &str) -> String {
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    format!("<feff{}>", hex::encode(bytes))
}

/// Signs a file as `field`, as the product does but for the forgery. `base` is the unsigned file.
pub(crate) fn sign(
    previous: &[u8],
    base: &File,
    field: &str,
    signer: &mut TestSigner,
    forgery: &Forgery,
) -> Vec<u8> {
    let (hole, mut bytes) = prepared(previous, base, field, forgery);
    let digest = Sha256::new()
        .chain_update(&bytes[..hole.start])
        .chain_update(&bytes[hole.end..])
        .finalize();
    let text = (forgery.hex)(hex::encode(structure(signer, &digest, forgery)));
    assert!(text.len() <= hole.len() - 2, "the signature fits");
    bytes[hole.start + 1..hole.start + 1 + text.len()].copy_from_slice(text.as_bytes());
    bytes
}

fn prepared(
    previous: &[u8],
    base: &File,
    field: &str,
    forgery: &Forgery,
) -> (std::ops::Range<usize>, Vec<u8>) {
    let officer = field == "Officer";
    let (reason, tooltip) = if officer {
        ("Chứng thực bản sao đúng với bản chính", "Chữ ký số của người thực hiện chứng thực")
    } else {
        ("Con dấu điện tử của cơ quan chứng thực", "Chữ ký số của cơ quan chứng thực")
    };
    // Who signs alone takes the first signer's numbers.
    let leads = previous == base.bytes;
    let own = if leads { base.size } else { base.size + 4 };
    let page = *base.pages.last().expect("a page");
    let range = " ".repeat(RANGE_WIDTH);
    let hole = format!("<{}>", "0".repeat(6000));
    let signature = format!(
        "<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange {range}\
         /Contents {hole}/M({DATE})/Reason{}>>",
        utf16(reason)
    );
    let first = format!("{} 0 R", base.size + 1);
    let widgets = if leads { first } else { format!("{first} {} 0 R", own + 1) };
    let mut objects = vec![
        (own, signature.into_bytes()),
        (
            own + 1,
            format!(
                "<</Type/Annot/Subtype/Widget/FT/Sig/T({field})/TU{}/V {own} 0 R/P {page} 0 R\
                 /F 132/Rect[0 0 0 0]>>",
                utf16(tooltip)
            )
            .into_bytes(),
        ),
        (base.size + 2, format!("[{widgets}]").into_bytes()),
        (base.size + 3, format!("<</Fields[{widgets}]/SigFlags 3>>").into_bytes()),
    ];
    if leads {
        objects
            .push((base.root, base.with(base.root, &format!("/AcroForm {} 0 R", base.size + 3))));
        objects.push((page, base.with(page, &format!("/Annots {} 0 R", base.size + 2))));
    }
    written(previous, base, &objects, forgery)
}

fn written(
    previous: &[u8],
    base: &File,
    objects: &[(u32, Vec<u8>)],
    forgery: &Forgery,
) -> (std::ops::Range<usize>, Vec<u8>) {
    let start = previous.len() + 1;
    let mut text = String::new();
    let mut offsets = BTreeMap::new();
    for (number, object) in objects {
        offsets.insert(*number, start + text.len());
        let object = String::from_utf8(object.clone()).expect("text");
        text.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let table = start + text.len();
    text.push_str("xref\n");
    let entries: Vec<_> = offsets.iter().collect();
    for run in entries.chunk_by(|a, b| *a.0 + 1 == *b.0) {
        text.push_str(&format!("{} {}\n", run[0].0, run.len()));
        run.iter().for_each(|(_, at)| text.push_str(&format!("{at:010} 00000 n \n")));
    }
    let previous_table = Document::load_mem(previous).expect("a PDF").xref_start;
    let ids = base.document.trailer.get(b"ID").and_then(Object::as_array).expect("an identifier");
    let ids: Vec<_> = ids.iter().map(|id| hex::encode(id.as_str().expect("a string"))).collect();
    let size = objects[1].0.max(base.size + 3) + 1;
    text.push_str(&format!(
        "trailer\n<</Size {size} /Root {} 0 R /Info {} 0 R /ID [<{}> <{}>] /Prev \
         {previous_table}>>\nstartxref\n{table}\n%%EOF\n",
        base.root, base.info, ids[0], ids[1]
    ));
    let hole = text.find("/Contents <").expect("a hole") + 10;
    let end = hole + text[hole..].find('>').expect("its end") + 1;
    let range = format!("[0 {} {} {}]", start + hole, start + end, text.len() - end);
    let place = text.find("/ByteRange ").expect("the range's place") + 11;
    text.replace_range(place..place + RANGE_WIDTH, &format!("{range:<RANGE_WIDTH$}"));
    let text = (forgery.revision)(text);
    (start + hole..start + end, [previous, b"\n", text.as_bytes()].concat())
}

/// The authority's signature alone.
pub(crate) fn seal_alone(base: &File, authority: &mut TestSigner) -> Vec<u8> {
    sign(&base.bytes, base, "Authority", authority, &Forgery::default())
}

/// Both signatures on an unsigned file.
pub(crate) fn seal(
    base: &File,
    officer: (&mut TestSigner, &Forgery),
    authority: (&mut TestSigner, &Forgery),
) -> Vec<u8> {
    let once = sign(&base.bytes, base, "Officer", officer.0, officer.1);
    sign(&once, base, "Authority", authority.0, authority.1)
}
