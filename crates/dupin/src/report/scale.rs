//! Axes: how a value becomes a place on a line, and which values get a tick.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged};

use super::number::{fixed, leading_exponent};

/// Largest magnitude that can be drawn: beyond it the width of a range overflows.
const LARGEST: f64 = 1e300;
/// Ticks that fit an axis of our charts without touching.
const TICKS: usize = 6;

/// How values are laid out along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Equal differences are equally far apart.
    Linear,
    /// Equal ratios are equally far apart; values that are not positive cannot be drawn.
    Log,
    /// Logarithmic in both directions away from zero and linear within `±linear`: `asinh(x / 2·linear)`.
    ///
    /// Meant for spectra of indefinite matrices. A `linear` that is not positive is replaced by the smallest magnitude in the data.
    SymLog {
        /// Magnitude below which the axis is linear, in the unit of the axis.
        linear: f64,
    },
    /// These values equally far apart in this order, as for radii `0, 0.05, 0.1`; others cannot be drawn.
    Categorical(Vec<f64>),
}

/// One axis of a chart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    /// What is measured, and its unit in parentheses.
    pub(crate) label: String,
    /// How.
    pub(crate) scale: Scale,
}

impl Axis {
    /// An axis with equal differences equally far apart.
    pub(crate) fn linear(label: &str) -> Self {
        Self { label: label.into(), scale: Scale::Linear }
    }

    /// An axis on which only these values occur, each a category.
    pub(crate) fn categorical(label: &str, values: &[f64]) -> Self {
        Self { label: label.into(), scale: Scale::Categorical(values.to_vec()) }
    }
}

/// A scale fitted to data: the mapping that is drawn.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    scale: Scale,
    /// Ends in the transformed coordinate.
    low: f64,
    high: f64,
}

impl Fitted {
    /// The scale with room for `values`, of which those that cannot be drawn are ignored. `include` is added where it can be drawn.
    pub(super) fn new(scale: &Scale, values: impl Iterator<Item = f64>, include: Option<f64>) -> Self {
        let values: Vec<f64> = values.filter(|v| v.is_finite() && v.abs() <= LARGEST).collect();
        let scale = match scale {
            Scale::SymLog { linear } if !(*linear > 0.0 && linear.is_finite()) => {
                let smallest = values.iter().map(|v| v.abs()).filter(|&v| v > 0.0).fold(f64::INFINITY, f64::min);
                Scale::SymLog { linear: if smallest.is_finite() { smallest } else { 1.0 } }
            }
            other => other.clone(),
        };
        if let Scale::Categorical(list) = &scale {
            // Half a step of margin on both sides.
            let high = list.len().max(1) as f64 - 0.5;
            return Self { scale, low: -0.5, high };
        }
        let mut fitted = Self { scale, low: f64::INFINITY, high: f64::NEG_INFINITY };
        for v in values.into_iter().chain(include) {
            if let Some(t) = fitted.transform(v) {
                fitted.low = fitted.low.min(t);
                fitted.high = fitted.high.max(t);
            }
        }
        if fitted.low > fitted.high {
            (fitted.low, fitted.high) = (0.0, 1.0);
        }
        let (span, size) = (fitted.high - fitted.low, fitted.low.abs().max(fitted.high.abs()));
        // Equal values, or equal but for rounding, get a range of their own.
        if span <= size * 1e-9 || span < LARGEST.recip() {
            let half = if matches!(fitted.scale, Scale::Linear) && size > LARGEST.recip() { 0.1 * size } else { 0.5 };
            fitted.low -= half;
            fitted.high += half;
        }
        fitted
    }

    /// The same with a margin of a share of its length at both ends, except at an end that lies at `edge`, as bars stand on zero.
    pub(super) fn padded(mut self, share: f64, edge: Option<f64>) -> Self {
        if !matches!(self.scale, Scale::Categorical(_)) {
            let margin = share * (self.high - self.low);
            let edge = edge.and_then(|e| self.transform(e));
            self.low -= if edge == Some(self.low) { 0.0 } else { margin };
            self.high += if edge == Some(self.high) { 0.0 } else { margin };
        }
        self
    }

    /// The place of `value` in the coordinate in which the axis is linear; `None` if it has none.
    pub(super) fn transform(&self, value: f64) -> Option<f64> {
        if !value.is_finite() || value.abs() > LARGEST {
            return None;
        }
        match &self.scale {
            Scale::Linear => Some(value),
            Scale::Log => (value > 0.0).then(|| value.log10()),
            Scale::SymLog { linear } => Some((0.5 * value / linear).asinh() / std::f64::consts::LN_10).filter(|t| t.is_finite()),
            Scale::Categorical(list) => list.iter().position(|&c| c == value).map(|i| i as f64),
        }
    }

