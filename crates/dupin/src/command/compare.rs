//! `dupin compare`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use dupin::curvature::{
    Part, SplitParams, SplitTraces, StructuredParams, StructuredPoint, TracesChange, structured_change, traces_change,
};
use dupin::ir::{Buffer, Executor};
use dupin::linop::vector::norm;
use dupin::linop::{Estimate, LanczosParams, Rng, Which, lanczos};
use dupin::train::Evaluator;
use serde::Serialize;

use super::measure::{ResultArgs, color, letter, measured};
use super::subject::{About, ExampleArgs, Subject, SubjectArgs, loss_root};
use super::traces;
use crate::cli::ModelArgs;
use crate::output::Context;
use crate::report::chart::bar::{Bar, BarChart, Group};
use crate::report::number::significant;
use crate::report::scale::Axis;
use crate::report::table::{Table, with_error};

/// Set two checkpoints of one network side by side.
///
/// Prints loss, accuracy, gradient norm, traces, extreme eigenvalues and the traces of every layer of both, and their differences. Traces of both
/// come from the same random draws, and the standard errors of the differences from the differences themselves, so that
/// near checkpoints can be told apart. Networks whose activation or loss differ are compared with draws of their own.
#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// The first: model.safetensors of a run, or any safetensors file with PyTorch names (then give --model and --act)
    #[arg(value_name = "A")]
    first: PathBuf,

    /// The second
    #[arg(value_name = "B")]
    second: PathBuf,

    #[command(flatten)]
    model: ModelArgs,

    #[command(flatten)]
    examples: ExampleArgs,

    /// Random probes for the traces, or passes of structured probes
    #[arg(long, value_name = "K", default_value_t = 32, value_parser = clap::value_parser!(u32).range(2..))]
    probes: u32,

    /// Lanczos steps for the extreme eigenvalues; 0 leaves them out
    #[arg(long, value_name = "S", default_value_t = 30)]
    lanczos: u32,

    #[command(flatten)]
    result: ResultArgs,
}

#[derive(Serialize)]
struct Report {
    first: Side,
    second: Side,
    /// Length of the way between them, `‖θ_B - θ_A‖`, over `‖θ_A‖`.
    relative_distance: f64,
    /// Whether both were measured with the same draws.
    same_draws: bool,
    /// Second less first.
    change: Vec<Traces>,
    /// Why the traces are not by structured probes.
    not_structured: Option<String>,
    seconds: f64,
}

#[derive(Serialize)]
struct Side {
    #[serde(flatten)]
    about: About,
    loss: f64,
    accuracy: f64,
    gradient_norm: f64,
    /// The whole, then every layer.
    traces: Vec<Traces>,
    eigenvalues: Vec<Eigenvalue>,
}

#[derive(Clone, Serialize)]
struct Traces {
    name: String,
    hessian: Estimate,
    gauss_newton: Estimate,
    nme: Estimate,
}

#[derive(Serialize)]
struct Eigenvalue {
    matrix: &'static str,
    end: &'static str,
    value: f64,
    residual: f64,
}

/// One of the three.
type Pick = fn(&Traces) -> &Estimate;

fn rows(t: &SplitTraces) -> Vec<Traces> {
    let whole = Traces { name: "all".into(), hessian: t.hessian, gauss_newton: t.gauss_newton, nme: t.nme };
    let groups =
        t.groups.iter().map(|g| Traces { name: g.name.clone(), hessian: g.hessian, gauss_newton: g.gauss_newton, nme: g.nme });
    std::iter::once(whole).chain(groups).collect()
}

/// The difference of two independent estimates.
fn independent(a: &Estimate, b: &Estimate) -> Estimate {
    let std_error = a.std_error.zip(b.std_error).map(|(a, b)| a.hypot(b));
    Estimate { value: b.value - a.value, std_error, samples: a.samples.min(b.samples), ..*a }
}

impl Compare {
    fn load(&self, path: &Path) -> anyhow::Result<Subject> {
        let args =
            SubjectArgs { checkpoint: Some(path.to_path_buf()), model: self.model.clone(), examples: self.examples.clone() };
        args.load().with_context(|| path.display().to_string())
    }

    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let (a, b) = (self.load(&self.first)?, self.load(&self.second)?);
        if a.network.params() != b.network.params() {
            bail!(
                "{} is `{}` and {} is `{}`: networks with other parameters have no differences",
                self.first.display(),
                a.about.model,
                self.second.display(),
                b.about.model
            );
        }
        let executor = ctx.executor()?;
        let (one, two) = (a.split(&executor, SplitParams::default())?, b.split(&executor, SplitParams::default())?);
        let flat = [&a, &b].map(|s| one.layout().flatten(&s.params));
        let away: Vec<f64> = flat[0].iter().zip(&flat[1]).map(|(a, b)| b - a).collect();

