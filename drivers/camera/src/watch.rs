//! Whether a camera's frames are pictures of a moment, or black, or always the same.

use std::time::Duration;

use drivers_api::{CameraFrame, CameraStream, DeviceError, Fault, Raster};

/// How long a picture may be black: a camera that is switched on needs a moment to find its light.
pub const BLACK_MAX: Duration = Duration::from_secs(2);
/// How long the very same pixels may come: a sensor's noise differs from frame to frame.
pub const STILL_MAX: Duration = Duration::from_secs(2);
/// A pixel of at most this level is black.
const BLACK_LEVEL: u8 = 24;
/// So many pixels are looked at for black.
const SAMPLES: usize = 4_096;

/// Looks after the frames of a camera.
pub struct Watched {
    stream: Box<dyn CameraStream>,
    device: String,
    black_since: Option<Duration>,
    same_since: Option<Duration>,
    last: Option<CameraFrame>,
}

impl Watched {
    /// Looks after a stream of `device`.
    pub fn new(device: impl Into<String>, stream: Box<dyn CameraStream>) -> Self {
        let device = device.into();
        Self { stream, device, black_since: None, same_since: None, last: None }
    }
}

impl CameraStream for Watched {
    /// As the stream's own; [`Fault::NoPicture`] when its frames were black for [`BLACK_MAX`] or
    /// the same for [`STILL_MAX`], by the frames' own times.
    fn next(&mut self) -> Result<CameraFrame, DeviceError> {
        let frame = self.stream.next()?;
        let same = self.last.as_ref().is_some_and(|last| last.image == frame.image);
        let before = self.last.replace(frame.clone()).map_or(frame.at, |last| last.at);
        let lasting = |since: &mut Option<Duration>, holds: bool| {
            *since = holds.then(|| since.unwrap_or(before));
            since.map_or(Duration::ZERO, |since| frame.at.saturating_sub(since))
        };
        let told = [
            ("black", lasting(&mut self.black_since, is_black(&frame.image)), BLACK_MAX),
            ("the same", lasting(&mut self.same_since, same), STILL_MAX),
        ];
        match told.into_iter().find(|(_, time, most)| time >= most) {
            None => Ok(frame),
            Some((what, time, _)) => {
                let detail = format!("the picture has been {what} for {:.1} s", time.as_secs_f32());
                Err(DeviceError::new(&self.device, Fault::NoPicture, detail))
            }
        }
    }
}

fn is_black(image: &Raster) -> bool {
    let pixel = image.format().bytes();
    let step = (image.data().len() / pixel / SAMPLES).max(1) * pixel;
    let mut looked = image.data().chunks_exact(pixel).step_by(step / pixel);
    looked.all(|pixel| pixel.iter().all(|level| *level <= BLACK_LEVEL))
}

#[cfg(test)]
mod tests {
    use drivers_api::{Camera, PixelFormat};
    use drivers_sim::{SimCamera, Step};

    use super::*;

    const INTERVAL: Duration = Duration::from_millis(100);

    fn frame(level: u8, noise: u8) -> Step<Raster> {
        let data = [level, level, level, level, level ^ noise, level].to_vec();
        Step::Give(Raster::new(2, 1, PixelFormat::Rgb8, 0, data).expect("pixels"))
    }

    /// Frames until the camera is found to be blind; none when it never is.
    fn seen(levels: impl Fn(u8) -> (u8, u8) + Send + 'static) -> Option<(usize, String)> {
        let mut count = 0;
        let scene = move || {
            count += 1;
            let (level, noise) = levels(count);
            if count > 200 { Step::Fail(Fault::Removed) } else { frame(level, noise) }
        };
        let stream = SimCamera::before(scene, INTERVAL).open().expect("open");
        let mut watched = Watched::new("cam", stream);
        let mut frames = 0;
        loop {
            match watched.next() {
                Ok(_) => frames += 1,
                Err(error) if error.fault == Fault::NoPicture => {
                    return Some((frames, error.detail));
                }
                Err(_) => return None,
            }
        }
    }

    #[test]
    fn a_picture_that_changes_is_left_alone() {
        assert_eq!(seen(|n| (120, n % 2)), None);
    }

    #[test]
    fn a_covered_lens_is_told_after_two_seconds_even_with_noise() {
        let (frames, detail) = seen(|n| (6, n % 8)).expect("blind");
        assert_eq!(frames, 20);
        assert!(detail.contains("black for 2.0 s"), "{detail}");
    }

    #[test]
    fn a_camera_that_finds_its_light_in_time_is_not_blind() {
        assert_eq!(seen(|n| (if n < 20 { 3 } else { 100 }, n % 4)), None);
    }

    #[test]
    fn a_picture_that_stands_still_is_told_after_two_seconds() {
        let (frames, detail) = seen(|n| (100, n.min(10))).expect("stuck");
        assert_eq!(frames, 29, "ten that change, then two seconds");
        assert!(detail.contains("the same for 2.0 s"), "{detail}");
    }

    #[test]
    fn one_changed_frame_in_a_while_is_a_picture() {
        assert_eq!(seen(|n| (100, n / 15)), None);
    }
}
