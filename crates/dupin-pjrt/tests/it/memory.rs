//! What is freed, and what is kept on disk.

use dupin_ir::{Builder, DType, Executor, Program, Tensor, TensorType};
use dupin_pjrt::{Options, Pjrt};

use super::{device, plugin};

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
