//! The loss and norms of its curvature along a line or over a plane of parameters.

use dupin_ir::Tensor;
use dupin_linop::vector::{axpy, norm};
use dupin_linop::{Rng, RunningMean};

use crate::error::Error;
use crate::split::Split;

/// A direction in parameter space and the places along it.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// A flat vector as the layout of the [`Split`] has it; of any length.
    pub direction: Vec<f64>,
    /// Multiples of it that are added to the parameters.
    pub places: Vec<f64>,
}

/// A Frobenius norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// Its value.
    pub value: f64,
    /// Its standard error, 0 if it is exact; `None` after one probe, which cannot tell.
    pub std_error: Option<f64>,
}

/// What is known at one point; NaN where the loss or a product is not finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LandscapePoint {
    /// Loss over the data.
    pub loss: f64,
    /// `‖∇L‖`.
    pub gradient_norm: f64,
    /// `‖G‖_F`, if norms are asked for.
    pub gauss_newton: Option<Norm>,
    /// `‖N‖_F`, if norms are asked for.
    pub nme: Option<Norm>,
}

/// Points row after row: the first axis moves fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Landscape {
    /// `points[j · columns + i]` is at place `i` of the first axis and `j` of the second.
    pub points: Vec<LandscapePoint>,
    /// Places of the first axis.
    pub columns: usize,
}

/// How the Frobenius norms are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norms {
    /// Not at all.
    Leave,
    /// From every column: as many products as there are parameters.
    Exact,
    /// `‖A‖² = E‖Av‖²` over this many random signs, the same at every point, so that a map is as smooth as what it shows.
    Probes(usize),
}

/// Measures at every point of a line or plane around `center`, then moves the split back there.
///
/// # Cost
/// 3F a point and batch, and with norms 8F for each probe, or parameter if they are exact. Nothing is compiled anew between points.
///
/// # Errors
/// [`Error::Count`] for a direction or center of another length; errors of the executor. What is not finite at a point is NaN there.
///
/// # Source
/// Li et al. (2018), "Visualizing the loss landscape of neural nets", arXiv 1712.09913, for planes of random directions; Dauphin, Agarwala &
/// Mobahi (2024, arXiv 2401.10809), figure 7, for the loss and the norm of the NME over two weights.
pub fn landscape(
    split: &mut Split,
    center: &[f64],
    x: &Axis,
    y: Option<&Axis>,
    norms: Norms,
    seed: u64,
    mut progress: impl FnMut(usize),
) -> Result<Landscape, Error> {
    let dim = split.dim();
    let directions = [Some(&x.direction), y.map(|y| &y.direction)];
    for length in directions.into_iter().flatten().map(Vec::len).chain([center.len()]) {
        if length != dim {
            return Err(Error::Count { what: "entries of a point or direction", expected: dim, found: length });
        }
    }
    let probes = match norms {
        Norms::Leave => Vec::new(),
        Norms::Exact => (0..dim).flat_map(|i| (0..dim).map(move |j| f64::from(u8::from(i == j)))).collect(),
        Norms::Probes(k) => {
            let mut v = vec![0.0; k * dim];
            Rng::new(seed).fill_signs(&mut v);
            v
        }
    };
    let mut points = Vec::new();
    for &second in y.map_or(&[0.0][..], |y| &y.places) {
        for &first in &x.places {
            let mut theta = center.to_vec();
            axpy(first, &x.direction, &mut theta);
            if let Some(y) = y {
                axpy(second, &y.direction, &mut theta);
            }
            split.move_to(&theta)?;
            points.push(measure(split, &probes, norms)?);
            progress(points.len());
        }
    }
    split.move_to(center)?;
    Ok(Landscape { points, columns: x.places.len() })
}

