//! Networks, losses and their derivatives against the float64 fixtures of JAX in `testdata/oracle`.
//!
//! Each product is written here directly by its definition, from the graph transforms alone, and compared on its own.

#![expect(clippy::unwrap_used, reason = "in the helpers of tests a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dupin_ir::transform::{jvp, vjp};
use dupin_ir::{Builder, DType, Executor, Reference, Tensor, TensorType, Value};
use dupin_nn::{Layout, Loss, Mode, Network, from_pytorch, to_pytorch, weights};

/// Two float64 programs that round differently: some hundred operations stand behind an entry, each errs by 1.1e-16 of what it
/// adds. The largest difference seen is 4e-15.
const TOLERANCE: f64 = 1e-13;

type Tensors = BTreeMap<String, Tensor>;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/oracle");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "safetensors"));
    files.sort();
    files
}

/// A fixture and its network.
struct Case {
    name: String,
    net: Network,
    loss: Loss,
    train: bool,
    tensors: Tensors,
}

impl Case {
    fn load(path: &Path) -> Self {
        let weights::File { tensors, metadata } = weights::read(path).unwrap();
        Self {
            name: path.file_stem().unwrap().to_str().unwrap().into(),
            net: Network::parse(&metadata["model"], metadata["activation"].parse().unwrap()).unwrap(),
            loss: metadata["loss"].parse().unwrap(),
            train: metadata["mode"] == "train",
            tensors,
        }
    }

    /// Tensors whose names start with `prefix`, without it.
    fn group(&self, prefix: &str) -> Tensors {
        self.tensors
            .iter()
            .filter_map(|(n, t)| Some((n.strip_prefix(prefix)?.strip_prefix('/')?.to_owned(), t.clone())))
            .collect()
    }

    /// Parameters and buffers in the graph's order and layouts; `param` says which group has the parameters.
    fn state(&self, param: &str) -> (Vec<Tensor>, Vec<Tensor>) {
        let mut named = self.group(param);
        named.extend(self.group("buffer"));
        self.net.from_pytorch(&named, DType::F64).unwrap_or_else(|problems| panic!("{}: {problems:?}", self.name))
    }
}

/// The values of one fixture in a graph.
struct Traced {
    b: Builder,
    params: Vec<Value>,
    v: Vec<Value>,
    rest: Vec<Value>,
    logits: Value,
    loss: Value,
}

fn input(b: &mut Builder, name: &str, t: &Tensor) -> Value {
    b.input(name, t.ty())
}

fn trace(case: &Case) -> (Traced, Vec<Tensor>) {
    let mut b = Builder::new();
    let net = &case.net;
    let param_types: Vec<TensorType> = net.params().iter().map(|p| TensorType::new(DType::F64, p.shape.clone())).collect();
    let params: Vec<Value> = param_types.iter().map(|ty| b.input("p", ty.clone())).collect();
    let v: Vec<Value> = param_types.iter().map(|ty| b.input("v", ty.clone())).collect();
    let data: Vec<Tensor> = vec![
        from_pytorch(&case.tensors["input"], net.input_layout()),
        case.tensors["target"].clone(),
        case.tensors["weights"].clone(),
        // Examples of weight 0 are padding.
        Tensor::from_f64(
            &case.tensors["weights"].ty(),
            &case.tensors["weights"].to_f64().iter().map(|&w| f64::from(u8::from(w != 0.0))).collect::<Vec<_>>(),
        ),
    ];
    let (_, buffer_values) = case.state("param");
    let rest: Vec<Value> = data.iter().chain(&buffer_values).map(|t| input(&mut b, "data", t)).collect();
    let [x, target, weights, mask] = rest[..4] else { unreachable!() };
    let mode = if case.train { Mode::Train { mask: Some(mask), spread: false } } else { Mode::Eval };
    let applied = net.apply(&mut b, &params, &rest[4..], x, mode);
    let loss = case.loss.weighted(&mut b, applied.logits, target, weights);
    (Traced { b, params, v, rest, logits: applied.logits, loss }, [data, buffer_values].concat())
}

