//! Options of an objective: `name=value`, separated by commas.

use crate::error::Error;

/// Options that are left to read.
#[derive(Clone, Debug)]
pub struct Options {
    text: String,
    left: Vec<(String, String)>,
}

impl Options {
    pub(super) fn read(text: &str, options: &str) -> Result<Self, Error> {
        let mut left = Vec::new();
        for part in options.split(',').filter(|p| !p.is_empty()) {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| Error::setting("objective", text, "options are written `name=value`, separated by commas"))?;
            left.push((name.trim().to_string(), value.trim().to_string()));
        }
        Ok(Self { text: text.into(), left })
    }

    fn fail(&self, expected: String) -> Error {
        Error::setting("objective", &self.text, expected)
    }

    /// The value of an option, if it is given.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.left.iter().position(|(n, _)| n == name)?;
        Some(self.left.remove(at).1)
    }

    /// A number that is 0 or positive.
    ///
    /// # Errors
    /// If it is missing or not such a number.
    pub fn radius(&mut self, name: &str) -> Result<f64, Error> {
        let value = self.take(name).ok_or_else(|| self.fail(format!("the option `{name}` is missing, as in `{name}=0.1`")))?;
        let number = value.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0);
        number.ok_or_else(|| self.fail(format!("`{name}` must be a number that is 0 or positive")))
    }

    /// One of some words; the first if it is missing.
    ///
    /// # Errors
    /// If it is another word.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Result<T, Error> {
        let Some(value) = self.take(name) else { return Ok(choices[0].1) };
        choices.iter().find(|c| c.0 == value).map(|c| c.1).ok_or_else(|| {
            let (last, rest) = choices.split_last().expect("a choice has words");
            let rest: Vec<&str> = rest.iter().map(|c| c.0).collect();
            self.fail(format!("`{name}` must be {} or {}", rest.join(", "), last.0))
        })
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) => Err(self.fail(format!("there is no option `{name}` here"))),
        }
    }
}
