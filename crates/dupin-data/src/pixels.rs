//! From bytes to the numbers a network sees.

use std::borrow::Cow;

/// Mean and standard deviation of one channel of `pixel / max`, dimensionless.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub std: f64,
}

const fn moments(mean: f64, std: f64) -> Moments {
    Moments { mean, std }
}

/// The affine map from stored pixels to inputs, one for each channel: `x = (pixel / max − mean) / std`.
///
/// `mean` and `std` are those of all pixels of the training part after division by `max`, rounded to four decimals,
/// and fixed here so that a network sees the same inputs whatever part of the data it was trained on.
///
/// | data set | `max` | `mean` | `std` |
/// |---|---|---|---|
/// | Fashion-MNIST, and `fashion-mini`, which is a part of it | 255 | 0.2860 | 0.3530 |
/// | MNIST | 255 | 0.1307 | 0.3081 |
/// | digits | 16 | 0.3053 | 0.3761 |
/// | CIFAR-10 | 255 | 0.4914, 0.4822, 0.4465 | 0.2470, 0.2435, 0.2616 |
/// | CIFAR-100 | 255 | 0.5071, 0.4865, 0.4409 | 0.2673, 0.2564, 0.2762 |
/// | photographs in folders (the moments of ImageNet, three decimals) | 255 | 0.485, 0.456, 0.406 | 0.229, 0.224, 0.225 |
#[derive(Clone, Debug, PartialEq)]
pub struct PixelScaling {
    /// The pixel that stands for full ink.
    pub max: f64,
    /// One of each channel.
    pub channels: Cow<'static, [Moments]>,
}

impl PixelScaling {
    /// Of Fashion-MNIST.
    pub const FASHION_MNIST: Self = Self { max: 255.0, channels: Cow::Borrowed(&[moments(0.2860, 0.3530)]) };
    /// Of MNIST.
    pub const MNIST: Self = Self { max: 255.0, channels: Cow::Borrowed(&[moments(0.1307, 0.3081)]) };
    /// Of the digits of scikit-learn, over the 1,437 training images of [`load`](crate::load)`("digits")`.
    pub const DIGITS: Self = Self { max: 16.0, channels: Cow::Borrowed(&[moments(0.3053, 0.3761)]) };
    /// Of CIFAR-10.
    pub const CIFAR10: Self = Self {
        max: 255.0,
        channels: Cow::Borrowed(&[moments(0.4914, 0.2470), moments(0.4822, 0.2435), moments(0.4465, 0.2616)]),
    };
    /// Of CIFAR-100.
    pub const CIFAR100: Self = Self {
        max: 255.0,
        channels: Cow::Borrowed(&[moments(0.5071, 0.2673), moments(0.4865, 0.2564), moments(0.4409, 0.2762)]),
    };
    /// Of ImageNet.
    pub const IMAGENET: Self =
        Self { max: 255.0, channels: Cow::Borrowed(&[moments(0.485, 0.229), moments(0.456, 0.224), moments(0.406, 0.225)]) };

    /// The inputs of `pixels`, one for one; the channels of a pixel lie side by side. Worked out in `f64` for each of the
    /// 256 bytes and rounded once.
    pub fn decode(&self, pixels: &[u8]) -> Vec<f32> {
        let mut out = Vec::with_capacity(pixels.len());
        self.table().decode(pixels, &mut out);
        out
    }

    /// The map, worked out for every byte.
    pub(crate) fn table(&self) -> PixelTable {
        let row = |m: &Moments| std::array::from_fn(|pixel| ((pixel as f64 / self.max - m.mean) / m.std) as f32);
        PixelTable(self.channels.iter().map(row).collect())
    }
}

/// The input that each byte of each channel stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PixelTable(Vec<[f32; 256]>);

impl PixelTable {
    /// Appends the inputs of `pixels`, which begin with the first channel.
    pub(crate) fn decode(&self, pixels: &[u8], out: &mut Vec<f32>) {
        match &self.0[..] {
            [one] => out.extend(pixels.iter().map(|&pixel| one[usize::from(pixel)])),
            [red, green, blue] => out.extend(
                pixels.chunks_exact(3).flat_map(|p| [red[usize::from(p[0])], green[usize::from(p[1])], blue[usize::from(p[2])]]),
            ),
            tables => out.extend(pixels.iter().zip(tables.iter().cycle()).map(|(&pixel, table)| table[usize::from(pixel)])),
        }
    }

    /// What a black pixel stands for, one of each channel.
    pub(crate) fn black(&self) -> Vec<f32> {
        self.0.iter().map(|table| table[0]).collect()
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

    #[test]
    fn each_channel_has_its_own_moments() {
        let x = PixelScaling::CIFAR10.decode(&[255, 0, 51, 0, 51, 255]);
        let by_hand = [(1.0, 0), (0.0, 1), (0.2, 2), (0.0, 0), (0.2, 1), (1.0, 2)].map(|(pixel, channel): (f64, usize)| {
            let m = PixelScaling::CIFAR10.channels[channel];
            ((pixel - m.mean) / m.std) as f32
        });
        assert_eq!(x, by_hand);
        let two = PixelScaling { max: 1.0, channels: vec![moments(0.0, 1.0), moments(1.0, 0.5)].into() };
        assert_eq!(two.decode(&[3, 3, 0, 0]), [3.0, 4.0, 0.0, -2.0]);
        assert_eq!(two.table().black(), [0.0, -2.0]);
    }
}
