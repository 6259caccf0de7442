//! Data sets: embedded, from files of many kinds; kept small and batched with weights in a fixed order.
//!
//! - [`load`] turns a name such as `digits`, `fashion-mini@2000` or `mnist:DIR` into a [`Split`] of a training and a
//!   test [`Dataset`]; [`list`] says which names there are. Three data sets are part of the crate and need no file.
//! - [`idx`] reads the file format of MNIST and Fashion-MNIST, [`cifar`] that of CIFAR, [`npz`] arrays of NumPy, [`images`] folders of
//!   JPEG and PNG files; [`text`] cuts texts into windows. Each distrusts every byte.
//! - [`BatchPlan`] cuts a data set into batches of one fixed size. Every batch carries a weight per example, so that
//!   padding counts nothing and a mean over the data set has no ragged-batch error.
//! - [`Augmentation`] changes training examples at random, and [`Epoch::prefetch`] makes batches ahead in threads; neither
//!   the number of threads nor a break changes a bit.
//!
//! Invariants: a [`Dataset`] is never empty, its values are finite and its labels are below its number of classes.
//! The order of everything depends on arguments alone, never on the clock, the platform or the number of threads.
//!
//! # Examples
//! ```
//! let data = dupin_data::load("digits")?;
//! assert_eq!((data.train.len(), data.test.len()), (1437, 360));
//! let plan = dupin_data::BatchPlan::shuffled(data.train.len(), 64, 7, dupin_data::LastBatch::Drop)?;
//! let batch = plan.epoch(0).batch(&data.train, 3)?; // the same batch in every run
//! assert_eq!(batch.inputs.floats().len(), 64 * 8 * 8);
//! # Ok::<(), dupin_data::Error>(())
//! ```

mod augment;
mod batches;
pub mod cifar;
mod dataset;
mod describe;
mod embedded;
mod error;
#[cfg(feature = "fetch")]
mod fetch;
mod folder;
pub mod idx;
pub mod images;
pub mod npz;
mod pixels;
mod prefetch;
mod registry;
mod remote;
mod rng;
mod spec;
pub mod text;
mod values;

pub use augment::{Augmentation, AugmentationProblem};
pub use batches::{Batch, BatchPlan, Epoch, LastBatch, MAX_BATCH, Mixed};
pub use dataset::{Dataset, ExampleShape, Inputs, Pixels, Split};
pub use error::{DatasetProblem, Error, IdxProblem};
#[cfg(feature = "fetch")]
pub use fetch::{FetchError, FetchProblem, Progress, fetch};
pub use folder::load_folder;
pub use pixels::{Moments, PixelScaling};
pub use prefetch::Prefetch;
pub use registry::{Entry, Presence, list, load, load_from};
pub use remote::{Remote, RemoteFile, remote};
pub use values::Rows;
