//! Claims of the paper, and the rules that decide them. Rules are code: the same for every run, whatever it shows.
//!
//! One of them was changed after a first run had been looked at: C2 compares the penalty with SAM only at radii at which SAM itself trains.
//! Without that, radii at which both had collapsed counted as agreement.

use serde::Serialize;

use super::grid::Method;
use super::statistics::Summary;
use super::trial::Outcome;

/// What the numbers say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The interval lies on the claim's side.
    Supported,
    /// The interval excludes an effect of the size that was asked for.
    Refuted,
    /// Neither: too few seeds, or an effect too small to tell.
    Open,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Refuted => "refuted",
            Self::Open => "open",
        }
    }
}

/// A claim, decided for one net.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Claim {
    pub(crate) id: &'static str,
    pub(crate) net: &'static str,
    /// What is claimed, in plain words.
    pub(crate) text: &'static str,
    /// What was compared.
    pub(crate) measure: &'static str,
    /// How the verdict follows.
    pub(crate) rule: String,
    pub(crate) verdict: Verdict,
    /// One value per seed.
    pub(crate) effect: Summary,
    pub(crate) interval: Option<(f64, f64)>,
    pub(crate) numbers: String,
}

/// The smallest difference in accuracy that is called an effect.
const MARGIN: f64 = 0.01;
/// How far SAM's accuracy may fall behind plain SGD's at a radius that is used to compare the penalty with SAM.
const TRAINS: f64 = 0.05;
/// The smallest share of the curvature along the gradient that is called more than negligible.
const SHARE: f64 = 0.05;

/// What a claim predicts to be large, as a function of one seed's outcomes.
struct Question {
    id: &'static str,
    claim: &'static str,
    measure: &'static str,
    threshold: f64,
    unit: Unit,
    effect: fn(&Seed) -> Option<f64>,
}

#[derive(Clone, Copy)]
enum Unit {
    Points,
    Percent,
}

impl Unit {
    fn show(self, v: f64) -> String {
        match self {
            Self::Points => format!("{:+.1} points", 100.0 * v),
            Self::Percent => format!("{:.0} %", 100.0 * v),
        }
    }
}

/// The outcomes of one net and seed.
struct Seed<'a> {
    outcomes: Vec<&'a Outcome>,
    /// Radii at which SAM itself trains, see [`sam_trains`].
    sam_trains: &'a [f64],
}

/// Radii at which SAM, averaged over seeds, stays within [`TRAINS`] of plain SGD with ReLU and with GELU: that a penalty fails where SAM
/// fails as well would say nothing about their difference.
fn sam_trains(outcomes: &[&Outcome]) -> Vec<f64> {
    let mean = |activation: &str, method: Method, rho: Option<f64>| {
        let fits =
            |o: &&&Outcome| o.trial.activation == activation && o.trial.method == method && rho.is_none_or(|r| o.trial.rho == r);
        Summary::of(&outcomes.iter().filter(fits).map(|o| o.test_accuracy).collect::<Vec<_>>()).mean
    };
    let mut radii: Vec<f64> = outcomes.iter().filter(|o| o.trial.method == Method::Sam).map(|o| o.trial.rho).collect();
    radii.sort_by(f64::total_cmp);
    radii.dedup();
    let trains = |a: &str, r: f64| mean(a, Method::Sam, Some(r)) >= mean(a, Method::Plain, None) - TRAINS;
    radii.retain(|&r| trains("relu", r) && trains("gelu", r));
    radii
}

impl Seed<'_> {
    /// Test accuracy, averaged over the radii.
    fn accuracy(&self, activation: &str, method: Method) -> Option<f64> {
        let chosen: Vec<f64> = self.chosen(activation, method).map(|o| o.test_accuracy).collect();
        (!chosen.is_empty()).then(|| chosen.iter().sum::<f64>() / chosen.len() as f64)
    }

    /// How far the penalty falls behind SAM, averaged over the radii at which SAM trains.
    fn behind_sam(&self, activation: &str) -> Option<f64> {
        let mean = |method| {
            let chosen = self.chosen(activation, method).filter(|o| self.sam_trains.contains(&o.trial.rho));
            let accuracies: Vec<f64> = chosen.map(|o| o.test_accuracy).collect();
            (!accuracies.is_empty()).then(|| accuracies.iter().sum::<f64>() / accuracies.len() as f64)
        };
        Some(mean(Method::Sam)? - mean(Method::Psam)?)
    }

    fn chosen<'b>(&'b self, activation: &'b str, method: Method) -> impl Iterator<Item = &'b &'b Outcome> {
        self.outcomes.iter().filter(move |o| o.trial.activation == activation && o.trial.method == method)
    }

    /// `|gᵀNg| / (|gᵀGg| + |gᵀNg|)`, averaged over the activations under plain SGD.
    fn nme_share(&self) -> Option<f64> {
        let share = |o: &&Outcome| {
            let (g, n) = (o.along_gradient_gauss_newton.abs(), o.along_gradient_nme.abs());
            n / (g + n)
        };
        let shares: Vec<f64> =
            ["relu", "gelu"].into_iter().flat_map(|a| self.chosen(a, Method::Plain).map(share).collect::<Vec<_>>()).collect();
        (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
    }
}

