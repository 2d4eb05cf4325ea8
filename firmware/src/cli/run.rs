//! `kiosk run`: the daemon.

use std::io::IsTerminal;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use formats_copy::TrustAnchors;
use formats_files::RealDisk;
use formats_trust_services::Online;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use super::{Outcome, complain, say};
use crate::assemble::{assemble, barcode_reader, panel, power, read_asset, token};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::engine::{Kiosk, Parts, lock};
use crate::keys::{Holder, Problem, Watch, look};
use crate::screen::server::Screen;
use crate::stick;
use crate::store::{Record, Store};
use crate::upload::device_key::OnDemandKey;
use crate::upload::{self, Https, Identity, Uploader};
use crate::watchdog::{self, Beating, Manager};

/// Version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How long the kiosk waits before it looks for the device key again.
const LINK_RETRY: Duration = Duration::from_secs(30);
/// How long the end waits for work on the disk.
const STOP_WAIT: Duration = Duration::from_secs(5);
/// How often the store is looked after; the first time comes after the rush of a start.
const CARE_PAUSE: Duration = Duration::from_mins(10);

/// How often the signing keys are looked at.
const KEYS_PAUSE: Duration = Duration::from_hours(24);
/// How long a responder may take to tell of a revoked certificate.
const RESPONDER_PATIENCE: Duration = Duration::from_secs(20);

/// How often the kiosk looks into the spool.
const SPOOL_PAUSE: Duration = Duration::from_secs(3);

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
    if let Err(error) = note_config(&assembled.parts.store, &args.config) {
        return complain(&*error, "look at the site file and at the store's disk");
    }
    tracing::info!(device, recovery = ?assembled.recovery, "store opened");
    let kiosk = match Kiosk::start(assembled.parts) {
        Ok(kiosk) => kiosk,
        Err(error) => return complain(&error, "free memory and start again"),
    };
    with_runtime(async move {
        let screen = match Screen::bind(kiosk.clone()).await {
            Ok(screen) => screen,
            Err(error) => return complain(&error, error.hint()),
        };
        if let Err(error) = announce(&kiosk, &screen) {
            return complain(&error, "make the state folder writable");
        }
        let (stop, stopped) = watch::channel(false);
        if let Err(error) = watch_panel(&kiosk) {
            return complain(&*error, "correct the board file; free memory and start again");
        }
        if let Err(error) = watch_barcode(&kiosk) {
            return complain(&*error, "correct the board file; free memory and start again");
        }
        if let Err(error) = watch_power(&kiosk) {
            return complain(&*error, "correct the board file; free memory and start again");
        }
        let tending = tokio::spawn(tend(Arc::clone(&kiosk.parts().store), stopped.clone()));
        let spooled = tokio::spawn(keep_draining(kiosk.clone(), stopped.clone()));
        let watching = tokio::spawn(watch_keys(kiosk.clone()));
        if let Err(error) = Manager::of_process().and_then(|manager| {
            manager.map_or(Ok(()), |manager| watchdog::watch(kiosk.clone(), manager))
        }) {
            return complain(&error, "start the kiosk by its unit, or without NOTIFY_SOCKET");
        }
        let uploading = tokio::spawn(keep_uploading(kiosk.clone(), stopped));
        let outcome = tokio::select! {
            served = screen.serve() => match served {
                Ok(()) => Outcome::Done,
                Err(error) => complain(&error, "start the kiosk again"),
            },
            () = asked_to_stop() => Outcome::Done,
        };
        stop.send_replace(true);
        if uploading.await.is_err() || spooled.await.is_err() {
            tracing::error!("the upload or the spool ended badly");
        }
        tending.abort();
        watching.abort();
        outcome
    })
}

