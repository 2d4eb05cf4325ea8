//! Stands in for curl while tflitec is built: it downloads nothing and says so.

/// The part of curl's interface that tflitec's build script names.
pub mod easy {
    /// Why nothing was downloaded.
    #[derive(Debug)]
    pub struct Error;

    impl std::fmt::Display for Error {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("this build downloads nothing: set TFLITEC_HEADER_DIR")
        }
    }

    impl std::error::Error for Error {}

    /// Never made.
    #[derive(Debug)]
    pub struct WriteError;

    /// A transfer that always fails.
    #[derive(Debug, Default)]
    pub struct Easy;

    impl Easy {
        /// A transfer.
        pub fn new() -> Self {
            Self
        }

        /// Takes any address.
        pub fn url(&mut self, _: &str) -> Result<(), Error> {
            Ok(())
        }

        /// Takes any sink.
        pub fn write_function<F>(&mut self, _: F) -> Result<(), Error>
        where
            F: FnMut(&[u8]) -> Result<usize, WriteError>,
        {
            Ok(())
        }

        /// Fails.
        pub fn perform(&self) -> Result<(), Error> {
            Err(Error)
        }
    }
}
