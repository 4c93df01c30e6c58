//! A command that is run for each line.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Most of its processes at a time, for all logs together.
const MOST: usize = 4;

/// How often it is tried for a line.
const TRIES: u32 = 3;

/// A shell command that gets a line on its standard input. It is run before the line's entries count as read: a monitor
/// that is killed in between runs it again, so it is run at least once for each line.
#[derive(Debug, Clone)]
pub struct Command {
    text: String,
    time: Duration,
    room: Arc<Semaphore>,
}

/// A line for which the command never succeeded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the command failed {TRIES} times for {line}: {reason}")]
pub struct CommandFailure {
    /// The beginning of the line.
    pub line: String,
    /// Why, the last time.
    pub reason: String,
}

impl Command {
    /// `sh -c TEXT`, killed if it takes longer than `time`.
    pub fn new(text: String, time: Duration) -> Self {
        Self { text, time, room: Arc::new(Semaphore::new(MOST)) }
    }

    /// Runs it for all these lines, in any order; for those that it failed for, why.
    pub(crate) async fn run(&self, lines: &[String]) -> Vec<CommandFailure> {
        let mut running = JoinSet::new();
        let mut failures = Vec::new();
        for line in lines {
            if running.len() >= MOST {
                failures.extend(running.join_next().await.and_then(Result::ok).flatten());
            }
            let (this, line) = (self.clone(), line.clone());
            running.spawn(async move { this.run_for(&line).await.err() });
        }
        failures.extend(running.join_all().await.into_iter().flatten());
        failures
    }

    async fn run_for(&self, line: &str) -> Result<(), CommandFailure> {
        // It is never closed.
        let _room = self.room.acquire().await;
        let mut reason = String::new();
        for _ in 0..TRIES {
            match timeout(self.time, self.once(line)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(why)) => reason = why,
                Err(_) => reason = format!("it takes longer than {:?}", self.time),
            }
        }
        Err(CommandFailure { line: line.chars().take(200).collect(), reason })
    }

    async fn once(&self, line: &str) -> Result<(), String> {
        let spawned = tokio::process::Command::new("sh")
            .args(["-c", &self.text])
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = spawned.map_err(|error| error.to_string())?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command need not read what it gets.
            let _ = stdin.write_all(format!("{line}\n").as_bytes()).await;
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(status.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn lines(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("{{\"n\":{n}}}")).collect()
    }

    #[tokio::test]
    async fn every_line_reaches_a_process_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("cat >{}/$$", dir.path().display());
        assert_eq!(Command::new(text, LONG).run(&lines(9)).await, []);
        let files = std::fs::read_dir(dir.path()).unwrap();
        let mut got: Vec<String> = files
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap().trim_end().to_owned())
            .collect();
        got.sort();
        assert_eq!(got, lines(9));
    }

    #[tokio::test]
    async fn a_command_that_fails_is_tried_again_and_then_named() {
        let dir = tempfile::tempdir().unwrap();
        let count = dir.path().join("count");
        let fails_twice = format!("echo >>{0}; test $(wc -l <{0}) -gt 2", count.display());
        assert_eq!(Command::new(fails_twice, LONG).run(&lines(1)).await, []);
        let failures = Command::new("exit 3".to_owned(), LONG).run(&lines(2)).await;
        assert_eq!(failures.len(), 2);
        assert!(
            failures[0].to_string().contains("{\"n\":") && failures[0].reason.contains('3'),
            "{}",
            failures[0]
        );
    }

    #[tokio::test]
    async fn a_command_without_end_is_ended() {
        let failures =
            Command::new("exec sleep 1000".to_owned(), Duration::from_millis(10)).run(&lines(1)).await;
        assert!(failures[0].reason.contains("longer than 10ms"), "{}", failures[0]);
    }
}
