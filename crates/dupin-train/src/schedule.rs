//! Learning-rate schedules: a linear warm-up, then constant or cosine.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Shape of the learning rate after warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Stays at its peak.
    Constant,
    /// Half a cosine from the peak to 0 (Loshchilov & Hutter, 2017, without restarts).
    Cosine,
}

impl Schedule {
    /// Factor of the peak learning rate at `step` of `steps`, of which the first `warmup` rise linearly.
    ///
    /// ```
    /// use dupin_train::Schedule;
    /// assert_eq!(Schedule::Cosine.factor(0, 100, 0), 1.0);
    /// assert!((Schedule::Cosine.factor(50, 100, 0) - 0.5).abs() < 1e-15);
    /// assert_eq!(Schedule::Constant.factor(0, 100, 4), 0.25);
    /// ```
    pub fn factor(self, step: usize, steps: usize, warmup: usize) -> f64 {
        if step < warmup {
            return (step + 1) as f64 / warmup as f64;
        }
        match self {
            Self::Constant => 1.0,
            Self::Cosine => {
                let t = (step - warmup) as f64 / (steps - warmup).max(1) as f64;
                0.5 * (1.0 + (std::f64::consts::PI * t).cos())
            }
        }
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "constant" => Ok(Self::Constant),
            "cosine" => Ok(Self::Cosine),
            _ => Err(Error::setting("schedule", text, "it must be `cosine` or `constant`")),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
        })
    }
}
