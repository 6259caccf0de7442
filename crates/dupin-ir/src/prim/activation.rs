//! `activation`: an activation function, or its derivative of any order, applied to every element.
//!
//! The derivative of `activation{kind, order}` is `activation{kind, order + 1}`. A kind may carry a *surrogate*
//! that answers for orders of 2 and above: φ and φ' stay, φ'' is another function's. That one rule is every
//! intervention of Dauphin, Agarwala & Mobahi (arXiv 2401.10809) on the second derivative.
//!
//! C1: the operand is a float tensor. C2: `order` is below 10.

use std::fmt;

use super::jet::{Jet, ORDERS};
use super::{Broken, Primitive, Sample, arity, batch_elementwise, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer};
use crate::types::{DType, TensorType};

mod expression;

/// An activation function. Parameters are kept as bits so that kinds compare and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// `x`.
    Identity,
    /// `max(x, 0)`; the derivative at 0 is 0.
    Relu,
    /// `x` for `x > 0`, else `slope·x`.
    LeakyRelu(Param),
    /// `x·Φ(x)`, exact.
    Gelu,
    /// `x/2·(1 + tanh(√(2/π)(x + 0.044715x³)))`.
    GeluTanh,
    /// `x·Φ(βx)`: GELU at β = 1, towards ReLU as β grows.
    BetaGelu(Param),
    /// `x·σ(x)`.
    Silu,
    /// `log(1 + e^(βx))/β`.
    Softplus(Param),
    /// Hyperbolic tangent.
    Tanh,
    /// `1/(1 + e^-x)`.
    Sigmoid,
    /// `x` for `x > 0`, else `α(e^x - 1)`.
    Elu(Param),
    /// `max(x, 0)²`.
    SquaredRelu,
    /// `height·e^(-(x/width)²/2)`: a bump to serve as a second derivative.
    Gaussian(Param, Param),
}

/// A parameter of an activation, compared by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Param(u64);

impl Param {
    /// From a number.
    pub fn new(v: f64) -> Self {
        Self((v + 0.0).to_bits())
    }

    /// The number.
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.get())
    }
}

/// What answers for derivatives of order 2 and above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Second {
    /// The function's own derivatives.
    Own,
    /// Nothing: they are 0 ("diminished").
    Zero,
    /// The derivatives of another function ("augmented").
    Of(Base),
    /// φ'' is a Gaussian bump of that height and width; order 3 is the bump's derivative.
    Bump(Param, Param),
}

/// An activation with its second derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The function; answers for orders 0 and 1.
    pub base: Base,
    /// Answers for orders from 2.
    pub second: Second,
}

impl From<Base> for Kind {
    fn from(base: Base) -> Self {
        Self { base, second: Second::Own }
    }
}

impl Kind {
    /// The function and the order of *its* derivative that answer for `order`; `None` if the answer is 0.
    pub fn resolve(self, order: u8) -> Option<(Base, u8)> {
        let (base, order) = match (order, self.second) {
            (0 | 1, _) | (_, Second::Own) => (self.base, order),
            (_, Second::Zero) => return None,
            (_, Second::Of(other)) => (other, order),
            (_, Second::Bump(height, width)) => (Base::Gaussian(height, width), order - 2),
        };
        let vanishes = match base {
            Base::Identity | Base::Relu | Base::LeakyRelu(_) => order >= 2,
            Base::SquaredRelu => order >= 3,
            _ => false,
        };
        (!vanishes).then_some((base, order))
    }
}

