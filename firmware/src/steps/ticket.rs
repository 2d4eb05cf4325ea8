//! The ticket of an issued copy: how to find and check it at home. No personal data is on it.
//!
//! A ticket that cannot be printed never stops a visit: the screen shows all that it says.

mod press;

use std::sync::Mutex;

use drivers_api::{Bitmap, DeviceError, Fault, TicketPaper, TicketPrinter};
use formats_typeset::{Column, Mark, bold, regular};
use time::OffsetDateTime;
use time::macros::format_description;

pub use press::Press;

use crate::clock::VIETNAM;
use crate::config::Config;
use crate::engine::lock;
use crate::screen::words;
use crate::visit::{Issued, Say, Severity, Trouble};

/// White dots at each side.
const MARGIN: u16 = 16;
/// Sizes of type in dots; 8 dots make a millimetre.
const HEADLINE: f32 = 34.0;
const CODE: f32 = 40.0;
const BODY: f32 = 26.0;
const SMALL: f32 = 22.0;

/// The printer and the typeface.
pub struct TicketStation {
    /// The printer.
    pub printer: Mutex<Box<dyn TicketPrinter>>,
    /// The typeface.
    pub press: Press,
}

/// What a ticket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Who issued the copy.
    pub authority: String,
    /// What it is in law, Vietnamese and English.
    pub product: [String; 2],
    /// Number in the book.
    pub number: u32,
    /// The book.
    pub book: String,
    /// Verification code.
    pub code: String,
    /// Address at which anyone verifies the copy.
    pub verify_url: String,
    /// The fee in đồng, and why less than the full one is charged.
    pub fee: (u64, Option<String>),
    /// When, by Vietnam's clock.
    pub at: OffsetDateTime,
    /// Where: the place and the kiosk.
    pub place: String,
}

impl Ticket {
    /// The ticket of a copy issued now.
    pub fn new(config: &Config, issued: &Issued, now: OffsetDateTime) -> Self {
        let authority = &config.authority;
        Self {
            authority: authority.name.clone(),
            product: [authority.product.vi().into(), authority.product.en().into()],
            number: issued.number,
            book: issued.book.clone(),
            code: issued.code.clone(),
            verify_url: issued.verify_url.clone(),
            fee: (issued.fee_vnd, issued.fee_waived.clone()),
            at: now.to_offset(VIETNAM),
            place: format!("{}, {}", authority.place, config.device.id),
        }
    }

    /// The ticket as dots of a line of `width`; none when its QR does not fit.
    pub fn set(&self, press: &Press, width: u16) -> Option<Bitmap> {
        let qr = press::qr(&self.verify_url)?;
        let room = width.checked_sub(2 * MARGIN)?;
        let module = (room / press::modules(&qr)).min(8);
        if module < press::MODULE_DOTS_MIN {
            return None;
        }
        let side = f32::from(module * press::modules(&qr));
        let mut sheet = press.sheet();
        let column = Column { x: MARGIN.into(), width: room.into() };
        let word = |id| words::ticket(id);
        let mut y = sheet.centred(column, 8.0, BODY, &bold(&self.authority));
        y = sheet.centred(column, y + 6.0, HEADLINE, &bold(&self.product[0]));
        y = sheet.centred(column, y, SMALL, &regular(&self.product[1]));
        y += 10.0;
        let (vnd, waived) = &self.fee;
        let fee = format!("{} đồng", formats_book::money(*vnd));
        let facts =
            [("number", self.number.to_string()), ("book", self.book.clone()), ("fee", fee)];
        for (id, value) in facts {
            let text = format!("{} / {}: {value}", word(id).vi, word(id).en);
            y = sheet.left(column, y, BODY, &regular(text));
        }
        if let Some(waived) = waived {
            y = sheet.left(column, y, SMALL, &regular(waived));
        }
        let code = word("code");
        y = sheet.left(column, y, BODY, &regular(format!("{} / {}:", code.vi, code.en)));
        y = sheet.centred(column, y, CODE.min(f32::from(room) / 12.0), &bold(&self.code));
        let x = column.middle() - side / 2.0;
        sheet.marks.push(Mark::Room { x, y, width: side, height: side, what: qr });
        y = sheet.centred(column, y + side, SMALL, &regular(&self.verify_url));
        y += 10.0;
        let at = self.at.format(format_description!("[hour]:[minute], [day]/[month]/[year]"));
        for (id, value) in [("when", at.ok()?), ("where", self.place.clone())] {
            let text = format!("{} / {}: {value}", word(id).vi, word(id).en);
            y = sheet.left(column, y, SMALL, &regular(text));
        }
        let keep = word("keep");
        y = sheet.centred(column, y + 10.0, BODY, &bold(keep.vi));
        y = sheet.centred(column, y, SMALL, &regular(keep.en));
        press::dots(&sheet, width, (y + 8.0) as u16)
    }
}

