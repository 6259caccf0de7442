//! Pictures of an experiment: what its file asks for, drawn from its records.

use super::record::Record;
use super::spec::{Chart, ChartKind};
use super::statistics::Summary;
use super::verdict::Results;
use crate::report::chart::Measured;
use crate::report::chart::bar::{Bar, BarChart, Group};
use crate::report::chart::density::{Curve, Density};
use crate::report::chart::heat::HeatMap;
use crate::report::chart::line::{ErrorStyle, LineChart, Point, Series};
use crate::report::html::Figure;
use crate::report::scale::{Axis, Scale};

/// A figure and the name of its file, without an end.
pub(crate) struct Drawn {
    pub(crate) file: String,
    pub(crate) figure: Figure,
}

fn measured(values: &[f64]) -> Measured {
    let s = Summary::of(values);
    Measured { mean: s.mean, std_error: s.std_error, samples: s.values }
}

/// Everything that `chart` shows; a chart of single nets has one picture for each of its arms.
pub(crate) fn draw(r: &Results, chart: &Chart, command: &str) -> Vec<Drawn> {
    let figure =
        |svg, numbers| Figure { label: String::new(), svg, caption: chart.caption.clone(), command: command.into(), numbers };
    let one = |figure| vec![Drawn { file: String::new(), figure }];
    match chart.kind {
        ChartKind::Line => {
            let c = line(r, chart);
            one(figure(c.svg(), Some(c.numbers())))
        }
        ChartKind::Curves => {
            let c = curves(r, chart);
            one(figure(c.svg(), Some(c.numbers())))
        }
        ChartKind::Bars => {
            let c = bars(r, chart);
            one(figure(c.svg(), Some(c.numbers())))
        }
        ChartKind::Layers | ChartKind::Spectrum | ChartKind::Landscape => {
            let draw = |arm: &String| -> Vec<Drawn> {
                let Some(record) = single(r, chart, arm) else { return Vec::new() };
                let title = format!("{}: {arm}", chart.title);
                match chart.kind {
                    ChartKind::Layers => {
                        let c = layers(chart, title, record);
                        one(figure(c.svg(), Some(c.numbers())))
                    }
                    ChartKind::Spectrum if !record.spectra.is_empty() => {
                        let c = spectrum(chart, title, record);
                        one(figure(c.svg(), None))
                    }
                    ChartKind::Landscape => chart
                        .metrics
                        .iter()
                        .filter_map(|m| heat(chart, &title, record, m))
                        .flat_map(|c| one(figure(c.svg(), None)))
                        .collect(),
                    _ => Vec::new(),
                }
            };
            chart.arms.iter().flat_map(draw).collect()
        }
    }
}

/// The place of an arm that a chart of single points shows.
fn place(r: &Results, chart: &Chart, arm: usize) -> usize {
    let last = r.points(arm).saturating_sub(1);
    chart.point.map_or(last, |p| p.min(last))
}

/// The record of the first seed.
fn single<'a>(r: &'a Results, chart: &Chart, arm: &str) -> Option<&'a Record> {
    let arm = r.plan.arm(arm);
    let point = place(r, chart, arm);
    let i = r.plan.trials.iter().position(|p| p.arm == arm && p.point == point)?;
    r.records[i].as_ref()
}

fn y_axis(chart: &Chart) -> Axis {
    let scale = chart.symlog.map_or(Scale::Linear, |linear| Scale::SymLog { linear });
    Axis { label: chart.y_label.clone(), scale }
}

fn line(r: &Results, chart: &Chart) -> LineChart {
    let metric = chart.metrics.first().map_or("test_accuracy", String::as_str);
    let mut xs: Vec<f64> = Vec::new();
    let mut series = Vec::new();
    for (i, name) in chart.arms.iter().enumerate() {
        let arm = r.plan.arm(name);
        let zero = r.plan.experiment.arms[arm].zero.as_ref().map(|z| r.plan.arm(z));
        let mut points = Vec::new();
        if let Some(zero) = zero {
            points.push((0.0, r.values(zero, 0, metric)));
        }
        let at = r.plan.values(arm, &chart.x);
        points.extend(at.iter().enumerate().filter_map(|(p, x)| Some(((*x)?, r.values(arm, p, metric)))));
        if at.iter().all(Option::is_none) && zero.is_none() {
            // An arm without the axis is a level: drawn across all of it, once the others have said how far it goes.
            points.push((f64::NAN, r.values(arm, 0, metric)));
        }
        xs.extend(points.iter().map(|p| p.0).filter(|x| x.is_finite()));
        series.push((name, i, points));
    }
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let series = series.into_iter().map(|(name, i, points)| {
        let level = points.iter().any(|p| p.0.is_nan());
        let place = |(x, values): (f64, Vec<f64>)| {
            let m = measured(&values);
            let at = if level { xs.clone() } else { vec![x] };
            at.into_iter().map(move |x| Point { x, y: m.clone() }).collect::<Vec<_>>()
        };
        Series { name: name.clone(), points: points.into_iter().flat_map(place).collect(), dashed: level, color_index: i }
    });
    LineChart {
        title: chart.title.clone(),
        description: describe(chart),
        series: series.collect(),
        x: Axis::categorical(&chart.x_label, &xs),
        y: y_axis(chart),
        errors: ErrorStyle::Bars,
    }
}