fn filled(b: &mut Builder, values: Vec<Option<Value>>, like: &[Value]) -> Vec<Value> {
    values.into_iter().zip(like).map(|(v, &l)| v.unwrap_or_else(|| b.splat_like(l, 0.0))).collect()
}

/// Gradient, `H v`, `G v`, `N v` and the gradient of `vᵀ H v`.
fn products(t: &mut Traced) -> [Vec<Value>; 5] {
    let (b, params, v) = (&mut t.b, &t.params, &t.v);
    let along: Vec<Option<Value>> = v.iter().copied().map(Some).collect();
    let one = b.scalar(DType::F64, 1.0);
    let c = vjp(b, &[t.loss], &[Some(one)], &[t.logits])[0].unwrap();
    let g = vjp(b, &[t.logits], &[Some(c)], params);
    let g = filled(b, g, params);
    let hv = jvp(b, &g, params, &along);
    let hv = filled(b, hv, params);
    let dz = jvp(b, &[t.logits], params, &along)[0].unwrap();
    let u = jvp(b, &[c], &[t.logits], &[Some(dz)])[0].unwrap();
    let gv = vjp(b, &[t.logits], &[Some(u)], params);
    let gv = filled(b, gv, params);
    let held: Vec<Value> = params.iter().copied().chain([c]).collect();
    let tangents: Vec<Option<Value>> = along.iter().copied().chain([None]).collect();
    let nv = jvp(b, &g, &held, &tangents);
    let nv = filled(b, nv, params);
    let quadratic = b.inner_all(v, &hv);
    let third = vjp(b, &[quadratic], &[Some(one)], params);
    let third = filled(b, third, params);
    [g, hv, gv, nv, third]
}

/// Largest magnitude of an entry.
fn largest<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> f64 {
    tensors.into_iter().flat_map(Tensor::to_f64).fold(0.0, |m, v| m.max(v.abs()))
}

/// Compares relative to the largest entry over all tensors: some tensors of a product are 0 but for rounding.
fn close(what: &str, found: &[Tensor], expected: &[Tensor], scale: f64) {
    assert!(scale > 0.0, "{what}: nothing to compare with");
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert_eq!(f.ty(), e.ty(), "{what}");
        let error = f
            .to_f64()
            .iter()
            .zip(e.to_f64())
            .fold(0.0, |m: f64, (a, b)| if (a - b).is_nan() { f64::NAN } else { m.max((a - b).abs()) });
        assert!(error <= TOLERANCE * scale, "{what}: tensor {i} is off by {error:e}, entries go up to {scale:e}");
    }
}

fn check(path: &Path) {
    let case = Case::load(path);
    let (mut t, rest) = trace(&case);
    let has_third = case.tensors.keys().any(|n| n.starts_with("third"));
    let [g, hv, gv, nv, third] = products(&mut t);
    let mut outputs = vec![t.logits, t.loss];
    outputs.extend([g, hv, gv, nv].concat());
    if has_third {
        outputs.extend(&third);
    }
    let inputs = [t.params.clone(), t.v.clone(), t.rest.clone()].concat();
    let program = t.b.program(&inputs, &outputs).unwrap();
    let (params, _) = case.state("param");
    let k = params.len();
    let mut probes = 0;
    while case.tensors.keys().any(|n| n.starts_with(&format!("probe{probes}/"))) {
        let what = |s: &str| format!("{}, probe {probes}, {s}", case.name);
        let group = |name: &str| case.state(name).0;
        let v = group(&format!("probe{probes}"));
        let out = Reference.evaluate(&program, &[params.clone(), v, rest.clone()].concat()).unwrap();
        let (head, lists) = out.split_at(2);
        let expected = [&case.tensors["logits"], &case.tensors["loss"]].map(Clone::clone);
        close(&what("logits"), &head[..1], &expected[..1], largest(&expected[..1]));
        close(&what("loss"), &head[1..], &expected[1..], largest(&expected[1..]));
        let expected_hv = group(&format!("hv{probes}"));
        let hv_scale = largest(&expected_hv);
        for (i, name) in ["grad", "hv", "gv", "nv", "third"].iter().enumerate().take(lists.len() / k) {
            let expected = if *name == "grad" { group("grad") } else { group(&format!("{name}{probes}")) };
            // For a model that is linear in its parameters N v is 0, and with a quadratic loss so is the third derivative: those are
            // compared with H v.
            let own = largest(&expected);
            let vanishes = matches!(*name, "nv" | "third") && own < 1e-10 * hv_scale;
            let scale = if vanishes { hv_scale } else { own };
            close(&what(name), &lists[i * k..(i + 1) * k], &expected, scale);
        }
        probes += 1;
    }
    assert_eq!(probes, 2, "{} has two probes", case.name);
}

