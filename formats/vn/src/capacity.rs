//! In which capacity a person signs, as it is printed above the name: `TUQ. CHỦ TỊCH`.
//!
//! Since 1 November 2025 the right to certify is the chair's in person, who may authorise or assign
//! it (Decree 280/2025/NĐ-CP). The manners of signing are those of Decree 30/2020/NĐ-CP, article
//! 13, from memory; no lawyer has compared them yet.

/// A manner of signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// `CHỦ TỊCH`: the chair in person.
    Chair,
    /// `Q. CHỦ TỊCH`: who holds the chair's office for the time being, with all its rights.
    ActingChair,
    /// `KT. CHỦ TỊCH / PHÓ CHỦ TỊCH`: a deputy in the chair's place, for the fields assigned in
    /// writing.
    Deputy,
    /// `TUQ. CHỦ TỊCH`: by the chair's written authorisation, limited in time and content.
    Authorised,
    /// `TL. CHỦ TỊCH`: by the chair's order, as the body's rules of work name it.
    ByOrder,
    /// `CÔNG CHỨNG VIÊN`: a notary, by an appointment of their own.
    Notary,
}

/// A text that is no capacity in which copies are certified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "use CHỦ TỊCH, Q. CHỦ TỊCH, KT. CHỦ TỊCH / PHÓ CHỦ TỊCH, TUQ. CHỦ TỊCH, TL. CHỦ TỊCH or CÔNG \
     CHỨNG VIÊN; behind ` / ` comes the person's own office"
)]
pub struct NoCapacity;

impl std::str::FromStr for Capacity {
    type Err = NoCapacity;

    fn from_str(text: &str) -> Result<Self, NoCapacity> {
        let mut lines = text.split(" / ");
        let first = lines.next().unwrap_or_default();
        let own = lines.next();
        if lines.next().is_some() || own.is_some_and(|own| own.trim().is_empty()) {
            return Err(NoCapacity);
        }
        match (first, own) {
            ("CHỦ TỊCH", None) => Ok(Self::Chair),
            ("Q. CHỦ TỊCH", None) => Ok(Self::ActingChair),
            // A deputy signs as what they are; others say so or leave it out.
            ("KT. CHỦ TỊCH", Some("PHÓ CHỦ TỊCH")) => Ok(Self::Deputy),
            ("TUQ. CHỦ TỊCH", _) => Ok(Self::Authorised),
            ("TL. CHỦ TỊCH", _) => Ok(Self::ByOrder),
            ("CÔNG CHỨNG VIÊN", None) => Ok(Self::Notary),
            _ => Err(NoCapacity),
        }
    }
}

/// Whether the right to sign in this capacity comes from someone else, so that an instrument must
/// give it: the authorisation, the assignment of fields, the rules of work. Holds for any office
/// (`TL. GIÁM ĐỐC`), for copies of another kind than certified ones are signed by others.
pub fn is_delegated(capacity: &str) -> bool {
    ["KT. ", "TUQ. ", "TL. "].iter().any(|manner| capacity.starts_with(manner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capacities_of_the_law_are_known_and_others_are_not() {
        let known = [
            ("CHỦ TỊCH", Capacity::Chair, false),
            ("Q. CHỦ TỊCH", Capacity::ActingChair, false),
            ("KT. CHỦ TỊCH / PHÓ CHỦ TỊCH", Capacity::Deputy, true),
            ("TUQ. CHỦ TỊCH", Capacity::Authorised, true),
            ("TUQ. CHỦ TỊCH / CÔNG CHỨC TƯ PHÁP - HỘ TỊCH", Capacity::Authorised, true),
            ("TL. CHỦ TỊCH", Capacity::ByOrder, true),
            ("CÔNG CHỨNG VIÊN", Capacity::Notary, false),
        ];
        for (text, capacity, delegated) in known {
            assert_eq!(text.parse(), Ok(capacity), "{text}");
            assert_eq!(is_delegated(text), delegated, "{text}");
        }
        for text in
            ["", "KT. CHỦ TỊCH", "TUQ. CHỦ TỊCH / ", "PHÓ CHỦ TỊCH", "chủ tịch", "A / B / C"]
        {
            assert_eq!(text.parse::<Capacity>(), Err(NoCapacity), "{text}");
        }
    }
}
