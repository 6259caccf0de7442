//! Losses: values by hand, extremes, names.

use dupin_ir::transform::vjp;
use dupin_ir::{Builder, DType, Tensor, TensorType};
use dupin_nn::{Loss, correct};

use crate::{close, evaluate, normal};

fn per_example(loss: &str, logits: &Tensor, target: &Tensor) -> Vec<f64> {
    let loss: Loss = loss.parse().unwrap();
    evaluate(&[logits.clone(), target.clone()], |b, v| vec![loss.per_example(b, v[0], v[1])])[0].to_f64()
}

#[test]
fn cross_entropy_is_minus_the_log_probability() {
    let (n, c) = (4, 5);
    let (logits, labels) = (normal(1, &[n, c]), [4, 0, 2, 2]);
    let target = Tensor::i32([n], labels.to_vec());
    let z = logits.to_f64();
    for smoothing in [0.0, 0.1, 0.5] {
        let expected: Vec<f64> = (0..n)
            .map(|e| {
                let row = &z[e * c..(e + 1) * c];
                let log_sum = row.iter().map(|z| z.exp()).sum::<f64>().ln();
                (0..c)
                    .map(|k| {
                        let q = smoothing / c as f64 + if k == labels[e] as usize { 1.0 - smoothing } else { 0.0 };
                        q * (log_sum - row[k])
                    })
                    .sum()
            })
            .collect();
        close(&per_example(&format!("ce:{smoothing}"), &logits, &target), &expected, 32.0 * f64::EPSILON, "cross-entropy");
    }
}

/// Logits of 1e4 overflow an exponential; neither the loss nor its gradient notices.
#[test]
fn cross_entropy_does_not_overflow() {
    let logits = Tensor::f64([2, 3], vec![1e4, 1e4 - 2.0, -1e4, -1e4, -1e4, -1e4]);
    let target = Tensor::i32([2], vec![1, 0]);
    let expected = [2.0 + (-2.0_f64).exp().ln_1p(), 3.0_f64.ln()];
    close(&per_example("ce", &logits, &target), &expected, 4.0 * f64::EPSILON, "loss");
    let gradient = evaluate(&[logits, target], |b, v| {
        let weights = b.constant(&TensorType::new(DType::F64, [2]), &[1.0, 3.0]);
        let loss = "ce".parse::<Loss>().unwrap().weighted(b, v[0], v[1], weights);
        let one = b.scalar(DType::F64, 1.0);
        vec![vjp(b, &[loss], &[Some(one)], &[v[0]])[0].unwrap()]
    });
    let p = 1.0 / (1.0 + (-2.0_f64).exp());
    close(&gradient[0].to_f64(), &[p, -p, 0.0, -2.0, 1.0, 1.0], 8.0 * f64::EPSILON, "gradient");
}

/// The largest logit is a constant to derivatives: of the comparisons that the derivative of a maximum makes none is left.
#[test]
fn the_shift_costs_no_derivative() {
    let mut b = Builder::new();
    let logits = b.input("z", TensorType::new(DType::F64, [4, 3]));
    let target = b.input("y", TensorType::new(DType::I32, [4]));
    let loss = "ce".parse::<Loss>().unwrap().per_example(&mut b, logits, target);
    let ones = b.splat(&TensorType::new(DType::F64, [4]), 1.0);
    let gradient = vjp(&mut b, &[loss], &[Some(ones)], &[logits])[0].unwrap();
    let program = b.program(&[logits, target], &[gradient]).unwrap();
    let comparisons = program.graph().nodes().iter().filter(|n| n.prim.rules().name() == "compare").count();
    assert_eq!(comparisons, 1, "one for the one-hot vectors");
}

#[test]
fn squared_error_takes_values_and_classes() {
    let logits = Tensor::f64([2, 2], vec![1.0, 2.0, -3.0, 0.5]);
    let values = Tensor::f64([2, 2], vec![0.0, 4.0, -3.0, 1.5]);
    assert_eq!(per_example("mse", &logits, &values), [2.5, 0.5]);
    let classes = Tensor::i32([2], vec![1, 0]);
    assert_eq!(per_example("mse", &logits, &classes), [f64::midpoint(1.0, 1.0), f64::midpoint(16.0, 0.25)]);
}

#[test]
fn the_first_of_equal_scores_is_the_prediction() {
    let logits = Tensor::f64([3, 3], vec![1.0, 1.0, 0.0, 0.0, 2.0, 1.0, -1.0, -2.0, -1.5]);
    let out = evaluate(&[logits, Tensor::i32([3], vec![0, 1, 2])], |b, v| vec![correct(b, v[0], v[1])]);
    assert_eq!(out[0].to_f64(), [1.0, 1.0, 0.0]);
}

#[test]
fn names_round_trip_and_wrong_ones_are_explained() {
    for name in ["ce", "ce:0.1", "mse"] {
        let loss: Loss = name.parse().unwrap();
        assert_eq!(loss.to_string(), name);
        assert!(loss.is_convex());
    }
    assert_eq!("ce:0".parse::<Loss>().unwrap().to_string(), "ce");
    assert_eq!("ce:-0".parse::<Loss>().unwrap().to_string(), "ce");
    let message = |text: &str| text.parse::<Loss>().unwrap_err().to_string();
    for unknown in ["", "l2", "mse:1", "ce ", "CE"] {
        assert_eq!(
            message(unknown),
            format!("`{unknown}` is not a loss: write `ce`, `ce:SMOOTHING` (such as `ce:0.1`) or `mse`")
        );
    }
    for smoothing in ["", "1", "-0.1", "nan", "inf", "a lot"] {
        let expected = format!(
            "`{smoothing}` in `ce:{smoothing}` is not a label smoothing: it must be a number from 0 to below 1, such as `ce:0.1`"
        );
        assert_eq!(message(&format!("ce:{smoothing}")), expected);
    }
}

/// Cross-entropy is linear in its target: of a distribution it is the mean of the losses of the labels, weighted by it. The largest
/// probability says what is right.
#[test]
fn targets_may_be_distributions() {
    let (n, c) = (3, 4);
    let logits = normal(2, &[n, c]);
    let shares = [0.25, 0.7, 1.0];
    let (first, second) = ([0, 3, 2], [1, 1, 0]);
    let mut rows = vec![0.0; n * c];
    for row in 0..n {
        rows[row * c + first[row]] += shares[row];
        rows[row * c + second[row]] += 1.0 - shares[row];
    }
    let rows = Tensor::f64([n, c], rows);
    let labels = |of: [usize; 3]| Tensor::i32([n], of.map(|label| label as i32).to_vec());
    for loss in ["ce", "ce:0.1"] {
        let (a, b) = (per_example(loss, &logits, &labels(first)), per_example(loss, &logits, &labels(second)));
        let expected: Vec<f64> = (0..n).map(|row| shares[row] * a[row] + (1.0 - shares[row]) * b[row]).collect();
        close(&per_example(loss, &logits, &rows), &expected, 32.0 * f64::EPSILON, loss);
    }
    let right = |target: &Tensor| evaluate(&[logits.clone(), target.clone()], |b, v| vec![correct(b, v[0], v[1])])[0].to_f64();
    assert_eq!(right(&rows), right(&labels([1, 3, 2])));
}
