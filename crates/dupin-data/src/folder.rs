//! MNIST and Fashion-MNIST from a folder of four IDX files, and the assembly of a data set from IDX content.

use std::path::{Path, PathBuf};

use crate::dataset::{Dataset, ExampleShape, Pixels, Split};
use crate::error::Error;
use crate::idx::{self, Content, Idx};
use crate::pixels::PixelScaling;

/// IDX content with the name that errors call it by.
pub(crate) struct Named {
    pub(crate) file: PathBuf,
    pub(crate) idx: Idx,
}

/// Images and labels of one part.
pub(crate) struct Part {
    pub(crate) images: Named,
    pub(crate) labels: Named,
}

/// Loads the four files of an MNIST-like data set from `folder`.
///
/// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`. A `.` may stand for the `-` before `idx`, `.gz` may follow, and whether a file is gzipped is
/// told by its content. Images may have any size, the same in both parts, and get one channel. Their number is free too.
///
/// # Cost
/// A byte of memory per pixel: 53 MiB for the 70,000 images of the full data sets.
///
/// # Errors
/// [`Error::NotAFolder`], [`Error::FileMissing`], [`Error::Io`] and [`Error::Idx`] for the files,
/// [`Error::CountMismatch`], [`Error::LabelInFile`] and [`Error::PartsDiffer`] if they do not fit together.
pub fn load_folder(name: &str, folder: &Path, scaling: &PixelScaling, class_names: &[&str]) -> Result<Split, Error> {
    if !folder.is_dir() {
        return Err(Error::NotAFolder { folder: folder.to_owned(), dataset: name.to_owned() });
    }
    let open = |prefix, part, content| -> Result<Named, Error> {
        let file = find(folder, name, prefix, part, content)?;
        let idx = idx::read_file(&file, content)?;
        Ok(Named { file, idx })
    };
    let part = |prefix, part| -> Result<Part, Error> {
        let labels = open(prefix, part, Content::Labels)?;
        let images = open(prefix, part, Content::Images)?;
        Ok(Part { images, labels })
    };
    assemble(name, part("train", "training")?, part("t10k", "test")?, scaling, class_names)
}

fn find(folder: &Path, name: &str, prefix: &str, part: &'static str, content: Content) -> Result<PathBuf, Error> {
    let kind = match content {
        Content::Images => ("images", "idx3-ubyte"),
        Content::Labels => ("labels", "idx1-ubyte"),
    };
    let tried: Vec<String> =
        ["", ".gz"].iter().flat_map(|end| ["-", "."].map(|dash| format!("{prefix}-{}{dash}{}{end}", kind.0, kind.1))).collect();
    match tried.iter().map(|file| folder.join(file)).find(|file| file.is_file()) {
        Some(file) => Ok(file),
        None => Err(Error::FileMissing { folder: folder.to_owned(), dataset: name.to_owned(), part, content, tried }),
    }
}

/// Checks that the parts fit together and decodes their pixels.
pub(crate) fn assemble(
    name: &str,
    train: Part,
    test: Part,
    scaling: &PixelScaling,
    class_names: &[&str],
) -> Result<Split, Error> {
    let size = |part: &Part| (part.images.idx.dims[1], part.images.idx.dims[2]);
    if size(&train) != size(&test) {
        return Err(Error::PartsDiffer { train: size(&train), test: size(&test) });
    }
    Ok(Split {
        train: dataset(format!("{name}/train"), train, scaling, class_names)?,
        test: dataset(format!("{name}/test"), test, scaling, class_names)?,
    })
}

fn dataset(name: String, part: Part, scaling: &PixelScaling, class_names: &[&str]) -> Result<Dataset, Error> {
    let (images, labels) = (part.images.idx, part.labels.idx);
    if images.dims[0] != labels.dims[0] {
        return Err(Error::CountMismatch {
            images_file: part.images.file,
            images: images.dims[0],
            labels_file: part.labels.file,
            labels: labels.dims[0],
        });
    }
    let classes = class_names.len();
    if let Some(index) = labels.values.iter().position(|&label| usize::from(label) >= classes) {
        return Err(Error::LabelInFile { file: part.labels.file, index, label: labels.values[index], classes });
    }
    let pixels = Pixels {
        bytes: images.values,
        shape: ExampleShape::Image { height: images.dims[1], width: images.dims[2], channels: 1 },
        scaling: scaling.clone(),
    };
    let labels = labels.values.iter().map(|&label| u32::from(label)).collect();
    let class_names = class_names.iter().map(ToString::to_string).collect();
    Dataset::from_pixels(name, pixels, labels, class_names)
}
