//! The report: verdicts first, then every experiment with its figures, numbers and command, then how it was run.

use super::figure;
use super::plan::{Plan, shown};
use super::record::Record;
use super::spec::Experiment;
use super::statistics::Summary;
use super::verdict::{Decision, Results, Verdict};
use crate::output::duration;
use crate::report::html::{self, Block, Page, Section};
use crate::report::table::Table;

/// One experiment, as far as it was run.
pub(crate) struct Chapter {
    pub(crate) plan: Plan,
    pub(crate) records: Vec<Option<Record>>,
    pub(crate) decisions: Vec<Decision>,
    /// Trials that cannot be run, and why.
    pub(crate) failures: Vec<String>,
    pub(crate) command: String,
    /// Computing time of its trials.
    pub(crate) seconds: f64,
}

impl Chapter {
    fn results(&self) -> Results<'_> {
        Results { plan: &self.plan, records: &self.records }
    }

    fn done(&self) -> usize {
        self.records.iter().flatten().count()
    }
}

/// What the report is of.
pub(crate) struct Report {
    pub(crate) title: String,
    pub(crate) scale: String,
    pub(crate) chapters: Vec<Chapter>,
    pub(crate) command: String,
    /// Names and values for the end: version, time.
    pub(crate) facts: Vec<(String, String)>,
}

/// A figure's file and its text.
pub(crate) type File = (String, String);

const LEAD: &str = "Training recipes that seek flat minima look alike and behave differently. The curvature of the loss, the Hessian H, is the sum \
    of two parts, H = G + N: the Gauss-Newton part G, which uses the features a network has, and the nonlinear modeling error N, which \
    is about changing them. N is commonly neglected. Dauphin, Agarwala & Mobahi (arXiv 2401.10809) argue that it explains why some \
    recipes work and others fail. This page repeats their experiments and the controls that their reviewers asked for.";

const READING: &str = "How to read it: a rule, written before anything was run, turns the numbers of several independent trainings (seeds) into a \
    verdict. Supported and refuted hold for the networks and data of this page alone; open means that the interval is too wide, or that \
    the effect is smaller than the rule asks for. A result that contradicts the paper is a result.";

const LIMITS: &str = "Small networks, small images and short training: where a claim is open or refuted here, that says nothing yet of large ones. \
    Intervals are 95 % by Student's t over seeds, of differences paired by seed; they know nothing of other architectures or data sets, and \
    several claims are judged, so that about one interval in twenty misses. A net whose loss ceased to be finite counts with its accuracy \
    before that epoch; the tables say how many there were.";

/// The page, and its figures as files.
pub(crate) fn build(report: &Report) -> (String, Vec<File>) {
    let mut files = Vec::new();
    let mut sections = vec![verdicts(report)];
    sections.extend(report.chapters.iter().filter(|c| c.done() > 0).map(|c| chapter(c, &mut files)));
    sections.push(how(report));
    let done: usize = report.chapters.iter().map(Chapter::done).sum();
    let planned: usize = report.chapters.iter().map(|c| c.plan.trials.len()).sum();
    let lead = if done < planned {
        format!("{LEAD} Not finished: {done} of {planned} trainings are there yet.")
    } else {
        LEAD.to_string()
    };
    let page = Page { title: report.title.clone(), lead, sections, footer: report.facts.clone() };
    (page.html(), files)
}

