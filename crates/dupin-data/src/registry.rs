//! Data sets by name.

use std::path::{Path, PathBuf};

use crate::cifar::{self, Cifar};
use crate::dataset::Split;
use crate::embedded;
use crate::error::Error;
use crate::folder::load_folder;
use crate::images::{self, ImageOptions};
use crate::npz;
use crate::pixels::PixelScaling;
use crate::remote::remote;
use crate::spec::Spec;
use crate::text;

/// Class names of MNIST and of the digits.
pub(crate) const DIGIT_NAMES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// Class names of Fashion-MNIST.
pub(crate) const FASHION_NAMES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// Where Debian's package `dataset-fashion-mnist` puts its files.
const DEBIAN_FASHION_MNIST: &str = "/usr/share/datasets/fashion-mnist";

/// A data set that [`load`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name alone.
    pub name: &'static str,
    /// How to ask for it: the name, and `:DIR` where a folder is needed, `[:DIR]` where one may be given, `:FILE` for a file.
    pub spec: &'static str,
    /// What it is, in one line.
    pub description: &'static str,
    /// Under which licence it is given away, as its makers say.
    pub licence: &'static str,
}

/// Where the files of a data set are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Part of the crate.
    BuiltIn,
    /// In this folder, where it is found without being named.
    Here(PathBuf),
    /// Nowhere yet, but [`remote`](crate::remote) says where it can be had.
    Fetchable,
    /// At a place that only its user knows.
    Yours,
}

impl Entry {
    /// Where the files are, with data sets that were fetched in the folder `cache`.
    pub fn presence(&self, cache: Option<&Path>) -> Presence {
        let usual = Path::new(DEBIAN_FASHION_MNIST);
        match (self.name, remote(self.name)) {
            ("digits" | "fashion-mini" | "shakespeare", _) => Presence::BuiltIn,
            (_, Some(remote)) => match cache.filter(|cache| remote.is_present(cache)) {
                Some(cache) => Presence::Here(remote.folder(cache)),
                None if self.name == "fashion-mnist" && usual.is_dir() => Presence::Here(usual.to_owned()),
                None => Presence::Fetchable,
            },
            (_, None) => Presence::Yours,
        }
    }
}

/// Every data set: `list` shows them in this order.
const ENTRIES: [Entry; 10] = [
    Entry {
        name: "digits",
        spec: "digits",
        description: "built in: 8x8 handwritten digits of UCI as in scikit-learn, 1437 train, 360 test, 10 classes",
        licence: "CC BY 4.0",
    },
    Entry {
        name: "fashion-mini",
        spec: "fashion-mini",
        description: "built in: the first 28x28 images of each class of Fashion-MNIST, 8000 train, 2000 test, 10 classes",
        licence: "MIT",
    },
    Entry {
        name: "shakespeare",
        spec: "shakespeare",
        description: "built in: four plays, 515198 characters, 73 different, in pieces of length=64; test=0.1 of them at the end",
        licence: "public domain",
    },
    Entry {
        name: "fashion-mnist",
        spec: "fashion-mnist[:DIR]",
        description: "28x28 articles of clothing, 60000 train, 10000 test, 10 classes; IDX files in DIR or from Debian's package",
        licence: "MIT",
    },
    Entry {
        name: "mnist",
        spec: "mnist:DIR",
        description: "28x28 handwritten digits, 60000 train, 10000 test, 10 classes; IDX files in DIR",
        licence: "CC BY-SA 3.0",
    },
    Entry {
        name: "cifar10",
        spec: "cifar10:DIR",
        description: "32x32 colour images, 50000 train, 10000 test, 10 classes; files of the binary version in DIR",
        licence: "none stated",
    },
    Entry {
        name: "cifar100",
        spec: "cifar100:DIR",
        description: "32x32 colour images, 50000 train, 10000 test, 100 classes or, with labels=coarse, 20; files of the binary version in DIR",
        licence: "none stated",
    },
    Entry {
        name: "images",
        spec: "images:DIR",
        description: "folders of JPEG and PNG files, a folder a class, below train and test (or val) or test=0.1 of them drawn by seed=0; size=N scales and cuts, grey=yes",
        licence: "yours",
    },
    Entry {
        name: "npz",
        spec: "npz:FILE",
        description: "arrays of NumPy: x_train, y_train, x_test, y_test, or x, y of which test=0.1 drawn by seed=0 are held out",
        licence: "yours",
    },
    Entry {
        name: "text",
        spec: "text:FILE",
        description: "a text of your own in UTF-8, to predict its next character; options of shakespeare",
        licence: "yours",
    },
];

