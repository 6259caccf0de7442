//! The two float types, as the vectorised functions need them: constants, bits and fused multiply-add.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// What the compiler may assume of the processor in a function compiled for one instruction set.
pub(crate) trait Features {
    /// Whether a fused multiply-add is one instruction (else it would be a slow library call).
    const FMA: bool;
}

/// `f32` or `f64`, with what the functions of [`super::math`] need. Everything here is branch-free, so that loops vectorise.
pub(crate) trait Real:
    Copy
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Send
    + Sync
    + 'static
{
    /// Coefficients of `q` in `e^r = 1 + r + r²·q(r)`, `|r| <= ln 2 / 2`.
    const EXP: &'static [Self];
    /// Coefficients in `s = (u - 4)/(u + 4)` of `Φ(-u)·e^(u²/2)·(u + 4)`, `u >= 0`.
    const TAIL: &'static [Self];
    /// Coefficients in `x²` of `erf(x)/x`, `|x| <= 1`.
    const ERF: &'static [Self];
    /// Coefficients of the logarithm's rational part (FreeBSD msun, `e_log.c` and `e_logf.c`).
    const LOG: &'static [Self];
    /// `ln 2` in two parts, the first with so few bits that its product with an exponent is exact.
    const LN2: [Self; 2];
    /// Where `e^x` is 0 or infinite.
    const EXP_RANGE: [Self; 2];
    /// `|x|` beyond which `tanh x` rounds to 1.
    const TANH_ONE: Self;
    /// `u` beyond which `e^(-u²/2)` is 0.
    const NORMAL_ZERO: Self;
    /// Exponent of the smallest normal number.
    const LEAST_EXPONENT: Self;
    /// Smallest normal number.
    const TINY: Self;
    /// Infinity.
    const INFINITY: Self;
    /// A quiet NaN.
    const NAN: Self;

    /// The nearest number.
    fn of(v: f64) -> Self;
    /// Exact (`f64`) or exact after widening (`f32`).
    fn wide(self) -> f64;
    /// `self·b + c`, fused where that is one instruction.
    fn fma<F: Features>(self, b: Self, c: Self) -> Self;
    /// Nearest integer, for `|self|` below 2^20.
    fn round_small(self) -> Self;
    /// `2^self` for an integer `self` in the range of normal exponents.
    fn power_of_two(self) -> Self;
    /// `(m, e)` with `self = m·2^e` and `m` in `[√½, √2)`, for positive normal numbers.
    fn mantissa_exponent(self) -> (Self, Self);
    /// The number with the lower half of its mantissa cleared: its square is exact.
    fn upper_half(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// `|self|` with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
}

macro_rules! methods {
    ($t:ty, $bits:ty, $mantissa:expr, $bias:expr, $magic:expr, $two_m:expr, $sqrt_half:expr, $half_mask:expr) => {
        #[inline(always)]
        fn fma<F: Features>(self, b: Self, c: Self) -> Self {
            if F::FMA { self.mul_add(b, c) } else { self * b + c }
        }
        #[inline(always)]
        fn round_small(self) -> Self {
            (self + $magic) - $magic
        }
        #[inline(always)]
        fn power_of_two(self) -> Self {
            // The low bits of `self + magic` are the integer in two's complement; the shift makes it the exponent.
            Self::from_bits(((self + $magic).to_bits() << $mantissa).wrapping_add((1.0 as $t).to_bits()))
        }
        #[inline(always)]
        fn mantissa_exponent(self) -> (Self, Self) {
            let one: $bits = (1.0 as $t).to_bits();
            let low: $bits = $sqrt_half;
            let shifted = self.to_bits().wrapping_add(one - low);
            let e = Self::from_bits((shifted >> $mantissa) | ($two_m as $t).to_bits()) - $two_m - $bias;
            (Self::from_bits((shifted & ((1 << $mantissa) - 1)).wrapping_add(low)), e)
        }
        #[inline(always)]
        fn upper_half(self) -> Self {
            Self::from_bits(self.to_bits() & $half_mask)
        }
        #[inline(always)]
        fn abs(self) -> Self {
            self.abs()
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            self.sqrt()
        }
        #[inline(always)]
        fn copysign(self, sign: Self) -> Self {
            self.copysign(sign)
        }
    };
}

// The polynomials are Chebyshev interpolants at 60 digits; their errors (relative, of the function): EXP 6e-12 and 2e-19,
// TAIL 2.2e-9 and 8e-17, ERF 4e-11 and 1.5e-19.
impl Real for f32 {
    const EXP: &'static [Self] = &[0.5000000014, 0.1666666672, 0.04166646417, 0.008333298341, 0.001393373322, 0.0001989939246];
    const TAIL: &'static [Self] = &[
        0.7552851305,
        -0.6078966314,
        0.3871373939,
        -0.1865221598,
        0.06039664828,
        -0.00753771716,
        -0.003479954637,
        0.001622040106,
        0.0001336533871,
        -0.0002155737763,
        -1.731082301e-6,
        2.118298426e-5,
    ];
    const ERF: &'static [Self] = &[
        1.128379167,
        -0.3761263848,
        0.1128378262,
        -0.02686543831,
        0.005221053413,
        -0.0008484396551,
        0.0001126825389,
        -9.673590812e-6,
    ];
    const LOG: &'static [Self] = &[0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841];
    const LN2: [Self; 2] = [6.9314575195e-01, 1.4286067653e-06];
    const EXP_RANGE: [Self; 2] = [-104.0, 89.0];
    const TANH_ONE: Self = 9.5;
    const NORMAL_ZERO: Self = 14.5;
    const LEAST_EXPONENT: Self = -126.0;
    const TINY: Self = Self::MIN_POSITIVE;
    const INFINITY: Self = Self::INFINITY;
    const NAN: Self = Self::NAN;
    #[inline(always)]
    fn of(v: f64) -> Self {
        v as Self
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    methods!(f32, u32, 23, 127.0, 12_582_912.0, 8_388_608.0, 0x3f35_04f3, 0xffff_f000);
}

