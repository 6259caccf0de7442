//! Colours, and the style sheets of charts and page that use them.
//!
//! Every colour has a name, a value on light ground and one on dark. The sheets say `var(--name)`; a page defines the names, and a
//! picture that leaves the page gets the values themselves, since not every viewer of SVG knows custom properties.

use std::fmt::Write as _;

/// Series that differ in colour and shape; the next one begins anew.
pub(super) const SERIES: usize = 6;

/// Name, on light ground, on dark ground.
///
/// The series are chosen after Okabe & Ito (2008), "Color Universal Design", darkened or lightened until each has a contrast of
/// at least 3 with its ground (4.5 for what colours text), as the tests check.
const PALETTE: [(&str, &str, &str); 16] = [
    ("paper", "#ffffff", "#14171a"),
    ("raised", "#f5f6f8", "#1e2328"),
    ("ink", "#1b1f24", "#e8eaed"),
    ("muted", "#545b64", "#a9b1ba"),
    ("rule", "#d5d9de", "#3a4149"),
    ("link", "#00569c", "#7cc0f5"),
    ("good", "#006b4f", "#4fd0a5"),
    ("bad", "#a83c00", "#ff9c66"),
    ("unsure", "#5d5300", "#e0cc5a"),
    ("s0", "#0067b0", "#5eb5f0"),
    ("s1", "#c24e00", "#ff9a57"),
    ("s2", "#00785a", "#35c99c"),
    ("s3", "#a23f7d", "#e79bc8"),
    ("s4", "#7d6400", "#e6cb45"),
    ("s5", "#42474d", "#c4cad1"),
    ("code", "#eceff2", "#262c32"),
];

const CHART: &str = include_str!("chart.css");
const PAGE: &str = include_str!("page.css");
const DARK: &str = "@media screen and (prefers-color-scheme: dark)";

/// The sheet of a page: the names of the colours, light and dark (paper is light), then everything else.
pub(super) fn page() -> String {
    let define = |f: fn(&(&str, &str, &str)) -> String| PALETTE.iter().map(f).collect::<String>();
    let (light, dark) = (define(|p| format!("--{}:{};", p.0, p.1)), define(|p| format!("--{}:{};", p.0, p.2)));
    let mut out = String::new();
    let _ = writeln!(out, ":root{{color-scheme:light;{light}}}\n{DARK}{{:root{{color-scheme:dark;{dark}}}}}");
    out + PAGE + CHART
}

/// The sheet of a picture that stands alone.
pub(super) fn standalone() -> String {
    let filled = |pick: fn(&(&str, &'static str, &'static str)) -> &'static str| {
        PALETTE.iter().fold(CHART.to_string(), |css, p| css.replace(&format!("var(--{})", p.0), pick(p)))
    };
    format!("{}{DARK}{{\n{}}}\n", filled(|p| p.1), filled(|p| p.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, by WCAG 2.1.
    fn luminance(hex: &str) -> f64 {
        let channel = |i: usize| {
            let c = f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn colours_can_be_told_from_their_ground() {
        for (name, light, dark) in PALETTE {
            let least = match name {
                "ink" | "muted" | "link" | "good" | "bad" | "unsure" => 4.5,
                s if s.starts_with('s') => 3.0,
                _ => continue,
            };
            for ground in &PALETTE[..2] {
                assert!(contrast(light, ground.1) >= least, "{name} on light: {}", contrast(light, ground.1));
                assert!(contrast(dark, ground.2) >= least, "{name} on dark: {}", contrast(dark, ground.2));
            }
        }
    }

    #[test]
    fn sheets_use_colours_that_exist() {
        for css in [CHART, PAGE] {
            for used in css.split("var(--").skip(1) {
                let name = used.split(')').next().unwrap();
                assert!(PALETTE.iter().any(|p| p.0 == name), "--{name} is not in the palette");
            }
        }
        assert!(!standalone().contains("var("));
        assert_eq!(PALETTE.iter().filter(|p| p.0.starts_with('s') && p.0.len() == 2).count(), SERIES);
    }

    #[test]
    fn nothing_is_fetched() {
        for css in [page(), standalone()] {
            assert!(!css.contains("url(") && !css.contains("@import") && !css.contains("http"), "{css}");
        }
    }
}
