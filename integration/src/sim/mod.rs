//! The machines of all roles under one seeded scheduler: a network that loses, delays and repeats, disks that fill up and
//! fail, clocks that go wrong, nodes that crash before and after their commits, and checkers that look at every promise
//! and every signature (docs/simulation.md).
//!
//! One seed gives one history. Nothing here sleeps, reads a clock or asks the system for randomness.

pub mod check;
pub mod clock;
pub mod disk;
pub mod fault;
pub mod history;
pub mod options;
pub mod plant;
pub mod repair;
pub mod submit;
pub mod trace;
pub mod words;
pub mod world;

pub use options::Options;
pub use world::World;
