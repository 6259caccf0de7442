//! Data sets: embedded, IDX files; decoded and batched with weights in a fixed order.
//!
//! - [`load`] turns a name such as `digits`, `fashion-mini@2000` or `mnist:DIR` into a [`Split`] of a training and a
//!   test [`Dataset`]; [`list`] says which names there are. Two data sets are part of the crate and need no file.
//! - [`idx`] reads the file format of MNIST and Fashion-MNIST, and distrusts every byte of it.
//! - [`BatchPlan`] cuts a data set into batches of one fixed size. Every batch carries a weight per example, so that
//!   padding counts nothing and a mean over the data set has no ragged-batch error.
//!
//! Invariants: a [`Dataset`] is never empty, its values are finite and its labels are below its number of classes.
//! The order of everything depends on arguments alone, never on the clock, the platform or the number of threads.
//!
//! # Examples
//! ```
//! let data = dupin_data::load("digits")?;
//! assert_eq!((data.train.len(), data.test.len()), (1437, 360));
//! let plan = dupin_data::BatchPlan::shuffled(data.train.len(), 64, 7, dupin_data::LastBatch::Drop)?;
//! let batch = plan.epoch(0).batch(&data.train, 3); // the same batch in every run
//! assert_eq!(batch.inputs.len(), 64 * 8 * 8);
//! # Ok::<(), dupin_data::Error>(())
//! ```

mod batches;
mod dataset;
mod embedded;
mod error;
mod folder;
pub mod idx;
mod pixels;
mod registry;
mod rng;

pub use batches::{Batch, BatchPlan, Epoch, LastBatch, MAX_BATCH};
pub use dataset::{Dataset, ExampleShape, Inputs, Split};
pub use error::{DatasetProblem, Error, IdxProblem};
pub use folder::load_folder;
pub use pixels::PixelScaling;
pub use registry::{Entry, list, load};
