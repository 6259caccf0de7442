//! `dupin diag`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use dupin::curvature::{Examples, Part, Split, SplitParams, check_agreement};
use dupin::linop::{Rng, hutchinson_diagonal};
use dupin::train::{sequential_batches, trace};
use serde::Serialize;

use super::measure::{ResultArgs, color};
use super::subject::{About, Subject, SubjectArgs, loss_root};
use crate::output::Context;
use crate::report::chart::Measured;
use crate::report::chart::bar::{Bar, BarChart, Group};
use crate::report::number::significant;
use crate::report::scale::{Axis, Scale};
use crate::report::table::Table;

/// Bytes that the gradients of a batch's examples may take.
const EXAMPLE_BYTES: usize = 256 << 20;

/// Diagonals of H, G and N, and gradient norms of single examples.
///
/// The diagonal of G is exact (a backward pass per output), that of N is estimated by Hutchinson's method, and H is their sum.
#[derive(Args, Debug)]
pub(crate) struct Diag {
    #[command(flatten)]
    subject: SubjectArgs,

    /// Random probes for the diagonal of N; 0 leaves N and H out
    #[arg(long, value_name = "K", default_value_t = 32)]
    probes: usize,

    /// First check that passes over the data in other batches agree; exit code 1 if they do not
    #[arg(long)]
    check: bool,

    /// Write the diagonals to a safetensors file: g/<name>, n/<name>, n_std_error/<name>, h/<name> in PyTorch's layouts
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,

    #[command(flatten)]
    result: ResultArgs,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    about: About,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<Check>,
    /// Of the diagonal of N; that of G is exact.
    probes: usize,
    gradient_norms: Norms,
    parameters: Vec<Row>,
    seconds: f64,
}

/// Norms of the gradients of single examples.
#[derive(Serialize)]
struct Norms {
    mean: f64,
    least: f64,
    median: f64,
    percentile_90: f64,
    greatest: f64,
}

/// Entries of the diagonals that belong to one parameter.
#[derive(Serialize)]
struct Row {
    name: String,
    entries: usize,
    gauss_newton: Entries,
    nme: Option<Entries>,
    /// Root of the mean squared standard error of the entries of N.
    nme_std_error: Option<f64>,
}

#[derive(Serialize)]
struct Entries {
    mean: f64,
    least: f64,
    greatest: f64,
}

