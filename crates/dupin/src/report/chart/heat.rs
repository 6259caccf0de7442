//! Heat maps with contours.

use super::super::canvas::{Anchor, Canvas, HEAT_STEPS, Point, Role, Svg, WIDTH};
use super::super::number::significant;
use super::super::scale::{Axis, Fitted, Scale};
use super::frame::{self, EDGE, Frame, LINE, Plot, rectangle};
use super::left_out;

/// Shades between the two ends of the legend.
const LEGEND_CELLS: usize = 41;

/// Values at the nodes of an evenly spaced grid: shades around each node, contours between them.
///
/// Values above zero have one hue, values below another, and zero is the paper; so a positive quantity uses one hue alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HeatMap {
    /// What it shows, in a line.
    pub(crate) title: String,
    /// What a reader who cannot see it should know.
    pub(crate) description: String,
    /// The horizontal direction.
    pub(crate) x: Axis,
    /// The vertical direction.
    pub(crate) y: Axis,
    /// Places of the columns, increasing by equal steps.
    pub(crate) columns: Vec<f64>,
    /// Places of the rows, increasing by equal steps.
    pub(crate) rows: Vec<f64>,
    /// Row after row: `values[row * columns + column]`.
    pub(crate) values: Vec<f64>,
    /// What is shaded, with its unit.
    pub(crate) quantity: String,
    /// Whether shades are even steps of the value's logarithm-like place, for values of many magnitudes, or of the value itself.
    pub(crate) symlog: bool,
    /// Number of contours, at even steps of the same; 0 leaves them out.
    pub(crate) contours: usize,
    /// A point to mark, such as where the parameters are.
    pub(crate) marked: Option<(f64, f64)>,
}

/// Half the distance of neighbours.
fn half_step(places: &[f64]) -> f64 {
    match places {
        [first, .., last] => 0.5 * (last - first) / (places.len() - 1) as f64,
        _ => 0.5,
    }
}

/// Shades of values: linear or symmetric logarithmic, with zero on the paper.
struct Shades {
    fitted: Fitted,
    largest: f64,
}

impl Shades {
    fn new(map: &HeatMap) -> Self {
        let scale = if map.symlog { Scale::SymLog { linear: 0.0 } } else { Scale::Linear };
        let fitted = Fitted::new(&scale, map.values.iter().copied(), Some(0.0));
        let largest = map.values.iter().filter_map(|&v| fitted.transform(v)).fold(0.0, |m: f64, t| m.max(t.abs()));
        Self { fitted, largest }
    }

    fn place(&self, value: f64) -> Option<f64> {
        self.fitted.transform(value)
    }

    /// Sign and step of a place.
    fn step(&self, place: f64) -> (bool, usize) {
        let share = if self.largest > 0.0 { place.abs() / self.largest } else { 0.0 };
        (place >= 0.0, (share * HEAT_STEPS as f64).round() as usize)
    }
}

