//! `dupin spectrum`.

use clap::Args;
use dupin::curvature::Part;
use dupin::linop::{Density, EffectiveRank, Estimate, Rng, SymmetricOperator, lanczos_quadrature_with};
use serde::Serialize;

use super::measure::{LayerArgs, Matrix, ResultArgs, color, letter};
use super::subject::{About, SubjectArgs};
use crate::output::{self, Context};
use crate::report::chart::line::{ErrorStyle, LineChart, Point, Series};
use crate::report::number::significant;
use crate::report::scale::{Axis, Scale};
use crate::report::table::{Table, with_error};

/// Densities of all eigenvalues of H, G and N.
///
/// Stochastic Lanczos quadrature: every probe sees the whole spectrum through as many nodes as there are steps. Moments, effective
/// ranks and the share of negative mass follow from the nodes, with standard errors over the probes. The picture counts eigenvalues
/// per decade, on axes that are logarithmic away from zero and linear near it.
#[derive(Args, Debug)]
pub(crate) struct Spectrum {
    #[command(flatten)]
    subject: SubjectArgs,

    #[command(flatten)]
    layer: LayerArgs,

    /// Which matrices
    #[arg(long, value_enum, default_value = "all")]
    matrix: Matrix,

    /// Random probes for each matrix
    #[arg(long, value_name = "K", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..))]
    probes: u32,

    /// Lanczos steps for each probe: nodes of its quadrature
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,

    /// Eigenvalues below this fraction of the largest |λ| are drawn on a linear scale
    ///
    /// Nodes are few near zero: much below the largest |λ| over the steps, the picture shows them and not the spectrum.
    #[arg(long, value_name = "F", default_value_t = 1e-3)]
    linear: f64,

    /// Width of the kernel that smooths the drawn density, in decades
    #[arg(long, value_name = "W", default_value_t = 0.15)]
    width: f64,

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
    probes: u32,
    steps: u32,
    matrices: Vec<Measured>,
    seconds: f64,
}

/// What the quadratures of one matrix say.
#[derive(Debug, Serialize)]
struct Measured {
    matrix: &'static str,
    #[serde(skip)]
    part: Part,
    trace: Estimate,
    /// `Σλᵢᵖ/n` for p = 1 … 4.
    moments: [Estimate; 4],
    frobenius_norm: Estimate,
    /// `Σ_{λ<0}|λ| / Σ|λ|`.
    negative_share: Estimate,
    effective_rank: EffectiveRank,
    /// Ends of the nodes, within those of the spectrum.
    smallest_node: f64,
    largest_node: f64,
    density: Density,
    drawn: Drawn,
}

/// Eigenvalues per decade of the symmetric logarithm.
#[derive(Debug, Serialize)]
struct Drawn {
    eigenvalues: Vec<f64>,
    per_decade: Vec<f64>,
    std_errors: Option<Vec<f64>>,
}

impl Spectrum {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        for (name, value) in [("--linear", self.linear), ("--width", self.width)] {
            if !(value > 0.0 && value.is_finite()) {
                anyhow::bail!("`{name} {value}` must be a number above 0");
            }
        }
        let subject = self.subject.load()?;
        let executor = ctx.executor()?;
        let split = self.layer.split(&subject, &executor)?;
        let (probes, steps) = (self.probes as usize, self.steps as usize);
        let mut densities = Vec::new();
        for part in self.matrix.parts() {
            let operator = split.operator(part);
            let bar = ctx.bar((probes * steps.min(operator.dim())) as u64, &format!("density of {}", letter(part)));
            // The same probes for every matrix.
            let rng = &mut Rng::new(subject.seed);
            densities.push((part, lanczos_quadrature_with(&operator, probes, steps, rng, |done| bar.set_position(done as u64))?));
            bar.finish_and_clear();
        }
        let range = |d: &Density| d.range().upper.abs().max(d.range().lower.abs());
        let largest = densities.iter().map(|(_, d)| range(d)).fold(0.0, f64::max);
        let linear = if largest > 0.0 { self.linear * largest } else { 1.0 };
        let matrices = densities.into_iter().map(|(part, d)| measured(part, d, linear, self.width)).collect::<Result<_, _>>()?;
        let report = Report {
            about: subject.about,
            layer: self.layer.name(),
            dim: split.dim(),
            probes: self.probes,
            steps: self.steps,
            matrices,
            seconds: ctx.seconds(),
        };
        self.results.give(&report, || text(&report), || chart(&report, linear))?;
        Ok(true)
    }
}