impl Entries {
    fn new(values: &[f64]) -> Self {
        Self {
            mean: values.iter().sum::<f64>() / values.len().max(1) as f64,
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            greatest: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

fn norms(mut values: Vec<f64>) -> Norms {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Norms { mean, least: at(0.0), median: at(0.5), percentile_90: at(0.9), greatest: at(1.0) }
}

impl Diag {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let subject = self.subject.load()?;
        if subject.train && subject.network.has_batch_norm() {
            bail!(
                "with `--mode train` the gradient of one example depends on the others of its batch: leave it out, to normalise with running statistics"
            );
        }
        let executor = ctx.executor()?;
        let split = subject.split(&executor, SplitParams::default())?;
        let check = if self.check { Some(Check::new(&executor, &subject, &split)?) } else { None };
        if let Some(check) = check.as_ref().filter(|c| c.disagreement.is_some()) {
            self.result.give(check, || check.text(), String::new)?;
            return Ok(false);
        }

        // Examples apart hold all their gradients at once: as many as fit.
        let bytes = split.dim() * subject.dtype.size();
        let batch = (EXAMPLE_BYTES / bytes.max(1)).clamp(1, subject.batch);
        let one = trace(&subject.network, &subject.loss, 1, subject.dtype, false).traced;
        let weights = one.data[2];
        let batches = sequential_batches(&subject.network, &subject.data, batch, &subject.buffers, subject.dtype)?;
        let bar = ctx.bar(3, "diagonals");
        let mut examples = Examples::new(&executor, one, weights, &subject.params, batches)?;
        let gradient_norms = norms(examples.gradient_norms()?);
        bar.inc(1);
        let g = examples.gauss_newton_diagonal(loss_root(&subject.loss, weights).curve)?;
        bar.inc(1);
        let n = match self.probes {
            0 => None,
            k => Some(hutchinson_diagonal(&split.operator(Part::Nme), k, &mut Rng::new(subject.seed))?),
        };
        bar.finish_and_clear();

        let errors = n.as_ref().and_then(|n| n.std_errors.clone());
        if let Some(path) = &self.dump {
            let mut all = vec![("g", g.clone())];
            if let Some(n) = &n {
                all.push(("n", n.values.clone()));
                all.push(("h", g.iter().zip(&n.values).map(|(g, n)| g + n).collect()));
            }
            all.extend(errors.clone().map(|e| ("n_std_error", e)));
            dump(path, &subject, &split, &all)?;
        }
        let parameters = (0..split.layout().len())
            .map(|i| {
                let range = split.layout().range(i);
                let rms = |e: &Vec<f64>| (e[range.clone()].iter().map(|x| x * x).sum::<f64>() / range.len() as f64).sqrt();
                Row {
                    name: split.layout().names()[i].clone(),
                    entries: range.len(),
                    gauss_newton: Entries::new(&g[range.clone()]),
                    nme: n.as_ref().map(|n| Entries::new(&n.values[range.clone()])),
                    nme_std_error: errors.as_ref().map(rms),
                }
            })
            .collect();
        let report = Report {
            about: subject.about.clone(),
            check,
            probes: self.probes,
            gradient_norms,
            parameters,
            seconds: ctx.seconds(),
        };
        self.result.give(&report, || text(&report), || chart(&report))?;
        Ok(true)
    }
}

/// How far another cut of the data gives the same loss, gradient and products.
#[derive(Serialize)]
struct Check {
    /// Examples per batch, of the two cuts.
    batches: [usize; 2],
    /// Largest relative differences, if the two agree.
    differences: Option<Differences>,
    /// What differs, if they do not.
    disagreement: Option<String>,
}

#[derive(Serialize)]
struct Differences {
    loss: f64,
    gradient: f64,
    gauss_newton: f64,
    nme: f64,
}

impl Check {
    fn new(executor: &dyn dupin::ir::Executor, subject: &Subject, split: &Split) -> anyhow::Result<Self> {
        let batch = (subject.batch / 2 + 1).min(subject.data.len());
        let model = trace(&subject.network, &subject.loss, batch, subject.dtype, subject.train);
        let batches = sequential_batches(&subject.network, &subject.data, batch, &subject.buffers, subject.dtype)?;
        let again = Split::new(executor, model.traced, &subject.params, batches, SplitParams::default())?;
        let (differences, disagreement) = match check_agreement(split, &again, subject.seed) {
            Ok(a) => {
                let found = Differences { loss: a.loss, gradient: a.gradient, gauss_newton: a.gauss_newton, nme: a.nme };
                (Some(found), None)
            }
            Err(e @ dupin::curvature::Error::Disagree { .. }) => (None, Some(e.to_string())),
            Err(e) => return Err(e.into()),
        };
        Ok(Self { batches: [subject.batch, batch], differences, disagreement })
    }

    fn text(&self) -> String {
        let [a, b] = self.batches;
        match (&self.differences, &self.disagreement) {
            (Some(d), _) => format!(
                "batches of {a} and of {b} agree: loss to {:.0e}, gradient to {:.0e}, Gv to {:.0e}, Nv to {:.0e}",
                d.loss, d.gradient, d.gauss_newton, d.nme
            ),
            (None, why) => format!("batches of {a} and of {b} disagree: {}", why.as_deref().unwrap_or_default()),
        }
    }
}

fn dump(path: &std::path::Path, subject: &Subject, split: &Split, all: &[(&str, Vec<f64>)]) -> anyhow::Result<()> {
    let mut tensors = Vec::new();
    for (prefix, flat) in all {
        let named = subject.network.to_pytorch(&split.layout().unflatten(flat), &subject.buffers);
        let names = split.layout().len();
        tensors.extend(named.into_iter().take(names).map(|(name, t)| (format!("{prefix}/{name}"), t)));
    }
    let about = [("model", subject.about.model.clone()), ("activation", subject.about.activation.clone())];
    let metadata = about.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
    dupin::nn::weights::save(path, &tensors, &metadata)?;
    Ok(())
}

fn text(r: &Report) -> String {
    let n = &r.gradient_norms;
    let number = |v: f64| significant(v, 4);
    let mut parts: Vec<String> = r.check.iter().map(Check::text).collect();
    parts.extend([
        r.about.text(),
        format!(
            "‖∇ℓ‖ of single examples: mean {}, least {}, median {}, 90 % below {}, greatest {}",
            number(n.mean),
            number(n.least),
            number(n.median),
            number(n.percentile_90),
            number(n.greatest)
        ),
    ]);
    let mut table =
        Table::new(&["diagonal", "entries", "G mean", "G greatest", "N mean", "N least", "N greatest", "± of an entry"]);
    for p in &r.parameters {
        let nme = |f: fn(&Entries) -> f64| p.nme.as_ref().map_or_else(String::new, |e| number(f(e)));
        table.add(vec![
            p.name.clone(),
            p.entries.to_string(),
            number(p.gauss_newton.mean),
            number(p.gauss_newton.greatest),
            nme(|e| e.mean),
            nme(|e| e.least),
            nme(|e| e.greatest),
            p.nme_std_error.map_or_else(String::new, |e| significant(e, 2)),
        ]);
    }
    parts.push(table.to_string());
    let mut notes = String::new();
    if r.probes > 0 {
        notes = format!(
            "G is exact. N is estimated from {} probes (hutchinson); its least and greatest entries hold that noise, of the size of ±.\n",
            r.probes
        );
    }
    parts.push(notes + &crate::output::duration(r.seconds));
    parts.join("\n\n")
}

fn chart(r: &Report) -> String {
    let bar = |name: &str, part| Bar { name: name.into(), color_index: color(part) };
    let exact = |mean| Measured { mean, std_error: None, samples: Vec::new() };
    let group = |p: &Row| Group {
        name: p.name.clone(),
        values: std::iter::once(exact(p.gauss_newton.mean)).chain(p.nme.as_ref().map(|e| exact(e.mean))).collect(),
    };
    let mut bars = vec![bar("G", Part::GaussNewton)];
    bars.extend((r.probes > 0).then(|| bar("N", Part::Nme)));
    let chart = BarChart {
        title: format!("Diagonals, {}", r.about.model),
        description: "Mean entry of the diagonals of G and N that belong to each parameter.".into(),
        value: Axis { label: "mean entry of the diagonal".into(), scale: Scale::SymLog { linear: 0.0 } },
        bars,
        groups: r.parameters.iter().map(group).collect(),
    };
    chart.svg().standalone()
}