impl Base {
    /// The `order`-th derivative at `x`, in `f64`.
    ///
    /// # Panics
    /// If `order` is 10 or more.
    pub fn derivative(self, order: u8, x: f64) -> f64 {
        let t = Jet::variable(x);
        let order = usize::from(order);
        let polynomial = |coefficients: [f64; 3]| coefficients.get(order).copied().unwrap_or(0.0);
        let jet = match self {
            Self::Identity => return polynomial([x, 1.0, 0.0]),
            Self::Relu => return if x > 0.0 { polynomial([x, 1.0, 0.0]) } else { polynomial([0.0 * x, 0.0, 0.0]) },
            Self::LeakyRelu(slope) => return if x > 0.0 { polynomial([x, 1.0, 0.0]) } else { polynomial([slope.get() * x, slope.get(), 0.0]) },
            Self::SquaredRelu => return if x > 0.0 { polynomial([x * x, 2.0 * x, 2.0]) } else { polynomial([0.0 * x, 0.0, 0.0]) },
            Self::Gelu => t.mul(&t.normal_cdf()),
            Self::BetaGelu(beta) => t.mul(&t.scale(beta.get()).normal_cdf()),
            Self::GeluTanh => {
                // x·σ(2u): the same function as x/2·(1 + tanh u) without its cancellation in the lower tail.
                let u = t.add(&t.mul(&t).mul(&t).scale(0.044_715)).scale(2.0 * (2.0 / std::f64::consts::PI).sqrt());
                t.mul(&u.logistic())
            }
            Self::Silu => t.mul(&t.logistic()),
            Self::Softplus(beta) => t.scale(beta.get()).softplus().scale(1.0 / beta.get()),
            Self::Tanh => t.tanh(),
            Self::Sigmoid => t.logistic(),
            Self::Elu(_) if x > 0.0 => t,
            Self::Elu(alpha) if order == 0 => return alpha.get() * x.exp_m1(),
            Self::Elu(alpha) => t.exp().scale(alpha.get()),
            Self::Gaussian(height, width) => {
                let u = t.scale(1.0 / width.get());
                u.mul(&u).scale(-0.5).exp().scale(height.get())
            }
        };
        jet.derivative(order)
    }
}

impl Kind {
    /// The `order`-th derivative at `x`, surrogate included, in `f64`.
    pub fn derivative(self, order: u8, x: f64) -> f64 {
        self.resolve(order).map_or(0.0, |(base, order)| base.derivative(order, x))
    }
}

/// `φ^(order)` of every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Activation {
    /// Which function.
    pub kind: Kind,
    /// Which derivative of it.
    pub order: u8,
}

impl Primitive for Activation {
    fn name(&self) -> &'static str {
        "activation"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [x] = arity(x)?;
        require(x.dtype.is_float(), "C1")?;
        require(usize::from(self.order) < ORDERS, "C2")?;
        Ok(x.clone())
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::new(out.clone(), x[0].data.iter().map(|&v| self.kind.derivative(self.order, v)).collect())
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        let dx = dx[0]?;
        self.kind.resolve(self.order + 1)?;
        let slope = b.activation(self.kind, self.order + 1, x[0]);
        Some(b.mul(dx, slope))
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        batch_elementwise(b, *self, x)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().text("kind", self.kind.to_string()).int("order", self.order)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], _: &TensorType) -> Ssa {
        w.composition(x, |b, x| self.kind.expression(self.order, b, x[0]))
    }
    fn flop(&self, _: &[&TensorType], out: &TensorType) -> u64 {
        out.len() as u64
    }
}

/// Name, defaults of the parameters (NaN where one must be given), constructor.
type Named = (&'static str, &'static [f64], fn(&[f64]) -> Base);

/// Names, parsed and printed: `gelu`, `beta_gelu:4`, `relu~beta_gelu:4`, `gelu~none`, `relu~bump:0.5:1`.
const NAMES: [Named; 12] = [
    ("identity", &[], |_| Base::Identity),
    ("relu", &[], |_| Base::Relu),
    ("leaky_relu", &[0.01], |p| Base::LeakyRelu(Param::new(p[0]))),
    ("gelu", &[], |_| Base::Gelu),
    ("gelu_tanh", &[], |_| Base::GeluTanh),
    ("beta_gelu", &[f64::NAN], |p| Base::BetaGelu(Param::new(p[0]))),
    ("silu", &[], |_| Base::Silu),
    ("softplus", &[1.0], |p| Base::Softplus(Param::new(p[0]))),
    ("tanh", &[], |_| Base::Tanh),
    ("sigmoid", &[], |_| Base::Sigmoid),
    ("elu", &[1.0], |p| Base::Elu(Param::new(p[0]))),
    ("squared_relu", &[], |_| Base::SquaredRelu),
];