/// Puts the site file's digest on record when it is another than before. Who changed it is not
/// known here; the file's owner is.
fn note_config(store: &Store, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let owner = std::fs::metadata(path)?.uid();
    let digest = hex::encode(Sha256::digest(std::fs::read(path)?));
    if store.config_in_force(&digest, &format!("uid {owner}"))? {
        tracing::info!(digest, "another site file is in force");
    }
    Ok(())
}

/// Looks after the store for as long as the kiosk runs.
async fn tend(store: Arc<Store>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        tokio::select! { () = tokio::time::sleep(CARE_PAUSE) => {}, _ = stopped.changed() => {} }
        if *stopped.borrow() {
            return;
        }
        let store = Arc::clone(&store);
        if tokio::task::spawn_blocking(move || care(&store)).await.is_err() {
            tracing::error!("the care of the store panicked");
        }
    }
}

/// Watches the cabinet, where the board has a panel.
fn watch_panel(kiosk: &Kiosk) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let board = board::Board::load(&kiosk.parts().config.board)?;
    if let Some(station) = panel(&board.panel) {
        crate::panel::watch(kiosk.clone(), station)?;
    }
    Ok(())
}

/// Listens to the barcode reader, where the board has one.
fn watch_barcode(kiosk: &Kiosk) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let board = board::Board::load(&kiosk.parts().config.board)?;
    if let Some(reader) = barcode_reader(&board.barcode) {
        crate::barcode::watch(kiosk.clone(), reader)?;
    }
    Ok(())
}

/// Watches the source of power.
fn watch_power(kiosk: &Kiosk) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let board = board::Board::load(&kiosk.parts().config.board)?;
    Ok(crate::battery::watch(kiosk.clone(), power(&board.power))?)
}

/// Looks at the signing keys at the start and then once a day, for as long as the kiosk runs.
async fn watch_keys(kiosk: Kiosk) {
    let online = Arc::new(Online::responders(RESPONDER_PATIENCE));
    loop {
        let (kiosk, online) = (kiosk.clone(), Arc::clone(&online));
        let look = move || look_at_keys(kiosk.parts(), &online);
        if tokio::task::spawn_blocking(look).await.is_err() {
            tracing::error!("the look at the keys panicked");
        }
        tokio::time::sleep(KEYS_PAUSE).await;
    }
}

fn look_at_keys(parts: &Parts, services: &Online) {
    let roots = read_asset("trust file", &parts.config.trust.roots);
    let trust = roots.ok().and_then(|roots| TrustAnchors::from_pem(&roots).ok());
    let Some(trust) = trust else {
        return tracing::error!(path = %parts.config.trust.roots.display(), "no usable trust file");
    };
    let watch = Watch { trust: &trust, services: Some(services), now: parts.clock.now() };
    // So that a module that looks for tokens only while none is open sees those of today.
    parts.keys.authority.put_down();
    let officers = parts.keys.officers.iter();
    let officers =
        officers.map(|(id, token)| (Holder::Officer(id.clone()), lock(token).certificates()));
    let seal = (Holder::Authority, parts.keys.authority.certificates());
    let mut problems = Vec::new();
    for (holder, chain) in officers.chain([seal]) {
        let report = look(holder, chain, &watch);
        // An officer takes the token home.
        let Some(problem) =
            report.problem.as_ref().filter(|p| !matches!(p, Problem::Missing { .. }))
        else {
            continue;
        };
        let (holder, hint) = (format!("{:?}", report.holder), problem.hint());
        tracing::warn!(holder, %problem, hint, "a signing key needs care");
        problems.push(report);
    }
    *lock(&parts.key_problems) = problems;
}

