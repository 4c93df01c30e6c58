//! Every bound of the log in one place, with the arithmetic that ties them together.

/// Greatest body of an add-chain or add-pre-chain request, in bytes; CTFE's figure, and enough for post-quantum chains.
pub const MAX_SUBMISSION_BODY: usize = 512_000;

/// Most certificates in a submitted chain, and most issuers of a stored entry (its root may be one that was left out).
pub const MAX_CHAIN_LEN: usize = 32;

/// Greatest DER certificate: what fits base64-encoded into a submission.
pub const MAX_CERTIFICATE: usize = MAX_SUBMISSION_BODY * 3 / 4;

/// Greatest encoded entry: leaf, precertificate, fingerprints, SCT.
pub const MAX_ENTRY: usize = 2 * MAX_CERTIFICATE + MAX_CHAIN_LEN * 32 + 1024;

/// Most entries in one get-entries answer.
pub const MAX_GET_ENTRIES: u64 = 1000;

/// Most entries in one internal batch.
pub const MAX_BATCH_ENTRIES: usize = 1000;

/// Bytes of entries after which an internal batch is sent.
pub const MAX_BATCH_BYTES: usize = 4 << 20;

/// Greatest internal request or response body: a full batch, one entry past its byte bound, and its issuers.
pub const MAX_INTERNAL_BODY: usize = 16 << 20;

/// Greatest control message (JSON).
pub const MAX_CONTROL_BODY: usize = 1 << 20;

/// Most order records in one SendLog.
pub const MAX_SEND_LOG: usize = 10_000;

/// Most positions in one FetchNewEntries answer.
pub const MAX_FETCH: usize = 10_000;

/// Most new entries that one merge cycle orders.
pub const MAX_CYCLE_ENTRIES: usize = 10_000;

/// Unpublished entries at a storage node after which it takes no more.
pub const MAX_BACKLOG: usize = 1_000_000;

/// Greatest rise of a term in one repair: a hostile maximum would lock the log for ever.
pub const MAX_TERM_STEP: u64 = 1 << 20;

const _: () = assert!(MAX_CERTIFICATE < 1 << 24, "a certificate fits its V24");
const _: () = assert!(MAX_CHAIN_LEN * 32 < 1 << 16, "a chain of fingerprints fits its V16");
const _: () = assert!(MAX_BATCH_BYTES + MAX_ENTRY + MAX_SUBMISSION_BODY * 4 < MAX_INTERNAL_BODY);
const _: () = assert!(MAX_SEND_LOG * 64 < MAX_CONTROL_BODY);
