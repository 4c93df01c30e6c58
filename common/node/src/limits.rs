//! Every bound of the kit in one place; the bounds of messages stand in `ct::limits`.

use std::time::Duration;

/// Deadline of a call that names none.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// Longest deadline that a caller gets, whatever it asks for.
pub const MAX_DEADLINE: Duration = Duration::from_secs(60);

/// Most connections to the internal server.
pub const MAX_RPC_CONNECTIONS: usize = 1024;

/// Most of them from one peer, so that one that runs wild leaves room for the others.
pub const MAX_RPC_CONNECTIONS_OF_A_PEER: usize = 128;

/// Most connections that a node opens to one peer; a call beyond waits for one of them.
pub const MAX_CONNECTIONS_TO_A_PEER: usize = 64;

/// Longest wait for a connection to a peer, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a failure to connect is remembered at least; the greatest is twice this.
pub const UNREACHABLE_MEMORY: Duration = Duration::from_millis(100);

/// How long an unused connection to a peer is kept. The server keeps it longer, so that it is the client who closes.
pub const POOL_IDLE: Duration = Duration::from_secs(30);

/// Longest TLS handshake that a server waits for.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for a request's head, and so for the next request on a kept connection of HTTP/1.1.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection on which nothing moves for so long is closed. No handler may be silent longer.
pub const SILENCE_TIMEOUT: Duration = Duration::from_secs(90);

/// Longest pause inside a body.
pub const BODY_PAUSE: Duration = Duration::from_secs(10);

/// Most connections to a public server.
pub const MAX_PUBLIC_CONNECTIONS: usize = 10_000;

/// Most requests at a time on one HTTP/2 connection.
pub const MAX_STREAMS: u32 = 100;

/// Greatest head of a request.
pub const MAX_HEAD: usize = 64 << 10;

/// Most connections to the administration server.
pub const MAX_ADMIN_CONNECTIONS: usize = 64;

/// Most bytes of a refused body that are read and thrown away, so that its sender gets to see the answer.
pub const MAX_DRAIN: usize = 32 << 20;

/// Longest time spent on that.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a stopping server waits for requests under way.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// Greatest text of an error that a client keeps.
pub const MAX_ERROR_TEXT: usize = 4 << 10;

/// Greatest key, certificate or chain file.
pub const MAX_KEY_FILE: u64 = 1 << 20;

const _: () = assert!(POOL_IDLE.as_secs() < HEADER_TIMEOUT.as_secs(), "the client closes first");
const _: () = assert!(MAX_DEADLINE.as_secs() < SILENCE_TIMEOUT.as_secs(), "no call outlives its connection");
const _: () = assert!(MAX_CONNECTIONS_TO_A_PEER < MAX_RPC_CONNECTIONS_OF_A_PEER);
const _: () = assert!(MAX_RPC_CONNECTIONS_OF_A_PEER < MAX_RPC_CONNECTIONS);
