//! Charts: data in, a picture out.
//!
//! - [`line::LineChart`]: means over seeds with errors and every seed's value, against a number: accuracy against a radius, training curves.
//! - [`bar::BarChart`]: a few signed quantities per group, as traces of H, G and N per net or layer.
//! - [`density::Density`]: distributions, as of eigenvalues.
//! - [`heat::HeatMap`]: values over a plane with contours, as the loss over two directions.
//!
//! Values that cannot be drawn (NaN, infinite, not positive on a logarithmic axis) are left out, and the picture says so.

pub(crate) mod bar;
pub(crate) mod density;
mod frame;
pub(crate) mod heat;
pub(crate) mod line;

use super::number::with_error;

/// A mean over repetitions with what it was made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// The mean, in the unit of the axis.
    pub(crate) mean: f64,
    /// Its standard error; `None` if it is not known.
    pub(crate) std_error: Option<f64>,
    /// The single values.
    pub(crate) samples: Vec<f64>,
}

impl Measured {
    /// Everything that has to fit on the axis.
    fn values(&self) -> impl Iterator<Item = f64> {
        let error = self.error().unwrap_or(0.0);
        [self.mean, self.mean - error, self.mean + error].into_iter().chain(self.samples.iter().copied())
    }

    /// The error if it can be drawn.
    fn error(&self) -> Option<f64> {
        self.std_error.filter(|e| e.is_finite() && *e > 0.0)
    }

    fn text(&self) -> String {
        with_error(self.mean, self.std_error)
    }
}

/// A note that `count` values of `name` were left out.
fn left_out(count: usize, name: &str) -> Option<String> {
    let of = if name.is_empty() { String::new() } else { format!(" of {name}") };
    match count {
        0 => None,
        1 => Some(format!("1 value{of} cannot be drawn (NaN, infinite or off the axis).")),
        n => Some(format!("{n} values{of} cannot be drawn (NaN, infinite or off the axis).")),
    }
}
