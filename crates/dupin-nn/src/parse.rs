//! The model language: from text to layers whose shapes fit. Layers one after another, blocks and names are here, each layer's own
//! words in `layers.rs`.

use std::ops::Range;

use crate::Activation;
use crate::error::{Error, ModelProblem as Problem};
use crate::layer::Layer;
use crate::layout::Layout;
use crate::models;
use crate::network::{BufferSpec, Network, Param, Role};
use crate::parse::text::{Token, number, split};

mod layers;
pub(crate) mod spelling;
pub(crate) mod text;

/// Largest number a model may hold: far beyond use, far below overflow.
pub(crate) const MOST: usize = 1_000_000;
/// Most elements of all parameters together, and of one example between two layers: positions are 32-bit integers.
const MOST_ELEMENTS: usize = i32::MAX as usize;
/// Nesting that no network has and every stack bears.
const MOST_DEPTH: usize = 32;

/// A problem and the part of the model that has it.
pub(crate) type Fail = (Range<usize>, Problem);

pub(crate) fn network(spec: &str, activation: Activation) -> Result<Network, Error> {
    let fail = |(at, problem): Fail| Error::Model { spec: spec.into(), expanded: None, at, problem: Box::new(problem) };
    if let Some((at, space)) = spec.char_indices().find(|(_, c)| c.is_whitespace()) {
        return Err(fail((at..at + space.len_utf8(), Problem::Whitespace)));
    }
    if spec.starts_with("net:") {
        return net(spec, activation).map_err(fail);
    }
    let expanded = models::expand(spec).map_err(fail)?;
    match net(&expanded, activation) {
        Ok(network) => Ok(Network { spec: spec.into(), ..network }),
        Err((at, problem)) => Err(Error::Model { spec: spec.into(), expanded: Some(expanded), at, problem: Box::new(problem) }),
    }
}

/// A model that starts with `net:`.
fn net(spec: &str, activation: Activation) -> Result<Network, Fail> {
    let rest = Token { text: &spec["net:".len()..], at: "net:".len() };
    let mut tokens = split(&rest, ',')?.into_iter();
    let input = tokens.next().expect("splitting gives at least one part");
    let (input_shape, vocabulary) = input_shape(&input)?;
    let tokens: Vec<Token> = tokens.collect();
    if tokens.is_empty() {
        return Err((spec.len()..spec.len(), Problem::MissingLayer));
    }
    let mut parser =
        Parser { activation, vocabulary, params: Vec::new(), buffers: Vec::new(), table: None, elements: 0, depth: 0 };
    let (layers, shape) = parser.sequence(&tokens, input_shape.clone(), &Path::default())?;
    let whole = 0..spec.len();
    let (outputs, target_shape) = match shape[..] {
        _ if parser.vocabulary.is_some() => return Err((whole, Problem::NoParameters)),
        [outputs] => (outputs, Vec::new()),
        [tokens, outputs] if vocabulary.is_some() => (outputs, vec![tokens]),
        _ => return Err((whole, Problem::EndsInMap { map: layers::described(&shape) })),
    };
    if parser.params.is_empty() {
        return Err((whole, Problem::NoParameters));
    }
    let Parser { params, buffers, .. } = parser;
    let (spec, expanded) = (spec.to_owned(), spec.to_owned());
    Ok(Network { spec, expanded, activation, input_shape, vocabulary, target_shape, outputs, params, buffers, layers })
}

/// `64` as `[64]`, `1x28x14` (channels, height, width) as `[28, 14, 1]`, `tokens64v128` as `[64]` and its vocabulary.
fn input_shape(token: &Token) -> Result<(Vec<usize>, Option<usize>), Fail> {
    let extent = |part: &Token, what| number(part.text, what, 1, MOST).map_err(|p| (part.range(), p));
    if token.text.starts_with("tokens") {
        let at = "tokens".len();
        let end = token.text.find('v').unwrap_or(token.text.len());
        let length = extent(&token.part(at..end), "the number of tokens of an example, as in `tokens64v128`")?;
        let start = (end + 1).min(token.text.len());
        let vocabulary = extent(&token.part(start..token.text.len()), "the size of the vocabulary, as in `tokens64v128`")?;
        return Ok((vec![length], Some(vocabulary)));
    }
    let parts = split(token, 'x')?;
    let shape = match &parts[..] {
        [width] => vec![extent(width, "a width, or an input such as `1x28x28`")?],
        [c, h, w] => vec![
            extent(h, "the height of the input")?,
            extent(w, "the width of the input")?,
            extent(c, "the channels of the input")?,
        ],
        _ => return Err((token.range(), Problem::Input { found: token.text.into() })),
    };
    checked(&shape, "one example of the input").map_err(|p| (token.range(), p))?;
    Ok((shape, None))
}

/// The product of extents, if a tensor may have that many elements.
fn checked(shape: &[usize], what: &'static str) -> Result<usize, Problem> {
    let elements = shape.iter().try_fold(1, |n: usize, &extent| n.checked_mul(extent));
    elements.filter(|&n| n <= MOST_ELEMENTS).ok_or(Problem::TooLarge { what, limit: MOST_ELEMENTS })
}

/// Layers, and the shape they give.
type Built = (Vec<Layer>, Vec<usize>);

/// Where a container's layers have their names: those with one of their own below `named`, others by number below `numbered`.
#[derive(Default)]
struct Path {
    /// Empty, or with a dot at its end; as is the other.
    named: String,
    numbered: String,
}

