//! The endpoints of RFC 6962 §4.

/// One of the eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// §4.1
    AddChain,
    /// §4.2
    AddPreChain,
    /// §4.3
    GetSth,
    /// §4.4
    GetSthConsistency,
    /// §4.5
    GetProofByHash,
    /// §4.6
    GetEntries,
    /// §4.7
    GetRoots,
    /// §4.8
    GetEntryAndProof,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AddChain,
        Self::AddPreChain,
        Self::GetSth,
        Self::GetSthConsistency,
        Self::GetProofByHash,
        Self::GetEntries,
        Self::GetRoots,
        Self::GetEntryAndProof,
    ];

    /// The last part of its path, as in `/ct/v1/get-sth`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AddChain => "add-chain",
            Self::AddPreChain => "add-pre-chain",
            Self::GetSth => "get-sth",
            Self::GetSthConsistency => "get-sth-consistency",
            Self::GetProofByHash => "get-proof-by-hash",
            Self::GetEntries => "get-entries",
            Self::GetRoots => "get-roots",
            Self::GetEntryAndProof => "get-entry-and-proof",
        }
    }

    /// The only method it answers.
    pub fn method(self) -> &'static str {
        match self {
            Self::AddChain | Self::AddPreChain => "POST",
            _ => "GET",
        }
    }

    /// The endpoint that a request path ends in, whatever the prefix.
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, name) = path.split_once("/ct/v1/")?;
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }
}
