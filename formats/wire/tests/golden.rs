//! Bytes that machines in the field have signed and kept. If a test here fails, do not change the
//! file: the code has lost the ability to read what it once wrote. A new version gets new files.

use formats_wire::{Receipt, ReceiptSigner, SignedReceipt, UploadMeta};
use time::macros::datetime;

const KEY: &str = include_str!("../golden/receipt-1-key.hex");
const RECEIPT: &str = include_str!("../golden/receipt-1.txt");
const SIGNED: &str = include_str!("../golden/signed-receipt-1.json");
const METADATA: &str = include_str!("../golden/upload-metadata-1.txt");

fn receipt() -> Receipt {
    Receipt {
        device: "HN-VAN-03".into(),
        sequence: 17,
        code: "7YQ2-M4KD-93TB-XA5C".into(),
        sha256: std::array::from_fn(|i| i as u8),
        log_index: 5,
        log_head: [0x5C; 32],
        received_at: datetime!(2026-11-22 09:15:30 +07:00),
    }
}

fn signer() -> ReceiptSigner {
    let pkcs8 = hex::decode(KEY.trim()).expect("hexadecimal");
    ReceiptSigner::from_pkcs8(&pkcs8).expect("a private key")
}

#[test]
fn the_bytes_of_a_version_1_receipt_never_change() {
    assert_eq!(Receipt::from_bytes(RECEIPT.as_bytes()), Ok(receipt()));
    assert_eq!(receipt().to_bytes().expect("canonical"), RECEIPT.as_bytes());
}

#[test]
fn the_signature_of_a_version_1_receipt_never_changes() {
    let signed: SignedReceipt = serde_json::from_str(SIGNED).expect("json");
    assert_eq!(signer().key().verify(&signed), Ok(receipt()));
    assert_eq!(signer().sign(&receipt()), Ok(signed));
}

#[test]
fn the_upload_metadata_header_never_changes() {
    let receipt = receipt();
    let meta =
        UploadMeta { device: receipt.device, sequence: receipt.sequence, sha256: receipt.sha256 };
    assert_eq!(meta.encode(), METADATA.trim_end());
    assert_eq!(UploadMeta::parse(METADATA.trim_end()), Ok(meta));
}
