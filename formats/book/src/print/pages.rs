//! Pages as they fill up.

use formats_typeset::{Column, Face, Sheet};

/// Landscape A4 in points.
pub(super) const PAGE: (f32, f32) = (841.89, 595.28);
/// The text block: 20 mm left, where it is bound, and 15 mm right.
pub(super) const BODY: Column = Column { x: 56.7, width: 742.7 };
/// Where a page's text begins and ends.
pub(super) const TOP: f32 = 48.0;
pub(super) const BOTTOM: f32 = PAGE.1 - 52.0;

/// The pages so far.
pub(super) struct Pages<'a> {
    regular: &'a Face,
    bold: &'a Face,
    pub(super) sheets: Vec<Sheet<'a, ()>>,
    /// How far down the last page is filled.
    pub(super) y: f32,
}

impl<'a> Pages<'a> {
    /// One empty page.
    pub(super) fn new(regular: &'a Face, bold: &'a Face) -> Self {
        Self { regular, bold, sheets: vec![Sheet::new(regular, bold)], y: TOP }
    }

    pub(super) fn new_page(&mut self) {
        self.sheets.push(self.blank());
        self.y = TOP;
    }

    /// A page that does not count, to measure on.
    pub(super) const fn blank(&self) -> Sheet<'a, ()> {
        Sheet::new(self.regular, self.bold)
    }

    /// The last page.
    pub(super) fn sheet(&mut self) -> &mut Sheet<'a, ()> {
        if self.sheets.is_empty() {
            self.new_page();
        }
        let last = self.sheets.len() - 1;
        &mut self.sheets[last]
    }

    /// Begins a page if less than this height is left.
    pub(super) fn make_room(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.new_page();
        }
    }
}
