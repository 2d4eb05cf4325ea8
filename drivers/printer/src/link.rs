//! One question to a printer and its answer (RFC 8010: IPP in HTTP).

use std::io::Read as _;
use std::time::Duration;

use drivers_api::{DeviceError, Fault};
use ipp::parser::IppParser;
use ipp::prelude::{DelimiterTag, IppRequestResponse, IppValue, StatusCode, Uri};
use ipp::reader::IppReader;
use ureq::{Agent, Error, SendBody};

/// Longest answer that is read, in bytes: printers describe themselves in some 20 kB.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// Where printers listen when the address names no port (RFC 8010).
const PORT: u16 = 631;

/// The way to a printer.
pub(crate) struct Link {
    name: String,
    /// Names the printer in requests.
    pub(crate) uri: Uri,
    http: String,
    agent: Agent,
}

impl Link {
    /// `silence` is the longest time of one question.
    pub(crate) fn new(address: &str, silence: Duration) -> Result<Self, DeviceError> {
        let wrong = |why: &str| DeviceError::new(address, Fault::Misconfigured, why);
        let uri: Uri = address.parse().map_err(|_| wrong("the address is none"))?;
        let host = uri.host().ok_or_else(|| wrong("the address names no host"))?;
        if uri.scheme_str() != Some("ipp") {
            return Err(wrong("the address is not of the kind ipp://host/ipp/print"));
        }
        let http = format!("http://{host}:{}{}", uri.port_u16().unwrap_or(PORT), uri.path());
        let agent = Agent::config_builder()
            .timeout_global(Some(silence))
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        Ok(Self { name: address.to_owned(), uri, http, agent })
    }

    pub(crate) fn fail(&self, fault: Fault, detail: impl Into<String>) -> DeviceError {
        DeviceError::new(&self.name, fault, detail)
    }

    /// Sends a request; `what` names it in errors.
    pub(crate) fn ask(
        &self,
        what: &str,
        request: impl Into<IppRequestResponse>,
    ) -> Result<Answer, DeviceError> {
        let body = &mut request.into().into_read();
        let failed = |error: &Error| self.fail(fault_of(error), format!("{what}: {error}"));
        let response = self
            .agent
            .post(&self.http)
            .header("content-type", "application/ipp")
            .send(SendBody::from_reader(body))
            .map_err(|error| failed(&error))?;
        match response.status().as_u16() {
            200 => {}
            401 | 403 => return Err(self.fail(Fault::Denied, format!("{what}: not allowed"))),
            404 => {
                let detail = format!("{what}: the printer does not know this address");
                return Err(self.fail(Fault::Misconfigured, detail));
            }
            status => return Err(self.fail(Fault::Protocol, format!("{what}: HTTP {status}"))),
        }
        let answer = response.into_body().into_reader().take(ANSWER_BYTES_MAX);
        let answer = IppParser::new(IppReader::new(answer))
            .parse()
            .map_err(|error| self.fail(Fault::Protocol, format!("{what}: {error}")))?;
        let status = answer.header().status_code();
        if status.is_success() {
            return Ok(Answer(answer));
        }
        Err(self.fail(refusal(status), format!("{what}: {status}")))
    }
}

/// What a printer answered.
pub(crate) struct Answer(IppRequestResponse);

impl Answer {
    fn values(&self, group: DelimiterTag, name: &str) -> impl Iterator<Item = &IppValue> {
        let attribute = self.0.attributes().first_of(group).and_then(|group| group.get(name));
        attribute.into_iter().flat_map(|attribute| attribute.value())
    }

    /// The first value, if it is a number.
    pub(crate) fn number(&self, group: DelimiterTag, name: &str) -> Option<i32> {
        self.values(group, name).find_map(|value| match value {
            IppValue::Integer(number) | IppValue::Enum(number) => Some(*number),
            _ => None,
        })
    }

    /// All values as words.
    pub(crate) fn words(&self, group: DelimiterTag, name: &str) -> Vec<String> {
        self.values(group, name).map(ToString::to_string).collect()
    }
}

/// What a refusal says of a printer (RFC 8011, appendix B).
const fn refusal(status: StatusCode) -> Fault {
    match status {
        StatusCode::ServerErrorBusy => Fault::Busy,
        StatusCode::ClientErrorForbidden
        | StatusCode::ClientErrorNotAuthenticated
        | StatusCode::ClientErrorNotAuthorized => Fault::Denied,
        StatusCode::ClientErrorNotFound
        | StatusCode::ClientErrorDocumentFormatNotSupported
        | StatusCode::ClientErrorAttributesOrValuesNotSupported => Fault::Misconfigured,
        StatusCode::ServerErrorNotAcceptingJobs | StatusCode::ServerErrorServiceUnavailable => {
            Fault::Offline
        }
        StatusCode::ServerErrorDeviceError => Fault::Io,
        _ => Fault::Protocol,
    }
}

/// What a failure of the transport says of a printer.
fn fault_of(error: &Error) -> Fault {
    use std::io::ErrorKind;
    match error {
        Error::Timeout(_) => Fault::Timeout,
        Error::HostNotFound | Error::ConnectionFailed => Fault::Absent,
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::AddrNotAvailable => Fault::Absent,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Fault::Timeout,
            _ => Fault::Removed,
        },
        _ => Fault::Protocol,
    }
}
