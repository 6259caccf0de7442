//! Activation functions and their derivatives up to order 3, vectorised, several orders from one read of the argument.
//!
//! Each family computes its transcendental parts once per element (for GELU: `Φ(u)` and the density); the orders asked for are
//! short polynomials of the argument and these parts. Where a part underflows to 0 its polynomial factor is kept finite by
//! clamping the argument, so that large arguments give the limit and never `∞·0`. Higher orders are computed element by element in
//! `f64` by [`Base::derivative`].

use dupin_ir::prim::activation::Base;

use super::math::{clamp, exp, exp_neg_abs, expm1, gaussian, log1p, normal};
use super::real::{Features, Real};

/// Orders with a closed form.
pub(crate) const ORDERS: usize = 4;

/// Elements whose parts are held at once: they stay in the first-level cache.
const CHUNK: usize = 128;

/// Results by order; an order that is not asked for is `None`.
pub(crate) type Results<'a, T> = [Option<&'a mut [T]>; ORDERS];

/// The orders asked for, at every `x`.
#[inline(always)]
pub(super) fn activation<T: Real, F: Features>(base: Base, x: &[T], out: &mut Results<'_, T>) {
    let (zero, one, two, three) = (T::of(0.0), T::of(1.0), T::of(2.0), T::of(3.0));
    match base {
        Base::Identity => family(x, out, |x| (x, zero, zero), |_, p| p.0, |_, _| one, |_, _| zero, |_, _| zero),
        Base::Relu => leaky::<T>(x, out, zero),
        Base::LeakyRelu(slope) => leaky::<T>(x, out, T::of(slope.get())),
        Base::SquaredRelu => family(
            x,
            out,
            |x| (if x <= zero { zero } else { x }, if x > zero { two } else { zero }, zero),
            |_, p| p.0 * p.0,
            |_, p| two * p.0,
            |_, p| p.1,
            |_, _| zero,
        ),
        Base::Gelu => beta_gelu::<T, F>(x, out, 1.0),
        Base::BetaGelu(beta) => beta_gelu::<T, F>(x, out, beta.get()),
        Base::GeluTanh => gelu_tanh::<T, F>(x, out),
        Base::Silu => family(
            x,
            out,
            sigmoid::<T, F>,
            |x, p| x * p.0,
            |x, p| finite(x).fma::<F>(p.1, p.0),
            |x, p| finite(x).fma::<F>(-p.1 * p.2, two * p.1),
            |x, p| finite(x).fma::<F>(third::<T, F>(p), -three * p.1 * p.2),
        ),
        Base::Softplus(beta) => {
            let beta = T::of(beta.get());
            let inverse = one / beta;
            // log1p(e^-|u|) is not a part: only order 0 needs it.
            family(
                x,
                out,
                |x| sigmoid::<T, F>(beta * x),
                |x, _| {
                    let above = if x < zero { zero } else { x };
                    above + log1p::<T, F>(exp_neg_abs::<T, F>(beta * x)) * inverse
                },
                |_, p| p.0,
                |_, p| beta * p.1,
                |_, p| -beta * beta * p.1 * p.2,
            );
        }
        Base::Sigmoid => {
            family(x, out, sigmoid::<T, F>, |_, p| p.0, |_, p| p.1, |_, p| -p.1 * p.2, |_, p| third::<T, F>(p));
        }
        // tanh x = 2σ(2x) - 1: the parts are those of the sigmoid at 2x.
        Base::Tanh => family(
            x,
            out,
            |x| {
                let p = sigmoid::<T, F>(x + x);
                (p.0, p.1 * T::of(4.0), p.2)
            },
            |x, _| super::math::tanh::<T, F>(x),
            |_, p| p.1,
            |_, p| -two * p.1 * p.2,
            |_, p| p.1 * (T::of(6.0) * p.2 * p.2 - two),
        ),
        Base::Elu(alpha) => {
            let alpha = T::of(alpha.get());
            family(
                x,
                out,
                |x| (if x > zero { one } else { alpha * exp::<T, F>(x) }, zero, zero),
                |x, _| if x > zero { x } else { alpha * expm1::<T, F>(x) },
                |_, p| p.0,
                move |x, p| if x > zero { zero } else { p.0 },
                move |x, p| if x > zero { zero } else { p.0 },
            );
        }
        Base::Gaussian(height, width) => {
            let (height, inverse) = (T::of(height.get()), T::of(1.0 / width.get()));
            let unit = |x: T| clamp(x * inverse, -T::NORMAL_ZERO, T::NORMAL_ZERO);
            family(
                x,
                out,
                |x| (height * gaussian::<T, F>(x * inverse), unit(x), zero),
                |_, p| p.0,
                |_, p| -p.1 * inverse * p.0,
                |_, p| (p.1 * p.1 - one) * inverse * inverse * p.0,
                |_, p| (three - p.1 * p.1) * p.1 * inverse * inverse * inverse * p.0,
            );
        }
    }
}

/// One order at every `x`, element by element in `f64`.
pub(super) fn by_element<T: Real>(base: Base, order: u8, x: &[T], out: &mut [T]) {
    for (y, x) in out.iter_mut().zip(x) {
        *y = T::of(base.derivative(order, x.wide()));
    }
}

type Parts<T> = (T, T, T);

