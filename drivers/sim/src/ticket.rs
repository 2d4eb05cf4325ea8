//! A ticket printer that follows a script.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use drivers_api::{Bitmap, DeviceError, Fault, TicketPaper, TicketPrinter};

use crate::Step;
use crate::script::Script;

const DEVICE: &str = "simulated ticket printer";
/// How long one ticket may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Dots of a line on paper of 80 mm.
const DOTS: u16 = 576;

/// A ticket printer that takes one step of its script for each ticket and each look at it.
#[derive(Debug)]
pub struct SimTicketPrinter {
    script: Script<TicketPaper>,
    tickets: Arc<Mutex<Vec<Bitmap>>>,
}

impl SimTicketPrinter {
    /// A printer that follows these steps. After the last it is unplugged.
    pub fn new(steps: impl IntoIterator<Item = Step<TicketPaper>>) -> Self {
        Self { script: Script::new(DEVICE, steps, PATIENCE), tickets: Arc::default() }
    }

    /// How long a ticket may take.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.script.set_patience(patience);
        self
    }

    /// The tickets that came out, also of later.
    #[must_use]
    pub fn tickets(&self) -> Arc<Mutex<Vec<Bitmap>>> {
        Arc::clone(&self.tickets)
    }
}

impl TicketPrinter for SimTicketPrinter {
    fn dots(&self) -> u16 {
        DOTS
    }

    fn print(&mut self, ticket: &Bitmap) -> Result<TicketPaper, DeviceError> {
        if ticket.width() == 0 || ticket.width() > DOTS || ticket.height() == 0 {
            let detail = format!("a ticket of {} dots, where {DOTS} fit", ticket.width());
            return Err(DeviceError::new(DEVICE, Fault::Misconfigured, detail));
        }
        let paper = self.script.next(Fault::Absent)?;
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner).push(ticket.clone());
        Ok(paper)
    }

    fn probe(&mut self) -> Result<TicketPaper, DeviceError> {
        self.script.next(Fault::Absent)
    }
}
