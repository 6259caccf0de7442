//! Which matrices there are, and their products as expressions.

use std::ops::Range;

use dupin_ir::{Builder, Value};

use crate::fisher::{self, Fisher, Labels, Noise};
use crate::products::{self, Gradient};

/// A part of the Hessian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// `H = G + N`.
    Hessian,
    /// `G = Jᵀ H_z J`.
    GaussNewton,
    /// `N = ∂L/∂z · ∇²_θ z`.
    Nme,
}

impl Part {
    /// All three, the sum first.
    pub const ALL: [Self; 3] = [Self::Hessian, Self::GaussNewton, Self::Nme];

    /// Name in reports: `hessian`, `gauss_newton`, `nme`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hessian => "hessian",
            Self::GaussNewton => "gauss_newton",
            Self::Nme => "nme",
        }
    }
}

/// A symmetric matrix over the parameters. With `L = Σ_n w_n ℓ_n` and weights `1/N`, all are means over the data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matrix {
    /// `H`, `G` or `N`. A product costs 6F, 4F, 6F beyond the gradient's forward and backward pass.
    Part(Part),
    /// Its diagonal blocks, one per layer (module) of the layout, and zero between layers. A product is one of each layer with its own
    /// part of the vector: each costs the passes between that layer and the logits, in all about half of one whole product per layer.
    WithinLayers(Part),
    /// What couples layers: the matrix less its diagonal blocks.
    CrossLayers(Part),
    /// A Fisher matrix, `Σ_n w_n E[g_n g_nᵀ]`. A product costs 4F.
    Fisher(Fisher),
    /// Second moments of the gradients about their mean, `Σ_n w_n (g_n - μ)(g_n - μ)ᵀ` with `μ = Σ_n w_n g_n / Σ_n w_n`: the empirical Fisher matrix
    /// less one of rank 1. With weights `1/N` it divides by `N`, not `N - 1`. For the matrix about zero take
    /// [`Labels::Observed`]. A product costs 4F.
    GradientCovariance {
        /// The weights `w: [n]` of the examples, as they stand in the loss.
        weights: Value,
    },
}

impl From<Part> for Matrix {
    fn from(part: Part) -> Self {
        Self::Part(part)
    }
}

impl From<Fisher> for Matrix {
    fn from(fisher: Fisher) -> Self {
        Self::Fisher(fisher)
    }
}

impl Matrix {
    /// Whether no quadratic form is negative, for a loss that is convex in the logits or not.
    pub(crate) fn is_psd(self, convex: bool) -> bool {
        match self {
            Self::Part(part) | Self::WithinLayers(part) => part == Part::GaussNewton && convex,
            Self::CrossLayers(_) => false,
            Self::Fisher(_) | Self::GradientCovariance { .. } => true,
        }
    }
}

/// Where products are taken.
pub(crate) struct At<'a> {
    pub(crate) logits: Value,
    pub(crate) params: &'a [Value],
    pub(crate) gradient: &'a Gradient,
    /// Layers, as ranges of parameters.
    pub(crate) layers: &'a [Range<usize>],
}

/// Products with one vector: sets of one value per parameter, and the input that must be given draws.
pub(crate) struct Expression {
    pub(crate) sets: Vec<Vec<Value>>,
    pub(crate) noise: Option<(Value, Noise)>,
}

/// `G v` and `N v`, from shared passes.
pub(crate) fn both(b: &mut Builder, at: &At, v: &[Value]) -> Expression {
    let p = products::split(b, at.gradient, at.logits, at.params, v);
    Expression { sets: vec![p.gauss_newton, p.nme], noise: None }
}

/// `A v`.
pub(crate) fn express(b: &mut Builder, matrix: Matrix, at: &At, v: &[Value]) -> Expression {
    let whole = 0..at.params.len();
    let (values, noise) = match matrix {
        Matrix::Part(part) => (block(b, part, at, v, whole), None),
        Matrix::WithinLayers(part) => (within(b, part, at, v), None),
        Matrix::CrossLayers(part) => {
            let (all, own) = (block(b, part, at, v, whole), within(b, part, at, v));
            (all.into_iter().zip(own).map(|(a, o)| b.sub(a, o)).collect(), None)
        }
        Matrix::Fisher(fisher) => {
            let product = fisher::product(b, fisher, at.gradient, at.logits, at.params, v);
            (product.values, product.noise)
        }
        // The rank-one part is taken off by the operator, which knows the mean over all batches.
        Matrix::GradientCovariance { weights } => {
            let fisher = Fisher { labels: Labels::Observed, weights };
            (fisher::product(b, fisher, at.gradient, at.logits, at.params, v).values, None)
        }
    };
    Expression { sets: vec![values], noise }
}

/// The product with the diagonal block of some parameters: the others are constants.
fn block(b: &mut Builder, part: Part, at: &At, v: &[Value], of: Range<usize>) -> Vec<Value> {
    let (params, v) = (&at.params[of.clone()], &v[of.clone()]);
    let gradient = Gradient { residual: at.gradient.residual, params: at.gradient.params[of].to_vec() };
    match part {
        Part::Hessian => products::hessian(b, &gradient, params, v),
        Part::GaussNewton => products::gauss_newton(b, &gradient, at.logits, params, v),
        Part::Nme => products::nme(b, &gradient, params, v),
    }
}

fn within(b: &mut Builder, part: Part, at: &At, v: &[Value]) -> Vec<Value> {
    at.layers.iter().flat_map(|layer| block(b, part, at, v, layer.clone())).collect()
}