/// Computes the parts of a chunk, then each order asked for.
#[inline(always)]
fn family<T: Real>(
    x: &[T],
    out: &mut Results<'_, T>,
    parts: impl Fn(T) -> Parts<T>,
    f0: impl Fn(T, Parts<T>) -> T,
    f1: impl Fn(T, Parts<T>) -> T,
    f2: impl Fn(T, Parts<T>) -> T,
    f3: impl Fn(T, Parts<T>) -> T,
) {
    let (mut a, mut b, mut c) = ([T::default(); CHUNK], [T::default(); CHUNK], [T::default(); CHUNK]);
    for (i, x) in x.chunks(CHUNK).enumerate() {
        let n = x.len();
        let (a, b, c) = (&mut a[..n], &mut b[..n], &mut c[..n]);
        for j in 0..n {
            (a[j], b[j], c[j]) = parts(x[j]);
        }
        let at = i * CHUNK;
        each(x, a, b, c, out[0].as_deref_mut(), at, &f0);
        each(x, a, b, c, out[1].as_deref_mut(), at, &f1);
        each(x, a, b, c, out[2].as_deref_mut(), at, &f2);
        each(x, a, b, c, out[3].as_deref_mut(), at, &f3);
    }
}

#[inline(always)]
fn each<T: Real>(x: &[T], a: &[T], b: &[T], c: &[T], out: Option<&mut [T]>, at: usize, f: &impl Fn(T, Parts<T>) -> T) {
    if let Some(out) = out {
        let n = x.len();
        let (a, b, c, out) = (&a[..n], &b[..n], &c[..n], &mut out[at..at + n]);
        for j in 0..n {
            out[j] = f(x[j], (a[j], b[j], c[j]));
        }
    }
}

/// `x` held where every sigmoid part has underflowed beyond it.
#[inline(always)]
fn finite<T: Real>(x: T) -> T {
    clamp(x, T::EXP_RANGE[0], -T::EXP_RANGE[0])
}

/// `σ`, `σ' = σ(1 - σ)` and `2σ - 1 = tanh(x/2)`, each accurate in both tails.
#[inline(always)]
fn sigmoid<T: Real, F: Features>(x: T) -> Parts<T> {
    let one = T::of(1.0);
    let e = exp_neg_abs::<T, F>(x);
    let inverse = one / (one + e);
    let s = if x < T::of(0.0) { e * inverse } else { inverse };
    (s, e * inverse * inverse, ((one - e) * inverse).copysign(x))
}

/// `σ''' = σ'(1 - 6σ')`.
#[inline(always)]
fn third<T: Real, F: Features>(p: Parts<T>) -> T {
    p.1 * (-T::of(6.0)).fma::<F>(p.1, T::of(1.0))
}

#[inline(always)]
fn leaky<T: Real>(x: &[T], out: &mut Results<'_, T>, slope: T) {
    let (zero, one) = (T::of(0.0), T::of(1.0));
    // `x <= 0` is false for NaN, which passes through.
    let value = |x: T| if x <= zero { slope * x } else { x };
    let flat = |x: T| if x <= zero { zero } else { x };
    family(
        x,
        out,
        |x| (if slope == zero { flat(x) } else { value(x) }, if x > zero { one } else { slope }, zero),
        |_, p| p.0,
        |_, p| p.1,
        |_, _| zero,
        |_, _| zero,
    );
}

/// `φ = x·Φ(u)`, `φ' = Φ + u·p`, `φ'' = β(2 - u²)p`, `φ''' = β²(u³ - 4u)p` with `u = βx` and `p` the density at `u`.
#[inline(always)]
fn beta_gelu<T: Real, F: Features>(x: &[T], out: &mut Results<'_, T>, beta: f64) {
    let beta = T::of(beta);
    family(
        x,
        out,
        |x| normal::<T, F>(beta * x),
        |x, p| x * p.0,
        |_, p| p.2.fma::<F>(p.1, p.0),
        |_, p| beta * (-p.2).fma::<F>(p.2, T::of(2.0)) * p.1,
        |_, p| beta * beta * p.2 * p.2.fma::<F>(p.2, T::of(-4.0)) * p.1,
    );
}

/// `φ = x·σ(y)` with `y = 2√(2/π)(x + 0.044715x³)`, by the product and chain rules.
#[inline(always)]
fn gelu_tanh<T: Real, F: Features>(x: &[T], out: &mut Results<'_, T>) {
    const SCALE: f64 = 1.595_769_121_605_730_7; // 2√(2/π)
    const CUBIC: f64 = 0.044_715;
    // Beyond 30 all derivatives of σ(y) have underflowed.
    let held = |x: T| clamp(x, T::of(-30.0), T::of(30.0));
    let inner = move |x: T| T::of(SCALE) * x * (T::of(CUBIC) * x).fma::<F>(x, T::of(1.0));
    let slope = |x: T| T::of(SCALE) * (T::of(3.0 * CUBIC) * x).fma::<F>(x, T::of(1.0));
    let (bend, jerk) = (T::of(6.0 * SCALE * CUBIC), T::of(6.0 * SCALE * CUBIC));
    let s1 = move |x: T, p: Parts<T>| p.1 * slope(x);
    let s2 = move |x: T, p: Parts<T>| p.1 * (bend * x - p.2 * slope(x) * slope(x));
    let s3 = move |x: T, p: Parts<T>| {
        let y = slope(x);
        third::<T, F>(p) * y * y * y - T::of(3.0) * p.1 * p.2 * y * bend * x + p.1 * jerk
    };
    family(
        x,
        out,
        |x| sigmoid::<T, F>(inner(held(x))),
        |x, p| x * p.0,
        |x, p| held(x).fma::<F>(s1(held(x), p), p.0),
        |x, p| held(x).fma::<F>(s2(held(x), p), T::of(2.0) * s1(held(x), p)),
        |x, p| held(x).fma::<F>(s3(held(x), p), T::of(3.0) * s2(held(x), p)),
    );
}