impl HeatMap {
    /// Draws it.
    ///
    /// # Panics
    /// If there are not `rows · columns` values, or no row or column.
    pub(crate) fn svg(&self) -> Svg {
        let (nx, ny) = (self.columns.len(), self.rows.len());
        assert!(nx > 0 && ny > 0 && self.values.len() == nx * ny, "a heat map has a value for every column of every row");
        let shades = Shades::new(self);
        let (hx, hy) = (half_step(&self.columns), half_step(&self.rows));
        let range = |places: &[f64], h: f64| [places[0] - h, places[places.len() - 1] + h];
        let x = Fitted::new(&self.x.scale, range(&self.columns, hx).into_iter(), None);
        let y = Fitted::new(&self.y.scale, range(&self.rows, hy).into_iter(), None);
        let undrawn = self.values.iter().filter(|&&v| shades.place(v).is_none()).count();
        let mut notes: Vec<String> = left_out(undrawn, &self.quantity).into_iter().collect();
        let levels = self.levels(&shades);
        if !levels.is_empty() {
            let list: Vec<String> = levels.iter().map(|l| significant(l.0, 3)).collect();
            notes.push(format!("Contours at {}.", list.join(", ")));
        }
        let frame = Frame::new(&self.title, &self.y.label, &self.x.label, &notes, &[]);
        let left = frame::y_axis_width(&y);
        let top = frame.top() + 2.0 * LINE;
        let plot = Plot { left, right: WIDTH - EDGE - 12.0, top, bottom: top + (WIDTH - EDGE - 12.0 - left).min(330.0) };
        Svg::draw(&self.title, &self.description, frame.height(plot.bottom), |canvas| {
            frame.draw(canvas, &plot);
            self.legend(canvas, &plot, &shades);
            let at = |v: f64, w: f64| Some((plot.x(&x, v)?, plot.y(&y, w)?));
            for (j, &row) in self.rows.iter().enumerate() {
                let steps: Vec<Option<(bool, usize)>> =
                    self.values[j * nx..(j + 1) * nx].iter().map(|&v| shades.place(v).map(|p| shades.step(p))).collect();
                let mut i = 0;
                while i < nx {
                    // Equal neighbours are one rectangle.
                    let run = steps[i..].iter().take_while(|s| **s == steps[i]).count();
                    let corners = (at(self.columns[i] - hx, row + hy), at(self.columns[i + run - 1] + hx, row - hy));
                    if let (Some((above, step)), (Some(a), Some(b))) = (steps[i], corners) {
                        canvas.polygon(&rectangle(a.0, a.1, b.0, b.1), Role::Heat(above, step));
                    }
                    i += run;
                }
            }
            for (_, level) in &levels {
                for (a, b) in self.contour(&shades, *level) {
                    if let (Some(a), Some(b)) = (at(a.0, a.1), at(b.0, b.1)) {
                        canvas.polyline(&[a, b], Role::Contour);
                    }
                }
            }
            if let Some(p) = self.marked.and_then(|m| at(m.0, m.1)) {
                canvas.marker(p, 3);
            }
            canvas.polyline(&closed(&rectangle(plot.left, plot.top, plot.right, plot.bottom)), Role::Grid);
            frame::x_axis(canvas, &plot, &x, false);
            for (value, label) in y.ticks() {
                let Some(at) = plot.y(&y, value) else { continue };
                canvas.polyline(&[(plot.left - 4.0, at), (plot.left, at)], Role::Grid);
                canvas.text(&label, (plot.left - 6.0, at), Anchor::Right, Role::Label);
            }
        })
    }

    /// The shades from the least to the greatest value, above the plot.
    fn legend(&self, canvas: &Canvas, plot: &Plot, shades: &Shades) {
        let drawable = || self.values.iter().copied().filter(|&v| shades.place(v).is_some());
        let (low, high) = (drawable().fold(f64::INFINITY, f64::min), drawable().fold(f64::NEG_INFINITY, f64::max));
        let (Some(from), Some(to)) = (shades.place(low), shades.place(high)) else { return };
        let at = plot.top - 1.5 * LINE;
        let (low, high) = (significant(low, 3), significant(high, 3));
        let (left, right) = (plot.left + frame::width(&low) + 6.0, plot.right - frame::width(&high) - 6.0);
        canvas.text(&low, (left - 6.0, at), Anchor::Right, Role::Label);
        canvas.text(&high, (right + 6.0, at), Anchor::Left, Role::Label);
        let cell = (right - left) / LEGEND_CELLS as f64;
        for i in 0..LEGEND_CELLS {
            let (above, step) = shades.step(from + (to - from) * i as f64 / (LEGEND_CELLS - 1) as f64);
            let x = left + cell * i as f64;
            canvas.polygon(&rectangle(x, at - 6.0, x + cell, at + 6.0), Role::Heat(above, step));
        }
        canvas.polyline(&closed(&rectangle(left, at - 6.0, right, at + 6.0)), Role::Grid);
        canvas.text(&self.quantity, (left.midpoint(right), at + LINE), Anchor::Middle, Role::Label);
    }