    /// The value at a place.
    pub(super) fn inverse(&self, place: f64) -> f64 {
        match &self.scale {
            Scale::Linear => place,
            Scale::Log => 10_f64.powf(place),
            Scale::SymLog { linear } => 2.0 * linear * (place * std::f64::consts::LN_10).sinh(),
            Scale::Categorical(list) => list.get(place.round().max(0.0) as usize).copied().unwrap_or(f64::NAN),
        }
    }

    /// Ticks: value and label, in increasing order of place, all within the range.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let ticks = match &self.scale {
            Scale::Linear => linear_ticks(self.low, self.high),
            Scale::Log => self.log_ticks(),
            Scale::SymLog { linear } => self.symlog_ticks(*linear),
            Scale::Categorical(list) => list.iter().map(|&v| (v, number(v))).collect(),
        };
        let inside = |v: f64| self.transform(v).is_some_and(|t| t >= self.low && t <= self.high);
        ticks.into_iter().filter(|(v, _)| inside(*v)).collect()
    }

    fn log_ticks(&self) -> Vec<(f64, String)> {
        let decades = decades(self.low, self.high);
        let marks = match decades.len() {
            0 | 1 => {
                let fine = linear_ticks(10_f64.powf(self.low), 10_f64.powf(self.high));
                return if fine.len() >= 2 { fine } else { decades.into_iter().map(power).collect() };
            }
            2 | 3 => decades.into_iter().flat_map(|d| [1.0, 2.0, 5.0].map(|m| m * 10_f64.powi(d))).collect(),
            n => decades.into_iter().step_by(n.div_ceil(TICKS)).map(|d| 10_f64.powi(d)).collect::<Vec<_>>(),
        };
        marks.into_iter().map(|v| (v, number(v))).collect()
    }

    fn symlog_ticks(&self, linear: f64) -> Vec<(f64, String)> {
        let first = linear.log10().ceil();
        let decades_above = |t: f64| {
            let top = (2.0 * linear * (t * std::f64::consts::LN_10).sinh()).min(LARGEST).log10();
            if top.is_nan() { Vec::new() } else { decades(first, top) }
        };
        let (up, down) = (decades_above(self.high), decades_above(-self.low));
        let step = (up.len() + down.len()).div_ceil(TICKS).max(1);
        // The same decades on both sides, counted from the outermost.
        let outermost = up.last().max(down.last()).copied().unwrap_or(0);
        let kept = |d: &&i32| (outermost - **d) % step as i32 == 0;
        let negative = down.iter().rev().filter(kept).map(|&d| power(d)).map(|(v, l)| (-v, format!("−{l}")));
        let positive = up.iter().filter(kept).map(|&d| power(d));
        negative.chain([(0.0, "0".to_string())]).chain(positive).collect()
    }
}

impl Ranged for Fitted {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    /// Values without a place are mapped to the start; callers ask [`Fitted::transform`] first.
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let t = self.transform(*value).unwrap_or(self.low);
        let share = (t - self.low) / (self.high - self.low);
        (f64::from(limit.0) + share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks().into_iter().map(|t| t.0).collect()
    }

