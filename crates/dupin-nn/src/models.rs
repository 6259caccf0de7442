//! Models by name: each writes the `net:` that it stands for.

use crate::error::ModelProblem as Problem;
use crate::parse::spelling::closest;
use crate::parse::text::{Token, number, split};
use crate::parse::{Fail, MOST};

mod character;
mod classic;
mod image;
mod mixer;
mod resnet;
mod vgg;
mod vit;
mod wide_resnet;

/// A kind of models that have names.
#[derive(Debug)]
pub struct Model {
    /// The names, the best known one first.
    pub names: &'static [&'static str],
    /// How it is written.
    pub form: &'static str,
    /// What it is, its options with their defaults, and whose names its parameters have.
    pub summary: &'static str,
    /// Words that may stand before a `=`.
    options: &'static [&'static str],
    expand: fn(&Args) -> Result<String, Fail>,
}

static MODELS: [&Model; 9] = [
    &classic::MLP,
    &classic::LOGISTIC,
    &classic::CONVOLUTIONAL,
    &resnet::RESNET,
    &wide_resnet::WIDE_RESNET,
    &vgg::VGG,
    &vit::VIT,
    &mixer::MIXER,
    &character::CHARACTER,
];

/// All models that have names, as [`Network::parse`](crate::Network::parse) takes them.
///
/// ```
/// for model in dupin_nn::models() {
///     assert!(model.form.starts_with(model.names[0]) || !model.summary.is_empty());
/// }
/// ```
pub fn models() -> impl Iterator<Item = &'static Model> {
    MODELS.into_iter()
}

/// The `net:` of a model that has a name.
pub(crate) fn expand(spec: &str) -> Result<String, Fail> {
    let (name, rest) = spec.split_once(':').unwrap_or((spec, ""));
    let rest = Token { text: rest, at: spec.len() - rest.len() };
    let of_family = |m: &&&Model| m.names.contains(&name) || m.names[0].starts_with("wrn-") && name.starts_with("wrn");
    let Some(model) = MODELS.iter().find(of_family) else {
        let closest = closest(name, MODELS.iter().flat_map(|m| m.names.iter().copied()).chain(["net"]));
        return Err((0..name.len(), Problem::UnknownModel { name: name.into(), closest }));
    };
    (model.expand)(&Args::read(model, Token { text: name, at: 0 }, rest)?)
}

/// What follows a model's name: values, then options.
struct Args<'a> {
    name: Token<'a>,
    /// All of it.
    rest: Token<'a>,
    /// Those without a `=`.
    values: Vec<Token<'a>>,
    options: Vec<(&'a str, Token<'a>)>,
}

impl<'a> Args<'a> {
    fn read(model: &Model, name: Token<'a>, rest: Token<'a>) -> Result<Self, Fail> {
        let mut args = Self { name, rest, values: Vec::new(), options: Vec::new() };
        if rest.text.is_empty() {
            return Ok(args);
        }
        for part in split(&rest, ',')? {
            let Some((key, value)) = part.text.split_once('=') else {
                args.values.push(part);
                continue;
            };
            let at = part.part(0..key.len()).range();
            let value = Token { text: value, at: at.end + 1 };
            if !model.options.contains(&key) {
                let closest = closest(key, model.options.iter().copied());
                let (model, option) = (name.text.into(), key.into());
                return Err((at, Problem::UnknownOption { model, option, closest, form: model_form(name.text) }));
            }
            if args.options.iter().any(|(other, _)| *other == key) {
                return Err((at, Problem::RepeatedOption { model: name.text.into(), option: key.into() }));
            }
            args.options.push((key, value));
        }
        Ok(args)
    }

    fn option(&self, key: &str) -> Option<Token<'a>> {
        self.options.iter().find(|(k, _)| *k == key).map(|(_, value)| *value)
    }

    /// A number from 1.
    fn number(&self, key: &'static str, default: usize) -> Result<usize, Fail> {
        self.option(key).map_or(Ok(default), |value| number(value.text, key, 1, MOST).map_err(|p| (value.range(), p)))
    }

    /// One of some words.
    fn choice(&self, key: &'static str, choices: &'static [&'static str], default: &'static str) -> Result<&'static str, Fail> {
        let Some(value) = self.option(key) else { return Ok(default) };
        let found = choices.iter().find(|c| **c == value.text).copied();
        found.ok_or_else(|| (value.range(), Problem::Choice { option: key, choices, found: value.text.into() }))
    }

    /// The one value that there may be, a number.
    fn value(&self, what: &'static str, default: usize) -> Result<usize, Fail> {
        match self.values[..] {
            [] => Ok(default),
            [value] => number(value.text, what, 1, MOST).map_err(|p| (value.range(), p)),
            [_, second, ..] => {
                let (model, option) = (self.name.text.into(), second.text.into());
                Err((second.range(), Problem::UnknownOption { model, option, closest: None, form: model_form(self.name.text) }))
            }
        }
    }
}

/// How a model is written.
fn model_form(name: &str) -> &'static str {
    MODELS.iter().find(|m| m.names.contains(&name)).map_or(wide_resnet::WIDE_RESNET.form, |m| m.form)
}
