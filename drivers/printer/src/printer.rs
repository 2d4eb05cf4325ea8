//! One job after the other, each to its end.

use std::io::Cursor;
use std::time::{Duration, Instant};

use drivers_api::{CopyPrinter, DeviceError, Fault};
use ipp::prelude::{
    DelimiterTag, IppAttribute, IppOperationBuilder, IppPayload, IppValue, JobState, PrinterState,
};

use ipp::parser::IppParseError;

use crate::link::Link;
use crate::reasons;

/// How often a job is asked for.
const POLL: Duration = Duration::from_millis(500);
/// What printers keep in their lists: neither person nor paper.
const JOB_NAME: &str = "ban-sao";
const USER_NAME: &str = "kiosk";
const PDF: &str = "application/pdf";

/// Which printer, and how it is used.
#[derive(Debug, Clone)]
pub struct IppConfig {
    /// Its address, such as `ipp://192.168.1.60/ipp/print`.
    pub uri: String,
    /// Longest time of one question.
    pub silence: Duration,
    /// How long a job may stand still before it is given up: somebody may be putting in paper.
    pub stopped: Duration,
    /// Longest time of a job.
    pub limit: Duration,
}

/// A printer that speaks IPP.
pub struct IppPrinter {
    config: IppConfig,
}

/// Where a job stands.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Going,
    Still,
    Done,
    /// Somebody ended it at the printer.
    Ended,
    /// The printer gave it up.
    GivenUp,
}

impl IppPrinter {
    /// A printer that is looked for when it is used, so it may be switched on later.
    #[must_use]
    pub const fn new(config: IppConfig) -> Self {
        Self { config }
    }

    fn open(&self) -> Result<Job, DeviceError> {
        let link = Link::new(&self.config.uri, self.config.silence)?;
        let IppConfig { silence, stopped, limit, .. } = self.config;
        Ok(Job { link, silence, stopped, limit })
    }
}

impl CopyPrinter for IppPrinter {
    fn print(&mut self, pdf: &[u8], copies: u32) -> Result<(), DeviceError> {
        let job = self.open()?;
        job.ready()?;
        let number = job.send(pdf, copies)?;
        let printed = job.watch(number);
        if printed.is_err() {
            // Else it would come out for the next person, once somebody puts in paper.
            job.cancel(number);
        }
        printed
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        self.open()?.ready()
    }
}

/// What a printer is asked for one job.
struct Job {
    link: Link,
    silence: Duration,
    stopped: Duration,
    limit: Duration,
}

impl Job {
    fn unsaid(&self) -> impl Fn(IppParseError) -> DeviceError {
        |error| self.link.fail(Fault::Misconfigured, format!("the request cannot be put: {error}"))
    }

    /// The printer's name, when it can print now.
    fn ready(&self) -> Result<String, DeviceError> {
        self.look(false)
    }

    /// The printer's name, unless something keeps it; of a printer that `stands` still, a warning
    /// is the cause.
    fn look(&self, stands: bool) -> Result<String, DeviceError> {
        const GROUP: DelimiterTag = DelimiterTag::PrinterAttributes;
        let wanted = [
            "printer-make-and-model",
            "printer-state",
            "printer-state-reasons",
            "document-format-supported",
        ];
        let uri = self.link.uri.clone();
        let request = IppOperationBuilder::get_printer_attributes(uri)
            .attributes(wanted)
            .build()
            .map_err(self.unsaid())?;
        let answer = self.link.ask("ask how it is", request)?;
        if !answer.words(GROUP, "document-format-supported").iter().any(|format| format == PDF) {
            return Err(self.link.fail(Fault::Misconfigured, "the printer takes no PDF"));
        }
        let stopped = answer.number(GROUP, "printer-state") == Some(PrinterState::Stopped as i32);
        let reasons = answer.words(GROUP, "printer-state-reasons");
        let words: Vec<&str> = reasons.iter().map(String::as_str).collect();
        match reasons::fault(&words, stopped || stands) {
            Some((fault, word)) => Err(self.link.fail(fault, word)),
            None if stopped => Err(self.link.fail(Fault::Offline, words.join(", "))),
            None => Ok(answer.words(GROUP, "printer-make-and-model").join(" ")),
        }
    }

