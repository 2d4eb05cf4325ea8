//! A whole authority for demonstrations and training: root, issuing authority, officer, seal,
//! device, registry, time-stamps, revocation answers.
//!
//! Everything it makes says MẪU (specimen) in its name, in a part of the name that verifiers look
//! at: a copy signed under it is shown as a specimen wherever it is verified, and can be taken for
//! no real one even where its root was trusted by mistake.

use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use time::{Duration, OffsetDateTime};

/// Validity of root and issuing authority, and of all others.
const AUTHORITY_DAYS: i64 = 3_650;
const LEAF_DAYS: i64 = 730;
/// Authority information access (RFC 5280, 4.2.2.1), extended key usage (4.2.1.12).
const ACCESS: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];
const EXTENDED_USAGE: [u64; 4] = [2, 5, 29, 37];
/// A sequence with id-kp-timeStamping alone, in DER; critical by RFC 3161, 2.3.
const TIME_STAMPING: [u8; 12] = [0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8];
/// id-ad-ocsp as an object identifier in DER.
const OCSP: [u8; 10] = [6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1];
/// id-pkix-ocsp-nocheck: a responder's own state is not asked (RFC 6960, 4.2.2.2.1).
const NO_CHECK: [u64; 10] = [1, 3, 6, 1, 5, 5, 7, 48, 1, 5];

/// Whom the demonstration shows.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The authority's name, as its copies print it.
    pub authority: String,
    /// The officer's name.
    pub officer: String,
    /// The device's identity.
    pub device: String,
    /// The registry's DNS names and addresses.
    pub registry: Vec<String>,
    /// Base address of responder and revocation lists.
    pub services: String,
}

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What it is for: the stem of its files' names.
    pub role: &'static str,
    /// The certificate, PEM.
    pub certificate: String,
    /// The private key, PKCS#8 in PEM.
    pub key: String,
}

/// Makes everything: root first, then the issuing authority, then whom it issues.
///
/// # Errors
/// When a name does not fit a certificate, or there is no randomness.
pub fn make(cast: &Cast, now: OffsetDateTime) -> Result<Vec<Made>, rcgen::Error> {
    let root_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let root_params = authority("CA gốc", 1, now);
    let root = root_params.self_signed(&root_key)?;
    let issuing_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let issuing_params = authority("CA cấp chứng thư", 0, now);
    let root_issuer = Issuer::new(root_params, &root_key);
    let issuing = issuing_params.signed_by(&issuing_key, &root_issuer)?;
    let made = |role, certificate: String, key: &KeyPair| {
        let key = key.serialize_pem();
        Made { role, certificate, key }
    };
    let mut all =
        vec![made("root", root.pem(), &root_key), made("issuing", issuing.pem(), &issuing_key)];
    let issuer = Issuer::new(issuing_params, &issuing_key);
    for (role, name) in [
        ("officer", cast.officer.as_str()),
        ("authority", cast.authority.as_str()),
        ("device", cast.device.as_str()),
        ("registry", "Kho đăng ký"),
        ("time-stamp", "Dấu thời gian"),
        ("responder", "Trả lời về thu hồi"),
    ] {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let params = leaf(role, name, cast, now)?;
        all.push(made(role, params.signed_by(&key, &issuer)?.pem(), &key));
    }
    Ok(all)
}

fn authority(name: &str, below: u8, now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) =
        (now - Duration::DAY, now + Duration::days(AUTHORITY_DAYS));
    params.distinguished_name = named(&format!("Bản Sao {name}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "VN");
    name.push(DnType::OrganizationName, formats_copy::SPECIMEN);
    name.push(DnType::CommonName, common_name);
    name
}

fn leaf(
    role: &str,
    name: &str,
    cast: &Cast,
    now: OffsetDateTime,
) -> Result<CertificateParams, rcgen::Error> {
    let names = if role == "registry" { cast.registry.clone() } else { Vec::new() };
    let mut params = CertificateParams::new(names)?;
    (params.not_before, params.not_after) = (now - Duration::DAY, now + Duration::days(LEAF_DAYS));
    params.distinguished_name = named(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let watched = [responder(&format!("{}/ocsp", cast.services))?];
    let lists = vec![CrlDistributionPoint { uris: vec![format!("{}/crl", cast.services)] }];
    match role {
        "officer" | "authority" => {
            params.key_usages.push(KeyUsagePurpose::ContentCommitment);
            params.custom_extensions.extend(watched);
            params.crl_distribution_points = lists;
        }
        "time-stamp" => {
            let mut alone =
                CustomExtension::from_oid_content(&EXTENDED_USAGE, TIME_STAMPING.into());
            alone.set_criticality(true);
            params.custom_extensions.push(alone);
            params.custom_extensions.extend(watched);
            params.crl_distribution_points = lists;
        }
        "responder" => {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
            let no_check = CustomExtension::from_oid_content(&NO_CHECK, vec![5, 0]);
            params.custom_extensions.push(no_check);
        }
        "registry" => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
        _ => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
    }
    Ok(params)
}

/// One OCSP address; the encoder knows no such extension.
fn responder(url: &str) -> Result<CustomExtension, rcgen::Error> {
    let wrapped = |tag: u8, content: &[u8]| {
        // One byte of length says up to 127; what is around the address takes 16.
        let length = u8::try_from(content.len()).ok().filter(|length| *length < 128);
        let length = length.ok_or(rcgen::Error::CouldNotParseCertificate)?;
        Ok([&[tag, length], content].concat())
    };
    let location = wrapped(0x86, url.as_bytes())?;
    let access = wrapped(0x30, &[&OCSP[..], &location].concat())?;
    Ok(CustomExtension::from_oid_content(&ACCESS, wrapped(0x30, &access)?))
}
