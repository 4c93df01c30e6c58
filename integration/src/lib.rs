//! Whole-cluster tests of Wolffish: the machines in a simulator, the processes as an operator runs them.

pub mod cluster;
pub mod load;
pub mod sim;
pub mod spread;
