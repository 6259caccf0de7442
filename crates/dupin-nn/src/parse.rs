//! The model language: from text to layers whose shapes fit.

use std::ops::Range;

use crate::Activation;
use crate::error::{Error, ModelProblem as Problem};
use crate::layer::{Layer, Window};
use crate::layout::Layout;
use crate::network::{BufferSpec, Network, Param, Role};
use crate::parse::spelling::closest;
use crate::parse::text::{Options, Token, number, split};

mod spelling;
mod text;

/// Largest number a model may hold: far beyond use, far below overflow.
const MOST: usize = 1_000_000;
/// Most elements of all parameters together, and of one example between two layers: positions are 32-bit integers.
const MOST_ELEMENTS: usize = i32::MAX as usize;
/// Nesting that no network has and every stack bears.
const MOST_DEPTH: usize = 32;

const LENET: &str = "net:1x28x28,conv16k5,act,conv32k5s2,act,conv32k5s2,act,flatten,fc120,act,fc10";
const CNN: &str = "net:3x32x32,conv32,act,conv32,act,conv64s2,act,conv64,act,conv128s2,act,conv128,act,gap,fc10";

const MODELS: [&str; 5] = ["mlp", "logistic", "lenet", "cnn", "net"];
const CONV: &str =
    "`conv<C>` with options k<K> (kernel), s<S> (stride), p<P> (padding), g<G> (groups) and last `nobias`, as in `conv64k3s2`";
const DENSE: &str = "`fc<N>` or `fc<N>nobias`, as in `fc10`";
const POOL: &str = "the window and options s<S> (stride), p<P> (padding), as in `maxpool3s2p1`";
const ALONE: &str = "the name alone, this layer has no sizes";

/// A problem and the part of the model that has it.
type Fail = (Range<usize>, Problem);

pub(crate) fn network(spec: &str, activation: Activation) -> Result<Network, Error> {
    let parsed = match spec {
        "lenet" => parse(LENET, activation),
        "cnn" => parse(CNN, activation),
        _ => parse(spec, activation),
    };
    match parsed {
        Ok(network) => Ok(Network { spec: spec.into(), ..network }),
        Err((at, problem)) => Err(Error::Model { spec: spec.into(), at, problem }),
    }
}

fn parse(spec: &str, activation: Activation) -> Result<Network, Fail> {
    if let Some((at, space)) = spec.char_indices().find(|(_, c)| c.is_whitespace()) {
        return Err((at..at + space.len_utf8(), Problem::Whitespace));
    }
    let (name, rest) = spec.split_once(':').unwrap_or((spec, ""));
    let rest = Token { text: rest, at: spec.len() - rest.len() };
    let mut parser = Parser { activation, params: Vec::new(), buffers: Vec::new(), elements: 0, depth: 0 };
    let (input_shape, (layers, shape)) = match name {
        "mlp" => parser.dense_model("mlp", "at least two widths, as in `mlp:784-256-10`", 2..=usize::MAX, &rest)?,
        "logistic" => parser.dense_model("logistic", "two widths, as in `logistic:784-10`", 2..=2, &rest)?,
        "net" => {
            let mut tokens = split(&rest, ',')?.into_iter();
            let input = tokens.next().expect("splitting gives at least one part");
            let shape = input_shape(&input)?;
            let tokens: Vec<Token> = tokens.collect();
            if tokens.is_empty() {
                return Err((spec.len()..spec.len(), Problem::MissingLayer));
            }
            let built = parser.sequence(&tokens, shape.clone(), "")?;
            (shape, built)
        }
        "lenet" => return Err((rest.range(), Problem::NoSizes { name: "lenet" })),
        "cnn" => return Err((rest.range(), Problem::NoSizes { name: "cnn" })),
        _ => {
            let closest = closest(name, MODELS.iter().copied());
            return Err((0..name.len(), Problem::UnknownModel { name: name.into(), closest }));
        }
    };
    let whole = 0..spec.len();
    let [outputs] = shape[..] else { return Err((whole, Problem::EndsInMap { map: describe(&shape) })) };
    if parser.params.is_empty() {
        return Err((whole, Problem::NoParameters));
    }
    let Parser { params, buffers, .. } = parser;
    Ok(Network { spec: spec.into(), activation, input_shape, outputs, params, buffers, layers })
}

/// `64` as `[64]`, `1x28x14` (channels, height, width) as `[28, 14, 1]`.
fn input_shape(token: &Token) -> Result<Vec<usize>, Fail> {
    let parts = split(token, 'x')?;
    let extent = |part: &Token, what| number(part.text, what, 1, MOST).map_err(|p| (part.range(), p));
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
    Ok(shape)
}

