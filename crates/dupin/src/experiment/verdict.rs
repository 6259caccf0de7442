//! From records to verdicts, by the rules in an experiment's file.

use serde::Serialize;

use super::plan::Plan;
use super::record::Record;
use super::spec::{Claim, Over, Rule, Unit};
use super::statistics::Summary;

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

/// A claim, decided.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Decision {
    pub(crate) id: String,
    pub(crate) experiment: String,
    pub(crate) text: String,
    pub(crate) verdict: Verdict,
    /// The effect of every seed.
    pub(crate) effect: Summary,
    /// 95 %, Student's t over seeds.
    pub(crate) interval: Option<(f64, f64)>,
    /// Points of the axes that counted, where some did not.
    pub(crate) restricted: Option<String>,
    /// The numbers in words.
    pub(crate) numbers: String,
    /// What the effect is and how the verdict follows.
    pub(crate) rule: String,
}

/// The plan's records, `None` where there is none yet, in the order of its trials.
pub(crate) struct Results<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) records: &'a [Option<Record>],
}

impl Results<'_> {
    /// `metric` of an arm at a point, one value per seed, NaN where there is none.
    pub(crate) fn values(&self, arm: usize, point: usize, metric: &str) -> Vec<f64> {
        let trials = self.plan.trials.iter().zip(self.records);
        let of = trials.filter(|(p, _)| p.arm == arm && p.point == point);
        of.map(|(_, r)| r.as_ref().map_or(f64::NAN, |r| r.metric(metric))).collect()
    }

    /// How many points an arm has.
    pub(crate) fn points(&self, arm: usize) -> usize {
        self.plan.trials.iter().filter(|p| p.arm == arm).map(|p| p.point + 1).max().unwrap_or(0)
    }

    fn mean(&self, arm: usize, point: usize, metric: &str) -> f64 {
        Summary::of(&self.values(arm, point, metric)).mean
    }

    /// An arm's number for one seed: its points made one by `over`. Points outside of `counted` are left out.
    fn value(&self, arm: usize, metric: &str, seed: usize, over: Over, counted: Option<&[usize]>) -> f64 {
        let single = self.points(arm) == 1;
        let points = (0..self.points(arm)).filter(|p| single || counted.is_none_or(|c| c.contains(p)));
        let values: Vec<f64> = points.map(|p| self.values(arm, p, metric).get(seed).copied().unwrap_or(f64::NAN)).collect();
        let (n, last) = (values.len() as f64, values.len().saturating_sub(1));
        match over {
            _ if values.is_empty() => f64::NAN,
            Over::Mean => values.iter().sum::<f64>() / n,
            Over::First => values[0],
            Over::Last => values[last],
            Over::Best => {
                let points = 0..self.points(arm);
                let best =
                    points.max_by(|&a, &b| self.mean(arm, a, metric).total_cmp(&self.mean(arm, b, metric)).then(b.cmp(&a)));
                values[best.unwrap_or(0).min(last)]
            }
            Over::Slope => {
                let centre = (n - 1.0) / 2.0;
                let x = |i: usize| i as f64 - centre;
                let square: f64 = (0..values.len()).map(|i| x(i) * x(i)).sum();
                values.iter().enumerate().map(|(i, v)| x(i) * v).sum::<f64>() / square
            }
        }
    }

    /// Points at which the arms that must train do.
    fn counted(&self, claim: &Claim) -> Option<Vec<usize>> {
        let t = claim.trains.as_ref()?;
        let pairs: Vec<(usize, usize)> =
            t.arms.iter().zip(&t.against).map(|(a, b)| (self.plan.arm(a), self.plan.arm(b))).collect();
        let points = pairs.iter().map(|(a, _)| self.points(*a)).min().unwrap_or(0);
        let trains = |p: usize| {
            pairs.iter().all(|&(a, b)| {
                let reference = if self.points(b) == 1 { 0 } else { p };
                self.mean(a, p, "test_accuracy") >= self.mean(b, reference, "test_accuracy") - t.within
            })
        };
        Some((0..points).filter(|&p| trains(p)).collect())
    }

    /// Decides a claim.
    pub(crate) fn decide(&self, claim: &Claim) -> Decision {
        let counted = self.counted(claim);
        let effect = |seed: usize| {
            let term = |(arm, factor): &(String, f64)| {
                factor * self.value(self.plan.arm(arm), &claim.metric, seed, claim.over, counted.as_deref())
            };
            claim.effect.iter().map(term).sum::<f64>()
        };
        let nothing = counted.as_ref().is_some_and(Vec::is_empty);
        let effects: Vec<f64> = if nothing { Vec::new() } else { (0..self.plan.seeds as usize).map(effect).collect() };
        let (verdict, summary, interval) = judge(claim.rule, claim.least, &effects);
        let restricted = counted.filter(|_| !nothing).and_then(|c| {
            let t = claim.trains.as_ref()?;
            let arm = self.plan.arm(&t.arms[0]);
            (c.len() < self.points(arm)).then(|| {
                let label = |p: &usize| {
                    let at = self.plan.trials.iter().find(|t| t.arm == arm && t.point == *p);
                    at.map_or(String::new(), |t| t.at.iter().map(|(n, v)| format!("{n} = {v}")).collect::<Vec<_>>().join(", "))
                };
                c.iter().map(label).collect::<Vec<_>>().join("; ")
            })
        });
        let show = |v: f64| claim.unit.show(v);
        let mut numbers = match interval {
            Some((low, high)) => {
                format!("{} (95 % interval {} to {}, {} seeds)", show(summary.mean), show(low), show(high), summary.count)
            }
            None if nothing => "nothing to compare: at no point do all arms that must train do so".into(),
            None if summary.count == 0 => "not run, or without a finite value".into(),
            None => format!("{} ({} of {} seeds, no interval)", show(summary.mean), summary.count, effects.len()),
        };
        if let Some(points) = &restricted {
            numbers = format!("{numbers}, at {points} alone");
        }
        let least = show(claim.least);
        let rule = match claim.rule {
            Rule::Positive => format!(
                "supported if its 95 % interval over seeds lies above 0 and its mean is at least {least}; refuted if the interval lies \
                 below {least}; open otherwise"
            ),
            Rule::Above => {
                format!("supported if its 95 % interval over seeds lies above {least}; refuted if it lies below; open otherwise")
            }
            Rule::Equal => format!(
                "supported if its 95 % interval over seeds lies within ±{0}; refuted if it lies outside; open otherwise",
                least.trim_start_matches('+')
            ),
        };
        Decision {
            id: claim.id.clone(),
            experiment: self.plan.experiment.name.clone(),
            text: claim.text.clone(),
            verdict,
            effect: summary,
            interval,
            restricted,
            numbers,
            rule: format!("The effect is {}; {rule}.", claim.effect_is),
        }
    }
}

