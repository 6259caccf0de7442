//! What a convolution by patches costs, and whether that is less than the direct one.

use super::geometry::Dim;
use super::plan::Winograd;
use super::transform::POINTS;

/// Multiply-adds that transforming a vector of a patch, of results and of windows takes as long as.
const INPUT_COST: f64 = 250.0;
const RESULT_COST: f64 = 220.0;
const WINDOW_COST: f64 = 200.0;
/// How many times fewer operations there must be.
const ADVANTAGE: f64 = 1.2;

impl Winograd {
    /// Values of a tile's patches in the domain.
    pub(super) fn patch_values(&self) -> usize {
        self.space.iter().map(Dim::read_values).product::<usize>() * self.channels.len()
    }

    /// Values of a tile's results in the domain.
    fn result_values(&self) -> usize {
        self.space.iter().map(Dim::write_values).product::<usize>() * self.maps.len()
    }

    /// Multiply-adds of the direct convolution, without those that padding takes away, times two.
    pub(in super::super) fn flop(&self) -> f64 {
        let products = self.space[0].products() * self.space[1].products();
        2.0 * (self.groups.len() * self.images.len() * self.channels.len() * self.maps.len()) as f64 * products as f64
    }

    /// Vector operations: products and the three transforms, the last two as measured in multiply-adds.
    pub(super) fn cost(&self) -> f64 {
        let (tiles, vector) = ((self.groups.len() * self.tiles()) as f64, self.vector as f64);
        let products = (self.space[0].points() * self.space[1].points() * self.channels.len() * self.maps.len()) as f64;
        let products = (self.groups.len() * self.images.len()) as f64 * products;
        let again = if self.gradient { [self.panels(), self.depth.div_ceil(self.rows)] } else { [1, 1] };
        let [patches, results] =
            [self.patch_values() * again[0], self.result_values() * again[1]].map(|x| x as f64 / POINTS as f64);
        let windows = WINDOW_COST * (self.groups.len() * self.depth * self.width) as f64;
        (products + tiles * (INPUT_COST * patches + RESULT_COST * results) + windows) / vector
    }

    pub(super) fn pays(&self) -> bool {
        self.cost() * ADVANTAGE < self.flop() / 2.0 / self.vector as f64
    }
}
