//! The registry's command line: arguments, logging and the exit code only.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use registry::wire::{KeyError, ReceiptSigner};
use registry::{Config, Registry};
use ring::rand::SystemRandom;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

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
        Command::Run { config } => run(&config),
        Command::Keygen { out } => keygen(&out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
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

fn keygen(out: &Path) -> Result<(), Failure> {
    let write = |source| Failure::Write { path: out.to_owned(), source };
    let pkcs8 = ReceiptSigner::generate_pkcs8(&SystemRandom::new()).map_err(Failure::Key)?;
    let key = ReceiptSigner::from_pkcs8(&pkcs8).map_err(Failure::Key)?.key();
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(out).map_err(write)?;
    file.write_all(&pkcs8).map_err(write)?;
    file.sync_all().map_err(write)?;
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