impl Path {
    /// The path of a layer and its text without the name.
    fn of<'a>(&self, token: &Token<'a>, index: usize) -> Result<(String, Token<'a>), Fail> {
        let name = token.text.split(['(', '|']).next().and_then(|head| head.split_once('=')).map(|(name, _)| name);
        let Some(name) = name else { return Ok((format!("{}{index}", self.numbered), *token)) };
        let of_parts = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        let is_parents = name.is_empty() && !self.named.is_empty();
        if !is_parents && !name.split('.').all(of_parts) {
            return Err((token.part(0..name.len()).range(), Problem::Name { name: name.into() }));
        }
        let path = format!("{}{name}", self.named).trim_end_matches('.').to_owned();
        Ok((path, token.part(name.len() + 1..token.text.len())))
    }
}

/// `path` with a dot, or nothing for the root.
fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}

struct Parser {
    activation: Activation,
    params: Vec<Param>,
    buffers: Vec<BufferSpec>,
    /// Number of different tokens, as long as what comes in is tokens.
    vocabulary: Option<usize>,
    /// The table of `embed`.
    table: Option<usize>,
    /// Of all parameters so far.
    elements: usize,
    depth: usize,
}

impl Parser {
    /// Layers one after another.
    fn sequence(&mut self, tokens: &[Token], mut shape: Vec<usize>, path: &Path) -> Result<Built, Fail> {
        let (mut layers, mut index) = (Vec::new(), 0);
        for token in tokens {
            let (own, token) = path.of(token, index)?;
            let (layer, out) = self.layer(&token, shape, &own)?;
            // Global pooling is two modules of PyTorch: the mean, then the flattening.
            index += if matches!(layer, Layer::GlobalAvgPool) { 2 } else { 1 };
            layers.push(layer);
            shape = out;
        }
        Ok((layers, shape))
    }

    fn layer(&mut self, token: &Token, shape: Vec<usize>, path: &str) -> Result<(Layer, Vec<usize>), Fail> {
        let text = token.text;
        let name = &text[..text.find(|c: char| !c.is_ascii_alphabetic() && c != '_').unwrap_or(text.len())];
        match name {
            "res" => return self.within(token, "res(", |parser, inner| parser.residual(token, &inner, &shape, path)),
            "seq" => {
                return self.within(token, "seq(", |parser, inner| {
                    let path = Path { named: below(path, ""), numbered: below(path, "") };
                    let (layers, out) = parser.sequence(&split(&inner, ',')?, shape.clone(), &path)?;
                    Ok((Layer::Sequence(layers), out))
                });
            }
            _ => {}
        }
        let (layer, out) = self.plain_layer(name, text, shape, path).map_err(|p| (token.range(), p))?;
        checked(&out, "one example after this layer").map_err(|p| (token.range(), p))?;
        Ok((layer, out))
    }

    /// What stands in the parentheses of a block.
    fn within<T>(
        &mut self,
        token: &Token,
        open: &'static str,
        build: impl FnOnce(&mut Self, Token) -> Result<T, Fail>,
    ) -> Result<T, Fail> {
        if !token.text.starts_with(open) || !token.text.ends_with(')') {
            return Err((token.range(), Problem::Parentheses));
        }
        if self.depth == MOST_DEPTH {
            return Err((token.range(), Problem::Depth { limit: MOST_DEPTH }));
        }
        self.depth += 1;
        let built = build(self, token.part(open.len()..token.text.len() - 1))?;
        self.depth -= 1;
        Ok(built)
    }

    /// `res(BODY)` or `res(BODY|SHORTCUT)`.
    fn residual(&mut self, token: &Token, inner: &Token, shape: &[usize], path: &str) -> Result<(Layer, Vec<usize>), Fail> {
        let parts = split(inner, '|')?;
        let (body, shortcut) = match &parts[..] {
            [body] => (body, None),
            [body, shortcut] => (body, Some(shortcut)),
            _ => return Err((token.range(), Problem::Parts { parts: parts.len() })),
        };
        let place = |numbered: &str| Path { named: below(path, ""), numbered: below(path, numbered) };
        let before = self.params.len();
        let (body, out) = self.sequence(&split(body, ',')?, shape.to_vec(), &place("body."))?;
        let is_weight = |p: &&mut Param| matches!(p.role, Role::Weight | Role::NormWeight);
        if let Some(last) = self.params[before..].iter_mut().rfind(is_weight) {
            last.ends_branch = true;
        }
        let (shortcut, other) = match shortcut {
            None => (None, shape.to_vec()),
            Some(part) => {
                let (layers, out) = self.sequence(&split(part, ',')?, shape.to_vec(), &place("shortcut."))?;
                (Some(layers), out)
            }
        };
        if out != other {
            let (body, shortcut) = (layers::describe(&out), layers::describe(&other));
            return Err((token.range(), Problem::Residual { body, shortcut }));
        }
        Ok((Layer::Residual { body, shortcut }, out))
    }

    /// Adds the parameter `{path}.{name}` and gives its position.
    fn param(
        &mut self,
        path: &str,
        name: &str,
        shape: Vec<usize>,
        layout: Layout,
        fans: (usize, usize),
        role: Role,
    ) -> Result<usize, Problem> {
        let what = "the parameters up to this layer";
        self.elements = checked(&[self.elements + checked(&shape, what)?], what)?;
        let (fan_in, fan_out) = fans;
        let (name, layer) = (if name.is_empty() { path.into() } else { below(path, name) }, path.into());
        if self.params.iter().any(|p| p.name == name) {
            return Err(Problem::DuplicateName { name });
        }
        self.params.push(Param { name, shape, layout, fan_in, fan_out, role, layer, of_convolution: false, ends_branch: false });
        Ok(self.params.len() - 1)
    }
}
