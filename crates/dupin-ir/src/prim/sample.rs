//! Applications of primitives that the contract tests loop over.

use super::Prim;
use crate::types::{DType, TensorType};

/// A primitive applied to operands of given types, legal or breaking one constraint.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What is special about it.
    pub name: &'static str,
    /// The primitive.
    pub prim: Prim,
    /// Operand types; floats are `f64`.
    pub operands: Vec<TensorType>,
    /// Float operands are drawn from this interval, which stays off poles and kinks.
    pub range: (f64, f64),
    /// Integer operands are drawn from `0..limit`.
    pub limit: usize,
    /// The constraint that the sample breaks, if it does.
    pub breaks: Option<&'static str>,
}

impl Sample {
    /// A legal application to `f64` operands of these shapes.
    pub fn legal(name: &'static str, prim: impl Into<Prim>, shapes: &[&[usize]]) -> Self {
        let operands = shapes.iter().map(|s| TensorType::new(DType::F64, *s)).collect();
        Self { name, prim: prim.into(), operands, range: (-1.0, 1.0), limit: 1, breaks: None }
    }

    /// An application that breaks a constraint.
    pub fn illegal(constraint: &'static str, prim: impl Into<Prim>, shapes: &[&[usize]]) -> Self {
        Self { breaks: Some(constraint), ..Self::legal(constraint, prim, shapes) }
    }

    /// The same with floats drawn from `low..high`.
    #[must_use]
    pub fn on(mut self, low: f64, high: f64) -> Self {
        self.range = (low, high);
        self
    }

    /// The same with operand `i` of another element type; integers are drawn from `0..limit`.
    #[must_use]
    pub fn typed(mut self, i: usize, dtype: DType, limit: usize) -> Self {
        self.operands[i].dtype = dtype;
        if matches!(dtype, DType::I32 | DType::U32) {
            self.limit = limit;
        }
        self
    }
}
