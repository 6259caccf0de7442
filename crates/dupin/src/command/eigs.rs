//! `dupin eigs`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dupin::curvature::{Part, Split};
use dupin::ir::Tensor;
use dupin::linop::{
    Eigenpairs, Lanczos, LanczosParams, LobpcgParams, SymmetricOperator, Which, alignment, cosine, lobpcg_with, subspace_overlap,
    vector,
};
use serde::Serialize;

use super::lanczos_file;
use super::measure::{LayerArgs, Matrix, ResultArgs, SaveClock, color, letter};
use super::subject::{About, Subject, SubjectArgs};
use crate::output::{self, Context};
use crate::report::chart::line::{ErrorStyle, LineChart, Point, Series};
use crate::report::number::significant;
use crate::report::scale::{Axis, Scale};
use crate::report::table::{Table, with_error};

/// Which end of the spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum End {
    /// The largest and the most negative; of G, which has no negative ones, the largest
    Both,
    /// The largest
    Top,
    /// The smallest: the most negative
    Bottom,
}

/// How eigenpairs are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    /// From one vector, with thick restarts: the fewest products
    Lanczos,
    /// From a block of vectors: every copy of repeated eigenvalues
    Lobpcg,
}

/// Extreme eigenpairs of H, G and N.
///
/// Each pair comes with its measured residual ‖Av − λv‖, within which some eigenvalue lies; how much of λ is due to G and to N; and the
/// share of the gradient that lies along v. Then what the top eigenvectors of the matrices have in common.
#[derive(Args, Debug)]
pub(crate) struct Eigs {
    #[command(flatten)]
    subject: SubjectArgs,

    #[command(flatten)]
    layer: LayerArgs,

    /// Which matrices
    #[arg(long, value_enum, default_value = "all")]
    matrix: Matrix,

    /// Eigenpairs of each end
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,

    /// Which end of the spectrum
    #[arg(long, value_enum, default_value = "both")]
    end: End,

    /// How they are found
    #[arg(long, value_enum, default_value = "lanczos")]
    method: Method,

    /// Stop at residuals of this fraction of the largest |λ|; f32 cannot honour less than about 1e-6
    #[arg(long, value_name = "T", default_value_t = 1e-4)]
    tolerance: f64,

    /// Products with each matrix, at most
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    budget: u32,

    /// Vectors that Lanczos holds before it restarts
    #[arg(long, value_name = "M", default_value_t = 100)]
    basis: u32,

    /// Write the eigenvectors to a safetensors file: <matrix>.top.<i>/<parameter> and <matrix>.bottom.<i>/<parameter>, as PyTorch lays them out
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Keep the state of Lanczos in this folder, twice a minute; a run with the same arguments goes on from it
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    #[command(flatten)]
    results: ResultArgs,
}

#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    about: About,
    /// Names of the parameters that were measured; `null` for all.
    layer: Option<String>,
    /// How many those are.
    dim: usize,
    loss: f64,
    gradient_norm: f64,
    matrices: Vec<Spectrum>,
    overlaps: Vec<Overlap>,
    gradient_cosines: GradientCosines,
    seconds: f64,
}

/// Extreme eigenpairs of one matrix.
#[derive(Debug, Serialize)]
struct Spectrum {
    matrix: &'static str,
    #[serde(skip)]
    part: Part,
    method: Method,
    /// Whether all residuals are within the tolerance.
    converged: bool,
    products: usize,
    seconds: f64,
    pairs: Vec<Pair>,
    #[serde(skip)]
    vectors: Vec<Vec<f64>>,
}

#[derive(Debug, Serialize)]
struct Pair {
    /// `top` or `bottom`, and the place from there, counted from 1.
    end: &'static str,
    place: usize,
    eigenvalue: f64,
    /// `‖Av − λv‖`, measured by a product of its own.
    residual: f64,
    /// `vᵀGv` and `vᵀNv`.
    gauss_newton: f64,
    nme: f64,
    /// `(vᵀ∇L)²/‖∇L‖²`.
    gradient_share: f64,
}

