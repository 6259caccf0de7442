//! Activations by other primitives.

use super::{Base, Kind};
use crate::builder::Builder;
use crate::graph::Value;
use crate::prim::CompareOp;
use crate::transform::jvp;

impl Kind {
    /// The `order`-th derivative of every element of `x`, surrogate included, by other primitives.
    pub(super) fn expression(self, order: u8, b: &mut Builder, x: Value) -> Value {
        match self.resolve(order) {
            Some((base, order)) => base.expression(order, b, x),
            None => b.splat_like(x, 0.0),
        }
    }
}

impl Base {
    /// The `order`-th derivative of every element of `x`, by other primitives: what compilers without activations of their own get.
    ///
    /// Pieces are written down, smooth functions differentiated by `jvp`: the graph's rules here, Taylor series in
    /// [`Base::derivative`], so that each is a check of the other.
    fn expression(self, order: u8, b: &mut Builder, x: Value) -> Value {
        let zero = b.splat_like(x, 0.0);
        let pieces = |b: &mut Builder, right: Value, left: Value| {
            let is_right = b.compare(CompareOp::Gt, x, zero);
            b.select(is_right, right, left)
        };
        let one = b.splat_like(x, 1.0);
        match (self, order) {
            (Self::Identity, 0) => x,
            (Self::Identity, _) => one,
            (Self::Relu, 0) => b.max(x, zero),
            (Self::Relu, _) => pieces(b, one, zero),
            (Self::LeakyRelu(slope), 0) => {
                let left = b.scale(x, slope.get());
                pieces(b, x, left)
            }
            (Self::LeakyRelu(slope), _) => {
                let left = b.splat_like(x, slope.get());
                pieces(b, one, left)
            }
            (Self::SquaredRelu, 0 | 1) => {
                let positive = b.max(x, zero);
                if order == 0 { b.square(positive) } else { b.scale(positive, 2.0) }
            }
            (Self::SquaredRelu, _) => {
                let two = b.splat_like(x, 2.0);
                pieces(b, two, zero)
            }
            (Self::Elu(alpha), 0) => {
                // e^x - 1 = tanh(x/2)(e^x + 1), without its cancellation.
                let (half, e) = (b.scale(x, 0.5), b.exp(x));
                let (tanh, sum) = (b.tanh(half), b.shift(e, 1.0));
                let difference = b.mul(tanh, sum);
                let left = b.scale(difference, alpha.get());
                pieces(b, x, left)
            }
            (Self::Elu(alpha), _) => {
                let e = b.exp(x);
                let left = b.scale(e, alpha.get());
                pieces(b, if order == 1 { one } else { zero }, left)
            }
            (Self::Softplus(beta), 0) => {
                // max(u, 0) + log(1 + e^-|u|), without overflow.
                let u = b.scale(x, beta.get());
                let (positive, size) = (b.max(u, zero), b.abs(u));
                let e = b.neg(size);
                let e = b.exp(e);
                let tail = b.log1p(e);
                let sum = b.add(positive, tail);
                b.scale(sum, 1.0 / beta.get())
            }
            (Self::Softplus(beta), _) => {
                let u = b.scale(x, beta.get());
                let slope = b.logistic(u);
                differentiated(b, slope, x, order - 1)
            }
            _ => {
                let y = self.smooth(b, x);
                differentiated(b, y, x, order)
            }
        }
    }

    /// The functions that are one formula.
    fn smooth(self, b: &mut Builder, x: Value) -> Value {
        let cdf = |b: &mut Builder, u: Value| {
            let scaled = b.scale(u, std::f64::consts::FRAC_1_SQRT_2);
            let erf = b.erf(scaled);
            let sum = b.shift(erf, 1.0);
            b.scale(sum, 0.5)
        };
        match self {
            Self::Gelu => {
                let p = cdf(b, x);
                b.mul(x, p)
            }
            Self::BetaGelu(beta) => {
                let u = b.scale(x, beta.get());
                let p = cdf(b, u);
                b.mul(x, p)
            }
            Self::GeluTanh => {
                let square = b.square(x);
                let cube = b.mul(square, x);
                let scaled = b.scale(cube, 0.044_715);
                let sum = b.add(x, scaled);
                let u = b.scale(sum, 2.0 * (2.0 / std::f64::consts::PI).sqrt());
                let p = b.logistic(u);
                b.mul(x, p)
            }
            Self::Silu => {
                let p = b.logistic(x);
                b.mul(x, p)
            }
            Self::Tanh => b.tanh(x),
            Self::Sigmoid => b.logistic(x),
            Self::Gaussian(height, width) => {
                let u = b.scale(x, 1.0 / width.get());
                let square = b.square(u);
                let exponent = b.scale(square, -0.5);
                let e = b.exp(exponent);
                b.scale(e, height.get())
            }
            Self::Identity | Self::Relu | Self::LeakyRelu(_) | Self::SquaredRelu | Self::Elu(_) | Self::Softplus(_) => {
                unreachable!("{self} is written in pieces")
            }
        }
    }
}

/// `y`, a function of each element of `x`, differentiated `order` times.
fn differentiated(b: &mut Builder, mut y: Value, x: Value, order: u8) -> Value {
    let one = b.splat_like(x, 1.0);
    for _ in 0..order {
        y = jvp(b, &[y], &[x], &[Some(one)])[0].unwrap_or_else(|| b.splat_like(x, 0.0));
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prim::Prim;
    use crate::reference::{Array, evaluate};
    use crate::{DType, TensorType};

    /// Expressions and Taylor series are two ways to one derivative. Terms of an expression are a few thousand at most (order 4 at
    /// β = 2.5), each rounded to ε.
    #[test]
    fn expressions_are_the_derivatives() {
        let points = [-6.0, -2.5, -0.3, 0.0, 0.1, 1.7, 6.0];
        let mut kinds: Vec<Kind> = ["relu~bump:0.5:1.5", "gelu~none", "relu~beta_gelu:2.5"].map(|k| k.parse().unwrap()).into();
        kinds.extend(Prim::samples().iter().filter_map(|s| if let Prim::Activation(a) = &s.prim { Some(a.kind) } else { None }));
        kinds.dedup();
        assert!(kinds.len() > 12);
        for kind in kinds {
            for order in 0..=4 {
                let mut b = Builder::new();
                let x = b.input("x", TensorType::new(DType::F64, [points.len()]));
                let y = kind.expression(order, &mut b, x);
                let program = b.program(&[x], &[y]).unwrap();
                let found = evaluate(&program, &[Array::new(b.ty(x).clone(), points.to_vec())]).remove(0);
                for (&x, f) in points.iter().zip(&found.data) {
                    let e = kind.derivative(order, x);
                    assert!((f - e).abs() <= 4096.0 * f64::EPSILON * (1.0 + e.abs()), "{kind} order {order} at {x}: {f} against {e}");
                }
            }
        }
    }
}