/// One test per family of fixtures, so that they run side by side.
fn check_all(prefix: &str, count: usize) {
    let files: Vec<PathBuf> =
        fixtures().into_iter().filter(|p| p.file_stem().unwrap().to_str().unwrap().starts_with(prefix)).collect();
    assert_eq!(files.len(), count, "fixtures of {prefix}");
    for path in &files {
        check(path);
    }
}

#[test]
fn logistic_regressions() {
    check_all("logistic_", 2);
}

#[test]
fn dense_networks() {
    check_all("mlp_", 21);
}

#[test]
fn convolution_networks() {
    check_all("cnn_", 10);
}

#[test]
fn residual_networks() {
    check_all("residual_", 6);
}

#[test]
fn transformers_and_mixers() {
    check_all("vit_", 2);
    check_all("mixer_", 1);
    check_all("char_", 2);
}

/// The fixtures of models that have names are those models.
#[test]
fn fixtures_are_the_models_by_name() {
    for (fixture, spec) in [
        ("vit_gelu", "vit:3,input=1x4x4,patch=2,dim=4,depth=1,heads=2,mlp=5"),
        ("vit_mean_mse", "vit:3,input=1x4x4,patch=2,dim=4,depth=1,heads=2,mlp=5,pool=mean"),
        ("mixer_gelu", "mixer:3,input=1x4x4,patch=2,dim=4,depth=1,tokens=3,channels=5"),
        ("char_tied_gelu", "char:4,context=5,dim=4,depth=1,heads=2,mlp=5"),
        ("char_untied_smoothing", "char:4,context=5,dim=4,depth=1,heads=2,mlp=5,head=untied"),
    ] {
        let path = fixtures().into_iter().find(|p| p.file_stem().is_some_and(|s| s == fixture)).unwrap();
        let by_name = Network::parse(spec, "gelu".parse().unwrap()).unwrap();
        assert_eq!(by_name.expanded(), Case::load(&path).net.spec(), "{fixture}");
    }
}

#[test]
fn no_fixture_is_left_out() {
    assert_eq!(fixtures().len(), 2 + 21 + 10 + 6 + 5);
}

/// What is written is what was read: the fixtures' parameters survive the way to the graph and back.
#[test]
fn layouts_are_undone() {
    for path in fixtures() {
        let case = Case::load(&path);
        let (params, buffers) = case.state("param");
        let named: Tensors = case.net.to_pytorch(&params, &buffers).into_iter().collect();
        let mut expected = case.group("param");
        expected.extend(case.group("buffer"));
        assert_eq!(named, expected, "{}", case.name);
        let x = from_pytorch(&case.tensors["input"], case.net.input_layout());
        assert_eq!(to_pytorch(&x, case.net.input_layout()), case.tensors["input"]);
        assert_eq!(case.net.input_layout() == Layout::Images, case.tensors["input"].shape().len() == 4);
    }
}
