//! Convolutions by patches: windows of any stride with a quarter to two thirds of the multiplications.
//!
//! A tile of 4x4 results needs 36 products a channel in the domain of [`transform`] instead of 144. What was one convolution is there
//! 36 matrix products, one a point; a block of tiles is transformed, multiplied and transformed back while it is in the
//! second-level cache.
//!
//! - A stride of `s` splits the left operand into `s` phases a dimension, which are further channels: tap `s q + r` of the window
//!   is tap `q` of phase `r`. A left operand dilated by `s` (an input gradient) splits the result instead, into further columns. So
//!   a 5x5 window of stride 2 is four windows of at most 3x3, of which the products share transforms and sums. More than three taps of
//!   a phase are several phases, a few positions apart.
//! - A window without its first tap has no value at the point 0, one without its last none at ∞: those products, and the part of the
//!   transforms that leads to them, are left out. A phase of two taps has five points a dimension; of one tap, put in the middle, four.
//!   That leaves 121 products of 400 for 5x5 windows of stride 2, and 81 of 144 for 3x3 windows of stride 2.
//! - Two convolutions of one result are summed inside the domain and go back once, where the tiles of one are tiles of the other.
//! - A weight gradient (the window is the cotangent's map, the result the window) sums over tiles inside the domain and goes back
//!   once, at the end; long sums are cut into parts with accumulators of their own, summed in a fixed order.
//!
//! # Source
//! Lavin & Gray (2016), "Fast algorithms for convolutional neural networks".

mod addend;
mod ahead;
mod cost;
mod geometry;
mod gradient;
mod places;
mod plan;
mod square;
mod task;
mod transform;

#[cfg(test)]
mod tests;

pub(super) use plan::Winograd;
pub(super) use square::Transforms;
#[cfg(target_arch = "x86_64")]
pub(super) use square::{avx2_f32, avx2_f64, avx512_f32, avx512_f64};
#[cfg(target_arch = "aarch64")]
pub(super) use square::{neon_f32, neon_f64};
pub(super) use square::{portable_f32, portable_f64};
