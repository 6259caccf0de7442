//! A trial, run: train the net, then measure it. The trial is all that counts: no clock, no thread number, no folder.

use dupin::curvature::{Part, Split, SplitParams};
use dupin::data;
use dupin::ir::{DType, Executor};
use dupin::linop::{Rng, lanczos_quadrature};
use dupin::nn::Loss;
use dupin::train::{Error, Evaluation, State, Trainer, sequential_batches, trace};

use super::plan::Trial;
use super::record::{Layer, Record};
use super::spec::Measure;
use super::{landscape, second_derivative};
use crate::command::traces::{self, Estimator};

/// Points of a density, and the width of its kernel as a share of the spectrum's range.
const DENSITY_POINTS: usize = 241;
const DENSITY_PROBES: usize = 2;

/// Trains and measures.
pub(crate) fn run(executor: &dyn Executor, trial: &Trial, data: &data::Split) -> anyhow::Result<Record> {
    let mut record = Record::default();
    let mut trainer = Trainer::new(executor, trial.train.clone(), data)?;
    let m = &trial.measure;
    record.set("parameters", trainer.network().param_count() as f64);
    for (suffix, share) in shares(executor, &trainer, m, data)? {
        // Of a net that is to be trained this is replaced by what is found after.
        record.set(&format!("second_derivative{suffix}"), share);
    }
    if m.landscape > 0 {
        landscape::measure(executor, trial, data, &mut record)?;
    }
    if !m.trained {
        return Ok(record);
    }
    if m.track {
        curvature(executor, &trainer, trial, data, &mut record, 0.0)?;
    }
    let (mut diverged, mut last) = (false, None);
    for epoch in 1..=trial.train.epochs {
        match trainer.run_epoch(|_, _| {}) {
            Ok(e) => {
                let at = epoch as f64;
                record.push("test_accuracy", at, e.test_accuracy);
                record.push("train_accuracy", at, e.train_accuracy);
                record.push("train_loss", at, e.train_loss);
                record.push("gradient_norm", at, e.gradient_norm);
                record.push("dead_units", at, e.dead_units);
                last = Some(Evaluation { loss: e.test_loss, accuracy: e.test_accuracy, dead_units: e.dead_units });
                if m.track || epoch == trial.train.epochs {
                    curvature(executor, &trainer, trial, data, &mut record, at)?;
                }
            }
            Err(Error::Diverged { .. }) => {
                diverged = true;
                break;
            }
            Err(e) => return Err(e.into()),
        }
    }
    // After a divergence the state is that before the epoch in which the loss ceased to be finite.
    let test = match last.filter(|_| !diverged) {
        Some(test) => test,
        None => trainer.evaluate()?,
    };
    record.set("diverged", f64::from(u8::from(diverged)));
    record.set("test_accuracy", test.accuracy);
    record.set("test_loss", test.loss);
    record.set("dead_units", test.dead_units);
    for name in ["train_accuracy", "train_loss"] {
        let last = record.curves.get(name).and_then(|c| c.last()).map_or(f64::NAN, |p| p.1);
        record.set(name, last);
    }
    for (suffix, share) in shares(executor, &trainer, m, data)? {
        record.set(&format!("second_derivative{suffix}"), share);
    }
    // Hundreds of products: one net of several seeds is enough for a picture.
    if m.spectrum > 0 && trial.train.seed == 0 && !diverged {
        spectra(executor, &trainer, trial, data, &mut record)?;
    }
    Ok(record)
}

fn shares(executor: &dyn Executor, trainer: &Trainer, m: &Measure, data: &data::Split) -> anyhow::Result<Vec<(String, f64)>> {
    if m.second_derivative.is_empty() {
        return Ok(Vec::new());
    }
    let examples = data.test.head(m.examples.min(data.test.len()))?;
    let state = trainer.state()?;
    let shares = second_derivative::shares(executor, trainer.network(), &state, &examples, &m.second_derivative)?;
    // The first threshold is the one that claims are about.
    let name = |i: usize| if i == 0 { String::new() } else { format!("_{}", m.second_derivative[i]) };
    Ok(shares.into_iter().enumerate().map(|(i, s)| (name(i), s)).collect())
}

/// A net's Hessian on a class-balanced part of its training data.
struct Subject<'e> {
    split: Split<'e>,
    state: State,
    batches: Vec<Vec<dupin::ir::Tensor>>,
    loss: Loss,
    dtype: DType,
}

fn subject<'e>(executor: &'e dyn Executor, trainer: &Trainer, trial: &Trial, data: &data::Split) -> anyhow::Result<Subject<'e>> {
    let state = trainer.state()?;
    let count = trial.measure.examples.min(data.train.len());
    let examples = data.train.balanced_head(count)?;
    let loss: Loss = trial.train.loss.parse()?;
    let dtype = trial.train.dtype()?;
    let network = trainer.network();
    let model = trace(network, &loss, count, dtype, false);
    let batches = sequential_batches(network, &examples, count, &state.buffers, dtype)?;
    let params = SplitParams { block: 1, ..SplitParams::default() };
    let split = Split::new(executor, model.traced, &state.params, batches.clone(), params)?;
    Ok(Subject { split, state, batches, loss, dtype })
}

