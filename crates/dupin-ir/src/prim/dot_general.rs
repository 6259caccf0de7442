//! `dot_general`: products summed over contracting axes, for each index of the batching axes. Bilinear.
//!
//! Axes of the result: batching (in listed order), free of `lhs`, free of `rhs` (each ascending).
//!
//! C1: lists of the two sides have equal length. C2: axes exist, none twice on a side. C3: paired extents agree.
//! C4: both operands have one float type.

use super::transpose::inverse;
use super::{Broken, Operand, Primitive, Sample, arity, batch_size, require, shifted, with_leading};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Writer, join};
use crate::types::{DType, TensorType};

/// Which axes are paired, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DotGeneral {
    /// Batching axes of the left operand.
    pub lhs_batch: Vec<usize>,
    /// Batching axes of the right operand.
    pub rhs_batch: Vec<usize>,
    /// Contracting axes of the left operand.
    pub lhs_contracting: Vec<usize>,
    /// Contracting axes of the right operand.
    pub rhs_contracting: Vec<usize>,
}

impl DotGeneral {
    /// One contracting axis on each side, no batching axes.
    pub fn contracting(lhs: usize, rhs: usize) -> Self {
        Self { lhs_contracting: vec![lhs], rhs_contracting: vec![rhs], ..Self::default() }
    }

    /// Axes of the left operand that are neither batching nor contracting.
    pub fn lhs_free(&self, rank: usize) -> Vec<usize> {
        free(rank, &self.lhs_batch, &self.lhs_contracting)
    }

    /// Axes of the right operand that are neither batching nor contracting.
    pub fn rhs_free(&self, rank: usize) -> Vec<usize> {
        free(rank, &self.rhs_batch, &self.rhs_contracting)
    }

    /// The same product with its operands exchanged; the free axes of the result exchange as well.
    fn exchanged(&self) -> Self {
        Self {
            lhs_batch: self.rhs_batch.clone(),
            rhs_batch: self.lhs_batch.clone(),
            lhs_contracting: self.rhs_contracting.clone(),
            rhs_contracting: self.lhs_contracting.clone(),
        }
    }

    /// Cotangent of the left operand, of rank `rank`.
    fn transpose_lhs(&self, b: &mut Builder, ct: Value, rhs: Value, rank: usize, ct_rhs_first: usize) -> Value {
        let n_batch = self.lhs_batch.len();
        let rhs_rank = b.ty(rhs).rank();
        let rhs_free = self.rhs_free(rhs_rank);
        let dims = Self {
            lhs_batch: (0..n_batch).collect(),
            rhs_batch: self.rhs_batch.clone(),
            lhs_contracting: (ct_rhs_first..ct_rhs_first + rhs_free.len()).collect(),
            rhs_contracting: rhs_free,
        };
        let product = b.dot_general(ct, rhs, dims);
        // Axes of the product as axes of lhs: batching, free, then the contracting ones in the order they have in rhs.
        let mut axes = self.lhs_batch.clone();
        axes.extend(self.lhs_free(rank));
        let mut pairs: Vec<(usize, usize)> = self.rhs_contracting.iter().copied().zip(self.lhs_contracting.iter().copied()).collect();
        pairs.sort_unstable();
        axes.extend(pairs.iter().map(|p| p.1));
        b.transpose(product, &inverse(&axes))
    }
}

fn free(rank: usize, batch: &[usize], contracting: &[usize]) -> Vec<usize> {
    (0..rank).filter(|a| !batch.contains(a) && !contracting.contains(a)).collect()
}

fn distinct_below(rank: usize, a: &[usize], b: &[usize]) -> bool {
    let mut all: Vec<usize> = a.iter().chain(b).copied().collect();
    all.sort_unstable();
    all.windows(2).all(|w| w[0] != w[1]) && all.last().is_none_or(|&l| l < rank)
}

