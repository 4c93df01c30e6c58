//! Signals to the process of a node, and to no other: its number comes from a file that may be old, and numbers are used
//! again. So a handle on the process is taken first, then its command line is read, and only the handle is signalled.

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::path::PathBuf;

/// Why a node was not signalled.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It is gone.
    #[error("process {pid} of {node} is gone")]
    Gone {
        /// Which node.
        node: String,
        /// Its number.
        pid: u32,
    },
    /// The process is something else.
    #[error("process {pid} is not `wolffish run {role} … --node {node}`: {found:?}; it is left alone")]
    NotTheNode {
        /// Which node it should be.
        node: String,
        /// Which role it should have.
        role: String,
        /// Its number.
        pid: u32,
        /// Its command line.
        found: String,
    },
    /// The system says no.
    #[error("cannot signal process {pid} of {node}: {error}")]
    System {
        /// Which node.
        node: String,
        /// Its number.
        pid: u32,
        /// What the system says.
        error: Errno,
    },
}

/// The process of a node, held so that no other can take its place.
#[derive(Debug)]
pub struct Target {
    handle: OwnedFd,
    node: String,
    pid: u32,
}

impl Target {
    /// Takes hold of a node's process, if it is that.
    pub fn hold(node: &str, role: &str, pid: u32) -> Result<Self, ProcessError> {
        let gone = || ProcessError::Gone { node: node.to_owned(), pid };
        let number = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
        let handle = pidfd_open(number, PidfdFlags::empty()).map_err(|error| match error {
            Errno::SRCH => gone(),
            error => ProcessError::System { node: node.to_owned(), pid, error },
        })?;
        let line = std::fs::read(PathBuf::from(format!("/proc/{pid}/cmdline"))).map_err(|_| gone())?;
        if !is_node(&line, node, role) {
            let (node, role) = (node.to_owned(), role.to_owned());
            let found = String::from_utf8_lossy(&line).replace('\0', " ");
            return Err(ProcessError::NotTheNode { node, role, pid, found });
        }
        Ok(Self { handle, node: node.to_owned(), pid })
    }

    /// Ends it at once.
    pub fn kill(&self) -> Result<(), ProcessError> {
        self.signal(Signal::KILL)
    }

    /// Makes it stand still, until the answer is dropped.
    pub fn stop(self) -> Result<Stopped, ProcessError> {
        self.signal(Signal::STOP)?;
        Ok(Stopped { target: self })
    }

    fn signal(&self, signal: Signal) -> Result<(), ProcessError> {
        let (node, pid) = (self.node.clone(), self.pid);
        pidfd_send_signal(&self.handle, signal).map_err(|error| match error {
            Errno::SRCH => ProcessError::Gone { node, pid },
            error => ProcessError::System { node, pid, error },
        })
    }
}

/// A process that stands still. It goes on when this is dropped, whatever the reason: the end of its time, of the run, or a
/// panic.
#[derive(Debug)]
pub struct Stopped {
    target: Target,
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // It fails only if the process is gone.
        let _ = self.target.signal(Signal::CONT);
    }
}

/// Whether this command line (arguments that each end in a zero byte) is that of the node.
fn is_node(line: &[u8], node: &str, role: &str) -> bool {
    let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let run = arguments.get(1..3).is_some_and(|pair| pair == [b"run".as_slice(), role.as_bytes()]);
    run && arguments.windows(2).any(|pair| pair == [b"--node".as_slice(), node.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::process::{Child, Command, Stdio};

    /// A shell that calls itself a node, and waits.
    fn pretend(arguments: &[&str]) -> Child {
        let mut child = Command::new("/bin/sh");
        child.arg0("wolffish").args(["-c", "read line", "sh"]).args(arguments).stdin(Stdio::piped());
        child.spawn().unwrap()
    }

    fn state(pid: u32) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat[stat.rfind(')').unwrap()..].chars().nth(2).unwrap()
    }

    fn until(pid: u32, wanted: impl Fn(char) -> bool) {
        let begun = std::time::Instant::now();
        while !wanted(state(pid)) {
            assert!(begun.elapsed().as_secs() < 60, "process {pid} stays in state {}", state(pid));
            std::thread::yield_now();
        }
    }

    #[test]
    fn only_the_node_is_recognised() {
        let line = |text: &str| text.replace(' ', "\0").into_bytes();
        let good = line("/x/wolffish run merge --cluster c --node merge-1 --state s ");
        assert!(is_node(&good, "merge-1", "merge"));
        for (node, role) in [("merge-2", "merge"), ("merge", "merge"), ("merge-1", "storage"), ("c", "merge")]
        {
            assert!(!is_node(&good, node, role), "{node} {role}");
        }
        for other in ["", "sh", "vi run merge", "run merge --node merge-1", "vi x run merge --node merge-1"] {
            assert!(!is_node(&line(other), "merge-1", "merge"), "{other}");
        }
    }

    #[test]
    fn another_process_is_left_alone() {
        let mut child = pretend(&["run", "merge", "--node", "merge-1"]);
        // Its arguments are those of the shell, so it is not the node.
        let error = Target::hold("merge-1", "merge", child.id()).unwrap_err();
        assert!(matches!(error, ProcessError::NotTheNode { .. }), "{error}");
        child.kill().unwrap();
        child.wait().unwrap();
        let error = Target::hold("merge-1", "merge", child.id()).unwrap_err();
        assert!(matches!(error, ProcessError::Gone { .. }), "{error}");
    }

    #[test]
    fn a_stopped_process_goes_on_even_after_a_panic() {
        let mut child = pretend(&[]);
        let pid = child.id();
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        let target = Target { handle, node: "n".to_owned(), pid };
        let panicked = std::thread::spawn(move || {
            let _stopped = target.stop().unwrap();
            until(pid, |state| state == 'T');
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(panicked.join().is_err());
        until(pid, |state| state != 'T');
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        Target { handle, node: "n".to_owned(), pid }.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }
}