/// Traces, and quotients along the gradient. A net that is close to overflow may have none: it is recorded without them.
fn curvature(
    executor: &dyn Executor,
    trainer: &Trainer,
    trial: &Trial,
    data: &data::Split,
    record: &mut Record,
    epoch: f64,
) -> anyhow::Result<()> {
    if trial.measure.traces == 0 {
        return Ok(());
    }
    let s = subject(executor, trainer, trial, data)?;
    let (probes, seed) = (trial.measure.traces, trial.train.seed);
    let measured = traces::Subject {
        network: trainer.network(),
        loss: &s.loss,
        params: &s.state.params,
        batches: &s.batches,
        dtype: s.dtype,
        train: false,
    };
    if let Ok((t, _)) = traces::measure(executor, &measured, &s.split, Estimator::Auto, probes, seed, |_| {}) {
        for (name, e) in [("trace_hessian", t.hessian), ("trace_gauss_newton", t.gauss_newton), ("trace_nme", t.nme)] {
            record.set(name, e.value);
            record.set(&format!("{name}_std_error"), e.std_error.unwrap_or(f64::NAN));
            if trial.measure.track {
                record.push(name, epoch, e.value);
            }
        }
        let layer = |g: &dupin::curvature::GroupTrace| Layer {
            name: g.name.clone(),
            gauss_newton: g.gauss_newton.value,
            nme: g.nme.value,
        };
        record.layers = t.groups.iter().map(layer).filter(|l| l.gauss_newton.is_finite() && l.nme.is_finite()).collect();
    }
    if let Ok(r) = s.split.gradient().and_then(|(_, g)| s.split.rayleigh(&g)) {
        record.set("along_gradient_gauss_newton", r.gauss_newton);
        record.set("along_gradient_nme", r.nme);
        record.set("nme_share", r.nme.abs() / (r.nme.abs() + r.gauss_newton.abs()));
    }
    Ok(())
}

/// Densities of the eigenvalues of H, G and N by stochastic Lanczos quadrature.
fn spectra(
    executor: &dyn Executor,
    trainer: &Trainer,
    trial: &Trial,
    data: &data::Split,
    record: &mut Record,
) -> anyhow::Result<()> {
    let s = subject(executor, trainer, trial, data)?;
    for part in [Part::Hessian, Part::GaussNewton, Part::Nme] {
        let mut rng = Rng::new(trial.train.seed);
        let Ok(density) = lanczos_quadrature(&s.split.operator(part), DENSITY_PROBES, trial.measure.spectrum, &mut rng) else {
            continue;
        };
        let mass = density.mean_of(|v| if v < 0.0 { -v } else { 0.0 }).value / density.mean_of(f64::abs).value;
        record.set(&format!("negative_mass_{}", part.name()), mass);
        let points = symlog_histogram(&density);
        record.spectra.insert(part.name().into(), points);
    }
    Ok(())
}

/// Eigenvalues per unit of the symmetric logarithmic axis that the figure has: each node of the quadrature is a Gaussian there.
///
/// A kernel of constant width in λ would show either the bulk or the outliers: they differ by three orders of magnitude.
fn symlog_histogram(density: &dupin::linop::Density) -> Vec<(f64, f64)> {
    const LINEAR: f64 = 1e-3;
    const WIDTH: f64 = 0.08;
    let place = |v: f64| (0.5 * v / LINEAR).asinh() / std::f64::consts::LN_10;
    let back = |t: f64| 2.0 * LINEAR * (t * std::f64::consts::LN_10).sinh();
    let nodes: Vec<(f64, f64)> = density
        .quadratures
        .iter()
        .flat_map(|q| q.nodes.iter().zip(&q.weights).map(|(&n, &w)| (place(n), w / density.quadratures.len() as f64)))
        .collect();
    let low = nodes.iter().map(|n| n.0).fold(f64::INFINITY, f64::min) - 4.0 * WIDTH;
    let high = nodes.iter().map(|n| n.0).fold(f64::NEG_INFINITY, f64::max) + 4.0 * WIDTH;
    let norm = density.dim as f64 / (WIDTH * (2.0 * std::f64::consts::PI).sqrt());
    (0..DENSITY_POINTS)
        .map(|i| {
            let t = low + (high - low) * i as f64 / (DENSITY_POINTS - 1) as f64;
            let value: f64 = nodes.iter().map(|(n, w)| w * norm * (-0.5 * ((t - n) / WIDTH).powi(2)).exp()).sum();
            (back(t), value)
        })
        .collect()
}
