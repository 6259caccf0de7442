//! `dupin trace`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use dupin::curvature::{GroupTrace, Outside, Part, Split, SplitParams, StructuredOutcome, StructuredParams, structured};
use dupin::ir::Executor;
use dupin::linop::vector::dot;
use dupin::linop::{Distribution, Ended, Estimate, Rng, StoppingRule, SymmetricOperator, TraceRun, TraceState, hutchpp, xtrace};
use serde::{Deserialize, Serialize};

use super::measure::{Matrix, ResultArgs, SaveClock, letter, trace_chart};
use super::subject::{About, Subject, SubjectArgs, loss_root};
use crate::output::{self, Context};
use crate::report::table::{Table, with_error};

/// How traces are estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Estimator {
    /// Structured probes if the network is of their class, else Hutchinson's
    Auto,
    /// Structured probes: noise per example and layer, far less of it
    Structured,
    /// Hutchinson's estimator, the same probes for all matrices: any network
    Hutchinson,
    /// Hutch++: the range of a sketch exactly, Hutchinson on the rest; each matrix for itself, no layers
    Hutchpp,
    /// XTrace: every probe both sketches and samples; each matrix for itself, no layers
    Xtrace,
}

/// Traces of H, G and N, to an error that you choose.
///
/// Goes on until the confidence interval is as narrow as `--rel-error` asks, or the budget is spent, and says which. For N, whose trace
/// may vanish by cancellation, the error is relative to Σ|tr N_l| over the layers l where the estimator sees them.
#[derive(Args, Debug)]
pub(crate) struct Trace {
    #[command(flatten)]
    subject: SubjectArgs,

    /// Which matrices
    #[arg(long, value_enum, default_value = "all")]
    matrix: Matrix,

    /// How traces are estimated; the result names what ran
    #[arg(long, value_enum, default_value = "auto")]
    estimator: Estimator,

    /// Half-width of the confidence interval to reach, as a fraction of the trace
    #[arg(long, value_name = "E", default_value_t = 0.01, conflicts_with = "probes")]
    rel_error: f64,

    /// Probability that the interval covers the trace
    #[arg(long, value_name = "P", default_value_t = 0.95)]
    confidence: f64,

    /// Probes (or passes of structured ones) at most
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    budget: u32,

    /// Exactly this many probes, whatever their error
    #[arg(long, value_name = "K", conflicts_with = "budget", value_parser = clap::value_parser!(u32).range(1..))]
    probes: Option<u32>,

    /// Show the traces of every layer's diagonal block
    #[arg(long)]
    per_layer: bool,

    /// Keep the state in this folder, twice a minute; a run with the same arguments goes on from it
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    #[command(flatten)]
    results: ResultArgs,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    about: About,
    confidence: f64,
    /// What was asked for; `null` for a fixed number of probes.
    relative_error: Option<f64>,
    traces: Vec<OfMatrix>,
    layers: Vec<Layer>,
    /// Why the traces are not by structured probes, if those were tried.
    not_structured: Option<String>,
    seconds: f64,
}

/// An estimate of one matrix.
#[derive(Debug, Serialize)]
struct OfMatrix {
    matrix: &'static str,
    #[serde(skip)]
    part: Part,
    #[serde(flatten)]
    estimate: Estimate,
    /// Half-width of the interval at the confidence asked for.
    half_width: Option<f64>,
    /// What the relative error is relative to: `|tr|`, or `Σ|tr N_l|`.
    scale: f64,
}

#[derive(Debug, Serialize)]
struct Layer {
    name: String,
    parameters: usize,
    traces: Vec<OfMatrix>,
}

/// Estimates of some matrices, `[group][matrix]`; the first group is everything.
type Groups = Vec<Vec<Estimate>>;