/// Prints the ticket; what the officer should know of the roll, if anything.
pub fn print(station: &TicketStation, ticket: &Ticket) -> Result<Option<Trouble>, Trouble> {
    let mut printer = lock(&station.printer);
    let width = printer.dots();
    let picture = ticket.set(&station.press, width).ok_or_else(|| Trouble {
        say: Say::TicketFailed,
        cause: format!("the verify address does not fit a line of {width} dots"),
        remedy: "use a printer for wider paper, or a shorter registry.public_url".into(),
        severity: Severity::Service,
    })?;
    match printer.print(&picture) {
        Ok(TicketPaper::NearEnd) => Ok(Some(Trouble {
            say: Say::TicketPaperLow,
            cause: "the roll of the ticket printer comes to its end".into(),
            remedy: Fault::PaperOut.hint().into(),
            severity: Severity::Service,
        })),
        Ok(TicketPaper::Enough | TicketPaper::Unknown) => Ok(None),
        Err(error) => Err(trouble(&error)),
    }
}

fn trouble(error: &DeviceError) -> Trouble {
    Trouble {
        say: Say::TicketFailed,
        cause: error.to_string(),
        remedy: error.hint().into(),
        severity: Severity::Service,
    }
}

#[cfg(test)]
mod tests {
    use drivers_sim::{SimTicketPrinter, Step};

    use super::*;

    fn press() -> Press {
        let folder = "/usr/share/fonts/truetype/liberation2/LiberationSerif";
        let read = |weight| std::fs::read(format!("{folder}-{weight}.ttf")).expect("`make setup`");
        Press::new(&read("Regular"), &read("Bold")).expect("faces")
    }

    fn ticket() -> Ticket {
        Ticket {
            authority: "UBND PHƯỜNG THỬ NGHIỆM".into(),
            product: ["Chứng thực bản sao từ bản chính".into(), "Certified copy".into()],
            number: 1_234,
            book: "03/2026-SCT/BS".into(),
            code: "2KQ7-9MXW-4TRD-8VHF".into(),
            verify_url: "https://xacthuc.example/v/2KQ7-9MXW-4TRD-8VHF".into(),
            fee: (4_000, Some("Nghị quyết 77/2025/NQ-HĐND".into())),
            at: time::macros::datetime!(2026-11-23 09:05 +7),
            place: "Hà Nội, HN01-K03".into(),
        }
    }

    /// The code on a ticket, read back from its dots.
    fn read_back(picture: &Bitmap) -> Vec<String> {
        use drivers_api::{CodeReader, PixelFormat, Raster};
        let (width, height) = (picture.width(), picture.height());
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let grey = places.map(|(x, y)| if picture.is_black(x, y) { 0 } else { 255 }).collect();
        let page = Raster::new(width.into(), height.into(), PixelFormat::Gray8, 203, grey);
        drivers_codes::QrReader::new().read(&page.expect("a picture")).expect("read")
    }

    #[test]
    fn a_ticket_fits_both_widths_of_paper_and_its_code_leads_to_the_copy() {
        let (press, ticket) = (press(), ticket());
        for width in [384, 576] {
            let picture = ticket.set(&press, width).expect("it fits");
            assert_eq!(picture.width(), width);
            assert!((500..1_200).contains(&picture.height()), "{picture:?}");
            assert_eq!(read_back(&picture), std::slice::from_ref(&ticket.verify_url));
            let edges = (0..picture.height()).flat_map(|y| [(0, y), (width - 1, y)]);
            assert!(edges.into_iter().all(|(x, y)| !picture.is_black(x, y)), "a margin");
        }
        assert_eq!(ticket.set(&press, 160), None, "too narrow for a telephone to read");
    }

    #[test]
    fn a_printer_without_paper_is_a_trouble_with_a_remedy_and_a_low_roll_a_hint() {
        let steps = [
            Step::Give(TicketPaper::Enough),
            Step::Give(TicketPaper::NearEnd),
            Step::Fail(Fault::PaperOut),
        ];
        let printer = SimTicketPrinter::new(steps);
        let tickets = printer.tickets();
        let station = TicketStation { printer: Mutex::new(Box::new(printer)), press: press() };
        assert_eq!(print(&station, &ticket()), Ok(None));
        let low = print(&station, &ticket()).expect("printed").expect("a hint");
        assert_eq!(low.say, Say::TicketPaperLow);
        let out = print(&station, &ticket()).expect_err("no paper");
        assert_eq!((out.say, out.remedy.as_str()), (Say::TicketFailed, Fault::PaperOut.hint()));
        assert_eq!(lock(&tickets).len(), 2);
    }
}
