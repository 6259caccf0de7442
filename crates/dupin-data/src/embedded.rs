//! The data sets that are part of the crate. `scripts/data/make_assets.py` and
//! `scripts/data/make_shakespeare.py` make them and say how the examples were chosen; their licences lie beside them in `assets`.

use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;

use crate::dataset::Split;
use crate::folder::{Named, Part, assemble};
use crate::idx::{self, Content};
use crate::pixels::PixelScaling;
use crate::registry::{DIGIT_NAMES, FASHION_NAMES};

/// One file, gzipped IDX.
struct Asset {
    name: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal) => {
        Asset { name: $name, bytes: include_bytes!(concat!("../assets/", $name)) }
    };
}

/// Training images and labels, test images and labels.
type Assets = [Asset; 4];

const DIGITS: Assets = [
    asset!("digits/train-images-idx3-ubyte.gz"),
    asset!("digits/train-labels-idx1-ubyte.gz"),
    asset!("digits/t10k-images-idx3-ubyte.gz"),
    asset!("digits/t10k-labels-idx1-ubyte.gz"),
];

const FASHION_MINI: Assets = [
    asset!("fashion-mini/train-images-idx3-ubyte.gz"),
    asset!("fashion-mini/train-labels-idx1-ubyte.gz"),
    asset!("fashion-mini/t10k-images-idx3-ubyte.gz"),
    asset!("fashion-mini/t10k-labels-idx1-ubyte.gz"),
];

/// Hamlet, Macbeth, Romeo and Juliet, A Midsummer Night's Dream.
const SHAKESPEARE: Asset = asset!("shakespeare/shakespeare.txt.gz");

/// Four plays, 515,198 characters of ASCII, 73 different.
pub(crate) fn shakespeare() -> String {
    let mut text = String::new();
    let read = GzDecoder::new(SHAKESPEARE.bytes).read_to_string(&mut text);
    read.expect("the embedded files are sound, a test holds their sums");
    text
}

/// 1,437 training and 360 test images of 8x8.
pub(crate) fn digits() -> Split {
    split("digits", &DIGITS, &PixelScaling::DIGITS, &DIGIT_NAMES)
}

/// 8,000 training and 2,000 test images of 28x28.
pub(crate) fn fashion_mini() -> Split {
    split("fashion-mini", &FASHION_MINI, &PixelScaling::FASHION_MNIST, &FASHION_NAMES)
}

fn split(name: &str, assets: &Assets, scaling: &PixelScaling, class_names: &[&str]) -> Split {
    let [train_images, train_labels, test_images, test_labels] = assets;
    let part = |images, labels| Part { images: open(images, Content::Images), labels: open(labels, Content::Labels) };
    assemble(name, part(train_images, train_labels), part(test_images, test_labels), scaling, class_names)
        .expect("the embedded files fit together, a test holds their sums")
}

fn open(asset: &Asset, content: Content) -> Named {
    let file = PathBuf::from(asset.name);
    let idx = idx::read(asset.bytes, &file, content).expect("the embedded files are sound, a test holds their sums");
    Named { file, idx }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes and CRC-32 of the files: an asset that changes must change here too. `assets/SHA256SUMS` is for `sha256sum -c`.
    #[test]
    fn assets_are_the_committed_ones() {
        let found: Vec<_> = DIGITS
            .iter()
            .chain(&FASHION_MINI)
            .chain([&SHAKESPEARE])
            .map(|asset| {
                let mut crc = flate2::Crc::new();
                crc.update(asset.bytes);
                (asset.name, asset.bytes.len(), crc.sum())
            })
            .collect();
        let expected = [
            ("digits/train-images-idx3-ubyte.gz", 35413, 0xbf54a367),
            ("digits/train-labels-idx1-ubyte.gz", 450, 0x2a1c58ed),
            ("digits/t10k-images-idx3-ubyte.gz", 9176, 0x448219fb),
            ("digits/t10k-labels-idx1-ubyte.gz", 199, 0x4e94bb0c),
            ("fashion-mini/train-images-idx3-ubyte.gz", 3486973, 0x79fdd1ae),
            ("fashion-mini/train-labels-idx1-ubyte.gz", 4081, 0xbddb5a3d),
            ("fashion-mini/t10k-images-idx3-ubyte.gz", 873033, 0x6f20cd61),
            ("fashion-mini/t10k-labels-idx1-ubyte.gz", 1033, 0xdd5a16b9),
            ("shakespeare/shakespeare.txt.gz", 207107, 0x67b7a8e0),
        ];
        assert_eq!(found, expected);
    }

    /// Mean and standard deviation of `pixel / max` over the training part, from the stored bytes.
    fn moments(asset: &Asset, max: f64) -> (f64, f64) {
        let pixels = open(asset, Content::Images).idx.values;
        let n = pixels.len() as f64;
        let sum: u64 = pixels.iter().map(|&p| u64::from(p)).sum();
        let squares: u64 = pixels.iter().map(|&p| u64::from(p).pow(2)).sum();
        let mean = sum as f64 / n;
        (mean / max, (squares as f64 / n - mean * mean).sqrt() / max)
    }

    #[test]
    fn digits_constants_are_those_of_the_training_part() {
        let (mean, std) = moments(&DIGITS[0], PixelScaling::DIGITS.max);
        assert!((mean - PixelScaling::DIGITS.channels[0].mean).abs() <= 5e-5, "mean {mean}"); // half a unit of the last digit kept
        assert!((std - PixelScaling::DIGITS.channels[0].std).abs() <= 5e-5, "std {std}");
        assert_eq!(open(&DIGITS[0], Content::Images).idx.values.iter().max(), Some(&16));
    }

    /// The constants are those of the full 60,000 images. There the mean of an image spreads by 0.126 and its mean
    /// square by 0.118 (standard deviations), so for 8,000 images five deviations of the mean are 5·0.126/√8000 = 0.0071,
    /// and of the standard deviation at most 5·(0.118 + 2·0.286·0.126)/(√8000·2·0.353) = 0.015.
    #[test]
    fn fashion_mini_is_near_the_full_constants() {
        let (mean, std) = moments(&FASHION_MINI[0], PixelScaling::FASHION_MNIST.max);
        assert!((mean - PixelScaling::FASHION_MNIST.channels[0].mean).abs() < 0.0071, "mean {mean}");
        assert!((std - PixelScaling::FASHION_MNIST.channels[0].std).abs() < 0.015, "std {std}");
    }

    #[test]
    fn plays_are_complete() {
        let text = shakespeare();
        assert!(text.is_ascii());
        assert_eq!(text.len(), 515_198);
        assert!(
            text.starts_with("HAMLET, PRINCE OF DENMARK\n") && text.ends_with("And Robin shall restore amends.\n\n[Exit.]\n")
        );
    }

    #[test]
    fn parts_have_the_documented_sizes() {
        let digits = digits();
        assert_eq!((digits.train.len(), digits.test.len()), (1437, 360));
        let both: Vec<_> = digits.train.class_counts().iter().zip(digits.test.class_counts()).map(|(a, b)| a + b).collect();
        assert_eq!(both, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]); // as scikit-learn documents the set
        for (all, test) in both.iter().zip(digits.test.class_counts()) {
            let share = *all as f64 * 360.0 / 1797.0;
            assert!((share - test as f64).abs() < 1.0, "{test} test examples for a share of {share}");
        }
        let mini = fashion_mini();
        assert_eq!(mini.train.class_counts(), [800; 10]);
        assert_eq!(mini.test.class_counts(), [200; 10]);
    }
}