/// What the top eigenvectors of two matrices have in common.
#[derive(Debug, Serialize)]
struct Overlap {
    matrices: [&'static str; 2],
    vectors: usize,
    /// Mean squared cosine of the principal angles.
    shared: f64,
    cosines: Vec<f64>,
    /// What random subspaces of these dimensions would have on average.
    random: f64,
}

/// Cosines between the gradient `g` and its products `Hg`, `Gg` and `Ng`.
#[derive(Debug, Serialize)]
struct GradientCosines {
    g_hg: f64,
    g_gg: f64,
    g_ng: f64,
    gg_ng: f64,
    hg_gg: f64,
    hg_ng: f64,
}

impl Eigs {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        let subject = self.subject.load()?;
        let executor = ctx.executor()?;
        let split = self.layer.split(&subject, &executor)?;
        let (loss, gradient) = split.gradient()?;
        let mut matrices = Vec::new();
        for part in self.matrix.parts() {
            matrices.push(self.spectrum(ctx, &subject, &split, part, &gradient)?);
        }
        if let Some(path) = &self.save {
            save(path, &subject, &split, &matrices)?;
        }
        let report = Report {
            about: subject.about,
            layer: self.layer.name(),
            dim: split.dim(),
            loss,
            gradient_norm: vector::norm(&gradient),
            overlaps: overlaps(&matrices, split.dim())?,
            matrices,
            gradient_cosines: gradient_cosines(&split, &gradient)?,
            seconds: ctx.seconds(),
        };
        self.results.give(&report, || text(&report, self.tolerance), || chart(&report))?;
        Ok(true)
    }

    fn spectrum(
        &self,
        ctx: &Context,
        subject: &Subject,
        split: &Split,
        part: Part,
        gradient: &[f64],
    ) -> anyhow::Result<Spectrum> {
        let start = ctx.seconds();
        let operator = split.operator(part);
        let which = match self.end {
            End::Both if operator.is_psd() => Which::Largest,
            End::Both => Which::Both,
            End::Top => Which::Largest,
            End::Bottom => Which::Smallest,
        };
        let found = match self.method {
            Method::Lanczos => self.lanczos(ctx, subject, &operator, part, which)?,
            Method::Lobpcg => self.lobpcg(ctx, &operator, part, which)?,
        };
        let top = if which == Which::Smallest { 0 } else { found.values.len().min(self.top as usize) };
        let shares = alignment(&found.vectors, gradient);
        let mut pairs = Vec::new();
        for (i, (&eigenvalue, v)) in found.values.iter().zip(&found.vectors).enumerate() {
            let p = split.products(v)?;
            let mut residual = match part {
                Part::Hessian => p.hessian.clone(),
                Part::GaussNewton => p.gauss_newton.clone(),
                Part::Nme => p.nme.clone(),
            };
            vector::axpy(-eigenvalue, v, &mut residual);
            let (end, place) = if i < top { ("top", i + 1) } else { ("bottom", found.values.len() - i) };
            pairs.push(Pair {
                end,
                place,
                eigenvalue,
                residual: vector::norm(&residual),
                gauss_newton: vector::dot(v, &p.gauss_newton),
                nme: vector::dot(v, &p.nme),
                gradient_share: shares[i],
            });
        }
        Ok(Spectrum {
            matrix: part.name(),
            part,
            method: self.method,
            converged: found.converged,
            products: found.matvecs,
            seconds: ctx.seconds() - start,
            pairs,
            vectors: found.vectors,
        })
    }

