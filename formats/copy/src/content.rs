//! What a page is drawn with: its content stream, read strictly (ISO 32000-1, 7.8.2).
//!
//! Only what every reader reads in the same way is read here: no comments, no escapes in names, no
//! inline images. What is written otherwise than our copies are is refused.

use std::ops::Range;

use crate::once::literal;

/// How deep arrays and dictionaries may lie in each other; ours stay at one.
const DEPTH_MAX: usize = 8;

/// A content stream: operations in their order.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    operations: Vec<Operation<'a>>,
    operands: Vec<Operand<'a>>,
}

/// One operator; its operands are the content's.
#[derive(Debug, Clone)]
pub(crate) struct Operation<'a> {
    pub(crate) operator: &'a [u8],
    operands: Range<usize>,
}

/// An operand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Operand<'a> {
    Number(f32),
    /// Without its slash.
    Name(&'a [u8]),
    /// A string, an array, a dictionary: nothing that a page is judged by.
    Other,
}

impl<'a> Content<'a> {
    /// Reads a content stream; `None` if anything in it is odd.
    pub(crate) fn read(stream: &'a [u8]) -> Option<Self> {
        let mut rest = Rest(stream);
        let mut content = Self { operations: Vec::new(), operands: Vec::new() };
        let mut first = 0;
        loop {
            let here = content.operands.len();
            match rest.token()? {
                None => return (first == here).then_some(content),
                Some(Token::Operand(operand)) => content.operands.push(operand),
                Some(Token::Operator(operator)) => {
                    content.operations.push(Operation { operator, operands: first..here });
                    first = here;
                }
                Some(Token::End) => return None,
            }
        }
    }

    pub(crate) fn operations(&self) -> &[Operation<'a>] {
        &self.operations
    }

    pub(crate) fn operands(&self, operation: &Operation) -> &[Operand<'a>] {
        self.operands.get(operation.operands.clone()).unwrap_or_default()
    }

    /// All operands of an operation, if they are so many numbers.
    pub(crate) fn numbers<const N: usize>(&self, operation: &Operation) -> Option<[f32; N]> {
        let operands: &[Operand; N] = self.operands(operation).try_into().ok()?;
        let mut numbers = [0.0; N];
        for (number, operand) in numbers.iter_mut().zip(operands) {
            let Operand::Number(found) = operand else { return None };
            *number = *found;
        }
        Some(numbers)
    }
}

enum Token<'a> {
    Operator(&'a [u8]),
    Operand(Operand<'a>),
    /// `]` or `>>`.
    End,
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// The next token; `Some(None)` at the end.
    fn token(&mut self) -> Option<Option<Token<'a>>> {
        self.take(is_space);
        let token = match self.0 {
            [] => return Some(None),
            [b'/', ..] => {
                self.0 = &self.0[1..];
                let name = self.take(is_regular);
                let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'#';
                (!name.is_empty() && name.iter().all(plain)).then_some(())?;
                Token::Operand(Operand::Name(name))
            }
            [b'(', ..] => self.literal()?,
            [b'<', b'<', ..] | [b'[', ..] => self.nested(DEPTH_MAX)?,
            [b'<', ..] => self.hexadecimal()?,
            [b']', ..] => self.end(1),
            [b'>', b'>', ..] => self.end(2),
            [byte, ..] if is_regular(*byte) => word(self.take(is_regular))?,
            _ => return None,
        };
        Some(Some(token))
    }

    fn take(&mut self, of: fn(u8) -> bool) -> &'a [u8] {
        let length = self.0.iter().position(|byte| !of(*byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn end(&mut self, length: usize) -> Token<'a> {
        self.0 = &self.0[length..];
        Token::End
    }

    /// A string in parentheses, which may hold such pairs.
    fn literal(&mut self) -> Option<Token<'a>> {
        self.0 = &self.0[literal(self.0)?..];
        Some(Token::Operand(Operand::Other))
    }

    fn hexadecimal(&mut self) -> Option<Token<'a>> {
        self.0 = &self.0[1..];
        self.take(|byte| byte.is_ascii_hexdigit());
        self.0 = self.0.strip_prefix(b">")?;
        Some(Token::Operand(Operand::Other))
    }

    /// An array or a dictionary, up to the bracket that closes it.
    fn nested(&mut self, depth: usize) -> Option<Token<'a>> {
        let closing: &[u8] = if self.0.starts_with(b"[") { b"]" } else { b">>" };
        self.0 = &self.0[closing.len()..];
        let pairs = closing == b">>";
        // In a dictionary each second one is a name: the key of the next.
        for i in 0.. {
            self.take(is_space);
            if let Some(rest) = self.0.strip_prefix(closing) {
                self.0 = rest;
                return (!pairs || i % 2 == 0).then_some(Token::Operand(Operand::Other));
            }
            (!pairs || i % 2 == 1 || self.0.starts_with(b"/")).then_some(())?;
            if self.0.starts_with(b"[") || self.0.starts_with(b"<<") {
                self.nested(depth.checked_sub(1)?)?;
            } else if !matches!(self.token()??, Token::Operand(_)) {
                return None;
            }
        }
        None
    }
}

