//! The builder: appends nodes, each distinct expression once.
//!
//! Every `push` infers the type, simplifies, and looks the expression up, so that what two transforms have in
//! common (the primal pass of a gradient and of a product) exists once without anyone arranging it.

use std::panic::Location;

use rustc_hash::FxHashMap;

use crate::error::TypeError;
use crate::graph::{Graph, Node, Value};
use crate::prim::{Broken, Input, Prim};
use crate::program::Program;
use crate::transform::simplify::simplify;
use crate::types::TensorType;

/// Appends to a graph.
///
/// The first ill-typed call is remembered and returned by [`Builder::program`], which keeps model code free of `?`.
///
/// ```
/// use dupin_ir::{Builder, DType, TensorType};
/// let mut b = Builder::new();
/// let x = b.input("x", TensorType::new(DType::F64, [3]));
/// let twice = b.add(x, x);
/// let again = b.add(x, x);
/// assert_eq!(twice, again); // one node
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    graph: Graph,
    known: FxHashMap<(Prim, Vec<Value>), Value>,
    inputs: u32,
    error: Option<TypeError>,
}

impl Builder {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// The graph so far.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Type of a value.
    pub fn ty(&self, v: Value) -> &TensorType {
        self.graph.ty(v)
    }

    /// The first ill-typed call, if there was one.
    pub fn error(&self) -> Option<&TypeError> {
        self.error.as_ref()
    }

    /// A new input. Two inputs are never the same value, whatever their names.
    pub fn input(&mut self, name: &str, ty: TensorType) -> Value {
        let id = self.inputs;
        self.inputs += 1;
        self.append(Input { id, name: name.into(), ty: ty.clone() }.into(), Vec::new(), ty)
    }

    /// Applies a primitive: simplified, and shared with an equal earlier application.
    #[track_caller]
    pub fn push(&mut self, prim: impl Into<Prim>, operands: &[Value]) -> Value {
        let prim = prim.into();
        let types: Vec<&TensorType> = operands.iter().map(|&v| self.graph.ty(v)).collect();
        let ty = match prim.rules().infer(&types) {
            Ok(ty) => ty,
            Err(Broken(constraint)) => {
                let operands = types.into_iter().cloned().collect();
                let (primitive, at) = (prim.rules().name(), Location::caller());
                self.error.get_or_insert(TypeError { primitive, constraint, operands, at });
                // Any value will do: `program` cannot succeed any more.
                return self.input("ill-typed", TensorType::scalar(crate::DType::F32));
            }
        };
        if self.error.is_none()
            && let Some(v) = simplify(self, &prim, operands, &ty)
        {
            debug_assert_eq!(self.ty(v), &ty, "simplifying {prim:?} changed its type");
            return v;
        }
        self.append(prim, operands.to_vec(), ty)
    }

    fn append(&mut self, prim: Prim, mut operands: Vec<Value>, ty: TensorType) -> Value {
        if prim.rules().commutes() {
            operands.sort_unstable();
        }
        let key = (prim, operands);
        if let Some(&v) = self.known.get(&key) {
            return v;
        }
        let v = Value::from_index(self.graph.nodes.len());
        self.graph.nodes.push(Node { prim: key.0.clone(), operands: key.1.clone(), ty });
        self.known.insert(key, v);
        v
    }

    /// The part of the graph that computes `outputs` from `inputs`, as a program.
    ///
    /// `inputs` may be any values, also inner ones: the program then takes them as given.
    ///
    /// # Errors
    /// The first ill-typed call made on this builder, or an input of the graph that `outputs` need and `inputs` lack.
    pub fn program(&self, inputs: &[Value], outputs: &[Value]) -> Result<Program, TypeError> {
        match &self.error {
            Some(error) => Err(error.clone()),
            None => Program::extract(&self.graph, inputs, outputs),
        }
    }
}
