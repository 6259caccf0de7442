//! Measures the errors of the vectorised functions, with and without fused multiply-add.

use dupin_ir::prim::activation::{Base, Kind};

use super::activation::{ORDERS, activation};
use super::math;
use super::real::{Features, Real};

struct Fused;
impl Features for Fused {
    const FMA: bool = true;
}

struct Separate;
impl Features for Separate {
    const FMA: bool = false;
}

type Narrow = fn(f32) -> f32;
type Wide = fn(f64) -> f64;

/// Distance in units in the last place of `exact` as a number of `T`, whose epsilon and smallest normal number are given.
fn ulps(found: f64, exact: f64, epsilon: f64, tiny: f64) -> f64 {
    if found == exact || (found.is_nan() && exact.is_nan()) {
        return 0.0;
    }
    (found - exact).abs() / (2f64.powf(exact.abs().max(tiny).log2().floor()) * epsilon)
}

/// Every 1009th float between the limits, on both sides of 0.
fn sweep_f32(low: f32, high: f32) -> impl Iterator<Item = f32> {
    (0..u32::MAX / 1009).map(|i| f32::from_bits(i * 1009)).filter(move |x| (low..=high).contains(x))
}

/// Numbers of all magnitudes down to 2^-60, and a grid.
fn sweep_f64(low: f64, high: f64) -> impl Iterator<Item = f64> {
    let grid = (0..200_000).map(move |i| low + (high - low) * (f64::from(i) + 0.377) / 200_000.0);
    let small = (-60..10).flat_map(|e| (0..200).map(move |m| 2f64.powi(e) * (1.0 + f64::from(m) / 200.0))).flat_map(|x| [x, -x]);
    grid.chain(small).filter(move |x| (low..=high).contains(x))
}

fn check<F: Features>(
    name: &str,
    limit: f64,
    range: (f64, f64),
    exact: impl Fn(f64) -> f64,
    f: impl Fn(f32) -> f32,
    g: impl Fn(f64) -> f64,
) {
    let mut worst = (0.0, 0.0);
    for x in sweep_f32(range.0.max(-3e38) as f32, range.1.min(3e38) as f32) {
        let e = exact(f64::from(x));
        if e.abs() > f64::from(f32::MAX) {
            continue;
        }
        let error = ulps(f64::from(f(x)), e, f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE));
        worst = if error > worst.0 || error.is_nan() { (error, f64::from(x)) } else { worst };
    }
    assert!(worst.0 <= limit, "{name} in f32, fused {}: {} ulp at {:e}", F::FMA, worst.0, worst.1);
    let mut worst = (0.0, 0.0);
    for x in sweep_f64(range.0, range.1) {
        let error = ulps(g(x), exact(x), f64::EPSILON, f64::MIN_POSITIVE);
        worst = if error > worst.0 || error.is_nan() { (error, x) } else { worst };
    }
    // The reference itself is off by up to one unit.
    assert!(worst.0 <= limit + 1.0, "{name} in f64, fused {}: {} ulp at {:e}", F::FMA, worst.0, worst.1);
}

fn functions<F: Features>() {
    let both = (-1e4, 1e4);
    check::<F>("exp", 2.0, (-700.0, 700.0), f64::exp, math::exp::<f32, F>, math::exp::<f64, F>);
    check::<F>("expm1", 3.0, (-60.0, 60.0), f64::exp_m1, math::expm1::<f32, F>, math::expm1::<f64, F>);
    check::<F>("log", 1.0, (1e-320, 1e300), f64::ln, math::log::<f32, F>, math::log::<f64, F>);
    check::<F>("log1p", 2.0, (-0.999, 1e30), f64::ln_1p, math::log1p::<f32, F>, math::log1p::<f64, F>);
    check::<F>("tanh", 4.0, both, f64::tanh, math::tanh::<f32, F>, math::tanh::<f64, F>);
    let logistic = |x: f64| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) };
    check::<F>("logistic", 4.0, (-80.0, 1e4), logistic, math::logistic::<f32, F>, math::logistic::<f64, F>);
    check::<F>("erf", 4.0, both, libm::erf, math::erf::<f32, F>, math::erf::<f64, F>);
    let cdf = |x: f64| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
    // In the lower tail the reference is off: its argument x/√2 is rounded, an error of x²/2 units.
    check::<F>("normal", 8.0, (-1.5, 40.0), cdf, |x| math::normal::<f32, F>(x).0, |x| math::normal::<f64, F>(x).0);
    check::<F>("gaussian", 3.0, (-1.0, 1.0), |x| (-0.5 * x * x).exp(), math::gaussian::<f32, F>, math::gaussian::<f64, F>);
}