/// A text that names no activation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an activation: {reason}. Known are {}; a surrogate second derivative follows a `~`: `gelu~none`, `relu~beta_gelu:4`, `relu~bump:HEIGHT:WIDTH`", NAMES.map(|n| n.0).join(", "))]
pub struct ParseActivationError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

fn parse_base(text: &str) -> Result<Base, String> {
    let mut parts = text.split(':');
    let name = parts.next().unwrap_or_default();
    let (_, defaults, make) = NAMES.iter().find(|n| n.0 == name).ok_or_else(|| format!("there is no function `{name}`"))?;
    let given = parse_numbers(parts)?;
    if given.len() > defaults.len() {
        return Err(format!("`{name}` takes {} parameters, {} were given", defaults.len(), given.len()));
    }
    let params: Vec<f64> = defaults.iter().enumerate().map(|(i, &d)| given.get(i).copied().unwrap_or(d)).collect();
    if params.iter().any(|p| p.is_nan()) {
        return Err(format!("`{name}` needs a parameter, as in `{name}:4`"));
    }
    if name != "leaky_relu" && params.iter().any(|&p| p <= 0.0) {
        return Err(format!("the parameter of `{name}` must be positive"));
    }
    Ok(make(&params))
}

fn parse_numbers<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Vec<f64>, String> {
    parts.map(|p| p.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| format!("`{p}` is not a finite number"))).collect()
}

impl std::str::FromStr for Kind {
    type Err = ParseActivationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason: String| ParseActivationError { text: text.into(), reason };
        let (base, second) = text.split_once('~').map_or((text, None), |(b, s)| (b, Some(s)));
        let base = parse_base(base).map_err(fail)?;
        let second = match second {
            None => Second::Own,
            Some("none") => Second::Zero,
            Some(bump) if bump.starts_with("bump") => {
                let p = parse_numbers(bump.split(':').skip(1)).map_err(fail)?;
                let [height, width] = p[..] else { return Err(fail("a bump is `bump:HEIGHT:WIDTH`".into())) };
                if width <= 0.0 {
                    return Err(fail("the width of a bump must be positive".into()));
                }
                Second::Bump(Param::new(height), Param::new(width))
            }
            Some(other) => Second::Of(parse_base(other).map_err(fail)?),
        };
        Ok(Self { base, second })
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("identity"),
            Self::Relu => f.write_str("relu"),
            Self::LeakyRelu(slope) => write!(f, "leaky_relu:{}", slope.get()),
            Self::Gelu => f.write_str("gelu"),
            Self::GeluTanh => f.write_str("gelu_tanh"),
            Self::BetaGelu(beta) => write!(f, "beta_gelu:{}", beta.get()),
            Self::Silu => f.write_str("silu"),
            Self::Softplus(beta) => write!(f, "softplus:{}", beta.get()),
            Self::Tanh => f.write_str("tanh"),
            Self::Sigmoid => f.write_str("sigmoid"),
            Self::Elu(alpha) => write!(f, "elu:{}", alpha.get()),
            Self::SquaredRelu => f.write_str("squared_relu"),
            Self::Gaussian(height, width) => write!(f, "bump:{}:{}", height.get(), width.get()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.second {
            Second::Own => write!(f, "{}", self.base),
            Second::Zero => write!(f, "{}~none", self.base),
            Second::Of(other) => write!(f, "{}~{other}", self.base),
            Second::Bump(height, width) => write!(f, "{}~bump:{}:{}", self.base, height.get(), width.get()),
        }
    }
}

