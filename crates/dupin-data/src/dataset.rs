//! A data set: inputs with labels, checked once and then trusted.

use crate::error::{DatasetProblem, Error};

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
}

impl ExampleShape {
    /// The sizes, slowest axis first: `[height, width, channels]` or `[features]`.
    pub fn dims(&self) -> Vec<usize> {
        match *self {
            Self::Image { height, width, channels } => vec![height, width, channels],
            Self::Vector { features } => vec![features],
        }
    }

    /// The number of values: the product of [`dims`](Self::dims), `usize::MAX` if it is larger than that.
    pub fn size(&self) -> usize {
        self.dims().into_iter().fold(1, usize::saturating_mul)
    }
}

/// The inputs of a data set: `n` examples of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// `[n, ...shape]`, row-major, for images `[n, height, width, channels]`; dimensionless after [`PixelScaling`](crate::PixelScaling).
    pub values: Vec<f32>,
    /// The shape of one example.
    pub shape: ExampleShape,
}

/// Examples with class labels. Never empty; every value is finite; every label is below [`classes`](Self::classes).
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    inputs: Inputs,
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
        match check(&inputs, &labels, class_names.len()) {
            Ok(()) => Ok(Self { name, inputs, labels, class_names }),
            Err(problem) => Err(Error::Dataset { name, problem }),
        }
    }

    /// What the data set is called, such as `digits/train`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The inputs of all examples.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The shape of one example.
    pub fn shape(&self) -> ExampleShape {
        self.inputs.shape
    }

    /// The values of example `index`, `[...shape]`.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn example(&self, index: usize) -> &[f32] {
        assert!(index < self.len(), "example {index} of {} does not exist", self.len());
        let size = self.shape().size();
        &self.inputs.values[index * size..][..size]
    }

    /// The class of each example, `[n]`.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// The name of each class.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The number of examples, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a data set is never empty, so the question would mislead")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// How many examples each class has, `[classes]`.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes()];
        for &label in &self.labels {
            counts[label as usize] += 1;
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
        let mut values = Vec::with_capacity(indices.len().saturating_mul(self.shape().size()));
        for &index in indices {
            values.extend_from_slice(self.example(index));
        }
        let inputs = Inputs { values, shape: self.shape() };
        let labels = indices.iter().map(|&index| self.labels[index]).collect();
        Self::new(self.name.clone(), inputs, labels, self.class_names.clone())
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
    pub fn balanced_head(&self, n: usize) -> Result<Self, Error> {
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

    /// Two lines for people: name, number and shape of the examples; then the classes with their counts.
    pub fn describe(&self) -> String {
        let dims: Vec<_> = self.shape().dims().iter().map(ToString::to_string).collect();
        let kind = match self.shape() {
            ExampleShape::Image { .. } => "images (height x width x channels)",
            ExampleShape::Vector { .. } => "vectors",
        };
        let counts = self.class_counts();
        let classes: Vec<_> = self.class_names.iter().zip(counts).map(|(name, n)| format!("{name} {n}")).collect();
        format!(
            "{}: {} {kind} of {}, {} classes\n  {}",
            self.name,
            self.len(),
            dims.join(" x "),
            self.classes(),
            classes.join(", ")
        )
    }

    pub(crate) fn renamed(mut self, name: String) -> Self {
        self.name = name;
        self
    }
}

fn check(inputs: &Inputs, labels: &[u32], classes: usize) -> Result<(), DatasetProblem> {
    let (values, dims, size) = (&inputs.values, inputs.shape.dims(), inputs.shape.size());
    if size == 0 {
        return Err(DatasetProblem::NoValues { dims });
    }
    if !values.len().is_multiple_of(size) {
        return Err(DatasetProblem::RaggedValues { values: values.len(), dims });
    }
    if values.len() / size != labels.len() {
        return Err(DatasetProblem::LabelCount { inputs: values.len() / size, labels: labels.len() });
    }
    if labels.is_empty() {
        return Err(DatasetProblem::Empty);
    }
    if let Some(index) = labels.iter().position(|&label| label as usize >= classes) {
        return Err(DatasetProblem::Label { index, label: labels[index], classes });
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(DatasetProblem::NotFinite { index: at / size, value: values[at] });
    }
    Ok(())
}

/// A data set in two parts that share no example.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// What a network learns from.
    pub train: Dataset,
    /// What it is judged on.
    pub test: Dataset,
}

impl Split {
    /// [`Dataset::describe`] of both parts.
    pub fn describe(&self) -> String {
        format!("{}\n{}", self.train.describe(), self.test.describe())
    }
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
        assert_eq!(part.inputs().values, [8.0, 9.0, 0.0, 1.0, 8.0, 9.0]);
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

    #[test]
    fn describes() {
        assert_eq!(six().describe(), "toy: 6 vectors of 2, 2 classes\n  a 3, b 3");
        let shape = ExampleShape::Image { height: 2, width: 1, channels: 1 };
        let image = data(&[0.0, 1.0], shape, &[1]).unwrap();
        assert_eq!(image.describe(), "toy: 1 images (height x width x channels) of 2 x 1 x 1, 2 classes\n  a 0, b 1");
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
