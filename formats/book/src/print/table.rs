//! A table over as many pages as it needs, its head repeated on each.

use formats_typeset::{Column as Area, LEADING, Mark, Sheet, bold, regular};

use super::pages::{BODY, BOTTOM, Pages};

/// Type of the rows and of the head.
const SIZE: f32 = 10.5;
const HEAD_SIZE: f32 = 10.0;
/// Room between text and rules.
const PADDING: f32 = 3.0;
/// A row's type is set smaller, in these steps, when it would not fit a page of its own.
const SCALES: [f32; 4] = [1.0, 0.8, 0.6, 0.45];

/// Where a cell's lines stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// A column: its head, its width in points, how its cells stand.
pub(super) struct Column {
    pub(super) head: String,
    pub(super) width: f32,
    pub(super) align: Align,
}

/// One line of the table.
pub(super) enum Line {
    /// A text for each column; `\n` begins a new line.
    Row(Vec<String>),
    /// A label over the first columns, and bold texts in some of those behind.
    Total { label: String, cells: Vec<(usize, String)> },
}

/// A text with its place in a line of the table.
struct Cell<'a> {
    from: usize,
    to: usize,
    text: &'a str,
    align: Align,
    bold: bool,
}

/// A table that is being filled.
pub(super) struct Table<'p, 'a> {
    pages: &'p mut Pages<'a>,
    columns: Vec<Column>,
    /// Whether a line under the head numbers the columns.
    numbered: bool,
}

impl<'p, 'a> Table<'p, 'a> {
    /// Begins a table where the page is filled to.
    pub(super) fn begin(pages: &'p mut Pages<'a>, columns: Vec<Column>, numbered: bool) -> Self {
        let mut table = Self { pages, columns, numbered };
        table.head();
        table
    }

    /// Adds a line, on a new page if this one is full.
    pub(super) fn add(&mut self, line: &Line) {
        let cells = self.cells(line);
        let free = BOTTOM - self.pages.y;
        let room = BOTTOM - super::pages::TOP - self.head_height();
        let scale = SCALES.into_iter().find(|scale| self.height(&cells, SIZE * scale) <= room);
        let size = SIZE * scale.unwrap_or(SCALES[SCALES.len() - 1]);
        if self.height(&cells, size) > free {
            self.pages.new_page();
            self.head();
        }
        let cells = self.cells(line);
        self.put(&cells, size);
    }

    /// Ends the table.
    pub(super) fn end(self) {
        self.pages.y += PADDING;
    }

    fn cells<'l>(&self, line: &'l Line) -> Vec<Cell<'l>> {
        let last = self.columns.len();
        match line {
            Line::Row(texts) => {
                let texts = texts.iter().zip(&self.columns).enumerate();
                texts
                    .map(|(at, (text, column))| {
                        let align = column.align;
                        Cell { from: at, to: at + 1, text, align, bold: false }
                    })
                    .collect()
            }
            Line::Total { label, cells } => {
                let first = cells.first().map_or(last, |(at, _)| *at);
                let mut all =
                    vec![Cell { from: 0, to: first, text: label, align: Align::Left, bold: true }];
                let mut next = first;
                for (at, text) in cells {
                    let align = self.columns[*at].align;
                    all.push(Cell { from: *at, to: at + 1, text, align, bold: true });
                    next = at + 1;
                }
                if next < last {
                    all.push(Cell {
                        from: next,
                        to: last,
                        text: "",
                        align: Align::Left,
                        bold: true,
                    });
                }
                all
            }
        }
    }

    fn head(&mut self) {
        let y = self.pages.y;
        self.pages.sheet().marks.push(Mark::Rule { x: BODY.x, y, width: BODY.width });
        let names: Vec<_> = self.columns.iter().map(|column| column.head.clone()).collect();
        self.put(&head_cells(&names, true), HEAD_SIZE);
        if self.numbered {
            let numbers: Vec<_> = (1..=names.len()).map(|at| format!("({at})")).collect();
            self.put(&head_cells(&numbers, false), HEAD_SIZE);
        }
    }

    fn head_height(&self) -> f32 {
        let names: Vec<_> = self.columns.iter().map(|column| column.head.clone()).collect();
        let names = self.height(&head_cells(&names, true), HEAD_SIZE);
        let numbers = HEAD_SIZE * LEADING + 2.0 * PADDING;
        if self.numbered { names + numbers } else { names }
    }

    fn height(&self, cells: &[Cell], size: f32) -> f32 {
        let mut sheet = self.pages.blank();
        self.texts(&mut sheet, cells, 0.0, size)
    }

    /// Sets the texts of a line from the top edge `y`; returns its bottom edge.
    fn texts(&self, sheet: &mut Sheet<()>, cells: &[Cell], y: f32, size: f32) -> f32 {
        let mut bottom = y + size * LEADING;
        for cell in cells {
            let x = self.x(cell.from) + PADDING;
            let area = Area { x, width: self.x(cell.to) - x - PADDING };
            let mut at = y + PADDING;
            for text in cell.text.split('\n') {
                let piece = if cell.bold { bold(text) } else { regular(text) };
                at = match cell.align {
                    Align::Left => sheet.left(area, at, size, &piece),
                    Align::Centre => sheet.centred(area, at, size, &piece),
                    Align::Right => sheet.right(area, at, size, &piece),
                };
            }
            bottom = bottom.max(at);
        }
        bottom + PADDING
    }

    /// Draws a line at the page's end, with the rules left, right and below.
    fn put(&mut self, cells: &[Cell], size: f32) {
        let y = self.pages.y;
        let mut sheet = self.pages.blank();
        let bottom = self.texts(&mut sheet, cells, y, size);
        let height = bottom - y;
        let edges = cells.iter().map(|cell| cell.from).chain([self.columns.len()]);
        for edge in edges {
            sheet.marks.push(Mark::Upright { x: self.x(edge), y, height });
        }
        sheet.marks.push(Mark::Rule { x: BODY.x, y: bottom, width: BODY.width });
        self.pages.sheet().marks.append(&mut sheet.marks);
        self.pages.y = bottom;
    }

    /// The left edge of a column; of the one behind the last, the table's right edge.
    fn x(&self, column: usize) -> f32 {
        BODY.x + self.columns[..column].iter().map(|column| column.width).sum::<f32>()
    }
}

fn head_cells(texts: &[String], bold: bool) -> Vec<Cell<'_>> {
    let texts = texts.iter().enumerate();
    texts
        .map(|(at, text)| Cell { from: at, to: at + 1, text, align: Align::Centre, bold })
        .collect()
}