fn verdicts(report: &Report) -> Section {
    // Nothing is said of what was not run.
    let (begun, missing): (Vec<&Chapter>, Vec<&Chapter>) = report.chapters.iter().partition(|c| c.done() > 0);
    let decisions: Vec<(&Chapter, &Decision)> = begun.iter().flat_map(|c| c.decisions.iter().map(move |d| (*c, d))).collect();
    let count = |v: Verdict| decisions.iter().filter(|d| d.1.verdict == v).count();
    let mut blocks = Vec::new();
    if !decisions.is_empty() {
        let (yes, no, open) = (count(Verdict::Supported), count(Verdict::Refuted), count(Verdict::Open));
        blocks.push(Block::Text(format!(
            "Of {} questions, {yes} are answered as the claim says, {no} against it, and {open} are open at this scale (`{}`).",
            decisions.len(),
            report.scale
        )));
        blocks.push(Block::Text(READING.into()));
    }
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(|c| place(&c.plan.experiment)).collect();
        blocks.push(Block::Text(format!("Not run yet: {}.", names.join("; "))));
    }
    let mut sorted = decisions;
    sorted.sort_by_key(|(_, d)| order(&d.id));
    // The paper's claims are cards; controls, of which there are many, rows.
    let (claims, controls): (Vec<_>, Vec<_>) = sorted.into_iter().partition(|(_, d)| order(&d.id).0 == 0);
    if !claims.is_empty() {
        blocks.push(Block::Claims(claims.iter().map(|(c, d)| card(c, d)).collect()));
    }
    if !controls.is_empty() {
        let mut table = Table::new(&["question", "verdict", "effect", "where"])
            .caption("Controls and further questions, decided by the same kind of rule");
        for (c, d) in &controls {
            table.add(vec![d.text.clone(), d.verdict.word().into(), d.numbers.clone(), place(&c.plan.experiment)]);
        }
        blocks.push(Block::Table(table));
    }
    Section { heading: "What holds, and what does not".into(), blocks }
}

/// C1 to C9 first, in order; then the others by name.
fn order(id: &str) -> (u8, u32, String) {
    let digits = id.strip_prefix('C').map(|n| n.trim_end_matches(char::is_alphabetic));
    match digits.and_then(|n| n.parse().ok()) {
        Some(n) => (0, n, id.to_string()),
        None => (1, 0, id.to_string()),
    }
}

/// Where an experiment's figures are.
fn place(e: &Experiment) -> String {
    e.figure.map_or_else(|| e.title.clone(), |n| format!("Figure {n}"))
}

fn card(c: &Chapter, d: &Decision) -> html::Claim {
    html::Claim {
        label: format!("{}, {}", d.id, place(&c.plan.experiment)),
        text: d.text.clone(),
        verdict: match d.verdict {
            Verdict::Supported => html::Verdict::Supported,
            Verdict::Refuted => html::Verdict::Refuted,
            Verdict::Open => html::Verdict::Open,
        },
        numbers: vec![("effect".into(), d.numbers.clone())],
        rule: d.rule.clone(),
    }
}

fn heading(e: &Experiment) -> String {
    e.figure.map_or_else(|| e.title.clone(), |n| format!("Figure {n}: {}", e.title))
}

fn chapter(c: &Chapter, files: &mut Vec<File>) -> Section {
    let e = &c.plan.experiment;
    let mut blocks = Vec::new();
    if let Some(q) = &e.question {
        blocks.push(Block::Text(format!("Asked: {q}")));
    }
    if !e.hypothesis.is_empty() {
        blocks.push(Block::Text(format!("Expected: {}", e.hypothesis)));
    }
    for d in &c.decisions {
        // The rule of a claim is on its card.
        let rule = if order(&d.id).0 == 0 { String::new() } else { format!(" {}", d.rule) };
        blocks.push(Block::Text(format!("{}, {}: {} Found: {}.{rule}", d.id, d.verdict.word(), d.text, d.numbers)));
    }
    let mut drawn = Vec::new();
    let results = c.results();
    for chart in &e.charts {
        drawn.extend(figure::draw(&results, chart, &c.command));
    }
    let several = drawn.len() > 1;
    for (i, d) in drawn.iter_mut().enumerate() {
        let letter = if several { char::from(b'a' + (i % 26) as u8).to_string() } else { String::new() };
        d.figure.label = e.figure.map_or_else(
            || format!("{}{}", e.title, if several { format!(" ({letter})") } else { String::new() }),
            |n| format!("Figure {n}{letter}"),
        );
        d.file = format!("{}{}{letter}", e.name, if several { "-" } else { "" });
    }
    files.extend(drawn.iter().map(|d| (d.file.clone(), d.figure.svg.standalone())));
    if !drawn.is_empty() {
        blocks.push(Block::Figures(drawn.into_iter().map(|d| d.figure).collect()));
    }
    blocks.push(Block::Table(table(&results)));
    for note in e.notes.iter().chain(&c.plan.notes) {
        blocks.push(Block::Text(note.clone()));
    }
    if !c.failures.is_empty() {
        blocks.push(Block::Text(format!("{} trials could not be run: {}.", c.failures.len(), c.failures.join("; "))));
    }
    let seeds = c.plan.seeds;
    blocks.push(Block::Settings(vec![
        ("command".into(), format!("`{}`", c.command)),
        ("trainings".into(), format!("{} of {}, {seeds} seeds each", c.done(), c.plan.trials.len())),
        ("computing time".into(), duration(c.seconds)),
        ("settings".into(), settings(&c.plan)),
    ]));
    Section { heading: heading(e), blocks }
}

