//! `kiosk run`: the daemon.

use std::io::IsTerminal;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use super::{Outcome, complain, say};
use crate::assemble::{assemble, power, read_asset, token};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::engine::Kiosk;
use crate::screen::server::Screen;
use crate::store::Record;
use crate::upload::device_key::OnDemandKey;
use crate::upload::{self, Https, Identity, Uploader};

/// Version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How long the kiosk waits before it looks for the device key again.
const LINK_RETRY: Duration = Duration::from_secs(30);

/// Runs the kiosk.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
}

/// Runs the command.
pub fn run(args: Run) -> Outcome {
    start_log();
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "correct the site file"),
    };
    let device = config.device.id.clone();
    let assembled = match assemble(config, Arc::new(SystemClock), None) {
        Ok(assembled) => assembled,
        Err(error) => return complain(&error, error.hint()),
    };
    let started = Record::Started { device: device.clone(), version: VERSION.into() };
    if let Err(error) = assembled.parts.store.record(started) {
        return complain(&error, error.hint());
    }
    tracing::info!(device, recovery = ?assembled.recovery, "store opened");
    let kiosk = match Kiosk::start(assembled.parts) {
        Ok(kiosk) => kiosk,
        Err(error) => return complain(&error, "free memory and start again"),
    };
    with_runtime(async move {
        let screen = match Screen::bind(kiosk.clone()).await {
            Ok(screen) => screen,
            Err(error) => return complain(&error, "free the address in screen.listen"),
        };
        if let Err(error) = announce(&kiosk, &screen) {
            return complain(&error, "make the state folder writable");
        }
        let (stop, stopped) = watch::channel(false);
        let uploading = tokio::spawn(keep_uploading(kiosk.clone(), stopped));
        let outcome = tokio::select! {
            served = screen.serve() => match served {
                Ok(()) => Outcome::Done,
                Err(error) => complain(&error, "start the kiosk again"),
            },
            () = asked_to_stop() => Outcome::Done,
        };
        stop.send_replace(true);
        if uploading.await.is_err() {
            tracing::error!("the upload ended badly");
        }
        outcome
    })
}

/// Logs to standard error, which the service manager keeps.
pub(super) fn start_log() {
    let filter = EnvFilter::try_from_env("KIOSK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour);
    log.with_writer(std::io::stderr).init();
}

/// Runs a future on the kiosk's runtime: two threads serve screens and upload; pages have their
/// own.
pub(super) fn with_runtime(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => complain(&error, "free memory and start again"),
    }
}

/// Writes the addresses with their keys where only the kiosk's user can read them, for the
/// browser's starter, and prints them without keys.
fn announce(kiosk: &Kiosk, screen: &Screen) -> std::io::Result<()> {
    let path = kiosk.parts().config.state_dir.join("screen.json");
    let text = json!({ "citizen": screen.citizen_url, "officer": screen.officer_url }).to_string();
    let fresh = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    std::fs::rename(&fresh, &path)?;
    say(format_args!("ready: screen addresses are in {}", path.display()));
    Ok(())
}

/// Uploads for as long as the kiosk runs; a missing device key is looked for again and again.
pub(super) async fn keep_uploading(kiosk: Kiosk, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let of = kiosk.clone();
        let uploader = tokio::task::spawn_blocking(move || open_link(&of)).await;
        match uploader {
            Ok(Ok(uploader)) => {
                let woken = Arc::clone(&kiosk.parts().copy_issued);
                upload::run(uploader, woken, stopped.clone()).await;
            }
            Ok(Err(error)) => tracing::error!(error = crate::chain(&*error), "no link to registry"),
            Err(error) => tracing::error!(%error, "the link could not be opened"),
        }
        let pause = tokio::time::sleep(LINK_RETRY);
        tokio::select! { () = pause => {}, _ = stopped.changed() => {} }
    }
}

/// Opens the device key and reads whom to trust.
fn open_link(kiosk: &Kiosk) -> Result<Uploader, Box<dyn std::error::Error + Send + Sync>> {
    let parts = kiosk.parts();
    let config = &parts.config;
    let board = board::Board::load(&config.board)?;
    let wanted = &config.device.key;
    let token = token(&board.token.module, &wanted.token, &wanted.key);
    let key = OnDemandKey::open(Box::new(token), wanted.pin_file.clone())?;
    let ca = read_asset("registry CA", &config.registry.ca)?;
    let tls = upload::tls::client_config(Box::new(key), &ca)?;
    let transport = Https::new(&config.registry.device_url, tls)?;
    let uploader = Uploader::new(
        Arc::clone(&parts.store),
        Arc::new(transport),
        identity(config)?,
        Arc::clone(&parts.clock),
        Arc::clone(&parts.random),
        config.upload,
    );
    Ok(uploader.with_power(power(&board.power)))
}

/// This device, and the registry's receipt key that it believes.
pub(super) fn identity(
    config: &Config,
) -> Result<Identity, Box<dyn std::error::Error + Send + Sync>> {
    let key = String::from_utf8(read_asset("receipt key", &config.registry.receipt_key)?)?;
    Ok(Identity { device: config.device.id.clone(), receipt_key: key.trim().parse()? })
}

async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without signals the service manager's kill still ends the process; the store is made for
        // it.
        return std::future::pending().await;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
}
