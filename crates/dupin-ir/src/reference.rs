//! The reference evaluator: every primitive's `eval`, one node after another, all in `f64`.
//!
//! It is slow and obvious. Executors are checked against it; nothing else should need it.

use crate::graph::Value;
use crate::program::Program;
use crate::tensor::Tensor;
use crate::types::{TensorType, offset};

/// A value of the reference evaluator: every element as `f64`, whatever its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Element type and shape. The type says what the numbers mean; `f32` values are not rounded.
    pub ty: TensorType,
    /// Elements, row-major.
    pub data: Vec<f64>,
}

impl Array {
    /// An array from its parts.
    ///
    /// # Panics
    /// If the number of elements is not that of `ty`.
    pub fn new(ty: TensorType, data: Vec<f64>) -> Self {
        assert_eq!(ty.len(), data.len(), "an array of type {ty} was given {} elements", data.len());
        Self { ty, data }
    }

    /// All elements zero.
    pub fn zeros(ty: &TensorType) -> Self {
        Self::new(ty.clone(), vec![0.0; ty.len()])
    }

    /// Elements computed from their multi-index.
    pub fn from_fn(ty: &TensorType, mut f: impl FnMut(&[usize]) -> f64) -> Self {
        let mut data = Vec::with_capacity(ty.len());
        ty.for_each_index(|i| data.push(f(i)));
        Self::new(ty.clone(), data)
    }

    /// Element at a multi-index.
    pub fn at(&self, index: &[usize]) -> f64 {
        self.data[offset(index, &self.ty.strides())]
    }

    /// Element at a multi-index, to change.
    pub fn at_mut(&mut self, index: &[usize]) -> &mut f64 {
        let i = offset(index, &self.ty.strides());
        &mut self.data[i]
    }
}

/// Runs `program` on `inputs`, in `f64` throughout.
///
/// # Panics
/// If the inputs are not as the program declares: this is a tool for tests, not for user input.
pub fn evaluate(program: &Program, inputs: &[Array]) -> Vec<Array> {
    assert_eq!(inputs.len(), program.inputs().len(), "the program takes {} inputs", program.inputs().len());
    let graph = program.graph();
    let mut values: Vec<Option<Array>> = vec![None; graph.len()];
    for (&v, x) in program.inputs().iter().zip(inputs) {
        assert_eq!(graph.ty(v).shape, x.ty.shape, "input {v} has another shape");
        values[v.index()] = Some(Array::new(graph.ty(v).clone(), x.data.clone()));
    }
    for (i, node) in graph.nodes().iter().enumerate() {
        if values[i].is_none() {
            let x: Vec<&Array> = node.operands.iter().map(|o| values[o.index()].as_ref().expect("operands come first")).collect();
            let y = node.prim.rules().eval(&x, &node.ty);
            assert_eq!(y.ty, node.ty, "{} evaluates to another type than it infers", node.prim.rules().name());
            values[i] = Some(y);
        }
    }
    program.outputs().iter().map(|v: &Value| values[v.index()].clone().expect("every node was evaluated")).collect()
}

/// [`evaluate`] on host tensors; results are rounded to their element types only at the end.
///
/// # Panics
/// As [`evaluate`].
pub fn evaluate_tensors(program: &Program, inputs: &[&Tensor]) -> Vec<Tensor> {
    let arrays: Vec<Array> = inputs.iter().map(|t| Array::new(t.ty(), t.to_f64())).collect();
    evaluate(program, &arrays).iter().map(|a| Tensor::from_f64(&a.ty, &a.data)).collect()
}
