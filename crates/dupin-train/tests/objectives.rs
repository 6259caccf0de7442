//! Directions of the objectives against their definitions, in f64.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod problem;

use dupin_curvature::products;
use dupin_curvature::{Part, Split, SplitParams};
use dupin_ir::transform::batch_all;
use dupin_ir::{DType, Executor, Program, Reference, Tensor, TensorType, Value};
use dupin_linop::{SymmetricOperator, vector::norm};
use dupin_nn::{Loss, Network};
use dupin_train::objective::{self, Context, Point};
use dupin_train::{TracedModel, trace};
use problem::{APART, NETS, Problem, close, dot};

/// Step of central differences: truncation and rounding balance at `ε^(1/3)`.
fn step() -> f64 {
    f64::EPSILON.cbrt()
}

#[test]
fn moved_gradients_are_gradients_at_the_moved_point() {
    for (spec, activation) in NETS {
        let p = Problem::new(spec, activation);
        let g = p.gradient_at(&p.params);
        let length = norm(&g);
        // Two ways to one expression: rounding alone, some hundred operations deep.
        let check = |objective: &str, e: &[f64]| {
            close(&p.direction(objective), &p.gradient_at(&p.moved(e, 1.0)), 1e-11, &format!("{spec} {objective}"));
        };
        check("sam:rho=0.3", &g.iter().map(|g| 0.3 * g / length).collect::<Vec<_>>());
        check("sam:rho=0.3,normalized=no", &g.iter().map(|g| 0.3 * g).collect::<Vec<_>>());
        let t: Vec<f64> = p.flat().iter().map(|w| w.abs() + 0.02).collect();
        let tg: Vec<f64> = t.iter().zip(&g).map(|(t, g)| t * g).collect();
        let scaled = norm(&tg);
        check("asam:rho=0.7,eta=0.02", &t.iter().zip(&tg).map(|(t, tg)| 0.7 * t * tg / scaled).collect::<Vec<_>>());
        for objective in ["sam:rho=0", "asam:rho=0", "functional_sam:rho=0", "weight_noise:sigma=0", "plain"] {
            close(&p.direction(objective), &g, 1e-12, objective);
        }
    }
}

#[test]
fn gsam_takes_the_orthogonal_part_of_the_gradient_away() {
    for (spec, activation) in NETS {
        let p = Problem::new(spec, activation);
        let (g, s) = (p.gradient_at(&p.params), p.direction("sam:rho=0.3"));
        let share = dot(&g, &s) / dot(&s, &s);
        let expected: Vec<f64> = g.iter().zip(&s).map(|(g, s)| s - 0.4 * (g - share * s)).collect();
        close(&p.direction("gsam:rho=0.3,alpha=0.4"), &expected, 1e-11, spec);
        close(&p.direction("gsam:rho=0.3,alpha=0"), &s, 1e-12, spec);
    }
}

/// Its Jacobian is that of `θ' ↦ c·z(θ')` at the perturbed point, with `c = ∂L/∂z` from the unperturbed one.
#[test]
fn functional_sam_perturbs_the_jacobian_alone() {
    let h = step();
    for (spec, activation) in NETS {
        let p = Problem::new(spec, activation);
        let g = p.gradient_at(&p.params);
        let length = norm(&g);
        let e: Vec<f64> = g.iter().map(|g| 0.4 * g / length).collect();
        let (a, c) = (p.along(), p.residual());
        let value = |t: f64| {
            let by: Vec<f64> = e.iter().zip(&a).map(|(e, a)| e + t * a).collect();
            dot(&c, &p.logits_at(&p.moved(&by, 1.0)))
        };
        let (numeric, exact) = ((value(h) - value(-h)) / (2.0 * h), dot(&p.direction("functional_sam:rho=0.4"), &a));
        assert!((numeric - exact).abs() <= 64.0 * h * h * (1.0 + exact.abs()), "{spec}: {exact} against {numeric}");
    }
}

/// Along a direction, the central difference of `L + R` with the same draws.
#[test]
fn directions_are_gradients_of_the_loss_with_its_regularizer() {
    let h = step();
    for objective in [
        "plain",
        "psam:rho=0.7",
        "gp:lambda=0.7",
        "weight_noise:sigma=0.2",
        "weight_noise:sigma=0.2,points=2",
        "weight_noise:sigma=0.2,layerwise=yes",
        "weight_noise:sigma=0.2,points=2,layerwise=yes",
        "hessian_trace:lambda=0.3",
        "hessian_trace:lambda=0.3,probes=3,distribution=rademacher",
        "nme_trace:lambda=0.3",
        "nme_trace:lambda=0.3,probes=2,distribution=rademacher",
        "gn_trace:lambda=0.3",
        "gn_trace:lambda=0.3,stop=no",
        "gn_trace:lambda=0.3,per_example=yes",
        "gn_trace:lambda=0.3,stop=no,per_example=yes",
        "psam:rho=0.3+weight_noise:sigma=0.1",
        "hessian_trace:lambda=0.2+gn_trace:lambda=0.3,stop=no+gp:lambda=0.1",
    ] {
        let nets = if objective.contains("per_example") { &APART[..] } else { &NETS[..] };
        for &(spec, activation) in nets {
            for key in [[3, 5], [1 << 31, 77]] {
                let p = Problem { key, ..Problem::new(spec, activation) };
                let a = p.along();
                let value = |t: f64| {
                    let at = p.moved(&a, t);
                    p.loss_at(&at) + p.regularizer_at(objective, &at)
                };
                let (numeric, exact) = ((value(h) - value(-h)) / (2.0 * h), dot(&p.direction(objective), &a));
                // Unit direction; derivatives two orders above those in R are of order 100 of its size at most.
                let size = 1.0 + exact.abs() + value(0.0).abs();
                assert!((numeric - exact).abs() <= 64.0 * h * h * size, "{objective} on {spec}: {exact} against {numeric}");
            }
        }
    }
}

