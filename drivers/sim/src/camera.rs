//! A camera whose frames are a script's, or drawn as they are asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use drivers_api::{Camera, CameraFrame, CameraStream, DeviceError, Fault, Raster};

use crate::Step;
use crate::script::Script;

const DEVICE: &str = "simulated camera";

/// What gives the next frame's step: called once for each.
type Scene = Box<dyn FnMut() -> Step<Raster> + Send>;

/// A camera that follows a script, at an even rate.
pub struct SimCamera {
    scene: Arc<Mutex<Scene>>,
    interval: Duration,
    patience: Duration,
}

impl SimCamera {
    /// A camera that takes these steps, a frame each `interval`. After the last it is unplugged.
    pub fn new(steps: impl IntoIterator<Item = Step<Raster>>, interval: Duration) -> Self {
        let mut steps: std::collections::VecDeque<_> = steps.into_iter().collect();
        Self::before(move || steps.pop_front().unwrap_or(Step::Fail(Fault::Removed)), interval)
    }

    /// A camera before a scene that moves: `scene` is asked for each frame.
    pub fn before(
        scene: impl FnMut() -> Step<Raster> + Send + 'static,
        interval: Duration,
    ) -> Self {
        let scene: Scene = Box::new(scene);
        Self { scene: Arc::new(Mutex::new(scene)), interval, patience: Duration::from_secs(2) }
    }

    /// How long a frame is waited for.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

impl Camera for SimCamera {
    fn open(&mut self) -> Result<Box<dyn CameraStream>, DeviceError> {
        Ok(Box::new(Stream {
            scene: Arc::clone(&self.scene),
            interval: self.interval,
            patience: self.patience,
            frames: 0,
        }))
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok(format!("{DEVICE}, a frame each {} ms", self.interval.as_millis()))
    }
}

struct Stream {
    scene: Arc<Mutex<Scene>>,
    interval: Duration,
    patience: Duration,
    frames: u32,
}

impl CameraStream for Stream {
    fn next(&mut self) -> Result<CameraFrame, DeviceError> {
        let mut waits = Vec::new();
        loop {
            let step = (self.scene.lock().unwrap_or_else(PoisonError::into_inner))();
            let last = !matches!(step, Step::Wait(_));
            waits.push(step);
            if last {
                break;
            }
        }
        let image = Script::new(DEVICE, waits, self.patience).next(Fault::Removed)?;
        let sequence = self.frames;
        self.frames += 1;
        Ok(CameraFrame { image, at: self.interval * sequence, sequence })
    }
}

#[cfg(test)]
mod tests {
    use drivers_api::PixelFormat;

    use super::*;

    #[test]
    fn frames_come_at_an_even_rate_and_faults_where_the_script_has_them() {
        let grey = |level| {
            Step::Give(Raster::new(2, 2, PixelFormat::Gray8, 0, vec![level; 4]).expect("pixels"))
        };
        let late = Step::Wait(Duration::from_millis(30));
        let steps = [grey(1), grey(2), late, grey(3)];
        let mut camera = SimCamera::new(steps, Duration::from_millis(40));
        camera = camera.with_patience(Duration::from_millis(10));
        let mut stream = camera.open().expect("open");
        let first = stream.next().expect("a frame");
        assert_eq!((first.image.data()[0], first.at, first.sequence), (1, Duration::ZERO, 0));
        let second = stream.next().expect("a frame");
        assert_eq!((second.at, second.sequence), (Duration::from_millis(40), 1));
        let fault = |stream: &mut Box<dyn CameraStream>| stream.next().map(drop).expect_err("none");
        assert_eq!(fault(&mut stream).fault, Fault::Timeout);
        assert_eq!(fault(&mut stream).fault, Fault::Removed);
    }
}
