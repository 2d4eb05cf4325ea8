//! The SANE driver against the real `saned`: what a page, an empty glass and each fault come to.

use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use counterpart::{Backend, Saned};
use drivers_api::{Fault, PixelFormat, ScanSettings, Scanner};
use drivers_scanner::{SaneConfig, SaneScanner};

const WIDTH: usize = 620;
const HEIGHT: usize = 877;

/// Pixels in which no channel, row or byte can be swapped unnoticed.
fn pixels() -> Vec<u8> {
    (0..WIDTH * HEIGHT * 3).map(|i| ((i as u64 * 2_654_435_761) >> 13) as u8).collect()
}

fn sheet() -> Vec<u8> {
    [format!("P6\n{WIDTH} {HEIGHT}\n255\n").into_bytes(), pixels()].concat()
}

fn config(address: String, saned: &Saned, options: &[(&str, &str)]) -> SaneConfig {
    let mut all = saned.options();
    all.extend(options.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    let timeout = Duration::from_secs(20);
    SaneConfig { address, device: saned.device().into(), options: all, default_dpi: 300, timeout }
}

fn scanner(saned: &Saned, options: &[(&str, &str)]) -> SaneScanner {
    SaneScanner::new(config(saned.address().to_string(), saned, options))
}

fn fault(scanner: &mut SaneScanner) -> Fault {
    scanner.scan_page(&ScanSettings::default()).expect_err("a fault was made").fault
}

#[test]
fn a_colour_page_equals_the_file_byte_for_byte() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    saned.lay(&sheet()).expect("a sheet");
    let page = scanner(&saned, &[]).scan_page(&ScanSettings::default()).expect("a page");
    assert_eq!((page.width() as usize, page.height() as usize), (WIDTH, HEIGHT));
    assert_eq!((page.format(), page.dpi()), (PixelFormat::Rgb8, 300));
    assert!(page.data() == pixels(), "the same bytes");
}

#[test]
fn a_page_of_unknown_height_and_a_grey_page_equal_the_file_too() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    saned.lay(&sheet()).expect("a sheet");
    let mut unknown = scanner(&saned, &[("hand-scanner", "yes")]);
    assert!(unknown.scan_page(&ScanSettings::default()).expect("a page").data() == pixels());
    let grey: Vec<u8> = pixels().into_iter().take(WIDTH * HEIGHT).collect();
    let head = format!("P5\n{WIDTH} {HEIGHT}\n255\n").into_bytes();
    saned.lay(&[head, grey.clone()].concat()).expect("another sheet");
    let page = scanner(&saned, &[]).scan_page(&ScanSettings::default()).expect("a page");
    assert_eq!(page.format(), PixelFormat::Gray8);
    assert!(page.data() == grey, "the same bytes");
}

#[test]
fn each_status_of_the_device_is_its_own_fault_and_leaves_it_ready() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    saned.lay(&sheet()).expect("a sheet");
    for (option, expected) in [
        ("status-jammed", Fault::Jammed),
        ("status-nodocs", Fault::NoPaper),
        ("status-coveropen", Fault::CoverOpen),
        ("status-ioerror", Fault::Io),
        ("status-accessdenied", Fault::Denied),
    ] {
        // The backend keeps to its normal answers until "status" allows the others.
        let mut broken = scanner(&saned, &[("status", "no"), (option, "yes")]);
        assert_eq!(fault(&mut broken), expected, "{option}");
        assert!(scanner(&saned, &[]).scan_page(&ScanSettings::default()).is_ok(), "{option}");
    }
}

#[test]
fn a_fault_on_the_second_page_comes_and_goes() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    let gate = saned.gate().expect("a gate");
    saned.lay(&sheet()).expect("a sheet");
    let mut scanner = SaneScanner::new(config(gate.address().to_string(), &saned, &[]));
    for (status, expected) in [(6, Fault::Jammed), (3, Fault::Busy), (7, Fault::NoPaper)] {
        gate.fail_start_after(1, status);
        assert!(scanner.scan_page(&ScanSettings::default()).is_ok(), "the first page");
        assert_eq!(fault(&mut scanner), expected);
        assert!(scanner.scan_page(&ScanSettings::default()).is_ok(), "after the remedy");
    }
}

#[test]
fn the_test_backend_gives_its_area_at_the_resolution_asked_for() {
    let saned = Saned::start(Backend::Test).expect("saned starts");
    let mut scanner = scanner(&saned, &[("test-picture", "Color pattern")]);
    let page = scanner.scan_page(&ScanSettings { dpi: 150 }).expect("a page");
    assert_eq!((page.format(), page.dpi()), (PixelFormat::Rgb8, 150));
    // 200 mm, the backend's largest area.
    assert_eq!((page.width(), page.height()), (1181, 1181));
    assert!(page.data().windows(2).any(|pair| pair[0] != pair[1]), "a picture, not one colour");
    let error = scanner.scan_page(&ScanSettings { dpi: 2400 }).expect_err("too fine");
    assert_eq!(error.fault, Fault::Misconfigured);
    assert!(error.detail.contains("1200"), "{error}");
}

