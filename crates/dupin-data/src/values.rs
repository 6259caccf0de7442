//! How the inputs of a data set are kept: as small as they came, and turned into numbers row by row.

use std::sync::Arc;

use crate::dataset::ExampleShape;
use crate::error::Error;
use crate::images::{ImageFiles, ResizedCrop, View};
use crate::pixels::{PixelScaling, PixelTable};

/// Rows of a batch as a program takes them.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// Numbers, dimensionless: `[rows, ...shape]`, row-major.
    Floats(Vec<f32>),
    /// Positions in a vocabulary: `[rows, length]`.
    Tokens(Vec<i32>),
}

impl Rows {
    /// How many values there are, those of all rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Tokens(tokens) => tokens.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers.
    ///
    /// # Panics
    /// If these are tokens.
    pub fn floats(&self) -> &[f32] {
        match self {
            Self::Floats(values) => values,
            Self::Tokens(_) => panic!("these rows hold tokens, not numbers"),
        }
    }

    /// The tokens.
    ///
    /// # Panics
    /// If these are numbers.
    pub fn tokens(&self) -> &[i32] {
        match self {
            Self::Tokens(tokens) => tokens,
            Self::Floats(_) => panic!("these rows hold numbers, not tokens"),
        }
    }
}

/// Stored inputs of `n` examples of `size` values each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    /// `[n, size]`.
    Floats(Vec<f32>),
    /// `[n, size]`, a quarter of the memory.
    Pixels { bytes: Vec<u8>, scaling: PixelScaling, table: PixelTable },
    /// Decoded anew for each batch.
    Files(ImageFiles),
    /// Example `i` is the `size` tokens from `starts[i]`, and its labels those from `starts[i] + 1`.
    Text { tokens: Arc<[u16]>, starts: Vec<usize> },
}

impl Values {
    pub(crate) fn pixels(bytes: Vec<u8>, scaling: PixelScaling) -> Self {
        let table = scaling.table();
        Self::Pixels { bytes, scaling, table }
    }

    /// No rows yet, with room for `rows`.
    pub(crate) fn rows(&self, rows: usize, size: usize) -> Rows {
        let capacity = rows.saturating_mul(size);
        match self {
            Self::Text { .. } => Rows::Tokens(Vec::with_capacity(capacity)),
            _ => Rows::Floats(Vec::with_capacity(capacity)),
        }
    }

    /// Appends example `index`; of stored images the window that `crop` draws, scaled to the whole.
    pub(crate) fn push(
        &self,
        index: usize,
        shape: ExampleShape,
        crop: Option<&mut ResizedCrop>,
        rows: &mut Rows,
    ) -> Result<(), Error> {
        let size = shape.size();
        match (self, rows) {
            (Self::Files(files), Rows::Floats(out)) => files.push(index, crop, out)?,
            (Self::Pixels { bytes, table, .. }, Rows::Floats(out)) => {
                let pixels = &bytes[index * size..][..size];
                match (crop, shape) {
                    (Some(crop), ExampleShape::Image { height, width, channels }) => {
                        table.decode(&View { height, width, channels }.window_of_pixels(pixels, crop), out);
                    }
                    _ => table.decode(pixels, out),
                }
            }
            (Self::Floats(values), Rows::Floats(out)) => out.extend_from_slice(&values[index * size..][..size]),
            (Self::Text { tokens, starts }, Rows::Tokens(out)) => {
                out.extend(tokens[starts[index]..][..size].iter().map(|&token| i32::from(token)));
            }
            _ => unreachable!("`rows` makes rows of the kind that `push` fills"),
        }
        Ok(())
    }

    /// The examples `indices`.
    pub(crate) fn select(&self, indices: &[usize], size: usize) -> Self {
        fn pick<T: Copy>(all: &[T], indices: &[usize], size: usize) -> Vec<T> {
            let mut out = Vec::with_capacity(indices.len().saturating_mul(size));
            for &index in indices {
                out.extend_from_slice(&all[index * size..][..size]);
            }
            out
        }
        match self {
            Self::Floats(values) => Self::Floats(pick(values, indices, size)),
            Self::Pixels { bytes, scaling, table } => {
                Self::Pixels { bytes: pick(bytes, indices, size), scaling: scaling.clone(), table: table.clone() }
            }
            Self::Files(files) => {
                let paths = indices.iter().map(|&index| files.paths[index].clone()).collect();
                Self::Files(ImageFiles { paths, ..files.clone() })
            }
            Self::Text { tokens, starts } => Self::Text { tokens: tokens.clone(), starts: pick(starts, indices, 1) },
        }
    }
}