impl Trace {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let rule = self.rule()?;
        let subject = self.subject.load()?;
        let executor = ctx.executor()?;
        let split = subject.split(&executor, SplitParams::default())?;
        let parts = self.matrix.parts();
        let (mut why, mut groups) = (None, None);
        if matches!(self.estimator, Estimator::Auto | Estimator::Structured) {
            match self.structured(ctx, &executor, &subject, &parts, &rule)? {
                Ok(found) => groups = Some(found),
                Err(outside) if self.estimator == Estimator::Structured => {
                    bail!("structured probes cannot measure `{}`: {outside}", subject.about.model);
                }
                Err(outside) => why = Some(outside.to_string()),
            }
        }
        let groups = match groups {
            Some(groups) => groups,
            None if matches!(self.estimator, Estimator::Hutchpp | Estimator::Xtrace) => {
                self.sketched(ctx, &split, &parts, &rule)?
            }
            None => self.hutchinson(ctx, &subject, &split, &parts, &rule)?,
        };
        let report = self.report(ctx, &split, subject.about, &parts, &groups, why);
        self.results.give(&report, || text(&report, self.per_layer), || chart(&report))?;
        Ok(true)
    }

    fn rule(&self) -> anyhow::Result<StoppingRule> {
        if !(self.rel_error > 0.0 && self.rel_error.is_finite()) {
            bail!("`--rel-error {}` must be a number above 0", self.rel_error);
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            bail!("`--confidence {}` must lie between 0 and 1", self.confidence);
        }
        let rule = match self.probes {
            Some(probes) => StoppingRule::products(probes as usize),
            None => StoppingRule::relative(self.rel_error, self.budget as usize),
        };
        Ok(StoppingRule { confidence: self.confidence, ..rule })
    }

    /// Whether all matrices are known as well as was asked.
    fn met(&self, parts: &[Part], groups: &Groups) -> bool {
        self.probes.is_none() && self.shortfall(parts, groups) <= 1.0
    }

    /// Largest half-width over what was asked for.
    fn shortfall(&self, parts: &[Part], groups: &Groups) -> f64 {
        let ratio = |(j, &part): (usize, &Part)| {
            let half = groups[0][j].half_width(self.confidence);
            if half == 0.0 { 0.0 } else { half / (self.rel_error * scale(part, j, groups)) }
        };
        parts.iter().enumerate().map(ratio).fold(0.0, f64::max)
    }

    fn hutchinson(
        &self,
        ctx: &Context,
        subject: &Subject,
        split: &Split,
        parts: &[Part],
        rule: &StoppingRule,
    ) -> anyhow::Result<Groups> {
        let modules = split.layout().modules();
        let quantities = parts.len() * (modules.len() + 1);
        let forms = |v: &[f64]| -> anyhow::Result<Vec<f64>> {
            let dim = split.dim();
            let products: Vec<Vec<f64>> = if let [part] = parts {
                let mut y = vec![0.0; v.len()];
                split.operator(*part).apply_many(v, &mut y)?;
                vec![y]
            } else {
                let p = split.products(v)?;
                vec![p.hessian, p.gauss_newton, p.nme]
            };
            let mut samples = Vec::new();
            for (k, v) in v.chunks(dim).enumerate() {
                let of = |range: std::ops::Range<usize>| -> Vec<f64> {
                    products.iter().map(|p| dot(&v[range.clone()], &p[k * dim..][range.clone()])).collect()
                };
                let blocks: Vec<Vec<f64>> = modules.iter().map(|(_, range)| of(range.clone())).collect();
                // The whole is the sum of the blocks, so that layers add up.
                samples.extend((0..parts.len()).map(|j| blocks.iter().map(|b| b[j]).sum::<f64>()));
                samples.extend(blocks.concat());
            }
            match samples.iter().find(|x| !x.is_finite()) {
                Some(x) => bail!("a quadratic form vᵀAv is {x}: the parameters have diverged, or the loss overflows"),
                None => Ok(samples),
            }
        };
        let file = self.state.as_ref().map(|dir| dir.join("trace.json"));
        let mut run = match self.stored(file.as_deref(), &subject.about, "hutchinson")? {
            Some(Stored { hutchinson: Some(state), .. }) => TraceRun::resume(state)?,
            _ => TraceRun::new(quantities, subject.seed),
        };
        let grouped = |e: &[Estimate]| -> Groups { e.chunks(parts.len()).map(<[Estimate]>::to_vec).collect() };
        let bar = ctx.bar(rule.max_products as u64, "probes");
        let (mut clock, mut failed) = (SaveClock::new(ctx), None);
        let store = |run: &TraceRun| self.store(file.as_deref(), &subject.about, "hutchinson", Some(run.save()), Vec::new());
        let block = split.operator(parts[0]).block();
        let ended = run.run(
            rule,
            (Distribution::Rademacher, split.dim(), block),
            forms,
            |e| self.met(parts, &grouped(e)),
            |run| {
                self.progress(&bar, parts, &grouped(&run.estimates("hutchinson")), run.probes());
                if clock.is_due() && failed.is_none() {
                    failed = store(run).err();
                }
            },
        )?;
        bar.finish_and_clear();
        if let Some(error) = failed {
            return Err(error);
        }
        store(&run)?;
        let estimates: Vec<Estimate> = run.estimates("hutchinson").into_iter().map(|e| Estimate { ended, ..e }).collect();
        Ok(grouped(&estimates))
    }

    /// The bar's length is the number of probes that the error asked for will need, as far as that can be told.
    fn progress(&self, bar: &indicatif::ProgressBar, parts: &[Part], groups: &Groups, done: usize) {
        let limit = self.probes.unwrap_or(self.budget) as f64;
        let shortfall = self.shortfall(parts, groups);
        if self.probes.is_none() && shortfall.is_finite() {
            bar.set_length((done as f64 * shortfall.max(1.0).powi(2)).min(limit).ceil() as u64);
            bar.set_message(format!("error {shortfall:.2} × asked"));
        }
        bar.set_position(done as u64);
    }

    fn sketched(&self, ctx: &Context, split: &Split, parts: &[Part], rule: &StoppingRule) -> anyhow::Result<Groups> {
        if self.state.is_some() {
            bail!("`--state` keeps the state of structured and Hutchinson's probes; sketches have none");
        }
        let bar = ctx.bar(parts.len() as u64, "matrices");
        let mut estimates = Vec::new();
        for &part in parts {
            let (operator, rng) = (split.operator(part), &mut Rng::new(self.subject.model.seed.unwrap_or(0)));
            estimates.push(if self.estimator == Estimator::Hutchpp {
                // A third of the budget to sketch, a third for its trace, a third to sample; at an open budget, 40 columns.
                let sketch = (rule.max_products / 3).clamp(1, if self.probes.is_some() { usize::MAX } else { 40 });
                hutchpp(&operator, sketch, Distribution::Rademacher, rule, rng)?
            } else {
                // Its cost grows with the square of its probes: a sketch beyond some hundreds is not what it is for.
                let rule = StoppingRule {
                    max_products: rule.max_products.min(if self.probes.is_some() { usize::MAX } else { 400 }),
                    ..*rule
                };
                xtrace(&operator, &rule, rng)?
            });
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(vec![estimates])
    }

    /// Structured probes in chunks of passes, each as many as the error so far asks for.
    fn structured(
        &self,
        ctx: &Context,
        executor: &dyn Executor,
        subject: &Subject,
        parts: &[Part],
        rule: &StoppingRule,
    ) -> anyhow::Result<Result<Groups, Outside>> {
        let file = self.state.as_ref().map(|dir| dir.join("trace.json"));
        let mut chunks = self.stored(file.as_deref(), &subject.about, "structured")?.map_or_else(Vec::new, |s| s.chunks);
        let bar = ctx.bar(1000, "passes");
        loop {
            let done: usize = chunks.iter().map(|c: &Chunk| c.passes).sum();
            let groups = combine(&chunks, parts);
            let met = done > 0 && self.met(parts, &groups);
            if met || done >= rule.max_products {
                bar.finish_and_clear();
                let ended = if met { Ended::Tolerance } else { Ended::Budget };
                let marked = |e: &Estimate| Estimate { ended: if e.ended == Ended::Exact { e.ended } else { ended }, ..*e };
                return Ok(Ok(groups.iter().map(|g| g.iter().map(marked).collect()).collect()));
            }
            let left = rule.max_products - done;
            let passes = match (self.probes, done) {
                (Some(_), _) => left,
                (None, 0) => 2,
                // One tenth more than the spread so far asks for, and not more than eight times what it was seen from.
                _ => {
                    let needed = 1.1 * done as f64 * self.shortfall(parts, &groups).powi(2);
                    ((needed - done as f64).ceil() as usize).clamp(2, 8 * done)
                }
            };
            let passes = passes.min(left);
            // Every chunk has noise of its own, the same for the same seed and place.
            let seed = subject.seed.wrapping_add((chunks.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let model = subject.traced();
            let root = loss_root(&subject.loss, model.traced.data[2]);
            let settings = StructuredParams { passes, seed, exact_gauss_newton: false };
            bar.set_length(((done + passes) * subject.batches.len()) as u64);
            let before = (done * subject.batches.len()) as u64;
            let step = |n: usize| bar.set_position(before + n as u64);
            match structured(executor, model.traced, &root, &subject.params, &subject.batches, settings, step)? {
                StructuredOutcome::Outside(outside) => return Ok(Err(outside)),
                StructuredOutcome::Traces(t) => {
                    let whole = GroupTrace {
                        name: String::new(),
                        hessian: t.split.hessian,
                        gauss_newton: t.split.gauss_newton,
                        nme: t.split.nme,
                    };
                    let groups =
                        std::iter::once(&whole).chain(&t.split.groups).map(|g| [g.hessian, g.gauss_newton, g.nme].map(Kept::new));
                    chunks.push(Chunk { passes, groups: groups.collect() });
                    self.store(file.as_deref(), &subject.about, "structured", None, chunks.clone())?;
                }
            }
        }
    }

    fn stored(&self, file: Option<&Path>, about: &About, estimator: &str) -> anyhow::Result<Option<Stored>> {
        let Some(path) = file.filter(|p| p.exists()) else { return Ok(None) };
        let what = || format!("{} cannot be read as the state of a trace run", path.display());
        let stored: Stored = serde_json::from_slice(&std::fs::read(path).with_context(what)?).with_context(what)?;
        let key = self.key(about, estimator)?;
        if stored.key != key {
            bail!("{} is the state of another measurement: {}. Give another folder by `--state`", path.display(), stored.key);
        }
        Ok(Some(stored))
    }

    fn store(
        &self,
        file: Option<&Path>,
        about: &About,
        estimator: &str,
        hutchinson: Option<TraceState>,
        chunks: Vec<Chunk>,
    ) -> anyhow::Result<()> {
        let Some(path) = file else { return Ok(()) };
        output::folder(path.parent().unwrap_or(Path::new(".")))?;
        let stored = Stored { key: self.key(about, estimator)?, hutchinson, chunks };
        output::write(path, &serde_json::to_vec_pretty(&stored)?)
    }

    /// What a state must have been made with to be of use.
    fn key(&self, about: &About, estimator: &str) -> anyhow::Result<serde_json::Value> {
        let matrices: Vec<&str> = self.matrix.parts().iter().map(|p| p.name()).collect();
        Ok(serde_json::json!({ "about": serde_json::to_value(about)?, "estimator": estimator, "matrices": matrices }))
    }

    fn report(
        &self,
        ctx: &Context,
        split: &Split,
        about: About,
        parts: &[Part],
        groups: &Groups,
        not_structured: Option<String>,
    ) -> Report {
        let row = |g: &Vec<Estimate>, whole: bool| -> Vec<OfMatrix> {
            let each = parts.iter().zip(g).enumerate().map(|(j, (&part, &estimate))| {
                let half = estimate.half_width(self.confidence);
                let scale = if whole { scale(part, j, groups) } else { estimate.value.abs() };
                OfMatrix { matrix: part.name(), part, estimate, half_width: half.is_finite().then_some(half), scale }
            });
            each.collect()
        };
        let layers = split.layout().modules().into_iter().zip(&groups[1..]);
        Report {
            about,
            confidence: self.confidence,
            relative_error: self.probes.is_none().then_some(self.rel_error),
            traces: row(&groups[0], true),
            layers: layers.map(|((name, range), g)| Layer { name, parameters: range.len(), traces: row(g, false) }).collect(),
            not_structured,
            seconds: ctx.seconds(),
        }
    }
}

/// `|tr A|`, or `Σ_l |tr N_l|` where layers are known.
fn scale(part: Part, j: usize, groups: &Groups) -> f64 {
    match part {
        Part::Nme if groups.len() > 1 => groups[1..].iter().map(|g| g[j].value.abs()).sum(),
        _ => groups[0][j].value.abs(),
    }
}

/// A run that was stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    key: serde_json::Value,
    hutchinson: Option<TraceState>,
    chunks: Vec<Chunk>,
}

/// Some passes of structured probes.
#[derive(Clone, Serialize, Deserialize)]
struct Chunk {
    passes: usize,
    /// Of H, G and N, for everything and then for each layer.
    groups: Vec<[Kept; 3]>,
}

/// An estimate as a file holds it.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Kept {
    value: f64,
    /// Variance of `value`.
    variance: f64,
    /// Its degrees of freedom.
    degrees: f64,
    /// Without noise.
    exact: bool,
}

