//! What is kept of a trial: numbers by name, so that files, tables and figures need not know what was measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The outcome of a trial. It depends on the trial alone: no time, no thread, no folder is in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Record {
    /// Numbers of the trained net. One that is not finite is left out: JSON has no word for it.
    pub(crate) metrics: BTreeMap<String, f64>,
    /// Numbers along training, by epochs done.
    pub(crate) curves: BTreeMap<String, Vec<(f64, f64)>>,
    /// Traces of the layers.
    pub(crate) layers: Vec<Layer>,
    /// Densities of eigenvalues: places and values.
    pub(crate) spectra: BTreeMap<String, Vec<(f64, f64)>>,
    /// Maps over two weights.
    pub(crate) maps: BTreeMap<String, Map>,
}

/// A layer's share in the traces.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub(crate) struct Layer {
    pub(crate) name: String,
    pub(crate) gauss_newton: f64,
    pub(crate) nme: f64,
}

/// Values over a square of two weights.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub(crate) struct Map {
    /// What the axes are.
    pub(crate) x_label: String,
    pub(crate) y_label: String,
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    /// Row by row, `values[j * x.len() + i]` at `(x[i], y[j])`.
    pub(crate) values: Vec<f64>,
}

impl Record {
    /// Sets a number, unless it is not finite.
    pub(crate) fn set(&mut self, name: &str, value: f64) {
        if value.is_finite() {
            self.metrics.insert(name.into(), value);
        }
    }

    /// Adds to a curve.
    pub(crate) fn push(&mut self, name: &str, x: f64, y: f64) {
        if y.is_finite() {
            self.curves.entry(name.into()).or_default().push((x, y));
        }
    }

    /// A number, NaN if it was not measured or not finite.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        self.metrics.get(name).copied().unwrap_or(f64::NAN)
    }
}
