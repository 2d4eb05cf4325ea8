//! A certification authority for tests: a self-signed P-256 root that issues directly.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CrlDistributionPoint, CustomExtension,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SubjectPublicKeyInfo,
};
use time::{Duration, OffsetDateTime};

use crate::CounterpartError;

/// Validity of the root.
const ROOT_DAYS: i64 = 3_650;
/// Extended key usage (RFC 5280, 4.2.1.12); written by hand because it must be critical.
const EXTENDED_USAGE: [u64; 4] = [2, 5, 29, 37];
/// A sequence with id-kp-timeStamping alone, in DER.
const TIME_STAMPING: [u8; 12] = [0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8];
/// id-pkix-ocsp-nocheck.
const NO_CHECK: [u64; 10] = [1, 3, 6, 1, 5, 5, 7, 48, 1, 5];
/// Authority information access (RFC 5280, 4.2.2.1).
const ACCESS: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];
/// id-ad-ocsp as an object identifier in DER.
const OCSP: [u8; 10] = [6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1];
/// Where certificates say that answers are. Nobody listens there: tests carry the questions.
const NOWHERE: &str = "http://trust.test";
/// Validity of what it issues.
const LEAF_DAYS: i64 = 730;

/// Whom a certificate names; the country is always VN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Common name.
    pub common_name: String,
    /// Organization.
    pub organization: String,
}

impl Subject {
    /// A subject of these names.
    pub fn new(common_name: impl Into<String>, organization: impl Into<String>) -> Self {
        Self { common_name: common_name.into(), organization: organization.into() }
    }

    fn name(&self) -> DistinguishedName {
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "VN");
        name.push(DnType::OrganizationName, self.organization.as_str());
        name.push(DnType::CommonName, self.common_name.as_str());
        name
    }

    fn error(&self) -> impl Fn(rcgen::Error) -> CounterpartError + use<> {
        let subject = self.common_name.clone();
        move |source| CounterpartError::Certificate { subject: subject.clone(), source }
    }
}

/// What a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// Signs documents: digitalSignature and nonRepudiation, nothing else.
    DocumentSigner,
    /// Signs time-stamps, and nothing else; valid as long as the root.
    TimeStamping,
    /// Signs answers about revoked certificates; its own state is not asked (RFC 6960, 4.2.2.2.1).
    OcspResponder,
    /// Authenticates a TLS client.
    TlsClient,
    /// Authenticates a TLS server under these DNS names or IP addresses.
    TlsServer {
        /// DNS names and IP addresses.
        names: Vec<String>,
    },
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// The same in PEM.
    pub pem: String,
}

impl Issued {
    fn of(certificate: &Certificate) -> Self {
        Self { der: certificate.der().to_vec(), pem: certificate.pem() }
    }
}

/// A certificate with its private key (P-256, PKCS#8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate.
    pub certificate: Issued,
    /// The private key in DER.
    pub key_der: Vec<u8>,
    /// The same in PEM.
    pub key_pem: String,
}

/// The authority: its root certificate and its key, in memory only.
#[derive(Debug)]
pub struct TestCa {
    root: Issued,
    key_pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// Base address of its responder and lists.
    services: String,
}

impl TestCa {
    /// Makes a new root with a new key. `name` is its common name.
    pub fn new(name: &str) -> Result<Self, CounterpartError> {
        Self::with_services(name, NOWHERE)
    }

    /// As [`TestCa::new`]; its certificates name `{base}/ocsp` and `{base}/crl`.
    pub fn with_services(name: &str, base: &str) -> Result<Self, CounterpartError> {
        let subject = Subject::new(name, "Test only");
        let error = subject.error();
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(&error)?;
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = validity(ROOT_DAYS);
        params.distinguished_name = subject.name();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = Issued::of(&params.self_signed(&key).map_err(&error)?);
        let (key_pem, services) = (key.serialize_pem(), base.to_owned());
        Ok(Self { root, key_pem, issuer: Issuer::new(params, key), services })
    }

    /// The root certificate.
    pub fn root(&self) -> &Issued {
        &self.root
    }

    /// Its private key (PKCS#8, PEM), for programs that act in its name.
    pub(crate) fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Issues a certificate for a public key given as SubjectPublicKeyInfo (RFC 5280) in DER.
    pub fn issue(
        &self,
        public_key: &[u8],
        subject: &Subject,
        usage: &Usage,
    ) -> Result<Issued, CounterpartError> {
        let key = SubjectPublicKeyInfo::from_der(public_key).map_err(subject.error())?;
        self.sign(&key, subject, usage)
    }