impl Kept {
    fn new(e: Estimate) -> Self {
        let variance = e.std_error.map_or(f64::MAX, |s| s * s);
        Self { value: e.value, variance, degrees: e.samples.saturating_sub(1) as f64, exact: e.estimator == "exact" }
    }
}

/// Means over chunks, weighted by their passes; degrees of freedom by Satterthwaite's rule.
fn combine(chunks: &[Chunk], parts: &[Part]) -> Groups {
    let Some(first) = chunks.first() else { return Vec::new() };
    let passes: usize = chunks.iter().map(|c| c.passes).sum();
    let of = |group: usize, part: Part| {
        let j = Part::ALL.iter().position(|&p| p == part).expect("all parts are listed");
        let (mut value, mut variance, mut squares) = (0.0, 0.0, 0.0);
        for c in chunks {
            let (share, e) = (c.passes as f64 / passes as f64, c.groups[group][j]);
            let v = share * share * e.variance;
            value += share * e.value;
            variance += v;
            squares += v * v / e.degrees.max(1.0);
        }
        let exact = chunks[0].groups[group][j].exact;
        let degrees = if squares > 0.0 { variance * variance / squares } else { 0.0 };
        Estimate {
            value,
            std_error: Some(variance.sqrt()),
            samples: degrees as usize + 1,
            matvecs: passes,
            estimator: if exact { "exact" } else { "structured" },
            ended: if exact { Ended::Exact } else { Ended::Budget },
        }
    };
    (0..first.groups.len()).map(|g| parts.iter().map(|&p| of(g, p)).collect()).collect()
}