impl Primitive for DotGeneral {
    fn name(&self) -> &'static str {
        "dot_general"
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [lhs, rhs] = arity(x)?;
        require(self.lhs_batch.len() == self.rhs_batch.len() && self.lhs_contracting.len() == self.rhs_contracting.len(), "C1")?;
        require(distinct_below(lhs.rank(), &self.lhs_batch, &self.lhs_contracting), "C2")?;
        require(distinct_below(rhs.rank(), &self.rhs_batch, &self.rhs_contracting), "C2")?;
        let paired = |l: &[usize], r: &[usize]| l.iter().zip(r).all(|(&l, &r)| lhs.shape[l] == rhs.shape[r]);
        require(paired(&self.lhs_batch, &self.rhs_batch) && paired(&self.lhs_contracting, &self.rhs_contracting), "C3")?;
        require(lhs.dtype == rhs.dtype && lhs.dtype.is_float(), "C4")?;
        let mut shape: Vec<usize> = self.lhs_batch.iter().map(|&a| lhs.shape[a]).collect();
        shape.extend(self.lhs_free(lhs.rank()).iter().map(|&a| lhs.shape[a]));
        shape.extend(self.rhs_free(rhs.rank()).iter().map(|&a| rhs.shape[a]));
        Ok(lhs.with_shape(shape))
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let (lhs, rhs) = (x[0], x[1]);
        let (lhs_free, rhs_free) = (self.lhs_free(lhs.ty.rank()), self.rhs_free(rhs.ty.rank()));
        let summed = lhs.ty.with_shape(self.lhs_contracting.iter().map(|&a| lhs.ty.shape[a]).collect::<Vec<_>>());
        Array::from_fn(out, |o| {
            let (batch, rest) = o.split_at(self.lhs_batch.len());
            let (left, right) = rest.split_at(lhs_free.len());
            let (mut l, mut r) = (vec![0; lhs.ty.rank()], vec![0; rhs.ty.rank()]);
            let mut sum = 0.0;
            summed.for_each_index(|k| {
                let place = |to: &mut [usize], axes: &[usize], from: &[usize]| axes.iter().zip(from).for_each(|(&a, &i)| to[a] = i);
                place(&mut l, &self.lhs_batch, batch);
                place(&mut l, &lhs_free, left);
                place(&mut l, &self.lhs_contracting, k);
                place(&mut r, &self.rhs_batch, batch);
                place(&mut r, &rhs_free, right);
                place(&mut r, &self.rhs_contracting, k);
                sum += lhs.at(&l) * rhs.at(&r);
            });
            sum
        })
    }
    fn jvp(&self, b: &mut Builder, x: &[Value], _: Value, dx: &[Option<Value>]) -> Option<Value> {
        let left = dx[0].map(|d| b.push(self.clone(), &[d, x[1]]));
        let right = dx[1].map(|d| b.push(self.clone(), &[x[0], d]));
        match (left, right) {
            (Some(l), Some(r)) => Some(b.add(l, r)),
            (l, r) => l.or(r),
        }
    }
    fn linear_transpose(&self, b: &mut Builder, ct: Value, x: &[Operand]) -> Vec<Option<Value>> {
        if let Some(lhs) = x[0].linear() {
            let first = self.lhs_batch.len() + self.lhs_free(lhs.rank()).len();
            return vec![Some(self.transpose_lhs(b, ct, x[1].value(), lhs.rank(), first)), None];
        }
        let (lhs, rhs) = (x[0].value(), x[1].linear().expect("one operand is linear"));
        // In the result the free axes of the other operand come right after the batching ones.
        let dx = self.exchanged().transpose_lhs(b, ct, lhs, rhs.rank(), self.lhs_batch.len());
        vec![None, Some(dx)]
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let ((lhs, left), (rhs, right)) = (x[0], x[1]);
        let shift = |list: &[usize], is: bool| if is { shifted(list) } else { list.to_vec() };
        let mut dims = Self {
            lhs_batch: shift(&self.lhs_batch, left),
            rhs_batch: shift(&self.rhs_batch, right),
            lhs_contracting: shift(&self.lhs_contracting, left),
            rhs_contracting: shift(&self.rhs_contracting, right),
        };
        if left && right {
            dims.lhs_batch = with_leading(&self.lhs_batch);
            dims.rhs_batch = with_leading(&self.rhs_batch);
            return b.dot_general(lhs, rhs, dims);
        }
        // The new axis is the first free axis of its operand: one bigger product, the axis then moved to the front.
        let n_batch = self.lhs_batch.len();
        let at = if left { n_batch } else { n_batch + self.lhs_free(b.ty(lhs).rank()).len() };
        let product = b.dot_general(lhs, rhs, dims);
        let rank = b.ty(product).rank();
        debug_assert_eq!(b.ty(product).shape[at], batch_size(b, x));
        let permutation: Vec<usize> = std::iter::once(at).chain((0..rank).filter(|&a| a != at)).collect();
        b.transpose(product, &permutation)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none()
            .ints("lhs_batch", &self.lhs_batch)
            .ints("rhs_batch", &self.rhs_batch)
            .ints("lhs_contracting", &self.lhs_contracting)
            .ints("rhs_contracting", &self.rhs_contracting)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let dims = format!(
            "dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [{}], rhs_batching_dimensions = [{}], \
             lhs_contracting_dimensions = [{}], rhs_contracting_dimensions = [{}]>",
            join(&self.lhs_batch),
            join(&self.rhs_batch),
            join(&self.lhs_contracting),
            join(&self.rhs_contracting)
        );
        w.contraction("dot_general", [&x[0], &x[1]], &dims, out)
    }
    fn flop(&self, x: &[&TensorType], out: &TensorType) -> u64 {
        let summed: usize = self.lhs_contracting.iter().map(|&a| x[0].shape[a]).product();
        2 * (out.len() * summed) as u64
    }
}

