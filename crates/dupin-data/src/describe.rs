//! Data sets in words.

use crate::dataset::{Dataset, ExampleShape, Split};
use crate::error::Error;
use crate::pixels::Moments;
use crate::values::Rows;

/// The most examples whose moments are taken.
const MEASURED: usize = 10_000;
/// Classes that are listed; of more, the first.
const LISTED: usize = 128;

impl Dataset {
    /// Lines for people: name, number and shape of the examples; how pixels became numbers and the moments of these, one
    /// for each channel; the classes with their counts.
    ///
    /// # Cost
    /// A pass over up to 10,000 examples, evenly spread.
    pub fn describe(&self) -> String {
        let dims: Vec<_> = self.shape().dims().iter().map(ToString::to_string).collect();
        let (kind, classes) = match self.shape() {
            ExampleShape::Image { .. } => ("images (height x width x channels) of", "classes"),
            ExampleShape::Vector { .. } => ("vectors of", "classes"),
            ExampleShape::Text { .. } => ("pieces of text, characters each:", "different characters"),
        };
        let mut lines =
            vec![format!("{}: {} {kind} {}, {} {classes}", self.name(), self.len(), dims.join(" x "), self.classes())];
        if let Some(scaling) = self.scaling() {
            lines.push(format!("  pixels: x = (pixel / {} - mean) / std with {}", scaling.max, list(&scaling.channels)));
        }
        let stride = self.len().div_ceil(MEASURED);
        let of = if stride > 1 { format!(" of every {stride}th") } else { String::new() };
        match self.moments(stride) {
            Ok(None) => {}
            Ok(Some(moments)) => lines.push(format!("  inputs{of}: {}", list(&moments))),
            Err(error) => lines.push(format!("  inputs{of}: {error}")),
        }
        let mut counts: Vec<_> =
            self.class_names().iter().zip(self.class_counts()).map(|(name, n)| format!("{name} {n}")).collect();
        let more = counts.len().saturating_sub(LISTED);
        counts.truncate(LISTED);
        if more > 0 {
            counts.push(format!("and {more} more"));
        }
        lines.push(format!("  {}", counts.join(", ")));
        lines.join("\n")
    }

    /// Mean and standard deviation of the inputs of every `stride`-th example, one for each channel; `None` of a text.
    fn moments(&self, stride: usize) -> Result<Option<Vec<Moments>>, Error> {
        let channels = match self.shape() {
            ExampleShape::Image { channels, .. } => channels,
            ExampleShape::Vector { .. } => 1,
            ExampleShape::Text { .. } => return Ok(None),
        };
        let mut sums = vec![(0.0, 0.0); channels];
        for index in (0..self.len()).step_by(stride) {
            let Rows::Floats(values) = self.rows(&[index])? else { return Ok(None) };
            for (at, &value) in values.iter().enumerate() {
                let (sum, squares) = &mut sums[at % channels];
                *sum += f64::from(value);
                *squares += f64::from(value).powi(2);
            }
        }
        let n = (self.len().div_ceil(stride) * self.shape().size() / channels) as f64;
        let moments = |(sum, squares): (f64, f64)| {
            let mean = sum / n;
            Moments { mean, std: (squares / n - mean * mean).max(0.0).sqrt() }
        };
        Ok(Some(sums.into_iter().map(moments).collect()))
    }
}

fn list(moments: &[Moments]) -> String {
    let join = |value: fn(&Moments) -> f64| -> String {
        let all: Vec<_> = moments.iter().map(|m| format!("{:.4}", value(m) + 0.0)).collect();
        all.join(", ")
    };
    format!("mean {}; std {}", join(|m| m.mean), join(|m| m.std))
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
    use crate::dataset::{Inputs, Pixels};
    use crate::pixels::PixelScaling;

    const NAMES: [&str; 2] = ["a", "b"];

    #[test]
    fn describes() {
        let names = NAMES.map(String::from).to_vec();
        let inputs = Inputs { values: vec![1.0, 2.0, 3.0, 4.0], shape: ExampleShape::Vector { features: 2 } };
        let vectors = Dataset::new("toy", inputs, vec![0, 0], names.clone()).unwrap();
        assert_eq!(
            vectors.describe(), // deviations of 1..4 from 2.5: (2.25 + 0.25 + 0.25 + 2.25) / 4 = 1.25
            "toy: 2 vectors of 2, 2 classes\n  inputs: mean 2.5000; std 1.1180\n  a 2, b 0"
        );

        let shape = ExampleShape::Image { height: 2, width: 1, channels: 1 };
        let pixels = Pixels { bytes: vec![0, 16], shape, scaling: PixelScaling::DIGITS };
        let image = Dataset::from_pixels("toy", pixels, vec![1], names).unwrap();
        assert_eq!(
            image.describe(), // (0.5 - 0.3053) / 0.3761 and 0.5 / 0.3761
            "toy: 1 images (height x width x channels) of 2 x 1 x 1, 2 classes\n  pixels: x = (pixel / 16 - mean) / std with mean 0.3053; std 0.3761\n  inputs: mean 0.5177; std 1.3294\n  a 0, b 1"
        );
    }

    #[test]
    fn only_so_many_classes_are_listed() {
        let names: Vec<String> = (0..130).map(|c| format!("c{c}")).collect();
        let inputs = Inputs { values: vec![0.0], shape: ExampleShape::Vector { features: 1 } };
        let text = Dataset::new("wide", inputs, vec![129], names).unwrap().describe();
        assert!(text.ends_with("c126 0, c127 0, and 2 more"), "{text}");
    }
}
