//! What a program is lowered to: steps that read and write storages.

use std::fmt;

use dupin_ir::{DType, Prim, TensorType};

use crate::kernel::contract::Plan;
use crate::kernel::copy::Loops;
use crate::kernel::tape::Tape;
use crate::view::View;

/// Where a storage's elements come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// An input of the program.
    Input(usize),
    /// Known when compiling: the elements as `f64`.
    Constant(Vec<f64>),
    /// Written by a step.
    Step,
}

/// Memory for a tensor.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    pub(crate) dtype: DType,
    pub(crate) len: usize,
    pub(crate) origin: Origin,
}

impl Storage {
    pub(crate) fn bytes(&self) -> usize {
        self.len * self.dtype.size()
    }
}

/// A view of a storage.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) storage: usize,
    pub(crate) view: View,
}

/// A contraction for the engine, in the program's element type.
#[derive(Clone, Debug)]
pub(crate) enum Contract {
    F32(Box<Plan<f32>>),
    F64(Box<Plan<f64>>),
}

impl Contract {
    /// This contraction and another of its left operand, where they have work in common.
    pub(crate) fn with_beside(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::F32(p), Self::F32(q)) => Some(Self::F32(Box::new(p.with_beside(q)?))),
            (Self::F64(p), Self::F64(q)) => Some(Self::F64(Box::new(p.with_beside(q)?))),
            _ => None,
        }
    }

    /// This contraction summed with another of the same result, where they have work in common.
    pub(crate) fn with_addend(&self, addend: &Self) -> Option<Self> {
        match (self, addend) {
            (Self::F32(p), Self::F32(q)) => Some(Self::F32(Box::new(p.with_addend(q)?))),
            (Self::F64(p), Self::F64(q)) => Some(Self::F64(Box::new(p.with_addend(q)?))),
            _ => None,
        }
    }

    /// Operands: of a sum this contraction's, then the other's.
    pub(crate) fn operands(&self) -> usize {
        match self {
            Self::F32(p) => 2 * p.terms(),
            Self::F64(p) => 2 * p.terms(),
        }
    }

    /// Floating-point operations.
    pub(crate) fn flop(&self) -> f64 {
        match self {
            Self::F32(p) => p.flop(),
            Self::F64(p) => p.flop(),
        }
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F32(p) => p.fmt(f),
            Self::F64(p) => p.fmt(f),
        }
    }
}

/// A copy before its loops are made: element `i` of `from` goes to element `i` of `to`, a view of the step's result.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) from: View,
    pub(crate) to: View,
}

impl Part {
    /// The loops of the copy.
    pub(crate) fn loops(&self) -> Loops {
        let side = |v: &View| (v.offset, v.axes.clone());
        let (from, to) = (side(&self.from), side(&self.to));
        Loops::new((from.0, &from.1), (to.0, &to.1)).expect("each axis of the target is a single run, which every cut divides")
    }
}

/// What a step does. Operands are `Step::reads` in order, results `Step::writes`.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// A fused elementwise kernel; writes its results, then its sinks' results.
    Fused(Box<Tape>),
    /// Sum of contractions into one result; reads the operands of each. One beside the first reads its left operand, and a right operand that is the
    /// step's last, and writes a second result.
    Contract(Vec<Contract>),
    /// Copies of parts, one operand each; what they leave out is `fill`.
    Copy { parts: Vec<Loops>, fill: Option<f64> },
    /// Sum over the middle of `[outer, reduced, inner]`, where `inner` is large.
    Columns { outer: usize, reduced: usize, inner: usize },
    /// A primitive with a kernel of its own, on contiguous operands that begin at `offsets`.
    Kernel { prim: Prim, types: Vec<TensorType>, out: TensorType, offsets: Vec<usize> },
    /// A primitive by its reference rule, in `f64`.
    Reference { prim: Prim, types: Vec<TensorType>, out: TensorType, offsets: Vec<usize> },
}

/// One step.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) work: Work,
    /// Storages read.
    pub(crate) reads: Vec<usize>,
    /// Storages written, each by this step alone.
    pub(crate) writes: Vec<usize>,
}

/// A result of the program.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) storage: usize,
    pub(crate) ty: TensorType,
}

/// A lowered program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lowered {
    pub(crate) storages: Vec<Storage>,
    pub(crate) steps: Vec<Step>,
    pub(crate) outputs: Vec<Output>,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fused(tape) => {
                let (ops, sinks) = (tape.ops.len(), tape.sinks.len());
                write!(
                    f,
                    "fused[{}] {} operands, {ops} operations, {} results, {sinks} sums",
                    tape.len,
                    tape.loads.len(),
                    tape.outs.len()
                )
            }
            Self::Contract(terms) => {
                let names: Vec<String> = terms.iter().map(ToString::to_string).collect();
                let same = names.iter().all(|n| *n == names[0]);
                if same && names.len() > 1 {
                    write!(f, "{} x {}", names.len(), names[0])
                } else {
                    f.write_str(&names.join(" + "))
                }
            }
            Self::Copy { parts, fill } => {
                write!(f, "copy, {} parts{}", parts.len(), if fill.is_some() { ", filled" } else { "" })
            }
            Self::Columns { outer, reduced, inner } => write!(f, "columns [{outer}, {reduced}, {inner}]"),
            Self::Kernel { prim, out, .. } => write!(f, "{} {out}", prim.rules().name()),
            Self::Reference { prim, out, .. } => write!(f, "{} {out} by the reference rule", prim.rules().name()),
        }
    }
}
