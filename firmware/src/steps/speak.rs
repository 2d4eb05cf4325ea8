//! The screen's words as sound: recorded by a person where there is a recording, else by a machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use drivers_api::{DeviceError, SpokenLanguage, Voice};

use crate::engine::lock;
use crate::screen::words;

/// Longest text that is spoken at once, in characters: the longest sentence on a screen has half.
pub const TEXT_CHARS_MAX: usize = 600;
/// Sentences kept as sound; a screen has a dozen.
const KEPT: usize = 48;
/// Largest recording, in bytes.
const RECORDING_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A sentence of the screens: language and id.
type Sentence = (SpokenLanguage, String);

/// Speaks what the screen says. It keeps sounds of the screen's own sentences only.
pub struct Speaker {
    voice: Mutex<Box<dyn Voice>>,
    recordings: Option<PathBuf>,
    kept: Mutex<BTreeMap<Sentence, Arc<[u8]>>>,
}

impl Speaker {
    /// A speaker; `recordings` is a folder with `vi/ID.wav` and `en/ID.wav`, by the ids of
    /// `screen/words`.
    pub fn new(voice: Box<dyn Voice>, recordings: Option<PathBuf>) -> Self {
        Self { voice: Mutex::new(voice), recordings, kept: Mutex::default() }
    }

    /// A text as WAV.
    pub fn speak(&self, text: &str, language: SpokenLanguage) -> Result<Arc<[u8]>, DeviceError> {
        let ours = words::id_of_sentence(text, language == SpokenLanguage::Vietnamese);
        let Some(id) = ours else {
            return lock(&self.voice).speak(text, language).map(Into::into);
        };
        let key = (language, id);
        if let Some(sound) = lock(&self.kept).get(&key) {
            return Ok(Arc::clone(sound));
        }
        let recorded = self.recordings.as_deref().and_then(|folder| recording(folder, &key));
        let sound: Arc<[u8]> = match recorded {
            Some(sound) => sound.into(),
            None => lock(&self.voice).speak(text, language)?.into(),
        };
        let mut kept = lock(&self.kept);
        if kept.len() >= KEPT {
            kept.pop_first();
        }
        kept.insert(key, Arc::clone(&sound));
        Ok(sound)
    }
}

/// A person's recording of a sentence; none when it is missing or cannot be used.
fn recording(folder: &Path, (language, id): &Sentence) -> Option<Vec<u8>> {
    let place = match language {
        SpokenLanguage::Vietnamese => "vi",
        SpokenLanguage::English => "en",
    };
    let path = folder.join(place).join(format!("{id}.wav"));
    let found = std::fs::metadata(&path).ok()?;
    let sound = (found.len() <= RECORDING_BYTES_MAX).then(|| std::fs::read(&path).ok()).flatten();
    let usable = sound.filter(|sound| sound.starts_with(b"RIFF"));
    if usable.is_none() {
        tracing::warn!(file = %path.display(), "not a WAV file of at most 8 MiB: not played");
    }
    usable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit::Say;

    /// A voice that gives the text back, and counts.
    struct Echo(Arc<Mutex<usize>>);

    impl Voice for Echo {
        fn speak(&mut self, text: &str, _: SpokenLanguage) -> Result<Vec<u8>, DeviceError> {
            *lock(&self.0) += 1;
            Ok(text.as_bytes().to_vec())
        }
    }

    #[test]
    fn sentences_of_the_screen_are_kept_and_other_texts_are_not() {
        let count = Arc::default();
        let speaker = Speaker::new(Box::new(Echo(Arc::clone(&count))), None);
        let sentence = words::say(Say::Welcome);
        for _ in 0..3 {
            let sound = speaker.speak(&sentence.vi, SpokenLanguage::Vietnamese).expect("sound");
            assert_eq!(&*sound, sentence.vi.as_bytes());
        }
        assert_eq!(*lock(&count), 1);
        for _ in 0..3 {
            speaker.speak("Đã quét: 2 trang", SpokenLanguage::Vietnamese).expect("sound");
        }
        assert_eq!(*lock(&count), 4);
        // The same words as another language's are no sentence of it.
        speaker.speak(&sentence.vi, SpokenLanguage::English).expect("sound");
        assert_eq!(*lock(&count), 5);
    }

    #[test]
    fn a_recording_takes_the_place_of_the_machine() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::create_dir(folder.path().join("vi")).expect("folder");
        std::fs::write(folder.path().join("vi/welcome.wav"), b"RIFF by a person").expect("write");
        std::fs::write(folder.path().join("vi/scanning.wav"), b"nonsense").expect("write");
        let place = Some(folder.path().to_owned());
        let speaker = Speaker::new(Box::new(Echo(Arc::default())), place);
        let said = |say| {
            let text = words::say(say).vi;
            let sound = speaker.speak(&text, SpokenLanguage::Vietnamese).expect("sound");
            (String::from_utf8_lossy(&sound).into_owned(), text)
        };
        assert_eq!(said(Say::Welcome).0, "RIFF by a person");
        for say in [Say::Scanning, Say::Reading] {
            let (sound, text) = said(say);
            assert_eq!(sound, text);
        }
    }
}
