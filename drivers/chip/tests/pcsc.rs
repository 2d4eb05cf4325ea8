//! The reader driver against Debian's pcscd with vsmartcard's virtual reader, and cards in it.

use std::path::Path;
use std::time::Duration;

use counterpart::{CardReaders, in_own_process};
use drivers_api::{CardReader, CardSession, DeviceError, Fault};
use drivers_chip::{PcscConfig, PcscReader};
use formats_mrtd::{
    AccessKey, NoRandom, Opened, ReadError, Transmit, TrustStore, Verdict, Wanted, read,
};
use time::OffsetDateTime;

const SOON: Duration = Duration::from_millis(600);
const PATIENT: Duration = Duration::from_secs(20);
const ALL: Wanted = Wanted { portrait: true, details: true };

fn reader_with(command_time: Duration) -> PcscReader {
    PcscReader::new(PcscConfig { reader: "Virtual".into(), command_time })
}

fn reader() -> PcscReader {
    reader_with(PATIENT)
}

fn fault<T>(result: Result<T, DeviceError>) -> Fault {
    result.map(|_| ()).expect_err("a fault was made").fault
}

struct Wire(Box<dyn CardSession>);

impl Transmit for Wire {
    type Error = DeviceError;

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, DeviceError> {
        self.0.transmit(command)
    }
}

#[expect(clippy::disallowed_methods, reason = "the card's certificates begin to hold today")]
fn whole(
    reader: &mut PcscReader,
    trust: &Path,
) -> Result<formats_mrtd::Chip, ReadError<DeviceError>> {
    let mut store = TrustStore::default();
    store.add_pem(&std::fs::read(trust).expect("an authority")).expect("an authority");
    let mut random = |buffer: &mut [u8]| getrandom::fill(buffer).map_err(|_| NoRandom);
    let mut wire = Wire(reader.connect(PATIENT).expect("a card"));
    let keys = [AccessKey::Can("999999".into())];
    read(&mut wire, &keys, ALL, &store, OffsetDateTime::now_utc(), &mut random)
}

#[test]
fn a_card_is_waited_for_read_and_read_again() {
    in_own_process("a_card_is_waited_for_read_and_read_again", |folder| {
        let readers = CardReaders::start(folder).expect("a reader");
        let mut reader = reader();
        assert!(reader.probe().expect("a reader").contains("Virtual PCD 00 00"));
        assert_eq!(fault(reader.connect(SOON)), Fault::NoCard);
        let card = readers.insert(&[]).expect("a card");
        for _ in 0..2 {
            let chip = whole(&mut reader, &card.trust()).expect("read");
            assert_eq!(chip.opened, Opened::PaceCan);
            assert_eq!(chip.evidence.verdict(), Verdict::Genuine);
        }
        let session = reader.connect(PATIENT).expect("a card");
        assert_eq!(fault(self::reader().connect(SOON)), Fault::Busy, "the other one holds it");
        drop(session);
        drop(card);
        // The service looks for a card a few times a second.
        let without = || reader.connect(SOON).map(drop).err().map(|error| error.fault);
        let noticed = std::iter::repeat_with(without).take(20).flatten().next();
        assert_eq!(noticed, Some(Fault::NoCard));
    });
}

#[test]
fn a_card_that_leaves_or_falls_silent_in_the_middle_is_told_apart() {
    in_own_process("a_card_that_leaves_or_falls_silent_in_the_middle_is_told_apart", |folder| {
        let readers = CardReaders::start(folder).expect("a reader");
        let card = readers.insert(&["--remove-after", "20"]).expect("a card");
        match whole(&mut reader(), &card.trust()) {
            Err(ReadError::Card(error)) => assert_eq!(error.fault, Fault::Removed, "{error}"),
            other => panic!("{other:?}"),
        }
        drop(card);
        let card = readers.insert(&["--silent-after", "12"]).expect("a card");
        match whole(&mut reader_with(Duration::from_secs(2)), &card.trust()) {
            Err(ReadError::Card(error)) => assert_eq!(error.fault, Fault::Timeout, "{error}"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_slow_card_is_read_to_its_end() {
    in_own_process("a_slow_card_is_read_to_its_end", |folder| {
        let readers = CardReaders::start(folder).expect("a reader");
        let card = readers.insert(&["--slow-ms", "20", "--portrait", "jpeg"]).expect("a card");
        let chip = whole(&mut reader(), &card.trust()).expect("read");
        assert_eq!(chip.evidence.verdict(), Verdict::Genuine);
    });
}

#[test]
fn no_service_and_no_such_reader_are_absent() {
    in_own_process("no_service_and_no_such_reader_are_absent", |folder| {
        assert_eq!(fault(reader().probe()), Fault::Absent);
        assert_eq!(fault(reader().connect(SOON)), Fault::Absent);
        let readers = CardReaders::start(folder).expect("a reader");
        let other = PcscConfig { reader: "ACR122".into(), command_time: PATIENT };
        assert_eq!(fault(PcscReader::new(other.clone()).probe()), Fault::Absent);
        assert_eq!(fault(PcscReader::new(other).connect(SOON)), Fault::Absent);
        let _card = readers.insert(&[]).expect("a card");
        let mut session = reader().connect(PATIENT).expect("a card");
        readers.stop();
        assert!(session.transmit(&[0, 0x84, 0, 0, 8]).is_err(), "the service is gone");
        assert_eq!(fault(reader().connect(SOON)), Fault::Absent);
    });
}
