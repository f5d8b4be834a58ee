//! The annotator's work: labels a person gave, what is left to look at, and the way back.

pub mod document;
pub mod edit_kind;
pub mod history;
pub mod saved;

pub mod audit;
pub mod doubt;
pub mod queue;
pub mod queue_filter;
pub mod segments;

pub mod edges;
pub mod stroke;

pub mod pace;
pub mod rows;

#[cfg(test)]
mod edit_sequences;
#[cfg(test)]
mod people_sequences;