    /// Values of contours and their places, at even steps between the least and the greatest.
    fn levels(&self, shades: &Shades) -> Vec<(f64, f64)> {
        let places: Vec<(f64, f64)> = self.values.iter().filter_map(|&v| Some((shades.place(v)?, v))).collect();
        let low = places.iter().fold(f64::INFINITY, |m, p| m.min(p.0));
        let high = places.iter().fold(f64::NEG_INFINITY, |m, p| m.max(p.0));
        if self.columns.len() < 2 || self.rows.len() < 2 || low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
            return Vec::new();
        }
        let step = |i: usize| low + (high - low) * i as f64 / (self.contours + 1) as f64;
        (1..=self.contours).map(|i| (shades.fitted.inverse(step(i)), step(i))).collect()
    }

    /// Marching squares: segments where the bilinear interpolation of places crosses `level`.
    fn contour(&self, shades: &Shades, level: f64) -> Vec<(Point, Point)> {
        let nx = self.columns.len();
        let mut segments = Vec::new();
        for j in 0..self.rows.len() - 1 {
            for i in 0..nx - 1 {
                let corner = |di: usize, dj: usize| {
                    let place = shades.place(self.values[(j + dj) * nx + i + di])?;
                    Some((place - level, (self.columns[i + di], self.rows[j + dj])))
                };
                let corners: Option<Vec<(f64, Point)>> =
                    [(0, 0), (1, 0), (1, 1), (0, 1)].iter().map(|&(di, dj)| corner(di, dj)).collect();
                let Some(c) = corners else { continue };
                // Crossings of the four sides, in order around the square.
                let crossings: Vec<Point> = (0..4)
                    .filter_map(|k| {
                        let ((u, p), (v, q)) = (c[k], c[(k + 1) % 4]);
                        let t = u / (u - v);
                        ((u < 0.0) != (v < 0.0)).then_some((p.0 + t * (q.0 - p.0), p.1 + t * (q.1 - p.1)))
                    })
                    .collect();
                match crossings[..] {
                    [a, b] => segments.push((a, b)),
                    // A saddle: the mean of the corners says which of the two pairs of corners is joined.
                    [s, t, u, v] => {
                        let middle = c.iter().map(|c| c.0).sum::<f64>();
                        let pairs = if (middle < 0.0) == (c[0].0 < 0.0) { [(s, t), (u, v)] } else { [(v, s), (t, u)] };
                        segments.extend(pairs);
                    }
                    _ => {}
                }
            }
        }
        segments
    }
}

fn closed(corners: &[Point; 4]) -> Vec<Point> {
    corners.iter().copied().chain([corners[0]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: impl Fn(f64, f64) -> f64, n: usize) -> HeatMap {
        let places: Vec<f64> = (0..n).map(|i| -1.0 + 2.0 * i as f64 / (n - 1) as f64).collect();
        HeatMap {
            title: "a map".into(),
            description: String::new(),
            x: Axis::linear("x"),
            y: Axis::linear("y"),
            values: places.iter().flat_map(|&y| places.iter().map(move |&x| (x, y))).map(|(x, y)| values(x, y)).collect(),
            columns: places.clone(),
            rows: places,
            quantity: "f".into(),
            symlog: false,
            contours: 3,
            marked: None,
        }
    }

    /// Contours of a plane are straight lines, where they should be; a linear function is what marching squares interpolates exactly.
    #[test]
    fn contours_of_a_plane_lie_on_it() {
        let m = map(|x, y| 2.0 * x + y, 7);
        let shades = Shades::new(&m);
        assert_eq!(m.levels(&shades).iter().map(|l| l.0).collect::<Vec<_>>(), [-1.5, 0.0, 1.5]);
        let segments = m.contour(&shades, 0.5);
        assert!(segments.len() > 6);
        for (a, b) in segments {
            for p in [a, b] {
                assert!((2.0 * p.0 + p.1 - 0.5).abs() < 1e-12, "{p:?}");
            }
        }
    }

    #[test]
    fn a_saddle_is_cut_into_two_branches() {
        let m = map(|x, y| x * y, 2);
        let segments = m.contour(&Shades::new(&m), 0.5);
        // Only the corners (1, 1) and (-1, -1) lie above: each is cut off by one segment.
        assert_eq!(segments.len(), 2);
        for (a, b) in segments {
            assert!(a.0 * b.0 + a.1 * b.1 > 0.0, "{a:?} {b:?} cross the middle");
        }
    }

    #[test]
    fn nothing_that_cannot_be_drawn_is_drawn() {
        let m = map(|x, y| if x > 0.5 { f64::NAN } else { x + y }, 5);
        let text = m.svg().standalone();
        assert!(text.contains("5 values of f cannot be drawn"), "{text}");
        assert!(!text.contains("NaN\"") && text.contains("heat above h") && text.contains("heat below h"));
        let flat = map(|_, _| 0.0, 3).svg().standalone();
        assert!(!flat.contains("class=\"contour\""));
    }
}
