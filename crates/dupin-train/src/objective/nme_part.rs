//! Which part of the Hessian a gradient penalty's update uses: the intervention on the nonlinear modeling error.

use dupin_curvature::products;
use dupin_ir::{Builder, Value};

use super::Point;

/// A part of `H = G + N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NmePart {
    /// All of it, `H`: the true gradient of the penalty.
    Keep,
    /// `G` only.
    Drop,
    /// `N` only.
    Only,
}

pub(super) const PARTS: [(&str, NmePart); 3] = [("keep", NmePart::Keep), ("drop", NmePart::Drop), ("only", NmePart::Only)];

impl NmePart {
    /// As typed.
    pub(super) fn word(self) -> &'static str {
        PARTS.iter().find(|p| p.1 == self).expect("every part has a word").0
    }

    /// The part times `v`. Cost beyond the gradient: 6F, with `G` 4F.
    pub(super) fn product(self, b: &mut Builder, at: &Point, v: &[Value]) -> Vec<Value> {
        match self {
            Self::Keep => products::hessian(b, at.gradient, at.params, v),
            Self::Drop => products::gauss_newton(b, at.gradient, at.logits, at.params, v),
            Self::Only => products::nme(b, at.gradient, at.params, v),
        }
    }
}
