//! `cluster.toml` as it is written: the reference for operators. Nothing here is checked; [`crate::Cluster`] is what it
//! means. Unknown fields are refused. Paths are relative to the directory of the file.

use serde::{Deserialize, Serialize};

/// The top of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawCluster {
    /// `"test"` or `"production"`. Required. A production cluster refuses what would cost trust: test CAs, a storage
    /// quorum of 1, fewer than 3 merge nodes, two nodes of one role on one host, a log without roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// k: how many storage nodes must have stored a submission before its SCT is given out. From 1 to S, the number of
    /// storage nodes; 1 only in tests. Default: floor(S / 2) + 1. With 1 < k < S a lost storage node neither loses a
    /// promised certificate nor stops the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_quorum: Option<u64>,
    /// The nodes, `[[node]]` each. At least one frontend, storage, signer and merge node, and exactly one merge-repair.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub node: Vec<RawNode>,
    /// The logs, `[[log]]` each: one, or the temporal shards. At least one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<RawLog>,
    /// The read-only logs, `[[read_only_log]]` each: copies of logs that others made. Any number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_only_log: Vec<RawReadOnlyLog>,
}

/// `[[node]]`: a process, or a key without a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawNode {
    /// Unique in the file: 1 to 63 of a-z, 0-9 and inner hyphens. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `"frontend"`, `"storage"`, `"signer"`, `"merge"`, `"merge-repair"` or `"operator"` (a person). Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The machine: any name, equal for nodes that would be lost together. Default: the host of `address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// `host:port` where the node listens for the other nodes (mutual TLS), and where they call it. Unique. Required
    /// for frontend, storage, signer and merge; optional for merge-repair; refused for operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// `host:port` for `/metrics`, `/healthz`, `/readyz`, over plain HTTP. Optional; keep it off the public network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<String>,
    /// `host:port` where the public is answered. Required for frontends, refused for others. Plain HTTP unless
    /// `tls_certificate` and `tls_key` are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// The node's Ed25519 public key, 64 hexadecimal digits, as `wolffish init` prints it. Unique. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Frontends: PEM file with the certificate chain for `public`. Only together with `tls_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<String>,
    /// Frontends: PEM file with the private key for `tls_certificate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<String>,
    /// merge-repair: a command that `/bin/sh` runs when there is a report, which it gets as JSON on its standard input; to
    /// call a person, for instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_command: Option<String>,
}

