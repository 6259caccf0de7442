//! Quantiles of Student's t distribution, for intervals from few samples.

/// The `t` for which a Student variable with `degrees` degrees of freedom lies in `[−t, t]` with probability `confidence`.
///
/// With few samples this is far above the normal quantile: at 95 % it is 12.7 for one degree, 2.09 for 19, and 1.96 in the
/// limit. It solves `P(|T| > t) = I_x(ν/2, 1/2) = 1 − confidence` at `x = ν/(ν + t²)`, where `I` is the regularized
/// incomplete beta function, by bisection.
///
/// Returns 0 for a confidence of 0 or less and infinity for 1 or more, or for no degrees of freedom.
///
/// # Source
/// Abramowitz & Stegun (1964), 26.7.1 and 26.5.8.
///
/// # Examples
/// ```
/// // One degree of freedom is the Cauchy distribution: t = tan(π · confidence / 2).
/// let t = dupin_linop::student_t_quantile(0.5, 1);
/// assert!((t - 1.0).abs() < 1e-14);
/// ```
pub fn student_t_quantile(confidence: f64, degrees: usize) -> f64 {
    if confidence <= 0.0 {
        return 0.0;
    }
    if degrees == 0 || confidence >= 1.0 || confidence.is_nan() {
        return f64::INFINITY;
    }
    let nu = degrees as f64;
    let exceeds = |t: f64| two_sided_tail(t, nu) < 1.0 - confidence;
    let mut upper = 1.0;
    while !exceeds(upper) {
        upper *= 2.0; // the tail is 0 before t² overflows
    }
    let mut lower = if upper == 1.0 { 0.0 } else { upper / 2.0 };
    loop {
        let middle = f64::midpoint(lower, upper);
        if middle <= lower || middle >= upper || upper - lower <= f64::EPSILON * upper {
            return middle;
        }
        *(if exceeds(middle) { &mut upper } else { &mut lower }) = middle;
    }
}

/// `P(|T| > t)` for `nu` degrees of freedom.
fn two_sided_tail(t: f64, nu: f64) -> f64 {
    let t2 = t * t;
    if t2.is_infinite() {
        return 0.0;
    }
    incomplete_beta(0.5 * nu, 0.5, nu / (nu + t2), t2 / (nu + t2))
}

/// `I_x(a, b)`, with `1 − x` given as `y` so that neither end loses digits.
fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x == 0.0 || y == 0.0 {
        return if x == 0.0 { 0.0 } else { 1.0 };
    }
    // The fraction converges fast below the mean of the distribution; above it the mirrored one does.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, y, x);
    }
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let front = (a * ln_from_complement(x, y) + b * ln_from_complement(y, x) - log_beta).exp() / a;
    // The continued fraction, by the modified Lentz method.
    let nonzero = |z: f64| if z.abs() < 1e-300 { 1e-300 } else { z };
    let (mut c, mut d) = (1.0, 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..100_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for coefficient in [even, odd] {
            d = 1.0 / nonzero(1.0 + coefficient * d);
            c = nonzero(1.0 + coefficient / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    front * fraction
}

/// `ln x`, where `y = 1 − x` is the accurate one of the two if `x` is near 1.
fn ln_from_complement(x: f64, y: f64) -> f64 {
    if y < 0.5 { libm::log1p(-y) } else { libm::log(x) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    /// Probability of `[−t, t]` by the finite sums of Abramowitz & Stegun 26.7.3 and 26.7.4: another road to the same number.
    fn central_probability(t: f64, nu: usize) -> f64 {
        let theta = (t / (nu as f64).sqrt()).atan();
        let (sin, cos) = theta.sin_cos();
        if nu.is_multiple_of(2) {
            let (mut term, mut sum) = (1.0, 1.0);
            for k in (2..nu).step_by(2) {
                term *= cos * cos * (k - 1) as f64 / k as f64;
                sum += term;
            }
            sin * sum
        } else {
            let (mut term, mut sum) = (cos, if nu > 1 { cos } else { 0.0 });
            for k in (3..nu).step_by(2) {
                term *= cos * cos * (k - 1) as f64 / k as f64;
                sum += term;
            }
            (theta + sin * sum) * 2.0 / PI
        }
    }

    /// Both sums lose about `ν·ε` and the logarithms of Γ about `ν ln ν·ε`; the tail is compared relative to itself.
    #[test]
    fn quantiles_have_their_probability() {
        for nu in [1, 2, 3, 4, 5, 9, 10, 19, 31, 100, 999, 5000] {
            for confidence in [0.01, 0.5, 0.6827, 0.9, 0.95, 0.99, 0.999] {
                let t = student_t_quantile(confidence, nu);
                let error = (central_probability(t, nu) - confidence).abs();
                let tolerance = 8.0 * f64::EPSILON * (nu as f64 * (nu as f64 + 2.0).ln() + 8.0);
                assert!(error < tolerance, "{nu} degrees at {confidence}: t = {t}, off by {error:e}");
            }
        }
    }

    #[test]
    fn closed_forms_of_one_and_two_degrees() {
        for confidence in [1e-6, 0.1, 0.95, 0.9999] {
            let cauchy = (0.5 * PI * confidence).tan();
            assert!((student_t_quantile(confidence, 1) / cauchy - 1.0).abs() < 1e-10);
            let two = confidence * (2.0 / (1.0 - confidence * confidence)).sqrt();
            assert!((student_t_quantile(confidence, 2) / two - 1.0).abs() < 1e-10);
        }
    }

    /// The quantile exceeds the normal one, `z`, by `(z³ + z)/4ν` to first order (A&S 26.7.5).
    #[test]
    fn many_degrees_approach_the_normal() {
        let (z, nu) = (1.959963984540054_f64, 1_000_000);
        assert!((libm::erf(z / 2_f64.sqrt()) - 0.95).abs() < 1e-15);
        let expected = z + (z.powi(3) + z) / (4.0 * f64::from(nu));
        assert!((student_t_quantile(0.95, nu as usize) - expected).abs() < 1e-8);
    }

    #[test]
    fn the_ends_are_not_numbers_to_divide_by() {
        assert_eq!(student_t_quantile(0.95, 0), f64::INFINITY);
        assert_eq!(student_t_quantile(1.0, 5), f64::INFINITY);
        assert_eq!(student_t_quantile(0.0, 5), 0.0);
        assert_eq!(student_t_quantile(f64::NAN, 5), f64::INFINITY);
        assert!(student_t_quantile(1.0 - 1e-15, 1) > 1e14);
    }
}
