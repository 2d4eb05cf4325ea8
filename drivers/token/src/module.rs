//! PKCS#11 modules of this process. The standard allows one C_Initialize per process and keeps one
//! login per token for all sessions of a process (PKCS#11 2.40, 5.4 and 2.6), so both live here.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use drivers_api::Pin;
use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use ring::rand::{SecureRandom, SystemRandom};

use crate::fault::TokenError;

/// A loaded module, kept until the process ends: unloading a maker's library is where it crashes.
#[derive(Debug)]
pub(crate) struct Module {
    pkcs11: Pkcs11,
    /// Whether C_Initialize was ours; then C_Finalize may be, too.
    ours: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    logins: HashMap<Slot, Weak<Login>>,
    sessions: usize,
}

/// One login of this process to one token. The last holder's end logs out.
///
/// The token checks no PIN once it is open: a second opener would get in with any. So a slow,
/// salted digest of the PIN is kept here while the token is open, and never the PIN.
#[derive(Debug)]
pub(crate) struct Login {
    salt: [u8; 16],
    proof: [u8; 32],
}

/// Rounds of PBKDF2: some milliseconds for an opener, years for all PINs of eight digits.
const ROUNDS: NonZeroU32 = NonZeroU32::new(20_000).expect("not zero");

impl Login {
    fn new(pin: &Pin) -> Result<Self, TokenError> {
        let mut login = Self { salt: [0; 16], proof: [0; 32] };
        SystemRandom::new().fill(&mut login.salt).map_err(|_| TokenError::Random)?;
        let secret = pin.expose().as_bytes();
        pbkdf2::derive(PBKDF2_HMAC_SHA256, ROUNDS, &login.salt, secret, &mut login.proof);
        Ok(login)
    }

    fn is_with(&self, pin: &Pin) -> bool {
        let secret = pin.expose().as_bytes();
        pbkdf2::verify(PBKDF2_HMAC_SHA256, ROUNDS, &self.salt, secret, &self.proof).is_ok()
    }
}

static MODULES: OnceLock<Mutex<HashMap<PathBuf, Arc<Module>>>> = OnceLock::new();

impl Module {
    /// The module at `path`, loaded and initialised when it is asked for the first time.
    pub(crate) fn load(path: &Path) -> Result<Arc<Self>, TokenError> {
        let mut modules = lock(MODULES.get_or_init(Mutex::default));
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if let Some(module) = modules.get(&path) {
            return Ok(Arc::clone(module));
        }
        let pkcs11 = Pkcs11::new(&path).map_err(TokenError::Load)?;
        let ours = match initialize(&pkcs11) {
            Ok(()) => true,
            // Another part of the process, such as a TLS provider, may have been first.
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => false,
            Err(error) => return Err(TokenError::Load(error)),
        };
        let module = Arc::new(Self { pkcs11, ours, state: Mutex::default() });
        modules.insert(path, Arc::clone(&module));
        Ok(module)
    }

    /// The slot whose token has this label, and the token's line for the technician.
    ///
    /// Some modules, SoftHSM2 among them, look for tokens only when they are initialised, and hold
    /// one that was taken out for lost. So when the token is missing and nothing is open, the
    /// module is started anew and asked once more.
    pub(crate) fn find(&self, label: &str) -> Result<(Slot, String), TokenError> {
        let state = lock(&self.state);
        match self.look(label) {
            Err(TokenError::Absent) if self.ours && state.sessions == 0 => {
                self.pkcs11.clone().finalize().map_err(TokenError::call("finalize"))?;
                initialize(&self.pkcs11).map_err(TokenError::Load)?;
                self.look(label)
            }
            result => result,
        }
    }

    fn look(&self, label: &str) -> Result<(Slot, String), TokenError> {
        let slots = self.pkcs11.get_slots_with_token().map_err(TokenError::call("list slots"))?;
        let mut found = Vec::new();
        for slot in slots {
            // A token pulled between the two calls is none.
            let Ok(info) = self.pkcs11.get_token_info(slot) else { continue };
            if info.token_initialized() && info.label().trim_end() == label {
                let (maker, model) = (info.manufacturer_id(), info.model());
                found.push((slot, format!("{label}: {maker} {model}")));
            }
        }
        let count = found.len();
        match (found.pop(), count) {
            (Some(one), 1) => Ok(one),
            (None, _) => Err(TokenError::Absent),
            (Some(_), many) => Err(TokenError::Ambiguous(many)),
        }
    }

    /// Opens a session and logs in, or shares the login that is open with the same PIN.
    pub(crate) fn open(&self, slot: Slot, pin: &Pin) -> Result<(Session, Arc<Login>), TokenError> {
        // Held over the calls: two openers must not both find no login.
        let mut state = lock(&self.state);
        let session =
            self.pkcs11.open_ro_session(slot).map_err(TokenError::call("open a session"))?;
        if let Some(login) = state.logins.get(&slot).and_then(Weak::upgrade) {
            let info = session.get_session_info();
            if info.is_ok_and(|info| matches!(info.session_state(), SessionState::RoUser)) {
                if !login.is_with(pin) {
                    return Err(TokenError::OtherPin);
                }
                state.sessions += 1;
                return Ok((session, login));
            }
        }
        let login = Arc::new(Login::new(pin)?);
        log_in(&session, pin)?;
        state.logins.insert(slot, Arc::downgrade(&login));
        state.sessions += 1;
        Ok((session, login))
    }

    /// Reads what a token shows to everyone, in a session without a login.
    pub(crate) fn read<T>(
        &self,
        slot: Slot,
        read: impl FnOnce(&Session) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        // Held over the calls: the module must not be started anew meanwhile.
        let _state = lock(&self.state);
        let session =
            self.pkcs11.open_ro_session(slot).map_err(TokenError::call("open a session"))?;
        read(&session)
    }

    /// Closes a session. A token logs out with the last session of a process, so the login is given
    /// back first and nothing is logged out that another session still uses.
    pub(crate) fn close(&self, session: Session, login: Arc<Login>) {
        let mut state = lock(&self.state);
        state.sessions = state.sessions.saturating_sub(1);
        drop(login);
        if let Err(error) = session.close() {
            tracing::debug!(%error, "token session not closed in order");
        }
    }
}

fn initialize(pkcs11: &Pkcs11) -> Result<(), Error> {
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
}

/// The token may be logged in by another part of the process, whose PIN is not known here; then it
/// is logged out and in again, so that the PIN given now is checked.
fn log_in(session: &Session, pin: &Pin) -> Result<(), TokenError> {
    let secret = AuthPin::new(pin.expose().into());
    match session.login(UserType::User, Some(&secret)) {
        Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
            session.logout().map_err(TokenError::call("log out"))?;
            session.login(UserType::User, Some(&secret)).map_err(TokenError::call("log in"))
        }
        result => result.map_err(TokenError::call("log in")),
    }
}

/// A panic elsewhere leaves what is locked whole: each change is a single step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