/// A number, a constant or an operator.
fn word(word: &[u8]) -> Option<Token<'_>> {
    match word {
        b"true" | b"false" | b"null" => Some(Token::Operand(Operand::Other)),
        [b'0'..=b'9' | b'+' | b'-' | b'.', digits @ ..] => {
            let plain = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
            digits.iter().all(plain).then_some(())?;
            let number: f32 = std::str::from_utf8(word).ok()?.parse().ok()?;
            number.is_finite().then_some(Token::Operand(Operand::Number(number)))
        }
        operator => {
            let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"*'\"".contains(byte);
            operator.iter().all(known).then_some(Token::Operator(operator))
        }
    }
}

/// ISO 32000-1, table 1.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// Neither white space nor a delimiter (ISO 32000-1, table 2).
pub(crate) fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use lopdf::Object;
    use proptest::prelude::*;

    use super::*;

    /// Without a sign before zero.
    fn number(number: f32) -> String {
        (number + 0.0).to_string()
    }

    /// What another parser finds, in the words of this one.
    fn expected(stream: &[u8]) -> Option<Vec<(Vec<u8>, Vec<String>)>> {
        let operand = |object: &Object| match object {
            Object::Integer(_) | Object::Real(_) => number(object.as_float().expect("one")),
            Object::Name(name) => format!("/{}", String::from_utf8_lossy(name)),
            _ => "other".into(),
        };
        let operations = lopdf::content::Content::decode_strict(stream).ok()?.operations;
        let all = operations.iter().map(|operation| {
            let operands = operation.operands.iter().map(operand).collect();
            (operation.operator.clone().into_bytes(), operands)
        });
        Some(all.collect())
    }

    fn found(stream: &[u8]) -> Option<Vec<(Vec<u8>, Vec<String>)>> {
        let operand = |operand: &Operand| match operand {
            Operand::Number(found) => number(*found),
            Operand::Name(name) => format!("/{}", String::from_utf8_lossy(name)),
            Operand::Other => "other".into(),
        };
        let content = Content::read(stream)?;
        let all = content.operations().iter().map(|operation| {
            let operands = content.operands(operation).iter().map(operand).collect();
            (operation.operator.to_vec(), operands)
        });
        Some(all.collect())
    }

    const PAGE: &[u8] = b"/Artifact<</Type/Layout>>BDC\nq 0 -1.5 .25 +0 603.1793 4. cm/c0 cs 0 scn
        BT 0 Tr/f0 7 Tf 1 0 0 -1 0 0 Tm[(\\000\\)(a)\r)-20(b)]TJ<00ff>Tj ET\nQ\nEMC
        /Span<</MCID 0/K[/a<</b null>>]>>BDC q 1 2 m 3 4 l\nh\nW\nn/x1 Do Q EMC";

    #[test]
    fn a_page_is_read_as_another_parser_reads_it() {
        let operations = found(PAGE).expect("it is plain");
        assert_eq!(operations.len(), 24);
        assert_eq!(Some(operations), expected(PAGE));
    }

    #[test]
    fn what_is_odd_is_refused() {
        let odd: [&[u8]; 18] = [
            b"q % (\nQ",
            b"/a#62 Do",
            b"/ Do",
            b"1 2",
            b"1e5 w",
            b"--1 w",
            b"1-2 w",
            b"(a Tj",
            b"<0g> Tj",
            b"<00",
            b"[1 2 TJ",
            b"[q] TJ",
            b"<< /a",
            b"] q",
            b">> q",
            b"{ q }",
            b"<</a>> q",
            b"<<0/a>> q",
        ];
        for stream in odd {
            assert!(Content::read(stream).is_none(), "{}", String::from_utf8_lossy(stream));
        }
        assert!(Content::read(&b"[".repeat(100_000)).is_none());
    }

    proptest! {
        #[test]
        fn any_changed_bytes_are_read_alike_or_refused_by_one(
            changes in proptest::collection::vec((0..PAGE.len(), any::<u8>()), 1..4)
        ) {
            let mut page = PAGE.to_vec();
            changes.into_iter().for_each(|(at, to)| page[at] = to);
            if let (Some(operations), Some(others)) = (found(&page), expected(&page)) {
                prop_assert_eq!(operations, others);
            }
        }
    }
}