fn measured(part: Part, density: Density, linear: f64, width: f64) -> anyhow::Result<Measured> {
    let n = density.dim as f64;
    let decade = |x: f64| (0.5 * x / linear).asinh() / std::f64::consts::LN_10;
    let range = density.range();
    let (low, high) = (decade(range.lower) - 4.0 * width, decade(range.upper) + 4.0 * width);
    let points = (((high - low) / (width / 4.0)).ceil() as usize).clamp(2, 1000);
    let grid: Vec<f64> = (0..points).map(|i| low + (high - low) * i as f64 / (points - 1) as f64).collect();
    let smooth = density.smoothed_along(decade, grid, width)?;
    let drawn = Drawn {
        eigenvalues: smooth.grid.iter().map(|t| 2.0 * linear * (t * std::f64::consts::LN_10).sinh()).collect(),
        per_decade: smooth.values.iter().map(|v| n * v).collect(),
        std_errors: smooth.std_errors.map(|errors| errors.iter().map(|e| n * e).collect()),
    };
    Ok(Measured {
        matrix: part.name(),
        part,
        trace: density.trace_of(|x| x),
        moments: [1, 2, 3, 4].map(|p| density.moment(p)),
        frobenius_norm: density.functional(|x| [x * x], |[m]| (n * m).sqrt()),
        negative_share: density.negative_share(),
        effective_rank: density.effective_rank(),
        smallest_node: range.lower,
        largest_node: range.upper,
        drawn,
        density,
    })
}

fn text(r: &Report) -> String {
    type Cell<'a> = &'a dyn Fn(&Measured) -> String;
    let names: Vec<&str> = r.matrices.iter().map(|m| letter(m.part)).collect();
    let mut table = Table::new(&[vec![""], names].concat());
    let shown = |e: Estimate| with_error(e.value, e.std_error);
    let rows: [(&str, Cell); 12] = [
        ("trace", &|m| shown(m.trace)),
        ("Frobenius norm", &|m| shown(m.frobenius_norm)),
        ("largest node", &|m| significant(m.largest_node, 5)),
        ("smallest node", &|m| significant(m.smallest_node, 5)),
        ("mean λ²", &|m| shown(m.moments[1])),
        ("mean λ³", &|m| shown(m.moments[2])),
        ("mean λ⁴", &|m| shown(m.moments[3])),
        ("Σ_{λ<0}|λ| / Σ|λ|", &|m| shown(m.negative_share)),
        ("rank (Σ|λ|)²/Σλ²", &|m| shown(m.effective_rank.participation)),
        ("rank Σ|λ|/max|λ|", &|m| shown(m.effective_rank.intrinsic)),
        ("rank Σλ²/max λ²", &|m| shown(m.effective_rank.stable)),
        ("rank exp(entropy)", &|m| shown(m.effective_rank.entropic)),
    ];
    for (name, cell) in rows {
        table.add(std::iter::once(name.to_string()).chain(r.matrices.iter().map(cell)).collect());
    }
    let products: usize = r.matrices.iter().map(|m| m.density.matvecs).sum();
    let block = r.layer.as_ref().map_or(String::new(), |l| format!("\nblock of {l}, {} parameters", r.dim));
    format!(
        "{}{block}\n\n{table}\n\n± is one standard error over {} probes of {} Lanczos steps, the same probes for every matrix ({products} products).\n{}",
        r.about.text(),
        r.probes,
        r.steps,
        output::duration(r.seconds)
    )
}

fn chart(r: &Report, linear: f64) -> String {
    let series = r.matrices.iter().map(|m| {
        let d = &m.drawn;
        let error = |i: usize| d.std_errors.as_ref().map(|e| e[i]);
        let points = (0..d.eigenvalues.len()).map(|i| Point::new(d.eigenvalues[i], d.per_decade[i], error(i), &[])).collect();
        Series { name: letter(m.part).into(), points, dashed: false, color_index: color(m.part) }
    });
    let chart = LineChart {
        title: format!("Spectrum of {}, {} parameters", r.about.model, r.dim),
        description: "Eigenvalues of H, G and N per decade, with a band of one standard error.".into(),
        x: Axis { label: "eigenvalue".into(), scale: Scale::SymLog { linear } },
        y: Axis { label: "eigenvalues per decade".into(), scale: Scale::SymLog { linear: 1.0 } },
        series: series.collect(),
        errors: ErrorStyle::Band,
    };
    chart.svg().standalone()
}
