//! Every bound of the way from a submission to its SCT in one place (docs/protocol.md, F5).

use ct::limits::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_SUBMISSION_BODY};
use std::time::Duration;

/// Longest wait for a promise; then the client is asked to come again.
pub const SUBMISSION_DEADLINE: Duration = Duration::from_secs(5);

/// Longest wait for a storage node's fsync of a batch. One that takes longer counts as failed for that batch.
pub const STORE_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest wait for a signer's batch: two can be tried within the deadline of a submission.
pub const SIGN_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest wait for a node's Status, and the pause between two looks.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause between two looks at a node.
pub const PROBE_PAUSE: Duration = Duration::from_secs(1);

/// Promises under way at a time.
pub const MAX_IN_FLIGHT: usize = 8192;

/// Promises that are remembered until their entry is in the tree: an hour at 27 a second, and some 40 MB. One that is
/// forgotten earlier is found again at storage.
pub const MAX_RECENT: usize = 100_000;

/// Entries that wait for one storage node.
pub const MAX_QUEUE: usize = 8192;

/// Bytes that wait for one storage node. One that hangs must not fill this node's memory.
pub const MAX_QUEUE_BYTES: usize = 64 << 20;

/// Bytes of submissions in memory at a time, as JSON, over all logs.
pub const MAX_SUBMISSION_BYTES: usize = 128 << 20;

/// Longest time for the body of a submission to arrive.
pub const BODY_TIME: Duration = Duration::from_secs(20);

/// Issuers that one storage node is known to have, before that is forgotten and asked anew. A log has some hundred.
pub const MAX_KNOWN_ISSUERS: usize = 4096;

/// One SCT in so many is verified, and the first of a signer after its start or a failure. A check costs three times
/// what the signature cost (86 µs against 29 µs), the signer is known by its pinned key, and every storage node verifies
/// before it keeps the SCT. What the sample is for, a signer with a wrong key or a broken module, fails every time.
pub const SCT_SAMPLE: u64 = 64;

/// Pause in which SCTs are gathered before storage nodes are told of them: nobody waits for it.
pub const SCT_PAUSE: Duration = Duration::from_millis(50);

/// SCTs that wait to be told; further ones are dropped, and signed again should anybody ask.
pub const MAX_SCT_QUEUE: usize = 8192;

const _: () = assert!(STORE_TIMEOUT.as_millis() < SUBMISSION_DEADLINE.as_millis());
const _: () = assert!(2 * SIGN_TIMEOUT.as_millis() < SUBMISSION_DEADLINE.as_millis());
const _: () = assert!(MAX_QUEUE_BYTES > MAX_BATCH_BYTES && MAX_QUEUE > MAX_BATCH_ENTRIES);
const _: () = assert!(MAX_SUBMISSION_BYTES > 100 * MAX_SUBMISSION_BODY);
