//! A load tool must not be pointed at somebody's log by accident.

use crate::failure::Failure;
use client::Log;
use url::{Host, Url};

/// Whether the operator of a log has agreed to its being loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Whoever gave the command says that it is theirs.
    Given,
    /// Nobody has said so.
    NotGiven,
}

/// Refuses a log that is not on this machine, unless it may be loaded.
pub fn check(log: &Log, consent: Consent) -> Result<(), Failure> {
    let elsewhere = log.urls().iter().find(|url| !is_loopback(url));
    match (elsewhere, consent) {
        (Some(url), Consent::NotGiven) => Err(Failure::Usage(format!(
            "{url} is not on this machine: a log is loaded only with its operator's consent; if that is you, add \
             --i-operate-this-log"
        ))),
        _ => Ok(()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct::key::LogSigningKey;

    #[test]
    fn only_this_machine_needs_no_consent() {
        let key = LogSigningKey::from_scalar(&[7; 32]).unwrap().public().clone();
        let log = |urls: &[&str]| {
            let urls = urls.iter().map(|url| client::log::base_url(url).unwrap()).collect();
            Log::new("log".to_owned(), urls, key.clone()).unwrap()
        };
        for here in [
            &["http://127.0.0.1:8080/a", "http://127.9.9.9/"][..],
            &["https://[::1]/"],
            &["http://localhost/"],
        ] {
            assert_eq!(check(&log(here), Consent::NotGiven), Ok(()));
        }
        for there in [
            &["https://ct.example/2027"][..],
            &["http://10.0.0.1/"],
            &["http://127.0.0.1/", "http://localhost.example/"],
        ] {
            let error = check(&log(there), Consent::NotGiven).unwrap_err();
            assert!(
                matches!(&error, Failure::Usage(text) if text.contains("--i-operate-this-log")),
                "{error}"
            );
            assert_eq!(check(&log(there), Consent::Given), Ok(()));
        }
    }
}
