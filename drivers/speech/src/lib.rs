//! Speech by eSpeak NG, a program of its own: text goes in by its standard input, sound comes out.
//!
//! Offline and quick, and plainly a machine's voice. It keeps no text and shows it in no list of
//! processes; what is spoken and when is the screen's.
//!
//! Start with [`Espeak`].

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use drivers_api::{DeviceError, Fault, SpokenLanguage, Voice};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A long sentence takes a tenth of a second; a program that is silent for longer is stuck.
const SILENCE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };
/// Longest sound that is taken, in bytes: four minutes.
const SOUND_BYTES_MAX: usize = 12 * 1024 * 1024;
/// Bytes of a WAV file before its samples, as the program writes it.
const HEAD: usize = 44;

/// eSpeak NG's program and its voices.
#[derive(Debug, Clone)]
pub struct Espeak {
    /// The program.
    pub program: PathBuf,
    /// Its Vietnamese voice: `vi`, `vi-vn-x-central` or `vi-vn-x-south`.
    pub vietnamese: String,
    /// Its English voice.
    pub english: String,
    /// How fast it speaks.
    pub words_per_minute: u16,
}

impl Espeak {
    fn fail(&self, fault: Fault, detail: impl Into<String>) -> DeviceError {
        DeviceError::new(self.program.display().to_string(), fault, detail)
    }

    fn start(&self, language: SpokenLanguage) -> Result<Child, DeviceError> {
        let voice = match language {
            SpokenLanguage::Vietnamese => &self.vietnamese,
            SpokenLanguage::English => &self.english,
        };
        let mut command = Command::new(&self.program);
        command.args(["--stdin", "--stdout", "-v", voice, "-s"]);
        command.arg(self.words_per_minute.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().map_err(|error| self.fail(Fault::Absent, error.to_string()))
    }

    /// Everything that the program writes, unless it falls silent or writes without end.
    fn listen(&self, child: &mut Child) -> Result<Vec<u8>, DeviceError> {
        let broken = |error: std::io::Error| self.fail(Fault::Io, error.to_string());
        let mut pipe = child.stdout.take().ok_or_else(|| self.fail(Fault::Io, "no output"))?;
        let (mut sound, mut chunk) = (Vec::new(), [0; 16 * 1024]);
        loop {
            let mut ready = [PollFd::new(&pipe, PollFlags::IN)];
            match poll(&mut ready, Some(&SILENCE)) {
                Ok(0) => return Err(self.fail(Fault::Timeout, "silent")),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(broken(error.into())),
            }
            let read = pipe.read(&mut chunk).map_err(broken)?;
            if read == 0 {
                return Ok(sound);
            }
            sound.extend(&chunk[..read]);
            if sound.len() > SOUND_BYTES_MAX {
                return Err(self.fail(Fault::Protocol, "it speaks without end"));
            }
        }
    }
}

impl Voice for Espeak {
    fn speak(&mut self, text: &str, language: SpokenLanguage) -> Result<Vec<u8>, DeviceError> {
        let mut child = self.start(language)?;
        let told = match child.stdin.take().map(|mut pipe| pipe.write_all(text.as_bytes())) {
            // It ended without listening; what it said and how it ended tell more.
            Some(Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Some(told) => told,
            None => Ok(()),
        };
        let heard = told
            .map_err(|error| self.fail(Fault::Io, error.to_string()))
            .and_then(|()| self.listen(&mut child));
        if heard.is_err() {
            // It may have ended by itself; either way it is waited for, and gone.
            let _gone = child.kill();
        }
        let ended = child.wait().map_err(|error| self.fail(Fault::Io, error.to_string()))?;
        let mut sound = heard?;
        if !ended.success() || sound.len() <= HEAD || !sound.starts_with(b"RIFF") {
            return Err(self.fail(Fault::Protocol, format!("{ended}, {} bytes", sound.len())));
        }
        with_lengths(&mut sound);
        Ok(sound)
    }
}

/// A program that writes into a pipe cannot go back and write how much there was.
fn with_lengths(wav: &mut [u8]) {
    let length = u32::try_from(wav.len()).unwrap_or(u32::MAX);
    wav[4..8].copy_from_slice(&(length - 8).to_le_bytes());
    wav[HEAD - 4..HEAD].copy_from_slice(&(length - HEAD as u32).to_le_bytes());
}

/// How long a WAV file of this program sounds.
pub fn sounds_for(wav: &[u8]) -> Option<Duration> {
    let rate = u32::from_le_bytes(wav.get(28..32)?.try_into().ok()?);
    let bytes = wav.len().checked_sub(HEAD)? as f64;
    (rate > 0).then(|| Duration::from_secs_f64(bytes / f64::from(rate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice() -> Espeak {
        Espeak {
            program: "espeak-ng".into(),
            vietnamese: "vi".into(),
            english: "en".into(),
            words_per_minute: 150,
        }
    }

    #[test]
    fn a_sentence_becomes_sound_of_its_length_in_either_language() {
        for (text, language) in [
            (
                "Xin chào! Đặt trang đầu của bản chính úp xuống mặt kính.",
                SpokenLanguage::Vietnamese,
            ),
            ("Lay the first page of the original face down.", SpokenLanguage::English),
        ] {
            let wav = voice().speak(text, language).expect("`make setup` installs espeak-ng");
            let length = u32::from_le_bytes(wav[40..44].try_into().expect("four"));
            assert_eq!(length as usize, wav.len() - HEAD);
            let seconds = sounds_for(&wav).expect("a length").as_secs_f32();
            assert!((1.5..8.0).contains(&seconds), "{seconds}");
            let samples = wav[HEAD..].chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]]));
            assert!(samples.map(i16::unsigned_abs).max() > Some(4_000), "it can be heard");
        }
    }

    #[test]
    fn a_program_that_is_missing_or_gives_no_sound_is_told() {
        let fault = |program: &str| {
            let mut voice = Espeak { program: program.into(), ..voice() };
            voice.speak("a", SpokenLanguage::English).expect_err("no sound").fault
        };
        assert_eq!(fault("/nonexistent/espeak-ng"), Fault::Absent);
        assert_eq!(fault("true"), Fault::Protocol);
        assert_eq!(fault("echo"), Fault::Protocol);
    }

    #[test]
    fn what_is_no_sound_has_no_length() {
        assert_eq!(sounds_for(b"RIFF"), None);
        assert_eq!(sounds_for(&[0; 100]), None);
    }
}