        let same = |s: &Subject| (s.about.model.clone(), s.about.activation.clone(), s.about.loss_function.clone());
        let same_draws = same(&a) == same(&b);
        let bar = ctx.bar(100, "traces");
        let show = |share: f64| bar.set_position((100.0 * share) as u64);
        let (traces, not_structured) = self.traces(&executor, [&a, &b], [&one, &two], same_draws, show)?;
        bar.finish_and_clear();
        let change = if same_draws {
            rows(&traces.change)
        } else {
            let difference = |(a, b): (Traces, Traces)| Traces {
                hessian: independent(&a.hessian, &b.hessian),
                gauss_newton: independent(&a.gauss_newton, &b.gauss_newton),
                nme: independent(&a.nme, &b.nme),
                name: a.name,
            };
            rows(&traces.first).into_iter().zip(rows(&traces.second)).map(difference).collect()
        };
        let bar = ctx.bar(6, "eigenvalues");
        let side = |subject: &Subject, split, traces| -> anyhow::Result<Side> {
            let (loss, accuracy, gradient_norm) = measure(&executor, subject, split)?;
            let eigenvalues = self.eigenvalues(split, subject.seed, || bar.inc(1))?;
            Ok(Side { about: subject.about.clone(), loss, accuracy, gradient_norm, traces: rows(traces), eigenvalues })
        };
        let report = Report {
            first: side(&a, &one, &traces.first)?,
            second: side(&b, &two, &traces.second)?,
            relative_distance: norm(&away) / norm(&flat[0]),
            same_draws,
            change,
            not_structured,
            seconds: ctx.seconds(),
        };
        bar.finish_and_clear();
        self.result.give(&report, || self.text(&report), || chart(&report))?;
        Ok(true)
    }

    /// Traces at both, with the same draws where the graph is the same; `change` says something only there.
    fn traces(
        &self,
        executor: &dyn Executor,
        subjects: [&Subject; 2],
        splits: [&dupin::curvature::Split; 2],
        same: bool,
        show: impl Fn(f64),
    ) -> anyhow::Result<(TracesChange, Option<String>)> {
        let (probes, seed) = (self.probes as usize, subjects[0].seed);
        let total = subjects[0].batches.len() as f64;
        let point = |s: usize| StructuredPoint { params: &subjects[s].params, batches: &subjects[s].batches };
        let structured = |from: usize, to: usize, seed| {
            let model = subjects[to].traced().traced;
            let root = loss_root(&subjects[to].loss, model.data[2]);
            let settings = StructuredParams { passes: probes, seed, exact_gauss_newton: false };
            structured_change(executor, model, &root, point(from), point(to), settings, |done| show(done as f64 / total))
        };
        let change = match structured(usize::from(!same), 1, seed)? {
            Err(outside) => {
                let t =
                    traces_change(splits[0], splits[1], probes, &mut Rng::new(seed), |done| show(done as f64 / probes as f64))?;
                return Ok((t, Some(outside.to_string())));
            }
            Ok(change) => change,
        };
        if same {
            return Ok((change, None));
        }
        // Other draws for the other graph: equal ones would be neither the same nor independent.
        match structured(0, 0, seed.wrapping_add(1))? {
            Ok(first) => Ok((TracesChange { first: first.first, ..change }, None)),
            Err(outside) => {
                let t =
                    traces_change(splits[0], splits[1], probes, &mut Rng::new(seed), |done| show(done as f64 / probes as f64))?;
                Ok((t, Some(outside.to_string())))
            }
        }
    }

    fn eigenvalues(&self, split: &dupin::curvature::Split, seed: u64, done: impl Fn()) -> anyhow::Result<Vec<Eigenvalue>> {
        let mut all = Vec::new();
        if self.lanczos == 0 {
            return Ok(all);
        }
        for part in Part::ALL {
            let which = if part == Part::GaussNewton { Which::Largest } else { Which::Both };
            let steps = (self.lanczos as usize).min(split.dim());
            let pairs =
                lanczos(&split.operator(part), &LanczosParams { which, count: 1, steps, seed, ..LanczosParams::default() })?;
            for (i, (&value, &residual)) in pairs.values.iter().zip(&pairs.residual_norms).enumerate() {
                all.push(Eigenvalue { matrix: part.name(), end: if i == 0 { "largest" } else { "smallest" }, value, residual });
            }
            done();
        }
        Ok(all)
    }

    fn text(&self, r: &Report) -> String {
        let mut head = vec![r.first.about.text()];
        head.extend((!r.same_draws).then(|| format!("B: {}", r.second.about.text())));
        head.push(format!("A {}\nB {}", self.first.display(), self.second.display()));
        head.push(format!("‖θ_B - θ_A‖/‖θ_A‖ {}", significant(r.relative_distance, 4)));
        let mut parts = vec![head.join("\n")];
        let mut table = Table::new(&["", "A", "B", "B - A"]);
        let text = |v: f64| significant(v, 5);
        let mut plain = |name: &str, f: fn(&Side) -> f64| {
            let (a, b) = (f(&r.first), f(&r.second));
            table.add(vec![name.to_string(), text(a), text(b), text(b - a)]);
        };
        plain("loss", |s| s.loss);
        plain("accuracy", |s| s.accuracy);
        plain("‖∇L‖", |s| s.gradient_norm);
        let estimate = |e: &Estimate| with_error(e.value, e.std_error);
        let picks: [(&str, Pick); 3] = [("H", |t| &t.hessian), ("G", |t| &t.gauss_newton), ("N", |t| &t.nme)];
        for (name, pick) in picks {
            let cells = [&r.first.traces[0], &r.second.traces[0], &r.change[0]].map(|t| estimate(pick(t)));
            table.add([vec![format!("tr {name}")], cells.to_vec()].concat());
        }
        for (a, b) in r.first.eigenvalues.iter().zip(&r.second.eigenvalues) {
            // Each lies within its residual of an eigenvalue, so the difference within their sum.
            let shown = |v: f64, r: f64| if r <= 1e-5 * v.abs() { text(v) } else { with_error(v, Some(r)) };
            let value = |e: &Eigenvalue| shown(e.value, e.residual);
            let cells = vec![value(a), value(b), shown(b.value - a.value, a.residual + b.residual)];
            let short = match a.matrix {
                "hessian" => "H",
                "gauss_newton" => "G",
                _ => "N",
            };
            table.add([vec![format!("{} eigenvalue of {short}", a.end)], cells].concat());
        }
        parts.push(table.to_string());
        let mut table = Table::new(&["layer", "tr G: A", "B", "B - A", "tr N: A", "B", "B - A"]);
        for (i, a) in r.first.traces.iter().enumerate().skip(1) {
            let of = |pick: Pick| [a, &r.second.traces[i], &r.change[i]].map(|t| estimate(pick(t))).to_vec();
            table.add([vec![a.name.clone()], of(|t| &t.gauss_newton), of(|t| &t.nme)].concat());
        }
        parts.push(format!("Diagonal blocks of the layers\n{table}"));
        let t = &r.first.traces[0].hessian;
        let draws = if r.same_draws { "the same draws for A and B" } else { "draws of their own for A and B" };
        parts.push(traces::notes(t, draws, r.not_structured.as_deref(), r.seconds));
        parts.join("\n\n")
    }
}

