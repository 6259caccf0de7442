//! Parameters of primitives in a form that prints and parses.

use std::fmt::Write as _;

use crate::types::DType;

/// Named parameters, in the order they print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attrs(Vec<(String, Attr)>);

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attr {
    /// A list of integers: `[1,2]`.
    Ints(Vec<i64>),
    /// A word or quoted text.
    Text(String),
    /// Floats by their bits, printed so that they parse back exactly: `(0.5,1)`.
    Floats(Vec<u64>),
}

impl Attrs {
    /// No parameters.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a list of axes or extents.
    ///
    /// # Panics
    /// If a number does not fit `i64`.
    pub fn ints<T: Copy + TryInto<i64>>(mut self, name: &str, values: &[T]) -> Self {
        let values = values.iter().map(|&v| v.try_into().ok().expect("extents fit i64")).collect();
        self.0.push((name.into(), Attr::Ints(values)));
        self
    }

    /// Adds one integer. Panics as [`Attrs::ints`] does.
    pub fn int<T: Copy + TryInto<i64>>(self, name: &str, value: T) -> Self {
        self.ints(name, &[value])
    }

    /// Adds a word.
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.into(), Attr::Text(value.into())));
        self
    }

    /// Adds floats.
    pub fn floats(mut self, name: &str, values: &[f64]) -> Self {
        self.0.push((name.into(), Attr::Floats(values.iter().map(|v| v.to_bits()).collect())));
        self
    }

    /// Adds element type and shape.
    pub fn ty(self, ty: &crate::TensorType) -> Self {
        self.text("dtype", ty.dtype.name()).ints("shape", &ty.shape)
    }

    fn get(&self, name: &str) -> Option<&Attr> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, a)| a)
    }

    /// A list of integers.
    pub fn get_ints<T: TryFrom<i64>>(&self, name: &str) -> Option<Vec<T>> {
        match self.get(name)? {
            Attr::Ints(v) => v.iter().map(|&i| T::try_from(i).ok()).collect(),
            _ => None,
        }
    }

    /// One integer.
    pub fn get_int<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        let mut v = self.get_ints(name)?;
        if v.len() == 1 { v.pop() } else { None }
    }

    /// A word.
    pub fn get_text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Attr::Text(t) => Some(t),
            _ => None,
        }
    }

    /// Floats.
    pub fn get_floats(&self, name: &str) -> Option<Vec<f64>> {
        match self.get(name)? {
            Attr::Floats(v) => Some(v.iter().map(|&b| f64::from_bits(b)).collect()),
            _ => None,
        }
    }

    /// Element type and shape.
    pub fn get_ty(&self) -> Option<crate::TensorType> {
        Some(crate::TensorType::new(DType::parse(self.get_text("dtype")?)?, self.get_ints::<usize>("shape")?))
    }

    /// As `{name=value, ...}`, or nothing.
    pub(crate) fn print(&self, out: &mut String) {
        if self.0.is_empty() {
            return;
        }
        out.push('{');
        for (i, (name, attr)) in self.0.iter().enumerate() {
            let _ = write!(out, "{}{name}=", if i == 0 { "" } else { ", " });
            let join = |items: Vec<String>| items.join(",");
            let _ = match attr {
                Attr::Ints(v) => write!(out, "[{}]", join(v.iter().map(ToString::to_string).collect())),
                Attr::Text(t) => write!(out, "{t:?}"),
                Attr::Floats(v) => write!(out, "({})", join(v.iter().map(|&b| format!("{:?}", f64::from_bits(b))).collect())),
            };
        }
        out.push('}');
    }

    /// Parses the inside of the braces.
    pub(crate) fn parse(mut text: &str) -> Option<Self> {
        let mut attrs = Self::none();
        text = text.trim();
        while !text.is_empty() {
            let (name, rest) = text.split_once('=')?;
            let (attr, rest) = if let Some(rest) = rest.strip_prefix('[') {
                let (list, rest) = rest.split_once(']')?;
                (Attr::Ints(split(list).map(|i| i.parse().ok()).collect::<Option<_>>()?), rest)
            } else if let Some(rest) = rest.strip_prefix('(') {
                let (list, rest) = rest.split_once(')')?;
                (Attr::Floats(split(list).map(|i| i.parse::<f64>().ok().map(f64::to_bits)).collect::<Option<_>>()?), rest)
            } else {
                let rest = rest.strip_prefix('"')?;
                let (word, rest) = rest.split_once('"')?;
                (Attr::Text(word.into()), rest)
            };
            attrs.0.push((name.trim().into(), attr));
            text = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        Some(attrs)
    }
}

fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|s| !s.is_empty())
}
