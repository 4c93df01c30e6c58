//! Which log is meant: one of a running `up`, or any whose address and key are given.

use crate::failure::Failure;
use crate::moment;
use crate::upfile::{DEFAULT_DIR, UpFile, UpLog};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::key::LogKey;
use ct::names::LogName;
use ct::x509::Window;
use std::path::{Path, PathBuf};
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
    /// Its base URLs, each with a `/` at the end. At least one.
    pub urls: Vec<Url>,
    /// Its key.
    pub key: LogKey,
    /// Which notAfter it accepts, if that is known and limited.
    pub window: Option<Window>,
    /// A CA for tests.
    pub test_ca: Option<TestCa>,
}

impl TargetArgs {
    /// Finds the log.
    pub fn resolve(&self) -> Result<Target, Failure> {
        if let (Some(key), false) = (&self.key, self.urls.is_empty()) {
            let urls = self.urls.iter().map(|url| base_url(url)).collect::<Result<_, _>>()?;
            let (window, test_ca) = (None, None);
            return Ok(Target { urls, key: read_key(key)?, window, test_ca });
        }
        let dir = self.dir.as_deref().unwrap_or(Path::new(DEFAULT_DIR));
        let file = UpFile::read(dir)?;
        let log = self.choose(dir, &file)?;
        let given = if self.urls.is_empty() { &log.urls } else { &self.urls };
        Ok(Target {
            urls: given.iter().map(|url| base_url(url)).collect::<Result<_, _>>()?,
            key: read_key(self.key.as_ref().unwrap_or(&log.key))?,
            window: window(log)?,
            test_ca: Some(TestCa { certificate: log.test_ca_cert.clone(), key: log.test_ca_key.clone() }),
        })
    }

    fn choose<'a>(&self, dir: &Path, file: &'a UpFile) -> Result<&'a UpLog, Failure> {
        let names = || file.logs.iter().map(|log| log.name.as_str()).collect::<Vec<_>>().join(", ");
        let dir = dir.display();
        let plain = |url: &str| url.trim_end_matches('/').to_owned();
        if let Some(name) = &self.log {
            let found = file.logs.iter().find(|log| log.name == *name);
            return found
                .ok_or_else(|| Failure::Usage(format!("{dir} has no log {name}; it has {}", names())));
        }
        let Some(url) = self.urls.first() else {
            return file.logs.first().ok_or_else(|| Failure::Usage(format!("{dir} has no log")));
        };
        let has = |log: &&UpLog| log.urls.iter().any(|known| plain(known) == plain(url));
        file.logs.iter().find(has).ok_or_else(|| {
            Failure::Usage(format!(
                "{dir} has no log at {url}: give its public key with --key, or its name with --log"
            ))
        })
    }
}

fn base_url(text: &str) -> Result<Url, Failure> {
    let whole = format!("{}/", text.trim_end_matches('/'));
    let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.query().is_none();
    Url::parse(&whole)
        .ok()
        .filter(usable)
        .ok_or_else(|| Failure::Usage(format!("--url {text:?}: not the http or https URL of a log")))
}

fn read_key(text: &str) -> Result<LogKey, Failure> {
    let bad = |why: String| Failure::Usage(format!("--key {text:?}: {why}"));
    let base64 = match std::fs::read_to_string(text) {
        Ok(pem) => pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect(),
        Err(_) => text.trim().to_owned(),
    };
    let spki = STANDARD
        .decode(base64)
        .map_err(|error| bad(format!("neither a PEM file with a public key nor base64 of one: {error}")))?;
    LogKey::from_spki(&spki).map_err(|error| bad(error.to_string()))
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
            test_ca_cert: PathBuf::from("c"),
            test_ca_key: PathBuf::from("k"),
        };
        let logs = vec![log("anytime", "http://h:1/anytime", false), log("shard", "http://h:1/shard", true)];
        let dir = tempfile::tempdir().unwrap();
        UpFile { logs, nodes: Vec::new() }.write(dir.path()).unwrap();
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
        let found = |args: TargetArgs| args.resolve().unwrap().urls[0].to_string();
        assert_eq!(found(args(None, &[])), "http://h:1/anytime/");
        assert_eq!(found(args(Some("shard"), &[])), "http://h:1/shard/");
        assert_eq!(found(args(None, &["http://h:1/shard/"])), "http://h:1/shard/");
        assert_eq!(found(args(Some("shard"), &["http://other/x"])), "http://other/x/");
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
        assert_eq!(args.resolve().unwrap().urls[0].as_str(), "https://ct.example/2027/");
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
