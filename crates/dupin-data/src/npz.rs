//! Arrays of NumPy: `.npz` archives of `.npy` arrays, as `np.savez` and `np.savez_compressed` write them.
//!
//! | arrays | what |
//! |---|---|
//! | `x_train`, `y_train`, `x_test`, `y_test` (or `train_images`, `train_labels`, `test_images`, `test_labels`) | both parts |
//! | `x`, `y` | one data set, of which a share drawn by a seed becomes the test part |
//!
//! Inputs are `[n, features]`, `[n, height, width]` or `[n, height, width, channels]`. Bytes become numbers by their mean and
//! standard deviation over the training array, channel by channel; numbers of other types are taken as they are. Labels are whole
//! numbers, `[n]` or `[n, 1]`; the largest says how many classes there are.
//!
//! Source: "NEP 1 - A simple file format for NumPy arrays".

mod npy;

use std::path::Path;

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive};

use crate::dataset::{Dataset, ExampleShape, Inputs, Pixels, Split};
use crate::error::Error;
use crate::pixels::{Moments, PixelScaling};
use crate::rng::Rng;
use npy::{Array, Numbers};

/// The most bytes of an archive, and of an array in it: 4 GiB.
pub const MAX_BYTES: u64 = 1 << 32;
/// The most classes.
const MAX_CLASSES: i64 = 1 << 16;
/// Names that the four arrays may have.
const PARTS: [[&str; 4]; 2] =
    [["x_train", "y_train", "x_test", "y_test"], ["train_images", "train_labels", "test_images", "test_labels"]];

/// What is wrong with an `.npz` file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NpzProblem {
    /// No zip archive, or a damaged one.
    #[error("it is no zip archive, or damaged ({0}); write it with np.savez")]
    Zip(String),
    /// More than [`MAX_BYTES`].
    #[error("it has {bytes} bytes, at most {MAX_BYTES} are read")]
    TooLarge {
        /// Bytes of the file.
        bytes: u64,
    },
    /// The arrays are not there.
    #[error("it holds the arrays {found:?}; expected x and y, or x_train, y_train, x_test and y_test")]
    Names {
        /// What it holds.
        found: Vec<String>,
    },
    /// One array is damaged or of a kind that is not read.
    #[error("array `{array}` {why}")]
    Array {
        /// Its name.
        array: String,
        /// What is wrong.
        why: String,
    },
}

/// Reads the data set in the archive `file`. If it has one part, `test` of the examples, drawn by `seed`, are held out.
///
/// # Cost
/// The memory of the file and of its arrays.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::Npz`] if it is not what is expected, [`Error::Dataset`] if its arrays do not fit
/// together.
pub fn read_file(name: &str, file: &Path, test: f64, seed: u64) -> Result<Split, Error> {
    let io = |source| Error::Io { file: file.to_owned(), source };
    let bytes = std::fs::metadata(file).map_err(io)?.len();
    if bytes > MAX_BYTES {
        return Err(Error::Npz { file: file.to_owned(), problem: NpzProblem::TooLarge { bytes } });
    }
    read(name, file, &std::fs::read(file).map_err(io)?, test, seed)
}

