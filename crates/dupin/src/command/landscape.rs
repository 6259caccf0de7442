//! `dupin landscape`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use dupin::curvature::{
    Axis, Landscape as Map, LandscapePoint, Norm, Norms, Part, Split as Operators, SplitParams, filter_normalized, landscape,
};
use dupin::ir::Tensor;
use dupin::linop::vector::norm;
use dupin::linop::{LanczosParams, Rng, Which, lanczos};
use dupin::nn::Layout;
use serde::Serialize;

use super::measure::ResultArgs;
use super::subject::{About, Subject, SubjectArgs};
use crate::output::{self, Context};
use crate::report::Svg;
use crate::report::chart::heat::HeatMap;
use crate::report::chart::line::{ErrorStyle, LineChart, Point, Series};
use crate::report::number::significant;
use crate::report::scale::{Axis as ChartAxis, Scale};
use crate::report::table::{Table, with_error};

/// Loss, ‖N‖ and ‖G‖ along a line or over a plane of parameters.
///
/// Draws heat maps with contours (or curves, with one direction) of the loss and of the Frobenius norms of the two parts of its Hessian.
#[derive(Args, Debug)]
#[command(after_long_help = DIRECTIONS)]
pub(crate) struct Landscape {
    #[command(flatten)]
    subject: SubjectArgs,

    /// First direction; below are the names
    #[arg(long, value_name = "DIRECTION", default_value = "random:0")]
    x: String,

    /// Second direction, or `none` for a line
    #[arg(long, value_name = "DIRECTION", default_value = "random:1")]
    y: String,

    /// Points along each direction
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = clap::value_parser!(u32).range(2..=1001))]
    points: u32,

    /// Distance to either side, in multiples of the direction: 1 is a filter's own norm for random directions, a length of 1 for
    /// eigenvectors and the gradient, and the weight's own unit for a weight
    #[arg(long, value_name = "R", default_value_t = 1.0)]
    radius: f64,

    /// Probes for the norms; 0 leaves them out, `exact` takes every column (small networks)
    #[arg(long, value_name = "K", default_value = "8")]
    probes: String,

    /// Lanczos steps for eigenvectors
    #[arg(long, value_name = "S", default_value_t = 60)]
    lanczos: u32,

    /// Folder for loss.svg, nme.svg, gauss_newton.svg and landscape.json
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    result: ResultArgs,
}

const DIRECTIONS: &str = "\
Directions:
  random[:SEED]        Gaussian, each filter with the norm of the weights' own (Li et al., 2018)
  gradient             along the gradient, of length 1
  hessian:K gauss_newton:K nme:K
                       eigenvector K of that matrix, 1 for the largest eigenvalue, 2 for the next, -1 for the smallest
  NAME[I,J,...]        one weight, by its name and indices in PyTorch's order, as in 0.weight[3,17]

Example, the loss and the norm of the NME over two weights of a hidden layer for one example:
  dupin landscape --model mlp:784-32-32-10 --act beta_gelu:8 --loss mse --examples 10 \\
      --x '2.weight[0,3]' --y '2.weight[0,5]' --radius 4 --points 41 --probes 16 --out runs/plane";

/// A direction by name.
struct Direction {
    label: String,
    vector: Vec<f64>,
    /// Where the parameters are along it: the weight's own value for a weight, else 0.
    origin: f64,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    about: &'a About,
    probes: &'a str,
    axes: Vec<AxisReport>,
    /// Row after row; the first axis moves fastest.
    loss: Vec<Option<f64>>,
    gradient_norm: Vec<Option<f64>>,
    gauss_newton_norm: Option<Vec<Option<f64>>>,
    gauss_newton_norm_std_error: Option<Vec<Option<f64>>>,
    nme_norm: Option<Vec<Option<f64>>>,
    nme_norm_std_error: Option<Vec<Option<f64>>>,
    seconds: f64,
}

#[derive(Serialize)]
struct AxisReport {
    direction: String,
    places: Vec<f64>,
    /// Place of the parameters.
    at: f64,
}

