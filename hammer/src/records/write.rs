//! Writing records: one thread, one file, many lines for each sync.

use super::RecordsError;
use super::line::{Line, RunLine};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// Lines that wait to be written. Whoever records more waits too.
const WAITING: usize = 8192;
/// How long lines are gathered before they are synced together. The disk is often the one that is measured.
const GATHER: Duration = Duration::from_millis(50);

/// The longest line that a run begins with.
const MAX_FIRST: u64 = 1 << 20;

/// A records file, open for appending.
#[derive(Debug)]
pub struct RecordsFile {
    recorder: Recorder,
    writer: JoinHandle<Result<(), RecordsError>>,
}

/// Hands lines to the writer.
#[derive(Debug, Clone)]
pub struct Recorder {
    lines: mpsc::Sender<Line>,
    durable: Arc<AtomicU64>,
}

impl RecordsFile {
    /// Opens or makes the file, and begins a run in it. A line that a crash cut off is ended, so that it stays alone.
    pub fn open(path: &Path, run: RunLine) -> Result<Self, RecordsError> {
        let failed = |action| move |error| RecordsError::Io { action, path: path.to_owned(), error };
        let mut file =
            OpenOptions::new().create(true).read(true).append(true).open(path).map_err(failed("open"))?;
        same_log(&mut file, path, &run)?;
        end_line(&mut file).map_err(failed("end the last line of"))?;
        write(&mut file, &[Line::Run(run)]).map_err(failed("write"))?;
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync the directory of"))?;
        let (sender, lines) = mpsc::channel(WAITING);
        let durable = Arc::new(AtomicU64::new(0));
        let (path, counter) = (path.to_owned(), Arc::clone(&durable));
        let writer = std::thread::spawn(move || gather(file, path, lines, &counter));
        Ok(Self { recorder: Recorder { lines: sender, durable }, writer })
    }

    /// Whoever records needs one of these.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// Ends the file, once every [`Recorder`] is gone and all that they recorded is durable. Answers how many lines that
    /// is.
    pub fn close(self) -> Result<u64, RecordsError> {
        let durable = Arc::clone(&self.recorder.durable);
        drop(self.recorder);
        match self.writer.join() {
            Ok(written) => written.map(|()| durable.load(Ordering::Acquire)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Recorder {
    /// Records from a thread of its own.
    pub fn record_blocking(&self, line: Line) -> Result<(), RecordsError> {
        self.lines.blocking_send(line).map_err(|_| RecordsError::Ended)
    }

    /// Records from a task.
    pub async fn record(&self, line: Line) -> Result<(), RecordsError> {
        self.lines.send(line).await.map_err(|_| RecordsError::Ended)
    }

    /// How many lines are on disk.
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }
}

fn gather(
    mut file: File,
    path: PathBuf,
    mut lines: mpsc::Receiver<Line>,
    durable: &AtomicU64,
) -> Result<(), RecordsError> {
    while let Some(first) = lines.blocking_recv() {
        std::thread::sleep(GATHER);
        let mut batch = vec![first];
        while batch.len() < WAITING
            && let Ok(line) = lines.try_recv()
        {
            batch.push(line);
        }
        write(&mut file, &batch).map_err(|error| RecordsError::Io {
            action: "write",
            path: path.clone(),
            error,
        })?;
        durable.fetch_add(batch.len() as u64, Ordering::Release);
    }
    Ok(())
}

/// Everything is on disk when this comes back.
fn write(file: &mut File, lines: &[Line]) -> io::Result<()> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    file.write_all(&text)?;
    file.sync_data()
}

/// Refuses a file that speaks of another log: what is found out at the end of a run cannot be helped any more.
fn same_log(file: &mut File, path: &Path, run: &RunLine) -> Result<(), RecordsError> {
    let failed = |error| RecordsError::Io { action: "read", path: path.to_owned(), error };
    let mut first = String::new();
    BufReader::new(Read::by_ref(file)).take(MAX_FIRST).read_line(&mut first).map_err(failed)?;
    if first.is_empty() {
        return Ok(());
    }
    match serde_json::from_str(&first) {
        Ok(Line::Run(found)) if found.log_id == run.log_id => Ok(()),
        Ok(Line::Run(found)) => {
            let (found, expected) = (STANDARD.encode(found.log_id.0), STANDARD.encode(&run.log_id.0));
            Err(RecordsError::OtherLog { path: path.to_owned(), found, expected })
        }
        _ => {
            let reason = "not a records file: no run begins in it".to_owned();
            Err(RecordsError::Line { path: path.to_owned(), line: 1, reason })
        }
    }
}

fn end_line(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}
