//! A script in the guest that prints what it finds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What the probe prints when it is through.
const END: &str = "=== end";

/// Commands that run in the guest as root, each under a name.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    commands: Vec<(String, String)>,
    after: Option<&'static str>,
}

/// What one command said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Standard output and standard error.
    pub text: String,
    /// Its exit status.
    pub status: i32,
}

impl Probe {
    /// A probe that starts when the named unit has ended or is up.
    pub fn after(unit: &'static str) -> Self {
        Self { commands: vec![], after: Some(unit) }
    }

    /// Adds a shell command.
    #[must_use]
    pub fn ask(mut self, name: &str, command: &str) -> Self {
        self.commands.push((name.into(), command.into()));
        self
    }

    /// Adds a shell command before all others.
    #[must_use]
    pub fn first(mut self, name: &str, command: &str) -> Self {
        self.commands.insert(0, (name.into(), command.into()));
        self
    }

    /// Gives the probe to the machine's firmware, where systemd looks for units from its owner.
    pub(crate) fn hand_over(&self, qemu: &mut Command, dir: &Path) -> std::io::Result<()> {
        let unit = format!(
            "[Unit]\nDescription=Probe\nAfter={}\nDefaultDependencies=no\n[Service]\nType=oneshot\n\
             StandardOutput=file:/dev/virtio-ports/probe\nImportCredential=probe.*\n\
             ExecStart=/bin/sh ${{CREDENTIALS_DIRECTORY}}/probe.script\n",
            self.after.unwrap_or("basic.target")
        );
        let wanted = "[Unit]\nWants=probe.service\n";
        for (name, text) in [
            ("systemd.extra-unit.probe.service", unit.as_str()),
            ("systemd.unit-dropin.multi-user.target", wanted),
            ("systemd.unit-dropin.emergency.target", wanted),
            ("probe.script", &self.script()),
        ] {
            let file = dir.join(name);
            let value = format!("io.systemd.credential.binary:{name}={}", STANDARD.encode(text));
            std::fs::write(&file, value)?;
            qemu.args(["-smbios", &format!("type=11,path={}", file.display())]);
        }
        Ok(())
    }

    fn script(&self) -> String {
        let mut script = String::from("cd /\n");
        for (name, command) in &self.commands {
            let name = name.replace('\'', "'\\''");
            let _ = writeln!(script, "echo '=== {name}'\n( {command}\n) 2>&1\ns=$?");
            let _ = writeln!(script, "echo; echo \"=== $s\"");
        }
        let _ = writeln!(script, "echo '{END}'");
        script
    }

    /// Whether the output is complete.
    pub fn is_through(output: &str) -> bool {
        output.lines().any(|line| line == END)
    }

    /// The answers in what the probe printed.
    pub fn answers(output: &str) -> BTreeMap<String, Answer> {
        let mut answers = BTreeMap::new();
        let mut open: Option<(String, String)> = None;
        for line in output.lines() {
            let mark = line.strip_prefix("=== ");
            open = match (open, mark) {
                (None, Some(name)) => Some((name.to_owned(), String::new())),
                (Some((name, text)), Some(status)) => {
                    let status = status.parse().unwrap_or(-1);
                    answers.insert(name, Answer { text: text.trim().to_owned(), status });
                    None
                }
                (Some((name, mut text)), None) => {
                    text.push_str(line);
                    text.push('\n');
                    Some((name, text))
                }
                (None, None) => None,
            };
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_between_their_marks() {
        let output = "=== one\na\nb\n\n=== 0\n=== two\n\n=== 3\n=== end\n";
        let answers = Probe::answers(output);
        assert_eq!(answers["one"], Answer { text: "a\nb".into(), status: 0 });
        assert_eq!(answers["two"], Answer { text: String::new(), status: 3 });
        assert!(Probe::is_through(output));
        assert!(!Probe::is_through("=== one\nthe words === end stand here\n"));
    }
}
