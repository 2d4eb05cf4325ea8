//! `kiosk issue FILE…`: a certified copy of image or PDF files, with the same checks and the same
//! officer's decision as a paper on the scanner.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use drivers_api::{DeviceError, Fault, Raster, ScanSettings, Scanner};
use drivers_scanner::FileScanner;
use serde_json::json;
use tokio::sync::watch;

use super::run::{keep_uploading, start_log, with_runtime};
use super::{Outcome, complain, say};
use crate::assemble::assemble;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::engine::Kiosk;
use crate::screen::{server::Screen, words};
use crate::store::CopySummary;
use crate::visit::{Dossier, Issued, PageId, Say, State, Trouble, Visit, Wish};

/// Makes a certified copy of files.
#[derive(Debug, clap::Args)]
pub struct Issue {
    /// The original's pages: PNG, JPEG, PNM or PDF files, in order.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// An image of the requester's identity card, code side.
    #[arg(long)]
    card: Option<PathBuf>,
    /// Copies made together under one number.
    #[arg(long, default_value_t = 1)]
    copies: u32,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
    /// Seconds to wait for the registry's receipt; without it the copy goes up at the next chance.
    #[arg(long, default_value_t = 20)]
    upload_wait_s: u64,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// The given files as a scanner: first the pages, then, after an empty feeder, the card.
struct Sheets {
    pages: FileScanner,
    card: Option<FileScanner>,
    pages_done: bool,
}

impl Scanner for Sheets {
    fn scan_page(&mut self, settings: &ScanSettings) -> Result<Raster, DeviceError> {
        if self.pages_done {
            let none = || DeviceError::new("card file", Fault::NoPaper, "no card was given");
            return self.card.as_mut().ok_or_else(none)?.scan_page(settings);
        }
        let page = self.pages.scan_page(settings);
        self.pages_done = matches!(&page, Err(error) if error.fault == Fault::NoPaper);
        page
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        self.pages.probe()
    }
}

/// Runs the command.
pub fn issue(args: Issue) -> Outcome {
    start_log();
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "correct the site file"),
    };
    let card = args.card.as_ref().map(|card| FileScanner::open(std::slice::from_ref(card)));
    let (pages, card) = match (FileScanner::open(&args.files), card.transpose()) {
        (Ok(pages), Ok(card)) => (pages, card),
        (Err(error), _) | (_, Err(error)) => {
            return complain(&error, "give readable PNG, JPEG, PNM or PDF files");
        }
    };
    let has_card = card.is_some();
    let sheets = Box::new(Sheets { pages, card, pages_done: false });
    let assembled = match assemble(config, Arc::new(SystemClock), Some(sheets)) {
        Ok(assembled) => assembled,
        Err(error) => return complain(&error, error.hint()),
    };
    let kiosk = match Kiosk::start(assembled.parts) {
        Ok(kiosk) => kiosk,
        Err(error) => return complain(&error, "free memory and start again"),
    };
    with_runtime(walk(kiosk, args, has_card))
}