    fn lanczos(
        &self,
        ctx: &Context,
        subject: &Subject,
        operator: &dyn SymmetricOperator,
        part: Part,
        which: Which,
    ) -> anyhow::Result<Eigenpairs> {
        let params = LanczosParams {
            which,
            count: self.top as usize,
            steps: self.budget as usize,
            basis: self.basis as usize,
            tolerance: self.tolerance,
            seed: subject.seed,
        };
        let key = serde_json::json!({ "about": serde_json::to_value(&subject.about)?, "layer": self.layer.name() });
        let file = self.state.as_ref().map(|dir| dir.join(format!("lanczos-{}.safetensors", part.name())));
        let mut run = match &file {
            Some(path) if path.exists() => Lanczos::resume(lanczos_file::read(path, &key)?)?,
            _ => Lanczos::new(operator.dim(), subject.seed)?,
        };
        if let Some(dir) = &self.state {
            output::folder(dir)?;
        }
        let bar = ctx.bar(params.pairs().min(operator.dim()) as u64, &format!("eigenpairs of {}", letter(part)));
        let (mut clock, mut failed) = (SaveClock::new(ctx), None);
        let pairs = run.run_with(operator, &params, |run| {
            if run.matvecs().is_multiple_of(8) {
                bar.set_position(run.converged_pairs(&params) as u64);
                bar.set_message(format!("{} products", run.matvecs()));
            }
            if let (Some(path), true, None) = (&file, clock.is_due(), &failed) {
                failed = lanczos_file::write(path, &run.save(), &key).err();
            }
        })?;
        bar.finish_and_clear();
        if let Some(error) = failed {
            return Err(error);
        }
        if let Some(path) = &file {
            lanczos_file::write(path, &run.save(), &key)?;
        }
        Ok(pairs)
    }

    fn lobpcg(&self, ctx: &Context, operator: &dyn SymmetricOperator, part: Part, which: Which) -> anyhow::Result<Eigenpairs> {
        if self.state.is_some() {
            anyhow::bail!("`--state` keeps the state of `--method lanczos`; LOBPCG has none worth keeping");
        }
        let params = LobpcgParams {
            which,
            count: self.top as usize,
            steps: self.budget as usize,
            tolerance: self.tolerance,
            seed: self.subject.model.seed.unwrap_or(0),
            ..LobpcgParams::default()
        };
        let bar = ctx.bar(params.steps as u64, &format!("products with {}", letter(part)));
        let pairs = lobpcg_with(operator, &params, |products| bar.set_position(products as u64))?;
        bar.finish_and_clear();
        Ok(pairs)
    }
}

fn overlaps(matrices: &[Spectrum], dim: usize) -> anyhow::Result<Vec<Overlap>> {
    let top = |s: &Spectrum| s.pairs.iter().zip(&s.vectors).filter(|(p, _)| p.end == "top").map(|(_, v)| v.clone()).collect();
    let mut overlaps = Vec::new();
    for (i, a) in matrices.iter().enumerate() {
        for b in &matrices[i + 1..] {
            let (u, v): (Vec<_>, Vec<_>) = (top(a), top(b));
            if u.is_empty() || v.is_empty() {
                continue;
            }
            let o = subspace_overlap(&u, &v)?;
            let random = u.len().max(v.len()) as f64 / dim as f64;
            overlaps.push(Overlap {
                matrices: [a.matrix, b.matrix],
                vectors: u.len().min(v.len()),
                shared: o.overlap,
                cosines: o.cosines,
                random,
            });
        }
    }
    Ok(overlaps)
}

fn gradient_cosines(split: &Split, g: &[f64]) -> anyhow::Result<GradientCosines> {
    let p = split.products(g)?;
    Ok(GradientCosines {
        g_hg: cosine(g, &p.hessian),
        g_gg: cosine(g, &p.gauss_newton),
        g_ng: cosine(g, &p.nme),
        gg_ng: cosine(&p.gauss_newton, &p.nme),
        hg_gg: cosine(&p.hessian, &p.gauss_newton),
        hg_ng: cosine(&p.hessian, &p.nme),
    })
}

