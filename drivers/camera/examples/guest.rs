//! The camera driver against the kernel's `vivid`, run inside a guest by `tests/v4l2.rs`.
//!
//! `vivid` is a real Video4Linux device to every program; its controls make it draw, fall silent,
//! damage buffers and be unplugged. Prints a line for each check; ends with 1 at the first that
//! fails.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use drivers_api::{Camera, CameraFrame, CameraStream, DeviceError, Fault};
use drivers_camera::{V4l2Camera, V4l2Config, Watched};
use v4l::Device;
use v4l::control::{Control, Type, Value};

const NODE: &str = "/dev/video0";
/// `vivid`'s 75 % colour bars: white, yellow, cyan, green, magenta, red, blue, black.
const BARS: [[u8; 3]; 8] = [
    [191, 191, 191],
    [191, 191, 0],
    [0, 191, 191],
    [0, 191, 0],
    [191, 0, 191],
    [191, 0, 0],
    [0, 0, 191],
    [0, 0, 0],
];

type Check = fn() -> Result<(), String>;

const CHECKS: [(&str, Check); 10] = [
    ("the camera is told by its name", name),
    ("another camera than the board's is refused", other_camera),
    ("a node that is missing is absent", missing),
    ("frames show what the device drew, in order and time", frames),
    ("two programs cannot have it at once", busy),
    ("a damaged frame is left out", damaged),
    ("a broken stream is over and can be opened again", fatal),
    ("silence is a time-out", silence),
    ("a black and a still picture are told", blind),
    ("unplugging ends the stream", unplugged),
];

