//! The page: one file that needs nothing else, made for a phone, a desk and paper.
//!
//! All text is escaped; `` `code` `` between backticks is set as code. A script of a few lines sorts tables by their columns and saves figures; without
//! it the page is complete. A policy in the page forbids whatever would reach for the network.

use std::fmt::Write as _;

use super::canvas::Svg;
use super::style;
use super::table::{Table, is_blank};

/// A page of sections.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) title: String,
    /// What the page answers, in a sentence or two.
    pub(crate) lead: String,
    pub(crate) sections: Vec<Section>,
    /// Version, seeds, times: names and values at the end.
    pub(crate) footer: Vec<(String, String)>,
}

/// Blocks under a heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) blocks: Vec<Block>,
}

/// One part of a section.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    /// A paragraph.
    Text(String),
    /// Cards side by side.
    Claims(Vec<Claim>),
    /// Pictures side by side.
    Figures(Vec<Figure>),
    /// A table that can be sorted.
    Table(Table),
    /// Names and values, as of settings.
    Settings(Vec<(String, String)>),
    /// A command to type.
    Command(String),
}

/// What the numbers say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Supported,
    Refuted,
    Open,
}

/// A claim with its verdict.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claim {
    /// Which claim of what, in a few words, as `C2, CNN`.
    pub(crate) label: String,
    /// What is claimed, in a sentence.
    pub(crate) text: String,
    pub(crate) verdict: Verdict,
    /// The numbers behind it: name and value.
    pub(crate) numbers: Vec<(String, String)>,
    /// How the verdict follows from them.
    pub(crate) rule: String,
}

/// A picture with what is needed to understand and repeat it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// What it is called, as `Figure 1a`; empty: by its place on the page.
    pub(crate) label: String,
    pub(crate) svg: Svg,
    pub(crate) caption: String,
    /// The exact command that makes it; empty if there is none.
    pub(crate) command: String,
    /// The numbers in it, for who cannot see it or wants to compute with them.
    pub(crate) numbers: Option<Table>,
}

impl Page {
    /// The page as HTML.
    pub(crate) fn html(&self) -> String {
        let mut out = Writer::default();
        let title = escape(&self.title);
        let _ = write!(
            out.html,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src blob:\">\n\
             <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
             <header>\n<h1>{title}</h1>\n",
            style::page()
        );
        if !self.lead.is_empty() {
            let _ = writeln!(out.html, "<p class=\"lead\">{}</p>", rich(&self.lead));
        }
        if self.sections.len() > 1 {
            out.html += "<nav aria-label=\"Sections\"><ul>\n";
            for (i, s) in self.sections.iter().enumerate() {
                let _ = writeln!(out.html, "<li><a href=\"#section-{}\">{}</a></li>", i + 1, escape(&s.heading));
            }
            out.html += "</ul></nav>\n";
        }
        out.html += "</header>\n<main id=\"main\">\n";
        for (i, s) in self.sections.iter().enumerate() {
            let id = format!("section-{}", i + 1);
            let _ = writeln!(out.html, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{}</h2>", escape(&s.heading));
            for b in &s.blocks {
                out.block(b);
            }
            out.html += "</section>\n";
        }
        out.html += "</main>\n";
        if !self.footer.is_empty() {
            out.html += "<footer>\n";
            out.pairs("facts", &self.footer);
            out.html += "</footer>\n";
        }
        out.html + "<script>\n" + include_str!("page.js") + "</script>\n</body>\n</html>\n"
    }
}

/// The page so far.
#[derive(Default)]
struct Writer {
    html: String,
    figures: usize,
}

impl Writer {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Text(text) => {
                let _ = writeln!(self.html, "<p>{}</p>", rich(text));
            }
            Block::Command(command) => self.command(command),
            Block::Settings(pairs) => self.pairs("settings", pairs),
            Block::Table(table) => self.table(table),
            Block::Claims(claims) => {
                self.html += "<div class=\"claims\">\n";
                for c in claims {
                    self.claim(c);
                }
                self.html += "</div>\n";
            }
            Block::Figures(figures) => {
                self.html += "<div class=\"figures\">\n";
                for f in figures {
                    self.figure(f);
                }
                self.html += "</div>\n";
            }
        }
    }

    fn claim(&mut self, c: &Claim) {
        let (class, icon, word) = match c.verdict {
            Verdict::Supported => ("supported", "✓", "Supported"),
            Verdict::Refuted => ("refuted", "✗", "Refuted"),
            Verdict::Open => ("open", "?", "Open"),
        };
        let _ = write!(
            self.html,
            "<article class=\"claim {class}\">\n<p class=\"verdict\"><span class=\"icon\" aria-hidden=\"true\">{icon}</span> {word}\
             <span class=\"label\">{}</span></p>\n<h3>{}</h3>\n",
            escape(&c.label),
            rich(&c.text)
        );
        if !c.numbers.is_empty() {
            self.pairs("numbers", &c.numbers);
        }
        if !c.rule.is_empty() {
            let _ = writeln!(self.html, "<p class=\"rule\"><b>How it was decided.</b> {}</p>", rich(&c.rule));
        }
        self.html += "</article>\n";
    }

    fn figure(&mut self, f: &Figure) {
        self.figures += 1;
        let n = self.figures;
        let label = if f.label.is_empty() { format!("Figure {n}") } else { escape(&f.label) };
        let _ = write!(
            self.html,
            "<figure id=\"figure-{n}\">\n{}<figcaption><p><b>{label}.</b> {}</p>\n",
            f.svg.inline(&format!("figure-{n}")),
            rich(&f.caption)
        );
        if !f.command.is_empty() {
            self.command(&f.command);
        }
        if let Some(table) = &f.numbers {
            let _ = writeln!(self.html, "<details><summary>Numbers<span class=\"hidden\"> of {label}</span></summary>");
            self.table(table);
            self.html += "</details>\n";
        }
        self.html += "</figcaption>\n</figure>\n";
    }

    fn command(&mut self, command: &str) {
        let _ = writeln!(self.html, "<pre><code>{}</code></pre>", escape(command));
    }

    fn pairs(&mut self, class: &str, pairs: &[(String, String)]) {
        let _ = writeln!(self.html, "<dl class=\"{class}\">");
        for (name, value) in pairs {
            let _ = writeln!(self.html, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), rich(value));
        }
        self.html += "</dl>\n";
    }

    /// A table that scrolls in its own box, which the keyboard can reach.
    fn table(&mut self, t: &Table) {
        let label = if t.caption.is_empty() { "Table" } else { &t.caption };
        let _ = writeln!(
            self.html,
            "<div class=\"scroll\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n<table>",
            escape(label)
        );
        if !t.caption.is_empty() {
            let _ = writeln!(self.html, "<caption>{}</caption>", rich(&t.caption));
        }
        let numeric: Vec<bool> = (0..t.header.len()).map(|j| t.is_numeric(j)).collect();
        let class = |j: usize| if numeric[j] { " class=\"n\"" } else { "" };
        self.html += "<thead><tr>";
        for (j, h) in t.header.iter().enumerate() {
            // A corner over names of rows is no heading.
            let _ = match h.as_str() {
                "" => write!(self.html, "<td{}></td>", class(j)),
                _ => write!(self.html, "<th scope=\"col\"{}>{}</th>", class(j), rich(h)),
            };
        }
        self.html += "</tr></thead>\n<tbody>\n";
        for row in &t.rows {
            self.html += "<tr>";
            for (j, cell) in row.iter().enumerate() {
                let key =
                    if numeric[j] { sort_key(cell).map_or(String::new(), |v| format!(" data-v=\"{v}\"")) } else { String::new() };
                let tag = if j == 0 { "th scope=\"row\"" } else { "td" };
                let _ = write!(self.html, "<{tag}{}{key}>{}</{}>", class(j), rich(cell), &tag[..2]);
            }
            self.html += "</tr>\n";
        }
        self.html += "</tbody>\n</table>\n</div>\n";
    }
}

