//! Why a counterpart could not be started.

use std::path::PathBuf;

/// Why a counterpart could not be started or changed.
#[derive(Debug, thiserror::Error)]
pub enum CounterpartError {
    /// A file or folder of the counterpart could not be written, read or moved.
    #[error("file {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The program is not installed or cannot be run.
    #[error("run {program} (Debian package {package})")]
    Run {
        /// The program.
        program: String,
        /// The Debian package that holds it.
        package: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The program ended with a failure.
    #[error("{program} failed: {output}")]
    Failed {
        /// The program with its first argument.
        program: String,
        /// What it wrote.
        output: String,
    },
    /// The program did not answer in time.
    #[error("{program} did not get ready within {seconds} s: {output}")]
    NotReady {
        /// The program.
        program: String,
        /// How long it was waited for.
        seconds: u64,
        /// What it wrote.
        output: String,
    },
    /// A port could not be taken or connected to.
    #[error("loopback port of {what}")]
    Port {
        /// What the port is for.
        what: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A certificate or key could not be made.
    #[error("issue the certificate of {subject}")]
    Certificate {
        /// The common name.
        subject: String,
        /// What the certificate library said.
        #[source]
        source: rcgen::Error,
    },
    /// There is no such token, or it is not where the call expects it (plugged or unplugged).
    #[error("no token {label} there")]
    NoToken {
        /// The token's label.
        label: String,
    },
    /// No PKCS#11 module of SoftHSM2 in the usual places.
    #[error("no libsofthsm2.so under /usr/lib (Debian package libsofthsm2)")]
    NoModule,
}

impl CounterpartError {
    /// Makes a [`CounterpartError::File`] of an I/O error at `path`.
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}
