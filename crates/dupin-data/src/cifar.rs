//! CIFAR-10 and CIFAR-100 in their binary version.
//!
//! A file is records of equal size: one label byte (CIFAR-100: the coarse one, then the fine one), then 3,072 bytes of a
//! 32x32 image, the red plane first, each plane row by row.
//!
//! Source: A. Krizhevsky (2009), "Learning multiple layers of features from tiny images".

use std::path::{Path, PathBuf};

use crate::dataset::{Dataset, ExampleShape, Pixels, Split};
use crate::error::Error;
use crate::pixels::PixelScaling;

/// Rows and columns of an image.
const SIDE: usize = 32;
/// Bytes of a colour plane.
const PLANE: usize = SIDE * SIDE;
/// The most bytes of a file: 2 GiB, some ten times the largest.
const MAX_BYTES: u64 = 1 << 31;

/// Which data set, and for CIFAR-100 which of its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cifar {
    /// 10 classes.
    Ten,
    /// 100 classes.
    HundredFine,
    /// The 20 superclasses of the 100.
    HundredCoarse,
}

impl Cifar {
    /// `cifar10` or `cifar100`.
    pub fn name(self) -> &'static str {
        if self == Self::Ten { "cifar10" } else { "cifar100" }
    }

    fn class_names(self) -> &'static [&'static str] {
        match self {
            Self::Ten => &TEN,
            Self::HundredFine => &FINE,
            Self::HundredCoarse => &COARSE,
        }
    }

    fn scaling(self) -> PixelScaling {
        if self == Self::Ten { PixelScaling::CIFAR10 } else { PixelScaling::CIFAR100 }
    }

    /// Bytes before the image, and which of them is the label.
    fn labels(self) -> (usize, usize) {
        match self {
            Self::Ten => (1, 0),
            Self::HundredFine => (2, 1),
            Self::HundredCoarse => (2, 0),
        }
    }

    /// Names of the training and the test files.
    fn files(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Ten => (
                &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
                "test_batch.bin",
            ),
            _ => (&["train.bin"], "test.bin"),
        }
    }

    /// The folder that the published archive unpacks to.
    pub(crate) const fn archive_folder(self) -> &'static str {
        match self {
            Self::Ten => "cifar-10-batches-bin",
            _ => "cifar-100-binary",
        }
    }
}

/// What is wrong with a file that should be CIFAR's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CifarProblem {
    /// Not a whole number of records.
    #[error(
        "its {bytes} bytes are not a whole number of records of {record} bytes; it is cut off or another kind of file, fetch it again"
    )]
    Ragged {
        /// Bytes of the file.
        bytes: u64,
        /// Bytes of a record.
        record: usize,
    },
    /// No record.
    #[error("it is empty; fetch it again")]
    Empty,
    /// More than is ever read.
    #[error("it has {bytes} bytes, more than the limit of {MAX_BYTES}; it is another kind of file")]
    TooLarge {
        /// Bytes of the file.
        bytes: u64,
    },
    /// A label that names no class.
    #[error("the label of record {index} (counting from 0) is {label}, but the {classes} classes are numbered 0 to {}; it is damaged or of another data set", classes - 1)]
    Label {
        /// The record.
        index: usize,
        /// Its label.
        label: u8,
        /// Number of classes.
        classes: usize,
    },
}

/// Loads the files of `cifar` from `folder`, or from the folder in it that the published archive unpacks to. The number of
/// images in a file is free. CIFAR-10 has five training files; the first alone will do.
///
/// # Shapes and units
/// Inputs are `[n, 32, 32, 3]`, scaled as [`PixelScaling::CIFAR10`] or [`PixelScaling::CIFAR100`] says.
///
/// # Cost
/// 3,072 bytes of memory an image: 176 MiB for all 60,000.
///
/// # Errors
/// [`Error::NotAFolder`], [`Error::CifarFileMissing`], [`Error::Io`] and [`Error::Cifar`] for the files.
pub fn load_folder(cifar: Cifar, folder: &Path) -> Result<Split, Error> {
    if !folder.is_dir() {
        return Err(Error::NotAFolder { folder: folder.to_owned(), dataset: cifar.name().to_owned() });
    }
    let inner = folder.join(cifar.archive_folder());
    let folder = if inner.is_dir() { inner } else { folder.to_owned() };
    let (train, test) = cifar.files();
    let path = |file: &&str| -> Result<PathBuf, Error> {
        let path = folder.join(file);
        if path.is_file() {
            return Ok(path);
        }
        Err(Error::CifarFileMissing { file: (*file).to_owned(), folder: folder.clone(), dataset: cifar.name() })
    };
    let alone = train[1..].iter().all(|file| path(file).is_err());
    let train = if alone { &train[..1] } else { train };
    let part = |name: &str, files: &[PathBuf]| -> Result<Dataset, Error> {
        let (mut bytes, mut labels) = (Vec::new(), Vec::new());
        for file in files {
            read(cifar, file, &contents(file)?, &mut bytes, &mut labels)?;
        }
        let shape = ExampleShape::Image { height: SIDE, width: SIDE, channels: 3 };
        let pixels = Pixels { bytes, shape, scaling: cifar.scaling() };
        let class_names = cifar.class_names().iter().map(ToString::to_string).collect();
        Dataset::from_pixels(format!("{}/{name}", cifar.name()), pixels, labels, class_names)
    };
    let train = train.iter().map(path).collect::<Result<Vec<_>, _>>()?;
    Ok(Split { train: part("train", &train)?, test: part("test", &[path(&test)?])? })
}

