//! Bars.

use super::super::canvas::{Anchor, Canvas, Role, Svg, WIDTH};
use super::super::scale::{Axis, Fitted};
use super::super::table::Table;
use super::frame::{self, EDGE, Frame, LINE, Plot, Sample};
use super::{Measured, left_out};

/// Height of a bar, its distance to the next of its group, and the distance of groups.
const BAR: f64 = 13.0;
const GAP: f64 = 3.0;
const BETWEEN: f64 = 14.0;

/// What the bars at one place of every group stand for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// Its name.
    pub(crate) name: String,
    /// Its colour, of which there are six.
    pub(crate) color_index: usize,
}

/// One group of bars: a net, a layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// Its name, left of it.
    pub(crate) name: String,
    /// One value for each [`Bar`]; a missing one is left blank.
    pub(crate) values: Vec<Measured>,
}

/// A few quantities of either sign in each of several groups, with ± one standard error.
///
/// Bars lie: names of layers need the room, and any number of groups stays legible on a phone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BarChart {
    /// What it shows, in a line.
    pub(crate) title: String,
    /// What a reader who cannot see it should know.
    pub(crate) description: String,
    /// The axis of the values; bars start at zero, or at the edge if the axis is logarithmic.
    pub(crate) value: Axis,
    /// The bars of a group, from the top.
    pub(crate) bars: Vec<Bar>,
    /// The groups, from the top.
    pub(crate) groups: Vec<Group>,
}

impl BarChart {
    /// Draws it.
    pub(crate) fn svg(&self) -> Svg {
        let values = || self.groups.iter().flat_map(|g| g.values.iter().take(self.bars.len()));
        let scale = Fitted::new(&self.value.scale, values().flat_map(Measured::values), Some(0.0)).padded(0.05, Some(0.0));
        let drawn = values().filter(|v| scale.transform(v.mean).is_some()).count();
        let mut notes: Vec<String> = left_out(values().count() - drawn, "").into_iter().collect();
        if drawn == 0 {
            notes.insert(0, "There is nothing to draw.".into());
        }
        let legend: Vec<(String, Sample)> =
            self.bars.iter().enumerate().map(|(k, b)| (b.name.clone(), Sample::Bar(b.color_index, k))).collect();
        let names: Vec<Vec<String>> = self.groups.iter().map(|g| frame::wrap(&g.name, 16)).collect();
        let widest = names.iter().flatten().map(|l| frame::width(l)).fold(0.0, f64::max);
        let of_bars = self.bars.len() as f64 * (BAR + GAP) - GAP;
        let heights: Vec<f64> = names.iter().map(|n| of_bars.max(LINE * n.len() as f64)).collect();

        let frame = Frame::new(&self.title, "", &self.value.label, &notes, &legend);
        let plot = Plot {
            left: EDGE + widest + 10.0,
            right: WIDTH - EDGE - 12.0,
            top: frame.top(),
            bottom: frame.top() + heights.iter().map(|h| h + BETWEEN).sum::<f64>().max(40.0),
        };
        Svg::draw(&self.title, &self.description, frame.height(plot.bottom), |canvas| {
            frame.draw(canvas, &plot);
            frame::x_axis(canvas, &plot, &scale, true);
            let mut top = plot.top;
            for ((group, name), height) in self.groups.iter().zip(&names).zip(&heights) {
                let middle = top + (height + BETWEEN) / 2.0;
                let first = middle - LINE * (name.len() as f64 - 1.0) / 2.0;
                for (k, line) in name.iter().enumerate() {
                    canvas.text(line, (plot.left - 8.0, first + LINE * k as f64), Anchor::Right, Role::Label);
                }
                for (k, (bar, value)) in self.bars.iter().zip(&group.values).enumerate() {
                    let y = middle - of_bars / 2.0 + (BAR + GAP) * k as f64 + BAR / 2.0;
                    draw_bar(canvas, &plot, &scale, y, Role::Bar(bar.color_index, k), bar.color_index, value);
                }
                top += height + BETWEEN;
            }
            if let Some(zero) = plot.x(&scale, 0.0) {
                canvas.polyline(&[(zero, plot.top), (zero, plot.bottom)], Role::Zero);
            }
        })
    }

    /// The numbers that are drawn, one row for each group.
    pub(crate) fn numbers(&self) -> Table {
        let header: Vec<&str> = std::iter::once("").chain(self.bars.iter().map(|b| b.name.as_str())).collect();
        let mut table = Table::new(&header).caption(&self.value.label);
        for g in &self.groups {
            let cells = (0..self.bars.len()).map(|k| g.values.get(k).map_or(String::new(), Measured::text));
            table.add(std::iter::once(g.name.clone()).chain(cells).collect());
        }
        table
    }
}

fn draw_bar(canvas: &Canvas, plot: &Plot, scale: &Fitted, y: f64, role: Role, color: usize, value: &Measured) {
    let Some(end) = plot.x(scale, value.mean) else { return };
    let start = plot.x(scale, 0.0).unwrap_or(plot.left);
    canvas.polygon(&frame::rectangle(start.min(end), y - BAR / 2.0, start.max(end), y + BAR / 2.0), role);
    for x in value.samples.iter().filter_map(|&v| plot.x(scale, v)) {
        canvas.circle((x, y + 3.8), 2.2, Role::Sample(color));
    }
    if let Some(e) = value.error() {
        let at = |v: f64| plot.x(scale, v).unwrap_or(plot.left);
        let (low, high) = (at(value.mean - e), at(value.mean + e));
        // Above the single values, which lie in the lower half of the bar.
        let y = y - 2.0;
        for path in [[(low, y), (high, y)], [(low, y - 3.0), (low, y + 3.0)], [(high, y - 3.0), (high, y + 3.0)]] {
            canvas.polyline(&path, Role::Cap);
        }
    }
}
