"""The files of a Vietnamese identity card's chip, and the authority that signs them.

Names and numbers are invented. Layouts are those of ICAO Doc 9303-10 and -12; DG13 is as people who
read their own cards have told it.
"""

import datetime
import hashlib
import io

from asn1crypto import algos, cms, core, x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from PIL import Image

from crypto import tlv

EC_CURVES = {"P-256": ec.SECP256R1(), "brainpoolP256r1": ec.BrainpoolP256R1()}
ZONE = (
    "IDVNM1999999991001199999999<<2"
    "9909092F3909090VNM<<<<<<<<<<<6"
    "NGHIEM<<THI<THU<<<<<<<<<<<<<<<"
)
DETAILS = {
    1: "001199999999",
    2: "Nghiêm Thị Thử",
    3: "09/09/1999",
    4: "Nữ",
    5: "Việt Nam",
    6: "Kinh",
    7: "Không",
    8: "Phường Cửa Nam, Hà Nội",
    9: "Số 1 Phố Thử, Phường Cửa Nam, Hà Nội",
    10: "Nốt ruồi C: 1cm dưới mép phải",
    11: "10/09/2024",
    12: "09/09/2039",
    13: ["Nghiêm Văn Cha", "Trần Thị Mẹ"],
    16: "012345678",
}


def oid(text):
    return core.ObjectIdentifier(text).dump()


def dg1():
    return tlv(0x61, tlv(0x5F1F, ZONE.encode()))


def portrait(kind, photo=None):
    """The photo, or a grey gradient with some noise: what a portrait weighs."""
    image = Image.open(photo) if photo else Image.effect_noise((300, 400), 24)
    image = image.convert("RGB").resize((300, 400))
    written = io.BytesIO()
    if kind == "jp2":
        image.save(written, "JPEG2000", quality_mode="rates", quality_layers=[20])
    else:
        image.save(written, "JPEG", quality=70)
    return written.getvalue()


def dg2(kind, photo=None):
    image = portrait(kind, photo)
    code = 1 if kind == "jp2" else 0
    face = (32 + len(image)).to_bytes(4, "big") + bytes(16)
    face += bytes([1, code]) + (300).to_bytes(2, "big") + (400).to_bytes(2, "big") + bytes([1, 2, 0, 0, 0, 0])
    record = b"FAC\x00010\x00" + (14 + len(face) + len(image)).to_bytes(4, "big") + b"\x00\x01"
    record += face + image
    head = tlv(0xA1, tlv(0x81, b"\x02") + tlv(0x87, b"\x01\x01") + tlv(0x88, b"\x00\x08"))
    template = tlv(0x7F60, head + tlv(0x5F2E, record))
    return tlv(0x75, tlv(0x7F61, tlv(0x02, b"\x01") + template))


def dg13():
    def item(number, value):
        texts = [value] if isinstance(value, str) else value
        content = b"".join(tlv(0x0C, text.encode()) for text in texts)
        if len(texts) > 1:
            content = tlv(0x30, content)
        return tlv(0x30, tlv(0x02, bytes([number])) + content)

    return tlv(0x6D, b"".join(item(number, value) for number, value in DETAILS.items()))