/// Lets delivered copies age out, and reads everything again once a day. A kiosk in a van is off at
/// night, so the day counts from the last time.
fn care(store: &Store) {
    match store.age_out() {
        Ok(gone) if gone.is_empty() => {}
        Ok(gone) => tracing::info!(copies = gone.len(), "delivered copies aged out"),
        Err(error) => tracing::error!(error = crate::chain(&error), "copies do not age out"),
    }
    if !store.scrub_is_due() {
        return;
    }
    match store.scrub() {
        Ok(found) if found.is_clean() => tracing::info!(records = found.records, "store is sound"),
        Ok(found) => tracing::error!(
            damaged = ?found.damaged_copies,
            unexplained = found.unexplained.len(),
            "copies are damaged: keep the disk, replace it, call the maintainer"
        ),
        Err(error) => {
            tracing::error!(error = crate::chain(&error), hint = error.hint(), "store is damaged");
        }
    }
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
        Ok(runtime) => {
            let outcome = runtime.block_on(work);
            // Whoever still reads copies again need not finish: nothing depends on it.
            runtime.shutdown_timeout(STOP_WAIT);
            outcome
        }
        Err(error) => complain(&error, "free memory and start again"),
    }
}

/// Writes the addresses with their keys where only the kiosk's user can read them, for the
/// browser's starter, and prints them without keys.
fn announce(kiosk: &Kiosk, screen: &Screen) -> std::io::Result<()> {
    let path = kiosk.parts().config.state_dir.join("screen.json");
    let text = json!({
        "citizen": screen.citizen_url,
        "officer": screen.officer_url,
        "technician": screen.technician_url,
        "officers_network": screen.network_url,
    })
    .to_string();
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
        kiosk.upload_lives();
        let of = kiosk.clone();
        let uploader = tokio::task::spawn_blocking(move || open_link(&of)).await;
        match uploader {
            Ok(Ok(uploader)) => {
                let woken = Arc::clone(&kiosk.parts().copy_issued);
                upload::run(uploader, woken, stopped.clone(), || kiosk.upload_lives()).await;
            }
            Ok(Err(error)) => tracing::error!(error = crate::chain(&*error), "no link to registry"),
            Err(error) => tracing::error!(%error, "the link could not be opened"),
        }
        let lives = || kiosk.upload_lives();
        let pause = upload::rest(LINK_RETRY, &lives);
        tokio::select! { () = pause => {}, _ = stopped.changed() => {} }
    }
}

/// Puts on record what a technician's command laid into the spool, for as long as the kiosk runs.
async fn keep_draining(kiosk: Kiosk, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let of = kiosk.clone();
        match tokio::task::spawn_blocking(move || drain(&of)).await {
            Ok(Ok(drained)) if drained == stick::Drained::default() => {}
            Ok(Ok(drained)) => tracing::info!(delivered = drained.delivered.len(), "spool drained"),
            Ok(Err(error)) => tracing::error!(error = crate::chain(&*error), "spool not drained"),
            Err(error) => tracing::error!(%error, "the spool could not be looked at"),
        }
        let pause = tokio::time::sleep(SPOOL_PAUSE);
        tokio::select! { () = pause => {}, _ = stopped.changed() => {} }
    }
}

fn drain(kiosk: &Kiosk) -> Result<stick::Drained, Box<dyn std::error::Error + Send + Sync>> {
    let parts = kiosk.parts();
    let state = RealDisk::new(parts.config.state_dir.clone());
    Ok(stick::drain(&state, &parts.store, &identity(&parts.config)?)?)
}

/// Opens the device key and reads whom to trust.
fn open_link(kiosk: &Kiosk) -> Result<Uploader, Box<dyn std::error::Error + Send + Sync>> {
    let parts = kiosk.parts();
    let config = &parts.config;
    let board = board::Board::load(&config.board)?;
    let wanted = &config.device.key;
    let token = token(&board.token.module, wanted);
    let key = OnDemandKey::open(Box::new(token), wanted.pin())?;
    let ca = read_asset("registry CA", &config.registry.ca)?;
    let tls = upload::tls::client_config(Box::new(key), &ca)?;
    let transport = Https::new(&config.registry.device_url, tls)?;
    let uploader = Uploader::new(
        Arc::clone(&parts.store),
        Arc::new(Beating::new(transport, kiosk.clone())),
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