/// The verdict on one effect per seed. A seed without a finite effect leaves it open.
pub(crate) fn judge(rule: Rule, least: f64, effects: &[f64]) -> (Verdict, Summary, Option<(f64, f64)>) {
    let summary = Summary::of(effects);
    let interval = summary.interval().filter(|_| summary.count == effects.len());
    let verdict = match (rule, interval) {
        (Rule::Positive, Some((low, _))) if low > 0.0 && summary.mean >= least => Verdict::Supported,
        (Rule::Above, Some((low, _))) if low > least => Verdict::Supported,
        (Rule::Equal, Some((low, high))) if low > -least && high < least => Verdict::Supported,
        (Rule::Equal, Some((low, high))) if low > least || high < -least => Verdict::Refuted,
        (Rule::Positive | Rule::Above, Some((_, high))) if high < least => Verdict::Refuted,
        _ => Verdict::Open,
    };
    (verdict, summary, interval)
}

impl Unit {
    /// A number in this unit.
    pub(crate) fn show(self, v: f64) -> String {
        match self {
            // Rounded first, and 0 added, so that nothing reads "-0.0".
            Self::Points => format!("{:+.1} points", (1000.0 * v).round() / 10.0 + 0.0),
            Self::Percent => format!("{:.1} %", 100.0 * v),
            Self::Plain => crate::report::number::significant(v, 3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::spec::{Experiment, Scale};

    #[test]
    fn verdicts_follow_their_rules() {
        let verdict = |rule, least, effects: &[f64]| judge(rule, least, effects).0;
        assert_eq!(verdict(Rule::Positive, 0.01, &[0.10, 0.11, 0.12]), Verdict::Supported);
        assert_eq!(verdict(Rule::Positive, 0.01, &[-0.10, -0.11, -0.12]), Verdict::Refuted);
        assert_eq!(verdict(Rule::Positive, 0.01, &[0.001, 0.002, 0.0015]), Verdict::Refuted);
        assert_eq!(verdict(Rule::Positive, 0.01, &[0.5, -0.1, 0.1]), Verdict::Open);
        assert_eq!(verdict(Rule::Positive, 0.01, &[0.5]), Verdict::Open);
        assert_eq!(verdict(Rule::Positive, 0.01, &[f64::NAN, 0.1, 0.11]), Verdict::Open);
        assert_eq!(verdict(Rule::Positive, 0.01, &[]), Verdict::Open);
        assert_eq!(verdict(Rule::Above, 0.05, &[0.04, 0.041, 0.042]), Verdict::Refuted);
        assert_eq!(verdict(Rule::Above, 0.05, &[0.3, 0.31, 0.32]), Verdict::Supported);
        assert_eq!(verdict(Rule::Above, 0.05, &[0.04, 0.06, 0.08]), Verdict::Open);
        assert_eq!(verdict(Rule::Equal, 0.01, &[0.001, -0.001, 0.002]), Verdict::Supported);
        assert_eq!(verdict(Rule::Equal, 0.01, &[-0.03, -0.031, -0.032]), Verdict::Refuted);
        assert_eq!(verdict(Rule::Equal, 0.01, &[0.03, -0.03, 0.0]), Verdict::Open);
    }

    #[test]
    fn numbers_are_shown_in_their_unit() {
        let points = [0.0721, -0.0004, 0.0, -0.0006, f64::NAN].map(|v| Unit::Points.show(v));
        assert_eq!(points, ["+7.2 points", "+0.0 points", "+0.0 points", "-0.1 points", "NaN points"]);
        assert_eq!([Unit::Percent.show(0.123), Unit::Plain.show(0.01234)], ["12.3 %", "0.0123"]);
    }

    const SAM: &str = "\
title = \"t\"
seeds = 3
[axes]
rho = [0.1, 0.3]
[[arm]]
name = \"SGD\"
[[arm]]
name = \"SAM\"
grid = [\"rho\"]
train = { objective = \"sam:rho={rho}\" }
[[arm]]
name = \"PSAM\"
grid = [\"rho\"]
train = { objective = \"psam:rho={rho}\" }
[[claim]]
id = \"C2\"
text = \"t\"
effect_is = \"e\"
metric = \"test_accuracy\"
effect = [[\"SAM\", 1.0], [\"PSAM\", -1.0]]
trains = { arms = [\"SAM\"], against = [\"SGD\"], within = 0.05 }
rule = \"positive\"
least = 0.01
";

    /// SAM collapses at the second radius, which then counts for nothing.
    #[test]
    fn points_at_which_the_reference_fails_do_not_count() {
        let plan = Plan::new(&Experiment::parse("x", SAM, "x").unwrap(), "quick", &Scale::default()).unwrap();
        let accuracy = |arm: usize, point: usize| [[0.85, 0.85], [0.86, 0.10], [0.80, 0.10]][arm][point];
        let record = |p: &crate::experiment::plan::Planned| {
            let mut r = Record::default();
            r.set("test_accuracy", accuracy(p.arm, p.point) + 0.001 * p.seed as f64);
            Some(r)
        };
        let records: Vec<Option<Record>> = plan.trials.iter().map(record).collect();
        let results = Results { plan: &plan, records: &records };
        let d = results.decide(&plan.experiment.claims[0]);
        assert!((d.effect.mean - 0.06).abs() < 1e-12 && d.restricted.as_deref() == Some("rho = 0.1"), "{d:?}");
        // Without spread the interval is a point.
        assert_eq!(d.verdict, Verdict::Supported);
        let slope = results.value(1, "test_accuracy", 0, Over::Slope, None);
        assert!((slope + 0.76).abs() < 1e-12, "{slope}");
    }
}