/// The product of extents, if a tensor may have that many elements.
fn checked(shape: &[usize], what: &'static str) -> Result<usize, Problem> {
    let elements = shape.iter().try_fold(1, |n: usize, &extent| n.checked_mul(extent));
    elements.filter(|&n| n <= MOST_ELEMENTS).ok_or(Problem::TooLarge { what, limit: MOST_ELEMENTS })
}

/// A shape in the language's words: `64 features`, or `CxHxW`.
fn describe(shape: &[usize]) -> String {
    match shape {
        [h, w, c] => format!("{c}x{h}x{w}"),
        _ => format!("{} features", shape[0]),
    }
}

/// Layers, and the shape they give.
type Built = (Vec<Layer>, Vec<usize>);

struct Parser {
    activation: Activation,
    params: Vec<Param>,
    buffers: Vec<BufferSpec>,
    /// Of all parameters so far.
    elements: usize,
    depth: usize,
}

impl Parser {
    /// `784-256-10`: dense layers with activations between them.
    fn dense_model(
        &mut self,
        name: &'static str,
        expected: &'static str,
        counts: std::ops::RangeInclusive<usize>,
        widths: &Token,
    ) -> Result<(Vec<usize>, Built), Fail> {
        let parts = if widths.text.is_empty() { Vec::new() } else { split(widths, '-')? };
        if !counts.contains(&parts.len()) {
            return Err((widths.range(), Problem::Widths { name, expected, found: parts.len() }));
        }
        let width = |part: &Token| number(part.text, "a width", 1, MOST).map_err(|p| (part.range(), p));
        let input = vec![width(&parts[0])?];
        let (mut layers, mut shape) = (Vec::new(), input.clone());
        for (i, part) in parts[1..].iter().enumerate() {
            if i > 0 {
                layers.push(Layer::Activation(self.activation));
            }
            let (layer, out) = self.dense(width(part)?, true, &shape, &(2 * i).to_string()).map_err(|p| (part.range(), p))?;
            layers.push(layer);
            shape = out;
        }
        Ok((input, (layers, shape)))
    }

