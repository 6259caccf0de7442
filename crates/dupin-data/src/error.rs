//! What can go wrong with data, as values that can say what was expected, what came and what to do.

use std::path::PathBuf;

use crate::augment::AugmentationProblem;
use crate::cifar::CifarProblem;
use crate::idx::Content;
use crate::images::ImageProblem;
use crate::npz::NpzProblem;
use crate::text::TextProblem;

/// Why data could not be loaded, made or batched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name before `:` and `@` is not in [`list`](crate::list).
    #[error("unknown data set `{name}`{}; known are {}", hint(*closest), KnownNames)]
    UnknownDataset {
        /// What was asked for.
        name: String,
        /// The known name nearest in spelling, when one is near.
        closest: Option<&'static str>,
    },
    /// A data set that is not part of the crate was named without saying where its files are.
    #[error("`{name}` needs the place of its files: write `{name}:{place}`, where {place} {holds}{}", fetchable(name))]
    FolderNeeded {
        /// The name.
        name: &'static str,
        /// What stands after the colon: `DIR` or `FILE`.
        place: &'static str,
        /// What it should hold.
        holds: &'static str,
    },
    /// An option that the data set does not take, or that is none.
    #[error("`{name}` takes no option `{option}`; {}", taken(takes))]
    UnknownOption {
        /// The data set.
        name: String,
        /// The option.
        option: String,
        /// The options that it takes.
        takes: Vec<&'static str>,
    },
    /// An option whose value cannot be used.
    #[error("`{option}={value}` of `{name}` is not {expected}")]
    BadOption {
        /// The data set.
        name: String,
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A folder was given for a data set that is part of the crate.
    #[error("`{name}` is built in and takes no folder, but `{folder}` was given: write `{name}` alone")]
    FolderNotTaken {
        /// The name.
        name: &'static str,
        /// The folder that was given.
        folder: String,
    },
    /// The part after `@` is not a positive whole number.
    #[error("`@{count}` in `{spec}` is not a number of training examples: write a positive whole number, such as `{name}@1000`")]
    BadCount {
        /// All that was asked for.
        spec: String,
        /// The name in it.
        name: String,
        /// What stands after `@`.
        count: String,
    },
    /// Fashion-MNIST was named without a folder, and the usual place has none.
    #[error("no Fashion-MNIST in {}: install Debian's package dataset-fashion-mnist, name a folder with `fashion-mnist:DIR`, or fetch it by `dupin data fetch fashion-mnist`", folder.display())]
    NotInstalled {
        /// The place that was tried.
        folder: PathBuf,
    },
    /// The folder is missing or is no folder.
    #[error("{} is not a folder: give the folder that holds the files of {dataset}", folder.display())]
    NotAFolder {
        /// What was given.
        folder: PathBuf,
        /// The data set it is for.
        dataset: String,
    },
    /// The folder lacks one of the four files under all the names it may have.
    #[error("{} lacks the {content} of the {part} part of {dataset}: expected one of {}. Give the folder that holds the four files (torchvision keeps them in MNIST/raw or FashionMNIST/raw)", folder.display(), tried.join(", "))]
    FileMissing {
        /// The folder.
        folder: PathBuf,
        /// The data set.
        dataset: String,
        /// `training` or `test`.
        part: &'static str,
        /// What the file would hold.
        content: Content,
        /// The names tried.
        tried: Vec<String>,
    },
    /// The operating system could not open or read a file.
    #[error("cannot read {}: {source}; check that the file exists and may be read", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not the IDX file that was expected.
    #[error("{} is not a file of {content}: {problem}", file.display())]
    Idx {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        content: Content,
        /// What is wrong with it.
        problem: IdxProblem,
    },
    /// A folder lacks a file of CIFAR.
    #[error("{} lacks `{file}` of {dataset}: give the folder that the binary version of {dataset} unpacks to (the Python version holds other files)", folder.display())]
    CifarFileMissing {
        /// The file.
        file: String,
        /// The folder.
        folder: PathBuf,
        /// The data set.
        dataset: &'static str,
    },
    /// A file is not the file of CIFAR that was expected.
    #[error("{} is not a file of CIFAR: {problem}", file.display())]
    Cifar {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: CifarProblem,
    },
    /// An archive of NumPy's arrays that is none, or holds no data set.
    #[error("{} cannot be used: {problem}", file.display())]
    Npz {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: NpzProblem,
    },
    /// A file or folder of images that cannot be used.
    #[error("{}: {problem}", file.display())]
    Image {
        /// The file or folder.
        file: PathBuf,
        /// What is wrong with it.
        problem: ImageProblem,
    },
    /// A file could not be fetched.
    #[cfg(feature = "fetch")]
    #[error(transparent)]
    Fetch(Box<crate::fetch::FetchError>),
    /// A file is no text, or too short.
    #[error("{} cannot be used as text: {problem}", file.display())]
    Text {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: TextProblem,
    },
    /// An augmentation that cannot be read, or not be done.
    #[error("the augmentation `{text}` cannot be used: {problem}")]
    Augmentation {
        /// The augmentation.
        text: String,
        /// What is wrong with it.
        problem: AugmentationProblem,
    },
    /// Labels of a text cannot be changed by chance.
    #[error("`{name}` has a label for each character, the next one: label noise is for data sets with classes")]
    NoiseOnText {
        /// The data set.
        name: String,
    },
    /// Images and labels are not of the same examples.
    #[error("{} holds {images} images but {} holds {labels} labels: the two files belong to different parts or data sets, fetch both again", images_file.display(), labels_file.display())]
    CountMismatch {
        /// File of the images.
        images_file: PathBuf,
        /// Number of images.
        images: usize,
        /// File of the labels.
        labels_file: PathBuf,
        /// Number of labels.
        labels: usize,
    },
    /// A label in a file names no class.
    #[error("{}: label {index} (counting from 0) is {label}, but the {classes} classes are numbered 0 to {}: this is not the labels file of this data set, or it is damaged", file.display(), classes - 1)]
    LabelInFile {
        /// File of the labels.
        file: PathBuf,
        /// Position of the label.
        index: usize,
        /// The label.
        label: u8,
        /// Number of classes.
        classes: usize,
    },
    /// The training and the test part have images of different sizes.
    #[error("the training images are {}x{} but the test images are {}x{} (height x width): the files come from different data sets, fetch all four again", train.0, train.1, test.0, test.1)]
    PartsDiffer {
        /// Height and width of a training image.
        train: (usize, usize),
        /// Height and width of a test image.
        test: (usize, usize),
    },
    /// Arrays that do not make up a data set.
    #[error("`{name}` is not a data set: {problem}")]
    Dataset {
        /// Name of the data set.
        name: String,
        /// What is wrong with it.
        problem: DatasetProblem,
    },
    /// More examples were asked for than there are.
    #[error("`{name}` has {available} examples, but {wanted} were asked for: ask for {available} or less")]
    TooFew {
        /// Name of the data set.
        name: String,
        /// How many there are.
        available: usize,
        /// How many were asked for.
        wanted: usize,
    },
    /// A class has too few examples for a balanced choice.
    #[error(
        "`{name}` has {available} examples of class {class}, but {wanted} balanced examples take {share} of them: ask for {most} or less"
    )]
    ClassTooSmall {
        /// Name of the data set.
        name: String,
        /// The class that is short.
        class: String,
        /// How many examples it has.
        available: usize,
        /// How many it should give.
        share: usize,
        /// How many examples were asked for, over all classes.
        wanted: usize,
        /// The largest number that could be had.
        most: usize,
    },
    /// An index of a selection is too large.
    #[error("`{name}` has {available} examples, numbered from 0, but example {index} was selected")]
    NoSuchExample {
        /// Name of the data set.
        name: String,
        /// The index.
        index: usize,
        /// How many examples there are.
        available: usize,
    },
    /// A batch size that cannot be served.
    #[error("the batch size {batch_size} is not between 1 and {limit}: {why}")]
    BatchSize {
        /// The size asked for.
        batch_size: usize,
        /// The largest size possible.
        limit: usize,
        /// What sets the limit, and what to do.
        why: &'static str,
    },
}

