//! Named accidents. Each was found by an exhaustive model of this protocol without the rule that forbids it, or happened
//! to a log that lacked the rule; each is told again here, with the rule in force. The tags are those of the model's runs.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod catching_up;
mod clocks;
mod collect;
mod damage;
mod diverged;
mod growth;
mod hand;
mod heads;
mod law;
mod members;
mod promises;
mod reign;
mod signing;
mod storms;
mod terms;
mod unheard;
