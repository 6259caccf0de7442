//! What is freed, and what is kept on disk.

use dupin_ir::{Builder, DType, Executor, Program, Tensor, TensorType};
use dupin_pjrt::{Options, Pjrt};

use super::{device, devices, plugin};

fn exponential() -> Program {
    let mut b = Builder::new();
    let x = b.input("x", TensorType::new(DType::F32, [1000]));
    let y = b.exp(x);
    b.program(&[x], &[y]).unwrap()
}

/// What a run leaves behind would be its input and its result, 8 kB: 160 MB after 20,000 runs, where other tests of this process, which
/// run at the same time, take less than half of that.
#[test]
fn ten_thousand_runs_leak_nothing() {
    let Some(device) = device() else { return };
    let compiled = device.compile(&exponential()).unwrap();
    let resident = || -> usize {
        let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
    };
    let run = |times: usize| {
        for _ in 0..times {
            let x = device.upload(Tensor::f32([1000], vec![1.0; 1000])).unwrap();
            let y = compiled.run(&[&x]).unwrap();
            assert_eq!(device.download(&y[0]).unwrap().shape(), [1000]);
        }
    };
    run(1000);
    let before = resident();
    run(20_000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 80 << 20, "{grown} bytes more after 20,000 runs");
    // Every buffer of this executor is gone: only those of other tests may live.
    let buffers: Vec<_> = (0..500).map(|_| device.upload(Tensor::f32([1], vec![0.0])).unwrap()).collect();
    let with = Pjrt::live_buffers();
    drop(buffers);
    assert!(Pjrt::live_buffers() + 300 < with, "{} of {with} buffers live on", Pjrt::live_buffers());
}

#[test]
fn compiled_programs_are_kept_on_disk() {
    let Some(path) = plugin() else { return };
    let folder = tempfile::tempdir().unwrap();
    let options = Options { cache: Some(folder.path().join("cache")), ..Options::default() };
    let input = [Tensor::f32([1000], vec![1.0; 1000])];
    let run = || Pjrt::load(&path, &options).unwrap().evaluate(&exponential(), &input).unwrap();
    let first = run();
    let files: Vec<_> = std::fs::read_dir(folder.path().join("cache")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(run(), first);
    // A damaged file is compiled anew.
    std::fs::write(&files[0], b"dupinxla and then something else").unwrap();
    assert_eq!(run(), first);
    assert!(std::fs::metadata(&files[0]).unwrap().len() > 100, "it was written again");
}

/// A result takes the memory of the input that it replaces, unless somebody else holds that: then it stays what it was.
#[test]
fn replaced_inputs_are_given_up_and_shared_ones_kept() {
    for replicas in [1, 2] {
        let Some(device) = devices(replicas) else { return };
        let mut b = Builder::new();
        let ty = TensorType::new(DType::F64, [3]);
        let [x, y] = ["x", "y"].map(|name| b.input(name, ty.clone()));
        let (sum, product) = (b.add(x, y), b.mul(x, y));
        let program = b.program(&[x, y], &[product, sum]).unwrap();
        let compiled = device.compile_replacing(&program, &[(0, 1)]).unwrap();
        let upload = |values: [f64; 3]| device.upload(Tensor::f64([3], values.to_vec())).unwrap();
        let (x, y) = (upload([1.0, 2.0, 3.0]), upload([10.0, 20.0, 30.0]));
        let mut shared = Some(x.clone());
        for last in [false, true] {
            let out = compiled.run(&[&x, &y]).unwrap();
            let read = |b| device.download(b).map(|t| t.to_f64());
            assert_eq!(read(&out[0]).unwrap(), [10.0, 40.0, 90.0]);
            assert_eq!(read(&out[1]).unwrap(), [11.0, 22.0, 33.0]);
            assert_eq!(read(&y).unwrap(), [10.0, 20.0, 30.0]);
            if last {
                let gone = read(&x).unwrap_err().to_string();
                assert!(gone.contains("deleted") || gone.contains("donated"), "{gone}");
                break;
            }
            assert_eq!(read(&shared.take().unwrap()).unwrap(), [1.0, 2.0, 3.0]);
        }
    }
}