/// Options of a text.
const TEXT_OPTIONS: [&str; 2] = ["length", "test"];
/// Options of every data set with classes.
const NOISE_OPTIONS: [&str; 2] = ["label_noise", "noise_seed"];

/// All data sets that [`load`] knows.
pub fn list() -> &'static [Entry] {
    &ENTRIES
}

/// Loads the data set that `spec` names: `NAME[:PLACE][,OPTION=VALUE]...[@COUNT]`.
///
/// [`list`] has the names. `@COUNT` keeps the first `COUNT` training examples that are balanced over the classes
/// ([`Dataset::balanced_head`](crate::Dataset::balanced_head)) and the whole test part: `fashion-mini@2000` has 200
/// training examples of each class. After a place, `@` begins a count only if nothing but digits follows, and a comma an
/// option only if `word=value` does; a place whose own name ends that way is written with a `/` behind it.
///
/// Every data set with classes takes `label_noise=P`: the share `P` of training labels, drawn by `noise_seed` (0), is
/// replaced by other classes ([`Dataset::with_label_noise`](crate::Dataset::with_label_noise)).
///
/// # Shapes and units
/// Images are `[n, height, width, channels]`, dimensionless, scaled as [`PixelScaling`] says; texts as [`text`] says.
///
/// # Cost
/// A byte of memory per pixel and two per character; built-in data sets are decompressed anew by each call, in well under a second.
///
/// # Errors
/// Those that say what is wrong with `spec`, those of the readers, and [`Error::ClassTooSmall`] if `COUNT` is too large.
pub fn load(spec: &str) -> Result<Split, Error> {
    load_from(spec, None)
}

/// [`load`], which looks into the folder `cache` for data sets that were fetched when their place is not said.
///
/// # Errors
/// As [`load`].
pub fn load_from(spec: &str, cache: Option<&Path>) -> Result<Split, Error> {
    let spec = Spec::parse(spec)?;
    let fetched = cache.zip(remote(spec.name)).filter(|(cache, remote)| spec.place.is_none() && remote.is_present(cache));
    let fetched = fetched.map(|(cache, remote)| remote.folder(cache));
    let mut split = by_name(&spec, spec.place.map(Path::new).or(fetched.as_deref()))?;
    if let Some(count) = spec.count {
        split.train = split.train.balanced_head(count)?.renamed(format!("{}@{count}/train", spec.name));
    }
    if let Some(share) = spec.share("label_noise")? {
        split.train = split.train.with_label_noise(share, spec.whole("noise_seed")?.unwrap_or(0))?;
    }
    Ok(split)
}

