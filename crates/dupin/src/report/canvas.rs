//! The drawing surface: shapes go in with a role, an SVG whose colours are classes comes out.
//!
//! `plotters` draws with fixed colours. Here each role of a shape (a grid line, the line of series 2) is drawn in a colour that
//! encodes it, and [`classes`] then turns those colours into CSS classes. So one SVG serves light and dark screens and paper, and
//! [`style`] alone says how roles look. Text is text, set in the reader's system font.

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::html::escape;
use super::style;

/// Width of every chart in pixels; a phone shows it at three quarters of that.
pub(super) const WIDTH: f64 = 440.0;
/// `plotters` places shapes on whole units: ten to a pixel.
const UNITS: f64 = 10.0;

/// A point in pixels from the upper left corner.
pub(super) type Point = (f64, f64);

/// What a shape is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Label,
    Note,
    Grid,
    Zero,
    /// Connects the end of a line with its name.
    Leader(usize),
    Line(usize),
    Dashed(usize),
    Band(usize),
    Area(usize),
    Sample(usize),
    Marker(usize),
    Whisker(usize),
    /// Bar of the series with this colour; the second tells bars of a group apart where colours cannot.
    Bar(usize, usize),
    /// End of a bar's error.
    Cap,
    /// A cell of a heat map: whether its value is above zero, and how far it is from there, in steps up to [`HEAT_STEPS`].
    Heat(bool, usize),
    Contour,
}

/// Shades of a heat map on either side of zero, besides the ground's own.
pub(super) const HEAT_STEPS: usize = 20;

/// Class names, by the number that the colour carries.
const CLASSES: [&str; 20] = [
    "title",
    "label",
    "note",
    "grid",
    "zero",
    "leader",
    "line",
    "dashed",
    "band",
    "area",
    "sample",
    "marker",
    "whisker",
    "bar b0",
    "bar b1",
    "bar b2",
    "cap",
    "heat below",
    "heat above",
    "contour",
];
/// Third byte of a colour that stands for a role.
const MARK: u8 = 0x5A;

impl Role {
    fn color(self) -> RGBColor {
        let (class, series) = match self {
            Self::Title => (0, None),
            Self::Label => (1, None),
            Self::Note => (2, None),
            Self::Grid => (3, None),
            Self::Zero => (4, None),
            Self::Leader(i) => (5, Some(i)),
            Self::Line(i) => (6, Some(i)),
            Self::Dashed(i) => (7, Some(i)),
            Self::Band(i) => (8, Some(i)),
            Self::Area(i) => (9, Some(i)),
            Self::Sample(i) => (10, Some(i)),
            Self::Marker(i) => (11, Some(i)),
            Self::Whisker(i) => (12, Some(i)),
            Self::Bar(i, n) => (13 + (n % 3) as u8, Some(i)),
            Self::Cap => (16, None),
            Self::Heat(above, step) => return RGBColor(17 + u8::from(above), 1 + step.min(HEAT_STEPS) as u8, MARK),
            Self::Contour => (19, None),
        };
        RGBColor(class, series.map_or(0, |i| 1 + (i % style::SERIES) as u8), MARK)
    }

    /// The classes that a colour stands for.
    fn classes(hex: &str) -> Option<String> {
        let byte = |i: usize| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok();
        let class = CLASSES.get(usize::from(byte(0)?)).filter(|_| byte(4) == Some(MARK))?;
        Some(match byte(2)? {
            0 => (*class).to_string(),
            s if class.starts_with("heat") => format!("{class} h{}", s - 1),
            s => format!("{class} s{}", s - 1),
        })
    }
}

/// Which side of a text its point lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

/// The surface.
pub(super) struct Canvas<'a> {
    root: DrawingArea<SVGBackend<'a>, Shift>,
}