/// The number that a cell is sorted by: that before its error, times the power of ten that both share.
fn sort_key(cell: &str) -> Option<f64> {
    if is_blank(cell) {
        return None;
    }
    let first = cell.split_whitespace().next()?.trim_start_matches('(').trim_end_matches('%');
    let mantissa: f64 = first.parse().ok().filter(|v: &f64| !v.is_nan())?;
    let power = cell.rsplit_once(")e").and_then(|(_, p)| p.parse::<i32>().ok());
    // Parsed as one number, so that the product is rounded once and cannot overflow on the way.
    power.map_or(Some(mantissa), |p| format!("{first}e{p}").parse().ok())
}

/// Text as HTML: nothing in it can become markup, in elements or in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            _ => out.push(c),
        }
    }
    out
}

/// Escaped text in which pairs of backticks set code; a lone one stays.
fn rich(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let pairs = (parts.len() - 1) / 2;
    let mut out = String::new();
    for (i, part) in parts.iter().enumerate() {
        let code = i % 2 == 1 && i / 2 < pairs;
        if code {
            let _ = write!(out, "<code>{}</code>", escape(part));
        } else {
            // The backtick that opened nothing.
            out += if i % 2 == 1 { "`" } else { "" };
            out += &escape(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_given_becomes_markup() {
        let evil = "</style><script>alert(1)</script>\" onload='x' & `</code><b>`";
        let s = || evil.to_string();
        let mut table = Table::new(&[evil, "b"]).caption(evil);
        table.add(vec![s(), s()]);
        let svg = Svg::draw(evil, evil, 10.0, |_| {});
        let page = Page {
            title: s(),
            lead: s(),
            sections: vec![Section {
                heading: s(),
                blocks: vec![
                    Block::Text(s()),
                    Block::Command(s()),
                    Block::Settings(vec![(s(), s())]),
                    Block::Table(table.clone()),
                    Block::Claims(vec![Claim {
                        label: s(),
                        text: s(),
                        verdict: Verdict::Open,
                        numbers: vec![(s(), s())],
                        rule: s(),
                    }]),
                    Block::Figures(vec![Figure { label: s(), svg, caption: s(), command: s(), numbers: Some(table) }]),
                ],
            }],
            footer: vec![(s(), s())],
        };
        let html = page.html();
        assert_eq!(html.matches("<script>").count(), 1, "only that of the page");
        assert_eq!(html.matches("</style>").count(), 1);
        for markup in ["<script>alert", "</code><b>", "\" onload", "' onload"] {
            assert!(!html.contains(markup), "{markup}");
        }
    }

    #[test]
    fn backticks_set_code() {
        assert_eq!(rich("a `b<` c"), "a <code>b&lt;</code> c");
        assert_eq!(rich("lone ` one"), "lone ` one");
        assert_eq!(rich("`a` and `b"), "<code>a</code> and `b");
        assert_eq!(rich(""), "");
    }

    #[test]
    fn cells_sort_by_their_number() {
        assert_eq!(sort_key("0.8612 ± 0.0031"), Some(0.8612));
        assert_eq!(sort_key("(1.234 ± 0.012)e-7"), Some(1.234e-7));
        assert_eq!(sort_key("80 %"), Some(80.0));
        assert_eq!(sort_key("NaN"), None);
        assert_eq!(sort_key("—"), None);
    }

    #[test]
    fn an_empty_page_is_a_page() {
        let html = Page::default().html();
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
        assert!(!html.contains("<nav") && !html.contains("<footer"));
    }
}
