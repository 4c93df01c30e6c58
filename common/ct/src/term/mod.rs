//! Terms: who may order and sign, who may vote, and what a vote says (docs/protocol.md, T1–T16).

mod certificate;
mod change;
#[cfg(test)]
mod change_tests;
mod endorse;
mod guard;
mod release;
mod stop;
#[cfg(test)]
mod tests;
mod voters;
mod word;
#[cfg(test)]
mod word_tests;

pub use certificate::{CertificateError, EarlierChange, TermBody, TermCertificate, Trust};
pub use change::{Change, ChangeError};
pub use endorse::{Endorsement, Proposal, QuorumError, SignedProposal, check_quorum};
pub use guard::{Guard, Standing};
pub use release::{Release, SignedRelease};
pub use stop::{AcceptedHead, Ballot, Choice, ChoiceError, SignedStopReply, StopReply};
pub use voters::{FormerVoter, Incarnation, RunId, Voter, Voters, VotersError};
pub use word::OperatorWord;
