//! Data sets by name.

use std::path::Path;

use crate::dataset::Split;
use crate::embedded;
use crate::error::Error;
use crate::folder::load_folder;
use crate::pixels::PixelScaling;

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
    /// How to ask for it: the name, and `:DIR` where a folder is needed, `[:DIR]` where one may be given.
    pub spec: &'static str,
    /// What it is, in one line.
    pub description: &'static str,
}

const ENTRIES: [Entry; 4] = [
    Entry {
        name: "digits",
        spec: "digits",
        description: "built in: 8x8 handwritten digits of UCI as in scikit-learn, 1437 train, 360 test, 10 classes",
    },
    Entry {
        name: "fashion-mini",
        spec: "fashion-mini",
        description: "built in: the first 28x28 images of each class of Fashion-MNIST, 8000 train, 2000 test, 10 classes",
    },
    Entry {
        name: "fashion-mnist",
        spec: "fashion-mnist[:DIR]",
        description: "28x28 articles of clothing, 60000 train, 10000 test, 10 classes; IDX files in DIR or from Debian's package",
    },
    Entry {
        name: "mnist",
        spec: "mnist:DIR",
        description: "28x28 handwritten digits, 60000 train, 10000 test, 10 classes; IDX files in DIR",
    },
];

/// All data sets that [`load`] knows.
pub fn list() -> &'static [Entry] {
    &ENTRIES
}

/// Loads the data set that `spec` names: `NAME`, `NAME:DIR`, and either with `@COUNT`.
///
/// [`list`] has the names. `@COUNT` keeps the first `COUNT` training examples that are balanced over the classes
/// ([`Dataset::balanced_head`](crate::Dataset::balanced_head)) and the whole test part: `fashion-mini@2000` has 200
/// training examples of each class. After a folder, `@` begins a count only if nothing but digits follows; a folder
/// whose own name ends that way is written with a `/` behind it.
///
/// # Shapes and units
/// Inputs are `[n, height, width, 1]`, dimensionless, scaled as [`PixelScaling`] says.
///
/// # Cost
/// 4 bytes of memory per pixel; the built-in data sets are decompressed anew by each call, in well under a second.
///
/// # Errors
/// Those that say what is wrong with `spec`, those of [`load_folder`], and [`Error::ClassTooSmall`] if `COUNT` is too large.
pub fn load(spec: &str) -> Result<Split, Error> {
    let (target, count) = split_count(spec)?;
    let (name, folder) = match target.split_once(':') {
        Some((name, folder)) => (name, (!folder.is_empty()).then_some(folder)),
        None => (target, None),
    };
    let split = match name {
        "digits" => without_folder("digits", folder, embedded::digits)?,
        "fashion-mini" => without_folder("fashion-mini", folder, embedded::fashion_mini)?,
        "fashion-mnist" => fashion_mnist(folder, Path::new(DEBIAN_FASHION_MNIST))?,
        "mnist" => {
            let folder = folder.ok_or(Error::FolderNeeded { name: "mnist" })?;
            load_folder("mnist", Path::new(folder), PixelScaling::MNIST, &DIGIT_NAMES)?
        }
        _ => {
            return Err(Error::UnknownDataset { name: name.to_owned(), closest: closest(name) });
        }
    };
    let Some(count) = count else { return Ok(split) };
    Ok(Split { train: split.train.balanced_head(count)?.renamed(format!("{name}@{count}/train")), test: split.test })
}

/// Cuts `@COUNT` off.
fn split_count(spec: &str) -> Result<(&str, Option<usize>), Error> {
    let Some((target, count)) = spec.rsplit_once('@') else {
        return Ok((spec, None));
    };
    let all_digits = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    if target.contains(':') && !all_digits {
        return Ok((spec, None)); // a folder with an `@` in it
    }
    match count.parse() {
        Ok(n) if n > 0 && all_digits => Ok((target, Some(n))),
        _ => Err(Error::BadCount { spec: spec.to_owned(), name: target.to_owned(), count: count.to_owned() }),
    }
}

fn without_folder(name: &'static str, folder: Option<&str>, load: fn() -> Split) -> Result<Split, Error> {
    match folder {
        None => Ok(load()),
        Some(folder) => Err(Error::FolderNotTaken { name, folder: folder.to_owned() }),
    }
}

fn fashion_mnist(folder: Option<&str>, usual: &Path) -> Result<Split, Error> {
    if folder.is_none() && !usual.is_dir() {
        return Err(Error::NotInstalled { folder: usual.to_owned() });
    }
    let folder = folder.map_or(usual, Path::new);
    load_folder("fashion-mnist", folder, PixelScaling::FASHION_MNIST, &FASHION_NAMES)
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
                Err(Error::FolderNeeded { name }) => assert_eq!(name, entry.name),
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
            "unknown data set `fashon-mnist` (did you mean `fashion-mnist`?); known are digits, fashion-mini, fashion-mnist[:DIR], mnist:DIR"
        );
        assert_eq!(
            refusal("cifar10"),
            "unknown data set `cifar10`; known are digits, fashion-mini, fashion-mnist[:DIR], mnist:DIR"
        );
        assert_eq!(
            refusal("mnist"),
            "`mnist` needs the folder of its files: write `mnist:DIR`, where DIR holds `train-images-idx3-ubyte` (.gz or not) and the three other files"
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
            "no Fashion-MNIST in /nowhere: install Debian's package dataset-fashion-mnist, or name a folder with `fashion-mnist:DIR`"
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