impl Landscape {
    pub(crate) fn run(&self, ctx: &Context) -> anyhow::Result<bool> {
        if !(self.radius > 0.0 && self.radius.is_finite()) {
            bail!("`--radius {}` is not a distance: it must be a positive number", self.radius);
        }
        let norms = match self.probes.as_str() {
            "0" => Norms::Leave,
            "exact" => Norms::Exact,
            k => Norms::Probes(
                k.parse()
                    .ok()
                    .filter(|k| *k > 0)
                    .with_context(|| format!("`--probes {k}` is not a number of probes: write a whole number, or `exact`"))?,
            ),
        };
        let subject = self.subject.load()?;
        let executor = ctx.executor()?;
        let settings = SplitParams { residual_bytes: 0, ..SplitParams::default() };
        let mut split = subject.split(&executor, settings)?;
        if norms == Norms::Exact && split.dim() > 4096 {
            bail!("exact norms of {} parameters take as many products at every point: use `--probes 8`", split.dim());
        }
        // The folder is made first: what cannot be written should not be computed.
        if let Some(folder) = &self.out {
            output::folder(folder)?;
        }
        let mut directions = vec![self.direction(&subject, &split, &self.x)?];
        if self.y != "none" {
            directions.push(self.direction(&subject, &split, &self.y)?);
        }
        let n = self.points as usize;
        let steps: Vec<f64> = (0..n).map(|i| self.radius * (2.0 * i as f64 / (n - 1) as f64 - 1.0)).collect();
        let axes: Vec<Axis> = directions.iter().map(|d| Axis { direction: d.vector.clone(), places: steps.clone() }).collect();
        let center = split.layout().flatten(&subject.params);
        let bar = ctx.bar((n.pow(axes.len() as u32)) as u64, "landscape");
        let map =
            landscape(&mut split, &center, &axes[0], axes.get(1), norms, subject.seed, |done| bar.set_position(done as u64))?;
        bar.finish_and_clear();

        let shown: Vec<Shown> = directions
            .iter()
            .map(|d| Shown { label: d.label.clone(), places: steps.iter().map(|s| d.origin + s).collect(), at: d.origin })
            .collect();
        let pictures = pictures(&subject, &shown, &map);
        let report = self.report(&subject, &shown, &map, ctx.seconds());
        let mut wrote = String::from("`--out DIR` writes the pictures and every value.\n");
        if let Some(folder) = &self.out {
            output::write(&folder.join("landscape.json"), serde_json::to_string_pretty(&report)?.as_bytes())?;
            for (name, picture) in &pictures {
                output::write(&folder.join(format!("{name}.svg")), picture.standalone().as_bytes())?;
            }
            let names: Vec<String> = pictures.iter().map(|(n, _)| format!("{n}.svg")).collect();
            wrote = format!("wrote {}, landscape.json into {}\n", names.join(", "), folder.display());
        }
        let duration = output::duration(ctx.seconds());
        let text = || format!("{}\n\n{}\n\n{wrote}{duration}", subject.about.text(), summary(&map, &shown));
        let all: Vec<&Svg> = pictures.iter().map(|(_, picture)| picture).collect();
        self.result.give(&report, text, || Svg::stacked(&all))?;
        Ok(true)
    }

    fn report<'a>(&'a self, subject: &'a Subject, shown: &[Shown], map: &Map, seconds: f64) -> Report<'a> {
        let finite = |v: f64| v.is_finite().then_some(v);
        let all = |f: &dyn Fn(&LandscapePoint) -> f64| map.points.iter().map(|p| finite(f(p))).collect::<Vec<_>>();
        let norms = |pick: fn(&LandscapePoint) -> Option<Norm>, f: fn(Norm) -> f64| {
            let values: Option<Vec<Norm>> = map.points.iter().map(pick).collect();
            values.map(|v| v.into_iter().map(|n| finite(f(n))).collect::<Vec<_>>())
        };
        let error = |n: Norm| n.std_error.unwrap_or(f64::NAN);
        Report {
            about: &subject.about,
            probes: &self.probes,
            axes: shown.iter().map(|s| AxisReport { direction: s.label.clone(), places: s.places.clone(), at: s.at }).collect(),
            loss: all(&|p| p.loss),
            gradient_norm: all(&|p| p.gradient_norm),
            gauss_newton_norm: norms(|p| p.gauss_newton, |n| n.value),
            gauss_newton_norm_std_error: norms(|p| p.gauss_newton, error),
            nme_norm: norms(|p| p.nme, |n| n.value),
            nme_norm_std_error: norms(|p| p.nme, error),
            seconds,
        }
    }

