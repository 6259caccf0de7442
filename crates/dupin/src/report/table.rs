//! Tables: columns of text and numbers, drawn for the terminal here and for the page in `html`.

use std::fmt;

pub(crate) use super::number::{bytes, seconds, with_error};

/// Gap between columns in the terminal.
const GAP: usize = 2;
/// Least width of a column whose cells are not known yet, when rows are printed one by one.
const STREAMED: usize = 8;

/// A table of strings. Columns whose cells are all numbers are set to the right; the first column names its row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub(crate) fn new(header: &[&str]) -> Self {
        Self { caption: String::new(), header: header.iter().map(ToString::to_string).collect(), rows: Vec::new() }
    }

    /// The same with a caption, which the page shows above it.
    pub(crate) fn caption(mut self, caption: &str) -> Self {
        self.caption = caption.to_string();
        self
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If it has not one cell for each column.
    pub(crate) fn add(&mut self, row: Vec<String>) {
        assert_eq!(row.len(), self.header.len(), "a row has one cell for each column");
        self.rows.push(row);
    }

    /// Whether every cell of column `j` that says something is a number. A column that says nothing is not.
    pub(crate) fn is_numeric(&self, j: usize) -> bool {
        let mut said = self.rows.iter().map(|r| r[j].as_str()).filter(|c| !is_blank(c)).peekable();
        said.peek().is_some() && said.all(is_number)
    }

    /// The header for rows that are printed one by one, each column as wide as its name and at least 8.
    pub(crate) fn head(&self) -> String {
        self.row(&self.header)
    }

    /// One row under [`Self::head`], set to the right.
    pub(crate) fn row(&self, cells: &[String]) -> String {
        let width = |j: usize| self.header.get(j).map_or(0, |h| columns(h)).max(STREAMED);
        let cells: Vec<String> = cells.iter().enumerate().map(|(j, c)| pad(c, width(j), true)).collect();
        cells.join(&" ".repeat(GAP))
    }

    /// The table as text of at most `width` columns; `None` sets no limit.
    ///
    /// A table that is too wide is cut between columns into several under each other, which repeat the first column. A single
    /// column wider than that is left whole: a broken number is worse than a broken line. `bold` emphasises the header by ANSI codes.
    pub(crate) fn text(&self, width: Option<usize>, bold: bool) -> String {
        let widths: Vec<usize> = (0..self.header.len())
            .map(|j| self.rows.iter().map(|r| &r[j]).chain([&self.header[j]]).map(|c| columns(c)).max().unwrap_or(0))
            .collect();
        let parts = self.parts(&widths, width.unwrap_or(usize::MAX));
        let drawn: Vec<String> = parts.iter().map(|part| self.draw(part, &widths, bold)).collect();
        drawn.join("\n\n")
    }

    /// Columns that stand side by side, part by part.
    fn parts(&self, widths: &[usize], limit: usize) -> Vec<Vec<usize>> {
        let mut parts: Vec<Vec<usize>> = Vec::new();
        let mut used = 0;
        for j in 0..self.header.len() {
            if parts.is_empty() {
                parts.push(vec![0]);
                used = widths[0];
                continue;
            }
            let part = parts.last_mut().expect("the first column began a part");
            if part.len() > 1 && used + GAP + widths[j] > limit {
                used = widths[0];
                parts.push(vec![0, j]);
            } else {
                part.push(j);
            }
            used += GAP + widths[j];
        }
        parts
    }

    fn draw(&self, part: &[usize], widths: &[usize], bold: bool) -> String {
        let right: Vec<bool> = part.iter().map(|&j| self.is_numeric(j)).collect();
        let line = |cells: &[String]| {
            let padded: Vec<String> = part.iter().zip(&right).map(|(&j, &r)| pad(&cells[j], widths[j], r)).collect();
            padded.join(&" ".repeat(GAP)).trim_end().to_string()
        };
        let head = line(&self.header);
        let rule: Vec<String> = part.iter().map(|&j| "─".repeat(widths[j])).collect();
        let head = if bold { format!("\x1b[1m{head}\x1b[0m") } else { head };
        let rows = self.rows.iter().map(|r| line(r));
        [head, rule.join(&" ".repeat(GAP))].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Table {
    /// The table as plain text of any width.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(None, false))
    }
}

/// Whether a cell says nothing.
pub(super) fn is_blank(cell: &str) -> bool {
    matches!(cell.trim(), "" | "-" | "–" | "—")
}

/// Whether a cell starts with a number, as `12`, `-0.3 ± 0.1`, `(1.2 ± 0.1)e-7`, `80 %` or `NaN` do, and `3x3 conv` does not.
fn is_number(cell: &str) -> bool {
    let first = cell.split_whitespace().next().unwrap_or("").trim_start_matches('(');
    first.trim_end_matches('%').parse::<f64>().is_ok()
}

/// Columns of the terminal that a cell takes: one per character, which holds for all that Dupin itself prints.
fn columns(cell: &str) -> usize {
    cell.chars().count()
}

fn pad(cell: &str, width: usize, right: bool) -> String {
    if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut t = Table::new(&["method", "accuracy", "tr N"]);
        t.add(["SGD", "0.8612 ± 0.0031", "12"].map(String::from).to_vec());
        t.add(["PSAM φ''", "0.9 ± 0.1", ""].map(String::from).to_vec());
        t
    }

    #[test]
    fn numbers_are_set_to_the_right() {
        let expected = "\
method           accuracy  tr N
────────  ───────────────  ────
SGD       0.8612 ± 0.0031    12
PSAM φ''        0.9 ± 0.1";
        assert_eq!(sample().to_string(), expected);
    }

    #[test]
    fn a_narrow_terminal_gets_parts_that_repeat_the_first_column() {
        let text = sample().text(Some(25), false);
        assert!(text.lines().all(|l| columns(l) <= 25), "{text}");
        assert_eq!(text.matches("method").count(), 2);
        // Two columns that do not fit are still printed.
        assert_eq!(sample().text(Some(1), false).matches("method").count(), 2);
    }

    #[test]
    fn only_the_asked_for_table_has_colour() {
        assert!(!sample().to_string().contains('\x1b'));
        assert!(sample().text(None, true).starts_with("\x1b[1mmethod"));
    }

    #[test]
    fn rows_printed_one_by_one_line_up_with_the_head() {
        let t = Table::new(&["epoch", "train loss"]);
        assert_eq!(t.head(), "   epoch  train loss");
        assert_eq!(t.row(&["1".into(), "0.5".into()]), "       1         0.5");
    }

    #[test]
    fn what_counts_as_a_number() {
        for yes in ["1", "-0.3 ± 0.1", "(1.2 ± 0.1)e-7", "80 %", "80%", "NaN", "inf", "+1.5 points"] {
            assert!(is_number(yes), "{yes}");
        }
        for no in ["", "conv", "3x3 conv", "2026-01"] {
            assert!(!is_number(no), "{no}");
        }
        assert!(!Table::new(&["empty"]).is_numeric(0));
    }

    #[test]
    #[should_panic(expected = "one cell for each column")]
    fn a_short_row_is_a_bug() {
        sample().add(vec![String::new()]);
    }
}