    fn send(&self, pdf: &[u8], copies: u32) -> Result<i32, DeviceError> {
        let payload = IppPayload::new(Cursor::new(pdf.to_vec()));
        let copies = IppValue::Integer(i32::try_from(copies).unwrap_or(i32::MAX));
        let copies = IppAttribute::with_name("copies", copies).map_err(self.unsaid())?;
        let request = IppOperationBuilder::print_job(self.link.uri.clone(), payload)
            .user_name(USER_NAME)
            .job_title(JOB_NAME)
            .document_format(PDF)
            .attribute(copies)
            .build()
            .map_err(self.unsaid())?;
        let answer = self.link.ask("send the copy", request)?;
        let number = answer.number(DelimiterTag::JobAttributes, "job-id");
        number.ok_or_else(|| self.link.fail(Fault::Protocol, "a job without a number"))
    }

    fn watch(&self, job: i32) -> Result<(), DeviceError> {
        let end = now() + self.limit;
        let (mut still_since, mut out_before) = (None, None);
        loop {
            let (stage, out) = self.stage(job)?;
            if out != out_before {
                (still_since, out_before) = (None, out);
            }
            match stage {
                Stage::Done => return Ok(()),
                Stage::Ended => {
                    return Err(self.link.fail(Fault::Cancelled, "ended at the printer"));
                }
                Stage::GivenUp => return Err(self.standstill("given up by the printer")),
                Stage::Still => {
                    let since = *still_since.get_or_insert_with(now);
                    if since + self.stopped <= now() {
                        return Err(self.standstill("the job stands still without a cause"));
                    }
                }
                Stage::Going => still_since = None,
            }
            if end <= now() {
                return Err(self.standstill("the job does not come to its end"));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Where the job stands, and how many sides of it are out where the printer says so.
    fn stage(&self, job: i32) -> Result<(Stage, Option<i32>), DeviceError> {
        let request = IppOperationBuilder::get_job_attributes(self.link.uri.clone(), job)
            .user_name(USER_NAME)
            .build()
            .map_err(self.unsaid())?;
        let answer = self.link.ask("ask for the job", request)?;
        let state = answer.number(DelimiterTag::JobAttributes, "job-state");
        let out = answer.number(DelimiterTag::JobAttributes, "job-impressions-completed");
        let is = |known: JobState| state == Some(known as i32);
        let stage = if is(JobState::Completed) {
            Stage::Done
        } else if is(JobState::Canceled) {
            Stage::Ended
        } else if is(JobState::Aborted) {
            Stage::GivenUp
        } else if state.is_none() {
            return Err(self.link.fail(Fault::Protocol, "a job without a state"));
        } else if is(JobState::ProcessingStopped) || self.look(true).is_err_and(|e| waits(&e)) {
            // Printers say of a job that it is being printed while they wait for paper.
            Stage::Still
        } else {
            Stage::Going
        };
        Ok((stage, out))
    }

    /// Why the printer stands still; `unknown` where it does not say.
    fn standstill(&self, unknown: &str) -> DeviceError {
        match self.look(true) {
            Err(error) => error,
            Ok(_) => self.link.fail(Fault::Offline, unknown),
        }
    }

    /// Takes a job back and waits until the printer has let it go.
    fn cancel(&self, job: i32) {
        let end = now() + self.silence;
        let request = IppOperationBuilder::cancel_job(self.link.uri.clone(), job)
            .user_name(USER_NAME)
            .build()
            .map_err(self.unsaid());
        // A job that has ended cannot be cancelled, which is as good.
        let _ = request.and_then(|request| self.link.ask("cancel the job", request));
        while !matches!(self.stage(job), Ok((Stage::Ended | Stage::GivenUp | Stage::Done, _))) {
            if end <= now() {
                tracing::warn!(job, "a job may be left in the printer");
                return;
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Whether a job goes on once somebody has lent a hand.
const fn waits(error: &DeviceError) -> bool {
    matches!(
        error.fault,
        Fault::PaperOut | Fault::Jammed | Fault::CoverOpen | Fault::NoInk | Fault::Offline
    )
}

/// Printers know real time only, so a limit on them is real time too.
#[expect(clippy::disallowed_methods, reason = "the end of a wait for a printer")]
fn now() -> Instant {
    Instant::now()
}
