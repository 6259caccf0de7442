//! The page of results: verdicts first, then the figures, then everything.

use super::claims::{Claim, Verdict};
use super::grid::{Method, Net};
use super::statistics::Summary;
use super::{Group, Results};
use crate::output::duration;
use crate::report::chart::Measured;
use crate::report::chart::bar::{Bar, BarChart, Group as Bars};
use crate::report::chart::line::{ErrorStyle, LineChart, Point, Series};
use crate::report::html::{self, Block, Figure, Page, Section};
use crate::report::scale::{Axis, Scale};
use crate::report::table::Table;

const LEAD: &str = "Regularizers that look alike treat the two parts of the loss Hessian H = G + N differently: the Gauss-Newton part G, \
    which uses the features a network has, and the nonlinear modeling error N, which is about changing them. This page repeats, on \
    small networks and built-in images, the contrasts that Dauphin, Agarwala & Mobahi (arXiv 2401.10809) report for large ones. \
    A verdict holds for what was run here and nothing else; a result that contradicts the paper is a result.";

const LIMITS: &str = "Small networks, a part of Fashion-MNIST and few epochs: where a claim is open or refuted here, that says nothing yet of \
    large ones. SAM and the penalty share rho, one learning rate and one initialisation; where a ReLU network falls to chance, its units \
    may simply be dead (the table has their share), which leaky activations or a smaller learning rate would tell apart. With ReLU the \
    trace of N is zero by construction: its second derivative is, and what N has lies between layers, off the diagonal.";

/// The page, and its figures as files.
pub(super) fn build(r: &Results) -> (String, Vec<(String, String)>) {
    let mut figures = Vec::new();
    let mut sections =
        vec![Section { heading: "Verdicts".into(), blocks: vec![Block::Claims(r.claims.iter().map(card).collect())] }];
    for net in r.settings.nets() {
        sections.push(section(r, net, &mut figures));
    }
    sections.push(settings(r));
    let footer = vec![
        ("dupin".into(), r.version.into()),
        ("seeds".into(), format!("0 to {}", r.settings.seeds - 1)),
        ("networks trained".into(), r.trials.len().to_string()),
        ("time".into(), format!("{} with {} workers", duration(r.seconds), r.threads)),
    ];
    let page = Page { title: "Dupin: quick reproduction".into(), lead: LEAD.into(), sections, footer };
    (page.html(), figures)
}

fn card(c: &Claim) -> html::Claim {
    let verdict = match c.verdict {
        Verdict::Supported => html::Verdict::Supported,
        Verdict::Refuted => html::Verdict::Refuted,
        Verdict::Open => html::Verdict::Open,
    };
    html::Claim {
        label: format!("{}, {}", c.id, c.net),
        text: format!("{}.", c.text),
        verdict,
        numbers: vec![("effect".into(), c.numbers.clone())],
        rule: format!("the effect is {}; {}.", c.measure, c.rule),
    }
}

fn section(r: &Results, net: &Net, figures: &mut Vec<(String, String)>) -> Section {
    let groups: Vec<&Group> = r.groups.iter().filter(|g| g.net == net.name).collect();
    let mut add = |name: &str, figure: Figure| {
        figures.push((format!("{}-{name}.svg", net.name.to_lowercase()), figure.svg.standalone()));
        figure
    };
    let relu = add("accuracy-relu", accuracy(r, net, &groups, "relu", "ReLU"));
    let gelu = add("accuracy-gelu", accuracy(r, net, &groups, "gelu", "GELU"));
    let second = add("second-derivative", interventions(r, net, &groups));
    let traces = add("traces", traces(r, net, &groups));
    Section {
        heading: net.name.into(),
        blocks: vec![
            Block::Text(format!("`{}`, {} parameters.", net.model, net.parameters)),
            Block::Figures(vec![relu, gelu]),
            Block::Figures(vec![second, traces]),
            Block::Table(
                table(&groups)
                    .caption(&format!("{}: every method, mean ± one standard error over {} seeds", net.name, r.settings.seeds)),
            ),
        ],
    }
}

fn point(x: f64, s: &Summary) -> Point {
    Point::new(x, s.mean, s.std_error, &s.values)
}

/// A line from the plain net at 0 through the radii.
fn series(groups: &[&Group], activation: &str, method: Method, name: &str, color_index: usize) -> Series {
    let base = activation.split('~').next().unwrap_or(activation);
    let plain = groups.iter().filter(|g| g.method == Method::Plain && g.activation == base).map(|g| point(0.0, &g.test_accuracy));
    let rest = groups.iter().filter(|g| g.method == method && g.activation == activation).map(|g| point(g.rho, &g.test_accuracy));
    Series { name: name.into(), points: plain.chain(rest).collect(), dashed: method == Method::PsamWithoutNme, color_index }
}

fn radii(r: &Results) -> Axis {
    let values: Vec<f64> = std::iter::once(0.0).chain(r.settings.rhos.iter().copied()).collect();
    Axis::categorical("rho (0 is plain SGD)", &values)
}