    /// Issues a certificate for a new P-256 key.
    pub fn issue_with_key(
        &self,
        subject: &Subject,
        usage: &Usage,
    ) -> Result<Identity, CounterpartError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(subject.error())?;
        let certificate = self.sign(&key, subject, usage)?;
        Ok(Identity { certificate, key_der: key.serialize_der(), key_pem: key.serialize_pem() })
    }

    fn sign(
        &self,
        key: &impl PublicKeyData,
        subject: &Subject,
        usage: &Usage,
    ) -> Result<Issued, CounterpartError> {
        let mut params = match usage {
            Usage::TlsServer { names } => {
                CertificateParams::new(names.clone()).map_err(subject.error())?
            }
            _ => CertificateParams::default(),
        };
        let days = if *usage == Usage::TimeStamping { ROOT_DAYS } else { LEAF_DAYS };
        (params.not_before, params.not_after) = validity(days);
        params.distinguished_name = subject.name();
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        match usage {
            Usage::DocumentSigner => {
                params.key_usages.push(KeyUsagePurpose::ContentCommitment);
                self.name_services(&mut params);
            }
            Usage::TimeStamping => {
                let alone =
                    CustomExtension::from_oid_content(&EXTENDED_USAGE, TIME_STAMPING.into());
                params.custom_extensions = vec![critical(alone)];
                self.name_services(&mut params);
            }
            Usage::OcspResponder => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
                let no_check = CustomExtension::from_oid_content(&NO_CHECK, vec![5, 0]);
                params.custom_extensions = vec![no_check];
            }
            Usage::TlsClient => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]
            }
            Usage::TlsServer { .. } => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }
        }
        params
            .signed_by(key, &self.issuer)
            .map(|certificate| Issued::of(&certificate))
            .map_err(subject.error())
    }

    fn name_services(&self, params: &mut CertificateParams) {
        let responder = responder(&format!("{}/ocsp", self.services));
        params.custom_extensions.push(responder);
        let uris = vec![format!("{}/crl", self.services)];
        params.crl_distribution_points = vec![CrlDistributionPoint { uris }];
    }
}

/// One OCSP address (RFC 5280, 4.2.2.1), written by hand: the encoder knows no such extension.
fn responder(url: &str) -> CustomExtension {
    let wrapped = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap_or(0);
        assert!(length < 128, "a short address");
        [&[tag, length], content].concat()
    };
    let location = wrapped(0x86, url.as_bytes());
    let access = wrapped(0x30, &[&OCSP[..], &location].concat());
    CustomExtension::from_oid_content(&ACCESS, wrapped(0x30, &access))
}

fn critical(mut extension: CustomExtension) -> CustomExtension {
    extension.set_criticality(true);
    extension
}

/// From a day ago, so that a clock somewhat behind still accepts it.
#[expect(clippy::disallowed_methods, reason = "validators compare with the real clock")]
fn validity(days: i64) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::now_utc();
    (now - Duration::days(1), now + Duration::days(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(pem: &str) -> String {
        use std::io::Write;
        let mut child = std::process::Command::new("openssl")
            .args(["x509", "-noout", "-text", "-nameopt", "utf8"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("openssl is installed");
        child.stdin.take().expect("piped").write_all(pem.as_bytes()).expect("it reads");
        String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("utf-8")
    }

    #[test]
    fn openssl_reads_the_usage_and_the_name_of_a_document_signer() {
        let ca = TestCa::new("Test root").expect("a root");
        let subject = Subject::new("Nguyễn Văn A", "UBND phường Cầu Giấy");
        let officer = ca.issue_with_key(&subject, &Usage::DocumentSigner).expect("a certificate");
        let text = text_of(&officer.certificate.pem);
        assert!(text.contains("Digital Signature, Non Repudiation"), "{text}");
        assert!(text.contains("Nguyễn Văn A"), "{text}");
        assert!(text.contains("CA:FALSE"), "{text}");
        assert!(text_of(&ca.root().pem).contains("CA:TRUE"), "the root is a CA");
    }

    #[test]
    fn a_server_carries_its_names() {
        let ca = TestCa::new("Test root").expect("a root");
        let usage = Usage::TlsServer { names: vec!["localhost".into(), "127.0.0.1".into()] };
        let server = ca.issue_with_key(&Subject::new("registry", "Test"), &usage).expect("issued");
        let text = text_of(&server.certificate.pem);
        assert!(text.contains("DNS:localhost, IP Address:127.0.0.1"), "{text}");
        assert!(text.contains("TLS Web Server Authentication"), "{text}");
    }
}