/// Reads the data set in the archive `bytes`; `file` is what errors call it.
///
/// # Errors
/// As [`read_file`].
pub fn read(name: &str, file: &Path, bytes: &[u8], test: f64, seed: u64) -> Result<Split, Error> {
    let refuse = |problem| Error::Npz { file: file.to_owned(), problem };
    let archive = Archive::open(bytes).map_err(refuse)?;
    if let Some(names) = PARTS.iter().find(|names| names.iter().all(|name| archive.has(name))) {
        let [x, y, test_x, test_y] = names.map(|name| archive.array(name));
        let labels = (labels(names[1], y).map_err(refuse)?, labels(names[3], test_y).map_err(refuse)?);
        let classes = class_names(&labels.0, &labels.1);
        let train = Part::new(names[0], x.map_err(refuse)?).map_err(refuse)?;
        let scaling = train.scaling();
        let train = train.dataset(format!("{name}/train"), scaling.clone(), labels.0, classes.clone())?;
        let part = Part::new(names[2], test_x.map_err(refuse)?).map_err(refuse)?;
        if part.shape != train.shape() || matches!(part.values, Numbers::Bytes(_)) != train.scaling().is_some() {
            let why = format!(
                "holds {} of {:?}, but those of `{}` are {} of {:?}; both parts need one shape and one type",
                part.values.kind(),
                part.shape.dims(),
                names[0],
                if train.scaling().is_some() { "bytes" } else { "numbers" },
                train.shape().dims()
            );
            return Err(refuse(NpzProblem::Array { array: names[2].to_owned(), why }));
        }
        return Ok(Split { train, test: part.dataset(format!("{name}/test"), scaling, labels.1, classes)? });
    }
    if !(archive.has("x") && archive.has("y")) {
        return Err(refuse(NpzProblem::Names { found: archive.names() }));
    }
    let labels = labels("y", archive.array("y")).map_err(refuse)?;
    let classes = class_names(&labels, &[]);
    let part = Part::new("x", archive.array("x").map_err(refuse)?).map_err(refuse)?;
    let scaling = part.scaling();
    hold_out(name, &part.dataset(name.to_owned(), scaling, labels, classes)?, test, seed)
}

/// Splits `all` in two: `test` of the examples, at least one, drawn by `seed`; both parts keep the order.
pub(crate) fn hold_out(name: &str, all: &Dataset, test: f64, seed: u64) -> Result<Split, Error> {
    let n = all.len();
    let held = ((n as f64 * test).round() as usize).clamp(1, n);
    let order = Rng::new(seed, 0).permutation(n);
    let part = |part: &str, chosen: &[usize]| -> Result<Dataset, Error> {
        let mut indices = chosen.to_vec();
        indices.sort_unstable();
        Ok(all.select(&indices)?.renamed(format!("{name}/{part}")))
    };
    Ok(Split { train: part("train", &order[held..])?, test: part("test", &order[..held])? })
}

/// Arrays by name, still packed.
struct Archive<'a> {
    zip: rawzip::ZipSliceArchive<&'a [u8]>,
    entries: Vec<(String, CompressionMethod, rawzip::ZipArchiveEntryWayfinder)>,
}

impl<'a> Archive<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, NpzProblem> {
        let problem = |error: rawzip::Error| NpzProblem::Zip(error.to_string());
        let zip = ZipArchive::from_slice(bytes).map_err(problem)?;
        let mut entries = Vec::new();
        let mut all = zip.entries();
        while let Some(entry) = all.next_entry().map_err(problem)? {
            let path = entry.file_path();
            let name = String::from_utf8_lossy(path.as_ref());
            if let Some(name) = name.strip_suffix(".npy") {
                entries.push((name.to_owned(), entry.compression_method(), entry.wayfinder()));
            }
        }
        Ok(Self { zip, entries })
    }

    fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.0 == name)
    }

    fn names(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.0.chars().take(64).collect()).take(32).collect()
    }

    fn array(&self, name: &str) -> Result<Array, NpzProblem> {
        let refuse = |why: String| NpzProblem::Array { array: name.to_owned(), why };
        let (_, method, place) = self.entries.iter().find(|entry| entry.0 == name).expect("the caller saw that it is there");
        let entry = self.zip.get_entry(*place).map_err(|error| refuse(format!("cannot be unpacked ({error})")))?;
        match *method {
            CompressionMethod::STORE => npy::read(entry.verifying_reader(entry.data()), MAX_BYTES),
            CompressionMethod::DEFLATE => npy::read(entry.verifying_reader(DeflateDecoder::new(entry.data())), MAX_BYTES),
            other => Err(format!("is packed by a method that NumPy does not use ({other:?}); write it with np.savez")),
        }
        .map_err(refuse)
    }
}