fn chart(r: &Results, title: String, description: String, series: Vec<Series>) -> LineChart {
    LineChart { title, description, x: radii(r), y: Axis::linear("test accuracy"), series, errors: ErrorStyle::Bars }
}

fn accuracy(r: &Results, net: &Net, groups: &[&Group], activation: &'static str, name: &str) -> Figure {
    let methods = [Method::Sam, Method::Psam, Method::PsamWithoutNme];
    let lines = methods.iter().enumerate().map(|(i, &m)| series(groups, activation, m, m.label(), i)).collect();
    let chart = chart(
        r,
        format!("{}, {name}: test accuracy against rho", net.name),
        format!("Lines of SAM, the gradient penalty PSAM, and PSAM without the nonlinear modeling error, for {name}."),
        lines,
    );
    Figure {
        svg: chart.svg(),
        caption: format!(
            "As the paper's Figures 1 and 10, {name}: does the penalty behave like SAM, and does it need the NME? Small marks are seeds."
        ),
        command: r.command.clone(),
        numbers: Some(chart.numbers()),
    }
}

fn interventions(r: &Results, net: &Net, groups: &[&Group]) -> Figure {
    let kinds =
        [("relu", "ReLU"), ("relu~beta_gelu:4", "ReLU + φ'' of β-GELU"), ("gelu", "GELU"), ("gelu~none", "GELU without φ''")];
    let lines = kinds.iter().enumerate().map(|(i, (kind, name))| series(groups, kind, Method::Psam, name, i)).collect();
    let chart = chart(
        r,
        format!("{}: the penalty with other second derivatives", net.name),
        "Test accuracy of the gradient penalty against rho for ReLU, ReLU with a synthetic second derivative, GELU, and GELU without its own.".into(),
        lines,
    );
    Figure {
        svg: chart.svg(),
        caption: "As the paper's Figures 2 and 3: φ and φ' stay, only φ'' in the penalty's update changes.".into(),
        command: r.command.clone(),
        numbers: Some(chart.numbers()),
    }
}

fn measured(s: &Summary) -> Measured {
    Measured { mean: s.mean, std_error: s.std_error, samples: s.values.clone() }
}

fn traces(r: &Results, net: &Net, groups: &[&Group]) -> Figure {
    let bar = |name: &str, color_index| Bar { name: name.into(), color_index };
    let label = |g: &Group| {
        let rho = if g.method.has_rho() { format!(" {}", g.rho) } else { String::new() };
        format!("{} {}{rho}", g.activation, g.method.label())
    };
    let wanted = |g: &&&Group| matches!(g.activation, "relu" | "gelu");
    let chart = BarChart {
        title: format!("{}: traces of G and N after training", net.name),
        description:
            "For every activation, method and radius the trace of the Gauss-Newton part and of the nonlinear modeling error."
                .into(),
        value: Axis { label: "trace (nats per squared parameter)".into(), scale: Scale::SymLog { linear: 1.0 } },
        bars: vec![bar("tr G", 0), bar("tr N", 1)],
        groups: groups
            .iter()
            .filter(wanted)
            .map(|g| Bars { name: label(g), values: vec![measured(&g.trace_gauss_newton), measured(&g.trace_nme)] })
            .collect(),
    };
    Figure {
        svg: chart.svg(),
        caption: format!(
            "Structured probes on {} training examples, {} passes a net. The axis is linear within ±1.",
            r.settings.split_examples, r.settings.split_probes
        ),
        command: r.command.clone(),
        numbers: Some(chart.numbers()),
    }
}

fn table(groups: &[&Group]) -> Table {
    let mut table =
        Table::new(&["activation", "method", "rho", "test accuracy", "train loss", "tr G", "tr N", "dead units", "diverged"]);
    for g in groups {
        table.add(vec![
            g.activation.into(),
            g.method.label().into(),
            if g.method.has_rho() { g.rho.to_string() } else { "0".into() },
            g.test_accuracy.to_string(),
            g.train_loss.to_string(),
            g.trace_gauss_newton.to_string(),
            g.trace_nme.to_string(),
            format!("{:.2}", g.dead_units.mean),
            format!("{} of {}", g.diverged, g.test_accuracy.values.len()),
        ]);
    }
    table
}

fn settings(r: &Results) -> Section {
    let s = &r.settings;
    let pairs = [
        ("data", s.data.to_string()),
        ("epochs", s.epochs.to_string()),
        ("batch", s.batch.to_string()),
        ("optimizer", format!("SGD, momentum {}, learning rate {} ({})", s.momentum, s.learning_rate, s.schedule)),
        ("initialisation", s.init.to_string()),
        ("rho", s.rhos.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        ("seeds", s.seeds.to_string()),
        ("intervals", "95 %, Student's t over seeds, differences paired by seed".to_string()),
    ];
    Section {
        heading: "How it was run, and what it cannot say".into(),
        blocks: vec![
            Block::Command(r.command.clone()),
            Block::Settings(pairs.into_iter().map(|(k, v)| (k.to_string(), v)).collect()),
            Block::Text(LIMITS.into()),
            Block::Text("All methods: ".to_string() + &Method::ALL.map(Method::label).join(", ") + "."),
        ],
    }
}
