//! The layers of the model language, each from its text.

use super::text::{Options, number};
use super::{MOST, Parser, checked, spelling};
use crate::error::ModelProblem as Problem;
use crate::layer::{Layer, Window};
use crate::layout::Layout;
use crate::network::{BufferSpec, Role};
use crate::norm;

const CONV: &str =
    "`conv<C>` with options k<K> (kernel), s<S> (stride), p<P> (padding), g<G> (groups) and last `nobias`, as in `conv64k3s2`";
const DENSE: &str = "`fc<N>` or `fc<N>nobias`, as in `fc10`";
const POOL: &str = "the window and options s<S> (stride), p<P> (padding), as in `maxpool3s2p1`";
const GROUP_NORM: &str = "`gn<G>`, as in `gn8`";
const LAYER_NORM: &str = "`ln` alone or with what is added to the variance, as in `ln1e-6`";
const EMBEDDING: &str = "`embed<D>`, as in `embed64`";
const ATTENTION: &str = "`attn<H>` or `attn<H>causal`, as in `attn4`";
const ALONE: &str = "the name alone, this layer has no sizes";

/// A shape in the language's words: `64 features`, `16 tokens of 64 features`, or `CxHxW`.
pub(super) fn describe(shape: &[usize]) -> String {
    match shape {
        [h, w, c] => format!("{c}x{h}x{w}"),
        [tokens, features] => format!("{tokens} tokens of {features} features"),
        _ => format!("{} features", shape[0]),
    }
}

/// The same with what it is.
pub(super) fn described(shape: &[usize]) -> String {
    let what = ["a vector of", "a sequence of", "a map of"][shape.len() - 1];
    format!("{what} {}", describe(shape))
}

type Made = Result<(Layer, Vec<usize>), Problem>;

impl Parser {
    /// A layer that is no block; `name` is what `text` starts with.
    pub(super) fn plain_layer(&mut self, name: &str, text: &str, shape: Vec<usize>, path: &str) -> Made {
        let options = &text[name.len()..];
        if self.vocabulary.is_some() && !matches!(name, "" | "embed") && spelling::is_known(name) {
            return Err(Problem::NeedsEmbedding { token: text.into() });
        }
        match name {
            "" if text.is_empty() => Err(Problem::MissingLayer),
            "conv" => self.convolution(text, options, &shape, path),
            "fc" => self.fully_connected(text, options, &shape, path),
            "avgpool" => pool(text, options, &shape).map(|(window, out)| (Layer::AvgPool(window), out)),
            "maxpool" => pool(text, options, &shape).map(|(window, out)| (Layer::MaxPool(window), out)),
            "gn" => self.group_norm(text, options, shape, path),
            "ln" => self.layer_norm(text, options, shape, path),
            "embed" => self.embedding(text, options, &shape, path),
            "attn" => attention(text, options, &shape),
            _ if spelling::stands_alone(name) && !options.is_empty() => {
                Err(Problem::Option { token: text.into(), found: options.into(), form: ALONE })
            }
            "act" => Ok((Layer::Activation(self.activation), shape)),
            "gap" => match shape[..] {
                [_, features] => Ok((Layer::TokenMean, vec![features])),
                _ => map(text, &shape).map(|[_, _, c]| (Layer::GlobalAvgPool, vec![c])),
            },
            "flatten" => Ok((Layer::Flatten, vec![shape.iter().product()])),
            "bn" => self.batch_norm(text, shape, path),
            "unembed" => self.unembedding(text, &shape),
            "tokens" => map(text, &shape).map(|[h, w, c]| (Layer::Tokens, vec![h * w, c])),
            "cls" => self.class_token(text, &shape, path),
            "pos" | "wpe" => self.positions(text, shape, path),
            "swap" => tokens(text, &shape).map(|[t, d]| (Layer::Swap, vec![d, t])),
            "first" => tokens(text, &shape).map(|[_, d]| (Layer::First, vec![d])),
            _ if spelling::is_activation(name) => {
                text.parse().map(|kind| (Layer::Activation(kind), shape)).map_err(Problem::from)
            }
            _ => Err(Problem::UnknownLayer { token: text.into(), closest: spelling::closest_layer(name) }),
        }
    }

