//! The registry's command line: arguments, logging and the exit code only.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use formats_copy::VerificationCode;
use formats_files::RealDisk;
use registry::wire::{KeyError, ReceiptSigner};
use registry::{Config, Registry, Service};
use ring::rand::SystemRandom;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Exit status: done, but something is not as it should be.
const DEGRADED: u8 = 3;

/// Keeps certified copies, gives signed receipts, lets anyone verify.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve kiosks and the public until SIGTERM.
    Run {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Take the copies on a stick and write their receipts back to it. Works beside a running
    /// registry; a second time changes nothing. Ends with 3 when copies were refused.
    Import {
        /// The stick's folder.
        stick: PathBuf,
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Write a kept copy's file, with everything that proves it, for someone who may have it (its
    /// owner, a court). The file holds whatever the paper says.
    Copy {
        /// The verification code.
        code: String,
        /// Where to; must not exist yet. Only the caller may read it.
        #[arg(long)]
        out: PathBuf,
        /// The very file that was received instead, without what proves it for longer.
        #[arg(long)]
        received: bool,
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Make the key that signs receipts and print its public half, which every kiosk needs.
    Keygen {
        /// The private key's file; must not exist yet.
        #[arg(long)]
        out: PathBuf,
    },
}

/// What stopped a command.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot start the registry")]
    Config(#[source] registry::ConfigError),
    #[error("cannot start the registry")]
    Start(#[source] registry::StartError),
    #[error("cannot start the registry's threads, sockets or signals")]
    System(#[source] io::Error),
    #[error("the stick was not taken to its end; run this again")]
    Import(#[source] registry::ImportError),
    #[error("cannot look up a copy")]
    Store(#[source] registry::StoreError),
    #[error("cannot read the copy")]
    Read(#[source] io::Error),
    #[error("no copy has this code; check it against the paper")]
    NoCopy,
    #[error("cannot make a receipt key")]
    Key(#[source] KeyError),
    #[error("cannot write {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let done = match arguments.command {
        Command::Run { config } => run(&config).map(|()| ExitCode::SUCCESS),
        Command::Import { stick, config } => import(&stick, &config),
        Command::Copy { code, out, received, config } => {
            copy(&code, &out, received, &config).map(|()| ExitCode::SUCCESS)
        }
        Command::Keygen { out } => keygen(&out).map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            report(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Path) -> Result<(), Failure> {
    let config = Config::load(config).map_err(Failure::Config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::System)?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::System)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::System)?;
        let registry = Registry::bind(&config).await.map_err(Failure::Start)?;
        tracing::info!(
            device = %registry.device_address().map_err(Failure::System)?,
            public = %registry.public_address().map_err(Failure::System)?,
            receipt_key = %registry.receipt_key(),
            "ready"
        );
        let stop = async {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        };
        registry.run(stop).await;
        Ok(())
    })
}

fn import(stick: &Path, config: &Path) -> Result<ExitCode, Failure> {
    let config = Config::load(config).map_err(Failure::Config)?;
    let service = Service::from_config(&config).map_err(Failure::Start)?;
    let imported = service.import(&RealDisk::new(stick.to_owned())).map_err(Failure::Import)?;
    let mut text = format!("{} copies are kept, their receipts are on the stick\n", imported.kept);
    for (device, sequence, code) in &imported.refused {
        text.push_str(&format!("refused: copy {sequence} of {device}: {code}\n"));
    }
    for (device, why) in &imported.damaged {
        text.push_str(&format!("not read: {device}: {why}; export to the stick once more\n"));
    }
    io::stdout().write_all(text.as_bytes()).map_err(Failure::System)?;
    let all_well = imported.refused.is_empty() && imported.damaged.is_empty();
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(DEGRADED) })
}

fn copy(code: &str, out: &Path, received: bool, config: &Path) -> Result<(), Failure> {
    let config = Config::load(config).map_err(Failure::Config)?;
    let service = Service::from_config(&config).map_err(Failure::Start)?;
    let code = VerificationCode::parse(code).map_err(|_| Failure::NoCopy)?;
    let kept = service.store().by_code(&code.to_string()).map_err(Failure::Store)?;
    let kept = kept.ok_or(Failure::NoCopy)?;
    let bytes = if received { service.copy(&kept.sha256) } else { service.strongest(&kept) };
    create(out, &bytes.map_err(Failure::Read)?)
}

/// Writes a new file that only its owner may read.
fn create(out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = |source| Failure::Write { path: out.to_owned(), source };
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(out).map_err(write)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(write)
}

fn keygen(out: &Path) -> Result<(), Failure> {
    let write = |source| Failure::Write { path: out.to_owned(), source };
    let pkcs8 = ReceiptSigner::generate_pkcs8(&SystemRandom::new()).map_err(Failure::Key)?;
    let key = ReceiptSigner::from_pkcs8(&pkcs8).map_err(Failure::Key)?.key();
    create(out, &pkcs8)?;
    writeln!(io::stdout(), "{key}").map_err(write)
}

/// The failure and its causes, one a line.
fn report(failure: &Failure) {
    let mut text = format!("error: {failure}\n");
    let mut source = failure.source();
    while let Some(cause) = source {
        text.push_str(&format!("  because: {cause}\n"));
        source = cause.source();
    }
    // When even standard error is gone, the exit code still tells.
    let _ = io::stderr().write_all(text.as_bytes());
}
