//! What charts share: title, axes, legends, notes, and the room they need.

use plotters::coord::ranged1d::Ranged;

use super::super::canvas::{Anchor, Canvas, Point, Role, WIDTH};
use super::super::scale::Fitted;

/// Space to the edge of the picture.
pub(super) const EDGE: f64 = 8.0;
/// Distance of lines of text.
pub(super) const LINE: f64 = 18.0;
/// Width of a character of a label: an upper estimate for the common system fonts, since a picture cannot measure its reader's.
const CHARACTER: f64 = 8.0;
/// Width of the wide ones: capitals, m, w.
const WIDE: f64 = 11.0;
/// Room of a legend's sample.
pub(super) const SWATCH: f64 = 18.0;

/// The rectangle that data are drawn in, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Plot {
    /// Pixel of a value on the horizontal axis; `None` if it has no place.
    pub(super) fn x(&self, scale: &Fitted, value: f64) -> Option<f64> {
        place(scale, value, self.left, self.right)
    }

    /// Pixel of a value on the vertical axis.
    pub(super) fn y(&self, scale: &Fitted, value: f64) -> Option<f64> {
        place(scale, value, self.bottom, self.top)
    }
}

/// In hundredths of a pixel, since `Ranged` counts in whole numbers.
fn place(scale: &Fitted, value: f64, from: f64, to: f64) -> Option<f64> {
    scale.transform(value)?;
    Some(f64::from(scale.map(&value, ((from * 100.0) as i32, (to * 100.0) as i32))) / 100.0)
}

/// Width of a label in pixels, estimated from above.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(|c| if c.is_uppercase() || "mw%".contains(c) { WIDE } else { CHARACTER }).sum()
}

/// Cuts text into lines of at most `limit` characters, after spaces and the punctuation of our names; longer words are cut.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        let word = words.last_mut().expect("there is always a word");
        word.push(c);
        if word.chars().count() >= limit || " ~_/.:-|,".contains(c) {
            words.push(String::new());
        }
    }
    let mut lines: Vec<String> = vec![String::new()];
    for word in words {
        let line = lines.last_mut().expect("there is always a line");
        if line.chars().count() + word.trim_end().chars().count() <= limit {
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    let lines: Vec<String> = lines.iter().map(|l| l.trim().to_string()).filter(|l| !l.is_empty()).collect();
    lines
}

/// Title, notes and labels with the height that they take.
pub(super) struct Frame {
    title: Vec<String>,
    y_label: Vec<String>,
    x_label: Vec<String>,
    notes: Vec<String>,
    /// Series named above the plot, in rows: name and what draws its sample.
    legend: Vec<Vec<(String, Sample)>>,
}

/// The sample of a series in a legend.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    Line(usize),
    Dashed(usize),
    Bar(usize, usize),
}

impl Frame {
    /// `y_label` stands level above the plot: upright text reads badly on a phone.
    pub(super) fn new(title: &str, y_label: &str, x_label: &str, notes: &[String], legend: &[(String, Sample)]) -> Self {
        let characters = |size: f64| ((WIDTH - 2.0 * EDGE) / size) as usize;
        let mut rows: Vec<Vec<(String, Sample)>> = Vec::new();
        let mut used = f64::INFINITY;
        for (name, sample) in legend {
            let name = wrap(name, characters(CHARACTER) - 4).into_iter().next().unwrap_or_default();
            let need = SWATCH + 6.0 + width(&name) + 12.0;
            if used + need > WIDTH - 2.0 * EDGE {
                rows.push(Vec::new());
                used = 0.0;
            }
            used += need;
            rows.last_mut().expect("a row was begun").push((name, *sample));
        }
        Self {
            title: wrap(title, characters(9.6)),
            y_label: wrap(y_label, characters(CHARACTER)),
            x_label: wrap(x_label, characters(CHARACTER)),
            notes: notes.iter().flat_map(|n| wrap(n, characters(7.0))).collect(),
            legend: rows,
        }
    }

    /// Where the plot may begin.
    pub(super) fn top(&self) -> f64 {
        EDGE + 2.0 + 21.0 * self.title.len() as f64 + LINE * (self.y_label.len() + self.legend.len()) as f64 + 12.0
    }

    /// Height of the whole picture when the plot ends at `bottom`.
    pub(super) fn height(&self, bottom: f64) -> f64 {
        bottom + 26.0 + LINE * self.x_label.len() as f64 + 16.0 * self.notes.len() as f64 + EDGE
    }