    fn direction(&self, subject: &Subject, split: &Operators, text: &str) -> anyhow::Result<Direction> {
        let unknown = || {
            format!(
                "`{text}` is not a direction: it must be random[:SEED], gradient, hessian:K, gauss_newton:K, nme:K, or a weight as in \
                 0.weight[3,17]"
            )
        };
        let (name, option) = text.split_once(':').map_or((text, None), |(n, o)| (n, Some(o)));
        let at_zero = |vector| Direction { label: text.to_string(), vector, origin: 0.0 };
        if name == "random" {
            let seed = option.unwrap_or("0").parse().ok().with_context(unknown)?;
            let outputs: Vec<Option<usize>> = subject
                .network
                .params()
                .iter()
                .map(|p| match (p.layout, p.shape.len()) {
                    (Layout::Kernel, _) => Some(3),
                    (Layout::Same, 2) => Some(0),
                    _ => None,
                })
                .collect();
            return Ok(at_zero(filter_normalized(&subject.params, &outputs, &mut Rng::new(seed))));
        }
        if text == "gradient" {
            let mut g = split.gradient()?.1;
            let length = norm(&g);
            if length == 0.0 {
                bail!("the gradient is 0: it has no direction");
            }
            for v in &mut g {
                *v /= length;
            }
            return Ok(at_zero(g));
        }
        if let Some(part) = Part::ALL.into_iter().find(|p| p.name() == name) {
            let k: i64 = option.unwrap_or("1").parse().ok().filter(|k| *k != 0).with_context(unknown)?;
            let (which, count) = (if k > 0 { Which::Largest } else { Which::Smallest }, k.unsigned_abs() as usize);
            let steps = (self.lanczos as usize).max(2 * count).min(split.dim());
            let params = LanczosParams { which, count, steps, seed: subject.seed, ..LanczosParams::default() };
            let mut pairs = lanczos(&split.operator(part), &params)?;
            // In descending order: eigenvector k from above is the k-th, from below the first of the lowest k.
            let index = if k > 0 { count - 1 } else { 0 };
            if index >= pairs.vectors.len() {
                bail!(
                    "`{text}`: {} steps of Lanczos found {} eigenvectors; try `--lanczos {}`",
                    steps,
                    pairs.vectors.len(),
                    2 * steps
                );
            }
            let label = format!("{text} (eigenvalue {})", significant(pairs.values[index], 3));
            return Ok(Direction { label, vector: pairs.vectors.swap_remove(index), origin: 0.0 });
        }
        self.weight(subject, split, text).with_context(unknown)
    }

    /// `NAME[I,J,...]` in PyTorch's order.
    #[expect(clippy::unused_self, reason = "one of the kinds of directions")]
    fn weight(&self, subject: &Subject, split: &Operators, text: &str) -> anyhow::Result<Direction> {
        let (name, indices) = text.strip_suffix(']').and_then(|t| t.split_once('[')).context("it has no indices")?;
        let names = split.layout().names();
        let Some(i) = names.iter().position(|n| n == name) else {
            bail!("there is no parameter `{name}`; there are {}", names.join(", "));
        };
        let layout = subject.network.params()[i].layout;
        let numbered: Vec<f64> = (0..subject.params[i].len()).map(|j| j as f64).collect();
        let places = dupin::nn::to_pytorch(&Tensor::f64(subject.params[i].shape().to_vec(), numbered), layout);
        let indices: Vec<usize> =
            indices.split(',').map(|t| t.trim().parse()).collect::<Result<_, _>>().context("an index is not a whole number")?;
        let shape = places.shape().to_vec();
        if indices.len() != shape.len() || indices.iter().zip(&shape).any(|(i, n)| i >= n) {
            bail!("`{name}` has the shape {shape:?}, so {indices:?} is none of its entries");
        }
        let flat = indices.iter().zip(&shape).fold(0, |at, (i, n)| at * n + i);
        let place = split.layout().range(i).start + places.to_f64()[flat] as usize;
        let mut vector = vec![0.0; split.dim()];
        vector[place] = 1.0;
        Ok(Direction { label: text.to_string(), vector, origin: split.layout().flatten(&subject.params)[place] })
    }
}

