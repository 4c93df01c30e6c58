//! What a message between nodes looks like: `POST /cluster/v1/<log>/<role>/<Method>`, a version, flags, a deadline.

use bytes::Bytes;
use ct::limits::{MAX_CONTROL_BODY, MAX_INTERNAL_BODY};
use ct::names::{LogName, Role};
use std::fmt;
use std::str::FromStr;

/// The version of the messages that this node speaks.
pub const VERSION: &str = "1";
/// The header that names it.
pub const VERSION_HEADER: &str = "wolffish-version";
/// The header that lists the flags that matter: a receiver that does not know one refuses the message.
pub const FLAGS_HEADER: &str = "wolffish-flags";
/// The header that says how many milliseconds the caller will wait.
pub const DEADLINE_HEADER: &str = "wolffish-deadline-ms";
/// The header of an overloaded answer that says after how many milliseconds to call again.
pub const RETRY_HEADER: &str = "wolffish-retry-after-ms";

const PREFIX: &str = "/cluster/v1/";

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $size:ident,)*) => {
        /// What one node asks of another; the names are those of paths.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Method { $($(#[$doc])* $name,)* }

        impl Method {
            /// Every method.
            pub const ALL: &[Method] = &[$(Method::$name),*];

            /// The name, as in paths.
            pub const fn as_str(self) -> &'static str {
                match self { $(Method::$name => stringify!($name),)* }
            }
            /// What its messages carry.
            pub const fn size(self) -> Size {
                match self { $(Method::$name => Size::$size,)* }
            }
        }
    };
}

methods! {
    /// Entries, to be kept.
    SendEntry Bulk,
    /// SCTs of entries sent before.
    SendSCT Bulk,
    /// Names of entries after a cursor.
    FetchNewEntries Bulk,
    /// Entries, to be read.
    GetEntry Bulk,
    /// The newest tree head.
    SendSTH Control,
    /// How far a copy of the log is.
    CurrentPosition Control,
    /// Order of entries, to be appended.
    SendLog Bulk,
    /// Which entries a copy lacks.
    MissingEntries Bulk,
    /// What a merge node endorsed, as it signed it.
    Remind Control,
    /// Recompute a root and endorse it.
    VerifyRoot Control,
    /// Stop working for a term.
    Stop Control,
    /// Work again.
    Start Control,
    /// Sign promises.
    SignSCT Bulk,
    /// Sign a tree head.
    SignSTH Control,
    /// Leaves that promises were signed for.
    SignedLeaves Bulk,
    /// Give up the right to sign tree heads.
    Release Control,
    /// The certificate of a term.
    SetPrimary Control,
    /// The newest certificate.
    GetCertificate Control,
    /// What the status page and repair read.
    Status Control,
}

/// How much a message may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// JSON, for people to read.
    Control,
    /// Entries, hashes, signatures.
    Bulk,
}

impl Size {
    /// The greatest body, in bytes.
    pub const fn limit(self) -> usize {
        match self {
            Size::Control => MAX_CONTROL_BODY,
            Size::Bulk => MAX_INTERNAL_BODY,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Method::ALL.iter().find(|method| method.as_str() == text);
        found.copied().ok_or_else(|| format!("unknown method {text:?}"))
    }
}

/// The path of a call.
pub fn path(log: &LogName, callee: Role, method: Method) -> String {
    format!("{PREFIX}{log}/{callee}/{method}")
}

/// The parts of a path, none of them looked up yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub log: &'a str,
    pub role: &'a str,
    pub method: &'a str,
}

impl<'a> Target<'a> {
    /// Cuts a path into its parts.
    pub(crate) fn parse(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix(PREFIX)?.split('/');
        let (log, role, method) = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then_some(Self { log, role, method })
    }
}

/// A good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What it carries.
    pub body: Bytes,
}

impl Reply {
    /// An answer of bytes.
    pub fn bytes(body: impl Into<Bytes>) -> Self {
        Self { body: body.into() }
    }
    /// An answer in JSON.
    pub fn json(value: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::bytes(serde_json::to_vec(value)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_apart_as_it_was_put_together() {
        let path = path(&"log-1".parse().unwrap(), Role::MergeRepair, Method::SendSTH);
        assert_eq!(path, "/cluster/v1/log-1/merge-repair/SendSTH");
        let target = Target { log: "log-1", role: "merge-repair", method: "SendSTH" };
        assert_eq!(Target::parse(&path), Some(target));
        for wrong in ["/cluster/v1/a/b", "/cluster/v1/a/b/c/d", "/cluster/v2/a/b/c", "/", "/cluster/v1/"] {
            assert_eq!(Target::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn methods_are_spelt_as_in_paths() {
        for method in Method::ALL {
            assert_eq!(method.as_str().parse(), Ok(*method));
        }
        assert_eq!("SignSCT".parse(), Ok(Method::SignSCT));
        assert!("SignSct".parse::<Method>().is_err());
    }
}