    /// Draws everything around the plot but the axes.
    pub(super) fn draw(&self, canvas: &Canvas, plot: &Plot) {
        let mut y = EDGE + 10.0;
        for line in &self.title {
            canvas.text(line, (EDGE, y), Anchor::Left, Role::Title);
            y += 21.0;
        }
        y += 2.0;
        for row in &self.legend {
            let mut x = EDGE;
            for (name, sample) in row {
                draw_sample(canvas, (x, y), *sample);
                canvas.text(name, (x + SWATCH + 6.0, y), Anchor::Left, Role::Label);
                x += SWATCH + 18.0 + width(name);
            }
            y += LINE;
        }
        for line in &self.y_label {
            canvas.text(line, (EDGE, y), Anchor::Left, Role::Label);
            y += LINE;
        }
        let mut y = plot.bottom + 20.0 + LINE;
        for line in &self.x_label {
            // Long labels would leave the picture if they were centred under the plot.
            let half = width(line) / 2.0;
            let x = plot.left.midpoint(plot.right).clamp(EDGE.max(half), (WIDTH - half).max(EDGE.max(half)));
            canvas.text(line, (x, y), Anchor::Middle, Role::Label);
            y += LINE;
        }
        for line in &self.notes {
            canvas.text(line, (EDGE, y), Anchor::Left, Role::Note);
            y += 16.0;
        }
    }
}

fn draw_sample(canvas: &Canvas, (x, y): Point, sample: Sample) {
    match sample {
        Sample::Line(i) => canvas.polyline(&[(x, y), (x + SWATCH, y)], Role::Line(i)),
        Sample::Dashed(i) => canvas.polyline(&[(x, y), (x + SWATCH, y)], Role::Dashed(i)),
        Sample::Bar(i, n) => canvas.polygon(&rectangle(x + 2.0, y - 6.0, x + 14.0, y + 6.0), Role::Bar(i, n)),
    }
}

/// Corners of a rectangle.
pub(super) fn rectangle(left: f64, top: f64, right: f64, bottom: f64) -> [Point; 4] {
    [(left, top), (right, top), (right, bottom), (left, bottom)]
}

/// The horizontal axis under the plot, with a grid line for each tick. Labels that would touch are thinned.
pub(super) fn x_axis(canvas: &Canvas, plot: &Plot, scale: &Fitted, grid: bool) {
    let mut free = f64::NEG_INFINITY;
    for (value, label) in scale.ticks() {
        let Some(x) = plot.x(scale, value) else { continue };
        if grid {
            canvas.polyline(&[(x, plot.top), (x, plot.bottom)], Role::Grid);
        } else {
            canvas.polyline(&[(x, plot.bottom), (x, plot.bottom + 4.0)], Role::Grid);
        }
        let half = width(&label) / 2.0;
        if x - half > free {
            canvas.text(&label, (x, plot.bottom + 15.0), Anchor::Middle, Role::Label);
            free = x + half;
        }
    }
}

/// The vertical axis left of the plot, with a grid line for each tick.
pub(super) fn y_axis(canvas: &Canvas, plot: &Plot, scale: &Fitted) {
    for (value, label) in scale.ticks() {
        let Some(y) = plot.y(scale, value) else { continue };
        let role = if value == 0.0 { Role::Zero } else { Role::Grid };
        canvas.polyline(&[(plot.left, y), (plot.right, y)], role);
        canvas.text(&label, (plot.left - 6.0, y), Anchor::Right, Role::Label);
    }
}

/// Room that the labels of a vertical axis need, with the edge.
pub(super) fn y_axis_width(scale: &Fitted) -> f64 {
    scale.ticks().iter().map(|t| width(&t.1)).fold(0.0, f64::max) + 6.0 + EDGE
}

/// Moves intervals of these centres and heights apart, within `top..bottom` if they fit, keeping their order. Returns the centres.
pub(super) fn spread(wanted: &[(f64, f64)], top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].0.total_cmp(&wanted[b].0).then(a.cmp(&b)));
    let mut centres = vec![0.0; wanted.len()];
    let mut free = top;
    for &i in &order {
        let (centre, height) = wanted[i];
        centres[i] = centre.max(free + height / 2.0);
        free = centres[i] + height / 2.0;
    }
    let mut free = bottom.max(top + wanted.iter().map(|w| w.1).sum::<f64>());
    for &i in order.iter().rev() {
        let half = wanted[i].1 / 2.0;
        centres[i] = centres[i].min(free - half);
        free = centres[i] - half;
    }
    centres
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_where_they_can_be() {
        assert_eq!(wrap("PSAM without NME", 11), ["PSAM", "without NME"]);
        assert_eq!(wrap("relu~beta_gelu:4", 11), ["relu~beta_", "gelu:4"]);
        assert_eq!(wrap("aaaaaaaaaaaaaaa", 6), ["aaaaaa", "aaaaaa", "aaa"]);
        assert!(wrap("", 5).is_empty());
    }

    #[test]
    fn labels_do_not_overlap() {
        let wanted = [(50.0, 20.0), (52.0, 20.0), (5.0, 20.0), (99.0, 20.0)];
        let mut c = spread(&wanted, 0.0, 100.0);
        assert!(c[2] < c[0] && c[0] < c[1] && c[1] < c[3], "{c:?}");
        c.sort_by(f64::total_cmp);
        assert!(c.windows(2).all(|w| w[1] - w[0] >= 20.0) && c[0] >= 10.0 && c[3] <= 90.0, "{c:?}");
    }
}
