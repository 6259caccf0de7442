//! What models for images have in common: the input and the normalisation.

use super::Args;
use crate::error::ModelProblem as Problem;
use crate::parse::text::{Token, number, split};
use crate::parse::{Fail, MOST};

/// Images of one size.
#[derive(Clone, Copy)]
pub(super) struct Image {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Image {
    /// `input=CxHxW`.
    pub(super) fn of(args: &Args, default: [usize; 3]) -> Result<Self, Fail> {
        let [channels, height, width] = match args.option("input") {
            None => default,
            Some(value) => extents(&value)?,
        };
        Ok(Self { channels, height, width })
    }

    pub(super) fn text(self) -> String {
        format!("{}x{}x{}", self.channels, self.height, self.width)
    }

    /// Whether it has the size of CIFAR's images or nearly so, rather than that of photographs.
    pub(super) fn is_small(self) -> bool {
        self.height.max(self.width) <= 64
    }
}

fn extents(value: &Token) -> Result<[usize; 3], Fail> {
    let mut extents = Vec::new();
    for part in split(value, 'x')? {
        extents.push(number(part.text, "an extent of the images, as in `3x32x32`", 1, MOST).map_err(|p| (part.range(), p))?);
    }
    extents.try_into().map_err(|_| (value.range(), Problem::Input { found: value.text.into() }))
}

/// `norm=bn|ln|gn|none`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Norm {
    Batch,
    Layer,
    Group,
    None,
}

impl Norm {
    pub(super) fn of(args: &Args, default: &'static str) -> Result<Self, Fail> {
        Ok(match args.choice("norm", &["bn", "ln", "gn", "none"], default)? {
            "bn" => Self::Batch,
            "ln" => Self::Layer,
            "gn" => Self::Group,
            _ => Self::None,
        })
    }

    /// The layer for so many channels with a comma after it, or nothing. Groups are 32, or as many as divide the channels.
    pub(super) fn layer(self, name: &str, channels: usize) -> String {
        match self {
            Self::Batch => format!("{name}=bn,"),
            Self::Layer => format!("{name}=ln,"),
            Self::Group => format!("{name}=gn{},", greatest_common_divisor(32, channels)),
            Self::None => String::new(),
        }
    }

    /// What a convolution before it ends with: a bias would be taken off again, but for nothing after it.
    pub(super) fn bias(self) -> &'static str {
        if self == Self::None { "" } else { "nobias" }
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
