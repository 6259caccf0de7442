//! Named operations on the builder: the primitives, and the small compositions that everyone needs.

use crate::builder::Builder;
use crate::graph::Value;
use crate::prim::{
    Activation, AllReduce, Argmax, Binary, BinaryOp, BroadcastInDim, Compare, CompareOp, Concatenate, Constant, Convert,
    DotGeneral, Iota, Pad, ReduceMax, ReduceSum, Reshape, Reverse, Select, Slice, StopGradient, Take, Transpose, Unary, UnaryOp,
};
use crate::types::{DType, TensorType};

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident => $op:ident),* $(,)?) => { impl Builder {
        $($(#[$doc])* #[track_caller] pub fn $name(&mut self, x: Value) -> Value { self.push(Unary(UnaryOp::$op), &[x]) })*
    } };
}

unary! {
    /// `-x`.
    neg => Negate,
    /// `e^x`.
    exp => Exponential,
    /// Natural logarithm.
    log => Log,
    /// `log(1 + x)`.
    log1p => LogPlusOne,
    /// `√x`.
    sqrt => Sqrt,
    /// `1/√x`.
    rsqrt => Rsqrt,
    /// Hyperbolic tangent.
    tanh => Tanh,
    /// `1 / (1 + e^-x)`.
    logistic => Logistic,
    /// Error function.
    erf => Erf,
    /// `|x|`.
    abs => Abs,
    /// -1, 0 or 1.
    sign => Sign,
    /// Sine.
    sin => Sine,
    /// Cosine.
    cos => Cosine,
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident => $op:ident),* $(,)?) => { impl Builder {
        $($(#[$doc])* #[track_caller] pub fn $name(&mut self, x: Value, y: Value) -> Value { self.push(Binary(BinaryOp::$op), &[x, y]) })*
    } };
}

binary! {
    /// `x + y`, equal shapes.
    add => Add,
    /// `x - y`, equal shapes.
    sub => Subtract,
    /// `x · y` elementwise, equal shapes.
    mul => Multiply,
    /// `x / y`, equal shapes.
    div => Divide,
    /// Larger of the two.
    max => Maximum,
    /// Smaller of the two.
    min => Minimum,
    /// `x^y`, `x > 0` where a derivative is taken.
    pow => Power,
}

impl Builder {
    /// `x` summed over the replicas that run the program; `x` itself where there is one.
    #[track_caller]
    pub fn all_reduce(&mut self, x: Value) -> Value {
        self.push(AllReduce, &[x])
    }

    /// A tensor whose elements are all `value`.
    pub fn splat(&mut self, ty: &TensorType, value: f64) -> Value {
        self.push(Constant::splat(ty.clone(), value), &[])
    }

    /// A tensor of the type of `x` whose elements are all `value`.
    pub fn splat_like(&mut self, x: Value, value: f64) -> Value {
        let ty = self.ty(x).clone();
        self.splat(&ty, value)
    }

    /// A constant scalar.
    pub fn scalar(&mut self, dtype: DType, value: f64) -> Value {
        self.splat(&TensorType::scalar(dtype), value)
    }

    /// A constant from its elements, rounded to the type.
    #[track_caller]
    pub fn constant(&mut self, ty: &TensorType, values: &[f64]) -> Value {
        self.push(Constant::dense(ty.clone(), values), &[])
    }

    /// Position along `axis`, as elements of `ty`.
    #[track_caller]
    pub fn iota(&mut self, ty: TensorType, axis: usize) -> Value {
        self.push(Iota { ty, axis }, &[])
    }

    /// `factor · x`.
    #[track_caller]
    pub fn scale(&mut self, x: Value, factor: f64) -> Value {
        let c = self.splat_like(x, factor);
        self.mul(x, c)
    }

    /// `x + shift`.
    #[track_caller]
    pub fn shift(&mut self, x: Value, shift: f64) -> Value {
        let c = self.splat_like(x, shift);
        self.add(x, c)
    }

    /// `1/x`.
    #[track_caller]
    pub fn recip(&mut self, x: Value) -> Value {
        let one = self.splat_like(x, 1.0);
        self.div(one, x)
    }

    /// `x²`.
    #[track_caller]
    pub fn square(&mut self, x: Value) -> Value {
        self.mul(x, x)
    }

    /// `1 - x²`.
    #[track_caller]
    pub fn one_minus_square(&mut self, x: Value) -> Value {
        let (one, square) = (self.splat_like(x, 1.0), self.square(x));
        self.sub(one, square)
    }

    /// A scalar times a tensor of any shape.
    #[track_caller]
    pub fn scale_by(&mut self, x: Value, scalar: Value) -> Value {
        let shape = self.ty(x).shape.clone();
        let s = self.broadcast(scalar, &shape, &[]);
        self.mul(x, s)
    }

    /// `φ^(order)` of an activation.
    #[track_caller]
    pub fn activation(&mut self, kind: crate::prim::activation::Kind, order: u8, x: Value) -> Value {
        self.push(Activation { kind, order }, &[x])
    }

    /// Elementwise comparison.
    #[track_caller]
    pub fn compare(&mut self, op: CompareOp, x: Value, y: Value) -> Value {
        self.push(Compare(op), &[x, y])
    }

    /// `yes` where `condition` holds, else `no`.
    #[track_caller]
    pub fn select(&mut self, condition: Value, yes: Value, no: Value) -> Value {
        self.push(Select, &[condition, yes, no])
    }

    /// Elements converted to another type.
    #[track_caller]
    pub fn convert(&mut self, x: Value, dtype: DType) -> Value {
        self.push(Convert { dtype }, &[x])
    }

    /// `x`, a constant to every derivative.
    #[track_caller]
    pub fn stop_gradient(&mut self, x: Value) -> Value {
        self.push(StopGradient, &[x])
    }

    /// StableHLO's `broadcast_in_dim`: axis `i` of `x` becomes axis `dims[i]` of `shape`.
    #[track_caller]
    pub fn broadcast(&mut self, x: Value, shape: &[usize], dims: &[usize]) -> Value {
        self.push(BroadcastInDim { shape: shape.to_vec(), dims: dims.to_vec() }, &[x])
    }

    /// `x` repeated along a new leading axis.
    #[track_caller]
    pub fn broadcast_leading(&mut self, x: Value, k: usize) -> Value {
        let ty = self.ty(x).batched(k);
        let dims: Vec<usize> = (1..ty.rank()).collect();
        self.broadcast(x, &ty.shape, &dims)
    }

    /// The same elements in row-major order under another shape.
    #[track_caller]
    pub fn reshape(&mut self, x: Value, shape: &[usize]) -> Value {
        self.push(Reshape { shape: shape.to_vec() }, &[x])
    }

    /// Axis `i` of the result is axis `permutation[i]` of `x`.
    #[track_caller]
    pub fn transpose(&mut self, x: Value, permutation: &[usize]) -> Value {
        self.push(Transpose { permutation: permutation.to_vec() }, &[x])
    }

    /// Elements `start[i]..limit[i]` in steps of `strides[i]`.
    #[track_caller]
    pub fn slice(&mut self, x: Value, start: &[usize], limit: &[usize], strides: &[usize]) -> Value {
        self.push(Slice { start: start.to_vec(), limit: limit.to_vec(), strides: strides.to_vec() }, &[x])
    }

    /// Elements `start..limit` along one axis.
    #[track_caller]
    pub fn slice_axis(&mut self, x: Value, axis: usize, start: usize, limit: usize) -> Value {
        let shape = self.ty(x).shape.clone();
        let (mut from, mut to) = (vec![0; shape.len()], shape.clone());
        if axis < shape.len() {
            (from[axis], to[axis]) = (start, limit);
        }
        self.slice(x, &from, &to, &vec![1; shape.len()])
    }

    /// Zeros (or `value`) around and between elements; negative edges crop.
    #[track_caller]
    pub fn pad(&mut self, x: Value, value: f64, low: &[i64], high: &[i64], interior: &[usize]) -> Value {
        self.push(Pad::new(value, low, high, interior), &[x])
    }

    /// Operands one after another along `axis`.
    #[track_caller]
    pub fn concatenate(&mut self, xs: &[Value], axis: usize) -> Value {
        self.push(Concatenate { axis }, xs)
    }

    /// Order of elements reversed along `axes`.
    #[track_caller]
    pub fn reverse(&mut self, x: Value, axes: &[usize]) -> Value {
        self.push(Reverse { axes: axes.to_vec() }, &[x])
    }

    /// Sum over `axes`, which are dropped.
    #[track_caller]
    pub fn reduce_sum(&mut self, x: Value, axes: &[usize]) -> Value {
        self.push(ReduceSum { axes: axes.to_vec() }, &[x])
    }

    /// Largest element over `axes`, which are dropped.
    #[track_caller]
    pub fn reduce_max(&mut self, x: Value, axes: &[usize]) -> Value {
        self.push(ReduceMax { axes: axes.to_vec() }, &[x])
    }

    /// Sum of all elements.
    #[track_caller]
    pub fn sum(&mut self, x: Value) -> Value {
        let axes: Vec<usize> = (0..self.ty(x).rank()).collect();
        self.reduce_sum(x, &axes)
    }

    /// `Σ x·y` over all elements.
    #[track_caller]
    pub fn inner(&mut self, x: Value, y: Value) -> Value {
        let p = self.mul(x, y);
        self.sum(p)
    }

    /// Inner product of two lists of tensors, as one scalar.
    ///
    /// # Panics
    /// If the lists are empty or differ in length.
    #[track_caller]
    pub fn inner_all(&mut self, xs: &[Value], ys: &[Value]) -> Value {
        assert!(!xs.is_empty() && xs.len() == ys.len(), "inner_all needs two lists of equal length");
        let terms: Vec<Value> = xs.iter().zip(ys).map(|(&x, &y)| self.inner(x, y)).collect();
        terms.into_iter().reduce(|a, t| self.add(a, t)).expect("the lists are not empty")
    }

    /// Position of the largest element along `axis` (the first of equals), as `i32`.
    #[track_caller]
    pub fn argmax(&mut self, x: Value, axis: usize) -> Value {
        self.push(Argmax { axis }, &[x])
    }

    /// StableHLO's `dot_general`: axes of the result are batch, free of `x`, free of `y`.
    #[track_caller]
    pub fn dot_general(&mut self, x: Value, y: Value, dims: DotGeneral) -> Value {
        self.push(dims, &[x, y])
    }

    /// `[m, k] · [k, n]`.
    #[track_caller]
    pub fn matmul(&mut self, x: Value, y: Value) -> Value {
        self.dot_general(x, y, DotGeneral::contracting(1, 0))
    }

    /// Rows of `table: [rows, ...]` at `indices` (`i32`, any shape), as `[indices..., ...]`.
    #[track_caller]
    pub fn take(&mut self, table: Value, indices: Value) -> Value {
        self.push(Take, &[table, indices])
    }
}
