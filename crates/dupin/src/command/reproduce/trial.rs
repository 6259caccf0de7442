//! One net: train it, split its Hessian.

use std::fmt::Write as _;

use dupin::cpu::Cpu;
use dupin::curvature::{Split, SplitParams};
use dupin::data;
use dupin::ir::DType;
use dupin::linop::{Ended, Estimate};
use dupin::nn::Loss;
use dupin::train::{Error, TrainConfig, Trainer, sequential_batches, trace};
use serde::Serialize;

use super::super::traces::{self, Estimator};
use super::grid::{Settings, Trial};

/// What came of a trial.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) trial: Trial,
    pub(crate) objective: String,
    /// Whether the loss became infinite or NaN; what follows then is of the state before that epoch.
    pub(crate) diverged: bool,
    pub(crate) test_accuracy: f64,
    pub(crate) test_loss: f64,
    /// Of the last epoch.
    pub(crate) train_accuracy: f64,
    pub(crate) train_loss: f64,
    /// Test accuracy after every epoch.
    pub(crate) accuracy_by_epoch: Vec<f64>,
    /// Share of units that are positive for no test example.
    pub(crate) dead_units: f64,
    pub(crate) trace_hessian: Estimate,
    pub(crate) trace_gauss_newton: Estimate,
    pub(crate) trace_nme: Estimate,
    /// `gᵀAg/gᵀg` along the gradient.
    pub(crate) along_gradient_gauss_newton: f64,
    pub(crate) along_gradient_nme: f64,
}

impl Outcome {
    pub(crate) fn label(&self) -> String {
        format!("{} {} {}", self.trial.net, self.trial.activation, self.objective)
    }
}

/// Trains and measures. Deterministic: the trial and the settings are all that counts.
pub(crate) fn run(executor: &Cpu, settings: &Settings, trial: &Trial, data: &data::Split) -> anyhow::Result<Outcome> {
    let config = TrainConfig {
        model: trial.model.into(),
        activation: trial.activation.into(),
        init: settings.init.into(),
        data: settings.data.into(),
        objective: trial.objective(),
        epochs: settings.epochs,
        batch: settings.batch,
        learning_rate: settings.learning_rate,
        momentum: settings.momentum,
        schedule: settings.schedule.into(),
        seed: trial.seed,
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(executor, config, data)?;
    let mut diverged = false;
    let (mut train_accuracy, mut train_loss) = (f64::NAN, f64::NAN);
    let mut accuracy_by_epoch = Vec::new();
    for _ in 0..settings.epochs {
        match trainer.run_epoch(|_, _| {}) {
            Ok(m) => {
                (train_accuracy, train_loss) = (m.train_accuracy, m.train_loss);
                accuracy_by_epoch.push(m.test_accuracy);
            }
            Err(Error::Diverged { .. }) => {
                diverged = true;
                break;
            }
            Err(e) => return Err(e.into()),
        }
    }
    let test = trainer.evaluate()?;
    let state = trainer.state()?;

    let examples = data.train.balanced_head(settings.split_examples)?;
    let loss: Loss = "ce".parse()?;
    let network = trainer.network();
    let model = trace(network, &loss, settings.split_examples, DType::F32, false);
    let batches = sequential_batches(network, &examples, settings.split_examples, &state.buffers, DType::F32)?;
    let params = SplitParams { block: 1, ..SplitParams::default() };
    let split = Split::new(executor, model.traced, &state.params, batches.clone(), params)?;
    let measured =
        traces::Subject { network, loss: &loss, params: &state.params, batches: &batches, dtype: DType::F32, train: false };
    // A net that is close to overflow may have no traces: it is reported without them.
    let traces = traces::measure(executor, &measured, &split, Estimator::Auto, settings.split_probes, trial.seed, |_| {}).ok();
    let traces = traces.map(|t| t.0);
    let along = split.gradient().and_then(|(_, g)| split.rayleigh(&g)).ok();
    let unknown = Estimate { value: f64::NAN, std_error: None, samples: 0, matvecs: 0, estimator: "none", ended: Ended::Budget };
    Ok(Outcome {
        trial: trial.clone(),
        objective: trial.objective(),
        diverged,
        test_accuracy: test.accuracy,
        test_loss: test.loss,
        train_accuracy,
        train_loss,
        accuracy_by_epoch,
        dead_units: test.dead_units,
        trace_hessian: traces.as_ref().map_or(unknown, |t| t.hessian),
        trace_gauss_newton: traces.as_ref().map_or(unknown, |t| t.gauss_newton),
        trace_nme: traces.as_ref().map_or(unknown, |t| t.nme),
        along_gradient_gauss_newton: along.map_or(f64::NAN, |r| r.gauss_newton),
        along_gradient_nme: along.map_or(f64::NAN, |r| r.nme),
    })
}

/// One line per trial.
pub(crate) fn csv(outcomes: &[Outcome]) -> String {
    let mut out = String::from(
        "net,model,activation,objective,rho,seed,diverged,test_accuracy,test_loss,train_accuracy,train_loss,dead_units,\
         trace_hessian,trace_gauss_newton,trace_gauss_newton_std_error,trace_nme,trace_nme_std_error,along_gradient_gauss_newton,along_gradient_nme\n",
    );
    let error = |e: &Estimate| e.std_error.map_or_else(String::new, |v| v.to_string());
    for o in outcomes {
        let t = &o.trial;
        let _ = writeln!(
            out,
            "{},\"{}\",{},\"{}\",{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            t.net,
            t.model,
            t.activation,
            o.objective,
            t.rho,
            t.seed,
            o.diverged,
            o.test_accuracy,
            o.test_loss,
            o.train_accuracy,
            o.train_loss,
            o.dead_units,
            o.trace_hessian.value,
            o.trace_gauss_newton.value,
            error(&o.trace_gauss_newton),
            o.trace_nme.value,
            error(&o.trace_nme),
            o.along_gradient_gauss_newton,
            o.along_gradient_nme,
        );
    }
    out
}
