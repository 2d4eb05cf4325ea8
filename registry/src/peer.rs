//! Who is at the other end of a connection.

use std::net::IpAddr;

use formats_wire::is_device_name;
use rustls_pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Decode as _, Tag, Tagged as _};

/// id-at-commonName (X.520).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// The other end, inserted into every request of its connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// The device that the client certificate names; none on the public listener.
    pub(crate) device: Option<String>,
}

/// The device a client certificate names: its only common name, if that can name a device. The
/// chain was already checked by TLS.
pub(crate) fn device_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let subject = &certificate.tbs_certificate.subject;
    let mut names =
        subject.0.iter().flat_map(|part| part.0.iter()).filter(|a| a.oid == COMMON_NAME);
    let (Some(name), None) = (names.next(), names.next()) else { return None };
    let text = match name.value.tag() {
        Tag::Utf8String => name.value.decode_as::<Utf8StringRef<'_>>().ok()?.as_str().to_owned(),
        Tag::PrintableString => {
            name.value.decode_as::<PrintableStringRef<'_>>().ok()?.as_str().to_owned()
        }
        _ => return None,
    };
    is_device_name(&text).then_some(text)
}

#[cfg(test)]
mod tests {
    use counterpart::{Subject, TestCa, Usage};

    use super::*;

    fn name_of(common_name: &str) -> Option<String> {
        let ca = TestCa::new("Devices").expect("a test CA");
        let subject = Subject::new(common_name, "Hà Nội");
        let client = ca.issue_with_key(&subject, &Usage::TlsClient).expect("a certificate");
        device_name(&CertificateDer::from(client.certificate.der))
    }

    #[test]
    fn the_common_name_is_the_device() {
        assert_eq!(name_of("HN-VAN-03").as_deref(), Some("HN-VAN-03"));
    }

    #[test]
    fn a_common_name_that_cannot_name_a_device_names_none() {
        assert_eq!(name_of("../../etc"), None);
        assert_eq!(name_of("Nguyễn Văn A"), None);
    }

    #[test]
    fn bytes_that_are_no_certificate_name_none() {
        assert_eq!(device_name(&CertificateDer::from(vec![0x30, 0x03, 1, 2, 3])), None);
    }
}