impl Real for f64 {
    const EXP: &'static [Self] = &[
        0.5,
        0.1666666666666667103,
        0.04166666666666667687,
        0.008333333333326082554,
        0.001388888888887900249,
        0.0001984126987500397379,
        0.00002480158733663232012,
        2.755725516812306104e-6,
        2.755726307600547432e-7,
        2.51053134230785226e-8,
        2.091821275250695636e-9,
    ];
    const TAIL: &'static [Self] = &[
        0.7552851304157514515,
        -0.6078966419718929576,
        0.3871374007422266018,
        -0.1865218579595787157,
        0.06039657489036091845,
        -0.007540188968891618993,
        -0.003479692356651502619,
        0.001630818485473585723,
        0.0001333442091601477928,
        -0.0002310951377872893361,
        -1.907676030719098149e-6,
        0.00003514560235904451481,
        7.14602153126746174e-7,
        -5.922893777541928127e-6,
        -6.249551077565177862e-7,
        1.026984070143192947e-6,
        2.647337281979867826e-7,
        -1.62231632085356706e-7,
        -7.878360342693637781e-8,
        1.956960893997404857e-8,
        1.606738695732940181e-8,
        -1.277235143295772009e-9,
        -1.68865769667867349e-9,
    ];
    const ERF: &'static [Self] = &[
        1.128379167095512574,
        -0.3761263890318374819,
        0.1128379167095488157,
        -0.0268661706450773342,
        0.005223977624823222568,
        -0.0008548326981129665996,
        0.0001205533112229926526,
        -0.00001492559551950604345,
        1.646100448096203468e-6,
        -1.635035446195965564e-7,
        1.466005199839484768e-8,
        -1.137390229643091163e-9,
        5.958930743134941219e-11,
    ];
    const LOG: &'static [Self] = &[
        6.666666666666735130e-01,
        3.999999999940941908e-01,
        2.857142874366239149e-01,
        2.222219843214978396e-01,
        1.818357216161805012e-01,
        1.531383769920937332e-01,
        1.479819860511658591e-01,
    ];
    const LN2: [Self; 2] = [6.93147180369123816490e-01, 1.90821492927058770002e-10];
    const EXP_RANGE: [Self; 2] = [-746.0, 710.0];
    const TANH_ONE: Self = 20.0;
    const NORMAL_ZERO: Self = 39.0;
    const LEAST_EXPONENT: Self = -1022.0;
    const TINY: Self = Self::MIN_POSITIVE;
    const INFINITY: Self = Self::INFINITY;
    const NAN: Self = Self::NAN;
    #[inline(always)]
    fn of(v: f64) -> Self {
        v
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    methods!(
        f64,
        u64,
        52,
        1023.0,
        6_755_399_441_055_744.0,
        4_503_599_627_370_496.0,
        0x3fe6_a09e_667f_3bcd,
        0xffff_ffff_f800_0000
    );
}
