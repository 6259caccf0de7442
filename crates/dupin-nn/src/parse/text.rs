//! Tokens, numbers and options.

use std::ops::Range;

use super::{Fail, MOST};
use crate::error::ModelProblem as Problem;

/// A part of the model's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// Where it starts, in bytes.
    pub(crate) at: usize,
}

impl<'a> Token<'a> {
    pub(crate) fn range(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    /// A part of it, in bytes from its start.
    pub(crate) fn part(&self, range: Range<usize>) -> Token<'a> {
        Token { text: &self.text[range.clone()], at: self.at + range.start }
    }
}

/// Splits at separators that are outside of parentheses.
pub(crate) fn split<'a>(token: &Token<'a>, separator: char) -> Result<Vec<Token<'a>>, Fail> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (i, c) in token.text.char_indices() {
        let here = token.at + i..token.at + i + 1;
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or((here, Problem::Parentheses))?,
            _ if c == separator && depth == 0 => {
                parts.push(Token { text: &token.text[start..i], at: token.at + start });
                start = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(Token { text: &token.text[start..], at: token.at + start });
    if depth > 0 { Err((token.range(), Problem::Parentheses)) } else { Ok(parts) }
}

/// A whole number in a range. Digits only: no sign, no space.
pub(crate) fn number(text: &str, what: &'static str, least: usize, most: usize) -> Result<usize, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { text.parse().ok() } else { None };
    value.filter(|v| (least..=most).contains(v)).ok_or_else(|| Problem::Number { what, least, most, found: text.into() })
}

/// `64k3s2` as a first number and numbers behind letters.
pub(super) struct Options<'a> {
    /// The number without a letter.
    pub(super) first: usize,
    given: Vec<(char, &'a str)>,
}

impl<'a> Options<'a> {
    /// Reads the options of `token`; `letters` are those that the layer has, `form` says how it is written.
    pub(super) fn read(
        token: &str,
        text: &'a str,
        letters: &str,
        what: &'static str,
        form: &'static str,
    ) -> Result<Self, Problem> {
        let (first, mut rest) = digits(text);
        if first.is_empty() {
            let found = if text.is_empty() { token } else { text };
            return Err(Problem::Option { token: token.into(), found: found.into(), form });
        }
        let first = number(first, what, 1, MOST)?;
        let mut given: Vec<(char, &str)> = Vec::new();
        while let Some(letter) = rest.chars().next() {
            let (value, behind) = digits(&rest[letter.len_utf8()..]);
            if !letters.contains(letter) || value.is_empty() {
                return Err(Problem::Option { token: token.into(), found: rest.into(), form });
            }
            if given.iter().any(|(l, _)| *l == letter) {
                return Err(Problem::Repeated { token: token.into(), option: letter });
            }
            given.push((letter, value));
            rest = behind;
        }
        Ok(Self { first, given })
    }

    /// The number behind `letter`, or the default.
    pub(super) fn get(&self, letter: char, what: &'static str, least: usize, default: usize) -> Result<usize, Problem> {
        let given = self.given.iter().find(|(l, _)| *l == letter);
        given.map_or(Ok(default), |(_, value)| number(value, what, least, MOST))
    }
}

/// The digits that a text starts with, and the rest.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}