/// What a reader who cannot see the picture is told before the table of its numbers.
fn describe(chart: &Chart) -> String {
    format!("{} of {}. {} The numbers are in the table below it.", chart.y_label, chart.arms.join(", "), chart.caption)
}

fn curves(r: &Results, chart: &Chart) -> LineChart {
    let mut series = Vec::new();
    for metric in &chart.metrics {
        for name in &chart.arms {
            let arm = r.plan.arm(name);
            let point = place(r, chart, arm);
            let trials = r.plan.trials.iter().zip(r.records).filter(|(p, _)| p.arm == arm && p.point == point);
            let curves: Vec<&Vec<(f64, f64)>> = trials.filter_map(|(_, rec)| rec.as_ref()?.curves.get(metric)).collect();
            let mut epochs: Vec<f64> = curves.iter().flat_map(|c| c.iter().map(|p| p.0)).collect();
            epochs.sort_by(f64::total_cmp);
            epochs.dedup();
            let at = |x: f64| {
                let values: Vec<f64> = curves.iter().filter_map(|c| c.iter().find(|p| p.0 == x).map(|p| p.1)).collect();
                let m = measured(&values);
                // Single values would hide a band of many epochs.
                Point { x, y: Measured { samples: Vec::new(), ..m } }
            };
            let color_index = series.len();
            series.push(Series { name: name.clone(), points: epochs.into_iter().map(at).collect(), dashed: false, color_index });
        }
    }
    LineChart {
        title: chart.title.clone(),
        description: describe(chart),
        x: Axis::linear(if chart.x_label.is_empty() { "epochs" } else { &chart.x_label }),
        y: y_axis(chart),
        series,
        errors: ErrorStyle::Band,
    }
}

fn bars(r: &Results, chart: &Chart) -> BarChart {
    let bar = |(color_index, m): (usize, &String)| Bar { name: m.replace('_', " "), color_index };
    let group = |name: &String| {
        let arm = r.plan.arm(name);
        let point = place(r, chart, arm);
        Group { name: name.clone(), values: chart.metrics.iter().map(|m| measured(&r.values(arm, point, m))).collect() }
    };
    BarChart {
        title: chart.title.clone(),
        description: describe(chart),
        value: y_axis(chart),
        bars: chart.metrics.iter().enumerate().map(bar).collect(),
        groups: chart.arms.iter().map(group).collect(),
    }
}

fn layers(chart: &Chart, title: String, record: &Record) -> BarChart {
    let value = |v: f64| Measured { mean: v, std_error: None, samples: Vec::new() };
    let bar = |name: &str, color_index| Bar { name: name.into(), color_index };
    BarChart {
        title,
        description: describe(chart),
        value: y_axis(chart),
        bars: vec![bar("tr G", 0), bar("tr N", 1)],
        groups: record
            .layers
            .iter()
            .map(|l| Group { name: l.name.clone(), values: vec![value(l.gauss_newton), value(l.nme)] })
            .collect(),
    }
}

fn spectrum(chart: &Chart, title: String, record: &Record) -> Density {
    let parts = [("hessian", "H"), ("gauss_newton", "G"), ("nme", "N")];
    let curve = |(i, (key, name)): (usize, (&str, &str))| {
        let points = record.spectra.get(key)?.clone();
        Some(Curve { name: name.into(), points, dashed: i == 0, color_index: [5, 0, 1][i] })
    };
    Density {
        title,
        description: describe(chart),
        x: Axis { label: chart.x_label.clone(), scale: Scale::SymLog { linear: 1e-3 } },
        y: Axis { label: chart.y_label.clone(), scale: Scale::SymLog { linear: 1.0 } },
        curves: parts.into_iter().enumerate().filter_map(curve).collect(),
    }
}

fn heat(chart: &Chart, title: &str, record: &Record, name: &str) -> Option<HeatMap> {
    let map = record.maps.get(name)?;
    let quantity = match name {
        "loss" => "loss",
        "nme" => "‖N‖",
        _ => "‖G‖",
    };
    Some(HeatMap {
        title: format!("{title}, {quantity}"),
        description: describe(chart),
        x: Axis::linear(&map.x_label),
        y: Axis::linear(&map.y_label),
        columns: map.x.clone(),
        rows: map.y.clone(),
        values: map.values.clone(),
        quantity: quantity.into(),
        symlog: false,
        contours: 6,
        marked: None,
    })
}
