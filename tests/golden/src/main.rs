//! Runs the networks on given inputs.
fn main() {}
