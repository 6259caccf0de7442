//! Sharpness-regularized objectives, optimizers, schedules, the training loop and checkpoints.
//!
//! An [`Objective`] writes its update direction as expressions of the graph that the loss is in; direction, optimizer, running
//! statistics and metrics are one program, compiled once and run per step.

mod batch;
mod checkpoint;
mod config;
mod diverged;
mod error;
mod evaluate;
mod model;
pub mod objective;
pub mod optimizer;
mod schedule;
mod state;
mod step;
mod trainer;

pub use batch::{example_tensor, prepare, sequential_batches};
pub use checkpoint::{Loaded, SavedNetwork, load_network, load_state, previous, save_average, save_model, save_state};
pub use config::TrainConfig;
pub use error::Error;
pub use evaluate::{Evaluation, Evaluator};
pub use model::{TracedModel, trace, trace_targets};
pub use objective::Objective;
pub use schedule::{Schedule, Span};
pub use state::{EpochSums, Slot, State};
pub use step::{StepMetrics, StepParams, StepProgram};
pub use trainer::{EpochMetrics, Memory, Trainer};
