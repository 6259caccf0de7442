//! The instruction sets and the element types that have micro-kernels.

use super::kernel::{self, Kernels};

/// An instruction set with micro-kernels of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// 512-bit vectors of x86-64.
    Avx512,
    /// 256-bit vectors of x86-64 with fused multiply-add.
    Avx2,
    /// 128-bit vectors of aarch64.
    Neon,
    /// What every processor runs; not fused.
    Portable,
}

impl Isa {
    /// The best instruction set of this processor.
    pub fn detect() -> Self {
        *[Self::Avx512, Self::Avx2, Self::Neon].iter().find(|isa| isa.available()).unwrap_or(&Self::Portable)
    }

    /// Whether this processor runs the instruction set.
    pub fn available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[allow(unreachable_patterns, reason = "each architecture lacks the others' sets")]
            _ => false,
        }
    }
}

mod sealed {
    use super::{Isa, Kernels};

    pub trait Sealed: Sized + 'static {
        #[allow(private_interfaces, reason = "sealed: nobody outside can name or call it")]
        fn kernels(isa: Isa) -> &'static Kernels<Self>;
    }
}

/// An element type with micro-kernels: `f32` or `f64`.
pub trait Element:
    sealed::Sealed + Copy + Default + PartialEq + std::fmt::Debug + std::ops::Add<Output = Self> + Send + Sync
{
}

macro_rules! element {
    ($t:ty, $portable:ident, $avx2:ident, $avx512:ident, $neon:ident) => {
        impl sealed::Sealed for $t {
            #[allow(private_interfaces, reason = "sealed: nobody outside can name or call it")]
            fn kernels(isa: Isa) -> &'static Kernels<Self> {
                match isa {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512 => &kernel::$avx512::KERNELS,
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => &kernel::$avx2::KERNELS,
                    #[cfg(target_arch = "aarch64")]
                    Isa::Neon => &kernel::$neon::KERNELS,
                    _ => &kernel::$portable::KERNELS,
                }
            }
        }
        impl Element for $t {}
    };
}
element!(f32, portable_f32, avx2_f32, avx512_f32, neon_f32);
element!(f64, portable_f64, avx2_f64, avx512_f64, neon_f64);
