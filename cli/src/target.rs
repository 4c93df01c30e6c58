//! Which log is meant: one of a running `up`, or any whose address and key are given.

use crate::failure::Failure;
use crate::moment;
use crate::upfile::{DEFAULT_DIR, UpFile, UpLog};
use client::{Client, Log, Manners};
use ct::key::LogKey;
use ct::names::LogName;
use ct::x509::Window;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// The arguments that name a log.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TargetArgs {
    /// Base URL of the log, below which ct/v1/ lies; repeat it for each frontend
    #[arg(long = "url", value_name = "LOG_URL")]
    pub urls: Vec<String>,
    /// Directory of a running `wolffish up`, which knows the addresses and keys of its logs [default: wolffish-data]
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Which log of that directory [default: its first]
    #[arg(long)]
    pub log: Option<LogName>,
    /// The log's public key, base64 or a PEM file, for a --url that --dir does not know
    #[arg(long)]
    pub key: Option<String>,
}

/// A CA that the log accepts, and whose key is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCa {
    /// Its certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PKCS#8 PEM.
    pub key: PathBuf,
}

/// A log: where it is, and what it is recognised by.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its addresses and its key.
    pub log: Log,
    /// Which notAfter it accepts, if that is known and limited.
    pub window: Option<Window>,
    /// Its maximum merge delay, if that is known.
    pub mmd: Option<Duration>,
    /// A CA for tests.
    pub test_ca: Option<TestCa>,
}

impl TargetArgs {
    /// Finds the log.
    pub fn resolve(&self) -> Result<Target, Failure> {
        if let (Some(key), false) = (&self.key, self.urls.is_empty()) {
            let log = known_by(self.urls[0].clone(), &self.urls, read_key(key)?)?;
            return Ok(Target { log, window: None, mmd: None, test_ca: None });
        }
        let dir = self.dir.as_deref().unwrap_or(Path::new(DEFAULT_DIR));
        let file = UpFile::read(dir)?;
        let log = self.choose(dir, &file)?;
        let given = if self.urls.is_empty() { &log.urls } else { &self.urls };
        let key = read_key(self.key.as_ref().unwrap_or(&log.key))?;
        let test_ca = log.test_ca_cert.clone().zip(log.test_ca_key.clone());
        Ok(Target {
            log: known_by(log.name.to_string(), given, key)?,
            window: window(log)?,
            mmd: Some(Duration::from_secs(log.mmd)),
            test_ca: test_ca.map(|(certificate, key)| TestCa { certificate, key }),
        })
    }

    fn choose<'a>(&self, dir: &Path, file: &'a UpFile) -> Result<&'a UpLog, Failure> {
        let all = || file.logs.iter().chain(&file.read_only_logs);
        let names = || all().map(|log| log.name.as_str()).collect::<Vec<_>>().join(", ");
        let dir = dir.display();
        let plain = |url: &str| url.trim_end_matches('/').to_owned();
        if let Some(name) = &self.log {
            let found = all().find(|log| log.name == *name);
            return found
                .ok_or_else(|| Failure::Usage(format!("{dir} has no log {name}; it has {}", names())));
        }
        let Some(url) = self.urls.first() else {
            return file.logs.first().ok_or_else(|| Failure::Usage(format!("{dir} has no log")));
        };
        let has = |log: &&UpLog| log.urls.iter().any(|known| plain(known) == plain(url));
        all().find(has).ok_or_else(|| {
            Failure::Usage(format!(
                "{dir} has no log at {url}: give its public key with --key, or its name with --log"
            ))
        })
    }
}

impl Target {
    /// A client of the log.
    pub fn client(self) -> Result<Client, Failure> {
        Ok(Client::new(self.log, Manners::default())?)
    }
}

fn known_by(name: String, urls: &[String], key: LogKey) -> Result<Log, Failure> {
    let url =
        |text: &String| client::log::base_url(text).map_err(|error| Failure::Usage(format!("--url {error}")));
    let urls = urls.iter().map(url).collect::<Result<Vec<Url>, _>>()?;
    Log::new(name, urls, key).map_err(|error| Failure::Usage(error.to_string()))
}