/// `[[log]]`: one log. All times and bounds belong to a log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLog {
    /// Unique in the file: 1 to 63 of a-z, 0-9 and inner hyphens; it stands in paths. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The log's public key: base64 of a DER SubjectPublicKeyInfo, P-256, uncompressed. Never used by another log,
    /// past or present. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `"rfc6962"`, the default. It can never be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Public base URL, `http` or `https`, with a `/` at its end; the API lies below it, at `ct/v1/`. Optional; unique;
    /// `https` in production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Maximum merge delay in seconds: the log promises that a certificate is in the tree that long after its SCT.
    /// 1 to 2,592,000 (30 days). Default 86,400 (a day), which is also the greatest that browsers take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mmd_seconds: Option<u64>,
    /// A signed tree head at least this often, in milliseconds. From `publish_interval_ms` to half the MMD.
    /// Default 60,000, or half the MMD if that is less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sth_interval_ms: Option<u64>,
    /// At most one signed tree head per this many milliseconds. From 10 to `sth_interval_ms`. Default 1,000, or
    /// `sth_interval_ms` if that is less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish_interval_ms: Option<u64>,
    /// Start of the window of notAfter that this shard accepts, RFC 3339 in quotes, for example
    /// `"2026-01-01T00:00:00Z"`. Only together with `end_exclusive`; without both, every notAfter is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_inclusive: Option<String>,
    /// End of that window: the first moment that is not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_exclusive: Option<String>,
    /// Accepted root certificates: PEM or DER files, and directories, of which the files directly inside that end in
    /// `.pem`, `.crt`, `.cer` or `.der` are read, in order of name. Needed on frontends. Required in production.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<String>,
    /// The merge node that is primary in the first term. Later terms are the cluster's own state. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_primary: Option<String>,
    /// The signer that signs tree heads in the first term; any signer signs SCTs. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sth_signer: Option<String>,
    /// PEM file with the certificate of a test CA, accepted besides `roots`. Refused in production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_ca: Option<String>,
    /// Submissions get 503 while the newest tree head is older than this, in seconds. From `sth_interval_ms` to the MMD.
    /// Default: half the MMD or an hour, whichever is less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_submissions_after_sth_age_seconds: Option<u64>,
    /// Submissions get 503 while a storage node has this many entries under no tree head. 1 to 1,000,000. Default
    /// 1,000,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog_limit: Option<u64>,
    /// Most entries in one get-entries answer. 1 to 1,000. Default 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub get_entries_limit: Option<u64>,
    /// Whether a full get-entries answer ends at a multiple of the limit, so that caches can share it. Default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align_get_entries: Option<bool>,
    /// merge-repair acts when the newest tree head is older than this, in seconds. At least 5 times `sth_interval_ms`,
    /// at most 2,592,000. Default 300, or 5 times `sth_interval_ms` if that is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair_after_seconds: Option<u64>,
    /// Each frontend, storage and merge node reads everything that it keeps of the log again, at most so many bytes a
    /// second. 1,000 to 10,000,000,000. Default 8,000,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scrub_bytes_per_second: Option<u64>,
    /// From the end of one such pass to the next, in seconds. 1 to 2,592,000. Default 86,400.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scrub_interval_seconds: Option<u64>,
    /// `[log.clock]`: how far a timestamp may be from a node's own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<RawClock>,
}

/// `[[read_only_log]]`: a copy of a log that others made, as `wolffish import` fetched it. Frontends alone keep it. It has
/// no signer and no primary, takes no submissions and never grows, so it has fewer fields than `[[log]]`: a log of its own kind, not
/// one with a switch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawReadOnlyLog {
    /// Unique among all logs of the file: 1 to 63 of a-z, 0-9 and inner hyphens; it stands in paths. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The original log's public key: base64 of a DER SubjectPublicKeyInfo, P-256 (uncompressed) or RSA. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `"rfc6962"`, the default. It can never be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Public base URL of this copy, as for `[[log]]`. Optional; unique; `https` in production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The original log's maximum merge delay in seconds, to be published. 1 to 2,592,000. Default 86,400.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mmd_seconds: Option<u64>,
    /// Start of the window of notAfter that the original log accepted, RFC 3339 in quotes, to be published. Only together
    /// with `end_exclusive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_inclusive: Option<String>,
    /// End of that window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_exclusive: Option<String>,
    /// Most entries in one get-entries answer. 1 to 1,000. Default 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub get_entries_limit: Option<u64>,
    /// Whether a full get-entries answer ends at a multiple of the limit, so that caches can share it. Default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align_get_entries: Option<bool>,
}

impl RawReadOnlyLog {
    /// The same as a log with nothing but what every log has.
    pub(crate) fn as_log(&self) -> RawLog {
        let Self {
            name,
            key,
            kind,
            url,
            mmd_seconds,
            start_inclusive,
            end_exclusive,
            get_entries_limit,
            align_get_entries,
        } = self.clone();
        RawLog {
            name,
            key,
            kind,
            url,
            mmd_seconds,
            start_inclusive,
            end_exclusive,
            get_entries_limit,
            align_get_entries,
            ..RawLog::default()
        }
    }
}

/// `[log.clock]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawClock {
    /// Milliseconds into the future. 1 to 60,000. Default 1,000: browsers refuse an SCT of the future.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead_ms: Option<u64>,
    /// Milliseconds into the past. 1 to 3,600,000. Default 600,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind_ms: Option<u64>,
}
