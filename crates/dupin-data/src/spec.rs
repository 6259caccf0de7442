//! How a data set is asked for: `NAME[:PLACE][,OPTION=VALUE]...[@COUNT]`.

use crate::error::Error;

/// A request, taken apart.
#[derive(Debug, PartialEq)]
pub(crate) struct Spec<'a> {
    pub(crate) name: &'a str,
    /// Folder or file; never empty.
    pub(crate) place: Option<&'a str>,
    /// Training examples to keep.
    pub(crate) count: Option<usize>,
    options: Vec<(&'a str, &'a str)>,
}

impl<'a> Spec<'a> {
    /// Takes `text` apart from its end: `@` begins a count, and a comma an option, where a place could go on only if what
    /// follows has their form. A place whose own name ends that way is written with a `/` behind it.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        let (mut rest, count) = split_count(text)?;
        let mut options = Vec::new();
        while let Some((before, (key, value))) = rest.rsplit_once(',').and_then(|(b, o)| Some((b, option(o)?))) {
            options.insert(0, (key, value));
            rest = before;
        }
        let (name, place) = match rest.split_once(':') {
            Some((name, place)) => (name, (!place.is_empty()).then_some(place)),
            None => (rest, None),
        };
        Ok(Self { name, place, count, options })
    }

    /// Refuses options that are not in `takes`.
    pub(crate) fn takes(&self, takes: &[&'static str]) -> Result<(), Error> {
        match self.options.iter().find(|(key, _)| !takes.contains(key)) {
            None => Ok(()),
            Some((key, _)) => {
                Err(Error::UnknownOption { name: self.name.to_owned(), option: (*key).to_owned(), takes: takes.to_vec() })
            }
        }
    }

    /// The value of `option`, the last one given, if `read` makes sense of it.
    pub(crate) fn option<T>(
        &self,
        option: &'static str,
        expected: &'static str,
        read: impl Fn(&'a str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(&(_, value)) = self.options.iter().rfind(|(key, _)| *key == option) else { return Ok(None) };
        let bad = || Error::BadOption { name: self.name.to_owned(), option, value: value.to_owned(), expected };
        read(value).map(Some).ok_or_else(bad)
    }

    /// A share between 0 and 1, both excluded.
    pub(crate) fn share(&self, name: &'static str) -> Result<Option<f64>, Error> {
        let read = |v: &str| v.parse().ok().filter(|&share: &f64| share > 0.0 && share < 1.0);
        self.option(name, "a share between 0 and 1, such as 0.1", read)
    }

    /// A whole number from 0.
    pub(crate) fn whole(&self, name: &'static str) -> Result<Option<u64>, Error> {
        self.option(name, "a whole number", |v| v.parse().ok())
    }

    /// A number of pixels or characters, at most 2^16.
    pub(crate) fn size(&self, name: &'static str) -> Result<Option<usize>, Error> {
        self.option(name, "a whole number from 1 to 65536", |v| v.parse().ok().filter(|n| (1..=1 << 16).contains(n)))
    }
}

/// `key=value`, where the key is a word and the value no path.
fn option(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    let word = !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (word && !value.contains('/')).then_some((key, value))
}

/// Cuts `@COUNT` off.
fn split_count(spec: &str) -> Result<(&str, Option<usize>), Error> {
    let Some((target, count)) = spec.rsplit_once('@') else {
        return Ok((spec, None));
    };
    let all_digits = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    if target.contains(':') && !all_digits {
        return Ok((spec, None)); // a folder with an `@` in it
    }
    match count.parse() {
        Ok(n) if n > 0 && all_digits => Ok((target, Some(n))),
        _ => Err(Error::BadCount { spec: spec.to_owned(), name: target.to_owned(), count: count.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_requests_apart() {
        let spec = Spec::parse("text:a,b=/c:d,length=32,test=0.2@100").unwrap();
        assert_eq!((spec.name, spec.place, spec.count), ("text", Some("a,b=/c:d"), Some(100)));
        assert_eq!(spec.size("length").unwrap(), Some(32));
        assert_eq!(spec.share("test").unwrap(), Some(0.2));
        assert_eq!(spec.whole("seed").unwrap(), None);
        assert!(spec.takes(&["length", "test", "seed"]).is_ok());
        assert_eq!(Spec::parse("digits,label_noise=0.1").unwrap().place, None);
        assert_eq!(Spec::parse("mnist:").unwrap().place, None);
    }

    #[test]
    fn refuses_options() {
        let spec = Spec::parse("text:x,length=0,test=1,seed=-1").unwrap();
        assert_eq!(spec.size("length").unwrap_err().to_string(), "`length=0` of `text` is not a whole number from 1 to 65536");
        assert_eq!(spec.share("test").unwrap_err().to_string(), "`test=1` of `text` is not a share between 0 and 1, such as 0.1");
        assert_eq!(spec.whole("seed").unwrap_err().to_string(), "`seed=-1` of `text` is not a whole number");
        assert_eq!(
            spec.takes(&["length", "test"]).unwrap_err().to_string(),
            "`text` takes no option `seed`; it takes length, test"
        );
        assert_eq!(spec.takes(&[]).unwrap_err().to_string(), "`text` takes no option `length`; it takes none");
    }
}
