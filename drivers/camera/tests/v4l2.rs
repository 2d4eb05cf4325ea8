//! The driver against a real Video4Linux device: the kernel's `vivid`, in a guest.

use std::path::Path;

use counterpart::Guest;

#[test]
fn the_driver_holds_before_a_real_device() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let own = std::env::current_exe().expect("a test is a file");
    let build = own.parent().and_then(Path::parent).expect("deps lies in the build folder");
    let program = build.join("examples/guest");
    let webcam = [("vivid.ko", "n_devs=1 node_types=0x1 input_types=0x0 num_inputs=1")];
    let log = Guest::installed(&root).run(&program, &webcam).expect("every check holds");
    assert_eq!(log.matches("... ok").count(), 10, "{log}");
}
