//! `take`: rows of a table at given indices (an embedding). Linear in the table. StableHLO's `gather` along axis 0.
//!
//! Operands: table `[rows, ...]`, indices `i32` of any shape; result `[indices..., ...]`. An index out of range is clamped, as in StableHLO.
//!
//! C1: the table has a row axis of positive extent. C2: indices are `i32`.

use super::{Broken, Operand, Primitive, Sample, ScatterAdd, arity, batch_size, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, ints, join};
use crate::types::{DType, TensorType};

/// Rows at indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Take;

/// Nearest row that exists.
pub fn clamp_row(index: f64, rows: usize) -> usize {
    (index as i64).clamp(0, rows as i64 - 1) as usize
}

impl Primitive for Take {
    fn name(&self) -> &'static str {
        "take"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [table, indices] = arity(x)?;
        require(table.rank() > 0 && table.shape[0] > 0, "C1")?;
        require(indices.dtype == DType::I32, "C2")?;
        Ok(table.with_shape([&indices.shape, &table.shape[1..]].concat()))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        Array::from_fn(out, |i| {
            let (at, rest) = i.split_at(x[1].ty.rank());
            let mut source = vec![clamp_row(x[1].at(at), x[0].ty.shape[0])];
            source.extend(rest);
            x[0].at(&source)
        })
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        dx[0].map(|d| b.take(d, x[1]))
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        vec![x[0].linear().map(|ty| b.push(ScatterAdd { rows: ty.shape[0] }, &[ct, x[1].value()])), None]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        match (x[0].1, x[1].1) {
            (false, _) => b.take(x[0].0, x[1].0),
            (true, false) => {
                // Tables side by side: one take, then the probe axis to the front.
                let rank = b.ty(x[0].0).rank();
                let order: Vec<usize> = [vec![1, 0], (2..rank).collect()].concat();
                let table = b.transpose(x[0].0, &order);
                let at = b.ty(x[1].0).rank();
                let taken = b.take(table, x[1].0);
                let rank = b.ty(taken).rank();
                let front: Vec<usize> = std::iter::once(at).chain((0..rank).filter(|&a| a != at)).collect();
                b.transpose(taken, &front)
            }
            (true, true) => {
                // Tables one after another: indices move by whole tables.
                let k = batch_size(b, x);
                let (table, indices) = (b.ty(x[0].0).clone(), b.ty(x[1].0).clone());
                let rows = table.shape[1];
                let flat = b.reshape(x[0].0, &[&[k * rows], &table.shape[2..]].concat());
                let probe = b.iota(indices.clone(), 0);
                let base = b.scale(probe, rows as f64);
                let (low, high) = (b.splat(&indices, 0.0), b.splat(&indices, rows as f64 - 1.0));
                let clamped = b.max(x[1].0, low);
                let clamped = b.min(clamped, high);
                let moved = b.add(clamped, base);
                b.take(flat, moved)
            }
        }
    }
    fn attrs(&self) -> Attrs {
        Attrs::none()
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let (rank, at) = (x[0].ty.shape.len(), x[1].ty.shape.len());
        let offset: Vec<usize> = (at..at + rank - 1).collect();
        let sizes: Vec<usize> = std::iter::once(1).chain(x[0].ty.shape[1..].iter().copied()).collect();
        let attrs = format!(
            "dimension_numbers = #stablehlo.gather<offset_dims = [{}], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = {at}>, \
             slice_sizes = {}, indices_are_sorted = false",
            join(&offset),
            ints(&sizes)
        );
        w.op("gather", &[&x[0], &x[1]], &attrs, out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Take {
    pub(crate) fn parse(name: &str, _: &Attrs) -> Option<Self> {
        (name == "take").then_some(Self)
    }
    pub(crate) fn samples() -> Vec<Sample> {
        vec![
            Sample::legal("rows", Self, &[&[5, 3], &[2, 4]]).typed(1, DType::I32, 5),
            Sample::legal("out of range", Self, &[&[2], &[6]]).typed(1, DType::I32, 4),
            Sample::illegal("C1", Self, &[&[], &[2]]).typed(1, DType::I32, 1),
            Sample::illegal("C2", Self, &[&[3], &[2]]),
        ]
    }
}
