//! Initial values: their distribution, and that they depend on nothing else than what they should.

use dupin_ir::{DType, Tensor};
use dupin_nn::{Init, Role};

use crate::net;

const SPEC: &str = "net:3x12x12,conv20k5g1,bn,act,conv30k3,act,flatten,fc40,act,fc10";

/// Mean 0 and the scheme's variance within 5 standard errors; uniform numbers within their bounds.
#[test]
fn weights_have_the_variance_of_their_scheme() {
    let net = net(SPEC);
    for init in Init::names().filter(|n| *n != "zeros").flat_map(|n| [n.to_owned(), format!("{n}:0.25")]) {
        let gain = if init.ends_with(":0.25") { 0.25 } else { 1.0 };
        let values = net.initialize(init.parse().unwrap(), 9, DType::F64);
        for (p, t) in net.params().iter().zip(&values).filter(|(p, _)| p.role == Role::Weight) {
            let (fan_in, fan_out) = (p.fan_in as f64, p.fan_out as f64);
            let variance = gain
                * gain
                * match init.split(['_', ':']).next().unwrap() {
                    "pytorch" => 1.0 / (3.0 * fan_in),
                    "he" => 2.0 / fan_in,
                    "xavier" => 2.0 / (fan_in + fan_out),
                    _ => 1.0 / fan_in,
                };
            // Fourth moments: 3 for a normal, 9/5 for a uniform number of variance 1.
            let is_normal = init.contains("normal");
            let of_square: f64 = if is_normal { 2.0 } else { 0.8 };
            let (x, n) = (t.to_f64(), t.len() as f64);
            let mean = x.iter().sum::<f64>() / n;
            let square = x.iter().map(|x| x * x).sum::<f64>() / n;
            assert!(mean.abs() < 5.0 * (variance / n).sqrt(), "{init}, {}: mean {mean}", p.name);
            assert!((square / variance - 1.0).abs() < 5.0 * (of_square / n).sqrt(), "{init}, {}: variance {square}", p.name);
            let largest = x.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            let bound = (3.0 * variance).sqrt();
            assert_eq!(largest > bound, is_normal, "{init}, {}: largest {largest}, bound {bound}", p.name);
        }
    }
}

#[test]
fn biases_and_normalisations_start_where_they_should() {
    let net = net(SPEC);
    for init in Init::names() {
        let values = net.initialize(init.parse().unwrap(), 9, DType::F64);
        for (p, t) in net.params().iter().zip(&values) {
            let all = |v: f64| t.to_f64().iter().all(|&x| x == v);
            let holds = match p.role {
                Role::NormWeight => all(1.0),
                Role::Bias if init == "pytorch" => {
                    !all(0.0) && t.to_f64().iter().all(|x| x.abs() <= 1.0 / (p.fan_in as f64).sqrt())
                }
                Role::Bias | Role::NormBias => all(0.0),
                Role::Weight => all(0.0) == (init == "zeros"),
            };
            assert!(holds, "{init}: {}", p.name);
        }
    }
    assert_eq!(net.initial_buffers(DType::F32), [Tensor::f32([20], vec![0.0; 20]), Tensor::f32([20], vec![1.0; 20])]);
}

/// Recorded so that a seed means the same for good; computed by a transcription into Python's unbounded integers.
#[test]
fn values_are_fixed_for_good() {
    let values = net("mlp:3-4-2").initialize(Init::Pytorch, (1 << 40) + 5, DType::F64);
    let first: Vec<f64> = values[0].to_f64()[..3].to_vec();
    crate::close(&first, &[0.24779827337721408, 0.4433612741052232, 0.32739327427300036], 4.0 * f64::EPSILON, "0.weight");
    crate::close(&values[3].to_f64(), &[-0.374162996264588, 0.08411773215009655], 4.0 * f64::EPSILON, "2.bias");
}

#[test]
fn values_depend_on_seed_name_and_index_alone() {
    for init in [Init::Pytorch, Init::HeNormal] {
        let draw = |spec: &str, seed| net(spec).initialize(init, seed, DType::F64);
        let small = draw("mlp:6-5-4", 1);
        // The first layer does not notice what follows it, nor a name how many there are.
        let (deep, wide) = (draw("mlp:6-5-4-3", 1), draw("mlp:6-50-4", 1));
        assert_eq!(small[0], deep[0]);
        assert_eq!(small[0].to_f64()[..30], wide[0].to_f64()[..30]);
        let other = draw("mlp:6-5-4", 2);
        let (a, b) = (small[0].to_f64(), other[0].to_f64());
        assert!(a.iter().zip(&b).all(|(a, b)| a != b));
        let square = draw("mlp:4-4-4", 1);
        let (a, b) = (square[0].to_f64(), square[2].to_f64());
        assert!(a.iter().zip(&b).all(|(a, b)| a != b), "two layers of one shape differ");
    }
}

#[test]
fn single_precision_is_double_precision_rounded() {
    let net = net("mlp:6-5-4");
    for init in [Init::Pytorch, Init::XavierNormal, Init::Scaled(&Init::HeUniform, 0.3)] {
        let (narrow, wide) = (net.initialize(init, 3, DType::F32), net.initialize(init, 3, DType::F64));
        let rounded: Vec<Tensor> = wide.iter().map(|t| t.convert(DType::F32)).collect();
        assert_eq!(narrow, rounded);
    }
}

#[test]
fn names_round_trip_and_wrong_ones_are_explained() {
    for name in Init::names() {
        assert_eq!(name.parse::<Init>().unwrap().to_string(), name);
        let scaled = format!("{name}:0.5");
        assert_eq!(scaled.parse::<Init>().unwrap().to_string(), scaled);
    }
    assert_eq!("he_normal:0.5".parse::<Init>().unwrap(), Init::Scaled(&Init::HeNormal, 0.5));
    let message = |text: &str| text.parse::<Init>().unwrap_err().to_string();
    assert_eq!(
        message("kaiming"),
        "`kaiming` is not an initialisation: known are pytorch, he_normal, he_uniform, xavier_normal, xavier_uniform, lecun_normal, \
         lecun_uniform, zeros; a gain follows a colon, as in `he_normal:0.5`"
    );
    for gain in ["", "-1", "nan", "big"] {
        let expected = format!(
            "`{gain}` in `pytorch:{gain}` is not a gain: it must be a finite number of at least 0, as in `he_normal:0.5`"
        );
        assert_eq!(message(&format!("pytorch:{gain}")), expected);
    }
}
