//! Work of one command on several machines: who does what, and what each has done.

pub mod manifest;
pub mod shard;