/// Traces of G and N of both, in all and by layer.
fn chart(r: &Report) -> String {
    let parts: [(Part, Pick); 2] = [(Part::GaussNewton, |t| &t.gauss_newton), (Part::Nme, |t| &t.nme)];
    let sides = [("A", &r.first), ("B", &r.second)];
    let bars = parts.iter().flat_map(|&(part, _)| {
        sides.map(|(side, _)| Bar { name: format!("tr {} of {side}", letter(part)), color_index: color(part) })
    });
    let group = |i: usize| Group {
        name: r.first.traces[i].name.clone(),
        values: parts.iter().flat_map(|(_, pick)| sides.map(|(_, s)| measured(pick(&s.traces[i])))).collect(),
    };
    let chart = BarChart {
        title: format!("Traces of two checkpoints, {}", r.first.about.model),
        description: "Traces of G and N at both, in all and of every layer's diagonal block, with one standard error.".into(),
        value: Axis::linear("trace"),
        bars: bars.collect(),
        groups: (0..r.first.traces.len()).map(group).collect(),
    };
    chart.svg().standalone()
}

/// Loss, accuracy and gradient norm.
fn measure(executor: &dyn Executor, s: &Subject, split: &dupin::curvature::Split) -> anyhow::Result<(f64, f64, f64)> {
    let evaluator = Evaluator::new(executor, &s.network, &s.loss, &s.data, s.batch, s.dtype)?;
    let upload = |ts: &[dupin::ir::Tensor]| ts.iter().map(|t| executor.upload(t.clone())).collect::<Result<Vec<Buffer>, _>>();
    let e = evaluator.run(executor, &upload(&s.params)?, &upload(&s.buffers)?)?;
    let (loss, gradient) = split.gradient()?;
    Ok((loss, e.accuracy, norm(&gradient)))
}
