//! What `up` tells: programs in `up.json`, people on standard output.

use crate::check::summary;
use crate::upfile::{Interval, UpFile, UpLog, UpNode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use config::init::{TEST_CA_CERTIFICATE_FILE, TEST_CA_KEY_FILE, node_dir, spki_base64};
use config::{Cluster, LogFacts};
use ct::names::{NodeName, Role};
use std::path::{Path, PathBuf};

/// Where a node's output goes.
pub fn log_file(dir: &Path, node: &NodeName) -> PathBuf {
    dir.join("log").join(format!("{node}.log"))
}

/// `up.json`, no node running yet; `dir` is absolute.
pub fn up_file(cluster: &Cluster, dir: &Path) -> UpFile {
    let node = |node: &config::Node| UpNode {
        name: node.name().clone(),
        role: node.role(),
        pid: None,
        address: node.address().map(ToString::to_string).unwrap_or_default(),
        state_dir: node_dir(dir, node.name()),
        log_file: log_file(dir, node.name()),
    };
    UpFile {
        logs: cluster.logs().iter().map(|log| live_log(cluster, log, dir)).collect(),
        read_only_logs: cluster.read_only_logs().iter().map(|log| up_log(cluster, log.facts())).collect(),
        nodes: cluster.nodes().iter().filter(|node| node.role() != Role::Operator).map(node).collect(),
    }
}

fn live_log(cluster: &Cluster, log: &config::Log, dir: &Path) -> UpLog {
    let test_ca = log.test_ca().map_or_else(|| dir.join(TEST_CA_CERTIFICATE_FILE), Path::to_owned);
    UpLog {
        test_ca_cert: Some(test_ca),
        test_ca_key: Some(dir.join(TEST_CA_KEY_FILE)),
        ..up_log(cluster, log.facts())
    }
}

fn up_log(cluster: &Cluster, log: &LogFacts) -> UpLog {
    let publics = cluster.nodes_of(Role::Frontend).filter_map(config::Node::public);
    UpLog {
        name: log.name().clone(),
        urls: publics.map(|public| format!("http://{public}/{}", log.name())).collect(),
        key: spki_base64(log.key()),
        log_id: STANDARD.encode(log.log_id()),
        mmd: log.mmd().as_secs(),
        temporal_interval: log.window().map(|window| {
            let (start_inclusive, end_exclusive) = window.to_rfc3339();
            Interval { start_inclusive, end_exclusive }
        }),
        test_ca_cert: None,
        test_ca_key: None,
    }
}

/// What to do next: every line with a command works as it stands.
pub fn welcome(cluster: &Cluster, file: &UpFile, command: &str, dir: &str) -> String {
    let mut text = format!("\nThe cluster is up: {}.\n\nLogs:\n", summary(cluster));
    let all = || file.logs.iter().chain(&file.read_only_logs);
    let widest = all().map(|log| log.name.as_str().len()).max().unwrap_or(0);
    let line = |log: &UpLog| format!("  {:widest$}  {}", log.name.as_str(), log.urls.join("  "));
    for log in &file.logs {
        text.push_str(&format!("{}\n", line(log)));
    }
    for log in &file.read_only_logs {
        text.push_str(&format!("{}  (read-only)\n", line(log)));
    }
    let url = file.logs.first().and_then(|log| log.urls.first()).map_or("", String::as_str);
    text.push_str(&format!(
        "\nTry:\n  \
         curl {url}/ct/v1/get-sth\n  \
         {command} submit --dir {dir} --new 20 --wait\n  \
         {command} get sth --dir {dir}\n  \
         {command} status --dir {dir}\n\n\
         Node output is in {dir}/log. Ctrl-C stops the cluster; its data stays in {dir}.\n"
    ));
    text
}

/// A path that a shell reads as one word.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_path_as_one_word() {
        assert_eq!(quoted(Path::new("target/release/wolffish")), "target/release/wolffish");
        assert_eq!(quoted(Path::new("my data")), "'my data'");
        assert_eq!(quoted(Path::new("it's")), r"'it'\''s'");
    }
}