#[test]
fn functions_are_within_their_stated_errors() {
    functions::<Fused>();
    functions::<Separate>();
}

#[test]
fn special_values_are_kept() {
    fn each<T: Real + PartialEq + std::fmt::Debug>() {
        let (inf, nan) = (T::INFINITY, T::NAN);
        let (zero, one) = (T::of(0.0), T::of(1.0));
        assert_eq!([math::exp::<T, Fused>(-inf), math::exp::<T, Fused>(inf), math::exp::<T, Fused>(zero)], [zero, inf, one]);
        assert_eq!([math::log::<T, Fused>(zero), math::log::<T, Fused>(inf), math::log::<T, Fused>(one)], [-inf, inf, zero]);
        assert_eq!([math::log1p::<T, Fused>(-one), math::log1p::<T, Fused>(inf)], [-inf, inf]);
        assert_eq!(
            [math::tanh::<T, Fused>(-inf), math::erf::<T, Fused>(inf), math::logistic::<T, Fused>(-inf)],
            [-one, one, zero]
        );
        for f in [
            math::exp::<T, Fused>,
            math::log::<T, Fused>,
            math::log1p::<T, Fused>,
            math::tanh::<T, Fused>,
            math::erf::<T, Fused>,
            math::logistic::<T, Fused>,
        ] {
            assert!(f(nan).wide().is_nan());
        }
        assert!(math::log::<T, Fused>(-one).wide().is_nan());
    }
    each::<f32>();
    each::<f64>();
}

/// `[x, y]` points of a table in `testdata/oracle`.
fn oracle(file: &str) -> serde_json::Value {
    let path = format!("{}/../../testdata/oracle/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn functions_match_the_oracle() {
    let table = oracle("unary.json");
    let mut checked = 0;
    for (name, points) in table.as_object().unwrap() {
        let (f, g): (Narrow, Wide) = match name.as_str() {
            "exp" => (math::exp::<f32, Fused>, math::exp::<f64, Fused>),
            "expm1" => (math::expm1::<f32, Fused>, math::expm1::<f64, Fused>),
            "log" => (math::log::<f32, Fused>, math::log::<f64, Fused>),
            "log1p" => (math::log1p::<f32, Fused>, math::log1p::<f64, Fused>),
            "tanh" => (math::tanh::<f32, Fused>, math::tanh::<f64, Fused>),
            "erf" => (math::erf::<f32, Fused>, math::erf::<f64, Fused>),
            "logistic" | "sigmoid" => (math::logistic::<f32, Fused>, math::logistic::<f64, Fused>),
            _ => continue,
        };
        for point in points.as_array().unwrap() {
            let [x, y] = [0, 1].map(|i| point[i].as_f64().unwrap());
            let error = ulps(g(x), y, f64::EPSILON, f64::MIN_POSITIVE);
            assert!(error <= 4.0, "{name}({x}) in f64: {error} ulp");
            if f64::from(x as f32) == x {
                let error = ulps(f64::from(f(x as f32)), y, f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE));
                assert!(error <= 4.0, "{name}({x}) in f32: {error} ulp");
            }
            checked += 1;
        }
    }
    assert!(checked >= 60, "{checked} points");
}

fn orders<T: Real, F: Features>(base: Base, x: &[T]) -> [Vec<T>; ORDERS] {
    let mut out: [Vec<T>; ORDERS] = std::array::from_fn(|_| vec![T::default(); x.len()]);
    activation::<T, F>(base, x, &mut out.each_mut().map(|v| Some(&mut v[..])));
    out
}

/// Derivatives of order up to 3 hold sums of a few terms of size at most 8·max(1, |x|) that cancel: each term is off by a few units,
/// so that the bound is 64 units of the largest term.
fn bound(x: f64, y: f64, epsilon: f64) -> f64 {
    64.0 * epsilon * (1.0 + y.abs()).max(x.abs().min(4.0))
}

