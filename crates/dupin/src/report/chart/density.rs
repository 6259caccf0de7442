//! Distributions.

use super::super::canvas::{Point as Pixel, Role, Svg, WIDTH};
use super::super::scale::{Axis, Fitted};
use super::frame::{self, EDGE, Frame, Plot, Sample};
use super::left_out;

const HEIGHT: f64 = 220.0;

/// One distribution.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve {
    /// Its name.
    pub(crate) name: String,
    /// Places and values from left to right.
    pub(crate) points: Vec<(f64, f64)>,
    /// Whether it is dashed.
    pub(crate) dashed: bool,
    /// Its colour, of which there are six.
    pub(crate) color_index: usize,
}

impl Curve {
    /// The outline of a histogram: bin `i` lies between `edges[i]` and `edges[i + 1]` and is `heights[i]` high.
    ///
    /// # Panics
    /// If there is not one edge more than there are bins.
    pub(crate) fn histogram(name: &str, edges: &[f64], heights: &[f64], color_index: usize) -> Self {
        assert_eq!(edges.len(), heights.len() + 1, "n bins have n + 1 edges");
        let steps = heights.iter().enumerate().flat_map(|(i, &h)| [(edges[i], h), (edges[i + 1], h)]);
        let (first, last) = (edges[0], edges[edges.len() - 1]);
        let points = std::iter::once((first, 0.0)).chain(steps).chain([(last, 0.0)]).collect();
        Self { name: name.into(), points, dashed: false, color_index }
    }
}

/// Distributions along one axis, as densities of eigenvalues on a symmetric logarithmic one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Density {
    /// What it shows, in a line.
    pub(crate) title: String,
    /// What a reader who cannot see it should know.
    pub(crate) description: String,
    /// What is distributed.
    pub(crate) x: Axis,
    /// How much of it there is.
    pub(crate) y: Axis,
    /// The distributions.
    pub(crate) curves: Vec<Curve>,
}

impl Density {
    /// Draws it.
    pub(crate) fn svg(&self) -> Svg {
        let points = || self.curves.iter().flat_map(|c| &c.points);
        let x = Fitted::new(&self.x.scale, points().map(|p| p.0), None).padded(0.02, None);
        let y = Fitted::new(&self.y.scale, points().map(|p| p.1), Some(0.0)).padded(0.05, Some(0.0));
        let drawable = |p: &(f64, f64)| x.transform(p.0).is_some() && y.transform(p.1).is_some();
        let mut notes: Vec<String> =
            self.curves.iter().filter_map(|c| left_out(c.points.iter().filter(|p| !drawable(p)).count(), &c.name)).collect();
        if !points().any(drawable) {
            notes.insert(0, "There is nothing to draw.".into());
        }
        let sample = |c: &Curve| if c.dashed { Sample::Dashed(c.color_index) } else { Sample::Line(c.color_index) };
        let legend: Vec<(String, Sample)> = self.curves.iter().map(|c| (c.name.clone(), sample(c))).collect();
        let frame = Frame::new(&self.title, &self.y.label, &self.x.label, &notes, &legend);
        let plot =
            Plot { left: frame::y_axis_width(&y), right: WIDTH - EDGE - 12.0, top: frame.top(), bottom: frame.top() + HEIGHT };
        Svg::draw(&self.title, &self.description, frame.height(plot.bottom), |canvas| {
            frame.draw(canvas, &plot);
            frame::y_axis(canvas, &plot, &y);
            frame::x_axis(canvas, &plot, &x, false);
            if let Some(zero) = plot.x(&x, 0.0).filter(|z| *z > plot.left && *z < plot.right) {
                canvas.polyline(&[(zero, plot.top), (zero, plot.bottom)], Role::Grid);
            }
            let floor = plot.y(&y, 0.0).unwrap_or(plot.bottom);
            let place = |p: &(f64, f64)| Some((plot.x(&x, p.0)?, plot.y(&y, p.1)?));
            for c in &self.curves {
                // A value without a place breaks the line.
                for piece in c.points.iter().map(place).collect::<Vec<_>>().split(Option::is_none) {
                    let line: Vec<Pixel> = piece.iter().flatten().copied().collect();
                    let (Some(first), Some(last)) = (line.first(), line.last()) else { continue };
                    let area: Vec<Pixel> =
                        [(first.0, floor)].into_iter().chain(line.iter().copied()).chain([(last.0, floor)]).collect();
                    canvas.polygon(&area, Role::Area(c.color_index));
                    if line.len() == 1 {
                        canvas.marker(line[0], c.color_index);
                    } else {
                        canvas.polyline(&line, if c.dashed { Role::Dashed(c.color_index) } else { Role::Line(c.color_index) });
                    }
                }
            }
        })
    }
}
