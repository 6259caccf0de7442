//! Whole pictures and pages: golden files, and data that nobody hoped for.
//!
//! The golden files are `testdata/golden/report_*`. After a change that is meant, `DUPIN_BLESS=1 cargo test -p dupin report` writes
//! them anew; look at them in a browser and read their diff.

use super::canvas::Svg;
use super::chart::Measured;
use super::chart::bar::{Bar, BarChart, Group};
use super::chart::density::{Curve, Density};
use super::chart::line::{ErrorStyle, LineChart, Point, Series};
use super::html::{Block, Claim, Figure, Page, Section, Verdict};
use super::scale::{Axis, Scale};
use super::table::Table;

fn check(name: &str, text: &str) {
    let path = format!("{}/../../testdata/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "how a person asks a test to rewrite its golden file")]
    let bless = std::env::var("DUPIN_BLESS").is_ok_and(|v| v == "1");
    if bless {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let line = golden.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
    assert!(golden == text, "{name} differs from line {}: DUPIN_BLESS=1 rewrites it if that is meant", line + 1);
}

/// Accuracy against radius with values that spread by `noise`, one of three seeds each way.
fn accuracy() -> LineChart {
    let rhos = [0.0, 0.02, 0.05, 0.1, 0.2];
    let series = |name: &str, color_index, dashed, means: &[f64]| {
        let points = rhos.iter().zip(means).map(|(&rho, &m)| {
            let e = 0.004 + 0.05 * rho;
            Point::new(rho, m, Some(e), &[m - 1.7 * e, m + 0.4 * e, m + 1.3 * e])
        });
        Series { name: name.into(), points: points.collect(), dashed, color_index }
    };
    LineChart {
        title: "ReLU net: test accuracy against the radius of the penalty".into(),
        description: "With SAM the accuracy rises slowly from 0.86 to 0.87; with PSAM it falls to 0.71 at 0.2.".into(),
        x: Axis::categorical("radius ρ", &rhos),
        y: Axis::linear("test accuracy"),
        series: vec![
            series("SAM", 0, false, &[0.861, 0.863, 0.866, 0.869, 0.871]),
            series("PSAM", 1, false, &[0.861, 0.859, 0.846, 0.80, 0.71]),
            series("PSAM without NME", 2, true, &[0.861, 0.862, 0.863, 0.860, 0.855]),
            series("SGD", 5, false, &[0.861]),
        ],
        errors: ErrorStyle::Bars,
    }
}

fn training() -> LineChart {
    let series = |name: &str, color_index, rate: f64| {
        let point = |k: u32| {
            let m = 2.3 * (-rate * f64::from(k)).exp() + 0.01;
            Point::new(f64::from(k), m, Some(0.15 * m), &[])
        };
        Series { name: name.into(), points: (0..40).map(point).collect(), dashed: false, color_index }
    };
    LineChart {
        title: "Training loss".into(),
        description: "Both losses fall; that of SGD falls faster.".into(),
        x: Axis::linear("epoch"),
        y: Axis { label: "mean cross-entropy (nats)".into(), scale: Scale::Log },
        series: vec![series("SGD", 5, 0.2), series("PSAM", 1, 0.11)],
        errors: ErrorStyle::Band,
    }
}

fn traces() -> BarChart {
    let bar = |name: &str, color_index| Bar { name: name.into(), color_index };
    let group = |name: &str, g: f64, n: f64| {
        let value =
            |v: f64| Measured { mean: v, std_error: Some(0.05 * v.abs() + 2.0), samples: vec![v - 6.0, v + 1.0, v + 5.0] };
        Group { name: name.into(), values: vec![value(g + n), value(g), value(n)] }
    };
    BarChart {
        title: "Traces of the Hessian and its parts by layer".into(),
        description: "The trace of G is positive in each layer; that of N is negative in the first.".into(),
        value: Axis::linear("trace"),
        bars: vec![bar("tr H", 5), bar("tr G", 0), bar("tr N", 1)],
        groups: vec![group("conv1", 120.0, -64.0), group("features.conv2", 210.0, 31.0), group("fc", 88.0, 0.0)],
    }
}

fn spectrum() -> Density {
    let bump = |at: f64, width: f64, x: f64| (-((x - at) / width).powi(2)).exp();
    let curve = |name: &str, color_index, dashed, f: &dyn Fn(f64) -> f64| {
        let place = |k: i32| (f64::from(k) * 0.09).sinh();
        let points = (-60..=90).map(|k| (place(k), f(f64::from(k) * 0.09))).collect();
        Curve { name: name.into(), points, dashed, color_index }
    };
    Density {
        title: "Spectra of H, G and N".into(),
        description: "N has eigenvalues of both signs, G almost none below zero.".into(),
        x: Axis { label: "eigenvalue".into(), scale: Scale::SymLog { linear: 0.5 } },
        y: Axis::linear("density per decade"),
        curves: vec![
            curve("H", 5, false, &|t| bump(0.2, 0.5, t) + 0.12 * bump(5.0, 1.5, t) + 0.04 * bump(-3.0, 1.0, t)),
            curve("G", 0, true, &|t| 0.8 * bump(0.3, 0.4, t) + 0.12 * bump(5.1, 1.4, t)),
            Curve::histogram("N, exact", &[-20.0, -5.0, -1.0, 0.0, 1.0, 5.0, 20.0], &[0.02, 0.2, 0.5, 0.6, 0.25, 0.03], 1),
        ],
    }
}

fn page() -> Page {
    let s = |t: &str| t.to_string();
    let command = "dupin reproduce quick --out runs/quick";
    let figure = |svg, numbers| Figure {
        label: String::new(),
        svg,
        caption: s("Means of three seeds with one standard error; small circles are single seeds."),
        command: s(command),
        numbers,
    };
    let claim = |label: &str, text: &str, verdict, value: &str| Claim {
        label: s(label),
        text: s(text),
        verdict,
        numbers: vec![(s("PSAM behind SAM, ReLU less GELU"), s(value)), (s("95 % interval"), s("+2.1 to +12.3 points"))],
        rule: s("Supported if the interval lies above 1 point, refuted if below it, open otherwise."),
    };
    let mut table = Table::new(&["activation", "method", "ρ", "test accuracy", "tr G", "tr N"]).caption("Every group of the CNN");
    for (a, m, rho, acc, g, n) in [
        ("relu", "SGD", "", "0.8612 ± 0.0031", "412 ± 12", "0.0 ± 1.9"),
        ("relu", "PSAM", "0.1", "0.800 ± 0.011", "97.1 ± 3.2", "-2.0 ± 1.1"),
        ("relu~beta_gelu:4", "PSAM", "0.1", "0.8540 ± 0.0044", "120 ± 14", "(3.1 ± 0.2)e7"),
        ("gelu", "SAM", "0.05", "0.8711 ± 0.0025", "230 ± 15", "—"),
    ] {
        table.add([a, m, rho, acc, g, n].map(String::from).to_vec());
    }
    let section = |heading: &str, blocks| Section { heading: s(heading), blocks };
    Page {
        title: s("Does the gradient penalty need φ''?"),
        lead: s("Small nets trained with SGD, SAM and PSAM on `fashion-mini`; their Hessians split into H = G + N."),
        sections: vec![
            section(
                "Verdicts",
                vec![Block::Claims(vec![
                    claim(
                        "C2, CNN",
                        "The gradient penalty behaves like SAM with GELU but not with ReLU",
                        Verdict::Supported,
                        "+7.2 ± 1.8 points",
                    ),
                    claim("C3, CNN", "GELU without φ'' loses what GELU gains", Verdict::Refuted, "-0.2 ± 0.1 points"),
                    claim("C4, MLP", "ReLU with a synthetic φ'' is repaired", Verdict::Open, "+0.9 ± 2.2 points"),
                ])],
            ),
            section(
                "Figures",
                vec![
                    Block::Text(s("Every net is trained anew for each radius.")),
                    Block::Figures(vec![
                        figure(accuracy().svg(), Some(accuracy().numbers())),
                        figure(training().svg(), None),
                        figure(traces().svg(), Some(traces().numbers())),
                        figure(spectrum().svg(), None),
                    ]),
                ],
            ),
            section("Numbers", vec![Block::Table(table)]),
            section(
                "Settings",
                vec![
                    Block::Settings(vec![
                        (s("data"), s("fashion-mini")),
                        (s("epochs"), s("10")),
                        (s("learning rate"), s("0.1, cosine")),
                    ]),
                    Block::Text(s("Make this page again:")),
                    Block::Command(s(command)),
                ],
            ),
        ],
        footer: vec![(s("dupin"), s("0.1.0")), (s("seeds"), s("0, 1, 2")), (s("time"), s("4 min 05 s"))],
    }
}

#[test]
fn pictures_and_page_are_as_they_were() {
    check("report_line.svg", &accuracy().svg().standalone());
    check("report_bar.svg", &traces().svg().standalone());
    check("report_density.svg", &spectrum().svg().standalone());
    check("report_page.html", &page().html());
}

#[test]
fn equal_data_give_equal_bytes() {
    assert_eq!(page().html(), page().html());
}

#[test]
fn a_page_has_each_id_once_and_every_reference_finds_one() {
    let html = page().html();
    let values = |attribute: &str| -> Vec<String> {
        html.split(&format!(" {attribute}=\"")).skip(1).map(|r| r.split('"').next().unwrap().to_string()).collect()
    };
    let ids = values("id");
    for id in &ids {
        assert_eq!(ids.iter().filter(|i| *i == id).count(), 1, "{id}");
    }
    for used in values("aria-labelledby").iter().flat_map(|v| v.split(' ')) {
        assert!(ids.iter().any(|i| i == used), "{used}");
    }
    assert!(!html.contains("http://") && !html.contains("https://"), "a page fetches nothing");
}

fn one_line(y: Scale, points: Vec<Point>) -> LineChart {
    LineChart {
        title: "t".into(),
        description: "d".into(),
        x: Axis::linear("x"),
        y: Axis { label: "y".into(), scale: y },
        series: vec![Series { name: "s".into(), points, dashed: false, color_index: 0 }],
        errors: ErrorStyle::Bars,
    }
}

/// Every coordinate of a picture lies in it.
fn assert_inside(svg: &Svg) {
    let text = svg.standalone();
    let view = text.split("viewBox=\"0 0 ").nth(1).unwrap().split('"').next().unwrap();
    let (width, height) = view.split_once(' ').map(|(w, h)| (w.parse::<f64>().unwrap(), h.parse::<f64>().unwrap())).unwrap();
    for key in [" x=\"", " x1=\"", " cx=\""] {
        for v in text.split(key).skip(1).map(|r| r.split('"').next().unwrap().parse::<f64>().unwrap()) {
            assert!((0.0..=width).contains(&v), "{key}{v}");
        }
    }
    for points in text.split(" points=\"").skip(1).map(|r| r.split('"').next().unwrap()) {
        for (x, y) in points.split(' ').map(|p| p.split_once(',').unwrap()) {
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{x},{y} of {view}");
        }
    }
    assert!(!text.contains("NaN") || text.contains("NaN, infinite"), "{text}");
}

#[test]
fn data_that_nobody_hoped_for_still_make_a_picture() {
    let at = |values: &[f64]| {
        values.iter().enumerate().map(|(i, &v)| Point::new(i as f64, v, Some(v.abs() * 0.1), &[v])).collect::<Vec<_>>()
    };
    let nan = f64::NAN;
    let inf = f64::INFINITY;
    let cases: [&[f64]; 10] = [
        &[],
        &[1.0],
        &[2.0, 2.0, 2.0],
        &[nan, inf, -inf],
        &[1.0, nan, 3.0],
        &[-1e300, 1e300],
        &[f64::MAX, f64::MIN],
        &[1e-300, 2e-300],
        &[5e-324],
        &[0.0, -4.0, 1e9],
    ];
    for scale in [Scale::Linear, Scale::Log, Scale::SymLog { linear: 0.0 }] {
        for values in cases {
            let mut chart = one_line(scale.clone(), at(values));
            for errors in [ErrorStyle::Bars, ErrorStyle::Band] {
                chart.errors = errors;
                assert_inside(&chart.svg());
            }
            let measured =
                |&v: &f64| Group { name: "g".into(), values: vec![Measured { mean: v, std_error: Some(1.0), samples: vec![v] }] };
            let mut bars = traces();
            bars.value.scale = scale.clone();
            bars.groups = values.iter().map(measured).collect();
            assert_inside(&bars.svg());
            let mut density = spectrum();
            density.x.scale = scale.clone();
            density.curves[0].points = values.iter().map(|&v| (v, v)).collect();
            assert_inside(&density.svg());
        }
    }
}

#[test]
fn what_is_left_out_is_said() {
    let text = |c: &LineChart| c.svg().inline("i");
    let chart = one_line(Scale::Linear, vec![Point::new(0.0, 1.0, None, &[]), Point::new(1.0, f64::NAN, None, &[])]);
    assert!(text(&chart).contains("1 value of s cannot be drawn"));
    let chart = one_line(Scale::Linear, vec![Point::new(0.0, 1.0, None, &[1.0, f64::NAN, f64::INFINITY])]);
    assert!(text(&chart).contains("2 values of s cannot be drawn"));
    let chart = one_line(Scale::Log, vec![Point::new(0.0, 0.0, None, &[]), Point::new(1.0, -1.0, None, &[])]);
    assert!(text(&chart).contains("There is nothing to draw.") && text(&chart).contains("2 values of s"));
    assert!(text(&one_line(Scale::Linear, vec![])).contains("There is nothing to draw."));
    assert!(!text(&accuracy()).contains("cannot be drawn"));
}

#[test]
fn a_value_that_is_missing_breaks_the_line() {
    let points = [1.0, 2.0, f64::NAN, 3.0, 4.0].iter().enumerate().map(|(i, &v)| Point::new(i as f64, v, None, &[])).collect();
    let text = one_line(Scale::Linear, points).svg().inline("i");
    // Two pieces, and the sample beside the name.
    assert_eq!(text.matches("class=\"line s0\"").count(), 3);
}

#[test]
fn numbers_stand_beside_their_picture() {
    let table = accuracy().numbers();
    assert_eq!(table.header, ["radius ρ", "SAM", "PSAM", "PSAM without NME", "SGD"]);
    assert_eq!(table.rows.len(), 5);
    assert_eq!(table.rows[4], ["0.2", "0.871 ± 0.014", "0.710 ± 0.014", "0.855 ± 0.014", ""]);
    assert_eq!(traces().numbers().rows[2], ["fc", "88.0 ± 6.4", "88.0 ± 6.4", "0.0 ± 2.0"]);
}
