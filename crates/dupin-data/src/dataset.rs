//! A data set: inputs with labels, checked once and then trusted.

use std::sync::Arc;

use crate::error::{DatasetProblem, Error};
use crate::images::{ImageFiles, ResizedCrop};
use crate::pixels::PixelScaling;
use crate::rng::{Rng, Stream};
use crate::values::{Rows, Values};

/// The shape of one example, in values per axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleShape {
    /// An image; its values lie row by row, the channels of a pixel side by side (the HWC of NHWC).
    Image {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Values per pixel.
        channels: usize,
    },
    /// A plain vector.
    Vector {
        /// Its length.
        features: usize,
    },
    /// Tokens in a row, each with a label of its own: the token that follows.
    Text {
        /// How many.
        length: usize,
    },
}

impl ExampleShape {
    /// The sizes, slowest axis first: `[height, width, channels]`, `[features]` or `[length]`.
    pub fn dims(&self) -> Vec<usize> {
        match *self {
            Self::Image { height, width, channels } => vec![height, width, channels],
            Self::Vector { features } => vec![features],
            Self::Text { length } => vec![length],
        }
    }

    /// The number of values: the product of [`dims`](Self::dims), `usize::MAX` if it is larger than that.
    pub fn size(&self) -> usize {
        self.dims().into_iter().fold(1, usize::saturating_mul)
    }
}

/// The inputs of a data set as numbers: `n` examples of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// `[n, ...shape]`, row-major, for images `[n, height, width, channels]`; dimensionless.
    pub values: Vec<f32>,
    /// The shape of one example.
    pub shape: ExampleShape,
}

/// The inputs of a data set as stored bytes: `n` images of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels {
    /// `[n, height, width, channels]`, row-major.
    pub bytes: Vec<u8>,
    /// The shape of one example.
    pub shape: ExampleShape,
    /// What makes them numbers, with as many channels as the shape.
    pub scaling: PixelScaling,
}

/// Examples with class labels. Never empty; every value is finite; every label is below [`classes`](Self::classes).
///
/// Images stay bytes, a quarter of the memory of their numbers, and become numbers batch by batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    shape: ExampleShape,
    values: Values,
    labels: Vec<u32>,
    class_names: Vec<String>,
}

impl Dataset {
    /// Makes a data set of arrays from anywhere. The number of classes is that of `class_names`.
    ///
    /// # Shapes and units
    /// - `inputs.values`: `[n, ...shape]`.
    /// - `labels`: `[n]`, class numbers from 0.
    ///
    /// # Errors
    /// [`Error::Dataset`] if there is no example, an example has no values, the lengths do not fit, a label names no
    /// class, or a value is not finite.
    ///
    /// # Examples
    /// ```
    /// use dupin_data::{Dataset, ExampleShape, Inputs};
    /// let inputs = Inputs { values: vec![0.0, 0.0, 1.0, 1.0], shape: ExampleShape::Vector { features: 2 } };
    /// let data = Dataset::new("corners", inputs, vec![0, 1], vec!["low".into(), "high".into()])?;
    /// assert_eq!((data.len(), data.classes()), (2, 2));
    /// # Ok::<(), dupin_data::Error>(())
    /// ```
    pub fn new(name: impl Into<String>, inputs: Inputs, labels: Vec<u32>, class_names: Vec<String>) -> Result<Self, Error> {
        let name = name.into();
        let Inputs { values, shape } = inputs;
        if let Err(problem) = check(values.len(), shape, &labels, class_names.len()).and_then(|()| finite(&values, shape.size()))
        {
            return Err(Error::Dataset { name, problem });
        }
        Ok(Self { name, shape, values: Values::Floats(values), labels, class_names })
    }

