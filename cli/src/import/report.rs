//! What an import says at its end.

use crate::{moment, out};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::Log;
use ct::names::{LogName, NodeName};
use ct::sth::VerifiedSth;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What was done.
pub struct Report {
    /// What the copy is called.
    pub name: LogName,
    /// The log that was copied.
    pub log: Log,
    /// The STH that is shown from now on.
    pub sth: VerifiedSth,
    /// Entries that this run fetched.
    pub fetched: u64,
    /// Accepted roots that were saved.
    pub roots: Option<usize>,
    /// The frontends that have a copy.
    pub nodes: Vec<NodeName>,
    /// What was written into which `cluster.toml`.
    pub added: Option<(PathBuf, String)>,
}

impl Report {
    /// Prints it, as JSON if that is wanted; `dir` is the directory of the `up`.
    pub fn print(&self, as_json: bool, dir: Option<&Path>) {
        if as_json {
            return out::line(self.json());
        }
        let (head, urls) = (self.sth.head(), self.log.urls());
        let nodes: Vec<&str> = self.nodes.iter().map(NodeName::as_str).collect();
        let (size, fetched, nodes) = (head.tree_size, self.fetched, nodes.join(", "));
        if let Some((file, table)) = &self.added {
            out::line(format_args!("added to {}:\n\n{table}", file.display()));
        }
        let source = urls.first().map_or("", |url| url.as_str());
        out::line(format_args!("{}: {size} entries of {source}, {fetched} fetched now", self.name));
        out::line(format_args!("  tree head of {}", moment::show_millis(head.timestamp)));
        out::line(format_args!("  root {} read back from disk at {nodes}", STANDARD.encode(head.root_hash)));
        if let Some(dir) = dir {
            out::line(format_args!("  served by `wolffish up --dir {}`", dir.display()));
        }
    }

    fn json(&self) -> serde_json::Value {
        let head = self.sth.head();
        json!({
            "name": self.name,
            "log_id": STANDARD.encode(self.log.log_id()),
            "urls": self.log.urls().iter().map(|url| url.as_str()).collect::<Vec<_>>(),
            "tree_size": head.tree_size,
            "timestamp": head.timestamp,
            "sha256_root_hash": STANDARD.encode(head.root_hash),
            "fetched": self.fetched,
            "roots": self.roots,
            "nodes": self.nodes,
            "added_to": self.added.as_ref().map(|(file, _)| file),
            "verified": true,
        })
    }
}