/// What is wrong with a file that should be IDX.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdxProblem {
    /// The file ends inside the header.
    #[error("its header has {expected} bytes, the file ends after {found}; it is cut off, fetch it again")]
    HeaderCutOff {
        /// Bytes of a header of this content.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// The first two bytes are not zero.
    #[error("it should begin with the bytes 00 00 08 (IDX of unsigned bytes), but begins with {:02x} {:02x} {:02x}; it is another kind of file", found[0], found[1], found[2])]
    NotIdx {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// IDX, but not of unsigned bytes.
    #[error("its elements have IDX type {found:#04x} ({}), only unsigned bytes (type 0x08) are read; convert the file", type_name(*found))]
    ElementType {
        /// The type byte.
        found: u8,
    },
    /// Labels where images are expected, or the other way round.
    #[error(
        "it holds {other} ({found} dimension(s), expected {expected}); the files of images and labels are swapped, exchange their names"
    )]
    Swapped {
        /// What it holds.
        other: Content,
        /// Dimensions expected.
        expected: usize,
        /// Dimensions in the header.
        found: usize,
    },
    /// Another number of dimensions.
    #[error("it has {found} dimension(s), expected {expected}; it belongs to another data set")]
    Rank {
        /// Dimensions expected.
        expected: usize,
        /// Dimensions in the header.
        found: usize,
    },
    /// A dimension of size 0.
    #[error("its header gives the sizes {dims:?}, so it holds no data; fetch it again")]
    NoData {
        /// Sizes in the header.
        dims: Vec<usize>,
    },
    /// The header promises more than is ever read.
    #[error("its header gives the sizes {dims:?}, more than the limit of {limit} bytes; it is damaged or no such data set")]
    TooLarge {
        /// Sizes in the header.
        dims: Vec<usize>,
        /// The limit in bytes.
        limit: usize,
    },
    /// The data end early.
    #[error(
        "its header gives the sizes {dims:?}, {expected} bytes of data, but only {found} follow; it is cut off, fetch it again"
    )]
    DataCutOff {
        /// Sizes in the header.
        dims: Vec<usize>,
        /// Bytes that the sizes make.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// Something follows the data.
    #[error(
        "its header gives the sizes {dims:?}, {expected} bytes of data, but more bytes follow; it is damaged or joined with another, fetch it again"
    )]
    TrailingBytes {
        /// Sizes in the header.
        dims: Vec<usize>,
        /// Bytes that the sizes make.
        expected: usize,
    },
    /// The gzip layer is damaged.
    #[error("its gzip data are damaged or cut off after {decompressed} decompressed bytes ({message}); fetch it again")]
    Gzip {
        /// Bytes that came out before.
        decompressed: usize,
        /// What the decoder says.
        message: String,
    },
}