    /// Makes a data set of images that stay bytes.
    ///
    /// # Shapes and units
    /// - `pixels.bytes`: `[n, ...shape]`.
    /// - `labels`: `[n]`, class numbers from 0.
    ///
    /// # Errors
    /// [`Error::Dataset`] as of [`new`](Self::new), or if the scaling has another number of channels than the shape.
    pub fn from_pixels(
        name: impl Into<String>,
        pixels: Pixels,
        labels: Vec<u32>,
        class_names: Vec<String>,
    ) -> Result<Self, Error> {
        let name = name.into();
        let Pixels { bytes, shape, scaling } = pixels;
        let channels = if let ExampleShape::Image { channels, .. } = shape { channels } else { 1 };
        let outcome = match scaling.channels.len() {
            found if found == channels => check(bytes.len(), shape, &labels, class_names.len()),
            found => Err(DatasetProblem::Channels { scaling: found, dims: shape.dims() }),
        };
        match outcome {
            Ok(()) => Ok(Self { name, shape, values: Values::pixels(bytes, scaling), labels, class_names }),
            Err(problem) => Err(Error::Dataset { name, problem }),
        }
    }

    /// Makes a data set of images that stay in their files.
    pub(crate) fn files(
        name: String,
        files: ImageFiles,
        shape: ExampleShape,
        labels: Vec<u32>,
        class_names: Vec<String>,
    ) -> Result<Self, Error> {
        match check(files.paths.len().saturating_mul(shape.size()), shape, &labels, class_names.len()) {
            Ok(()) => Ok(Self { name, shape, values: Values::Files(files), labels, class_names }),
            Err(problem) => Err(Error::Dataset { name, problem }),
        }
    }

    /// Whether the pixels of images are at hand, from which a window can be scaled.
    pub(crate) fn has_pixels(&self) -> bool {
        let grey_or_colour = matches!(self.shape, ExampleShape::Image { channels: 1 | 3, .. });
        grey_or_colour && matches!(self.values, Values::Pixels { .. } | Values::Files(_))
    }

    /// Windows of `length` tokens of a text, from `starts`. Each needs one token behind it, and every token is below the
    /// size of the vocabulary, which the caller has seen to.
    pub(crate) fn windows(
        name: String,
        tokens: Arc<[u16]>,
        starts: Vec<usize>,
        length: usize,
        vocabulary: Vec<String>,
    ) -> Result<Self, Error> {
        let problem = match (length, starts.is_empty()) {
            (0, _) => DatasetProblem::NoValues { dims: vec![0] },
            (_, true) => DatasetProblem::Empty,
            _ => {
                let shape = ExampleShape::Text { length };
                return Ok(Self {
                    name,
                    shape,
                    values: Values::Text { tokens, starts },
                    labels: Vec::new(),
                    class_names: vocabulary,
                });
            }
        };
        Err(Error::Dataset { name, problem })
    }

    /// What the data set is called, such as `digits/train`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape of one example.
    pub fn shape(&self) -> ExampleShape {
        self.shape
    }

    /// How stored pixels became numbers; `None` if the data set is not of stored pixels.
    pub fn scaling(&self) -> Option<&PixelScaling> {
        match &self.values {
            Values::Pixels { scaling, .. } => Some(scaling),
            Values::Files(files) => Some(&files.scaling),
            Values::Floats(_) | Values::Text { .. } => None,
        }
    }

    /// What a black pixel is as an input, one number for each channel; 0 where inputs were never pixels.
    pub(crate) fn black(&self) -> Vec<f32> {
        match (&self.values, self.shape) {
            (Values::Pixels { table, .. }, _) => table.black(),
            (Values::Files(files), _) => files.table.black(),
            (_, ExampleShape::Image { channels, .. }) => vec![0.0; channels],
            _ => vec![0.0],
        }
    }

