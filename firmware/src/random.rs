//! Random bytes, passed in so that a simulation can replay them. The system is asked here only.

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("no random numbers from the system")]
pub struct RandomError;

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The system's own source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}
