//! Experiments as data: files that say what is asked and how it is decided, trials made of them, a store of their records.
//!
//! | module | what |
//! |---|---|
//! | `spec` | the format of a file, its reader |
//! | `plan` | from a file and a scale to trials |
//! | `trial` | a trial, run: trained and measured |
//! | `record` | what is kept of it |
//! | `store` | SQLite: who runs which trial, and the records |
//! | `pool` | workers |
//! | `statistics`, `verdict` | means over seeds, intervals, the rules of claims |
//! | `session` | a folder of trials: enter, run, collect, write |
//! | `figure`, `page`, `export` | pictures, the report, CSV and JSON |

pub(crate) mod export;
pub(crate) mod figure;
mod landscape;
pub(crate) mod library;
mod page;
pub(crate) mod plan;
pub(crate) mod pool;
pub(crate) mod record;
mod second_derivative;
pub(crate) mod session;
pub(crate) mod spec;
pub(crate) mod statistics;
pub(crate) mod store;
mod trial;
pub(crate) mod verdict;
