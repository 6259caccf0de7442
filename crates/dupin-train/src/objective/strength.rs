//! How strong a regularizer is, at each time of a run.

use std::f64::consts::PI;
use std::fmt;

use dupin_ir::prim::CompareOp;
use dupin_ir::{Builder, Value};

use super::Context;

/// How a strength goes from one value to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Linear,
    /// Half a cosine: flat at both ends.
    Cosine,
}

const SHAPES: [(&str, Shape); 2] = [("linear", Shape::Linear), ("cosine", Shape::Cosine)];

/// A number that is 0 or positive: always the same, or scheduled over the run.
///
/// `0.1` is constant. `linear(0..0.1)` and `cosine(0..0.1)` go from the first value to the second over the run, `linear(0..0.1)@0.2..0.5` between
/// those shares of it, constant before and after; `linear(0..0.1)@0.5..0.5` is a switch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength {
    from: f64,
    /// Where it goes, from which share of the run to which.
    to: Option<(Shape, f64, [f64; 2])>,
}

impl Strength {
    /// Always `value`.
    pub fn constant(value: f64) -> Self {
        // `+ 0.0` makes a negative zero a plain one.
        Self { from: value + 0.0, to: None }
    }

    /// Reads one; `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |t: &str| t.trim().parse().ok().filter(|v: &f64| v.is_finite() && *v >= 0.0).map(|v| v + 0.0);
        let range = |t: &str| t.split_once("..").and_then(|(a, b)| Some([number(a)?, number(b)?]));
        if let Some(value) = number(text) {
            return Some(Self::constant(value));
        }
        let (shape, rest) = SHAPES.iter().find_map(|s| Some((s.1, text.strip_prefix(s.0)?.strip_prefix('(')?)))?;
        let (values, window) = rest.split_once(')')?;
        let [from, to] = range(values)?;
        let window = match window {
            "" => [0.0, 1.0],
            _ => range(window.strip_prefix('@')?).filter(|[a, b]| a <= b && *b <= 1.0)?,
        };
        Some(Self { from, to: Some((shape, to, window)) })
    }

    /// Its value when `progress` of the run is done.
    pub fn at(&self, progress: f64) -> f64 {
        let Some((shape, to, [start, end])) = self.to else { return self.from };
        let t = if progress >= end { 1.0 } else { ((progress - start) / (end - start)).max(0.0) };
        let share = match shape {
            Shape::Linear => t,
            Shape::Cosine => 0.5 * (1.0 - (PI * t).cos()),
        };
        self.from + (to - self.from) * share
    }

    /// `factor · strength · x`, tensor by tensor: [`Strength::at`] as an expression of the graph, so that a schedule needs no other program.
    pub(super) fn times(&self, b: &mut Builder, step: &Context, factor: f64, x: &[Value]) -> Vec<Value> {
        let Some((shape, to, [start, end])) = self.to else {
            return x.iter().map(|&v| b.scale(v, factor * self.from)).collect();
        };
        let progress = step.progress();
        let (zero, one) = (b.splat_like(progress, 0.0), b.splat_like(progress, 1.0));
        let t = if start == end {
            let start = b.splat_like(progress, start);
            let over = b.compare(CompareOp::Ge, progress, start);
            b.select(over, one, zero)
        } else {
            let t = b.shift(progress, -start);
            let t = b.scale(t, 1.0 / (end - start));
            let t = b.max(t, zero);
            b.min(t, one)
        };
        let share = match shape {
            Shape::Linear => t,
            Shape::Cosine => {
                let angle = b.scale(t, PI);
                let cos = b.cos(angle);
                let fall = b.sub(one, cos);
                b.scale(fall, 0.5)
            }
        };
        let value = b.scale(share, factor * (to - self.from));
        let value = b.shift(value, factor * self.from);
        x.iter().map(|&v| b.scale_by(v, value)).collect()
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((shape, to, window)) = self.to else { return write!(f, "{}", self.from) };
        let word = SHAPES.iter().find(|s| s.1 == shape).expect("every shape has a word").0;
        write!(f, "{word}({}..{to})", self.from)?;
        if window == [0.0, 1.0] { Ok(()) } else { write!(f, "@{}..{}", window[0], window[1]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_go_from_one_value_to_the_other_in_their_window() {
        let at = |text: &str, t: f64| Strength::parse(text).unwrap().at(t);
        assert_eq!([0.0, 0.5, 0.9].map(|t| at("0.25", t)), [0.25; 3]);
        assert_eq!([0.0, 0.25, 1.0].map(|t| at("linear(1..3)", t)), [1.0, 1.5, 3.0]);
        assert_eq!([0.0, 0.2, 0.5, 0.8].map(|t| at("linear(0..4)@0.25..0.75", t)), [0.0, 0.0, 2.0, 4.0]);
        assert_eq!([0.0, 0.4999, 0.5, 0.8].map(|t| at("linear(2..0)@0.5..0.5", t)), [2.0, 2.0, 0.0, 0.0]);
        let half = [0.0, 0.25, 0.5, 1.0].map(|t| at("cosine(0..2)", t));
        for (value, expected) in half.iter().zip([0.0, 1.0 - 0.5f64.sqrt(), 1.0, 2.0]) {
            assert!((value - expected).abs() < 1e-15, "{half:?}");
        }
    }

    #[test]
    fn what_is_no_strength_is_refused() {
        for text in [
            "",
            "-1",
            "nan",
            "linear",
            "linear(0)",
            "linear(0..-1)",
            "linear(0..1",
            "cosine(0..1)@",
            "cosine(0..1)@0.5..0.2",
            "cosine(0..1)@0..2",
        ] {
            assert!(Strength::parse(text).is_none(), "{text}");
        }
    }
}