impl Activation {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "activation").then_some(())?;
        Some(Self { kind: a.get_text("kind")?.parse().ok()?, order: a.get_int("order")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let mut samples = Vec::new();
        for (name, defaults, make) in &NAMES {
            let params: Vec<f64> = defaults.iter().map(|d| if d.is_nan() { 2.5 } else { *d }).collect();
            for order in 0..4 {
                // Off the kinks at 0, on either side of them in turn.
                let side = if order % 2 == 0 { (0.2, 3.0) } else { (-3.0, -0.2) };
                samples.push(Sample::legal(name, Self { kind: make(&params).into(), order }, &[&[4, 2]]).on(side.0, side.1));
            }
        }
        samples.push(Sample::illegal("C1", Self { kind: Base::Gelu.into(), order: 0 }, &[&[2]]).typed(0, DType::I32, 2));
        samples.push(Sample::illegal("C2", Self { kind: Base::Gelu.into(), order: 10 }, &[&[2]]));
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Kind {
        text.parse().unwrap()
    }

    #[test]
    fn names_round_trip() {
        for text in ["relu", "leaky_relu:0.2", "beta_gelu:4", "softplus:2", "elu:0.5", "gelu~none", "relu~beta_gelu:8", "relu~bump:0.5:1.5"] {
            assert_eq!(kind(text).to_string(), text);
        }
    }

    #[test]
    fn wrong_names_are_explained() {
        let message = |t: &str| t.parse::<Kind>().unwrap_err().to_string();
        assert!(message("gelo").starts_with("`gelo` is not an activation: there is no function `gelo`. Known are identity, relu,"));
        assert!(message("beta_gelu").contains("`beta_gelu` needs a parameter, as in `beta_gelu:4`"));
        assert!(message("softplus:-1").contains("must be positive"));
        assert!(message("relu~bump:1").contains("a bump is `bump:HEIGHT:WIDTH`"));
        assert!(message("relu:1").contains("`relu` takes 0 parameters, 1 were given"));
    }

    /// x·Φ(x): φ' = Φ + xp, φ'' = (2 - x²)p, φ''' = (x³ - 4x)p, with p the normal density.
    #[test]
    fn gelu_has_its_closed_form_derivatives() {
        for x in [-3.0, -0.7, 0.0, 0.4, 2.5_f64] {
            let p = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let cdf = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
            let expected = [x * cdf, cdf + x * p, (2.0 - x * x) * p, (x * x * x - 4.0 * x) * p];
            for (order, e) in expected.into_iter().enumerate() {
                let found = kind("gelu").derivative(order as u8, x);
                assert!((found - e).abs() <= 16.0 * f64::EPSILON * (1.0 + e.abs()), "order {order} at {x}: {found} against {e}");
            }
        }
    }

    #[test]
    fn a_surrogate_replaces_orders_from_two_only() {
        let (plain, augmented, none, bump) = (kind("relu"), kind("relu~beta_gelu:4"), kind("gelu~none"), kind("relu~bump:0.5:2"));
        for x in [-0.3, 0.2_f64] {
            for order in 0..2 {
                assert_eq!(augmented.derivative(order, x), plain.derivative(order, x));
                assert_eq!(none.derivative(order, x), kind("gelu").derivative(order, x));
            }
            assert_eq!(augmented.derivative(2, x), kind("beta_gelu:4").derivative(2, x));
            assert_eq!(augmented.derivative(3, x), kind("beta_gelu:4").derivative(3, x));
            assert_eq!(none.derivative(2, x), 0.0);
            let e = 0.5 * (-x * x / 8.0).exp();
            assert!((bump.derivative(2, x) - e).abs() < 1e-15);
            assert!((bump.derivative(3, x) + e * x / 4.0).abs() < 1e-15);
        }
    }

    #[test]
    fn derivatives_that_vanish_are_structural_zeros() {
        assert_eq!(kind("relu").resolve(2), None);
        assert_eq!(kind("squared_relu").resolve(3), None);
        assert_eq!(kind("identity").resolve(2), None);
        assert_eq!(kind("gelu~none").resolve(2), None);
        assert!(kind("relu~beta_gelu:4").resolve(2).is_some());
    }
}
