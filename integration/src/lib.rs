//! Whole-cluster tests of Wolffish: the machines in a simulator and in an exhaustive exploration, the processes as an operator runs
//! them.

pub mod cluster;
pub mod files;
pub mod hammer;
pub mod load;
pub mod model;
pub mod net;
pub mod sim;
pub mod spread;
