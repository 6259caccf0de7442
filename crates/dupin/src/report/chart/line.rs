//! Lines with errors.

use super::super::canvas::{Anchor, Canvas, Point as Pixel, Role, Svg, WIDTH};
use super::super::scale::{Axis, Fitted, Scale};
use super::super::table::Table;
use super::frame::{self, EDGE, Frame, LINE, Plot, SWATCH};
use super::{Measured, left_out};

/// Points beyond which a line is drawn without markers.
const MARKED: usize = 30;
/// Least height of the plot.
const HEIGHT: f64 = 230.0;
/// Distance of series that share a category, so that their errors do not hide each other.
const DODGE: f64 = 5.0;

/// One point of a series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    /// Place on the horizontal axis.
    pub(crate) x: f64,
    /// What was measured there.
    pub(crate) y: Measured,
}

impl Point {
    /// A point with error and single values.
    pub(crate) fn new(x: f64, mean: f64, std_error: Option<f64>, samples: &[f64]) -> Self {
        Self { x, y: Measured { mean, std_error, samples: samples.to_vec() } }
    }
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Its name, written at its end.
    pub(crate) name: String,
    /// Its points in any order.
    pub(crate) points: Vec<Point>,
    /// Whether it is dashed.
    pub(crate) dashed: bool,
    /// Colour and marker, of which there are six.
    pub(crate) color_index: usize,
}

/// How standard errors are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ErrorStyle {
    /// A bar at each point.
    #[default]
    Bars,
    /// A band along the line, for curves of many points.
    Band,
}

/// Means against a number, one line per series, with ± one standard error and the single values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LineChart {
    /// What it shows, in a line.
    pub(crate) title: String,
    /// What a reader who cannot see it should know.
    pub(crate) description: String,
    /// The horizontal axis.
    pub(crate) x: Axis,
    /// The vertical axis.
    pub(crate) y: Axis,
    /// The lines.
    pub(crate) series: Vec<Series>,
    /// How errors are drawn.
    pub(crate) errors: ErrorStyle,
}

/// A point in pixels.
struct Placed<'a> {
    x: f64,
    y: f64,
    value: &'a Measured,
}

impl LineChart {
    /// Draws it.
    pub(crate) fn svg(&self) -> Svg {
        let points = || self.series.iter().flat_map(|s| &s.points);
        let x = Fitted::new(&self.x.scale, points().map(|p| p.x), None).padded(0.03, None);
        let y = Fitted::new(&self.y.scale, points().flat_map(|p| p.y.values()), None).padded(0.05, None);
        let drawable = |p: &&Point| x.transform(p.x).is_some() && y.transform(p.y.mean).is_some();
        let lost = |s: &Series| {
            let means = s.points.iter().filter(|p| !drawable(p)).count();
            let samples = s.points.iter().flat_map(|p| &p.y.samples).filter(|v| y.transform(**v).is_none()).count();
            // A lost mean is not news beside the lost values that it was made of.
            left_out(if samples > 0 { samples } else { means }, &s.name)
        };
        let mut notes: Vec<String> = self.series.iter().filter_map(lost).collect();
        if !points().any(|p| drawable(&p)) {
            notes.insert(0, "There is nothing to draw.".into());
        }
        let shown: Vec<&Series> = self.series.iter().filter(|s| s.points.iter().any(|p| drawable(&p))).collect();
        let names: Vec<Vec<String>> = shown.iter().map(|s| frame::wrap(&s.name, 11)).collect();
        let widest = names.iter().flatten().map(|l| frame::width(l)).fold(0.0, f64::max);

        let frame = Frame::new(&self.title, &self.y.label, &self.x.label, &notes, &[]);
        let names_height = names.iter().map(|n| LINE * n.len() as f64 + 4.0).sum::<f64>();
        let plot = Plot {
            left: frame::y_axis_width(&y),
            right: WIDTH - EDGE - if widest > 0.0 { 8.0 + SWATCH + 6.0 + widest } else { 8.0 },
            top: frame.top(),
            bottom: frame.top() + HEIGHT.max(names_height),
        };
        Svg::draw(&self.title, &self.description, frame.height(plot.bottom), |canvas| {
            frame.draw(canvas, &plot);
            frame::y_axis(canvas, &plot, &y);
            frame::x_axis(canvas, &plot, &x, false);
            let placed: Vec<Vec<Vec<Placed>>> =
                shown.iter().enumerate().map(|(i, s)| Self::place(s, self.dodge(i, shown.len()), &plot, &x, &y)).collect();
            // In layers: what shows single values or spread must not cover a mean.
            for (s, pieces) in shown.iter().zip(&placed) {
                self.draw_spread(canvas, s, pieces, &plot, &y);
            }
            for (s, pieces) in shown.iter().zip(&placed) {
                draw_means(canvas, s, pieces);
            }
            draw_names(canvas, &shown, &names, &placed, &plot);
        })
    }

