//! Options of an objective: `name=value`, separated by commas.

use std::str::FromStr;

use crate::error::Error;

use super::Strength;

/// A switch that is on unless told otherwise.
pub(super) const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];
/// A switch that is off unless told otherwise.
pub(super) const NO_YES: [(&str, bool); 2] = [("no", false), ("yes", true)];

/// The word for a choice.
pub(super) fn word<T: Copy + PartialEq>(choices: &[(&'static str, T)], value: T) -> &'static str {
    choices.iter().find(|c| c.1 == value).expect("every choice has a word").0
}

/// `,m=K` of a specification, if there is a group.
pub(super) fn with_group(group: Option<usize>) -> String {
    group.map_or(String::new(), |m| format!(",m={m}"))
}

/// Options that are left to read.
#[derive(Clone, Debug)]
pub struct Options {
    setting: &'static str,
    text: String,
    left: Vec<(String, String)>,
}

impl Options {
    /// Options of one term of the value `text` of a setting, which errors quote in full.
    pub(crate) fn read(setting: &'static str, text: &str, options: &str) -> Result<Self, Error> {
        let mut read = Self { setting, text: text.into(), left: Vec::new() };
        for part in options.split(',').filter(|p| !p.is_empty()) {
            let (name, value) =
                part.split_once('=').ok_or_else(|| read.fail("options are written `name=value`, separated by commas".into()))?;
            let (name, value) = (name.trim(), value.trim());
            if read.left.iter().any(|(n, _)| n == name) {
                return Err(read.fail(format!("the option `{name}` is given twice")));
            }
            read.left.push((name.into(), value.into()));
        }
        Ok(read)
    }

    pub(crate) fn fail(&self, expected: String) -> Error {
        Error::setting(self.setting, &self.text, expected)
    }

    /// The value of an option, if it is given.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.left.iter().position(|(n, _)| n == name)?;
        Some(self.left.remove(at).1)
    }

    /// The value of an option, if it is given, read and accepted by `valid`.
    fn take_valid<T: FromStr>(&mut self, name: &str, what: &str, valid: impl Fn(&T) -> bool) -> Result<Option<T>, Error> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let read = value.parse().ok().filter(valid);
        read.map(Some).ok_or_else(|| self.fail(format!("`{name}` must be {what}")))
    }

    fn radius_if_given(&mut self, name: &str) -> Result<Option<f64>, Error> {
        let number = self.take_valid(name, "a number that is 0 or positive", |v: &f64| v.is_finite() && *v >= 0.0)?;
        // `+ 0.0` makes a negative zero a plain one.
        Ok(number.map(|v| v + 0.0))
    }

    /// A number that is 0 or positive, constant or scheduled.
    ///
    /// # Errors
    /// If it is missing or not such a number.
    pub fn strength(&mut self, name: &str) -> Result<Strength, Error> {
        let Some(value) = self.take(name) else {
            return Err(self.fail(format!("the option `{name}` is missing, as in `{name}=0.1`")));
        };
        Strength::parse(&value).ok_or_else(|| {
            self.fail(format!(
                "`{name}` must be a number that is 0 or positive, or a schedule such as `linear(0..0.1)` or `cosine(0..0.1)@0..0.5`"
            ))
        })
    }

    /// The size of micro-batches, `m`, if it is given.
    ///
    /// # Errors
    /// If it is not a whole number from 1.
    pub fn group(&mut self) -> Result<Option<usize>, Error> {
        self.take_valid("m", "a whole number from 1", |m: &usize| *m > 0)
    }

    /// A number that is 0 or positive; `default` if it is missing.
    ///
    /// # Errors
    /// If it is not such a number.
    pub fn radius_or(&mut self, name: &str, default: f64) -> Result<f64, Error> {
        Ok(self.radius_if_given(name)?.unwrap_or(default))
    }

    /// A number that is at least 0 and below 1; `default` if it is missing.
    ///
    /// # Errors
    /// If it is not such a number.
    pub fn share_or(&mut self, name: &str, default: f64) -> Result<f64, Error> {
        let number = self.take_valid(name, "at least 0 and below 1", |v: &f64| (0.0..1.0).contains(v))?;
        Ok(number.map_or(default, |v| v + 0.0))
    }

    /// A positive number, if it is given.
    ///
    /// # Errors
    /// If it is not such a number.
    pub fn positive_if_given(&mut self, name: &str) -> Result<Option<f64>, Error> {
        self.take_valid(name, "a positive number", |v: &f64| v.is_finite() && *v > 0.0)
    }

    /// A whole number from 1 to `most`; `default` if it is missing.
    ///
    /// # Errors
    /// If it is not such a number.
    pub fn count_or(&mut self, name: &str, default: usize, most: usize) -> Result<usize, Error> {
        let count = self.take_valid(name, &format!("a whole number from 1 to {most}"), |v| (1..=most).contains(v))?;
        Ok(count.unwrap_or(default))
    }

    /// One of some words; the first if it is missing.
    ///
    /// # Errors
    /// If it is another word.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Result<T, Error> {
        self.choice_or(name, choices[0].1, choices)
    }

    /// One of some words; `default` if it is missing.
    ///
    /// # Errors
    /// If it is another word.
    pub fn choice_or<T: Copy>(&mut self, name: &str, default: T, choices: &[(&str, T)]) -> Result<T, Error> {
        let Some(value) = self.take(name) else { return Ok(default) };
        choices.iter().find(|c| c.0 == value).map(|c| c.1).ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|c| c.0).collect();
            let words = match words.split_last() {
                Some((last, [])) => (*last).to_string(),
                Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
                None => String::new(),
            };
            self.fail(format!("`{name}` must be {words}"))
        })
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) => Err(self.fail(format!("there is no option `{name}` here"))),
        }
    }
}