/// What is wrong with arrays that should make up a data set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DatasetProblem {
    /// No examples.
    #[error("it has no examples; give at least one")]
    Empty,
    /// An example without values.
    #[error("an example of shape {dims:?} has no values; every size must be at least 1")]
    NoValues {
        /// Sizes of one example.
        dims: Vec<usize>,
    },
    /// The scaling of pixels is for another number of channels.
    #[error("pixels of shape {dims:?} cannot be scaled by {scaling} pair(s) of mean and std; give one for each channel")]
    Channels {
        /// Channels that the scaling is for.
        scaling: usize,
        /// Sizes of one example.
        dims: Vec<usize>,
    },
    /// The values do not divide into examples.
    #[error("its {values} values do not divide into examples of shape {dims:?}; give a multiple of the product")]
    RaggedValues {
        /// Number of values.
        values: usize,
        /// Sizes of one example.
        dims: Vec<usize>,
    },
    /// Inputs and labels differ in number.
    #[error("it has {inputs} inputs but {labels} labels; give one label for each input")]
    LabelCount {
        /// Number of inputs.
        inputs: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label names no class.
    #[error("the label of example {index} is {label}, but there are {classes} classes, numbered from 0")]
    Label {
        /// The example.
        index: usize,
        /// Its label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// NaN or infinity.
    #[error("example {index} holds the value {value}; every value must be finite")]
    NotFinite {
        /// The example.
        index: usize,
        /// The value.
        value: f32,
    },
}

fn hint(closest: Option<&str>) -> String {
    closest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

fn fetchable(name: &str) -> String {
    if crate::remote(name).is_some() { format!("; or fetch it by `dupin data fetch {name}`") } else { String::new() }
}

fn taken(takes: &[&str]) -> String {
    if takes.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", takes.join(", ")) }
}

fn type_name(code: u8) -> &'static str {
    match code {
        0x08 => "unsigned bytes",
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => "no known type",
    }
}

/// Prints the names of the registry.
struct KnownNames;

impl std::fmt::Display for KnownNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = crate::list().iter().map(|entry| entry.spec).collect();
        f.write_str(&names.join(", "))
    }
}