/// Inputs of one part.
struct Part {
    shape: ExampleShape,
    values: Numbers,
}

impl Part {
    fn new(name: &str, array: Array) -> Result<Self, NpzProblem> {
        let refuse = |why: String| Err(NpzProblem::Array { array: name.to_owned(), why });
        let shape = match array.shape[..] {
            [_, features] => ExampleShape::Vector { features },
            [_, height, width] => ExampleShape::Image { height, width, channels: 1 },
            [_, channels @ 1..=4, height, width] if width > 4 => {
                return refuse(format!(
                    "has the shape {:?}, which looks like channels before {height} x {width} pixels; give [n, height, width, channels], as by x.transpose(0, 2, 3, 1) (these are {channels} channels)",
                    array.shape
                ));
            }
            [_, height, width, channels] => ExampleShape::Image { height, width, channels },
            _ => {
                return refuse(format!(
                    "has the shape {:?}; expected [n, features], [n, height, width] or [n, height, width, channels]",
                    array.shape
                ));
            }
        };
        Ok(Self { shape, values: array.values })
    }

    /// The mean and standard deviation of each channel of bytes; a channel that is constant is only shifted.
    fn scaling(&self) -> Option<PixelScaling> {
        let Numbers::Bytes(bytes) = &self.values else { return None };
        let channels = if let ExampleShape::Image { channels, .. } = self.shape { channels.max(1) } else { 1 };
        let mut counts = vec![[0u64; 256]; channels];
        bytes.iter().enumerate().for_each(|(at, &byte)| counts[at % channels][usize::from(byte)] += 1);
        let moments = |counts: &[u64; 256]| {
            let n = counts.iter().sum::<u64>().max(1) as f64;
            let moment = |power: i32| {
                let sum: f64 = counts.iter().enumerate().map(|(byte, &n)| n as f64 * (byte as f64 / 255.0).powi(power)).sum();
                sum / n
            };
            let mean = moment(1);
            let std = (moment(2) - mean * mean).max(0.0).sqrt();
            Moments { mean, std: if std > 1e-6 { std } else { 1.0 } }
        };
        Some(PixelScaling { max: 255.0, channels: counts.iter().map(moments).collect() })
    }

    fn dataset(
        self,
        name: String,
        scaling: Option<PixelScaling>,
        labels: Vec<u32>,
        class_names: Vec<String>,
    ) -> Result<Dataset, Error> {
        let shape = self.shape;
        match (self.values, scaling) {
            (Numbers::Bytes(bytes), Some(scaling)) => {
                Dataset::from_pixels(name, Pixels { bytes, shape, scaling }, labels, class_names)
            }
            (values, _) => Dataset::new(name, Inputs { values: values.floats(), shape }, labels, class_names),
        }
    }
}

fn labels(name: &str, array: Result<Array, NpzProblem>) -> Result<Vec<u32>, NpzProblem> {
    let refuse = |why: String| NpzProblem::Array { array: name.to_owned(), why };
    let array = array?;
    if !matches!(array.shape[..], [_] | [_, 1]) {
        return Err(refuse(format!("has the shape {:?}; labels are [n] or [n, 1]", array.shape)));
    }
    let Some(whole) = array.values.whole() else {
        return Err(refuse("holds fractions; labels are whole numbers, the classes counted from 0".to_owned()));
    };
    match whole.iter().position(|label| !(0..MAX_CLASSES).contains(label)) {
        Some(at) => {
            Err(refuse(format!("holds {} at {at} (counting from 0); labels lie from 0 to {}", whole[at], MAX_CLASSES - 1)))
        }
        None => Ok(whole.into_iter().map(|label| label as u32).collect()),
    }
}

/// As many classes as the largest label says, and at least two.
fn class_names(train: &[u32], test: &[u32]) -> Vec<String> {
    let largest = train.iter().chain(test).copied().max().unwrap_or(0).max(1);
    (0..=largest).map(|class| class.to_string()).collect()
}