fn measure(split: &Split, probes: &[f64], norms: Norms) -> Result<LandscapePoint, Error> {
    let nowhere = Norm { value: f64::NAN, std_error: None };
    let has_norms = norms != Norms::Leave;
    let unknown = LandscapePoint {
        loss: f64::NAN,
        gradient_norm: f64::NAN,
        gauss_newton: has_norms.then_some(nowhere),
        nme: has_norms.then_some(nowhere),
    };
    let (loss, gradient) = match split.gradient() {
        Ok(found) => found,
        Err(Error::NotFinite { .. }) => return Ok(unknown),
        Err(e) => return Err(e),
    };
    let at = LandscapePoint { loss, gradient_norm: norm(&gradient), ..unknown };
    if probes.is_empty() {
        return Ok(at);
    }
    let p = split.products(probes)?;
    let dim = split.dim().max(1);
    let of = |products: &[f64]| {
        let squares = products.chunks(dim).map(|av| norm(av).powi(2));
        if norms == Norms::Exact {
            return Norm { value: squares.sum::<f64>().sqrt(), std_error: Some(0.0) };
        }
        let mut mean = RunningMean::default();
        squares.for_each(|s| mean.push(s));
        let value = mean.mean().sqrt();
        // The root's error to first order.
        let error = mean.variance().map(|v| (v / mean.count() as f64).sqrt() / (2.0 * value).max(f64::MIN_POSITIVE));
        Norm { value, std_error: error }
    };
    Ok(LandscapePoint { gauss_newton: Some(of(&p.gauss_newton)), nme: Some(of(&p.nme)), ..at })
}

/// A random direction with the scale of the weights: Gaussian, then each filter given the norm of the filter of `params` in its place.
///
/// `outputs[i]` is the axis of parameter `i` along which its filters (rows of a matrix) lie. One without (biases, scales of normalisation) does
/// not move: what it does can be undone elsewhere.
///
/// # Panics
/// If there is not one entry of `outputs` per parameter.
///
/// # Source
/// Li et al. (2018), arXiv 1712.09913, section 4.
pub fn filter_normalized(params: &[Tensor], outputs: &[Option<usize>], rng: &mut Rng) -> Vec<f64> {
    assert_eq!(params.len(), outputs.len(), "every parameter has filters or none");
    let mut flat = Vec::new();
    for (tensor, axis) in params.iter().zip(outputs) {
        let weights = tensor.to_f64();
        let Some(axis) = *axis else {
            flat.resize(flat.len() + weights.len(), 0.0);
            continue;
        };
        let (count, after) = (tensor.shape()[axis], tensor.shape()[axis + 1..].iter().product::<usize>());
        let filter = |i: usize| i / after % count;
        let mut draws = vec![0.0; weights.len()];
        rng.fill_normal(&mut draws);
        let squares = |values: &[f64]| {
            let mut sums = vec![0.0; count];
            values.iter().enumerate().for_each(|(i, v)| sums[filter(i)] += v * v);
            sums
        };
        let (of_weights, of_draws) = (squares(&weights), squares(&draws));
        flat.extend(draws.iter().enumerate().map(|(i, d)| d * (of_weights[filter(i)] / of_draws[filter(i)]).sqrt()));
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_have_the_norms_of_the_weights() {
        let dense = Tensor::f64([2, 3], vec![3.0, 0.0, 4.0, 0.0, 0.0, 0.0]);
        let kernel = Tensor::f64([2, 1, 1, 2], vec![1.0, 0.0, 2.0, 2.0]);
        let bias = Tensor::f64([2], vec![1.0, 1.0]);
        let d = filter_normalized(&[dense, bias, kernel], &[Some(0), None, Some(3)], &mut Rng::new(1));
        assert!((norm(&d[..3]) - 5.0).abs() < 1e-14 && norm(&d[3..6]) == 0.0);
        assert_eq!(&d[6..8], &[0.0, 0.0]);
        // Filters of the kernel lie along its last axis: (1, 2) and (0, 2).
        assert!((norm(&[d[8], d[10]]) - 5.0_f64.sqrt()).abs() < 1e-14 && (norm(&[d[9], d[11]]) - 2.0).abs() < 1e-14);
    }
}