    /// The examples `indices` as a program takes them, `[indices, ...shape]`.
    ///
    /// # Errors
    /// If a file that holds an example cannot be read or decoded; what is in memory never fails.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn rows(&self, indices: &[usize]) -> Result<Rows, Error> {
        self.windowed_rows(indices, |_| None)
    }

    /// The same, of each image the window that `crop` says for the example.
    pub(crate) fn windowed_rows(&self, indices: &[usize], crop: impl Fn(usize) -> Option<ResizedCrop>) -> Result<Rows, Error> {
        let mut rows = self.values.rows(indices.len(), self.shape.size());
        for &index in indices {
            assert!(index < self.len(), "example {index} of {} does not exist", self.len());
            self.values.push(index, self.shape, crop(index).as_mut(), &mut rows)?;
        }
        Ok(rows)
    }

    /// The labels of the examples `indices`: `[indices]`, of a text `[indices, length]`.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn targets(&self, indices: &[usize]) -> Vec<i32> {
        match &self.values {
            Values::Text { tokens, starts } => {
                let size = self.shape.size();
                indices.iter().flat_map(|&i| tokens[starts[i] + 1..][..size].iter().map(|&token| i32::from(token))).collect()
            }
            _ => indices.iter().map(|&index| self.labels[index] as i32).collect(),
        }
    }

    /// The class of each example, `[n]`; of a text, whose tokens each have their own ([`targets`](Self::targets)), none.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The number of classes; of a text, the size of the vocabulary.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// The name of each class; of a text, each token.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The number of examples, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a data set is never empty, so the question would mislead")]
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Text { starts, .. } => starts.len(),
            _ => self.labels.len(),
        }
    }

    /// How many labels are of each class, `[classes]`: examples, or positions of a text.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes()];
        for index in 0..self.len() {
            self.targets(&[index]).iter().for_each(|&label| counts[label as usize] += 1);
        }
        counts
    }

    /// The examples `indices`, in that order; an index may come twice.
    ///
    /// # Errors
    /// [`Error::NoSuchExample`] if an index is too large, [`Error::Dataset`] if `indices` is empty.
    pub fn select(&self, indices: &[usize]) -> Result<Self, Error> {
        if let Some(&index) = indices.iter().find(|&&index| index >= self.len()) {
            return Err(Error::NoSuchExample { name: self.name.clone(), index, available: self.len() });
        }
        if indices.is_empty() {
            return Err(Error::Dataset { name: self.name.clone(), problem: DatasetProblem::Empty });
        }
        let labels = if self.labels.is_empty() { Vec::new() } else { indices.iter().map(|&index| self.labels[index]).collect() };
        let (name, values) = (self.name.clone(), self.values.select(indices, self.shape.size()));
        Ok(Self { name, shape: self.shape, values, labels, class_names: self.class_names.clone() })
    }

    /// The first `n` examples.
    ///
    /// # Errors
    /// [`Error::TooFew`] if there are fewer, [`Error::Dataset`] if `n` is 0.
    pub fn head(&self, n: usize) -> Result<Self, Error> {
        if n > self.len() {
            return Err(Error::TooFew { name: self.name.clone(), available: self.len(), wanted: n });
        }
        self.select(&(0..n).collect::<Vec<_>>())
    }

    /// The first `n` examples that are balanced over the classes, in the order they have here.
    ///
    /// Class `c` gives its first `n / classes` examples, and one more if `c < n % classes`.
    ///
    /// # Errors
    /// [`Error::ClassTooSmall`] if a class has fewer, [`Error::Dataset`] if `n` is 0.
    ///
    /// A text has no class, and gives its first `n` windows as [`head`](Self::head) does.
    pub fn balanced_head(&self, n: usize) -> Result<Self, Error> {
        if let ExampleShape::Text { .. } = self.shape {
            return self.head(n);
        }
        let classes = self.classes();
        let mut missing: Vec<usize> = (0..classes).map(|c| n / classes + usize::from(c < n % classes)).collect();
        let counts = self.class_counts();
        if let Some(short) = (0..classes).find(|&c| counts[c] < missing[c]) {
            // Class c gives all of its k examples up to n = k * classes + c, and would need one more beyond.
            let most = (0..classes).map(|c| counts[c] * classes + c).fold(self.len(), usize::min);
            return Err(Error::ClassTooSmall {
                name: self.name.clone(),
                class: self.class_names[short].clone(),
                available: counts[short],
                share: missing[short],
                wanted: n,
                most,
            });
        }
        let mut indices = Vec::with_capacity(n);
        for (index, &label) in self.labels.iter().enumerate() {
            if missing[label as usize] > 0 {
                missing[label as usize] -= 1;
                indices.push(index);
            }
        }
        self.select(&indices)
    }

    /// The same examples, with labels that are wrong at random: each is replaced with probability `share`, by one of the
    /// other classes, all as likely, so that about `share` of the labels are wrong. What happens to example `i` depends on
    /// `(seed, i)` alone.
    ///
    /// # Errors
    /// [`Error::NoiseOnText`] for a text. With one class there is no other, and nothing changes.
    pub fn with_label_noise(mut self, share: f64, seed: u64) -> Result<Self, Error> {
        if let ExampleShape::Text { .. } = self.shape {
            return Err(Error::NoiseOnText { name: self.name });
        }
        let classes = self.classes() as u64;
        for (index, label) in self.labels.iter_mut().enumerate() {
            let mut rng = Rng::counter(Stream::LabelNoise, seed, 0, index as u64);
            if classes > 1 && rng.uniform() < share {
                let other = rng.below(classes - 1) as u32; // numbered without the label itself
                *label = other + u32::from(other >= *label);
            }
        }
        Ok(self)
    }

    pub(crate) fn renamed(mut self, name: String) -> Self {
        self.name = name;
        self
    }
}

