//! Truncated Taylor series of one variable: derivatives of any order of the activation functions.
//!
//! A jet holds the coefficients `c_k = f^(k)(x) / k!`. Sums, products and compositions of jets follow the
//! recurrences of Griewank & Walther, "Evaluating Derivatives" (2008), table 13.2: no formula for an `n`-th
//! derivative is written down, so none can be wrong.

/// Highest order plus one.
pub(crate) const ORDERS: usize = 10;

/// Taylor coefficients around a point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jet([f64; ORDERS]);

impl Jet {
    pub(crate) fn constant(c: f64) -> Self {
        let mut out = [0.0; ORDERS];
        out[0] = c;
        Self(out)
    }

    /// The identity at `x`.
    pub(crate) fn variable(x: f64) -> Self {
        let mut out = Self::constant(x);
        out.0[1] = 1.0;
        out
    }

    /// `f^(order)(x)`.
    pub(crate) fn derivative(&self, order: usize) -> f64 {
        (1..=order).fold(self.0[order], |c, k| c * k as f64)
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] + other.0[k]))
    }

    pub(crate) fn scale(&self, c: f64) -> Self {
        Self(self.0.map(|v| c * v))
    }

    pub(crate) fn mul(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|k| (0..=k).map(|j| self.0[j] * other.0[k - j]).sum()))
    }

    /// `f(u)` from its value and the jet of `f'(u)`: `k·y_k = Σ_j j·u_j·(f')_{k-j}`.
    fn chain(&self, value: f64, slope: &Self) -> Self {
        let mut y = Self::constant(value);
        for k in 1..ORDERS {
            y.0[k] = (1..=k).map(|j| j as f64 * self.0[j] * slope.0[k - j]).sum::<f64>() / k as f64;
        }
        y
    }

    /// `f(u)` where `f' = slope(f)` is a polynomial of the value itself, found order by order.
    fn autonomous(&self, value: f64, slope: impl Fn(&Self) -> Self) -> Self {
        let mut y = Self::constant(value);
        for k in 1..ORDERS {
            // The slope's coefficients below k depend on y's coefficients below k only.
            let s = slope(&y);
            y.0[k] = (1..=k).map(|j| j as f64 * self.0[j] * s.0[k - j]).sum::<f64>() / k as f64;
        }
        y
    }

    pub(crate) fn exp(&self) -> Self {
        self.autonomous(self.0[0].exp(), |y| *y)
    }

    pub(crate) fn tanh(&self) -> Self {
        self.autonomous(self.0[0].tanh(), |y| Self::constant(1.0).add(&y.mul(y).scale(-1.0)))
    }

    pub(crate) fn logistic(&self) -> Self {
        let x = self.0[0];
        // e^x/(1+e^x) for negative x: 1/(1+e^-x) would overflow inside and lose nothing outside, this keeps tiny values exact.
        let value = if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) };
        self.autonomous(value, |y| y.add(&y.mul(y).scale(-1.0)))
    }

    /// `log(1 + e^u)`, without overflow.
    pub(crate) fn softplus(&self) -> Self {
        let x = self.0[0];
        self.chain(x.max(0.0) + (-x.abs()).exp().ln_1p(), &self.logistic())
    }

    /// Normal density `e^(-u²/2) / √(2π)`.
    pub(crate) fn normal_density(&self) -> Self {
        self.mul(self).scale(-0.5).exp().scale(0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2)
    }

    /// Normal distribution function `Φ(u)`; `erfc` keeps the lower tail accurate.
    pub(crate) fn normal_cdf(&self) -> Self {
        let value = 0.5 * libm::erfc(-self.0[0] * std::f64::consts::FRAC_1_SQRT_2);
        self.chain(value, &self.normal_density())
    }
}