fn by_name(spec: &Spec, place: Option<&Path>) -> Result<Split, Error> {
    let name = spec.name;
    match name {
        "shakespeare" | "text" => spec.takes(&TEXT_OPTIONS)?,
        "cifar100" => spec.takes(&["labels", "label_noise", "noise_seed"])?,
        "images" => spec.takes(&["size", "grey", "test", "seed", "label_noise", "noise_seed"])?,
        "npz" => spec.takes(&["test", "seed", "label_noise", "noise_seed"])?,
        _ if ENTRIES.iter().any(|e| e.name == name) => spec.takes(&NOISE_OPTIONS)?,
        _ => return Err(Error::UnknownDataset { name: name.to_owned(), closest: closest(name) }),
    }
    match name {
        "digits" => without_folder("digits", place).map(|()| embedded::digits()),
        "fashion-mini" => without_folder("fashion-mini", place).map(|()| embedded::fashion_mini()),
        "shakespeare" => {
            without_folder("shakespeare", place)?;
            let (length, test) = windows(spec)?;
            text::read(name, Path::new("shakespeare"), embedded::shakespeare().as_bytes(), length, test)
        }
        "text" => {
            let (length, test) = windows(spec)?;
            text::read_file(name, needed("text", place)?, length, test)
        }
        "npz" => {
            let (test, seed) = (spec.share("test")?.unwrap_or(0.1), spec.whole("seed")?.unwrap_or(0));
            npz::read_file(name, needed("npz", place)?, test, seed)
        }
        "images" => {
            let usual = ImageOptions::default();
            let yes_or_no = |v: &str| ["no", "yes"].iter().position(|word| *word == v).map(|at| at == 1);
            let options = ImageOptions {
                size: spec.size("size")?,
                grey: spec.option("grey", "`yes` or `no`", yes_or_no)?.unwrap_or(usual.grey),
                test: spec.share("test")?.unwrap_or(usual.test),
                seed: spec.whole("seed")?.unwrap_or(usual.seed),
            };
            images::load_folder(name, needed("images", place)?, &options)
        }
        "fashion-mnist" => fashion_mnist(place, Path::new(DEBIAN_FASHION_MNIST)),
        "mnist" => load_folder("mnist", needed("mnist", place)?, &PixelScaling::MNIST, &DIGIT_NAMES),
        "cifar10" => cifar::load_folder(Cifar::Ten, needed("cifar10", place)?),
        _ => {
            let labels = spec.option("labels", "`fine` or `coarse`", |v| match v {
                "fine" => Some(Cifar::HundredFine),
                "coarse" => Some(Cifar::HundredCoarse),
                _ => None,
            })?;
            cifar::load_folder(labels.unwrap_or(Cifar::HundredFine), needed("cifar100", place)?)
        }
    }
}

/// Length of the windows and share of the test part.
fn windows(spec: &Spec) -> Result<(usize, f64), Error> {
    Ok((spec.size("length")?.unwrap_or(text::LENGTH), spec.share("test")?.unwrap_or(text::TEST_SHARE)))
}

/// The place of a data set that has none of its own.
fn needed<'a>(name: &'static str, place: Option<&'a Path>) -> Result<&'a Path, Error> {
    let (place_name, holds) = match name {
        "text" => ("FILE", "is a text in UTF-8"),
        "npz" => ("FILE", "is an archive that np.savez wrote"),
        "images" => ("DIR", "holds a folder of JPEG and PNG files for each class"),
        "mnist" => ("DIR", "holds `train-images-idx3-ubyte` (.gz or not) and the three other files"),
        _ => ("DIR", "holds what the archive of the binary version unpacks to"),
    };
    place.ok_or(Error::FolderNeeded { name, place: place_name, holds })
}

fn without_folder(name: &'static str, folder: Option<&Path>) -> Result<(), Error> {
    match folder {
        None => Ok(()),
        Some(folder) => Err(Error::FolderNotTaken { name, folder: folder.display().to_string() }),
    }
}

fn fashion_mnist(folder: Option<&Path>, usual: &Path) -> Result<Split, Error> {
    if folder.is_none() && !usual.is_dir() {
        return Err(Error::NotInstalled { folder: usual.to_owned() });
    }
    let folder = folder.unwrap_or(usual);
    load_folder("fashion-mnist", folder, &PixelScaling::FASHION_MNIST, &FASHION_NAMES)
}

/// The known name nearest to `name` in edits, upper and lower case alike, if at most a third of it is wrong.
fn closest(name: &str) -> Option<&'static str> {
    let name: Vec<char> = name.to_lowercase().chars().take(64).collect();
    let (distance, best) = ENTRIES.iter().map(|entry| (edits(&name, entry.name), entry.name)).min()?;
    (3 * distance <= best.len()).then_some(best)
}

