//! `rng_uniform`, `rng_normal`, `rng_rademacher`: random numbers as a function of key and element index.
//!
//! Element `i` is a function of `(key, i)` alone (Threefry-2x32 with 20 rounds; Salmon et al., "Parallel random numbers: as easy
//! as 1, 2, 3", SC 2011), so results depend neither on threads nor on the executor. No tangent.
//!
//! C1: the key is `u32[2]`. C2: the result is a float tensor.

use super::{Broken, Primitive, Sample, arity, require};
use crate::attrs::Attrs;
use crate::builder::Builder;
use crate::graph::Value;
use crate::reference::Array;
use crate::stablehlo::{Ssa, Type, Writer};
use crate::types::{DType, TensorType};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Uniform on [0, 1).
    Uniform,
    /// Standard normal.
    Normal,
    /// -1 or 1.
    Rademacher,
}

/// Random numbers of a given type from a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rng {
    /// What is drawn.
    pub distribution: Distribution,
    /// Type of the result.
    pub ty: TensorType,
}

const ROTATIONS: [u32; 8] = [13, 15, 26, 6, 17, 29, 16, 24];

/// Threefry-2x32, 20 rounds: 64 random bits from a key and a counter.
pub fn threefry2x32(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    threefry2x32_lanes(key, counter.map(|word| [word])).map(|[word]| word)
}

/// [`threefry2x32`] of `N` counters, given and returned as two lists of words: side by side, as vector registers want it.
#[inline(always)]
pub fn threefry2x32_lanes<const N: usize>(key: [u32; 2], counters: [[u32; N]; 2]) -> [[u32; N]; 2] {
    let schedule = [key[0], key[1], key[0] ^ key[1] ^ 0x1BD1_1BDA];
    let [mut x, mut y] = counters;
    for i in 0..N {
        x[i] = x[i].wrapping_add(schedule[0]);
        y[i] = y[i].wrapping_add(schedule[1]);
    }
    for round in 0..20 {
        for i in 0..N {
            x[i] = x[i].wrapping_add(y[i]);
            y[i] = y[i].rotate_left(ROTATIONS[round % 8]) ^ x[i];
        }
        if round % 4 == 3 {
            let step = round / 4 + 1;
            for i in 0..N {
                x[i] = x[i].wrapping_add(schedule[step % 3]);
                y[i] = y[i].wrapping_add(schedule[(step + 1) % 3]).wrapping_add(step as u32);
            }
        }
    }
    [x, y]
}

impl Distribution {
    /// Element `index` of the stream of `key`; uniform numbers have the mantissa of `dtype`.
    pub fn draw(self, key: [u32; 2], index: u64, dtype: DType) -> f64 {
        self.number(threefry2x32(key, [index as u32, (index >> 32) as u32]), dtype)
    }