#[test]
fn activations_match_the_oracle() {
    let table = oracle("activations.json");
    let mut checked = 0;
    for (name, points) in table.as_object().unwrap() {
        let Ok(kind) = name.parse::<Kind>() else { continue };
        for point in points.as_array().unwrap() {
            let x = point[0].as_f64().unwrap();
            for order in 0..ORDERS {
                let y = point[1][order].as_f64().unwrap();
                let Some((base, order)) = kind.resolve(order as u8) else {
                    assert_eq!(y, 0.0, "{name} at {x}");
                    continue;
                };
                let order = usize::from(order);
                let wide = orders::<f64, Fused>(base, &[x])[order][0];
                assert!((wide - y).abs() <= bound(x, y, f64::EPSILON), "{name} order {order} at {x}: {wide} against {y}");
                let narrow = f64::from(orders::<f32, Separate>(base, &[x as f32])[order][0]);
                assert!(
                    (narrow - y).abs() <= bound(x, y, f64::from(f32::EPSILON)),
                    "{name} order {order} at {x}: {narrow} against {y}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 400, "{checked} values");
}

const KINDS: [&str; 14] = [
    "identity",
    "relu",
    "leaky_relu:0.1",
    "gelu",
    "gelu_tanh",
    "beta_gelu:4",
    "beta_gelu:0.3",
    "silu",
    "softplus",
    "softplus:3",
    "tanh",
    "sigmoid",
    "elu:0.7",
    "squared_relu",
];

/// The definition, read on the negative side where `φ(x) - φ(-x) = x`: on the positive side its `1 - σ` cancels, which the slopes of
/// `gelu_tanh` amplify far above the bound.
fn definition(base: Base, order: usize, x: f64) -> f64 {
    let odd = matches!(base, Base::GeluTanh | Base::Silu) && x > 0.0;
    match order {
        2 if odd => base.derivative(2, -x),
        3 if odd => -base.derivative(3, -x),
        _ => base.derivative(order as u8, x),
    }
}

#[test]
fn activations_match_their_definition_over_a_sweep() {
    for name in KINDS {
        let kind: Kind = name.parse().unwrap();
        let x: Vec<f64> = (-4000..4000).map(|i| f64::from(i) / 400.0 + 1e-4).collect();
        let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let (found, found_narrow) = (orders::<f64, Fused>(kind.base, &x), orders::<f32, Fused>(kind.base, &narrow));
        for order in 0..ORDERS {
            for (i, &x) in x.iter().enumerate() {
                let y = definition(kind.base, order, x);
                // Derivatives in u = βx grow with β to the order.
                let scale = if name.starts_with("beta_gelu:4") || name == "softplus:3" { 4f64.powi(order as i32) } else { 1.0 };
                let error = (found[order][i] - y).abs();
                assert!(
                    error <= scale * bound(x, y, f64::EPSILON),
                    "{name} order {order} at {x}: {} against {y}",
                    found[order][i]
                );
                let x = f64::from(narrow[i]);
                let y = definition(kind.base, order, x);
                let error = (f64::from(found_narrow[order][i]) - y).abs();
                assert!(
                    error <= scale * bound(x, y, f64::from(f32::EPSILON)),
                    "{name} order {order} at {x} in f32: {} against {y}",
                    found_narrow[order][i]
                );
            }
        }
    }
}

/// Far out the limits are reached: no infinity times zero.
#[test]
fn activations_are_finite_far_out() {
    let bump = "relu~bump:0.5:2".parse::<Kind>().unwrap().resolve(2).unwrap().0;
    let bases = KINDS.map(|k| k.parse::<Kind>().unwrap().base).into_iter().chain([bump]);
    for base in bases {
        for x in [40.0, 1e4, 1e15] {
            for x in [x, -x] {
                for order in 0..ORDERS {
                    let y = if x.abs() > 1e5 { limit(base, order, x) } else { base.derivative(order as u8, x) };
                    let found = orders::<f64, Fused>(base, &[x])[order][0];
                    assert!((found - y).abs() <= 1e-15 * (1.0 + y.abs()), "{base} order {order} at {x}: {found} against {y}");
                    let found = f64::from(orders::<f32, Fused>(base, &[x as f32])[order][0]);
                    let y = y * if order == 0 && y != 0.0 { f64::from(x as f32) / x } else { 1.0 };
                    assert!(
                        (found - y).abs() <= 1e-6 * (1.0 + y.abs()),
                        "{base} order {order} at {x} in f32: {found} against {y}"
                    );
                }
            }
        }
        if base != Base::SquaredRelu {
            for x in [f32::MAX, f32::MIN] {
                let all = orders::<f32, Fused>(base, &[x]);
                assert!(all.iter().all(|v| v[0].is_finite()), "{base} at {x:e}: {all:?}");
            }
        }
    }
}

/// Value far out, where the jets of the definition overflow.
fn limit(base: Base, order: usize, x: f64) -> f64 {
    let at = if x > 0.0 { 1e3 } else { -1e3 };
    match order {
        0 if x > 0.0 && base.derivative(0, at) >= at => {
            base.derivative(0, at) / at.powi(1 + i32::from(base == Base::SquaredRelu))
                * x.powi(1 + i32::from(base == Base::SquaredRelu))
        }
        0 if matches!(base, Base::Identity | Base::LeakyRelu(_)) => base.derivative(0, -1.0) * -x,
        1 if base == Base::SquaredRelu => base.derivative(1, x),
        _ => base.derivative(order as u8, at),
    }
}
