//! Learning-rate schedules: a linear warm-up, then constant, cosine, linear or steps.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::objective::Options;

/// Shape of the learning rate after warm-up.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Stays at its peak.
    Constant,
    /// Half a cosine from the peak to `floor` times it (Loshchilov & Hutter, 2017, without restarts).
    Cosine {
        /// Share of the peak that is left at the end.
        floor: f64,
    },
    /// A line from the peak to `floor` times it.
    Linear {
        /// Share of the peak that is left at the end.
        floor: f64,
    },
    /// Times `factor` at each of some epochs.
    Step {
        /// What it is multiplied by.
        factor: f64,
        /// Epochs after which it is, warm-up counted.
        at: Vec<f64>,
    },
}

/// The steps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Of all epochs.
    pub steps: usize,
    /// Of one epoch.
    pub per_epoch: usize,
    /// During which the rate rises.
    pub warmup: usize,
}

impl Schedule {
    /// Factor of the peak learning rate at `step` of a run.
    ///
    /// ```
    /// use dupin_train::{Schedule, Span};
    /// let run = Span { steps: 100, per_epoch: 10, warmup: 0 };
    /// let factor = |text: &str, step| text.parse::<Schedule>().map(|s| s.factor(step, run));
    /// assert_eq!(factor("cosine", 0)?, 1.0);
    /// assert!((factor("cosine", 50)? - 0.5).abs() < 1e-15);
    /// assert_eq!(factor("linear:floor=0.5", 50)?, 0.75);
    /// assert_eq!(factor("step:at=3/6,factor=0.5", 60)?, 0.25);
    /// assert_eq!(Schedule::Constant.factor(0, Span { warmup: 4, ..run }), 0.25);
    /// # Ok::<(), dupin_train::Error>(())
    /// ```
    pub fn factor(&self, step: usize, run: Span) -> f64 {
        if step < run.warmup {
            return (step + 1) as f64 / run.warmup as f64;
        }
        let t = (step - run.warmup) as f64 / (run.steps - run.warmup).max(1) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Cosine { floor } => floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * t).cos()),
            Self::Linear { floor } => 1.0 - (1.0 - floor) * t,
            Self::Step { factor, at } => {
                let done = at.iter().filter(|&&epoch| step as f64 >= epoch * run.per_epoch as f64).count();
                factor.powi(done as i32)
            }
        }
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, options) = text.split_once(':').unwrap_or((text, ""));
        let mut o = Options::read("schedule", text, options)?;
        let schedule = match name {
            "constant" => Self::Constant,
            "cosine" => Self::Cosine { floor: o.share_or("floor", 0.0)? },
            "linear" => Self::Linear { floor: o.share_or("floor", 0.0)? },
            "step" => {
                let at = o.take("at").unwrap_or_default();
                let epoch = |t: &str| t.parse().ok().filter(|v: &f64| v.is_finite() && *v > 0.0);
                let at: Option<Vec<f64>> = at.split('/').map(epoch).collect();
                let at = at.ok_or_else(|| o.fail("`at` must be epochs, such as `step:at=30/60/80`".into()))?;
                Self::Step { factor: o.positive_if_given("factor")?.unwrap_or(0.1), at }
            }
            _ => {
                let known =
                    "it must be `constant`, `cosine[:floor=F]`, `linear[:floor=F]` or `step:at=EPOCH/EPOCH...[,factor=F]`";
                return Err(Error::setting("schedule", text, known));
            }
        };
        o.finish()?;
        Ok(schedule)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Cosine { floor: 0.0 } => f.write_str("cosine"),
            Self::Cosine { floor } => write!(f, "cosine:floor={floor}"),
            Self::Linear { floor } => write!(f, "linear:floor={floor}"),
            Self::Step { factor, at } => {
                let at: Vec<String> = at.iter().map(ToString::to_string).collect();
                write!(f, "step:at={},factor={factor}", at.join("/"))
            }
        }
    }
}
