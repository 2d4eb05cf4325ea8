//! `kiosk ca …`: authorities. Real ones are the state's; this makes specimens only.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{Outcome, complain, say};
use crate::clock::{Clock as _, SystemClock};
use crate::demo_ca::{Cast, Made, make};

/// Authorities for demonstrations and training.
#[derive(Debug, clap::Subcommand)]
pub enum Ca {
    /// Makes a whole authority whose every certificate says MẪU (specimen): root, issuing
    /// authority, officer, seal, device, registry, time-stamps, revocation answers. Copies signed
    /// under it are shown as specimens wherever they are verified.
    Demo(Demo),
}

/// Whom the demonstration shows.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// The folder to make; must not exist yet. Its keys are readable by the caller only.
    #[arg(long)]
    out: PathBuf,
    /// The authority's name, as its copies print it.
    #[arg(long, default_value = "ỦY BAN NHÂN DÂN PHƯỜNG MẪU")]
    authority: String,
    /// The officer's name.
    #[arg(long, default_value = "Nguyễn Văn Mẫu")]
    officer: String,
    /// The device's identity.
    #[arg(long, default_value = "MAU-01")]
    device: String,
    /// The registry's DNS names and addresses.
    #[arg(long, default_values = ["localhost", "127.0.0.1"])]
    registry: Vec<String>,
    /// Base address of responder and revocation lists; at most 100 characters.
    #[arg(long, default_value = "http://127.0.0.1:8318")]
    services: String,
}

/// Why no authority was made.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot make the certificates")]
    Certificates(#[source] rcgen::Error),
    #[error("cannot write {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// Runs the command.
pub fn ca(command: &Ca) -> Outcome {
    let Ca::Demo(args) = command;
    match demo(args) {
        Ok(()) => {
            let out = args.out.display();
            say(format_args!("{out}: root.pem is what verifiers trust; chain.pem goes on tokens"));
            say(format_args!(
                "put a key on a token: softhsm2-util --import {out}/officer.key --token officer \
                 --label officer --id 01"
            ));
            say("MẪU: những gì ký dưới chứng thư này không có giá trị pháp lý");
            Outcome::Done
        }
        Err(error) => complain(&error, "name a folder that does not exist, and short names"),
    }
}

fn demo(args: &Demo) -> Result<(), Failure> {
    let cast = Cast {
        authority: args.authority.clone(),
        officer: args.officer.clone(),
        device: args.device.clone(),
        registry: args.registry.clone(),
        services: args.services.trim_end_matches('/').to_owned(),
    };
    let made = make(&cast, SystemClock.now()).map_err(Failure::Certificates)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::Write { path, source }
    };
    std::fs::create_dir(&args.out).map_err(failed(&args.out))?;
    for Made { role, certificate, key } in &made {
        for (ending, text, mode) in [("pem", certificate, 0o644), ("key", key, 0o600)] {
            let path = args.out.join(format!("{role}.{ending}"));
            write(&path, text, mode).map_err(failed(&path))?;
        }
    }
    let chain: String = made.iter().take(2).rev().map(|made| made.certificate.as_str()).collect();
    let path = args.out.join("chain.pem");
    write(&path, &chain, 0o644).map_err(failed(&path))
}

fn write(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
