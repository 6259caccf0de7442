//! Elementary functions, branch-free so that loops over them vectorise. Errors, in units in the last place (ulp), are
//! measured by tests: at most 4, 8 for `Φ` (its polynomial has terms of five times its value), for results that are normal numbers.
//!
//! # Source
//! Argument reduction of `exp` after Cody & Waite (1980); `log` and `log1p` after FreeBSD's msun; the normal distribution through its
//! scaled tail, a polynomial in `(u - 4)/(u + 4)`, so that `Φ`, its density and `erf` share one exponential.

use super::real::{Features, Real};

/// `Σ c_k x^k` by Horner's rule.
#[inline(always)]
pub(super) fn polynomial<T: Real, F: Features>(c: &[T], x: T) -> T {
    let mut sum = c[c.len() - 1];
    for &k in c[..c.len() - 1].iter().rev() {
        sum = sum.fma::<F>(x, k);
    }
    sum
}

/// `x` limited to `low..high`; NaN stays.
#[inline(always)]
pub(super) fn clamp<T: Real>(x: T, low: T, high: T) -> T {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// `n` and `r + r²q(r) = e^r - 1` of `x + low = n·ln 2 + r`.
#[inline(always)]
fn reduce_exp<T: Real, F: Features>(x: T, low: T) -> (T, T) {
    let n = (x * T::of(std::f64::consts::LOG2_E)).round_small();
    let r = (-n).fma::<F>(T::LN2[1], (-n).fma::<F>(T::LN2[0], x) + low);
    (n, (r * r).fma::<F>(polynomial::<T, F>(T::EXP, r), r))
}

/// `e^(x + low)` for a `low` far below `x`.
#[inline(always)]
fn exp_of_sum<T: Real, F: Features>(x: T, low: T) -> T {
    let (n, p) = reduce_exp::<T, F>(clamp(x, T::EXP_RANGE[0], T::EXP_RANGE[1]), low);
    // Two factors, as 2^n itself may be out of range where the result is not.
    let half = (n * T::of(0.5)).round_small();
    (T::of(1.0) + p) * half.power_of_two() * (n - half).power_of_two()
}

/// `e^x`.
#[inline(always)]
pub(super) fn exp<T: Real, F: Features>(x: T) -> T {
    exp_of_sum::<T, F>(x, T::of(0.0))
}

/// `e^x - 1` for `x <= 64`.
#[inline(always)]
pub(super) fn expm1<T: Real, F: Features>(x: T) -> T {
    let (n, p) = reduce_exp::<T, F>(clamp(x, T::of(-64.0), T::of(64.0)), T::of(0.0));
    let scale = n.power_of_two();
    scale.fma::<F>(p, scale - T::of(1.0))
}

/// Natural logarithm.
#[inline(always)]
pub(super) fn log<T: Real, F: Features>(x: T) -> T {
    let zero = T::of(0.0);
    let small = x < T::TINY;
    let lift = T::of(64.0).power_of_two();
    let (m, e) = (if small { x * lift } else { x }).mantissa_exponent();
    let e = if small { e - T::of(64.0) } else { e };
    let f = m - T::of(1.0);
    let s = f / (T::of(2.0) + f);
    let z = s * s;
    let r = z * polynomial::<T, F>(T::LOG, z);
    let half_square = T::of(0.5) * f * f;
    let y = e * T::LN2[0] - ((half_square - (s * (half_square + r) + e * T::LN2[1])) - f);
    let y = if x == zero { -T::INFINITY } else { y };
    let y = if x == T::INFINITY { x } else { y };
    if x >= zero { y } else { T::NAN }
}

/// `log(1 + x)`.
#[inline(always)]
pub(super) fn log1p<T: Real, F: Features>(x: T) -> T {
    let one = T::of(1.0);
    let u = one + x;
    // What rounding 1 + x lost, to first order.
    let lost = if u > T::of(2.0) { one - (u - x) } else { x - (u - one) };
    let y = log::<T, F>(u);
    if u > T::of(0.0) && u < T::INFINITY { y + lost / u } else { y }
}

/// `e^-|x|`, from which everything sigmoid follows without overflow.
#[inline(always)]
pub(super) fn exp_neg_abs<T: Real, F: Features>(x: T) -> T {
    exp::<T, F>(-x.abs())
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(super) fn logistic<T: Real, F: Features>(x: T) -> T {
    let e = exp_neg_abs::<T, F>(x);
    let y = T::of(1.0) / (T::of(1.0) + e);
    if x < T::of(0.0) { e * y } else { y }
}

/// Hyperbolic tangent.
#[inline(always)]
pub(super) fn tanh<T: Real, F: Features>(x: T) -> T {
    let a = clamp(x.abs(), T::of(0.0), T::TANH_ONE);
    let t = expm1::<T, F>(a + a);
    (t / (t + T::of(2.0))).copysign(x)
}

/// `|u|`, held where the density at `u` is 0.
#[inline(always)]
fn held<T: Real>(u: T) -> T {
    let a = u.abs();
    if a > T::NORMAL_ZERO { T::NORMAL_ZERO } else { a }
}

/// `e^(-a²/2)` for an `a` that is [`held`], the square's rounding error made good: without that the error would grow as `a²`.
/// Where one power of two cannot scale it, which is below the normal numbers, it is 0.
#[inline(always)]
fn gaussian_of<T: Real, F: Features>(a: T) -> T {
    let upper = a.upper_half();
    let low = (a - upper) * (a + upper);
    let (n, p) = reduce_exp::<T, F>(T::of(-0.5) * upper * upper, T::of(-0.5) * low);
    let y = (T::of(1.0) + p) * n.power_of_two();
    if n < T::LEAST_EXPONENT { T::of(0.0) } else { y }
}

/// `e^(-x²/2)`.
#[inline(always)]
pub(super) fn gaussian<T: Real, F: Features>(x: T) -> T {
    gaussian_of::<T, F>(held(x))
}

/// `Φ(-a)·e^(a²/2)` for `a >= 0`.
#[inline(always)]
fn tail<T: Real, F: Features>(a: T) -> T {
    let inverse = T::of(1.0) / (a + T::of(4.0));
    polynomial::<T, F>(T::TAIL, (a - T::of(4.0)) * inverse) * inverse
}

/// Normal distribution function `Φ(u)`, density, and `u` held where that is 0.
#[inline(always)]
pub(super) fn normal<T: Real, F: Features>(u: T) -> (T, T, T) {
    let a = held(u);
    let g = gaussian_of::<T, F>(a);
    let lower = g * tail::<T, F>(a);
    let cdf = if u > T::of(0.0) { T::of(1.0) - lower } else { lower };
    (cdf, g * T::of(0.398_942_280_401_432_7), a.copysign(u))
}

/// Error function.
#[inline(always)]
pub(super) fn erf<T: Real, F: Features>(x: T) -> T {
    let one = T::of(1.0);
    // erf is 1 to the last bit long before the clamp.
    let a = clamp(x.abs(), T::of(0.0), T::of(20.0));
    let z = clamp(a * a, T::of(0.0), one);
    let inner = a * polynomial::<T, F>(T::ERF, z);
    let upper = a.upper_half();
    let square_low = (a - upper) * (a + upper);
    let g = exp_of_sum::<T, F>(-(upper * upper), -square_low);
    let outer = one - T::of(2.0) * g * tail::<T, F>(a * T::of(std::f64::consts::SQRT_2));
    (if a < one { inner } else { outer }).copysign(x)
}
