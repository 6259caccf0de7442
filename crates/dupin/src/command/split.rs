//! `dupin split`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dupin::curvature::{Part, Rayleigh, Split as Operators, SplitParams, SplitTraces};
use dupin::linop::{Eigenpairs, LanczosParams, Which, lanczos};
use serde::Serialize;

use super::dump;
use super::measure::{ResultArgs, trace_chart};
use super::subject::{About, SubjectArgs};
use super::traces::{self, Estimator};
use crate::output::Context;
use crate::report::number::significant;
use crate::report::table::{Table, with_error};

/// Measure H, G and N of a trained or fresh network.
///
/// Prints loss, gradient norm, traces with standard errors, extreme eigenvalues with residuals, the quotients along the gradient,
/// and the traces of every layer's diagonal block. All traces come from the same probes, so tr H = tr G + tr N.
#[derive(Args, Debug)]
pub(crate) struct Split {
    #[command(flatten)]
    subject: SubjectArgs,

    /// Random probes for the traces, or passes of structured probes
    #[arg(long, value_name = "K", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    probes: u32,

    /// How traces are estimated; the result names what ran
    #[arg(long, value_enum, default_value = "auto")]
    estimator: Estimator,

    /// Lanczos steps at most for the extreme eigenvalues, fewer once their residuals are 1e-3 of the largest; 0 leaves them out
    #[arg(long, value_name = "S", default_value_t = 300)]
    lanczos: u32,

    #[command(flatten)]
    result: ResultArgs,

    /// Write inputs, parameters, probes and products to a safetensors file, to check them elsewhere
    ///
    /// Tensors: input (NCHW or [n, d]), target, weights, logits, param/<name>, probe<k>/<name>, hv<k>/<name>, gv<k>/<name>, nv<k>/<name>
    /// in PyTorch layouts; metadata: model, activation, loss, dtype, mode.
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,

    /// Probes to dump
    #[arg(long, value_name = "K", default_value_t = 2, requires = "dump")]
    dump_probes: usize,
}

/// What is measured.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    about: About,
    loss: f64,
    gradient_norm: f64,
    trace: Three<dupin::linop::Estimate>,
    /// Why the traces are not by structured probes, if those were tried.
    not_structured: Option<String>,
    eigenvalues: Option<Three<Extremes>>,
    along_gradient: Three<f64>,
    layers: Vec<Layer>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Three<T> {
    hessian: T,
    gauss_newton: T,
    nme: T,
}

#[derive(Debug, Serialize)]
struct Layer {
    name: String,
    parameters: usize,
    trace: Three<dupin::linop::Estimate>,
}

/// Smallest and largest eigenvalue, each with the norm of its residual.
#[derive(Debug, Serialize)]
struct Extremes {
    smallest: f64,
    smallest_residual: f64,
    largest: f64,
    largest_residual: f64,
    products: usize,
}

impl Extremes {
    fn new(pairs: &Eigenpairs) -> anyhow::Result<Self> {
        let order = |a: &usize, b: &usize| pairs.values[*a].total_cmp(&pairs.values[*b]);
        let low = (0..pairs.values.len()).min_by(order).context("Lanczos found no eigenvalue")?;
        let high = (0..pairs.values.len()).max_by(order).context("Lanczos found no eigenvalue")?;
        Ok(Self {
            smallest: pairs.values[low],
            smallest_residual: pairs.residual_norms[low],
            largest: pairs.values[high],
            largest_residual: pairs.residual_norms[high],
            products: pairs.matvecs,
        })
    }
}

impl Split {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let subject = self.subject.load()?;
        let seed = subject.seed;
        let executor = ctx.executor()?;
        let split = subject.split(&executor, SplitParams::default())?;

