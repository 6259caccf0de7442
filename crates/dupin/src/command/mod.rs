//! One command a file: parse, compute, record, draw.

pub(crate) mod bench;
pub(crate) mod data;
mod dump;
pub(crate) mod reproduce;
pub(crate) mod split;
mod traces;
pub(crate) mod train;