/// A key given on the command line: the name of a PEM file, or base64.
pub fn read_key(text: &str) -> Result<LogKey, Failure> {
    let found = std::fs::read_to_string(text);
    client::log::key(found.as_deref().unwrap_or(text))
        .map_err(|error| Failure::Usage(format!("--key {text:?}: {error}")))
}

fn window(log: &UpLog) -> Result<Option<Window>, Failure> {
    let Some(interval) = &log.temporal_interval else { return Ok(None) };
    let read = |text: &str| moment::parse(text).map_err(|why| Failure::Usage(format!("{}: {why}", log.name)));
    Ok(Some(Window {
        start_inclusive: read(&interval.start_inclusive)?,
        end_exclusive: read(&interval.end_exclusive)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upfile::Interval;

    const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/\
                       hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";

    fn directory() -> tempfile::TempDir {
        let log = |name: &str, url: &str, window: bool| UpLog {
            name: name.parse().unwrap(),
            urls: vec![url.to_owned()],
            key: KEY.to_owned(),
            log_id: String::new(),
            mmd: 60,
            temporal_interval: window.then(|| Interval {
                start_inclusive: "2026-01-01T00:00:00Z".to_owned(),
                end_exclusive: "2027-01-01T00:00:00Z".to_owned(),
            }),
            test_ca_cert: Some(PathBuf::from("c")),
            test_ca_key: Some(PathBuf::from("k")),
        };
        let logs = vec![log("anytime", "http://h:1/anytime", false), log("shard", "http://h:1/shard", true)];
        let dir = tempfile::tempdir().unwrap();
        let archive = UpLog { test_ca_cert: None, test_ca_key: None, ..log("old", "http://h:1/old", false) };
        let file = UpFile { logs, read_only_logs: vec![archive], nodes: Vec::new() };
        file.write(dir.path()).unwrap();
        dir
    }

    #[test]
    fn a_log_is_found_by_order_name_or_address() {
        let dir = directory();
        let args = |log: Option<&str>, urls: &[&str]| TargetArgs {
            urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            dir: Some(dir.path().to_owned()),
            log: log.map(|name| name.parse().unwrap()),
            key: None,
        };
        let found = |args: TargetArgs| args.resolve().unwrap().log.urls()[0].to_string();
        assert_eq!(found(args(None, &[])), "http://h:1/anytime/");
        assert_eq!(found(args(Some("shard"), &[])), "http://h:1/shard/");
        assert_eq!(found(args(None, &["http://h:1/shard/"])), "http://h:1/shard/");
        assert_eq!(found(args(Some("shard"), &["http://other/x"])), "http://other/x/");
        assert_eq!(found(args(Some("old"), &[])), "http://h:1/old/");
        assert_eq!(args(None, &["http://h:1/old/"]).resolve().unwrap().test_ca, None);
        assert!(args(None, &["http://h:1/shard/"]).resolve().unwrap().window.is_some());
        for wrong in
            [args(Some("none"), &[]), args(None, &["http://other/x"]), args(Some("shard"), &["ftp://h/"])]
        {
            assert!(matches!(wrong.resolve(), Err(Failure::Usage(_))));
        }
    }

    #[test]
    fn a_log_elsewhere_needs_its_key() {
        let mut args =
            TargetArgs { urls: vec!["https://ct.example/2027".to_owned()], ..TargetArgs::default() };
        args.key = Some(KEY.to_owned());
        assert_eq!(args.resolve().unwrap().log.urls()[0].as_str(), "https://ct.example/2027/");
        let dir = tempfile::tempdir().unwrap();
        let pem = dir.path().join("key.pem");
        std::fs::write(&pem, format!("-----BEGIN PUBLIC KEY-----\n{KEY}\n-----END PUBLIC KEY-----\n"))
            .unwrap();
        args.key = Some(pem.to_str().unwrap().to_owned());
        assert!(args.resolve().is_ok());
        args.key = Some("AAAA".to_owned());
        assert!(args.resolve().unwrap_err().to_string().contains("--key \"AAAA\""));
    }
}