        let (loss, gradient) = split.gradient()?;
        let gradient_norm = dupin::linop::vector::norm(&gradient);
        let bar = ctx.bar(100, "traces");
        let (t, outside) =
            traces::measure(&executor, &subject.measured(), &split, self.estimator, self.probes as usize, seed, |share| {
                bar.set_position((100.0 * share) as u64);
            })?;
        bar.finish_and_clear();
        let along =
            if gradient_norm > 0.0 { split.rayleigh(&gradient)? } else { Rayleigh { hessian: 0.0, gauss_newton: 0.0, nme: 0.0 } };
        let eigenvalues = self.eigenvalues(ctx, &split, seed)?;
        if let Some(path) = &self.dump {
            let contents = dump::Contents {
                network: &subject.network,
                loss: &subject.loss,
                params: &subject.params,
                buffers: &subject.buffers,
                data: &subject.data,
                dtype: subject.dtype,
                train: subject.train,
                probes: self.dump_probes,
                seed,
            };
            dump::write(path, &executor, &split, &contents)?;
        }
        let report = Report {
            about: subject.about.clone(),
            loss,
            gradient_norm,
            layers: layers(&split, &t),
            trace: Three { hessian: t.hessian, gauss_newton: t.gauss_newton, nme: t.nme },
            not_structured: outside.map(|o| o.to_string()),
            eigenvalues,
            along_gradient: Three { hessian: along.hessian, gauss_newton: along.gauss_newton, nme: along.nme },
            seconds: ctx.seconds(),
        };
        self.result.give(&report, || text(&report), || chart(&report))?;
        Ok(true)
    }

    fn eigenvalues(&self, ctx: &Context, split: &Operators, seed: u64) -> anyhow::Result<Option<Three<Extremes>>> {
        if self.lanczos == 0 {
            return Ok(None);
        }
        let bar = ctx.bar(3, "eigenvalues");
        let steps = self.lanczos as usize;
        let extremes = |part: Part| -> anyhow::Result<Extremes> {
            let params = LanczosParams { which: Which::Both, count: 1, steps, tolerance: 1e-3, seed, ..LanczosParams::default() };
            let pairs = lanczos(&split.operator(part), &params)?;
            bar.inc(1);
            Extremes::new(&pairs)
        };
        let three =
            Three { hessian: extremes(Part::Hessian)?, gauss_newton: extremes(Part::GaussNewton)?, nme: extremes(Part::Nme)? };
        bar.finish_and_clear();
        Ok(Some(three))
    }
}

fn layers(split: &Operators, t: &SplitTraces) -> Vec<Layer> {
    let sizes = split.layout().modules();
    let row = |(g, (_, range)): (&dupin::curvature::GroupTrace, (String, std::ops::Range<usize>))| Layer {
        name: g.name.clone(),
        parameters: range.len(),
        trace: Three { hessian: g.hessian, gauss_newton: g.gauss_newton, nme: g.nme },
    };
    t.groups.iter().zip(sizes).map(row).collect()
}

/// An eigenvalue with its residual, where that shows in five digits.
fn eigenvalue(value: f64, residual: f64) -> String {
    if residual <= 1e-5 * value.abs() { significant(value, 5) } else { with_error(value, Some(residual)) }
}

fn text(r: &Report) -> String {
    let mut parts = vec![r.about.text(), format!("loss {:.6}   ‖∇L‖ {:.6}", r.loss, r.gradient_norm)];
    let mut table = Table::new(&["", "H", "G", "N = H - G"]);
    let estimates =
        |t: &Three<dupin::linop::Estimate>| [t.hessian, t.gauss_newton, t.nme].map(|e| with_error(e.value, e.std_error)).to_vec();
    table.add([vec!["trace".to_string()], estimates(&r.trace)].concat());
    if let Some(e) = &r.eigenvalues {
        let three = [&e.hessian, &e.gauss_newton, &e.nme];
        table
            .add([vec!["largest eigenvalue".into()], three.map(|x| eigenvalue(x.largest, x.largest_residual)).to_vec()].concat());
        table.add(
            [vec!["smallest eigenvalue".into()], three.map(|x| eigenvalue(x.smallest, x.smallest_residual)).to_vec()].concat(),
        );
    }
    let a = &r.along_gradient;
    table
        .add([vec!["gᵀAg / gᵀg".to_string()], [a.hessian, a.gauss_newton, a.nme].map(|v| with_error(v, None)).to_vec()].concat());
    parts.push(table.to_string());
    let mut table = Table::new(&["layer", "parameters", "tr H", "tr G", "tr N"]);
    for l in &r.layers {
        table.add([vec![l.name.clone(), l.parameters.to_string()], estimates(&l.trace)].concat());
    }
    parts.push(format!("Diagonal blocks of the layers\n{table}"));
    parts.push(traces::notes(&r.trace.hessian, "the same for H, G and N", r.not_structured.as_deref(), r.seconds));
    parts.join("\n\n")
}

fn chart(r: &Report) -> String {
    let all = |t: &Three<dupin::linop::Estimate>| [t.hessian, t.gauss_newton, t.nme];
    let layers = r.layers.iter().map(|l| (l.name.as_str(), all(&l.trace)));
    let groups: Vec<_> = std::iter::once(("all", all(&r.trace))).chain(layers).collect();
    trace_chart(&r.about, &Part::ALL, groups.iter().map(|(name, e)| (*name, e.iter().collect())).collect())
}
