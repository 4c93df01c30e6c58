//! The machines of all roles under one seeded scheduler: a network that loses, delays and repeats, nodes that crash
//! before and after their commits, and checkers that look at every promise and every signature.
//!
//! One seed gives one history. Nothing here sleeps, reads a clock or asks the system for randomness.

pub mod check;
pub mod disk;
pub mod repair;
pub mod submit;
pub mod world;

pub use world::{Options, World};