/// Levenshtein distance: insertions, deletions and replacements that lead from `a` to `b`.
fn edits(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(spec: &str) -> String {
        load(spec).unwrap_err().to_string()
    }

    #[test]
    fn every_entry_is_loadable_or_says_what_it_needs() {
        for entry in list() {
            match load(entry.name) {
                Ok(split) => assert_eq!(split.train.name(), format!("{}/train", entry.name)),
                Err(Error::FolderNeeded { name, .. }) => assert_eq!(name, entry.name),
                Err(Error::NotInstalled { .. }) => assert_eq!(entry.name, "fashion-mnist"),
                Err(other) => panic!("{}: {other}", entry.name),
            }
            assert!(entry.spec.starts_with(entry.name));
        }
    }

    #[test]
    fn count_keeps_a_balanced_part() {
        let whole = load("digits").unwrap();
        let part = load("digits@105").unwrap();
        assert_eq!(part.train.name(), "digits@105/train");
        assert_eq!(part.train.class_counts(), [11, 11, 11, 11, 11, 10, 10, 10, 10, 10]);
        assert_eq!(part.test, whole.test);
        assert_eq!(load("digits@1398").unwrap().train.len(), 1398);
        assert_eq!(
            refusal("digits@1399"),
            "`digits/train` has 139 examples of class 8, but 1399 balanced examples take 140 of them: ask for 1398 or less"
        );
        assert_eq!(
            refusal("digits@2000"),
            "`digits/train` has 142 examples of class 0, but 2000 balanced examples take 200 of them: ask for 1398 or less"
        );
    }

    #[test]
    fn refuses_bad_specs() {
        assert_eq!(
            refusal("fashon-mnist"),
            "unknown data set `fashon-mnist` (did you mean `fashion-mnist`?); known are digits, fashion-mini, shakespeare, fashion-mnist[:DIR], mnist:DIR, cifar10:DIR, cifar100:DIR, images:DIR, npz:FILE, text:FILE"
        );
        assert_eq!(
            refusal("imagenet"),
            "unknown data set `imagenet`; known are digits, fashion-mini, shakespeare, fashion-mnist[:DIR], mnist:DIR, cifar10:DIR, cifar100:DIR, images:DIR, npz:FILE, text:FILE"
        );
        assert_eq!(
            refusal("mnist"),
            "`mnist` needs the place of its files: write `mnist:DIR`, where DIR holds `train-images-idx3-ubyte` (.gz or not) and the three other files; or fetch it by `dupin data fetch mnist`"
        );
        assert_eq!(refusal("mnist:"), refusal("mnist"));
        assert_eq!(
            refusal("digits:data"),
            "`digits` is built in and takes no folder, but `data` was given: write `digits` alone"
        );
        for count in ["", "0", "-5", "+5", "1e3", "99999999999999999999"] {
            let golden = format!(
                "`@{count}` in `digits@{count}` is not a number of training examples: write a positive whole number, such as `digits@1000`"
            );
            assert_eq!(refusal(&format!("digits@{count}")), golden);
        }
        assert_eq!(
            fashion_mnist(None, Path::new("/nowhere")).unwrap_err().to_string(),
            "no Fashion-MNIST in /nowhere: install Debian's package dataset-fashion-mnist, name a folder with `fashion-mnist:DIR`, or fetch it by `dupin data fetch fashion-mnist`"
        );
    }

    #[test]
    fn folders_may_hold_an_at_sign() {
        assert_eq!(refusal("mnist:/no/a@b"), "/no/a@b is not a folder: give the folder that holds the files of mnist");
        assert_eq!(refusal("mnist:/no/a@5/"), "/no/a@5/ is not a folder: give the folder that holds the files of mnist");
        assert_eq!(refusal("mnist:/no/a@5"), "/no/a is not a folder: give the folder that holds the files of mnist");
    }

    #[test]
    fn hints_only_at_near_names() {
        assert_eq!(closest("MNIST"), Some("mnist"));
        assert_eq!(closest("digit"), Some("digits"));
        assert_eq!(closest("fashion_mini"), Some("fashion-mini"));
        assert_eq!(closest("fashionmnist"), Some("fashion-mnist"));
        assert_eq!(closest("imagenet"), None);
        assert_eq!(closest(""), None);
        assert_eq!(closest(&"x".repeat(1 << 20)), None);
        assert_eq!(edits(&['a', 'b', 'c'], "adc"), 1);
        assert_eq!(edits(&['k', 'i', 't', 't', 'e', 'n'], "sitting"), 3);
    }
}