def public_key(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def security_info(protocol, *values):
    return tlv(0x30, oid(protocol) + b"".join(values))


def card_access(suite, curve):
    """One way that no reader need know, then the one of this card."""
    return tlv(
        0x31,
        security_info("0.4.0.127.0.7.2.2.4.1.2", b"\x02\x01\x02", b"\x02\x01\x00")
        + security_info(
            f"0.4.0.127.0.7.2.2.4.2.{suite.number}", b"\x02\x01\x02", bytes([2, 1, curve.number])
        ),
    )


def dg14(ca_key, ca_suite, aa):
    infos = b""
    if ca_key:
        infos += security_info("0.4.0.127.0.7.2.2.1.2", public_key(ca_key))
        infos += security_info(f"0.4.0.127.0.7.2.2.3.2.{ca_suite.number}", b"\x02\x01\x01")
    if aa == "ecdsa":
        infos += security_info("2.23.136.1.1.5", b"\x02\x01\x01", oid("0.4.0.127.0.7.1.1.4.1.3"))
    return tlv(0x6E, tlv(0x31, infos)) if infos else None


class Authority:
    """A Country Signing CA and one document signer."""

    def __init__(self, kind, now, state="valid"):
        self.kind, self.state = kind, state
        self.csca_key, self.signer_key = self.new_key(), self.new_key()
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.COMMON_NAME, "CSCA for tests, worth nothing"),
            ]
        )
        day = datetime.timedelta(days=1)
        years = datetime.timedelta(days=3650)
        self.csca = self.certificate(name, name, self.csca_key, now - day, now + years, True)
        signer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Document signer for tests")])
        since, until = (now - 30 * day, now - day) if state == "expired" else (now - day, now + years)
        self.signer = self.certificate(signer, name, self.signer_key, since, until, False)
        self.now = now

    def new_key(self):
        if self.kind.startswith("rsa"):
            return rsa.generate_private_key(65537, 2048)
        return ec.generate_private_key(EC_CURVES["brainpoolP256r1"])

    def certificate(self, subject, issuer, key, since, until, authority):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(since).not_valid_after(until)
        if authority:
            builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        return builder.sign(self.csca_key, hashes.SHA256(), **self.scheme())

    def scheme(self):
        if self.kind == "rsa-pss":
            return {"rsa_padding": padding.PSS(padding.MGF1(hashes.SHA256()), 32)}
        return {}

    def trust(self):
        """What a reader is told to trust: the authority, and whom it has revoked."""
        pem = self.csca.public_bytes(serialization.Encoding.PEM)
        if self.state == "revoked":
            revoked = x509.RevokedCertificateBuilder().serial_number(self.signer.serial_number)
            revoked = revoked.revocation_date(self.now).build()
            crl = x509.CertificateRevocationListBuilder().issuer_name(self.csca.subject)
            crl = crl.last_update(self.now).next_update(self.now + datetime.timedelta(days=90))
            crl = crl.add_revoked_certificate(revoked).sign(self.csca_key, hashes.SHA256())
            pem += crl.public_bytes(serialization.Encoding.PEM)
        return pem

    def sign(self, message):
        digest = hashes.SHA256()
        if self.kind == "ecdsa":
            return self.signer_key.sign(message, ec.ECDSA(digest))
        how = padding.PSS(padding.MGF1(digest), 32) if self.kind == "rsa-pss" else padding.PKCS1v15()
        return self.signer_key.sign(message, how, digest)

    def algorithm(self):
        if self.kind == "ecdsa":
            return {"algorithm": "sha256_ecdsa"}
        if self.kind == "rsa":
            return {"algorithm": "rsassa_pkcs1v15"}
        mask = {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}}
        parameters = {
            "hash_algorithm": {"algorithm": "sha256"},
            "mask_gen_algorithm": mask,
            "salt_length": 32,
        }
        return {"algorithm": "rsassa_pss", "parameters": algos.RSASSAPSSParams(parameters)}

    def sod(self, groups, digest):
        """EF.SOD over the data groups."""
        hashing = getattr(hashlib, digest)
        entries = b"".join(
            tlv(0x30, tlv(0x02, bytes([number])) + tlv(0x04, hashing(file).digest()))
            for number, file in sorted(groups.items())
        )
        algorithm = algos.DigestAlgorithm({"algorithm": digest}).dump()
        content = tlv(0x30, tlv(0x02, b"\x00") + algorithm + tlv(0x30, entries))
        kind = "2.23.136.1.1.1"
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": [kind]}),
                cms.CMSAttribute(
                    {"type": "message_digest", "values": [hashlib.sha256(content).digest()]}
                ),
            ]
        )
        der = self.signer.public_bytes(serialization.Encoding.DER)
        signer = asn1_x509.Certificate.load(der)
        name = {"issuer": signer.issuer, "serial_number": signer.serial_number}
        info = {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": name}),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": self.algorithm(),
            "signature": self.sign(attributes.dump(force=True)),
        }
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": kind,
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [signer],
                "signer_infos": [info],
            }
        )
        return tlv(0x77, cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())
