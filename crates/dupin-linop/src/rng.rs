//! Random numbers that are an argument, the same on every machine.
//!
//! The generator is xoshiro256++ (Blackman & Vigna 2021, "Scrambled linear pseudorandom number generators"), seeded through
//! SplitMix64 as its authors advise. It is written out here because a stored state must keep its meaning over releases.
//! Normal numbers go through the `libm` crate and `sqrt`, not the system's mathematics library, so their bits do not
//! depend on the platform either.

/// A seeded generator; its whole state is four words.
///
/// # Examples
/// ```
/// use dupin_linop::Rng;
/// let mut rng = Rng::new(7);
/// rng.normal();
/// let mut copy = Rng::from_state(rng.state()); // a resumed run draws the same numbers
/// assert_eq!(rng.uniform(), copy.uniform());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The generator of this seed. Near seeds give unrelated streams.
    pub fn new(seed: u64) -> Self {
        let mut s = seed;
        Self { state: [(); 4].map(|()| splitmix64(&mut s)) }
    }

    /// The state, to be stored and handed to [`Rng::from_state`].
    pub fn state(&self) -> [u64; 4] {
        self.state
    }

    /// Goes on from a stored state. Four zeros, the one state that would never leave zero, stand for `Rng::new(0)`.
    pub fn from_state(state: [u64; 4]) -> Self {
        if state == [0; 4] { Self::new(0) } else { Self { state } }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform on `[0, 1)`, a multiple of `2⁻⁵³`.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// `+1` or `−1`, each with probability one half.
    pub fn sign(&mut self) -> f64 {
        if self.next_u64() >> 63 == 0 { 1.0 } else { -1.0 }
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        self.normal_pair()[0]
    }

    /// Two independent standard normals (Marsaglia's polar method, about 2.5 uniforms a pair).
    fn normal_pair(&mut self) -> [f64; 2] {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let r2 = x * x + y * y;
            if r2 > 0.0 && r2 < 1.0 {
                let factor = (-2.0 * libm::log(r2) / r2).sqrt();
                return [x * factor, y * factor];
            }
        }
    }

    /// Fills `v` with independent signs, 64 from each word.
    pub fn fill_signs(&mut self, v: &mut [f64]) {
        for chunk in v.chunks_mut(64) {
            let mut bits = self.next_u64();
            for x in chunk {
                *x = if bits & 1 == 0 { 1.0 } else { -1.0 };
                bits >>= 1;
            }
        }
    }

    /// Fills `v` with independent standard normals, two from each draw.
    pub fn fill_normal(&mut self, v: &mut [f64]) {
        for chunk in v.chunks_mut(2) {
            let pair = self.normal_pair();
            chunk.copy_from_slice(&pair[..chunk.len()]);
        }
    }
}

fn splitmix64(s: &mut u64) -> u64 {
    *s = s.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*s ^ (*s >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Distribution of the entries of a random probe; both have mean 0 and covariance the identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// `±1`. The variance of `vᵀAv` is `2(‖A‖²_F − Σ aᵢᵢ²)`, the least among independent entries.
    #[default]
    Rademacher,
    /// Standard normal. The variance of `vᵀAv` is `2‖A‖²_F`, whatever the basis.
    Gaussian,
}

impl Distribution {
    /// Fills `v` with a probe.
    pub fn fill(self, rng: &mut Rng, v: &mut [f64]) {
        match self {
            Self::Rademacher => rng.fill_signs(v),
            Self::Gaussian => rng.fill_normal(v),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First outputs from state (1, 2, 3, 4), as published with the authors' reference code.
    #[test]
    fn agrees_with_the_reference_generator() {
        let mut rng = Rng::from_state([1, 2, 3, 4]);
        let expected = [41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205];
        assert_eq!(expected.map(|_| rng.next_u64()), expected);
    }

    /// First outputs of SplitMix64 from seed 1234567, as published with the reference code.
    #[test]
    fn seeding_agrees_with_reference_splitmix64() {
        let expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431];
        assert_eq!(Rng::new(1234567).state(), expected);
    }

    #[test]
    fn a_stored_state_resumes_and_zero_is_not_a_trap() {
        let mut a = Rng::new(5);
        a.fill_normal(&mut [0.0; 9]);
        let mut b = Rng::from_state(a.state());
        assert_eq!((a.next_u64(), a.normal(), a.sign()), (b.next_u64(), b.normal(), b.sign()));
        assert_ne!(Rng::from_state([0; 4]).next_u64(), Rng::from_state([0; 4]).state()[0]);
        assert_ne!(Rng::from_state([0; 4]).state(), [0; 4]);
    }

    /// A published implementation drew from {−1} alone. The mean of `n` signs has standard deviation `1/√n`.
    #[test]
    fn signs_take_both_values_with_mean_zero() {
        let n = 100_000;
        for one_by_one in [true, false] {
            let (mut rng, mut v) = (Rng::new(3), vec![0.0; n]);
            if one_by_one {
                v.fill_with(|| rng.sign());
            } else {
                rng.fill_signs(&mut v);
            }
            assert!(v.iter().all(|x| x.abs() == 1.0));
            assert!(v.iter().sum::<f64>().abs() < 4.0 * (n as f64).sqrt());
            // Neighbours are uncorrelated: the mean of the products has the same law.
            let neighbours: f64 = v.windows(2).map(|w| w[0] * w[1]).sum();
            assert!(neighbours.abs() < 4.0 * (n as f64).sqrt());
        }
    }

    /// Means of `x`, `x²`, `x³`, `x⁴` against 0, 1, 0, 3, each within four of its own standard deviations.
    #[test]
    fn normals_have_the_moments_of_a_normal() {
        let n = 200_000;
        let mut v = vec![0.0; n];
        Rng::new(11).fill_normal(&mut v);
        for (power, mean, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let got = v.iter().map(|x: &f64| x.powi(power)).sum::<f64>() / n as f64;
            assert!((got - mean).abs() < 4.0 * f64::sqrt(variance / n as f64), "moment {power} is {got}");
        }
    }

    #[test]
    fn uniforms_fill_the_unit_interval_evenly() {
        let (n, mut rng, mut counts) = (64_000, Rng::new(2), [0_i32; 16]);
        for _ in 0..n {
            counts[(rng.uniform() * 16.0) as usize] += 1;
        }
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 4000.0).powi(2) / 4000.0).sum();
        assert!(chi2 < 15.0 + 4.0 * 30_f64.sqrt(), "chi-squared with 15 degrees of freedom is {chi2}");
    }
}