    /// What [`Distribution::draw`] makes of the 64 random bits of an element.
    #[inline(always)]
    pub fn number(self, [a, b]: [u32; 2], dtype: DType) -> f64 {
        match self {
            Self::Uniform if dtype == DType::F32 => f64::from(a >> 8) * 2f64.powi(-24),
            Self::Uniform => ((u64::from(a) << 21) ^ (u64::from(b) >> 11)) as f64 * 2f64.powi(-53),
            Self::Rademacher => f64::from((a & 1) as i32 * 2 - 1),
            // Box-Muller; the half keeps the logarithm finite.
            Self::Normal => {
                let (u, v) = ((f64::from(a) + 0.5) * 2f64.powi(-32), f64::from(b) * 2f64.powi(-32));
                (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
            }
        }
    }
}

/// [`threefry2x32`] of the counters `0..n`, as two vectors of words.
fn threefry_words(w: &mut Writer, key: &Ssa, n: usize) -> [Ssa; 2] {
    let (words, wide) = (Type { element: "ui32", shape: vec![n] }, Type { element: "ui64", shape: vec![n] });
    let word = |w: &mut Writer, i: usize| {
        let range = format!("start_indices = array<i64: {i}>, limit_indices = array<i64: {}>, strides = array<i64: 1>", i + 1);
        let one = w.op("slice", &[key], &range, Type { element: "ui32", shape: vec![1] });
        w.op("broadcast_in_dim", &[&one], "broadcast_dimensions = array<i64: 0>", words.clone())
    };
    let (k0, k1) = (word(w, 0), word(w, 1));
    let binary = |w: &mut Writer, name: &str, x: &Ssa, y: &Ssa| w.op(name, &[x, y], "", x.ty.clone());
    let parity = w.constant("466688986", words.clone());
    let k2 = binary(w, "xor", &k0, &k1);
    let k2 = binary(w, "xor", &k2, &parity);
    let schedule = [k0, k1, k2];
    let counter = w.op("iota", &[], "iota_dimension = 0 : i64", wide.clone());
    let (mask, half) = (w.constant("4294967295", wide.clone()), w.constant("32", wide));
    let low = binary(w, "and", &counter, &mask);
    let high = binary(w, "shift_right_logical", &counter, &half);
    let mut x = [low, high].map(|c| w.op("convert", &[&c], "", words.clone()));
    x = [binary(w, "add", &x[0], &schedule[0]), binary(w, "add", &x[1], &schedule[1])];
    for round in 0..20 {
        let bits = ROTATIONS[round % 8];
        x[0] = binary(w, "add", &x[0], &x[1]);
        let (left, right) = (w.constant(&bits.to_string(), words.clone()), w.constant(&(32 - bits).to_string(), words.clone()));
        let (upper, lower) = (binary(w, "shift_left", &x[1], &left), binary(w, "shift_right_logical", &x[1], &right));
        let rotated = binary(w, "or", &upper, &lower);
        x[1] = binary(w, "xor", &rotated, &x[0]);
        if round % 4 == 3 {
            let step = round / 4 + 1;
            let number = w.constant(&step.to_string(), words.clone());
            x[0] = binary(w, "add", &x[0], &schedule[step % 3]);
            x[1] = binary(w, "add", &x[1], &schedule[(step + 1) % 3]);
            x[1] = binary(w, "add", &x[1], &number);
        }
    }
    x
}

impl Distribution {
    /// [`Distribution::draw`] on vectors of words: bit for bit but for the functions of the normal distribution, which are evaluated
    /// in `f64` as there.
    fn of_words(self, w: &mut Writer, [a, b]: &[Ssa; 2], out: &TensorType) -> Ssa {
        let float = Type::from(out).element;
        let to = |w: &mut Writer, x: &Ssa, element: &'static str| w.op("convert", &[x], "", x.ty.of(element));
        let with = |w: &mut Writer, name: &str, x: &Ssa, constant: &str| {
            let c = w.constant(constant, x.ty.clone());
            w.op(name, &[x, &c], "", x.ty.clone())
        };
        match self {
            Self::Uniform if out.dtype == DType::F32 => {
                let upper = with(w, "shift_right_logical", a, "8");
                let number = to(w, &upper, float);
                with(w, "multiply", &number, "5.9604644775390625e-8")
            }
            Self::Uniform => {
                let (a, b) = (to(w, a, "ui64"), to(w, b, "ui64"));
                let (a, b) = (with(w, "shift_left", &a, "21"), with(w, "shift_right_logical", &b, "11"));
                let joined = w.op("xor", &[&a, &b], "", a.ty.clone());
                let number = to(w, &joined, float);
                with(w, "multiply", &number, "1.1102230246251565e-16")
            }
            Self::Rademacher => {
                let bit = with(w, "and", a, "1");
                let number = to(w, &bit, float);
                let twice = with(w, "multiply", &number, "2.0");
                with(w, "subtract", &twice, "1.0")
            }
            Self::Normal => {
                let (a, b) = (to(w, a, "f64"), to(w, b, "f64"));
                let middle = with(w, "add", &a, "0.5");
                let (u, v) = (with(w, "multiply", &middle, "2.3283064365386963e-10"), with(w, "multiply", &b, "2.3283064365386963e-10"));
                let log = w.op("log", &[&u], "", u.ty.clone());
                let square = with(w, "multiply", &log, "-2.0");
                let radius = w.op("sqrt", &[&square], "", square.ty.clone());
                let angle = with(w, "multiply", &v, "6.283185307179586");
                let cosine = w.op("cosine", &[&angle], "", angle.ty.clone());
                let normal = w.op("multiply", &[&radius, &cosine], "", radius.ty.clone());
                if float == "f64" { normal } else { to(w, &normal, float) }
            }
        }
    }
}

impl Primitive for Rng {
    fn name(&self) -> &'static str {
        match self.distribution {
            Distribution::Uniform => "rng_uniform",
            Distribution::Normal => "rng_normal",
            Distribution::Rademacher => "rng_rademacher",
        }
    }
    fn infer(&self, x: &[&TensorType]) -> Result<TensorType, Broken> {
        let [key] = arity(x)?;
        require(key.dtype == DType::U32 && key.shape == [2], "C1")?;
        require(self.ty.dtype.is_float(), "C2")?;
        Ok(self.ty.clone())
    }
    fn eval(&self, x: &[&Array], out: &TensorType) -> Array {
        let key = [x[0].data[0] as u32, x[0].data[1] as u32];
        let data = (0..out.len() as u64).map(|i| self.distribution.draw(key, i, out.dtype)).collect();
        Array::new(out.clone(), data)
    }
    fn jvp(&self, _: &mut Builder, _: &[Value], _: Value, _: &[Option<Value>]) -> Option<Value> {
        None
    }
    fn batch(&self, b: &mut Builder, x: &[(Value, bool)]) -> Value {
        let keys = x[0].0;
        let k = b.ty(keys).shape[0];
        let draws: Vec<Value> = (0..k)
            .map(|i| {
                let key = b.slice_axis(keys, 0, i, i + 1);
                let key = b.reshape(key, &[2]);
                let draw = b.push(self.clone(), &[key]);
                b.broadcast_leading(draw, 1)
            })
            .collect();
        b.concatenate(&draws, 0)
    }
    fn attrs(&self) -> Attrs {
        Attrs::none().ty(&self.ty)
    }
    fn stablehlo(&self, w: &mut Writer, x: &[Ssa], out: &TensorType) -> Ssa {
        let words = threefry_words(w, &x[0], out.len());
        let flat = self.distribution.of_words(w, &words, out);
        w.op("reshape", &[&flat], "", out)
    }
    fn flop(&self, _: &[&TensorType], _: &TensorType) -> u64 {
        0
    }
}

