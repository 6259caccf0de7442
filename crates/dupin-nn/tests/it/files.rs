//! Weight files: what is saved is what is loaded, and every way a file can be wrong has a text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dupin_ir::{DType, Tensor};
use dupin_nn::{Error, Init, weights};

use crate::net;

const SPEC: &str = "net:2x6x4,conv3k3,bn,act,ln,flatten,fc5";

fn metadata(pairs: &[(&str, &str)]) -> weights::Metadata {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// A file made by hand: header, then bytes.
fn raw(path: &Path, header: &str, body: &[u8]) {
    fs::write(path, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), body].concat()).unwrap();
}

/// The text of an error, with the folder taken out.
fn text(folder: &Path, error: &Error) -> String {
    error.to_string().replace(folder.to_str().unwrap(), "DIR")
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let net = net(SPEC);
    for dtype in [DType::F32, DType::F64] {
        let params = net.initialize(Init::Pytorch, 4, dtype);
        let buffers = net.initial_buffers(dtype);
        let about = metadata(&[("model", SPEC), ("activation", "gelu")]);
        weights::save(&path, &net.to_pytorch(&params, &buffers), &about).unwrap();
        let loaded = weights::load(&path, &net, dtype).unwrap();
        assert_eq!((loaded.params, loaded.buffers, loaded.metadata), (params.clone(), buffers, about));
        let other = if dtype == DType::F32 { DType::F64 } else { DType::F32 };
        let converted: Vec<Tensor> = params.iter().map(|t| t.convert(other)).collect();
        assert_eq!(weights::load(&path, &net, other).unwrap().params, converted);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

/// Byte for byte what the format says, sorted, so that equal contents are equal files.
#[test]
fn the_bytes_are_those_of_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors");
    let tensors = [
        ("w".to_owned(), Tensor::f32([1, 2], vec![1.0, -2.0])),
        ("label".to_owned(), Tensor::i32([1], vec![-3])),
        ("flag".to_owned(), Tensor::new([2], dupin_ir::Data::Bool(vec![true, false]))),
    ];
    weights::save(&path, &tensors, &metadata(&[("b", "2"), ("a", "\"1\"")])).unwrap();
    let header = r#"{"__metadata__":{"a":"\"1\"","b":"2"},"flag":{"data_offsets":[16,18],"dtype":"BOOL","shape":[2]},"label":{"data_offsets":[0,8],"dtype":"I64","shape":[1]},"w":{"data_offsets":[8,16],"dtype":"F32","shape":[1,2]}}"#;
    let padded = format!("{header:width$}", width = header.len().next_multiple_of(8));
    let body = [&(-3_i64).to_le_bytes()[..], &1_f32.to_le_bytes(), &(-2_f32).to_le_bytes(), &[1, 0]].concat();
    assert_eq!(fs::read(&path).unwrap(), [&(padded.len() as u64).to_le_bytes()[..], padded.as_bytes(), &body].concat());
    let file = weights::read(&path).unwrap();
    assert_eq!(file.tensors, BTreeMap::from(tensors));
    assert_eq!(file.metadata["a"], "\"1\"");
}

#[test]
fn half_precision_and_the_counter_of_batches_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.safetensors");
    let header = concat!(
        r#"{"0.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#,
        r#""0.weight":{"dtype":"F16","shape":[1],"data_offsets":[8,10]},"0.bias":{"dtype":"BF16","shape":[1],"data_offsets":[10,12]},"#,
        r#""0.running_mean":{"dtype":"F64","shape":[1],"data_offsets":[12,20]},"0.running_var":{"dtype":"F32","shape":[1],"data_offsets":[20,24]},"#,
        r#""1.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[24,28]}}"#
    );
    let body = [
        &7_i64.to_le_bytes()[..],
        &0x3e00_u16.to_le_bytes(),
        &0xc040_u16.to_le_bytes(),
        &0.1_f64.to_le_bytes(),
        &4_f32.to_le_bytes(),
        &5_f32.to_le_bytes(),
    ];
    raw(&path, header, &body.concat());
    let loaded = weights::load(&path, &net("net:1,bn,fc1nobias"), DType::F64).unwrap();
    let values = |tensors: &[Tensor]| tensors.iter().flat_map(Tensor::to_f64).collect::<Vec<_>>();
    assert_eq!(values(&loaded.params), [1.5, -3.0, 5.0]);
    assert_eq!(values(&loaded.buffers), [0.1, 4.0]);
}