fn save(path: &std::path::Path, subject: &Subject, split: &Split, matrices: &[Spectrum]) -> anyhow::Result<()> {
    let mut tensors = Vec::new();
    for m in matrices {
        for (pair, v) in m.pairs.iter().zip(&m.vectors) {
            // PyTorch's layouts are the whole network's: what was not measured is filled with zeros, and left out again.
            let (layout, mut parts) = (split.layout(), split.layout().unflatten(v).into_iter());
            let measured = |name: &String| layout.names().contains(name);
            let names = subject.network.params().iter().map(|p| &p.name).zip(&subject.params);
            let whole: Vec<Tensor> = names
                .map(|(name, p)| {
                    let part = if measured(name) { parts.next() } else { None };
                    part.unwrap_or_else(|| Tensor::zeros(&p.ty()))
                })
                .collect();
            let named = subject.network.to_pytorch(&whole, &subject.buffers).into_iter().take(whole.len());
            let named = named.filter(|(name, _)| measured(name));
            tensors.extend(named.map(|(name, t)| (format!("{}.{}.{}/{name}", m.matrix, pair.end, pair.place), t)));
        }
    }
    let values = |m: &Spectrum| {
        let named = m.pairs.iter().map(|p| (format!("{}.{}", p.end, p.place), serde_json::json!(p.eigenvalue)));
        (m.matrix.to_string(), serde_json::Value::Object(named.collect()).to_string())
    };
    dupin::nn::weights::save(path, &tensors, &matrices.iter().map(values).collect())?;
    Ok(())
}

fn text(r: &Report, tolerance: f64) -> String {
    let block = r.layer.as_ref().map_or(String::new(), |l| format!("\nblock of {l}, {} parameters", r.dim));
    let mut parts = vec![format!("{}{block}\n\nloss {:.6}   ‖∇L‖ {:.6}", r.about.text(), r.loss, r.gradient_norm)];
    for m in &r.matrices {
        let mut table = Table::new(&["", "eigenvalue", "residual", "vᵀGv", "vᵀNv", "cos²(v, ∇L)"]);
        for p in &m.pairs {
            let numbers = [
                significant(p.eigenvalue, 6),
                format!("{:.1e}", p.residual),
                significant(p.gauss_newton, 4),
                significant(p.nme, 4),
                significant(p.gradient_share, 3),
            ];
            table.add([vec![format!("{} {}", p.end, p.place)], numbers.to_vec()].concat());
        }
        let method = if m.method == Method::Lanczos { "Lanczos" } else { "LOBPCG" };
        let ended = if m.converged {
            format!("every residual below {tolerance:e} of the largest |λ|")
        } else {
            format!("the budget ended it before every residual was below {tolerance:e} of the largest |λ|")
        };
        let products = m.products;
        parts.push(format!(
            "{} ({method}, {products} products, {}; {ended})\n{table}",
            letter(m.part),
            output::duration(m.seconds)
        ));
    }
    let mut ends = Vec::new();
    for o in &r.overlaps {
        let [a, b] = o.matrices;
        ends.push(format!(
            "top {} eigenvectors of {a} and {b}: mean cos² of the principal angles {} (random subspaces: {})",
            o.vectors,
            with_error(o.shared, None),
            significant(o.random, 2)
        ));
    }
    let g = &r.gradient_cosines;
    ends.push(format!("cosines with g = ∇L: Hg {:.3}, Gg {:.3}, Ng {:.3}; of Gg and Ng {:.3}", g.g_hg, g.g_gg, g.g_ng, g.gg_ng));
    ends.push(output::duration(r.seconds));
    parts.push(ends.join("\n"));
    parts.join("\n\n")
}

fn chart(r: &Report) -> String {
    let mut series = Vec::new();
    for m in &r.matrices {
        for (end, dashed) in [("top", false), ("bottom", true)] {
            let points: Vec<Point> = m
                .pairs
                .iter()
                .filter(|p| p.end == end)
                .map(|p| Point::new(p.place as f64, p.eigenvalue, Some(p.residual), &[]))
                .collect();
            if !points.is_empty() {
                let name = format!("{} {end}", letter(m.part));
                series.push(Series { name, points, dashed, color_index: color(m.part) });
            }
        }
    }
    let smallest = r.matrices.iter().flat_map(|m| &m.pairs).map(|p| p.eigenvalue.abs()).fold(f64::INFINITY, f64::min);
    let chart = LineChart {
        title: format!("Extreme eigenvalues, {}", r.about.model),
        description: "Eigenvalues of H, G and N from both ends of the spectrum, with residuals as errors.".into(),
        x: Axis::linear("place from the end of the spectrum"),
        y: Axis { label: "eigenvalue".into(), scale: Scale::SymLog { linear: 0.1 * smallest } },
        series,
        errors: ErrorStyle::Bars,
    };
    chart.svg().standalone()
}