impl Rng {
    pub(crate) fn parse(name: &str, a: &Attrs) -> Option<Self> {
        let distribution = match name {
            "rng_uniform" => Distribution::Uniform,
            "rng_normal" => Distribution::Normal,
            "rng_rademacher" => Distribution::Rademacher,
            _ => return None,
        };
        Some(Self { distribution, ty: a.get_ty()? })
    }
    pub(crate) fn samples() -> Vec<Sample> {
        let p = |distribution, dtype| Self { distribution, ty: TensorType::new(dtype, [3, 4]) };
        let key = |name, prim| Sample::legal(name, prim, &[&[2]]).typed(0, DType::U32, 1 << 20);
        vec![
            key("uniform", p(Distribution::Uniform, DType::F64)),
            key("uniform f32", p(Distribution::Uniform, DType::F32)),
            key("normal", p(Distribution::Normal, DType::F64)),
            key("rademacher", p(Distribution::Rademacher, DType::F64)),
            Sample::illegal("C1", p(Distribution::Uniform, DType::F64), &[&[2]]),
            Sample::illegal("C2", p(Distribution::Uniform, DType::I32), &[&[2]]).typed(0, DType::U32, 9),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123 (kat_vectors, threefry2x32 20).
    #[test]
    fn threefry_has_its_known_answers() {
        assert_eq!(threefry2x32([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
        assert_eq!(threefry2x32([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
        assert_eq!(threefry2x32([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]), [0xc492_3a9c, 0x483d_f7a0]);
    }

    /// Means and variances within 5 standard errors; both signs occur.
    #[test]
    fn draws_have_their_moments() {
        let n = 20_000_u64;
        let moments = [(Distribution::Uniform, 0.5, 1.0 / 12.0, 1.0 / 180.0), (Distribution::Normal, 0.0, 1.0, 2.0), (Distribution::Rademacher, 0.0, 1.0, 0.0)];
        for (distribution, mean, variance, variance_of_square) in moments {
            let draws: Vec<f64> = (0..n).map(|i| distribution.draw([1, 2], i, DType::F64)).collect();
            let m = draws.iter().sum::<f64>() / n as f64;
            let v = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
            assert!((m - mean).abs() < 5.0 * (variance / n as f64).sqrt(), "{distribution:?} has mean {m}");
            assert!((v - variance).abs() <= 5.0 * (variance_of_square / n as f64).sqrt(), "{distribution:?} has variance {v}");
        }
    }
}