fn check(values: usize, shape: ExampleShape, labels: &[u32], classes: usize) -> Result<(), DatasetProblem> {
    let (dims, size) = (shape.dims(), shape.size());
    if size == 0 {
        return Err(DatasetProblem::NoValues { dims });
    }
    if !values.is_multiple_of(size) {
        return Err(DatasetProblem::RaggedValues { values, dims });
    }
    if values / size != labels.len() {
        return Err(DatasetProblem::LabelCount { inputs: values / size, labels: labels.len() });
    }
    if labels.is_empty() {
        return Err(DatasetProblem::Empty);
    }
    match labels.iter().position(|&label| label as usize >= classes) {
        Some(index) => Err(DatasetProblem::Label { index, label: labels[index], classes }),
        None => Ok(()),
    }
}

fn finite(values: &[f32], size: usize) -> Result<(), DatasetProblem> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(DatasetProblem::NotFinite { index: at / size, value: values[at] }),
        None => Ok(()),
    }
}

/// A data set in two parts that share no example.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// What a network learns from.
    pub train: Dataset,
    /// What it is judged on.
    pub test: Dataset,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: ExampleShape = ExampleShape::Vector { features: 2 };

    fn data(values: &[f32], shape: ExampleShape, labels: &[u32]) -> Result<Dataset, Error> {
        let inputs = Inputs { values: values.to_vec(), shape };
        Dataset::new("toy", inputs, labels.to_vec(), vec!["a".into(), "b".into()])
    }

    fn six() -> Dataset {
        let values: Vec<f32> = (0..12).map(|v| v as f32).collect();
        data(&values, PAIR, &[0, 0, 1, 0, 1, 1]).unwrap()
    }

    #[test]
    fn selects_and_counts() {
        let six = six();
        assert_eq!(six.class_counts(), [3, 3]);
        let part = six.select(&[4, 0, 4]).unwrap();
        assert_eq!(part.rows(&[0, 1, 2]).unwrap().floats(), [8.0, 9.0, 0.0, 1.0, 8.0, 9.0]);
        assert_eq!(part.labels(), [1, 0, 1]);
        assert_eq!(six.head(2).unwrap(), six.select(&[0, 1]).unwrap());
        assert_eq!(six.head(6).unwrap(), six);
    }

    #[test]
    fn balanced_head_takes_the_first_of_each_class() {
        assert_eq!(six().balanced_head(4).unwrap(), six().select(&[0, 1, 2, 4]).unwrap());
        assert_eq!(six().balanced_head(3).unwrap(), six().select(&[0, 1, 2]).unwrap());
        assert_eq!(six().balanced_head(6).unwrap(), six());
    }

    /// 20,000 labels of 5 classes: the share that is wrong is binomial, with a deviation of sqrt(0.3·0.7/20000) = 0.0032; the
    /// four other classes get 0.075 each, with a deviation of 0.0019. Five deviations are exceeded with a chance below 1e-5.
    #[test]
    fn label_noise_is_fixed_by_its_seed_and_as_strong_as_asked_for() {
        let n = 20_000;
        let names: Vec<String> = (0..5).map(|c| c.to_string()).collect();
        let inputs = Inputs { values: vec![0.0; n], shape: ExampleShape::Vector { features: 1 } };
        let clean = Dataset::new("toy", inputs, vec![2; n], names).unwrap();
        let noisy = clean.clone().with_label_noise(0.3, 7).unwrap();
        assert_eq!(noisy, clean.clone().with_label_noise(0.3, 7).unwrap());
        assert_ne!(noisy, clean.clone().with_label_noise(0.3, 8).unwrap());
        let shares: Vec<f64> = noisy.class_counts().iter().map(|&count| count as f64 / n as f64).collect();
        assert!((shares[2] - 0.7).abs() < 5.0 * 0.0032, "{shares:?}");
        for other in [0, 1, 3, 4] {
            assert!((shares[other] - 0.075).abs() < 5.0 * 0.0019, "{shares:?}");
        }
        // A part is noisy as the whole is: an example's fate does not depend on the others.
        assert_eq!(clean.head(100).unwrap().with_label_noise(0.3, 7).unwrap(), noisy.head(100).unwrap());
    }

    #[test]
    fn refuses_what_is_no_data_set() {
        let huge = ExampleShape::Image { height: usize::MAX, width: 2, channels: 1 };
        let none = ExampleShape::Vector { features: 0 };
        let cases: [(Result<Dataset, Error>, &str); 13] = [
            (data(&[], PAIR, &[]), "`toy` is not a data set: it has no examples; give at least one"),
            (
                data(&[], none, &[]),
                "`toy` is not a data set: an example of shape [0] has no values; every size must be at least 1",
            ),
            (
                data(&[1.0], PAIR, &[0]),
                "`toy` is not a data set: its 1 values do not divide into examples of shape [2]; give a multiple of the product",
            ),
            (
                data(&[1.0], huge, &[0]),
                "`toy` is not a data set: its 1 values do not divide into examples of shape [18446744073709551615, 2, 1]; give a multiple of the product",
            ),
            (
                data(&[1.0, 2.0], PAIR, &[0, 1]),
                "`toy` is not a data set: it has 1 inputs but 2 labels; give one label for each input",
            ),
            (
                data(&[1.0, 2.0], PAIR, &[2]),
                "`toy` is not a data set: the label of example 0 is 2, but there are 2 classes, numbered from 0",
            ),
            (
                data(&[1.0, f32::NAN], PAIR, &[1]),
                "`toy` is not a data set: example 0 holds the value NaN; every value must be finite",
            ),
            (six().select(&[1, 6]), "`toy` has 6 examples, numbered from 0, but example 6 was selected"),
            (six().head(0), "`toy` is not a data set: it has no examples; give at least one"),
            (six().head(7), "`toy` has 6 examples, but 7 were asked for: ask for 6 or less"),
            (
                six().balanced_head(7),
                "`toy` has 3 examples of class a, but 7 balanced examples take 4 of them: ask for 6 or less",
            ),
            (
                six().head(4).unwrap().balanced_head(4),
                "`toy` has 1 examples of class b, but 4 balanced examples take 2 of them: ask for 3 or less",
            ),
            (six().balanced_head(0), "`toy` is not a data set: it has no examples; give at least one"),
        ];
        for (result, golden) in cases {
            assert_eq!(result.unwrap_err().to_string(), golden);
        }
    }
}