fn text(r: &Report, per_layer: bool) -> String {
    let percent = 100.0 * r.confidence;
    let mut table = Table::new(&["", "trace", &format!("{percent}% interval"), "relative", "estimator", "probes", "ended by"]);
    for t in &r.traces {
        let e = &t.estimate;
        let half = t.half_width.unwrap_or(f64::INFINITY);
        let ended = match e.ended {
            Ended::Tolerance => "error reached",
            Ended::Budget => "budget",
            Ended::Exact => "exact",
        };
        let relative = if t.scale > 0.0 { format!("{:.2} %", 100.0 * half / t.scale) } else { "-".into() };
        table.add(
            [
                format!("tr {}", letter(t.part)),
                with_error(e.value, e.std_error),
                format!("± {half:.2e}"),
                relative,
                e.estimator.to_string(),
                e.matvecs.to_string(),
                ended.to_string(),
            ]
            .to_vec(),
        );
    }
    let mut parts = vec![r.about.text(), table.to_string()];
    if per_layer && !r.layers.is_empty() {
        let letters: Vec<String> = r.traces.iter().map(|t| format!("tr {}", letter(t.part))).collect();
        let header: Vec<&str> = ["layer", "parameters"].into_iter().chain(letters.iter().map(String::as_str)).collect();
        let mut table = Table::new(&header);
        for l in &r.layers {
            let cells = l.traces.iter().map(|t| with_error(t.estimate.value, t.estimate.std_error));
            table.add([l.name.clone(), l.parameters.to_string()].into_iter().chain(cells).collect());
        }
        parts.push(format!("Diagonal blocks of the layers\n{table}"));
    } else if per_layer {
        parts.push("This estimator does not see layers; structured and Hutchinson's do.".into());
    }
    if let Some(why) = &r.not_structured {
        parts.push(format!("Structured probes would be more precise, but do not apply: {why}."));
    }
    let relative = if r.layers.is_empty() { "" } else { " `relative` is to |tr|, for N to Σ|tr N_l| over layers." };
    parts.push(format!("± after a trace is one standard error.{relative}\n{}", output::duration(r.seconds)));
    parts.join("\n\n")
}

fn chart(r: &Report) -> String {
    let parts: Vec<Part> = r.traces.iter().map(|t| t.part).collect();
    let estimates = |traces: &'_ [OfMatrix]| traces.iter().map(|t| t.estimate).collect::<Vec<_>>();
    let layers = r.layers.iter().map(|l| (l.name.as_str(), estimates(&l.traces)));
    let groups: Vec<_> = std::iter::once(("all", estimates(&r.traces))).chain(layers).collect();
    trace_chart(&r.about, &parts, groups.iter().map(|(name, e)| (*name, e.iter().collect())).collect())
}