#[test]
fn tensors_that_do_not_fit_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let net = net("mlp:4-3-2");
    let tensors = [
        ("0.weight".to_owned(), Tensor::f32([4, 3], vec![0.0; 12])),
        ("0.bias".to_owned(), Tensor::i32([3], vec![0; 3])),
        ("2.weight".to_owned(), Tensor::f32([2, 3], vec![0.0; 6])),
        ("4.weight".to_owned(), Tensor::f32([1], vec![0.0])),
    ];
    weights::save(&path, &tensors, &metadata(&[("model", "mlp:4-3-9")])).unwrap();
    let error = weights::load(&path, &net, DType::F32).unwrap_err();
    assert_eq!(
        text(folder.path(), &error),
        "DIR/w.safetensors does not hold the weights of `mlp:4-3-2` (it says its model is `mlp:4-3-9`):
  `0.weight` must have shape [3, 4], the file has [4, 3]
  `0.bias` must hold floats, the file has i32
  `2.bias` [2] is missing
  `4.weight` [1] is not part of the model
load it with the model it was saved from, or save weights with PyTorch's names and shapes of this one"
    );
    weights::save(&path, &[], &metadata(&[])).unwrap();
    let message = text(folder.path(), &weights::load(&path, &crate::net("cnn"), DType::F32).unwrap_err());
    assert!(message.contains("\n  `6.bias` [64] is missing\n  and 6 more\n"), "{message}");
}

#[test]
fn files_that_are_none_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let read = |path: &Path| text(folder.path(), &weights::read(path).unwrap_err());

    assert_eq!(
        read(&at("missing")),
        "cannot read DIR/missing: No such file or directory (os error 2); check that the folder exists and that the file may be read"
    );
    fs::write(at("empty"), b"").unwrap();
    assert_eq!(read(&at("empty")), "DIR/empty is not a safetensors file: it is empty");
    fs::write(at("model.pt"), b"PK\x03\x04 and so on, a zip archive").unwrap();
    assert_eq!(
        read(&at("model.pt")),
        "DIR/model.pt is not a safetensors file: it looks like a file of `torch.save`; in Python, \
         `safetensors.torch.save_file(torch.load(FILE, map_location=\"cpu\"), NEW)` converts the state dict"
    );
    fs::write(at("text"), b"once upon a time").unwrap();
    assert!(read(&at("text")).starts_with("DIR/text is not a safetensors file: "));
    assert!(read(&at("text")).ends_with("; a safetensors file starts with the length of a JSON header"));
    raw(&at("complex"), r#"{"z":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}"#, &[0; 8]);
    assert_eq!(
        read(&at("complex")),
        "DIR/complex: tensor `z` has elements of type C64, which cannot be read; save it as F32 or F64, class labels as I32 or I64 below 2^31"
    );
    raw(&at("wide"), r#"{"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, &i64::MAX.to_le_bytes());
    assert_eq!(
        read(&at("wide")),
        "DIR/wide: tensor `n` has elements of type I64 beyond 32 bits, which cannot be read; save it as F32 or F64, class labels as I32 or I64 below 2^31"
    );
}

/// A file cut anywhere says so or is refused; so is one with bytes behind its end. Nothing panics.
#[test]
fn cut_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let net = net("mlp:3-2");
    let tensors = net.to_pytorch(&net.initialize(Init::Pytorch, 1, DType::F32), &[]);
    weights::save(&whole, &tensors, &metadata(&[("model", "mlp:3-2")])).unwrap();
    let bytes = fs::read(&whole).unwrap();
    for length in 0..bytes.len() {
        fs::write(&cut, &bytes[..length]).unwrap();
        let message = text(folder.path(), &weights::read(&cut).unwrap_err());
        if length > 8 {
            assert!(message.starts_with("DIR/cut is truncated: its header announces "), "{length}: {message}");
            assert!(message.ends_with(&format!(" bytes, the file has {length}; copy or save it again")), "{length}: {message}");
        }
    }
    fs::write(&cut, [&bytes[..], b"more"].concat()).unwrap();
    let message = text(folder.path(), &weights::read(&cut).unwrap_err());
    assert_eq!(message, "DIR/cut is not a safetensors file: 4 bytes follow behind its last tensor");
    for i in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[i] ^= 0x15;
        fs::write(&cut, damaged).unwrap();
        if let Err(error) = weights::load(&cut, &net, DType::F32) {
            assert!(text(folder.path(), &error).starts_with("DIR/cut"), "byte {i}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/such/folder/w.safetensors");
    let message = text(folder.path(), &weights::save(&path, &[], &metadata(&[])).unwrap_err());
    assert!(message.starts_with("cannot write DIR/no/such/folder/w.safetensors: "), "{message}");
    assert!(message.ends_with("; check that the folder exists and that the file may be written"), "{message}");
    // A folder is in the way: the rename fails after everything was written.
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    assert!(weights::save(&taken, &[], &metadata(&[])).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A second name of the old file shows that the new one was not written into it: whoever has it open keeps what was there.
#[test]
fn an_old_file_is_replaced_and_never_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let (path, second) = (folder.path().join("w"), folder.path().join("second"));
    let tensor = |v: f32| [("w".to_owned(), Tensor::f32([1], vec![v]))];
    weights::save(&path, &tensor(1.0), &metadata(&[])).unwrap();
    fs::hard_link(&path, &second).unwrap();
    weights::save(&path, &tensor(2.0), &metadata(&[])).unwrap();
    let value = |path: &Path| weights::read(path).unwrap().tensors["w"].to_f64()[0];
    assert_eq!((value(&path), value(&second)), (2.0, 1.0));
}

#[cfg(unix)]
#[test]
fn files_have_the_permissions_of_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
    weights::save(&ours, &[], &metadata(&[])).unwrap();
    fs::write(&plain, b"").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&plain));
}
