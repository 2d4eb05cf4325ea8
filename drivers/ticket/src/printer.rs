//! One ticket after the other, each to its end.

use std::time::Duration;

use drivers_api::{Bitmap, DeviceError, Fault, TicketPaper, TicketPrinter};

use crate::escpos::{self, BAND_ROWS_MAX, Query, Replies, Reply, Status};
use crate::link::{Link, NOISE_BYTES_MAX, Port};

/// Longest ticket in rows: 30 cm at 8 dots a millimetre.
pub const TICKET_ROWS_MAX: u16 = 2_400;

/// Which printer, and how it is used.
#[derive(Debug, Clone)]
pub struct EscPosConfig {
    /// Where it is.
    pub port: Port,
    /// Width of its line in dots: 384 on paper of 58 mm, 576 on paper of 80 mm.
    pub dots: u16,
    /// Whether it answers questions. Some cables and print servers carry bytes one way only; then
    /// nobody can tell whether a ticket came out.
    pub answers: bool,
    /// Longest silence, in which it takes no byte or gives no answer.
    pub silence: Duration,
}

/// A ticket printer that speaks ESC/POS.
pub struct EscPosPrinter {
    config: EscPosConfig,
}

impl EscPosPrinter {
    /// A printer that is looked for when it is used, so it may be plugged in later.
    #[must_use]
    pub const fn new(config: EscPosConfig) -> Self {
        Self { config }
    }

    fn open(&self) -> Result<Link, DeviceError> {
        Link::open(&self.config.port, self.config.silence)
    }

    /// Asks all questions; fails when the printer cannot print now.
    fn ready(&self, link: &mut Link) -> Result<TicketPaper, DeviceError> {
        if !self.config.answers {
            return Ok(TicketPaper::Unknown);
        }
        let status = ask(link)?;
        fault(&status).map_or(Ok(paper(&status)), |(fault, what)| Err(link.fail(fault, what)))
    }

    fn print_on(&self, link: &mut Link, ticket: &Bitmap) -> Result<TicketPaper, DeviceError> {
        link.send(&escpos::INITIALISE)?;
        link.send(&escpos::AUTO_STATUS_OFF)?;
        let row_bytes = ticket.row_bytes();
        for band in ticket.bytes().chunks(usize::from(row_bytes) * usize::from(BAND_ROWS_MAX)) {
            let rows = u16::try_from(band.len() / usize::from(row_bytes)).unwrap_or(0);
            link.send(&escpos::raster(row_bytes, rows))?;
            link.send(band)?;
        }
        link.send(&escpos::CUT)?;
        if !self.config.answers {
            return Ok(TicketPaper::Unknown);
        }
        link.send(&escpos::WHEN_PRINTED)?;
        let printed = listen(link, |reply| match reply {
            Reply::Printed(status) => Some(status),
            Reply::Answer(_) | Reply::Automatic(_) => None,
        })?;
        match printed {
            // The paper may have ended right behind the ticket, which is out all the same.
            Some(status) if status.paper_out => Ok(TicketPaper::NearEnd),
            Some(status) => Ok(paper(&status)),
            None => {
                let status = ask(link)?;
                let (fault, what) = fault(&status)
                    .unwrap_or((Fault::Timeout, "the ticket does not come to its end"));
                Err(link.fail(fault, what))
            }
        }
    }

    fn fits(&self, ticket: &Bitmap) -> Result<(), DeviceError> {
        let (width, height) = (ticket.width(), ticket.height());
        if width == 0 || width > self.config.dots || height == 0 || height > TICKET_ROWS_MAX {
            let detail = format!(
                "a ticket of {width}x{height} dots, where {}x{TICKET_ROWS_MAX} fit",
                self.config.dots
            );
            return Err(DeviceError::new(self.config.port.name(), Fault::Misconfigured, detail));
        }
        Ok(())
    }
}

impl TicketPrinter for EscPosPrinter {
    fn dots(&self) -> u16 {
        self.config.dots
    }

    fn print(&mut self, ticket: &Bitmap) -> Result<TicketPaper, DeviceError> {
        self.fits(ticket)?;
        let mut link = self.open()?;
        self.ready(&mut link)?;
        let printed = self.print_on(&mut link, ticket);
        if printed.is_err() {
            // Else it would come out for the next person, once somebody puts in paper.
            link.drop_unsent();
            if let Err(error) = link.send(&escpos::CLEAR) {
                tracing::debug!(%error, "the printer's memory was not cleared");
            }
            link.leave();
        }
        printed
    }

    fn probe(&mut self) -> Result<TicketPaper, DeviceError> {
        let mut link = self.open()?;
        self.ready(&mut link)
    }
}

/// Asks all questions.
fn ask(link: &mut Link) -> Result<Status, DeviceError> {
    link.drain()?;
    let mut status = Status::default();
    for query in Query::ALL {
        link.send(&query.bytes())?;
        let answer = listen(link, |reply| match reply {
            Reply::Answer(byte) => Some(byte),
            Reply::Printed(_) | Reply::Automatic(_) => None,
        })?;
        let Some(byte) = answer else {
            return Err(link.fail(Fault::Timeout, format!("no answer to {query:?}")));
        };
        status.answered(query, byte);
    }
    Ok(status)
}

/// Waits for the reply that is wanted; none when it does not come.
fn listen<T>(
    link: &mut Link,
    wanted: impl Fn(Reply) -> Option<T>,
) -> Result<Option<T>, DeviceError> {
    let end = link.patience();
    let mut replies = Replies::new();
    for _ in 0..NOISE_BYTES_MAX {
        let Some(byte) = link.receive(end)? else { return Ok(None) };
        if let Some(found) = replies.take(byte).and_then(&wanted) {
            return Ok(Some(found));
        }
    }
    Err(link.fail(Fault::Protocol, "the printer says what nobody asked for"))
}

/// What keeps the printer from printing; the cause before its consequences.
const fn fault(status: &Status) -> Option<(Fault, &'static str)> {
    Some(match status {
        Status { cover_open: true, .. } => (Fault::CoverOpen, "the cover is open"),
        Status { paper_out: true, .. } => (Fault::PaperOut, "no paper"),
        Status { cutter: true, .. } => (Fault::Cutter, "the knife is stuck"),
        Status { broken: true, .. } => (Fault::Io, "an error that switching it off may end"),
        Status { resting: true, .. } => (Fault::Offline, "the head is too hot"),
        Status { offline: true, .. } => (Fault::Offline, "offline without a cause"),
        _ => return None,
    })
}

const fn paper(status: &Status) -> TicketPaper {
    if status.paper_near_end { TicketPaper::NearEnd } else { TicketPaper::Enough }
}