#[test]
fn every_status_at_the_end_of_the_data_is_understood() {
    let saned = Saned::start(Backend::Test).expect("saned starts");
    let mut scanner = scanner(&saned, &[]);
    for (status, expected) in [
        ("SANE_STATUS_JAMMED", Fault::Jammed),
        ("SANE_STATUS_NO_DOCS", Fault::NoPaper),
        ("SANE_STATUS_COVER_OPEN", Fault::CoverOpen),
        ("SANE_STATUS_DEVICE_BUSY", Fault::Busy),
        ("SANE_STATUS_CANCELLED", Fault::Cancelled),
        ("SANE_STATUS_IO_ERROR", Fault::Io),
    ] {
        saned.fail_test_scans_with(status).expect("configured");
        assert_eq!(fault(&mut scanner), expected, "{status}");
    }
    saned.fail_test_scans_with("Default").expect("configured");
    assert!(scanner.scan_page(&ScanSettings { dpi: 150 }).is_ok());
}

#[test]
fn nothing_on_the_glass_and_half_a_file_are_told_apart_from_a_page() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    let mut scanner = scanner(&saned, &[]);
    assert_eq!(fault(&mut scanner), Fault::Misconfigured, "the pnm backend's file is missing");
    let sheet = sheet();
    saned.lay(&sheet[..sheet.len() / 2]).expect("half a sheet");
    assert_eq!(fault(&mut scanner), Fault::BadPage);
    saned.lay(b"P6\n1 1\n255\n\0\0\0").expect("a speck");
    assert_eq!(fault(&mut scanner), Fault::BadPage);
    saned.lay(&sheet).expect("a sheet");
    assert!(scanner.scan_page(&ScanSettings::default()).is_ok());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the limit under test is one of real time")]
fn a_slow_device_is_waited_for_until_the_page_has_had_its_time() {
    let saned = Saned::start(Backend::Test).expect("saned starts");
    let slow = [("read-delay", "yes"), ("read-delay-duration", "200000")];
    let mut config = config(saned.address().to_string(), &saned, &slow);
    config.timeout = Duration::from_secs(2);
    let begin = Instant::now();
    assert_eq!(fault(&mut SaneScanner::new(config)), Fault::Timeout);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(scanner(&saned, &[]).scan_page(&ScanSettings { dpi: 75 }).is_ok(), "ready again");
}

#[test]
fn nobody_at_the_address_is_absent_and_a_silent_server_a_timeout() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    let port = counterpart::free_port().expect("a port");
    let mut nobody = SaneScanner::new(config(format!("127.0.0.1:{port}"), &saned, &[]));
    assert_eq!(fault(&mut nobody), Fault::Absent);
    assert_eq!(nobody.probe().expect_err("nobody").fault, Fault::Absent);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("bound").to_string();
    let mut config = config(address, &saned, &[]);
    config.timeout = Duration::from_millis(300);
    assert_eq!(fault(&mut SaneScanner::new(config)), Fault::Timeout);
}

#[test]
fn a_server_that_falls_silent_or_is_cut_off_midway_is_an_error_and_recovers() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    saned.lay(&sheet()).expect("a sheet");
    let gate = saned.gate().expect("a gate");
    let mut config = config(gate.address().to_string(), &saned, &[]);
    config.timeout = Duration::from_millis(500);
    let mut scanner = SaneScanner::new(config);
    gate.set_silent(true);
    assert_eq!(fault(&mut scanner), Fault::Timeout);
    gate.cut();
    gate.set_silent(false);
    assert!(scanner.scan_page(&ScanSettings::default()).is_ok(), "ready again");
}

#[test]
fn a_device_or_option_that_is_not_there_is_named() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    saned.lay(&sheet()).expect("a sheet");
    let mut missing = scanner(&saned, &[("source", "Flatbed")]);
    let error = missing.scan_page(&ScanSettings::default()).expect_err("pnm has no source");
    assert_eq!(error.fault, Fault::Misconfigured);
    assert!(error.detail.contains("source"), "{error}");
    let mut config = config(saned.address().to_string(), &saned, &[]);
    config.device = "airscan:e0:Nowhere".into();
    let mut other = SaneScanner::new(config);
    assert_eq!(fault(&mut other), Fault::Misconfigured);
    assert_eq!(other.probe().expect_err("not offered").fault, Fault::Absent);
}

#[test]
fn a_probe_says_what_answers_and_an_unnamed_device_is_the_first() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    saned.lay(&sheet()).expect("a sheet");
    let mut config = config(saned.address().to_string(), &saned, &[]);
    config.device = String::new();
    let mut scanner = SaneScanner::new(config);
    let line = scanner.probe().expect("it answers");
    assert!(line.contains("PNM file reader") && line.contains("pnm:0"), "{line}");
    assert!(scanner.scan_page(&ScanSettings::default()).is_ok());
}

#[test]
fn a_client_that_leaves_early_leaves_saned_ready() {
    let saned = Saned::start(Backend::Pnm).expect("saned starts");
    saned.lay(&sheet()).expect("a sheet");
    for _ in 0..3 {
        let mut early = std::net::TcpStream::connect(saned.address()).expect("saned listens");
        early.set_read_timeout(Some(Duration::from_millis(100))).expect("a limit");
        assert!(early.read(&mut [0; 1]).is_err(), "saned waits for a request");
    }
    assert!(scanner(&saned, &[]).scan_page(&ScanSettings::default()).is_ok());
}
