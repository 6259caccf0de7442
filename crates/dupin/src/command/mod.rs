//! One command a file: parse, compute, record, draw.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod devices;
pub(crate) mod diag;
mod dump;
pub(crate) mod eigs;
mod lanczos_file;
pub(crate) mod landscape;
mod measure;
pub(crate) mod report;
pub(crate) mod reproduce;
pub(crate) mod runs;
pub(crate) mod spectrum;
pub(crate) mod split;
pub(crate) mod subject;
pub(crate) mod sweep;
pub(crate) mod trace;
pub(crate) mod traces;
pub(crate) mod track;
pub(crate) mod train;
pub(crate) mod watch;