impl DotGeneral {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        (name == "dot_general").then_some(())?;
        Some(Self {
            lhs_batch: a.get_ints("lhs_batch")?,
            rhs_batch: a.get_ints("rhs_batch")?,
            lhs_contracting: a.get_ints("lhs_contracting")?,
            rhs_contracting: a.get_ints("rhs_contracting")?,
        })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |lb: &[usize], rb: &[usize], lc: &[usize], rc: &[usize]| Self {
            lhs_batch: lb.to_vec(),
            rhs_batch: rb.to_vec(),
            lhs_contracting: lc.to_vec(),
            rhs_contracting: rc.to_vec(),
        };
        vec![
            Sample::legal("matmul", p(&[], &[], &[1], &[0]), &[&[2, 3], &[3, 4]]),
            Sample::legal("nt", p(&[], &[], &[1], &[1]), &[&[2, 3], &[4, 3]]),
            Sample::legal("tn", p(&[], &[], &[0], &[0]), &[&[3, 2], &[3, 4]]),
            Sample::legal("outer", p(&[], &[], &[], &[]), &[&[2], &[3]]),
            Sample::legal("batched", p(&[0], &[0], &[2], &[1]), &[&[2, 3, 4], &[2, 4, 2]]),
            Sample::legal("mixed", p(&[1], &[2], &[3, 0], &[0, 3]), &[&[2, 3, 2, 4], &[4, 2, 3, 2]]),
            Sample::legal("several free", p(&[], &[], &[1], &[1]), &[&[2, 3, 4], &[2, 3]]),
            Sample::illegal("C1", p(&[0], &[], &[1], &[0]), &[&[2, 3], &[3, 4]]),
            Sample::illegal("C2", p(&[], &[], &[2], &[0]), &[&[2, 3], &[3, 4]]),
            Sample::illegal("C3", p(&[], &[], &[1], &[0]), &[&[2, 3], &[2, 4]]),
            Sample::illegal("C4", p(&[], &[], &[1], &[0]), &[&[2, 3], &[3, 4]]).typed(1, DType::I32, 2),
        ]
    }
}