    fn convolution(&mut self, text: &str, options: &str, shape: &[usize], path: &str) -> Made {
        let (options, nobias) = without(options, "nobias");
        let o = Options::read(text, options, "kspg", "the output channels", CONV)?;
        let size = o.get('k', "the kernel size", 1, 3)?;
        let window = Window { size, stride: o.get('s', "the stride", 1, 1)?, padding: o.get('p', "the padding", 0, size / 2)? };
        let (groups, outputs) = (o.get('g', "the number of groups", 1, 1)?, o.first);
        let [h, w, inputs] = map(text, shape)?;
        if inputs % groups != 0 || outputs % groups != 0 {
            return Err(Problem::Groups { groups, inputs, outputs });
        }
        let (height, width) = slide(window, h, w)?;
        let kernel = vec![size, size, inputs / groups, outputs];
        let positions = checked(&[size, size], "the kernel of this layer")?;
        // PyTorch counts all output channels, whatever the groups.
        let fans = (positions.saturating_mul(inputs / groups), positions.saturating_mul(outputs));
        let weight = self.param(path, "weight", kernel, Layout::Kernel, fans, Role::Weight)?;
        let bias = if nobias { None } else { Some(self.param(path, "bias", vec![outputs], Layout::Same, fans, Role::Bias)?) };
        for param in [Some(weight), bias].into_iter().flatten() {
            self.params[param].of_convolution = true;
        }
        Ok((Layer::Convolution { window, groups, weight, bias }, vec![height, width, outputs]))
    }

    fn fully_connected(&mut self, text: &str, options: &str, shape: &[usize], path: &str) -> Made {
        let (options, nobias) = without(options, "nobias");
        let width = Options::read(text, options, "", "the width", DENSE)?.first;
        let ([features] | [_, features]) = shape[..] else {
            return Err(Problem::NeedsVector { token: text.into(), map: describe(shape) });
        };
        let fans = (features, width);
        let weight = self.param(path, "weight", vec![width, features], Layout::Same, fans, Role::Weight)?;
        let bias = if nobias { None } else { Some(self.param(path, "bias", vec![width], Layout::Same, fans, Role::Bias)?) };
        Ok((Layer::Dense { weight, bias }, [&shape[..shape.len() - 1], &[width]].concat()))
    }

    fn batch_norm(&mut self, text: &str, shape: Vec<usize>, path: &str) -> Made {
        let features = vec![features_of_no_sequence(text, &shape)?];
        let (weight, bias) = self.norm_params(&features, Layout::Same, path)?;
        let mean = self.buffers.len();
        for (name, initial) in [("running_mean", 0.0), ("running_var", 1.0)] {
            self.buffers.push(BufferSpec { name: super::below(path, name), shape: features.clone(), initial });
        }
        Ok((Layer::BatchNorm { weight, bias, mean, variance: mean + 1 }, shape))
    }

    fn group_norm(&mut self, text: &str, options: &str, shape: Vec<usize>, path: &str) -> Made {
        let groups = Options::read(text, options, "", "the number of groups", GROUP_NORM)?.first;
        let features = features_of_no_sequence(text, &shape)?;
        if !features.is_multiple_of(groups) {
            return Err(Problem::NormGroups { groups, features });
        }
        let (weight, bias) = self.norm_params(&[features], Layout::Same, path)?;
        Ok((Layer::GroupNorm { groups, weight, bias }, shape))
    }

    fn layer_norm(&mut self, text: &str, options: &str, shape: Vec<usize>, path: &str) -> Made {
        let epsilon = if options.is_empty() { Some(norm::EPSILON) } else { options.parse().ok() };
        let Some(epsilon) = epsilon.filter(|e: &f64| e.is_finite() && *e > 0.0) else {
            return Err(Problem::Option { token: text.into(), found: options.into(), form: LAYER_NORM });
        };
        // The tokens of a sequence are normalised each.
        let over = if shape.len() == 2 { &shape[1..] } else { &shape[..] };
        let layout = if over.len() == 3 { Layout::Map } else { Layout::Same };
        let (weight, bias) = self.norm_params(over, layout, path)?;
        Ok((Layer::LayerNorm { weight, bias, axes: over.len(), epsilon }, shape))
    }

    fn norm_params(&mut self, shape: &[usize], layout: Layout, path: &str) -> Result<(usize, usize), Problem> {
        let weight = self.param(path, "weight", shape.to_vec(), layout, (1, 1), Role::NormWeight)?;
        let bias = self.param(path, "bias", shape.to_vec(), layout, (1, 1), Role::NormBias)?;
        Ok((weight, bias))
    }

