//! Loops over one tile: each operation of a fused kernel is one of these, compiled once per instruction set and element type.

use dupin_ir::prim::{BinaryOp, CompareOp, UnaryOp};

use super::math;
use super::real::{Features, Real};

/// An element type of any kind, by way of `f64`, which holds every value of each exactly.
pub(crate) trait Scalar: Copy + PartialOrd + Default + Send + Sync + 'static {
    /// The value.
    fn to_f64(self) -> f64;
    /// The value rounded to the type: towards zero and saturating for integers, `!= 0` for truth values.
    fn from_f64(v: f64) -> Self;
}

macro_rules! scalar {
    ($($t:ty),*) => { $(impl Scalar for $t {
        #[inline(always)]
        fn to_f64(self) -> f64 { self as f64 }
        #[inline(always)]
        fn from_f64(v: f64) -> Self { v as Self }
    })* };
}
scalar!(f32, f64, i32, u32);

/// A truth value in memory: 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
#[repr(transparent)]
pub(crate) struct Truth(pub(crate) u8);

impl Scalar for Truth {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self.0)
    }
    #[inline(always)]
    fn from_f64(v: f64) -> Self {
        Self(u8::from(v != 0.0))
    }
}

#[inline(always)]
fn map<T: Copy, U>(x: &[T], y: &mut [U], f: impl Fn(T) -> U) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = f(x);
    }
}

#[inline(always)]
fn zip<T: Copy, U>(a: &[T], b: &[T], y: &mut [U], f: impl Fn(T, T) -> U) {
    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
        *y = f(a, b);
    }
}

/// A unary function of floats.
#[inline(always)]
pub(super) fn unary<T: Real + Scalar, F: Features>(op: UnaryOp, x: &[T], y: &mut [T]) {
    let (zero, one) = (T::of(0.0), T::of(1.0));
    match op {
        UnaryOp::Negate => map(x, y, |x| -x),
        UnaryOp::Exponential => map(x, y, math::exp::<T, F>),
        UnaryOp::Log => map(x, y, math::log::<T, F>),
        UnaryOp::LogPlusOne => map(x, y, math::log1p::<T, F>),
        UnaryOp::Sqrt => map(x, y, T::sqrt),
        UnaryOp::Rsqrt => map(x, y, |x| one / x.sqrt()),
        UnaryOp::Tanh => map(x, y, math::tanh::<T, F>),
        UnaryOp::Logistic => map(x, y, math::logistic::<T, F>),
        UnaryOp::Erf => map(x, y, math::erf::<T, F>),
        UnaryOp::Abs => map(x, y, T::abs),
        UnaryOp::Sign => map(x, y, |x| {
            let s = if x > zero { one } else { x };
            if x < zero { -one } else { s }
        }),
        // Argument reduction of huge angles does not vectorise: the standard library's, in f64.
        UnaryOp::Sine | UnaryOp::Cosine => map(x, y, |x| T::of(op.apply(x.wide()))),
    }
}

/// A binary function of floats.
#[inline(always)]
pub(super) fn binary<T: Real + Scalar>(op: BinaryOp, a: &[T], b: &[T], y: &mut [T]) {
    match op {
        BinaryOp::Add => zip(a, b, y, |a, b| a + b),
        BinaryOp::Subtract => zip(a, b, y, |a, b| a - b),
        BinaryOp::Multiply => zip(a, b, y, |a, b| a * b),
        BinaryOp::Divide => zip(a, b, y, |a, b| a / b),
        // `a` where it is larger or NaN; a NaN in `b` fails the comparison and is taken.
        BinaryOp::Maximum => zip(a, b, y, |a, b| if a > b || is_nan(a) { a } else { b }),
        BinaryOp::Minimum => zip(a, b, y, |a, b| if a < b || is_nan(a) { a } else { b }),
        BinaryOp::Power => zip(a, b, y, |a, b| T::of(op.apply(a.wide(), b.wide()))),
    }
}

#[inline(always)]
#[expect(clippy::eq_op, reason = "false for NaN alone")]
fn is_nan<T: PartialOrd + Copy>(x: T) -> bool {
    !(x == x)
}

/// A binary function of integers: computed in `f64`, wrapped to the type's bits.
#[inline(always)]
pub(super) fn integer_binary<T: Scalar>(op: BinaryOp, a: &[T], b: &[T], y: &mut [T], wrap: impl Fn(i64) -> T) {
    zip(a, b, y, |a, b| wrap(op.apply(a.to_f64(), b.to_f64()) as i64));
}

/// A comparison.
#[inline(always)]
pub(super) fn compare<T: PartialOrd + Copy>(op: CompareOp, a: &[T], b: &[T], y: &mut [Truth]) {
    let truth = |b: bool| Truth(u8::from(b));
    match op {
        CompareOp::Eq => zip(a, b, y, |a, b| truth(a == b)),
        CompareOp::Ne => zip(a, b, y, |a, b| truth(a != b)),
        CompareOp::Lt => zip(a, b, y, |a, b| truth(a < b)),
        CompareOp::Le => zip(a, b, y, |a, b| truth(a <= b)),
        CompareOp::Gt => zip(a, b, y, |a, b| truth(a > b)),
        CompareOp::Ge => zip(a, b, y, |a, b| truth(a >= b)),
    }
}

/// A choice.
#[inline(always)]
pub(super) fn select<T: Copy>(condition: &[Truth], yes: &[T], no: &[T], y: &mut [T]) {
    for (((y, &c), &yes), &no) in y.iter_mut().zip(condition).zip(yes).zip(no) {
        *y = if c.0 != 0 { yes } else { no };
    }
}

/// A conversion.
#[inline(always)]
pub(super) fn convert<T: Scalar, U: Scalar>(x: &[T], y: &mut [U]) {
    map(x, y, |x| U::from_f64(x.to_f64()));
}

/// Accumulators of a sum: enough to keep several vector additions in flight.
const LANES: usize = 32;

/// Sum of at most a tile: `LANES` accumulators of at most `len / LANES` terms each, then a tree, so that the error is at most
/// `(len / LANES + 6)·ε·Σ|x|`. Tiles are summed in `f64` by the caller.
#[inline(always)]
pub(super) fn sum<T: Real>(x: &[T]) -> f64 {
    let mut lanes = [T::default(); LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = *lane + x;
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = *lane + x;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = lanes[i] + lanes[i + width];
        }
        width /= 2;
    }
    lanes[0].wide()
}

/// Larger of the two, NaN if one is.
#[inline(always)]
pub(super) fn larger<T: PartialOrd + Copy>(a: T, b: T) -> T {
    if a > b || is_nan(a) { a } else { b }
}
