//! From a path to what it stands for. Doubled slashes count once and are never redirected: a POST would not survive that.

use ct::x509::Endpoint as Submission;
use std::borrow::Cow;

/// What lies below a log's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// RFC 6962 §4.1.
    AddChain,
    /// RFC 6962 §4.2.
    AddPreChain,
    /// RFC 6962 §4.3.
    GetSth,
    /// RFC 6962 §4.4.
    GetSthConsistency,
    /// RFC 6962 §4.5.
    GetProofByHash,
    /// RFC 6962 §4.6.
    GetEntries,
    /// RFC 6962 §4.7.
    GetRoots,
    /// RFC 6962 §4.8.
    GetEntryAndProof,
    /// The log's description, as browsers want it in an application.
    LogV3,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Endpoint; 9] = [
        Endpoint::AddChain,
        Endpoint::AddPreChain,
        Endpoint::GetSth,
        Endpoint::GetSthConsistency,
        Endpoint::GetProofByHash,
        Endpoint::GetEntries,
        Endpoint::GetRoots,
        Endpoint::GetEntryAndProof,
        Endpoint::LogV3,
    ];

    /// The name: in paths, and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Endpoint::AddChain => "add-chain",
            Endpoint::AddPreChain => "add-pre-chain",
            Endpoint::GetSth => "get-sth",
            Endpoint::GetSthConsistency => "get-sth-consistency",
            Endpoint::GetProofByHash => "get-proof-by-hash",
            Endpoint::GetEntries => "get-entries",
            Endpoint::GetRoots => "get-roots",
            Endpoint::GetEntryAndProof => "get-entry-and-proof",
            Endpoint::LogV3 => "log.v3.json",
        }
    }

    /// Where submissions go.
    pub const fn submission(self) -> Option<Submission> {
        match self {
            Endpoint::AddChain => Some(Submission::AddChain),
            Endpoint::AddPreChain => Some(Submission::AddPreChain),
            _ => None,
        }
    }

    /// The method that it takes.
    pub const fn method(self) -> &'static str {
        if self.submission().is_some() { "POST" } else { "GET" }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.as_str() == name)
    }
}

/// What a path stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// An endpoint of the log with this number in the table of prefixes.
    Log(usize, Endpoint),
    /// What logs there are.
    Home,
    /// Whether the process lives.
    Health,
    /// Whether the node is fit to serve.
    Ready,
}

/// Which prefix belongs to which log.
#[derive(Debug, Clone, Default)]
pub struct Prefixes(Vec<(String, usize)>);

impl Prefixes {
    /// No log yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The log number `log` is reached below its name, and below the path of its public URL: what stands in front of this
    /// server may or may not take that off.
    pub fn add(&mut self, log: usize, name: &str, url: Option<&str>) {
        self.0.push((format!("/{name}"), log));
        let path = url.and_then(|url| url.split_once("://")).and_then(|(_, rest)| rest.split_once('/'));
        if let Some((_, path)) = path {
            let path = single_slashes(path).trim_matches('/').to_owned();
            let prefix = if path.is_empty() { path } else { format!("/{path}") };
            if !self.0.iter().any(|(other, _)| *other == prefix) {
                self.0.push((prefix, log));
            }
        }
    }

    /// What a path stands for.
    pub fn route(&self, path: &str) -> Option<Route> {
        let path = single_slashes(path);
        match &*path {
            "/" => return Some(Route::Home),
            "/healthz" => return Some(Route::Health),
            "/readyz" => return Some(Route::Ready),
            _ => {}
        }
        self.0.iter().find_map(|(prefix, log)| {
            let below = path.strip_prefix(prefix.as_str())?.strip_prefix('/')?;
            let endpoint = match below.strip_prefix("ct/v1/") {
                Some(name) => Endpoint::named(name).filter(|endpoint| *endpoint != Endpoint::LogV3),
                None => (below == Endpoint::LogV3.as_str()).then_some(Endpoint::LogV3),
            };
            Some(Route::Log(*log, endpoint?))
        })
    }
}

fn single_slashes(path: &str) -> Cow<'_, str> {
    if !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter != '/' || !out.ends_with('/') {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes() -> Prefixes {
        let mut prefixes = Prefixes::new();
        prefixes.add(0, "shard-1", None);
        prefixes.add(1, "shard-2", Some("https://ct.example/logs/two/"));
        prefixes
    }

    #[test]
    fn paths_are_exact_but_for_doubled_slashes() {
        let found = |path| prefixes().route(path);
        for path in ["/shard-1/ct/v1/get-sth", "//shard-1//ct/v1///get-sth"] {
            assert_eq!(found(path), Some(Route::Log(0, Endpoint::GetSth)), "{path}");
        }
        for path in ["/shard-2/ct/v1/add-chain", "/logs/two/ct/v1/add-chain", "/logs//two/ct/v1/add-chain"] {
            assert_eq!(found(path), Some(Route::Log(1, Endpoint::AddChain)), "{path}");
        }
        assert_eq!(found("/shard-1/log.v3.json"), Some(Route::Log(0, Endpoint::LogV3)));
        assert_eq!(found("/"), Some(Route::Home));
        assert_eq!(found("/healthz"), Some(Route::Health));
        for path in [
            "/shard-1/ct/v1/get-nothing",
            "/shard-1/ct/v1/get-sth/",
            "/shard-1/ct/v1/get-sth/more",
            "/shard-1/ct/v1/",
            "/shard-1/ct/v2/get-sth",
            "/shard-1/ct/v1/log.v3.json",
            "/shard-1/get-sth",
            "/shard-3/ct/v1/get-sth",
            "/more/shard-1/ct/v1/get-sth",
            "/shard-1",
            "/shard-1ct/v1/get-sth",
            "/ct/v1/get-sth",
            "",
            "*",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn a_log_at_the_root_of_its_host_is_found_there() {
        let mut prefixes = Prefixes::new();
        prefixes.add(0, "only", Some("https://ct.example/"));
        assert_eq!(prefixes.route("/ct/v1/get-sth"), Some(Route::Log(0, Endpoint::GetSth)));
        assert_eq!(prefixes.route("/only/ct/v1/get-sth"), Some(Route::Log(0, Endpoint::GetSth)));
    }
}
