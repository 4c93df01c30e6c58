//! Where something listens: `host:port`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A host (IP address or DNS name) and a port from 1 to 65535. It is written `host:port`, an IPv6 address in brackets,
/// and that text can be given to whatever resolves, binds or connects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Host {
    Ip(IpAddr),
    Name(String),
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `:port` at the end.
    #[error("has no port")]
    NoPort,
    /// The port is 0, too large or no number.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// The host is neither an IP address nor a DNS name.
    #[error("its host is neither an IP address (IPv6 in brackets) nor a DNS name")]
    Host,
}

impl Address {
    /// From an IP address; the port must not be 0.
    pub fn from_socket(socket: SocketAddr) -> Result<Self, AddressError> {
        if socket.port() == 0 {
            return Err(AddressError::Port);
        }
        Ok(Self { host: Host::Ip(socket.ip()), port: socket.port() })
    }

    /// The host: an IP address without brackets, or a name in lower case.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Ip(ip) => ip.to_string(),
            Host::Name(name) => name.clone(),
        }
    }

    /// The IP address, unless the host is a name.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ip(ip) => Some(ip),
            Host::Name(_) => None,
        }
    }

    /// The port, 1 to 65535.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether only the machine itself can reach it.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Ip(ip) => ip.is_loopback(),
            Host::Name(name) => name == "localhost",
        }
    }

    /// Whether it stands for every address of a machine (`0.0.0.0`, `[::]`): good to listen on, not to be called at.
    pub fn is_unspecified(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_unspecified())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Self::from_socket(socket);
        }
        let (host, port) = text.rsplit_once(':').ok_or(AddressError::NoPort)?;
        if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AddressError::Port);
        }
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(AddressError::Port)?;
        if !is_dns_name(host) {
            return Err(AddressError::Host);
        }
        Ok(Self { host: Host::Name(host.to_ascii_lowercase()), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// Whether a text is a host name (RFC 1123) that cannot be taken for an IPv4 address.
pub(crate) fn is_dns_name(text: &str) -> bool {
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_number =
        text.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    text.len() <= 253 && text.split('.').all(label_ok) && !last_is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["127.0.0.1:4101", "[::1]:1", "ct1.example:65535", "localhost:80", "a-b.c:8"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("CT1.Example:1".parse::<Address>().unwrap().host(), "ct1.example");
        assert_eq!("[::1]:1".parse::<Address>().unwrap().host(), "::1");
    }

    #[test]
    fn refuses_what_is_no_address() {
        let error = |text: &str| text.parse::<Address>().unwrap_err();
        for text in ["", "ct1.example", "127.0.0.1"] {
            assert_eq!(error(text), AddressError::NoPort, "{text}");
        }
        for text in ["a:", "a:0", "a:65536", "a:+1", "a:x", "127.0.0.1:0", "[::1]:0"] {
            assert_eq!(error(text), AddressError::Port, "{text}");
        }
        for text in [":1", "::1:1", "a_b:1", "-a:1", "a-:1", "a..b:1", "1.2.3:4", "1.2.3.400:4", "a b:1"] {
            assert_eq!(error(text), AddressError::Host, "{text}");
        }
    }

    #[test]
    fn knows_special_addresses() {
        let parse = |text: &str| text.parse::<Address>().unwrap();
        assert!(parse("localhost:1").is_loopback() && parse("127.3.2.1:1").is_loopback());
        assert!(parse("0.0.0.0:1").is_unspecified() && parse("[::]:1").is_unspecified());
        assert!(!parse("10.0.0.1:1").is_unspecified() && !parse("ct1:1").is_loopback());
    }
}