impl Canvas<'_> {
    pub(super) fn polyline(&self, points: &[Point], role: Role) {
        drawn(self.root.draw(&PathElement::new(points.iter().map(|&p| units(p)).collect::<Vec<_>>(), role.color())));
    }

    pub(super) fn polygon(&self, points: &[Point], role: Role) {
        drawn(self.root.draw(&Polygon::new(points.iter().map(|&p| units(p)).collect::<Vec<_>>(), role.color())));
    }

    pub(super) fn circle(&self, at: Point, radius: f64, role: Role) {
        drawn(self.root.draw(&Circle::new(units(at), (radius * UNITS) as i32, role.color().filled())));
    }

    /// One line of text whose middle is at the height of `at`.
    pub(super) fn text(&self, text: &str, at: Point, anchor: Anchor, role: Role) {
        let h = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        let color = role.color();
        let text_style = TextStyle::from(("sans-serif", 10).into_font()).color(&color).pos(Pos::new(h, VPos::Center));
        drawn(self.root.draw(&Text::new(text, units(at), text_style)));
    }

    /// The mark of a series: its own shape, so that it can be told without colour.
    pub(super) fn marker(&self, (x, y): Point, series: usize) {
        let role = Role::Marker(series);
        let around = |offsets: &[Point]| offsets.iter().map(|(dx, dy)| (x + dx, y + dy)).collect::<Vec<_>>();
        match series % style::SERIES {
            0 => self.circle((x, y), 4.5, role),
            1 => self.polygon(&around(&[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)]), role),
            2 => self.polygon(&around(&[(0.0, -5.5), (5.2, 4.0), (-5.2, 4.0)]), role),
            3 => self.polygon(&around(&[(0.0, -6.0), (6.0, 0.0), (0.0, 6.0), (-6.0, 0.0)]), role),
            4 => self.polygon(&around(&[(0.0, 5.5), (5.2, -4.0), (-5.2, -4.0)]), role),
            _ => self.polygon(&around(&[(-1.5, -5.0), (1.5, -5.0), (1.5, 5.0), (-1.5, 5.0)]), role),
        }
    }
}

/// What `plotters` answers; writing into a string is all that it did.
fn drawn<E: std::error::Error + Send + Sync>(result: Result<(), DrawingAreaErrorKind<E>>) {
    result.expect("drawing into a string cannot fail");
}

fn units((x, y): Point) -> (i32, i32) {
    ((x * UNITS).round() as i32, (y * UNITS).round() as i32)
}

/// A finished picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Svg {
    title: String,
    description: String,
    height: f64,
    body: String,
}

impl Svg {
    /// Draws a picture of this height in pixels. `title` and `description` are what a screen reader says of it.
    pub(super) fn draw(title: &str, description: &str, height: f64, draw: impl FnOnce(&Canvas)) -> Self {
        let mut raw = String::new();
        {
            let size = ((WIDTH * UNITS) as u32, (height * UNITS).ceil() as u32);
            let canvas = Canvas { root: SVGBackend::with_string(&mut raw, size).into_drawing_area() };
            draw(&canvas);
            drawn(canvas.root.present());
        }
        Self { title: title.into(), description: description.into(), height, body: classes(&raw) }
    }

    /// What the picture shows, in a line.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// For a page that has the style of charts; `id` must be unique in it.
    pub(crate) fn inline(&self, id: &str) -> String {
        let id = escape(id);
        let open = format!("<svg class=\"chart\" {} role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n", self.view_box());
        open + &self.named(&format!(" id=\"{id}-title\""), &format!(" id=\"{id}-desc\"")) + &self.body + "</svg>\n"
    }

    /// A file of its own, with its style.
    pub(crate) fn standalone(&self) -> String {
        let size = format!("width=\"{WIDTH}\" height=\"{}\"", self.height.ceil());
        let open =
            format!("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" {size} {} role=\"img\">\n", self.view_box());
        let paper = "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n";
        open + &self.named("", "") + "<style>\n" + &style::standalone() + "</style>\n" + paper + &self.body + "</svg>\n"
    }