const QUESTIONS: [Question; 5] = [
    Question {
        id: "C1",
        claim: "The nonlinear modeling error is not a negligible part of the Hessian",
        measure: "share of N in the curvature along the gradient, |gᵀNg| / (|gᵀGg| + |gᵀNg|), nets trained by SGD, ReLU and GELU averaged",
        threshold: SHARE,
        unit: Unit::Percent,
        effect: |s| s.nme_share(),
    },
    Question {
        id: "C2",
        claim: "The gradient penalty behaves like SAM with GELU but not with ReLU (Figure 1)",
        measure: "how far PSAM falls behind SAM in test accuracy with ReLU, less how far it does with GELU, averaged over the rho at which SAM \
                  stays within 5 points of SGD",
        threshold: MARGIN,
        unit: Unit::Points,
        effect: |s| Some(s.behind_sam("relu")? - s.behind_sam("gelu")?),
    },
    Question {
        id: "C3",
        claim: "Second-derivative information is necessary: GELU without φ'' loses what GELU gains (Figure 2)",
        measure: "test accuracy of PSAM with GELU, less that with GELU whose φ'' is dropped, averaged over rho",
        threshold: MARGIN,
        unit: Unit::Points,
        effect: |s| Some(s.accuracy("gelu", Method::Psam)? - s.accuracy("gelu~none", Method::Psam)?),
    },
    Question {
        id: "C4",
        claim: "Second-derivative information is sufficient: ReLU with a synthetic φ'' is repaired (Figure 3)",
        measure: "test accuracy of PSAM with ReLU and the φ'' of β-GELU (β = 4), less that with ReLU, averaged over rho",
        threshold: MARGIN,
        unit: Unit::Points,
        effect: |s| Some(s.accuracy("relu~beta_gelu:4", Method::Psam)? - s.accuracy("relu", Method::Psam)?),
    },
    Question {
        id: "F10",
        claim: "Dropping the whole NME from the update hurts GELU (Figure 10)",
        measure: "test accuracy of PSAM with GELU, less that of PSAM without NME, averaged over rho",
        threshold: MARGIN,
        unit: Unit::Points,
        effect: |s| Some(s.accuracy("gelu", Method::Psam)? - s.accuracy("gelu", Method::PsamWithoutNme)?),
    },
];

/// Decides every claim for every net.
pub(crate) fn decide(outcomes: &[Outcome]) -> Vec<Claim> {
    let mut nets: Vec<&'static str> = outcomes.iter().map(|o| o.trial.net).collect();
    nets.dedup();
    let mut claims = Vec::new();
    for question in &QUESTIONS {
        for &net in &nets {
            let of_net: Vec<&Outcome> = outcomes.iter().filter(|o| o.trial.net == net).collect();
            let mut seeds: Vec<u64> = of_net.iter().map(|o| o.trial.seed).collect();
            seeds.sort_unstable();
            seeds.dedup();
            let radii = sam_trains(&of_net);
            let seed =
                |s: u64| Seed { outcomes: of_net.iter().copied().filter(|o| o.trial.seed == s).collect(), sam_trains: &radii };
            let effects: Vec<f64> = seeds.into_iter().filter_map(|s| (question.effect)(&seed(s))).collect();
            claims.push(question.decide(net, &effects));
        }
    }
    claims
}

impl Question {
    fn decide(&self, net: &'static str, effects: &[f64]) -> Claim {
        let effect = Summary::of(effects);
        let interval = effect.interval().filter(|_| effect.count == effects.len());
        let verdict = match interval {
            Some((low, _)) if low > 0.0 && effect.mean >= self.threshold && (self.id != "C1" || low > self.threshold) => {
                Verdict::Supported
            }
            Some((_, high)) if high < self.threshold => Verdict::Refuted,
            _ => Verdict::Open,
        };
        let show = |v| self.unit.show(v);
        let numbers = match interval {
            Some((low, high)) => {
                format!("{} (95 % interval {} to {}, {} seeds)", show(effect.mean), show(low), show(high), effect.count)
            }
            None if effects.is_empty() => "nothing to compare: SAM itself trains at no radius".into(),
            None => format!("{} ({} seeds, no interval)", show(effect.mean), effect.count),
        };
        let least = self.unit.show(self.threshold);
        let above = if self.id == "C1" {
            format!("the whole interval lies above {least}")
        } else {
            format!("the interval lies above 0 and the mean is at least {least}")
        };
        let rule = format!("supported if {above}; refuted if the whole interval lies below {least}; open otherwise");
        Claim { id: self.id, net, text: self.claim, measure: self.measure, rule, verdict, effect, interval, numbers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(question: usize, effects: &[f64]) -> Verdict {
        QUESTIONS[question].decide("CNN", effects).verdict
    }

    #[test]
    fn verdicts_follow_their_rules() {
        assert_eq!(verdict(1, &[0.10, 0.11, 0.12]), Verdict::Supported);
        assert_eq!(verdict(1, &[-0.10, -0.11, -0.12]), Verdict::Refuted);
        assert_eq!(verdict(1, &[0.001, 0.002, 0.0015]), Verdict::Refuted);
        assert_eq!(verdict(1, &[0.5, -0.1, 0.1]), Verdict::Open);
        assert_eq!(verdict(1, &[0.5]), Verdict::Open);
        assert_eq!(verdict(1, &[f64::NAN, 0.1, 0.11]), Verdict::Open);
        assert_eq!(verdict(0, &[0.04, 0.041, 0.042]), Verdict::Refuted);
        assert_eq!(verdict(0, &[0.3, 0.31, 0.32]), Verdict::Supported);
    }
}