    /// Layers one after another; `prefix` is the path of their container, with its dot.
    fn sequence(&mut self, tokens: &[Token], mut shape: Vec<usize>, prefix: &str) -> Result<Built, Fail> {
        let (mut layers, mut index) = (Vec::new(), 0);
        for token in tokens {
            let (layer, out) = self.layer(token, shape, &format!("{prefix}{index}"))?;
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
        if name == "res" {
            return self.residual(token, &shape, path);
        }
        let built = match name {
            "" if text.is_empty() => Err(Problem::MissingLayer),
            "conv" => self.convolution(text, &shape, path),
            "fc" => self.fully_connected(text, &shape, path),
            "avgpool" => pool(text, name, &shape).map(|(window, out)| (Layer::AvgPool(window), out)),
            "maxpool" => pool(text, name, &shape).map(|(window, out)| (Layer::MaxPool(window), out)),
            "act" | "gap" | "flatten" | "bn" | "ln" if text != name => {
                Err(Problem::Option { token: text.into(), found: text[name.len()..].into(), form: ALONE })
            }
            "act" => Ok((Layer::Activation(self.activation), shape)),
            "gap" => map(text, &shape).map(|[_, _, c]| (Layer::GlobalAvgPool, vec![c])),
            "flatten" => Ok((Layer::Flatten, vec![shape.iter().product()])),
            "bn" => self.batch_norm(&shape, path).map(|layer| (layer, shape)),
            "ln" => self.layer_norm(&shape, path).map(|layer| (layer, shape)),
            _ if spelling::is_activation(name) => {
                text.parse().map(|kind| (Layer::Activation(kind), shape)).map_err(Problem::from)
            }
            _ => Err(Problem::UnknownLayer { token: text.into(), closest: spelling::closest_layer(name) }),
        };
        let (layer, out) = built.map_err(|p| (token.range(), p))?;
        checked(&out, "one example after this layer").map_err(|p| (token.range(), p))?;
        Ok((layer, out))
    }

    fn convolution(&mut self, text: &str, shape: &[usize], path: &str) -> Result<(Layer, Vec<usize>), Problem> {
        let (options, nobias) = without_nobias(&text["conv".len()..]);
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
        Ok((Layer::Convolution { window, groups, weight, bias }, vec![height, width, outputs]))
    }

    fn fully_connected(&mut self, text: &str, shape: &[usize], path: &str) -> Result<(Layer, Vec<usize>), Problem> {
        let (options, nobias) = without_nobias(&text["fc".len()..]);
        let width = Options::read(text, options, "", "the width", DENSE)?.first;
        if shape.len() != 1 {
            return Err(Problem::NeedsVector { token: text.into(), map: describe(shape) });
        }
        self.dense(width, !nobias, shape, path)
    }

    fn dense(&mut self, width: usize, bias: bool, shape: &[usize], path: &str) -> Result<(Layer, Vec<usize>), Problem> {
        let fans = (shape[0], width);
        let weight = self.param(path, "weight", vec![width, shape[0]], Layout::Same, fans, Role::Weight)?;
        let bias = if bias { Some(self.param(path, "bias", vec![width], Layout::Same, fans, Role::Bias)?) } else { None };
        Ok((Layer::Dense { weight, bias }, vec![width]))
    }

    fn batch_norm(&mut self, shape: &[usize], path: &str) -> Result<Layer, Problem> {
        let features = vec![*shape.last().expect("shapes have at least one axis")];
        let weight = self.param(path, "weight", features.clone(), Layout::Same, (1, 1), Role::NormWeight)?;
        let bias = self.param(path, "bias", features.clone(), Layout::Same, (1, 1), Role::NormBias)?;
        let mean = self.buffers.len();
        for (name, initial) in [("running_mean", 0.0), ("running_var", 1.0)] {
            self.buffers.push(BufferSpec { name: format!("{path}.{name}"), shape: features.clone(), initial });
        }
        Ok(Layer::BatchNorm { weight, bias, mean, variance: mean + 1 })
    }

    fn layer_norm(&mut self, shape: &[usize], path: &str) -> Result<Layer, Problem> {
        let layout = if shape.len() == 3 { Layout::Map } else { Layout::Same };
        let weight = self.param(path, "weight", shape.to_vec(), layout, (1, 1), Role::NormWeight)?;
        let bias = self.param(path, "bias", shape.to_vec(), layout, (1, 1), Role::NormBias)?;
        Ok(Layer::LayerNorm { weight, bias })
    }

    /// `res(BODY)` or `res(BODY|SHORTCUT)`.
    fn residual(&mut self, token: &Token, shape: &[usize], path: &str) -> Result<(Layer, Vec<usize>), Fail> {
        let inner = token.text.strip_prefix("res(").and_then(|t| t.strip_suffix(')'));
        let inner = inner.ok_or_else(|| (token.range(), Problem::Parentheses))?;
        if self.depth == MOST_DEPTH {
            return Err((token.range(), Problem::Depth { limit: MOST_DEPTH }));
        }
        self.depth += 1;
        let parts = split(&Token { text: inner, at: token.at + "res(".len() }, '|')?;
        let (body, shortcut) = match &parts[..] {
            [body] => (body, None),
            [body, shortcut] => (body, Some(shortcut)),
            _ => return Err((token.range(), Problem::Parts { parts: parts.len() })),
        };
        let (body, out) = self.sequence(&split(body, ',')?, shape.to_vec(), &format!("{path}.body."))?;
        let (shortcut, other) = match shortcut {
            None => (None, shape.to_vec()),
            Some(part) => {
                let (layers, out) = self.sequence(&split(part, ',')?, shape.to_vec(), &format!("{path}.shortcut."))?;
                (Some(layers), out)
            }
        };
        self.depth -= 1;
        if out != other {
            return Err((token.range(), Problem::Residual { body: describe(&out), shortcut: describe(&other) }));
        }
        Ok((Layer::Residual { body, shortcut }, out))
    }

    /// Adds a parameter and gives its position.
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
        self.params.push(Param { name: format!("{path}.{name}"), shape, layout, fan_in, fan_out, role, layer: path.into() });
        Ok(self.params.len() - 1)
    }
}

/// The window of `avgpool3s2p1` and the shape it leaves.
fn pool(text: &str, name: &str, shape: &[usize]) -> Result<(Window, Vec<usize>), Problem> {
    let o = Options::read(text, &text[name.len()..], "sp", "the window", POOL)?;
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
    shape.try_into().map_err(|_| Problem::NeedsMap { token: text.into(), width: shape[0] })
}

fn slide(window: Window, height: usize, width: usize) -> Result<(usize, usize), Problem> {
    let Window { size, padding, .. } = window;
    window.positions(height).zip(window.positions(width)).ok_or(Problem::Window { size, height, width, padding })
}

fn without_nobias(options: &str) -> (&str, bool) {
    options.strip_suffix("nobias").map_or((options, false), |rest| (rest, true))
}
