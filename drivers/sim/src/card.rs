//! A card reader whose cards answer by a script.

use std::time::Duration;

use drivers_api::{CardReader, CardSession, DeviceError, Fault};

use crate::Step;
use crate::script::Script;

const DEVICE: &str = "simulated card reader";
/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answers of one card, in order, whatever it is asked.
pub type SimCard = Vec<Step<Vec<u8>>>;

/// A reader on which the cards of its script are laid, one for each session.
#[derive(Debug)]
pub struct SimCardReader {
    script: Script<SimCard>,
}

impl SimCardReader {
    /// A reader that follows these steps. After the last no card comes: [`Fault::NoCard`].
    pub fn new(cards: impl IntoIterator<Item = Step<SimCard>>) -> Self {
        Self { script: Script::new(DEVICE, cards, PATIENCE) }
    }
}

impl CardReader for SimCardReader {
    fn connect(&mut self, patience: Duration) -> Result<Box<dyn CardSession>, DeviceError> {
        self.script.set_patience(patience);
        let answers = self.script.next(Fault::NoCard)?;
        Ok(Box::new(Session { script: Script::new(DEVICE, answers, PATIENCE) }))
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok(format!("{DEVICE}, {} cards to come", self.script.left()))
    }
}

struct Session {
    script: Script<Vec<u8>>,
}

impl CardSession for Session {
    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, DeviceError> {
        self.script.next(Fault::Removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_come_and_answer_in_the_order_of_the_script_and_then_leave() {
        let card = vec![Step::Give(vec![0x90, 0]), Step::Fail(Fault::Timeout)];
        let mut reader = SimCardReader::new([Step::Give(card), Step::Fail(Fault::Absent)]);
        let mut session = reader.connect(PATIENCE).expect("a card");
        assert_eq!(session.transmit(&[0]), Ok(vec![0x90, 0]));
        assert_eq!(session.transmit(&[0]).expect_err("a fault").fault, Fault::Timeout);
        assert_eq!(session.transmit(&[0]).expect_err("its end").fault, Fault::Removed);
        for fault in [Fault::Absent, Fault::NoCard] {
            let refused = reader.connect(PATIENCE).map(drop);
            assert_eq!(refused.expect_err("no card").fault, fault);
        }
    }
}
