//! The best traces that a network allows, for every command that shows some.

use clap::ValueEnum;
use dupin::curvature::{Outside, Split, SplitTraces, StructuredOutcome, StructuredParams, structured, traces as hutchinson};
use dupin::ir::{DType, Executor, Tensor};
use dupin::linop::{Estimate, Rng};
use dupin::nn::{Loss, Network};
use dupin::train::trace;

use super::subject::loss_root;
use crate::output;

/// How traces are estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Estimator {
    /// Structured probes if the network is of their class, else Hutchinson's
    Auto,
    /// Structured probes: noise per example and layer, far less of it
    Structured,
    /// Hutchinson's estimator: any network
    Hutchinson,
}

/// A network, where it stands and what it is measured on.
pub(crate) struct Subject<'a> {
    pub(crate) network: &'a Network,
    pub(crate) loss: &'a Loss,
    pub(crate) params: &'a [Tensor],
    pub(crate) batches: &'a [Vec<Tensor>],
    pub(crate) dtype: DType,
    /// Whether normalisation takes the statistics of the batch.
    pub(crate) train: bool,
}

/// Traces from `probes` probes (or passes), and why structured ones were not possible, if they were wanted. `progress` is given shares.
pub(crate) fn measure(
    executor: &dyn Executor,
    subject: &Subject,
    split: &Split,
    estimator: Estimator,
    probes: usize,
    seed: u64,
    progress: impl Fn(f64),
) -> anyhow::Result<(SplitTraces, Option<Outside>)> {
    let mut why = None;
    if estimator != Estimator::Hutchinson {
        let batch = subject.batches.first().map_or(1, |b| b[1].len());
        let model = trace(subject.network, subject.loss, batch, subject.dtype, subject.train);
        let root = loss_root(subject.loss, model.traced.data[2]);
        let settings = StructuredParams { passes: probes, seed, exact_gauss_newton: false };
        let total = (subject.batches.len() * probes) as f64;
        let outcome = structured(executor, model.traced, &root, subject.params, subject.batches, settings, |done| {
            progress(done as f64 / total);
        })?;
        match outcome {
            StructuredOutcome::Traces(t) => return Ok((t.split, None)),
            StructuredOutcome::Outside(outside) if estimator == Estimator::Structured => {
                anyhow::bail!("structured probes cannot measure `{}`: {outside}", subject.network.spec());
            }
            StructuredOutcome::Outside(outside) => why = Some(outside),
        }
    }
    let t = hutchinson(split, probes, &mut Rng::new(seed), |done| progress(done as f64 / probes as f64))?;
    Ok((t, why))
}

/// What is said below a table of traces and eigenvalues: what the errors are, why the traces are not more precise, how long it took.
pub(super) fn notes(e: &Estimate, draws: &str, not_structured: Option<&str>, seconds: f64) -> String {
    let errors = format!(
        "± is one standard error for traces ({}, {} probes, {draws}) and the residual norm for eigenvalues (Lanczos).",
        e.estimator, e.matvecs
    );
    let why = not_structured.map(|why| format!("Structured probes would be more precise, but do not apply: {why}."));
    let lines: Vec<String> = [Some(errors), why, Some(output::duration(seconds))].into_iter().flatten().collect();
    lines.join("\n")
}
