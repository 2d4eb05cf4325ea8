//! A card reader without hardware: Debian's `pcscd` with vsmartcard's virtual reader, and cards in
//! it that are programs.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::CounterpartError;
use crate::process::Started;
use crate::tpm::free_pair;

/// The variable by which a process finds its `pcscd`; read once in each process.
pub(crate) const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";
/// The virtual reader's driver.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

/// A `pcscd` of its own with one virtual reader of two slots, running until it is dropped.
///
/// It takes its socket as a service manager would give it, so that nothing of the machine's own
/// `pcscd` is touched. A process reaches it with [`CardReaders::environment`]; the body of
/// [`in_own_process`](crate::in_own_process) does by itself.
#[derive(Debug)]
pub struct CardReaders {
    program: Started,
    dir: PathBuf,
    port: u16,
}

/// A card in the reader; dropping it takes the card out.
#[derive(Debug)]
pub struct VirtualCard {
    program: Started,
    folder: PathBuf,
}

/// Where the socket of the `pcscd` of a folder lies.
pub(crate) fn socket(dir: &Path) -> PathBuf {
    dir.join("pcscd.comm")
}

impl CardReaders {
    /// Starts `pcscd` with its files in `dir`, which must exist.
    pub fn start(dir: &Path) -> Result<Self, CounterpartError> {
        let port = free_pair()?;
        let conf = dir.join("reader.conf");
        let text = format!(
            "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:{port:#x}\nLIBPATH {DRIVER}\n\
             CHANNELID {port:#x}\n"
        );
        std::fs::write(&conf, text).map_err(CounterpartError::file(&conf))?;
        let path = socket(dir);
        let listener = UnixListener::bind(&path).map_err(CounterpartError::file(&path))?;
        let mut command = Command::new("sh");
        // The first passed file is 3, and its receiver is named by process id.
        let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1; \
                      export LISTEN_PID LISTEN_FDS; exec pcscd --foreground --config \"$0\"";
        command.args(["-c", script]).arg(&conf);
        let input = Stdio::from(OwnedFd::from(listener));
        let log = dir.join("pcscd.log");
        let mut program = Started::spawn_with_input(command, "pcscd", &log, input)?;
        program.wait_for_port((Ipv4Addr::LOCALHOST, port).into())?;
        Ok(Self { program, dir: dir.to_owned(), port })
    }

    /// What a process needs in its environment to reach this `pcscd`.
    #[must_use]
    pub fn environment(&self) -> (&'static str, PathBuf) {
        (SOCKET_VARIABLE, socket(&self.dir))
    }

    /// Lays a card on the reader; `options` are those of the card's program, `card/card.py`.
    pub fn insert(&self, options: &[&str]) -> Result<VirtualCard, CounterpartError> {
        let mut card = VirtualCard::start(&self.dir, self.port, options)?;
        card.program.wait_for_word("ready")?;
        Ok(card)
    }

    /// Ends `pcscd` as a crash would.
    pub fn stop(self) {
        drop(self.program);
    }
}

/// A card without a reader: commands go straight to its program.
#[derive(Debug)]
pub struct BareCard {
    card: VirtualCard,
    link: TcpStream,
}

impl BareCard {
    /// Starts a card with its files in `dir`, which must exist, and powers it.
    pub fn start(dir: &Path, options: &[&str]) -> Result<Self, CounterpartError> {
        let port = |source| CounterpartError::Port { what: "a card", source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(port)?;
        let number = listener.local_addr().map_err(port)?.port();
        let mut card = VirtualCard::start(dir, number, options)?;
        card.program.wait_for_word("ready")?;
        let (link, _) = listener.accept().map_err(port)?;
        let mut bare = Self { card, link };
        bare.send(&[1]).map_err(port)?;
        Ok(bare)
    }

    /// The card, with its files.
    #[must_use]
    pub const fn card(&self) -> &VirtualCard {
        &self.card
    }

    /// Takes the power from the card and gives it back: it forgets what was said.
    pub fn reset(&mut self) -> std::io::Result<()> {
        self.send(&[1])
    }

    /// Sends a command and returns the answer; an error when the card is gone.
    pub fn exchange(&mut self, command: &[u8]) -> std::io::Result<Vec<u8>> {
        self.send(command)?;
        let mut length = [0; 2];
        self.link.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        self.link.read_exact(&mut answer)?;
        Ok(answer)
    }

    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
        self.link.write_all(&[&length, bytes].concat())
    }
}

impl VirtualCard {
    /// Starts the card's program, which looks for its reader at a port.
    fn start(dir: &Path, port: u16, options: &[&str]) -> Result<Self, CounterpartError> {
        let house = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = std::env::var_os("JUDGE_PYTHON")
            .map_or_else(|| house.join("../../target/judges/bin/python"), PathBuf::from);
        let folder = dir.join("card");
        let mut command = Command::new(python);
        command.arg("-B").arg(house.join("card/card.py"));
        command.arg(port.to_string()).arg(&folder).args(options);
        let program = Started::spawn(command, "python3-venv", &dir.join("card.log"))?;
        Ok(Self { program, folder })
    }

    /// The certificate of the authority that made the card, with its revocation list if it has one.
    #[must_use]
    pub fn trust(&self) -> PathBuf {
        self.folder.join("csca.pem")
    }

    /// A file of the chip, such as `sod` or `dg2`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What the card's program has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.program.log()
    }
}
