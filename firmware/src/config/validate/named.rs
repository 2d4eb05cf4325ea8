//! Whether what the files name is there and of use.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use board::{Board, Camera};
use formats_copy::TrustAnchors;
use formats_trust_services::Online;
use formats_wire::ReceiptKey;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::{Problem, Text};
use crate::assemble::{card_issuers, read_asset};
use crate::config::{Config, Key, ReadingEngine};
use crate::pin::PinSource;
use crate::steps::prove::PATIENCE;

/// What is asked of all named files, in the words of the technician's remedy.
const READABLE: &str = "put the file there, or correct the path; the kiosk's user must read it";

/// What is wrong with what the site file names.
pub(super) fn problems(site: &Text<'_>, config: &Config, board: Option<&Board>) -> Vec<Problem> {
    let mut found = Vec::new();
    files(site, config, &mut found);
    trust(site, config, &mut found);
    pins(site, config, &mut found);
    programs(site, config, board, &mut found);
    found
}

fn files(site: &Text<'_>, config: &Config, found: &mut Vec<Problem>) {
    let fonts = &config.fonts;
    let images = config.officers.iter().enumerate().filter_map(|(at, officer)| {
        let image = officer.signature_image.as_deref()?;
        Some((format!("officers[{at}].signature_image"), image))
    });
    let seal = config.authority.seal_image.as_deref();
    let seal = seal.map(|image| ("authority.seal_image".to_owned(), image));
    let both = [("fonts.regular", &fonts.regular), ("fonts.bold", &fonts.bold)];
    let both = both.map(|(key, path)| (key.to_owned(), path.as_path()));
    for (key, path) in both.into_iter().chain(seal).chain(images) {
        if let Err(error) = read_asset("file", path) {
            found.push(site.problem(&key, crate::chain(&error), READABLE));
        }
    }
    let state = &config.state_dir;
    if !state.is_dir() && !state.parent().is_some_and(Path::is_dir) {
        let cause = format!("there is no folder in which {} could be made", state.display());
        found.push(site.problem("state_dir", cause, "mount the data partition, or correct it"));
    }
}

fn trust(site: &Text<'_>, config: &Config, found: &mut Vec<Problem>) {
    type Check = fn(&[u8]) -> Result<(), String>;
    let registry = &config.registry;
    let named: [(&str, &Path, Check, &str); 3] = [
        ("trust.roots", &config.trust.roots, roots, "put the issuing roots there, as PEM"),
        ("registry.ca", &registry.ca, certificates, "put the registry's authority there, as PEM"),
        (
            "registry.receipt_key",
            &registry.receipt_key,
            receipt_key,
            "put there what `registry keygen` printed",
        ),
    ];
    for (key, path, check, remedy) in named {
        match read_asset("file", path) {
            Err(error) => found.push(site.problem(key, crate::chain(&error), READABLE)),
            Ok(bytes) => {
                let cause = check(&bytes).map_err(|why| format!("{}: {why}", path.display()));
                found.extend(cause.err().map(|cause| site.problem(key, cause, remedy)));
            }
        }
    }
    if let Err(error) = card_issuers(&config.chip.trust) {
        found.push(site.problem("chip.trust", crate::chain(&error), error.hint()));
    }
    if let Some(settings) = &config.time_stamp
        && let Err(error) = Online::new(settings.clone(), PATIENCE)
    {
        let remedy = "`kiosk config explain time_stamp` says what goes there";
        found.push(site.problem("time_stamp", crate::chain(&error), remedy));
    }
}

fn roots(pem: &[u8]) -> Result<(), String> {
    TrustAnchors::from_pem(pem).map(drop).map_err(|error| crate::chain(&error))
}

fn certificates(pem: &[u8]) -> Result<(), String> {
    let mut all = CertificateDer::pem_slice_iter(pem);
    match all.next() {
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("no certificate is in it".into()),
    }
}

fn receipt_key(text: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
    text.trim().parse::<ReceiptKey>().map(drop).map_err(|error| crate::chain(&error))
}

fn pins(site: &Text<'_>, config: &Config, found: &mut Vec<Problem>) {
    let keys: [(&str, &Key); 2] =
        [("authority.key", &config.authority.key), ("device.key", &config.device.key)];
    for (key, named) in keys {
        // Credentials are there for the service only, so nobody else can look.
        let PinSource::File(path) = named.pin() else { continue };
        let key = format!("{key}.pin_file");
        if let Err(error) = named.pin().read() {
            found.push(site.problem(
                &key,
                error.detail,
                "put the PIN there, for the kiosk's user alone",
            ));
        } else if path.metadata().is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
            let cause = format!("others than its owner can read {}", path.display());
            let remedy = format!("chmod 600 {}", path.display());
            found.push(Problem { starts: true, ..site.problem(&key, cause, remedy) });
        }
    }
}

fn programs(site: &Text<'_>, config: &Config, board: Option<&Board>, found: &mut Vec<Problem>) {
    let reading = &config.reading;
    let (key, path, there) = match reading.engine {
        ReadingEngine::Own => ("reading.runtime", &reading.runtime, reading.runtime.is_file()),
        ReadingEngine::Tesseract => {
            ("reading.tessdata", &reading.tessdata, reading.tessdata.is_dir())
        }
    };
    if !there {
        found.push(site.problem(key, format!("{} is not there", path.display()), READABLE));
    }
    let mut missed = |key: &str, path: &Path, without: &str| {
        let cause = format!("{} is not there: {without}", path.display());
        found.push(Problem { starts: true, ..site.problem(key, cause, READABLE) });
    };
    let Some(board) = board else { return };
    if board.camera != Camera::None && !config.face.models.is_dir() {
        missed("face.models", &config.face.models, "no faces are compared");
    }
    if !config.speech.program.is_file() {
        missed("speech.program", &config.speech.program, "the kiosk is silent");
    }
    let modules = [&config.authority.key.module, &config.device.key.module];
    let modules = modules.into_iter().chain(config.officers.iter().map(|o| &o.module));
    let own = ["authority.key.module", "device.key.module"].map(String::from).into_iter();
    let own = own.chain((0..config.officers.len()).map(|at| format!("officers[{at}].module")));
    for (key, module) in own.zip(modules) {
        let missing = module.as_deref().filter(|module| !module.is_file());
        let cause = missing.map(|module| format!("{} is not there", module.display()));
        found.extend(cause.map(|cause| site.problem(&key, cause, READABLE)));
    }
}