/// An axis as it is shown.
struct Shown {
    label: String,
    places: Vec<f64>,
    at: f64,
}

type Quantity = (&'static str, &'static str, fn(&LandscapePoint) -> Option<Norm>);

const QUANTITIES: [Quantity; 3] = [
    ("loss", "loss", |p| Some(Norm { value: p.loss, std_error: None })),
    ("nme", "‖N‖ (Frobenius)", |p| p.nme),
    ("gauss_newton", "‖G‖ (Frobenius)", |p| p.gauss_newton),
];

/// One picture a quantity, and its name.
fn pictures(subject: &Subject, axes: &[Shown], map: &Map) -> Vec<(&'static str, Svg)> {
    let mut pictures = Vec::new();
    for (name, label, pick) in QUANTITIES {
        let Some(values) = map.points.iter().map(pick).collect::<Option<Vec<Norm>>>() else { continue };
        let title = format!("{label} of {} with {}", subject.about.model, subject.about.activation);
        let finite = || values.iter().map(|v| v.value).filter(|v| v.is_finite());
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let range = format!("It lies between {} and {}.", significant(low, 3), significant(high, 3));
        let svg = match axes {
            [x, y] => HeatMap {
                title,
                description: format!("{label} over {} and {}. {range}", x.label, y.label),
                x: ChartAxis::linear(&x.label),
                y: ChartAxis::linear(&y.label),
                columns: x.places.clone(),
                rows: y.places.clone(),
                values: values.iter().map(|v| v.value).collect(),
                quantity: label.to_string(),
                symlog: low > 0.0 && high > 50.0 * low,
                contours: 7,
                marked: Some((x.at, y.at)),
            }
            .svg(),
            _ => LineChart {
                title,
                description: format!("{label} along {}. {range}", axes[0].label),
                x: ChartAxis::linear(&axes[0].label),
                y: ChartAxis {
                    label: label.to_string(),
                    scale: if low > 0.0 && high > 50.0 * low { Scale::Log } else { Scale::Linear },
                },
                series: vec![Series {
                    name: label.to_string(),
                    points: axes[0].places.iter().zip(&values).map(|(&p, v)| Point::new(p, v.value, v.std_error, &[])).collect(),
                    dashed: false,
                    color_index: 0,
                }],
                errors: ErrorStyle::Band,
            }
            .svg(),
        };
        pictures.push((name, svg));
    }
    pictures
}

/// Least and greatest value of each quantity, and that at the parameters (or the point next to them).
fn summary(map: &Map, axes: &[Shown]) -> Table {
    let nearest = |s: &Shown| {
        let distance = |i: &usize, j: &usize| (s.places[*i] - s.at).abs().total_cmp(&(s.places[*j] - s.at).abs());
        (0..s.places.len()).min_by(distance).unwrap_or(0)
    };
    let center = nearest(&axes[0]) + axes.get(1).map_or(0, nearest) * map.columns;
    let mut table = Table::new(&["", "least", "at the parameters", "greatest", "not finite"]);
    for (_, label, pick) in QUANTITIES {
        let Some(values) = map.points.iter().map(pick).collect::<Option<Vec<Norm>>>() else { continue };
        let finite = || values.iter().map(|v| v.value).filter(|v| v.is_finite());
        let at = values[center];
        table.add(vec![
            label.to_string(),
            significant(finite().fold(f64::INFINITY, f64::min), 4),
            at.std_error.map_or_else(|| significant(at.value, 4), |e| with_error(at.value, Some(e))),
            significant(finite().fold(f64::NEG_INFINITY, f64::max), 4),
            (values.len() - finite().count()).to_string(),
        ]);
    }
    table
}