    /// In the transformed coordinate.
    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

/// Whole powers of ten between two exponents.
fn decades(low: f64, high: f64) -> Vec<i32> {
    ((low - 1e-9).ceil() as i32..=(high + 1e-9).floor() as i32).collect()
}

/// Multiples of 1, 2 or 5 times a power of ten that cut the range into at most six steps.
fn linear_ticks(low: f64, high: f64) -> Vec<(f64, String)> {
    let raw = (high - low) / TICKS as f64;
    let magnitude = 10_f64.powi(leading_exponent(raw, 17));
    let Some(step) = [1.0, 2.0, 5.0, 10.0].map(|m| m * magnitude).into_iter().find(|s| *s >= raw && *s > 0.0) else {
        return Vec::new(); // a range too narrow for its numbers
    };
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    let places = (-leading_exponent(step, 1)).max(0) as usize;
    let label = |v: f64| {
        let size = low.abs().max(high.abs());
        if (1e-4..1e5).contains(&size) { minus(&fixed(v, places)) } else { number(v) }
    };
    // Counted in whole steps, so that errors do not add up.
    (first..=last).take(2 * TICKS).map(|i| i as f64 * step).map(|v| (v, label(v))).collect()
}

fn power(decade: i32) -> (f64, String) {
    let v = 10_f64.powi(decade);
    (v, number(v))
}

/// The shortest way to write a tick: `0.05`, `12`, `10⁶`, `2×10⁻⁷`.
pub(super) fn number(v: f64) -> String {
    if v == 0.0 || !v.is_finite() || (1e-3..1e5).contains(&v.abs()) {
        // Twelve digits hide the rounding of a multiple.
        let text = format!("{v:.12}");
        return minus(if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text });
    }
    let text = format!("{v:.5e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = minus(mantissa.trim_end_matches('0').trim_end_matches('.'));
    let exponent: String = exponent.chars().map(superscript).collect();
    match mantissa.as_str() {
        "1" => format!("10{exponent}"),
        "−1" => format!("−10{exponent}"),
        _ => format!("{mantissa}×10{exponent}"),
    }
}

/// A minus sign as wide as a digit for the hyphen that Rust prints; none before a zero.
fn minus(text: &str) -> String {
    match text.strip_prefix('-') {
        Some("0") => "0".into(),
        Some(rest) => format!("−{rest}"),
        None => text.into(),
    }
}

fn superscript(c: char) -> char {
    match c {
        '-' => '⁻',
        _ => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][c.to_digit(10).unwrap_or(0) as usize],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale, values: &[f64]) -> Vec<String> {
        Fitted::new(scale, values.iter().copied(), None).ticks().into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(&Scale::Linear, &[0.0, 1.0]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Scale::Linear, &[-3.0, 12.0]), ["0", "5", "10"]);
        assert_eq!(labels(&Scale::Linear, &[0.0, 3e6]), ["0", "5×10⁵", "10⁶", "1.5×10⁶", "2×10⁶", "2.5×10⁶", "3×10⁶"]);
        assert_eq!(labels(&Scale::Log, &[1e-3, 1e2]), ["0.001", "0.01", "0.1", "1", "10", "100"]);
        assert_eq!(labels(&Scale::Log, &[1.0, 50.0]), ["1", "2", "5", "10", "20", "50"]);
        assert_eq!(labels(&Scale::Log, &[3.1, 3.4]), ["3.10", "3.15", "3.20", "3.25", "3.30", "3.35", "3.40"]);
        assert_eq!(labels(&Scale::Categorical(vec![0.0, 0.05, 0.1]), &[]), ["0", "0.05", "0.1"]);
        assert_eq!(labels(&Scale::SymLog { linear: 0.1 }, &[-10.0, 100.0]), ["−1", "0", "1", "100"]);
    }

    #[test]
    fn symlog_is_odd_and_linear_near_zero() {
        let f = Fitted::new(&Scale::SymLog { linear: 1.0 }, [-1e6, 1e6].into_iter(), None);
        let t = |v: f64| f.transform(v).unwrap();
        assert_eq!(t(-3.0), -t(3.0));
        // asinh(y) = y − y³/6 + …, so the secants of 1e-3 and 2e-3 agree to a part in 1e6.
        assert!((t(2e-3) / t(1e-3) - 2.0).abs() < 1e-6);
        // and asinh(y) = ln 2y + 1/4y² − …: from 1e5 to 1e6 one decade, to a part in 1e10.
        assert!((t(1e6) - t(1e5) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn every_range_of_numbers_has_an_axis() {
        let hostile: [&[f64]; 10] = [
            &[],
            &[f64::NAN, f64::INFINITY],
            &[0.0],
            &[5.0, 5.0],
            &[1e6, 1e6 + 1e-9],
            &[-1e300, 1e300],
            &[f64::MAX, f64::MIN],
            &[5e-324, 1e-320],
            &[1e-300, 1e300],
            &[-1e-308, 1e-308],
        ];
        let scales = [
            Scale::Linear,
            Scale::Log,
            Scale::SymLog { linear: 0.0 },
            Scale::SymLog { linear: 1e-5 },
            Scale::Categorical(vec![]),
        ];
        for scale in scales {
            for values in hostile {
                let f = Fitted::new(&scale, values.iter().copied(), None).padded(0.05, None);
                assert!(f.low < f.high && (f.high - f.low).is_finite(), "{scale:?} {values:?}: {f:?}");
                let ticks = f.ticks();
                assert!(ticks.len() <= 2 * TICKS, "{scale:?} {values:?}: {ticks:?}");
                for &v in values {
                    if f.transform(v).is_some() {
                        assert!((0..=1000).contains(&f.map(&v, (0, 1000))), "{scale:?} {v}");
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_of_ticks_are_short() {
        let shown = [0.1 + 0.2, -2.0, 1e6, -1e-7, 2.5e7, 1e5, 1234.5].map(number);
        assert_eq!(shown, ["0.3", "−2", "10⁶", "−10⁻⁷", "2.5×10⁷", "10⁵", "1234.5"]);
    }
}
