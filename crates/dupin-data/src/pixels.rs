//! From bytes to the numbers a network sees.

/// The affine map from stored pixels to inputs: `x = (pixel / max − mean) / std`.
///
/// `mean` and `std` are those of all pixels of the training part after division by `max`, rounded to four decimals,
/// and fixed here so that a network sees the same inputs whatever part of the data it was trained on.
///
/// | data set | `max` | `mean` | `std` |
/// |---|---|---|---|
/// | Fashion-MNIST, and `fashion-mini`, which is a part of it | 255 | 0.2860 | 0.3530 |
/// | MNIST | 255 | 0.1307 | 0.3081 |
/// | digits | 16 | 0.3053 | 0.3761 |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelScaling {
    /// The pixel that stands for full ink.
    pub max: f64,
    /// Mean of `pixel / max`, dimensionless.
    pub mean: f64,
    /// Standard deviation of `pixel / max`, dimensionless.
    pub std: f64,
}

impl PixelScaling {
    /// Of Fashion-MNIST.
    pub const FASHION_MNIST: Self = Self { max: 255.0, mean: 0.2860, std: 0.3530 };
    /// Of MNIST.
    pub const MNIST: Self = Self { max: 255.0, mean: 0.1307, std: 0.3081 };
    /// Of the digits of scikit-learn, over the 1,437 training images of [`load`](crate::load)`("digits")`.
    pub const DIGITS: Self = Self { max: 16.0, mean: 0.3053, std: 0.3761 };

    /// The inputs of `pixels`, one for one. Worked out in `f64` for each of the 256 bytes and rounded once.
    pub fn decode(&self, pixels: &[u8]) -> Vec<f32> {
        let table: [f32; 256] = std::array::from_fn(|pixel| ((pixel as f64 / self.max - self.mean) / self.std) as f32);
        pixels.iter().map(|&pixel| table[usize::from(pixel)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_by_the_formula() {
        let x = PixelScaling::MNIST.decode(&[0, 51, 255]);
        assert_eq!(x[0], (-0.1307 / 0.3081) as f32);
        assert_eq!(x[1], ((0.2 - 0.1307) / 0.3081) as f32);
        assert_eq!(x[2], ((1.0 - 0.1307) / 0.3081) as f32);
    }
}
