//! Terms: who may order and sign, who may vote, and what a vote says (docs/protocol.md, T1–T12).

mod certificate;
mod endorse;
mod guard;
mod stop;
#[cfg(test)]
mod tests;
mod voters;

pub use certificate::{CertificateError, TermBody, TermCertificate, Trust};
pub use endorse::{Endorsement, Proposal, QuorumError, SignedProposal, check_quorum};
pub use guard::{Guard, Standing};
pub use stop::{AcceptedHead, Choice, ChoiceError, SignedStopReply, StopReply, choose};
pub use voters::{Incarnation, RunId, Voter, Voters, VotersError};