#[test]
fn updates_that_are_no_gradient_have_no_regularizer() {
    let p = Problem::new(NETS[0].0, NETS[0].1);
    for objective in [
        "sam:rho=1",
        "asam:rho=1",
        "functional_sam:rho=1",
        "gsam:rho=1,alpha=1",
        "psam:rho=1,nme=drop",
        "psam:rho=1,fd=0.1",
        "gp:lambda=1,nme=only",
    ] {
        assert!(p.regularizer(objective).is_none(), "{objective}");
        assert!(p.regularizer(&format!("{objective}+hessian_trace:lambda=1")).is_none(), "{objective}");
    }
}

#[test]
fn dropping_the_nme_leaves_the_gauss_newton_part_and_they_add_up() {
    for (spec, activation) in NETS {
        let p = Problem::new(spec, activation);
        let split = Split::new(
            &Reference,
            p.trace().0.traced,
            &p.params,
            vec![p.data.clone()],
            SplitParams { block: 1, ..Default::default() },
        )
        .unwrap();
        let g = p.gradient_at(&p.params);
        for (word, part) in [("keep", Part::Hessian), ("drop", Part::GaussNewton), ("only", Part::Nme)] {
            let mut product = vec![0.0; g.len()];
            split.operator(part).apply(&g, &mut product).unwrap();
            let with = |factor: f64| g.iter().zip(&product).map(|(g, a)| g + factor * a).collect::<Vec<_>>();
            close(&p.direction(&format!("psam:rho=0.5,nme={word}")), &with(0.5 / norm(&g)), 1e-11, spec);
            close(&p.direction(&format!("gp:lambda=0.5,nme={word}")), &with(0.5), 1e-11, spec);
        }
    }
}

#[test]
fn finite_differences_reach_sam_at_rho_and_the_exact_product_at_0() {
    for (spec, activation) in NETS {
        let p = Problem::new(spec, activation);
        close(&p.direction("psam:rho=0.3,fd=0.3"), &p.direction("sam:rho=0.3"), 1e-11, spec);
        let g = p.gradient_at(&p.params);
        let penalty = |o: &str| p.direction(o).iter().zip(&g).map(|(d, g)| d - g).collect::<Vec<_>>();
        let parts: Vec<Vec<f64>> = ["keep", "drop", "only"]
            .iter()
            .map(|part| {
                let exact = penalty(&format!("psam:rho=1,nme={part}"));
                let error = |r: f64| {
                    let fd = penalty(&format!("psam:rho=1,nme={part},fd={r}"));
                    norm(&fd.iter().zip(&exact).map(|(f, e)| f - e).collect::<Vec<_>>())
                };
                // First order: half the radius, half the error, to the terms of second order.
                let (whole, half) = (error(1e-3), error(5e-4));
                assert!(whole < 0.05 * norm(&exact), "{spec} {part}: {whole} of {}", norm(&exact));
                assert!((whole / half - 2.0).abs() < 0.05, "{spec} {part}: {whole}, {half}");
                penalty(&format!("psam:rho=1,nme={part},fd=0.1"))
            })
            .collect();
        let sum: Vec<f64> = parts[1].iter().zip(&parts[2]).map(|(g, n)| g + n).collect();
        close(&sum, &parts[0], 1e-11, spec);
    }
}

#[test]
fn a_sum_adds_penalties_to_the_gradient_that_its_mover_takes() {
    let p = Problem::new(NETS[1].0, NETS[1].1);
    let g = p.gradient_at(&p.params);
    let sum = p.direction("gp:lambda=0.3+sam:rho=0.2+psam:rho=0.1,nme=drop");
    let parts = ["gp:lambda=0.3", "sam:rho=0.2", "psam:rho=0.1,nme=drop"].map(|o| p.direction(o));
    let expected: Vec<f64> = (0..g.len()).map(|i| parts.iter().map(|d| d[i]).sum::<f64>() - 2.0 * g[i]).collect();
    close(&sum, &expected, 1e-12, "sum");
    // Terms draw apart from one another: two equal terms are two probes.
    let one = p.regularizer_at("hessian_trace:lambda=1", &p.params);
    let two = p.regularizer_at("hessian_trace:lambda=1+hessian_trace:lambda=1", &p.params);
    assert!((two - 2.0 * one).abs() > 1e-3 * one.abs(), "{two} is twice {one}");
}

