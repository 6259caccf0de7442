//! Curvature along a training run: `dupin train --track`.

use anyhow::bail;
use clap::{Args, ValueEnum};
use dupin::curvature::{Part, Split, SplitParams};
use dupin::data::Dataset;
use dupin::ir::{Buffer, Executor, Tensor};
use dupin::linop::{Distribution, Estimate, LanczosParams, Rng, StoppingRule, Which, frobenius_squared, lanczos};
use dupin::nn::Loss;
use dupin::train::{Trainer, sequential_batches, trace};
use serde::Serialize;

use super::traces::{self, Estimator};

/// What is tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Quantity {
    /// Traces of H, G and N
    Trace,
    /// Largest eigenvalues of H, G and N, and the smallest of H and N
    Top,
    /// Share of N in the squared Frobenius norms, ‖N‖²/(‖G‖² + ‖N‖²)
    Share,
}

/// How a run is watched.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrackArgs {
    /// Measure curvature along the run: any of trace,top,share. Written to curvature.jsonl of the run, one line a time
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) track: Vec<Quantity>,

    /// Steps between measurements; the first is before the first step
    #[arg(long, value_name = "K", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..), requires = "track")]
    pub(crate) every: u64,

    /// Measure on that many examples of the test part, class-balanced: never on those of the training
    #[arg(long, value_name = "N", default_value_t = 250, requires = "track")]
    pub(crate) track_examples: usize,

    /// Random probes (passes of structured ones), the same each time
    #[arg(long, value_name = "K", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..), requires = "track")]
    pub(crate) track_probes: u32,
}

/// Steps of Lanczos for the ends of a spectrum.
const LANCZOS_STEPS: usize = 24;

#[derive(Serialize)]
struct Line {
    step: u64,
    loss: f64,
    gradient_norm: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<[Named<Estimate>; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Top>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<Share>,
}

#[derive(Serialize)]
struct Named<T> {
    matrix: &'static str,
    #[serde(flatten)]
    value: T,
}

#[derive(Serialize)]
struct Top {
    matrix: &'static str,
    end: &'static str,
    eigenvalue: f64,
    residual: f64,
}

#[derive(Serialize)]
struct Share {
    value: f64,
    gauss_newton_squared: Estimate,
    nme_squared: Estimate,
}

/// What is measured, with everything that stays the same between measurements.
pub(crate) struct Tracker<'a> {
    executor: &'a dyn Executor,
    args: TrackArgs,
    loss: Loss,
    data: Dataset,
    seed: u64,
    split: Option<Split<'a>>,
    /// Lines of `curvature.jsonl`.
    pub(crate) lines: String,
}

impl<'a> Tracker<'a> {
    /// A tracker of a run, or none if nothing is to be tracked. `past` are the lines of an interrupted run.
    pub(crate) fn new(
        executor: &'a dyn Executor,
        args: &TrackArgs,
        trainer: &Trainer,
        test: &Dataset,
        past: &str,
    ) -> anyhow::Result<Option<Self>> {
        if args.track.is_empty() {
            return Ok(None);
        }
        if args.track_examples > test.len() {
            bail!("`--track-examples {}` is more than the test part has: {}", args.track_examples, test.len());
        }
        let data = test.balanced_head(args.track_examples)?;
        let (config, step) = (trainer.config(), trainer.step());
        // What was measured after the saved state belongs to work that was lost.
        let of_step = |l: &str| serde_json::from_str::<serde_json::Value>(l).ok()?.get("step")?.as_u64();
        let lines = past.lines().filter(|l| of_step(l).is_some_and(|s| s <= step)).flat_map(|l| [l, "\n"]).collect();
        let loss = config.loss.parse()?;
        Ok(Some(Self { executor, args: args.clone(), loss, data, seed: config.seed, split: None, lines }))
    }

    /// Measures, if it is time to and it was not done yet; whether it did.
    pub(crate) fn look(&mut self, trainer: &Trainer) -> anyhow::Result<bool> {
        let step = trainer.step();
        let known = self.lines.lines().next_back().and_then(|l| serde_json::from_str::<serde_json::Value>(l).ok());
        if !step.is_multiple_of(self.args.every) || known.and_then(|l| l.get("step")?.as_u64()) == Some(step) {
            return Ok(false);
        }
        let line = self.measure(trainer, step)?;
        self.lines.push_str(&serde_json::to_string(&line)?);
        self.lines.push('\n');
        Ok(true)
    }

    fn measure(&mut self, trainer: &Trainer, step: u64) -> anyhow::Result<Line> {
        let (network, dtype) = (trainer.network(), trainer.config().dtype()?);
        let download = |b: &Buffer| self.executor.download(b);
        let params: Vec<Tensor> = trainer.params().iter().map(download).collect::<Result<_, _>>()?;
        let buffers: Vec<Tensor> = trainer.buffers().iter().map(download).collect::<Result<_, _>>()?;
        let batches = sequential_batches(network, &self.data, self.data.len(), &buffers, dtype)?;
        if let Some(split) = &mut self.split {
            split.move_all(&params, &buffers)?;
        } else {
            let model = trace(network, &self.loss, self.data.len(), dtype, false);
            self.split = Some(Split::new(self.executor, model.traced, &params, batches.clone(), SplitParams::default())?);
        }
        let split = self.split.as_ref().expect("it was made above");
        let (loss, gradient) = split.gradient()?;
        let wants = |q: Quantity| self.args.track.contains(&q);
        let probes = self.args.track_probes as usize;
        let traces = if wants(Quantity::Trace) {
            let subject = traces::Subject { network, loss: &self.loss, params: &params, batches: &batches, dtype, train: false };
            let (t, _) = traces::measure(self.executor, &subject, split, Estimator::Auto, probes, self.seed, |_| {})?;
            let named = |part: Part, value| Named { matrix: part.name(), value };
            Some([named(Part::Hessian, t.hessian), named(Part::GaussNewton, t.gauss_newton), named(Part::Nme, t.nme)])
        } else {
            None
        };
        let top = wants(Quantity::Top).then(|| self.ends(split)).transpose()?;
        let share = wants(Quantity::Share).then(|| self.share(split, probes)).transpose()?;
        Ok(Line { step, loss, gradient_norm: dupin::linop::vector::norm(&gradient), trace: traces, top, share })
    }

    fn ends(&self, split: &Split) -> anyhow::Result<Vec<Top>> {
        let mut ends = Vec::new();
        for part in Part::ALL {
            let which = if part == Part::GaussNewton { Which::Largest } else { Which::Both };
            let steps = LANCZOS_STEPS.min(split.dim());
            let pairs = lanczos(
                &split.operator(part),
                &LanczosParams { which, count: 1, steps, tolerance: 1e-3, seed: self.seed, ..LanczosParams::default() },
            )?;
            for (i, (&eigenvalue, &residual)) in pairs.values.iter().zip(&pairs.residual_norms).enumerate() {
                ends.push(Top { matrix: part.name(), end: if i == 0 { "largest" } else { "smallest" }, eigenvalue, residual });
            }
        }
        Ok(ends)
    }

    fn share(&self, split: &Split, probes: usize) -> anyhow::Result<Share> {
        let square = |part: Part| {
            let rule = StoppingRule::products(probes);
            frobenius_squared(&split.operator(part), Distribution::Rademacher, &rule, &mut Rng::new(self.seed))
        };
        let (g, n) = (square(Part::GaussNewton)?, square(Part::Nme)?);
        let total = g.value + n.value;
        let value = if total > 0.0 { n.value / total } else { 0.0 };
        Ok(Share { value, gauss_newton_squared: g, nme_squared: n })
    }
}
