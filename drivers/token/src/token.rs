//! The token that a configuration names.

use std::path::PathBuf;

use drivers_api::{DeviceError, Pin, SigningSession, Token};

use crate::fault::TokenError;
use crate::module::Module;
use crate::session::{KeySession, device_error, public_chain};

/// Which key of which token of which module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs11Config {
    /// The PKCS#11 module, a shared library.
    pub module: PathBuf,
    /// The token's label (CKA_LABEL of the token, without its padding).
    pub token: String,
    /// The label of the private key.
    pub key: String,
}

/// A key on a PKCS#11 token.
///
/// - A module is initialised once in a process and stays loaded.
/// - Several sessions may be open, on one token or on several. A token's login belongs to the
///   process: sessions of one token share it, each opener must know the PIN, and it ends with the
///   last of them. A wrong PIN beside an open session is refused here and does not count on the
///   token.
/// - A token taken out fails its sessions with [`Fault::Removed`](drivers_api::Fault::Removed);
///   they
///   do not come back when it is put back. A new session can be opened then; with a module that
///   looks for tokens only when it starts, after the other sessions of that module have ended.
#[derive(Debug, Clone)]
pub struct Pkcs11Token {
    config: Pkcs11Config,
}

impl Pkcs11Token {
    /// A token of this configuration. Nothing is loaded yet.
    pub fn new(config: Pkcs11Config) -> Self {
        Self { config }
    }

    fn device(&self) -> String {
        format!("token {} key {}", self.config.token, self.config.key)
    }

    fn open_key(&self, pin: &Pin) -> Result<KeySession, TokenError> {
        let module = Module::load(&self.config.module)?;
        let (slot, _) = module.find(&self.config.token)?;
        let open = module.open(slot, pin)?;
        KeySession::new(self.device(), module, open, &self.config.key)
    }

    fn read_chain(&self) -> Result<Vec<Vec<u8>>, TokenError> {
        let module = Module::load(&self.config.module)?;
        let (slot, _) = module.find(&self.config.token)?;
        module.read(slot, |session| public_chain(session, &self.config.key))
    }

    fn describe(&self) -> Result<String, TokenError> {
        Ok(Module::load(&self.config.module)?.find(&self.config.token)?.1)
    }
}

impl Token for Pkcs11Token {
    fn open(&mut self, pin: &Pin) -> Result<Box<dyn SigningSession>, DeviceError> {
        match self.open_key(pin) {
            Ok(session) => Ok(Box::new(session)),
            Err(error) => Err(device_error(&self.device(), &error)),
        }
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        self.describe().map_err(|error| device_error(&self.device(), &error))
    }

    fn certificates(&mut self) -> Result<Vec<Vec<u8>>, DeviceError> {
        self.read_chain().map_err(|error| device_error(&self.device(), &error))
    }
}