/// The native executor draws the same numbers and gives the same directions.
#[test]
fn executors_agree_on_drawn_directions() {
    let cpu = dupin_cpu::Cpu::new(Some(2)).unwrap();
    let p = Problem { key: [u32::MAX, u32::MAX], ..Problem::new(NETS[2].0, NETS[2].1) };
    for objective in
        ["weight_noise:sigma=0.1,points=2,layerwise=yes", "hessian_trace:lambda=1+gn_trace:lambda=1,stop=no", "gn_trace:lambda=1"]
    {
        let (program, inputs) = p.direction_program(objective);
        let native: Vec<f64> = cpu.evaluate(&program, &inputs).unwrap().iter().flat_map(Tensor::to_f64).collect();
        // Rounding in another order, some thousand operations deep.
        close(&native, &p.direction(objective), 1e-10, objective);
    }
}

/// Costs of the `cnn` workload in forward passes, counted in the programs that would be compiled.
#[test]
fn steps_and_products_cost_what_they_should() {
    let network = Network::parse("cnn", "gelu".parse().unwrap()).unwrap();
    let loss: Loss = "ce".parse().unwrap();
    let build = || {
        let mut m = trace(&network, &loss, 8, DType::F32, false);
        let t = &mut m.traced;
        let g = products::gradient(&mut t.builder, t.loss, t.logits, &t.params);
        (m, g)
    };
    let program = |m: &TracedModel, more: &[Value], outputs: &[Value]| -> Program {
        let inputs = [&m.traced.params, &m.traced.data, more].concat();
        m.traced.builder.program(&inputs, outputs).unwrap()
    };
    let cost = |p: Program| p.flop().contraction as f64;
    let (m, g) = build();
    let forward = cost(program(&m, &[], &[m.traced.loss]));
    let gradient = cost(program(&m, &[], &g.params)) / forward;
    assert!(gradient > 2.5 && gradient <= 3.0, "gradient: {gradient} F");
    // Each within its limit, and no lower than what the first layer's missing input gradient and noise of rounding explain.
    for (spec, limit) in [
        ("sam:rho=0.1", 6.1),
        ("asam:rho=0.1", 6.1),
        ("functional_sam:rho=0.1", 6.1),
        ("gsam:rho=0.1,alpha=0.4", 6.1),
        ("psam:rho=0.1", 9.2),
        ("psam:rho=0.1,nme=drop", 7.1),
        ("psam:rho=0.1,nme=only", 9.2),
        ("psam:rho=0.1,fd=0.01", 6.1),
        ("psam:rho=0.1,nme=drop,fd=0.01", 6.1),
        ("psam:rho=0.1,nme=only,fd=0.01", 6.1),
        ("gp:lambda=0.1", 9.2),
        ("gp:lambda=0.1,nme=drop", 7.1),
        ("weight_noise:sigma=0.1", 3.1),
        ("weight_noise:sigma=0.1,points=2", 6.1),
        ("gn_trace:lambda=0.1", 11.7),
        ("gn_trace:lambda=0.1,stop=no", 11.7),
        ("gn_trace:lambda=0.1,labels=none", 11.7),
        ("gn_trace:lambda=0.1,per_example=yes", 11.7),
        ("hessian_trace:lambda=0.1", 15.2),
        ("hessian_trace:lambda=0.1,probes=3", 27.6),
        ("nme_trace:lambda=0.1", 15.2),
    ] {
        let (mut m, g) = build();
        let t = &mut m.traced;
        let at = Point { loss: t.loss, logits: t.logits, params: &t.params, gradient: &g };
        let key = t.builder.input("key", TensorType::new(DType::U32, [2]));
        let mut step = Context::new(&mut t.builder, &loss, t.data[2], key);
        let d = objective::parse(spec).unwrap().step_direction(&mut t.builder, &at, &mut step).values;
        let c = cost(program(&m, &[key], &d)) / forward;
        assert!(c <= limit && c > 0.9 * limit - 0.5, "{spec}: {c} F");
    }
    let (mut m, g) = build();
    let v = products::vector_inputs(&mut m.traced, "v");
    let t = &mut m.traced;
    let s = products::split(&mut t.builder, &g, t.logits, &t.params, &v);
    let c = cost(program(&m, &v, &[s.gauss_newton, s.nme].concat())) / forward;
    assert!(c <= 11.5 && c > 9.0, "split: {c} F");
    // Forward pass and cotangents once, 3F per vector.
    let t = &mut m.traced;
    let (vgv, vnv) = products::quadratic_forms(&mut t.builder, &g, t.logits, &t.params, &v);
    let types: Vec<TensorType> = v.iter().map(|&v| t.builder.ty(v).batched(8)).collect();
    let vectors: Vec<_> = types.into_iter().map(|ty| t.builder.input("v", ty)).collect();
    let forms = batch_all(&mut t.builder, &[vgv, vnv], &v, &vectors);
    let c = cost(program(&m, &vectors, &forms)) / forward;
    assert!(c <= 26.0 && c > 24.0, "quadratic forms of 8 vectors: {c} F");
}
