//! `scatter_add`: adds rows into a table of zeros at given indices. Linear in the rows, the transpose of [`super::Take`].
//!
//! Operands: rows `[indices..., ...]`, indices `i32`; result `[rows, ...]`. An index out of range is clamped, as `take` does.
//!
//! C1: the table has at least one row. C2: indices are `i32`. C3: the leading axes of the rows are those of the indices.

use super::take::clamp_row;
use super::{Broken, Operand, Primitive, Sample, arity, batch_operands, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, join};
use crate::types::{DType, TensorType};

/// Sums rows by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScatterAdd {
    /// Rows of the table.
    pub rows: usize,
}

impl Primitive for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [updates, indices] = arity(x)?;
        require(self.rows > 0, "C1")?;
        require(indices.dtype == DType::I32, "C2")?;
        require(updates.shape.starts_with(&indices.shape), "C3")?;
        Ok(updates.with_shape([&[self.rows], &updates.shape[indices.rank()..]].concat()))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let mut y = Array::zeros(out);
        x[0].ty.for_each_index(|i| {
            let (at, rest) = i.split_at(x[1].ty.rank());
            let mut to = vec![clamp_row(x[1].at(at), self.rows)];
            to.extend(rest);
            *y.at_mut(&to) += x[0].at(i);
        });
        y
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.push(*self, &[d, x[1]]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        vec![x[0].linear().map(|_| b.take(ct, x[1].value())), None]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        // One table of k·rows rows: indices move by whole tables.
        let operands = batch_operands(b, x);
        let indices = b.ty(operands[1]).clone();
        let k = indices.shape[0];
        let probe = b.iota(indices.clone(), 0);
        let base = b.scale(probe, self.rows as f64);
        let (low, high) = (b.splat(&indices, 0.0), b.splat(&indices, self.rows as f64 - 1.0));
        let clamped = b.max(operands[1], low);
        let clamped = b.min(clamped, high);
        let moved = b.add(clamped, base);
        let table = b.push(Self { rows: k * self.rows }, &[operands[0], moved]);
        let shape = [&[k, self.rows], &b.ty(table).shape[1..]].concat();
        b.reshape(table, &shape)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().int("rows", self.rows as i64)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        // A scatter drops what is out of range, a gather clamps it: this is the gather's transpose.
        let scalar = TensorType::scalar(DType::I32);
        let (first, last) = (w.constant("0", &scalar), w.constant(&(self.rows - 1).to_string(), &scalar));
        let indices = w.op("clamp", &[&first, &x[1], &last], "", x[1].ty.clone());
        let at = x[1].ty.shape.len();
        let window: Vec<usize> = (at..x[0].ty.shape.len()).collect();
        let zeros = w.literal(&[0.0], out);
        let attrs = format!(
            "scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [{}], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], \
             index_vector_dim = {at}>, indices_are_sorted = false, unique_indices = false",
            join(&window)
        );
        w.combining("scatter", "add", &[&zeros, &indices, &x[0]], &attrs, out)
    }
    fn flop(&self, x: &[&TensorType], _: &TensorType) -> u64 {
        x[0].len() as u64
    }
}

impl ScatterAdd {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "scatter_add").then_some(())?;
        Some(Self { rows: a.get_int("rows")? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        vec![
            Sample::legal("rows", Self { rows: 5 }, &[&[2, 4, 3], &[2, 4]]).typed(1, DType::I32, 5),
            Sample::legal("repeated", Self { rows: 2 }, &[&[6], &[6]]).typed(1, DType::I32, 2),
            Sample::illegal("C1", Self { rows: 0 }, &[&[2], &[2]]).typed(1, DType::I32, 1),
            Sample::illegal("C2", Self { rows: 2 }, &[&[2], &[2]]),
            Sample::illegal("C3", Self { rows: 2 }, &[&[3], &[2]]).typed(1, DType::I32, 1),
        ]
    }
}
