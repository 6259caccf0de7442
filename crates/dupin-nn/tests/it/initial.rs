//! Initial values: their distribution, and that they depend on nothing else than what they should.

use dupin_ir::{DType, Tensor};
use dupin_nn::{Init, Param, Role};

use crate::{evaluate, net, normal};

const SPEC: &str = "net:3x12x12,conv20k5g1,bn,act,conv30k3s3,act,flatten,fc40,act,fc10";

/// A network with everything that a scheme may look at: residual branches that end in a normalisation and in a weight, tables.
const BRANCHES: &str = "net:tokens8v40,embed30,wpe,res(ln,fc90,attn3,fc30),res(fc60,act,fc30,ln),fc12";

/// Variance of a weight under a scheme, as its documentation states it; `None` if it starts at 0.
fn variance(init: &str, p: &Param) -> Option<f64> {
    let (fan_in, fan_out) = (p.fan_in as f64, p.fan_out as f64);
    let branches = 2.0;
    Some(match init {
        "zeros" => return None,
        "resnet_zero" if p.ends_branch => return None,
        "pytorch" => 1.0 / (3.0 * fan_in),
        "resnet" | "resnet_zero" if !p.of_convolution => 1.0 / (3.0 * fan_in),
        "vit" if p.of_convolution => 1.0 / (3.0 * fan_in),
        "he_fan_out" | "resnet" | "resnet_zero" => 2.0 / fan_out,
        "vgg" if p.of_convolution => 2.0 / fan_out,
        "vgg" => 1e-4,
        "gpt2" if p.ends_branch => 4e-4 / branches,
        "vit" | "gpt2" => 4e-4,
        he if he.starts_with("he_") => 2.0 / fan_in,
        xavier if xavier.starts_with("xavier_") => 2.0 / (fan_in + fan_out),
        lecun if lecun.starts_with("lecun_") => 1.0 / fan_in,
        other => panic!("{other} is not documented here"),
    })
}

/// Whether a weight is normal and not uniform.
fn is_normal(init: &str, p: &Param) -> bool {
    match init {
        "resnet" | "resnet_zero" => p.of_convolution,
        "vit" => !p.of_convolution,
        _ => init != "pytorch" && !init.ends_with("_uniform"),
    }
}

/// Mean 0 and the scheme's variance within 5 standard errors; uniform numbers within their bounds.
#[test]
fn weights_have_the_variance_of_their_scheme() {
    for (spec, name, gain) in
        [SPEC, BRANCHES].into_iter().flat_map(|s| Init::names().flat_map(move |n| [(s, n, 1.0), (s, n, 0.25)]))
    {
        let net = net(spec);
        let init = if gain == 1.0 { name.to_owned() } else { format!("{name}:{gain}") };
        let values = net.initialize(init.parse().unwrap(), 9, DType::F64);
        for (p, t) in net.params().iter().zip(&values) {
            let (variance, is_normal) = match p.role {
                Role::Weight => (variance(name, p), is_normal(name, p)),
                Role::Embedding => ((name != "zeros").then_some(4e-4), true),
                _ => continue,
            };
            let Some(variance) = variance.map(|v| gain * gain * v) else {
                assert!(t.to_f64().iter().all(|&x| x == 0.0), "{init}, {}", p.name);
                continue;
            };
            // Fourth moments: 3 for a normal, 9/5 for a uniform number of variance 1.
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
    for (spec, init) in [SPEC, BRANCHES].into_iter().flat_map(|s| Init::names().map(move |n| (s, n))) {
        let net = net(spec);
        let values = net.initialize(init.parse().unwrap(), 9, DType::F64);
        for (p, t) in net.params().iter().zip(&values) {
            let all = |v: f64| t.to_f64().iter().all(|&x| x == v);
            let like_pytorch = match init {
                "resnet" | "resnet_zero" => !p.of_convolution,
                "vit" => p.of_convolution,
                _ => init == "pytorch",
            };
            let holds = match p.role {
                Role::NormWeight => all(f64::from(u8::from(init != "resnet_zero" || !p.ends_branch))),
                Role::Bias if like_pytorch => !all(0.0) && t.to_f64().iter().all(|x| x.abs() <= 1.0 / (p.fan_in as f64).sqrt()),
                Role::Bias | Role::NormBias => all(0.0),
                Role::Weight | Role::Embedding => continue,
            };
            assert!(holds, "{init}: {}", p.name);
        }
    }
    assert_eq!(net(SPEC).initial_buffers(DType::F32), [Tensor::f32([20], vec![0.0; 20]), Tensor::f32([20], vec![1.0; 20])]);
}

/// A block that starts as its shortcut: under `resnet_zero` the logits of a ResNet do not see the bodies.
#[test]
fn zeroed_branches_leave_the_shortcuts() {
    for (spec, parameter) in
        [("resnet18:3,input=1x8x8,width=4", "layer2.0.conv1.weight"), ("wrn-10-1", "block2.layer.0.conv1.weight")]
    {
        let net = net(spec);
        let count = net.params().iter().filter(|p| p.ends_branch).count();
        assert_eq!(count, if spec.starts_with("wrn") { 3 } else { 8 }, "{spec}");
        let mut params = net.initialize(Init::ResnetZero, 1, DType::F64);
        let buffers = net.initial_buffers(DType::F64);
        let x = normal(2, &[&[2], net.input_shape()].concat());
        let logits = |params: &[Tensor]| {
            let n = params.len();
            let inputs: Vec<Tensor> = params.iter().chain(&buffers).chain([&x]).cloned().collect();
            let apply = |b: &mut dupin_ir::Builder, v: &[dupin_ir::Value]| {
                vec![net.apply(b, &v[..n], &v[n..v.len() - 1], v[v.len() - 1], dupin_nn::Mode::Eval).logits]
            };
            evaluate(&inputs, apply).remove(0)
        };
        let before = logits(&params);
        let body = net.params().iter().position(|p| p.name == parameter).expect("the network has it");
        params[body] = normal(3, params[body].shape());
        assert_eq!(logits(&params), before, "{spec}");
        let shortcut = net.params().iter().position(|p| p.name.contains("downsample.0") || p.name.contains("convShortcut"));
        let shortcut = shortcut.expect("the network has one");
        params[shortcut] = normal(4, params[shortcut].shape());
        assert_ne!(logits(&params), before, "{spec}");
    }
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
         lecun_uniform, he_fan_out, resnet, resnet_zero, vgg, vit, gpt2, zeros; a gain follows a colon, as in `he_normal:0.5`"
    );
    for gain in ["", "-1", "nan", "big"] {
        let expected = format!(
            "`{gain}` in `pytorch:{gain}` is not a gain: it must be a finite number of at least 0, as in `he_normal:0.5`"
        );
        assert_eq!(message(&format!("pytorch:{gain}")), expected);
    }
}
