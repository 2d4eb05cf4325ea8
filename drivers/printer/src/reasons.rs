//! What a printer says of itself (`printer-state-reasons`, RFC 8011, section 5.4.12) in the faults
//! of the kiosk.

use drivers_api::Fault;

/// Words for what needs somebody's hands; the cause before its consequences.
const NAMED: &[(&str, Fault)] = &[
    ("cover-open", Fault::CoverOpen),
    ("door-open", Fault::CoverOpen),
    ("interlock-open", Fault::CoverOpen),
    ("media-jam", Fault::Jammed),
    ("media-empty", Fault::PaperOut),
    ("media-needed", Fault::PaperOut),
    ("input-tray-missing", Fault::PaperOut),
    ("toner-empty", Fault::NoInk),
    ("marker-supply-empty", Fault::NoInk),
    ("developer-empty", Fault::NoInk),
    ("paused", Fault::Offline),
    ("moving-to-paused", Fault::Offline),
    ("shutdown", Fault::Offline),
    ("offline", Fault::Offline),
    ("output-area-full", Fault::Offline),
    ("output-tray-missing", Fault::Offline),
];

/// A reason and how grave it is: its ending says so.
fn parts(reason: &str) -> (&str, bool) {
    for ending in ["-report", "-warning"] {
        if let Some(name) = reason.strip_suffix(ending) {
            return (name, false);
        }
    }
    (reason.strip_suffix("-error").unwrap_or(reason), true)
}

/// What keeps a printer from printing, with the word it used. A warning keeps it only when it has
/// `stopped`; a word that nobody knows does not keep it.
pub fn fault<'a>(reasons: &[&'a str], stopped: bool) -> Option<(Fault, &'a str)> {
    NAMED.iter().find_map(|(name, fault)| {
        let means = |reason: &&&str| {
            let (word, grave) = parts(reason);
            word == *name && (grave || stopped)
        };
        reasons.iter().find(means).map(|reason| (*fault, *reason))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_warning_lets_it_print_until_it_stops() {
        assert_eq!(fault(&["none"], true), None);
        assert_eq!(fault(&["toner-low-warning", "media-low-report"], false), None);
        assert_eq!(fault(&["media-empty-report"], false), None);
        let empty = Some((Fault::PaperOut, "media-empty-report"));
        assert_eq!(fault(&["media-empty-report"], true), empty);
        assert_eq!(
            fault(&["media-empty-error"], false),
            Some((Fault::PaperOut, "media-empty-error"))
        );
        assert_eq!(
            fault(&["toner-empty", "cover-open"], false),
            Some((Fault::CoverOpen, "cover-open"))
        );
    }

    proptest! {
        #[test]
        fn no_word_panics(word in ".{0,40}", stopped: bool) {
            let _ = fault(&[&word], stopped);
        }
    }
}