async fn walk(kiosk: Kiosk, args: Issue, has_card: bool) -> Outcome {
    let screen = match Screen::bind(kiosk.clone()).await {
        Ok(screen) => screen,
        Err(error) => return complain(&error, error.hint()),
    };
    let officer_url = screen.officer_url.clone();
    tokio::spawn(screen.serve());
    let mut visits = kiosk.watch();
    if let Err(error) = kiosk.begin(args.copies) {
        return complain(&error, "the system gives no random numbers");
    }
    let mut asked = PageId(0);
    let mut told = false;
    let mut card_tried = !has_card;
    loop {
        if visits.changed().await.is_err() {
            return Outcome::Failed;
        }
        let visit: Visit = visits.borrow_and_update().clone();
        match visit.state() {
            State::Collecting(dossier) => match collect(&kiosk, dossier, &mut asked) {
                Ok(()) => {}
                Err(trouble) => return give_up(&trouble),
            },
            // Papers came as files: there is nobody to look at.
            State::AwaitingFace(_) => drop(kiosk.wish(Wish::SkipFace)),
            // The pages are files, and stay as they are.
            State::AwaitingRescan(_) => drop(kiosk.wish(Wish::WithdrawRescan)),
            State::AwaitingCard(_) if card_tried => drop(kiosk.wish(Wish::SkipCard)),
            State::AwaitingCard(_) => {
                card_tried = true;
                drop(kiosk.wish(Wish::ScanCard));
            }
            State::Deciding(dossier) => {
                if !told {
                    say(format_args!("officer: decide at {officer_url}"));
                    told = true;
                } else if let Some(trouble) = &dossier.trouble {
                    say(format_args!(
                        "officer: {} ({})",
                        words::say(trouble.say).en,
                        trouble.cause
                    ));
                }
            }
            State::Issued(_, issued) => return finish(&kiosk, &args, issued).await,
            State::Refused(_, refusal) => {
                let words = words::refusal(refusal.reason);
                say(format_args!(
                    "refused [{}] {} / {}",
                    refusal.reason.code(),
                    words.vi,
                    words.en
                ));
                return Outcome::Failed;
            }
            State::Failed(_, trouble) => return give_up(trouble),
            State::Idle
            | State::Scanning(_)
            | State::Reading(_)
            | State::Checking(_)
            | State::Identifying(_)
            | State::Correcting(_)
            | State::Authorising(..)
            | State::Certifying(..)
            | State::Deferring(..)
            | State::Deferred(..) => {}
        }
    }
}

/// The next page; when the files are at their end, all pages are in.
fn collect(kiosk: &Kiosk, dossier: &Dossier, asked: &mut PageId) -> Result<(), Trouble> {
    match (&dossier.trouble, dossier.say) {
        (Some(trouble), Some(Say::ScannerEmpty)) if dossier.pages.is_empty() => {
            Err(trouble.clone())
        }
        (Some(_), Some(Say::ScannerEmpty)) => {
            drop(kiosk.wish(Wish::PagesDone));
            Ok(())
        }
        (Some(trouble), _) => Err(trouble.clone()),
        // The visit is published more than once for a page; each page is asked for once.
        (None, _) if dossier.next_page > *asked => {
            *asked = dossier.next_page;
            drop(kiosk.wish(Wish::ScanPage));
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

fn give_up(trouble: &Trouble) -> Outcome {
    let words = words::say(trouble.say);
    say(format_args!("{}\n{}", words.vi, words.en));
    say(format_args!("cause: {}\nremedy: {}", trouble.cause, trouble.remedy));
    Outcome::Failed
}

/// Waits a while for the registry's receipt, then says where the copy is.
async fn finish(kiosk: &Kiosk, args: &Issue, issued: &Issued) -> Outcome {
    let (stop, stopped) = watch::channel(false);
    let uploading = tokio::spawn(keep_uploading(kiosk.clone(), stopped));
    let store = &kiosk.parts().store;
    let delivered = async {
        let waits = |copies: Vec<CopySummary>| copies.iter().any(|c| c.sha256 == issued.sha256);
        while store.pending().is_ok_and(waits) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let limit = Duration::from_secs(args.upload_wait_s);
    let delivered = tokio::time::timeout(limit, delivered).await.is_ok();
    stop.send_replace(true);
    uploading.abort();
    let file = store.copy_path(&issued.sha256);
    if args.json {
        say(json!({ "issued": issued, "file": file, "delivered": delivered }));
    } else {
        say(format_args!("issued: number {} of book {}", issued.number, issued.book));
        say(format_args!("code:   {}", issued.code));
        say(format_args!("file:   {}", file.display()));
        say(format_args!("verify: {}", issued.verify_url));
        say(if delivered { "upload: delivered" } else { "upload: waits for the registry" });
    }
    if delivered { Outcome::Done } else { Outcome::Degraded }
}