/// Columns of the table of an experiment: what a number of a record is called there.
const COLUMNS: [(&str, &str); 11] = [
    ("test_accuracy", "test accuracy"),
    ("train_accuracy", "train accuracy"),
    ("train_loss", "train loss"),
    ("dead_units", "dead units"),
    ("trace_hessian", "tr H"),
    ("trace_gauss_newton", "tr G"),
    ("trace_nme", "tr N"),
    ("nme_share", "N's share along ∇L"),
    ("second_derivative", "φ'' ≠ 0"),
    ("map_nme_share", "area where N is large"),
    ("map_nme_highest", "largest ‖N‖"),
];

/// Every arm and point with its numbers.
pub(crate) fn table(r: &Results) -> Table {
    let has = |metric: &str| r.records.iter().flatten().any(|rec| rec.metrics.contains_key(metric));
    let columns: Vec<(&str, &str)> = COLUMNS.iter().copied().filter(|c| has(c.0)).collect();
    let mut header = vec!["", "at"];
    header.extend(columns.iter().map(|c| c.1));
    header.push("diverged");
    let mut table = Table::new(&header).caption(&format!("Mean ± one standard error over {} seeds", r.plan.seeds));
    for (arm, a) in r.plan.experiment.arms.iter().enumerate() {
        for point in 0..r.points(arm) {
            let first = r.plan.trials.iter().find(|p| p.arm == arm && p.point == point);
            let at = first.map_or(String::new(), |p| {
                p.at.iter()
                    .filter(|(n, _)| a.grid.contains(n))
                    .map(|(n, v)| format!("{n} {}", shown(v)))
                    .collect::<Vec<_>>()
                    .join(", ")
            });
            let mut row = vec![a.name.clone(), at];
            row.extend(columns.iter().map(|c| {
                let s = Summary::of(&r.values(arm, point, c.0));
                if s.count == 0 { String::new() } else { s.to_string() }
            }));
            let diverged = r.values(arm, point, "diverged");
            let n = diverged.iter().filter(|v| **v > 0.0).count();
            row.push(if n == 0 { String::new() } else { format!("{n} of {}", diverged.len()) });
            table.add(row);
        }
    }
    table
}

/// Settings that all trainings of an experiment share.
fn settings(plan: &Plan) -> String {
    let of = |p: &super::plan::Planned| toml::Table::try_from(&p.trial.train).unwrap_or_default();
    let Some(first) = plan.trials.first().map(of) else { return String::new() };
    let shared = |key: &String, value: &toml::Value| plan.trials.iter().all(|p| of(p).get(key) == Some(value));
    let pairs: Vec<String> = first.iter().filter(|(k, v)| shared(k, v)).map(|(k, v)| format!("`{k} = {v}`")).collect();
    pairs.join(", ")
}

fn how(report: &Report) -> Section {
    Section {
        heading: "How it was run, and what it cannot say".into(),
        blocks: vec![
            Block::Command(report.command.clone()),
            Block::Text(LIMITS.into()),
            Block::Text(
                "Every training is decided by its settings and seed: the same command gives the same numbers, whatever the number of \
                 workers and however often it was interrupted. The folder holds them as `trials.csv` and `summary.json`, the figures as \
                 SVG, and all records in `runs.db`, which `dupin runs` reads."
                    .into(),
            ),
        ],
    }
}