    fn embedding(&mut self, text: &str, options: &str, shape: &[usize], path: &str) -> Made {
        let width = Options::read(text, options, "", "the features of a token", EMBEDDING)?.first;
        let Some(vocabulary) = self.vocabulary.take() else { return Err(Problem::NeedsTokens { token: text.into() }) };
        let table = self.param(path, "weight", vec![vocabulary, width], Layout::Same, (vocabulary, width), Role::Embedding)?;
        self.table = Some(table);
        Ok((Layer::Embedding { table }, vec![shape[0], width]))
    }

    /// A dense layer whose weight `[vocabulary, width]` is the table.
    fn unembedding(&self, text: &str, shape: &[usize]) -> Made {
        let [t, width] = tokens(text, shape)?;
        let Some(table) = self.table else { return Err(Problem::NoEmbedding) };
        let [vocabulary, features] = self.params[table].shape[..] else { return Err(Problem::NoEmbedding) };
        if features != width {
            return Err(Problem::Unembedding { width, features });
        }
        Ok((Layer::Dense { weight: table, bias: None }, vec![t, vocabulary]))
    }

    fn class_token(&mut self, text: &str, shape: &[usize], path: &str) -> Made {
        let [t, d] = tokens(text, shape)?;
        let token = self.param(path, "", vec![1, 1, d], Layout::Same, (1, d), Role::Embedding)?;
        Ok((Layer::ClassToken { token }, vec![t + 1, d]))
    }

    fn positions(&mut self, text: &str, shape: Vec<usize>, path: &str) -> Made {
        let [t, d] = tokens(text, &shape)?;
        let (name, table) = if text == "pos" { ("", vec![1, t, d]) } else { ("weight", vec![t, d]) };
        let table = self.param(path, name, table, Layout::Same, (t, d), Role::Embedding)?;
        Ok((Layer::Positions { table }, shape))
    }
}

fn attention(text: &str, options: &str, shape: &[usize]) -> Made {
    let found = if options.is_empty() { text } else { options };
    let (options, causal) = without(options, "causal");
    let heads = number(options, "the number of heads", 1, MOST).map_err(|_| Problem::Option {
        token: text.into(),
        found: found.into(),
        form: ATTENTION,
    })?;
    let [t, features] = tokens(text, shape)?;
    if !features.is_multiple_of(3 * heads) {
        return Err(Problem::Heads { heads, features });
    }
    checked(&[heads, t, t], "the attention of one example")?;
    Ok((Layer::Attention { heads, causal }, vec![t, features / 3]))
}

/// The window of `avgpool3s2p1` and the shape it leaves.
fn pool(text: &str, options: &str, shape: &[usize]) -> Result<(Window, Vec<usize>), Problem> {
    let o = Options::read(text, options, "sp", "the window", POOL)?;
    let window =
        Window { size: o.first, stride: o.get('s', "the stride", 1, o.first)?, padding: o.get('p', "the padding", 0, 0)? };
    let [h, w, c] = map(text, shape)?;
    if window.padding > window.size / 2 {
        return Err(Problem::Padding { padding: window.padding, size: window.size });
    }
    let (height, width) = slide(window, h, w)?;
    Ok((window, vec![height, width, c]))
}

/// Height, width and channels of what comes in.
fn map(text: &str, shape: &[usize]) -> Result<[usize; 3], Problem> {
    shape.try_into().map_err(|_| Problem::NeedsMap { token: text.into(), found: described(shape) })
}

/// Tokens and features of what comes in.
fn tokens(text: &str, shape: &[usize]) -> Result<[usize; 2], Problem> {
    shape.try_into().map_err(|_| Problem::NeedsSequence { token: text.into(), found: described(shape) })
}

/// Features of a vector or a map.
fn features_of_no_sequence(text: &str, shape: &[usize]) -> Result<usize, Problem> {
    match *shape {
        [features] | [_, _, features] => Ok(features),
        _ => Err(Problem::NoSequence { token: text.into() }),
    }
}

fn slide(window: Window, height: usize, width: usize) -> Result<(usize, usize), Problem> {
    let Window { size, padding, .. } = window;
    window.positions(height).zip(window.positions(width)).ok_or(Problem::Window { size, height, width, padding })
}

/// A text without a word at its end, and whether that was there.
fn without<'a>(options: &'a str, word: &str) -> (&'a str, bool) {
    options.strip_suffix(word).map_or((options, false), |rest| (rest, true))
}