    /// Several below each other in one file, with their style.
    pub(crate) fn stacked(pictures: &[&Self]) -> String {
        let mut whole = Self { title: String::new(), description: String::new(), height: 0.0, body: String::new() };
        for p in pictures {
            let top = (whole.height * UNITS).ceil();
            let _ = write!(whole.body, "<g transform=\"translate(0 {top})\" role=\"img\">\n{}{}</g>\n", p.named("", ""), p.body);
            whole.height += p.height.ceil();
        }
        whole.title = pictures.iter().map(|p| p.title.as_str()).collect::<Vec<_>>().join("; ");
        whole.description = pictures.iter().map(|p| p.description.as_str()).collect::<Vec<_>>().join(" ");
        whole.standalone()
    }

    fn view_box(&self) -> String {
        format!("viewBox=\"0 0 {} {}\"", WIDTH * UNITS, (self.height * UNITS).ceil())
    }

    fn named(&self, title: &str, description: &str) -> String {
        format!("<title{title}>{}</title>\n<desc{description}>{}</desc>\n", escape(&self.title), escape(&self.description))
    }
}

/// Keeps the geometry of what `plotters` wrote and puts classes in the place of its colours, fonts and strokes.
fn classes(raw: &str) -> String {
    const GEOMETRY: [&str; 14] =
        ["x", "y", "dy", "text-anchor", "x1", "y1", "x2", "y2", "points", "cx", "cy", "r", "width", "height"];
    let mut out = String::new();
    for line in raw.lines() {
        let Some(tag) = line.strip_prefix('<').filter(|_| !line.starts_with("</text")) else {
            // The text of a text element, or its end; `plotters` escapes what could be taken for a tag.
            let _ = writeln!(out, "{line}");
            continue;
        };
        if tag.starts_with("svg ") || tag.starts_with("/svg") {
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let (mut kept, mut class) = (String::new(), None);
        // key="value", with quotes in values escaped.
        let mut rest = attributes;
        while let Some((key, after)) = rest.split_once("=\"") {
            let Some((value, after)) = after.split_once('"') else { break };
            let key = key.trim();
            if GEOMETRY.contains(&key) {
                let _ = write!(kept, " {key}=\"{}\"", value.trim_end());
            } else if let Some(c) = value.strip_prefix('#').and_then(Role::classes) {
                class = Some(c);
            }
            rest = after;
        }
        let class = class.map_or(String::new(), |c| format!(" class=\"{c}\""));
        let end = if line.ends_with("/>") { "/>" } else { ">" };
        let _ = writeln!(out, "<{name}{class}{kept}{end}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_survives_its_colour() {
        for (role, class) in [
            (Role::Title, "title"),
            (Role::Line(0), "line s0"),
            (Role::Bar(2, 4), "bar b1 s2"),
            (Role::Cap, "cap"),
            (Role::Heat(true, 7), "heat above h7"),
            (Role::Contour, "contour"),
            (Role::Marker(style::SERIES + 1), "marker s1"),
        ] {
            let RGBColor(r, g, b) = role.color();
            assert_eq!(Role::classes(&format!("{r:02X}{g:02X}{b:02X}")).as_deref(), Some(class));
        }
        assert_eq!(Role::classes("000000"), None);
    }

    #[test]
    fn text_that_looks_like_markup_stays_text() {
        let svg = Svg::draw("a < b", "x & \"y\"", 20.0, |c| {
            c.text("</svg><script fill=\"#00005A\">", (1.0, 2.0), Anchor::Left, Role::Label);
        });
        for text in [svg.inline("f"), svg.standalone()] {
            assert!(!text.contains("<script"), "{text}");
            assert_eq!(text.matches("</svg>").count(), 1, "{text}");
            assert!(text.contains("a &lt; b") && text.contains("x &amp; &quot;y&quot;"), "{text}");
        }
    }
}
