//! Options of an objective: `name=value`, separated by commas.

use std::str::FromStr;

use crate::error::Error;

/// A switch that is on unless told otherwise.
pub(super) const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];
/// A switch that is off unless told otherwise.
pub(super) const NO_YES: [(&str, bool); 2] = [("no", false), ("yes", true)];

/// The word for a choice.
pub(super) fn word<T: Copy + PartialEq>(choices: &[(&'static str, T)], value: T) -> &'static str {
    choices.iter().find(|c| c.1 == value).expect("every choice has a word").0
}

/// Options that are left to read.
#[derive(Clone, Debug)]
pub struct Options {
    text: String,
    left: Vec<(String, String)>,
}

impl Options {
    /// Options of one term of `text`, which errors quote in full.
    pub(super) fn read(text: &str, options: &str) -> Result<Self, Error> {
        let mut read = Self { text: text.into(), left: Vec::new() };
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

    pub(super) fn fail(&self, expected: String) -> Error {
        Error::setting("objective", &self.text, expected)
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

    /// A number that is 0 or positive.
    ///
    /// # Errors
    /// If it is missing or not such a number.
    pub fn radius(&mut self, name: &str) -> Result<f64, Error> {
        let number = self.radius_if_given(name)?;
        number.ok_or_else(|| self.fail(format!("the option `{name}` is missing, as in `{name}=0.1`")))
    }

    /// A number that is 0 or positive; `default` if it is missing.
    ///
    /// # Errors
    /// If it is not such a number.
    pub fn radius_or(&mut self, name: &str, default: f64) -> Result<f64, Error> {
        Ok(self.radius_if_given(name)?.unwrap_or(default))
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

    pub(super) fn finish(self) -> Result<(), Error> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) => Err(self.fail(format!("there is no option `{name}` here"))),
        }
    }
}