    /// The numbers that are drawn, one row for each place on the horizontal axis.
    pub(crate) fn numbers(&self) -> Table {
        let header: Vec<&str> =
            std::iter::once(self.x.label.as_str()).chain(self.series.iter().map(|s| s.name.as_str())).collect();
        let mut table = Table::new(&header).caption(&self.y.label);
        let mut xs: Vec<f64> = self.series.iter().flat_map(|s| &s.points).map(|p| p.x).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup_by(|a, b| a.total_cmp(b).is_eq());
        for x in xs {
            let cell = |s: &Series| s.points.iter().find(|p| p.x.total_cmp(&x).is_eq()).map_or(String::new(), |p| p.y.text());
            table.add(std::iter::once(x.to_string()).chain(self.series.iter().map(cell)).collect());
        }
        table
    }

    fn dodge(&self, i: usize, count: usize) -> f64 {
        if matches!(self.x.scale, Scale::Categorical(_)) && self.errors == ErrorStyle::Bars {
            DODGE * (i as f64 - (count as f64 - 1.0) / 2.0)
        } else {
            0.0
        }
    }

    /// Points in pixels from left to right, broken where one cannot be drawn.
    fn place<'a>(s: &'a Series, dodge: f64, plot: &Plot, x: &Fitted, y: &Fitted) -> Vec<Vec<Placed<'a>>> {
        let mut points: Vec<(f64, &Point)> = s.points.iter().filter_map(|p| Some((plot.x(x, p.x)? + dodge, p))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut pieces = vec![Vec::new()];
        for (px, p) in points {
            match plot.y(y, p.y.mean) {
                Some(py) => pieces.last_mut().expect("a piece was begun").push(Placed { x: px, y: py, value: &p.y }),
                None => pieces.push(Vec::new()),
            }
        }
        pieces.retain(|p| !p.is_empty());
        pieces
    }

    fn draw_spread(&self, canvas: &Canvas, s: &Series, pieces: &[Vec<Placed>], plot: &Plot, y: &Fitted) {
        // On a logarithmic axis the lower end of an error may be below everything.
        let end = |v: f64| plot.y(y, v).unwrap_or(plot.bottom).clamp(plot.top, plot.bottom);
        let ends = |p: &Placed| p.value.error().map_or((p.y, p.y), |e| (end(p.value.mean - e), end(p.value.mean + e)));
        for piece in pieces {
            if self.errors == ErrorStyle::Band && piece.iter().any(|p| p.value.error().is_some()) {
                let upper = piece.iter().map(|p| (p.x, ends(p).1));
                let lower = piece.iter().rev().map(|p| (p.x, ends(p).0));
                canvas.polygon(&upper.chain(lower).collect::<Vec<Pixel>>(), Role::Band(s.color_index));
            }
            for p in piece {
                for at in p.value.samples.iter().filter_map(|&v| plot.y(y, v)) {
                    canvas.circle((p.x, at), 2.4, Role::Sample(s.color_index));
                }
                if self.errors == ErrorStyle::Bars && p.value.error().is_some() {
                    let (low, high) = ends(p);
                    for path in
                        [[(p.x, low), (p.x, high)], [(p.x - 3.0, low), (p.x + 3.0, low)], [(p.x - 3.0, high), (p.x + 3.0, high)]]
                    {
                        canvas.polyline(&path, Role::Whisker(s.color_index));
                    }
                }
            }
        }
    }
}

fn stroke(s: &Series) -> Role {
    if s.dashed { Role::Dashed(s.color_index) } else { Role::Line(s.color_index) }
}

fn marked(s: &Series) -> bool {
    s.points.len() <= MARKED
}

fn draw_means(canvas: &Canvas, s: &Series, pieces: &[Vec<Placed>]) {
    for piece in pieces {
        if piece.len() > 1 {
            canvas.polyline(&piece.iter().map(|p| (p.x, p.y)).collect::<Vec<_>>(), stroke(s));
        }
        for p in piece {
            // A lone point has no line that would show it.
            if marked(s) || piece.len() == 1 {
                canvas.marker((p.x, p.y), s.color_index);
            }
        }
    }
}

/// Names right of the plot, each as near the end of its line as the others allow.
fn draw_names(canvas: &Canvas, shown: &[&Series], names: &[Vec<String>], placed: &[Vec<Vec<Placed>>], plot: &Plot) {
    let ends: Vec<&Placed> = placed.iter().filter_map(|pieces| pieces.last()?.last()).collect();
    let wanted: Vec<(f64, f64)> = ends.iter().zip(names).map(|(p, n)| (p.y, LINE * n.len() as f64 + 4.0)).collect();
    let centres = frame::spread(&wanted, plot.top - 6.0, plot.bottom + 6.0);
    for (((s, lines), end), centre) in shown.iter().zip(names).zip(&ends).zip(centres) {
        if lines.is_empty() {
            continue;
        }
        let x = plot.right + 8.0;
        // A line that ends far from its name is told by its sample alone: a connection would cross the plot.
        if plot.right - end.x < 0.2 * (plot.right - plot.left) {
            canvas.polyline(&[(end.x + 6.0, end.y), (x - 2.0, centre)], Role::Leader(s.color_index));
        }
        canvas.polyline(&[(x, centre), (x + SWATCH, centre)], stroke(s));
        if marked(s) {
            canvas.marker((x + SWATCH / 2.0, centre), s.color_index);
        }
        let first = centre - LINE * (lines.len() as f64 - 1.0) / 2.0;
        for (k, line) in lines.iter().enumerate() {
            canvas.text(line, (x + SWATCH + 6.0, first + LINE * k as f64), Anchor::Left, Role::Label);
        }
    }
}