fn main() -> ExitCode {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    for (what, check) in CHECKS {
        let outcome = check();
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        let cause = outcome.as_ref().err().cloned().unwrap_or_default();
        let _console = writeln!(out, "check: {what} ... {word} {cause}");
        if outcome.is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn config() -> V4l2Config {
    V4l2Config {
        node: NODE.into(),
        card: "vivid".into(),
        size: (640, 480),
        rate: 15,
        // An emulated processor is slow.
        silence: Duration::from_secs(5),
    }
}

fn open() -> Result<Box<dyn CameraStream>, String> {
    V4l2Camera::new(config()).open().map_err(|error| error.to_string())
}

fn next(stream: &mut dyn CameraStream) -> Result<CameraFrame, String> {
    stream.next().map_err(|error| error.to_string())
}

fn expect(what: &str, fault: Fault, got: Result<(), DeviceError>) -> Result<(), String> {
    match got {
        Err(error) if error.fault == fault => Ok(()),
        Err(error) => Err(format!("{what}: {error}")),
        Ok(()) => Err(format!("{what}: no error")),
    }
}

/// Sets one of the device's own controls, found by its name.
fn set(name: &str, value: i64) -> Result<(), String> {
    let device = Device::with_path(NODE).map_err(|error| error.to_string())?;
    let controls = device.query_controls().map_err(|error| error.to_string())?;
    let control = controls.iter().find(|control| control.name == name);
    let control = control.ok_or_else(|| {
        format!("no control {name}: {:?}", controls.iter().map(|c| &c.name).collect::<Vec<_>>())
    })?;
    let value = match control.typ {
        Type::Boolean => Value::Boolean(value != 0),
        Type::Button => Value::None,
        _ => Value::Integer(value),
    };
    device.set_control(Control { id: control.id, value }).map_err(|e| format!("set {name}: {e}"))
}

fn name() -> Result<(), String> {
    let told = V4l2Camera::new(config()).probe().map_err(|error| error.to_string())?;
    if told.contains("vivid") { Ok(()) } else { Err(told) }
}

fn other_camera() -> Result<(), String> {
    let mut camera = V4l2Camera::new(V4l2Config { card: "Front Camera".into(), ..config() });
    expect("open", Fault::Misconfigured, camera.open().map(drop))
}

fn missing() -> Result<(), String> {
    let mut camera = V4l2Camera::new(V4l2Config { node: "/dev/video9".into(), ..config() });
    expect("open", Fault::Absent, camera.open().map(drop))?;
    let mut camera = V4l2Camera::new(V4l2Config { node: "/dev/null".into(), ..config() });
    expect("no camera", Fault::Misconfigured, camera.open().map(drop))
}

/// The middle of each bar, in the lower half: the device writes times into the upper.
fn bars(frame: &CameraFrame) -> Result<(), String> {
    let (width, height) = (frame.image.width() as usize, frame.image.height() as usize);
    for (i, colour) in BARS.iter().enumerate() {
        let (x, y) = (width * (2 * i + 1) / 16, height * 3 / 4);
        let pixel = &frame.image.data()[(y * width + x) * 3..][..3];
        if pixel.iter().zip(colour).any(|(a, b)| a.abs_diff(*b) > 4) {
            return Err(format!("bar {i} is {pixel:?} and not {colour:?}"));
        }
    }
    Ok(())
}

fn frames() -> Result<(), String> {
    let mut stream = open()?;
    let mut before = next(stream.as_mut())?;
    if (before.image.width(), before.image.height()) != (640, 480) {
        return Err(format!("{}x{}", before.image.width(), before.image.height()));
    }
    for _ in 0..10 {
        let frame = next(stream.as_mut())?;
        bars(&frame)?;
        if frame.sequence <= before.sequence || frame.at <= before.at {
            let [a, b] = [&before, &frame].map(|f| (f.sequence, f.at));
            return Err(format!("{b:?} after {a:?}"));
        }
        before = frame;
    }
    Ok(())
}

fn busy() -> Result<(), String> {
    let mut stream = open()?;
    next(stream.as_mut())?;
    expect("a second", Fault::Busy, V4l2Camera::new(config()).open().map(drop))
}

fn damaged() -> Result<(), String> {
    let mut stream = open()?;
    let mut before = next(stream.as_mut())?.sequence;
    set("Inject V4L2_BUF_FLAG_ERROR", 1)?;
    let mut gap = false;
    for _ in 0..8 {
        let frame = next(stream.as_mut())?;
        bars(&frame)?;
        gap |= frame.sequence > before + 1;
        before = frame.sequence;
    }
    if gap { Ok(()) } else { Err("no frame was left out".into()) }
}

fn fatal() -> Result<(), String> {
    let mut stream = open()?;
    next(stream.as_mut())?;
    set("Inject Fatal Streaming Error", 1)?;
    let failed = (0..8).find_map(|_| stream.next().map(drop).err()).ok_or("frames go on")?;
    expect("the stream", Fault::Io, Err(failed))?;
    drop(stream);
    next(open()?.as_mut()).map(drop)
}

fn silence() -> Result<(), String> {
    set("Percentage of Dropped Buffers", 100)?;
    let mut camera = V4l2Camera::new(V4l2Config { silence: Duration::from_secs(1), ..config() });
    let mut stream = camera.open().map_err(|error| error.to_string())?;
    let outcome = expect("a frame", Fault::Timeout, stream.next().map(drop));
    drop(stream);
    set("Percentage of Dropped Buffers", 0)?;
    outcome?;
    next(open()?.as_mut()).map(drop)
}

/// Frames until the camera is found to be blind.
fn until_blind() -> Result<String, String> {
    let mut stream = Watched::new(NODE, open()?);
    for _ in 0..100 {
        match stream.next() {
            Ok(_) => {}
            Err(error) if error.fault == Fault::NoPicture => return Ok(error.detail),
            Err(error) => return Err(error.to_string()),
        }
    }
    Err("never".into())
}

fn blind() -> Result<(), String> {
    // The text counts the frames.
    const NO_TEXT: i64 = 2;
    const BARS_75: i64 = 0;
    set("OSD Text Mode", NO_TEXT)?;
    let still = until_blind()?;
    set("Test Pattern", black_pattern()?)?;
    let dark = until_blind();
    set("Test Pattern", BARS_75)?;
    let dark = dark?;
    if still.contains("the same") && dark.contains("black") {
        Ok(())
    } else {
        Err(format!("{still}; {dark}"))
    }
}

/// The pattern named "100% Black", by its place in the menu.
fn black_pattern() -> Result<i64, String> {
    let device = Device::with_path(NODE).map_err(|error| error.to_string())?;
    let controls = device.query_controls().map_err(|error| error.to_string())?;
    let pattern = controls.iter().find(|control| control.name == "Test Pattern");
    let items = pattern.and_then(|control| control.items.as_ref()).ok_or("no patterns")?;
    let black = items.iter().find(|(_, item)| item.to_string().contains("Black"));
    black.map(|(place, _)| i64::from(*place)).ok_or_else(|| format!("{items:?}"))
}

fn unplugged() -> Result<(), String> {
    let mut stream = open()?;
    next(stream.as_mut())?;
    set("Disconnect", 1)?;
    for _ in 0..10 {
        if let Err(error) = stream.next() {
            drop(stream);
            return match (error.fault, Path::new(NODE).exists()) {
                (Fault::Removed, _) => Ok(()),
                (fault, there) => Err(format!("{fault:?}, node there: {there}")),
            };
        }
    }
    Err("frames go on".into())
}
