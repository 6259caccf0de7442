//! What people read: plain-text tables, figures and the HTML page.
//!
//! Everything here is a pure function of its arguments: no clock, no file, no randomness, so equal data give equal bytes.
//!
//! | module | what |
//! |---|---|
//! | `number` | numbers as text: as many digits as their error allows |
//! | `table` | a table, for the terminal and for the page |
//! | `scale` | axes: linear, logarithmic, symmetric logarithmic, categorical |
//! | `chart` | line charts, bar charts, densities and heat maps as SVG |
//! | `html` | the self-contained page |
#![allow(dead_code, reason = "a toolbox: a command draws what it measured, and not every build of it uses every tool")]

mod canvas;
pub(crate) mod chart;
pub(crate) mod html;
pub(crate) mod number;
pub(crate) mod scale;
mod style;
pub(crate) mod table;

pub(crate) use canvas::Svg;

#[cfg(test)]
mod tests;