fn contents(file: &Path) -> Result<Vec<u8>, Error> {
    let io = |source| Error::Io { file: file.to_owned(), source };
    let bytes = std::fs::metadata(file).map_err(io)?.len();
    if bytes > MAX_BYTES {
        return Err(Error::Cifar { file: file.to_owned(), problem: CifarProblem::TooLarge { bytes } });
    }
    std::fs::read(file).map_err(io)
}

/// Appends the images of `source`, `[n, 32, 32, 3]`, and their labels; `file` is what errors call it.
///
/// # Errors
/// [`Error::Cifar`] if these are not records of `cifar`.
pub fn read(cifar: Cifar, file: &Path, source: &[u8], bytes: &mut Vec<u8>, labels: &mut Vec<u32>) -> Result<(), Error> {
    let refuse = |problem| Err(Error::Cifar { file: file.to_owned(), problem });
    let (before, label_at) = cifar.labels();
    let (record, classes) = (before + 3 * PLANE, cifar.class_names().len());
    if source.is_empty() {
        return refuse(CifarProblem::Empty);
    }
    if !source.len().is_multiple_of(record) {
        return refuse(CifarProblem::Ragged { bytes: source.len() as u64, record });
    }
    bytes.reserve(source.len());
    for (index, record) in source.chunks_exact(record).enumerate() {
        let (head, image) = record.split_at(before);
        let label = head[label_at];
        if usize::from(label) >= classes {
            return refuse(CifarProblem::Label { index, label, classes });
        }
        labels.push(u32::from(label));
        bytes.extend((0..PLANE).flat_map(|pixel| [image[pixel], image[PLANE + pixel], image[2 * PLANE + pixel]]));
    }
    Ok(())
}

const TEN: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

#[rustfmt::skip]
const FINE: [&str; 100] = [
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy", "bridge", "bus",
    "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch",
    "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house",
    "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle",
    "mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
    "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark",
    "shrew", "skunk", "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table",
    "tank", "telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree",
    "wolf", "woman", "worm",
];

#[rustfmt::skip]
const COARSE: [&str; 20] = [
    "aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables", "household_electrical_devices",
    "household_furniture", "insects", "large_carnivores", "large_man-made_outdoor_things", "large_natural_outdoor_scenes",
    "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates", "people", "reptiles", "small_mammals", "trees",
    "vehicles_1", "vehicles_2",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A record whose pixel `(row, column)` of plane `p` is `row + 2·column + 64·p`.
    fn record(head: &[u8]) -> Vec<u8> {
        let image = (0..3).flat_map(|p| (0..PLANE).map(move |at| (at / SIDE + 2 * (at % SIDE) + 64 * p) as u8));
        head.iter().copied().chain(image).collect()
    }

    fn read_one(cifar: Cifar, source: &[u8]) -> Result<(Vec<u8>, Vec<u32>), String> {
        let (mut bytes, mut labels) = (Vec::new(), Vec::new());
        let outcome = read(cifar, Path::new("x.bin"), source, &mut bytes, &mut labels);
        outcome.map(|()| (bytes, labels)).map_err(|e| e.to_string())
    }

    #[test]
    fn planes_become_channels() {
        let (bytes, labels) = read_one(Cifar::Ten, &[record(&[7]), record(&[0])].concat()).unwrap();
        assert_eq!(labels, [7, 0]);
        assert_eq!(bytes.len(), 2 * 3 * PLANE);
        for (row, column) in [(0, 0), (0, 31), (5, 3), (31, 31)] {
            let at = 3 * PLANE + 3 * (row * SIDE + column); // in the second image
            let first = (row + 2 * column) as u8;
            assert_eq!(bytes[at..at + 3], [first, first + 64, first + 128], "row {row}, column {column}");
        }
    }

    #[test]
    fn hundred_has_two_labels() {
        let source = record(&[19, 99]);
        assert_eq!(read_one(Cifar::HundredFine, &source).unwrap().1, [99]);
        assert_eq!(read_one(Cifar::HundredCoarse, &source).unwrap().1, [19]);
        assert_eq!((FINE.len(), COARSE.len()), (100, 20));
        assert!(FINE.is_sorted() && COARSE.is_sorted(), "the classes are numbered in alphabetical order");
    }

    #[test]
    fn refuses_bad_files() {
        let refusal = |cifar, source: &[u8]| read_one(cifar, source).unwrap_err();
        assert_eq!(
            refusal(Cifar::Ten, &record(&[3])[1..]),
            "x.bin is not a file of CIFAR: its 3072 bytes are not a whole number of records of 3073 bytes; it is cut off or another kind of file, fetch it again"
        );
        assert_eq!(refusal(Cifar::Ten, &[]), "x.bin is not a file of CIFAR: it is empty; fetch it again");
        assert_eq!(
            refusal(Cifar::Ten, &[record(&[3]), record(&[10])].concat()),
            "x.bin is not a file of CIFAR: the label of record 1 (counting from 0) is 10, but the 10 classes are numbered 0 to 9; it is damaged or of another data set"
        );
        assert!(refusal(Cifar::HundredCoarse, &record(&[20, 0])).contains("is 20, but the 20 classes"));
        assert!(refusal(Cifar::HundredFine, &record(&[0, 100])).contains("is 100, but the 100 classes"));
    }
}
