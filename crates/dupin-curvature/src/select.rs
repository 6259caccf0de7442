//! Parameters chosen by name.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// Names of parameters or of layers, with wildcards.
///
/// A pattern is a whole name in which `*` stands for any characters and `?` for one. It chooses the parameters with that name, and
/// all parameters of a module with that name: `0.weight`, `0` (weight and bias of layer 0), `*.bias`, `encoder.*`. Several patterns are
/// separated by commas; a parameter is chosen if any of them fits.
///
/// # Examples
/// ```
/// use dupin_curvature::Selection;
/// let names = ["0.weight", "0.bias", "10.weight"].map(String::from);
/// assert_eq!("0".parse::<Selection>()?.indices(&names)?, [0, 1]);
/// assert_eq!("*.weight".parse::<Selection>()?.indices(&names)?, [0, 2]);
/// # Ok::<(), dupin_curvature::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    patterns: Vec<String>,
}

impl Selection {
    /// Every parameter.
    pub fn all() -> Self {
        Self { patterns: vec!["*".into()] }
    }

    /// Positions among `names` of the chosen ones, in order.
    ///
    /// # Errors
    /// [`Error::NoParameter`] for a pattern that fits no name: a misspelt layer is no empty one.
    pub fn indices(&self, names: &[String]) -> Result<Vec<usize>, Error> {
        let fits = |pattern: &str, name: &str| {
            let modules = name.match_indices('.').map(|(at, _)| &name[..at]);
            matches(pattern, name) || modules.into_iter().any(|m| matches(pattern, m))
        };
        // All of no parameters is no mistake.
        let unfit = |p: &&String| *p != "*" && !names.iter().any(|n| fits(p, n));
        if let Some(unfit) = self.patterns.iter().find(unfit) {
            return Err(Error::NoParameter { pattern: unfit.clone(), names: names.to_vec() });
        }
        Ok((0..names.len()).filter(|&i| self.patterns.iter().any(|p| fits(p, &names[i]))).collect())
    }
}

impl FromStr for Selection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let patterns: Vec<String> = text.split(',').map(|p| p.trim().to_string()).collect();
        if patterns.iter().any(String::is_empty) {
            return Err(Error::NoParameter { pattern: text.to_string(), names: Vec::new() });
        }
        Ok(Self { patterns })
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.patterns.join(","))
    }
}

/// Whether `pattern` fits the whole of `text`: greedy with one place to go back to, which suffices for `*`.
fn matches(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < t.len() {
        match p.get(i) {
            Some('*') => {
                star = Some((i, j));
                i += 1;
            }
            Some(&c) if c == '?' || c == t[j] => (i, j) = (i + 1, j + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (i, j) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    p[i..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_fit_whole_names() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "acb", false),
            ("*.bias", "3.0.bias", true),
            ("?.bias", "10.bias", false),
            ("a*b*c", "aXbXbc", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_that_fits_nothing_is_named() {
        let names = ["0.weight", "0.bias", "2.0.weight"].map(String::from);
        let of = |text: &str| text.parse::<Selection>().and_then(|s| s.indices(&names));
        assert_eq!(of("2, *.bias").unwrap(), [1, 2]);
        assert_eq!(of("*").unwrap(), [0, 1, 2]);
        assert_eq!(
            of("0,4").unwrap_err().to_string(),
            "`4` fits no parameter; the network has 0.weight, 0.bias, 2.0.weight (`*` and `?` are wildcards, a layer's name chooses all of it)"
        );
        assert_eq!(
            of("0,").unwrap_err().to_string(),
            "`0,` is not a list of names: write them with commas between, as in `0,2.weight,*.bias`"
        );
    }
}
