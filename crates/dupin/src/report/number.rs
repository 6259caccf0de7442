//! Numbers as text, with as many digits as they deserve.

/// Powers of ten that are written out; beyond them a number is written as `1.2e7`.
const PLAIN: std::ops::Range<i32> = -4..6;

/// A value and its standard error, the error with two significant digits and the value to the same place: `0.8612 ± 0.0031`.
///
/// Very large and very small numbers share a power of ten: `(1.234 ± 0.012)e-7`. Without an error the value has four significant
/// digits and no `±`: nothing is claimed of its error. A value that is not finite stands alone.
pub(crate) fn with_error(value: f64, std_error: Option<f64>) -> String {
    let Some(error) = std_error.filter(|e| !e.is_nan() && value.is_finite()) else {
        return significant(value, 4);
    };
    if error == 0.0 || error.is_infinite() {
        return format!("{} ± {}", significant(value, 4), significant(error, 2));
    }
    let largest = leading_exponent(value.abs().max(error.abs()), 3);
    let power = if PLAIN.contains(&largest) { 0 } else { largest };
    let places = (1 - (leading_exponent(error, 2) - power)).clamp(0, 12) as usize;
    let (v, e) = (fixed(shift(value, -power), places), fixed(shift(error.abs(), -power), places));
    if power == 0 { format!("{v} ± {e}") } else { format!("({v} ± {e})e{power}") }
}

/// `value` with `digits` significant digits, as `0.01234` or `1.234e-7`; `NaN`, `inf` or `-inf` if it is not finite.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { value.to_string() };
    }
    let digits = digits.max(1);
    let exponent = leading_exponent(value, digits);
    if PLAIN.contains(&exponent) {
        fixed(value, (digits as i32 - 1 - exponent).max(0) as usize)
    } else {
        format!("{value:.*e}", digits - 1)
    }
}

/// `value` with `places` decimals, and never `-0.00`.
pub(crate) fn fixed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| b == b'0' || b == b'.') => rest.to_string(),
        _ => text,
    }
}

/// Bytes in SI units: `512 B`, `1.2 kB`, `35.1 MB`.
pub(crate) fn bytes(n: usize) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 and more would print as 1000.0 of the smaller unit.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A duration: `34 µs`, `12 ms`, `3.4 s`, `2 min 05 s`, `1 h 02 min`.
pub(crate) fn seconds(s: f64) -> String {
    if !s.is_finite() || s < 0.0 {
        return format!("{s} s");
    }
    if s == 0.0 || s >= 0.9995 {
        // Rounded first, so that 59.97 s does not print as 60.0 s.
        let tenths = (s * 10.0).round();
        if tenths < 600.0 {
            return format!("{:.1} s", tenths / 10.0);
        }
        let whole = s.round();
        if whole < 3600.0 {
            return format!("{} min {:02} s", (whole / 60.0).floor(), whole % 60.0);
        }
        let minutes = (s / 60.0).round();
        return format!("{} h {:02} min", (minutes / 60.0).floor(), minutes % 60.0);
    }
    if s >= 0.9995e-3 { format!("{:.0} ms", s * 1e3) } else { format!("{:.0} µs", s * 1e6) }
}

/// Exponent of the first digit of `value` once it is rounded to `digits` digits: 0.0996 rounds to 0.10, so -1.
pub(super) fn leading_exponent(value: f64, digits: usize) -> i32 {
    let text = format!("{value:.*e}", digits - 1);
    text.rsplit('e').next().and_then(|e| e.parse().ok()).unwrap_or(0)
}

/// `value · 10^power` in two steps, so that the power itself cannot overflow.
fn shift(value: f64, power: i32) -> f64 {
    let half = power / 2;
    value * 10_f64.powi(half) * 10_f64.powi(power - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_digits_of_its_error() {
        for (value, error, text) in [
            (0.86123, Some(0.00312), "0.8612 ± 0.0031"),
            (12.0, Some(0.0996), "12.00 ± 0.10"),
            (0.5, None, "0.5000"),
            (0.5, Some(f64::NAN), "0.5000"),
            (0.5, Some(0.0), "0.5000 ± 0"),
            (0.5, Some(f64::INFINITY), "0.5000 ± inf"),
            (f64::NAN, Some(1.0), "NaN"),
            (f64::NEG_INFINITY, None, "-inf"),
            (12345.0, Some(312.0), "12345 ± 312"),
            (1.2344e-7, Some(1.2e-9), "(1.234 ± 0.012)e-7"),
            (1.2344e-310, Some(1.2e-312), "(1.234 ± 0.012)e-310"),
            (-2.5e300, Some(1.0e299), "(-2.50 ± 0.10)e300"),
            (-0.001, Some(50.0), "0 ± 50"),
            (-3.25, Some(1.0), "-3.2 ± 1.0"),
        ] {
            assert_eq!(with_error(value, error), text);
        }
    }

    #[test]
    fn significant_digits_count_after_rounding() {
        for (value, digits, text) in
            [(0.0, 3, "0"), (0.099996, 4, "0.1000"), (1234.5, 2, "1234"), (999999.9, 3, "1.00e6"), (-0.00001234, 3, "-1.23e-5")]
        {
            assert_eq!(significant(value, digits), text);
        }
        assert_eq!(fixed(-0.004, 2), "0.00");
        assert_eq!(fixed(-0.006, 2), "-0.01");
    }

    #[test]
    fn units_change_where_rounding_would_pass_them() {
        let b = [0, 999, 1000, 999_949, 999_950, 35_100_000].map(bytes);
        assert_eq!(b, ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "35.1 MB"]);
        let s = [0.0, 3.4e-5, 0.0125, 0.99951, 3.42, 59.94, 59.96, 125.0, 3599.6, 3720.0].map(seconds);
        assert_eq!(
            s,
            ["0.0 s", "34 µs", "12 ms", "1.0 s", "3.4 s", "59.9 s", "1 min 00 s", "2 min 05 s", "1 h 00 min", "1 h 02 min"]
        );
    }
}
