//! Archives of arrays: those that NumPy wrote (`fuzz/seeds/npz`), and bad ones.

use std::fs;
use std::path::{Path, PathBuf};

use dupin_data::{ExampleShape, load};
use rawzip::ZipArchiveWriter;

use crate::all;

fn seed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/npz").join(name)
}

/// An array of bytes as NumPy stores it.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn archive(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, array) in arrays {
        let (mut entry, config) = archive.new_file(format!("{name}.npy")).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        std::io::copy(&mut &array[..], &mut writer).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

fn refusal(arrays: &[(&str, Vec<u8>)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.npz");
    fs::write(&file, archive(arrays)).unwrap();
    let text = load(&format!("npz:{}", file.display())).unwrap_err().to_string();
    text.replace(&dir.path().display().to_string(), "DIR")
}

#[test]
fn loads_what_numpy_saves() {
    // 48 bytes 0..48 as [4, 2, 2, 3], labels 0, 1, 1, 2; compressed, with a test part of the first two.
    let split = load(&format!("npz:{}", seed("two.npz").display())).unwrap();
    assert_eq!(split.train.shape(), ExampleShape::Image { height: 2, width: 2, channels: 3 });
    assert_eq!((split.train.labels(), split.test.labels()), (&[0, 1, 1, 2][..], &[0, 1][..]));
    assert_eq!((split.train.classes(), split.test.classes()), (3, 3));
    // Channel c holds c, c + 3, ..., c + 45: mean c + 22.5, variance 9·(16² - 1)/12 = 191.25.
    let scaling = split.train.scaling().unwrap();
    for (c, m) in scaling.channels.iter().enumerate() {
        assert!((m.mean * 255.0 - (c as f64 + 22.5)).abs() < 1e-9, "{m:?}");
        assert!((m.std * 255.0 - 191.25f64.sqrt()).abs() < 1e-9, "{m:?}");
    }
    assert_eq!(split.test.scaling(), split.train.scaling());
    assert_eq!(split.train.rows(&[1]).unwrap(), split.test.rows(&[1]).unwrap());
    assert!((split.train.rows(&[0]).unwrap().floats()[0] + 22.5 / 191.25f32.sqrt()).abs() < 1e-6);

    // One part, not compressed, of which a quarter is held out.
    let split = load(&format!("npz:{},test=0.25,seed=3", seed("one.npz").display())).unwrap();
    assert_eq!((split.train.len(), split.test.len()), (3, 1));
    assert_eq!(split, load(&format!("npz:{},test=0.25,seed=3", seed("one.npz").display())).unwrap());
    assert_eq!(split.train.name(), "npz/train");

    // Floats are taken as they are: 0, 1/7, ..., 1.
    let split = load(&format!("npz:{},test=0.5", seed("floats.npz").display())).unwrap();
    let mut values = [all(&split.train), all(&split.test)].concat();
    values.sort_by(f32::total_cmp);
    assert_eq!(values, (0..8).map(|i| (f64::from(i) / 7.0) as f32).collect::<Vec<_>>());
}

#[test]
fn refuses_bad_arrays() {
    let (x, y) = (npy("<f4", "(2, 1)", &[0; 8]), npy("|u1", "(2,)", &[0, 1]));
    assert_eq!(
        refusal(&[("images", x.clone())]),
        "DIR/a.npz cannot be used: it holds the arrays [\"images\"]; expected x and y, or x_train, y_train, x_test and y_test"
    );
    assert_eq!(
        refusal(&[("x", npy("|u1", "(2, 3, 8, 8)", &[0; 384])), ("y", y.clone())]),
        "DIR/a.npz cannot be used: array `x` has the shape [2, 3, 8, 8], which looks like channels before 8 x 8 pixels; give [n, height, width, channels], as by x.transpose(0, 2, 3, 1) (these are 3 channels)"
    );
    assert_eq!(
        refusal(&[("x", npy("<f4", "(2,)", &[0; 8])), ("y", y.clone())]),
        "DIR/a.npz cannot be used: array `x` has the shape [2]; expected [n, features], [n, height, width] or [n, height, width, channels]"
    );
    assert_eq!(
        refusal(&[("x", x.clone()), ("y", npy("<f4", "(2,)", &[0; 8]))]),
        "DIR/a.npz cannot be used: array `y` holds fractions; labels are whole numbers, the classes counted from 0"
    );
    assert_eq!(
        refusal(&[("x", x.clone()), ("y", npy("|i1", "(2,)", &[0, 255]))]),
        "DIR/a.npz cannot be used: array `y` holds -1 at 1 (counting from 0); labels lie from 0 to 65535"
    );
    assert_eq!(
        refusal(&[("x", x.clone()), ("y", npy("|u1", "(3,)", &[0, 1, 0]))]),
        "`npz` is not a data set: it has 2 inputs but 3 labels; give one label for each input"
    );
    assert_eq!(
        refusal(&[("x", npy("<f4", "(2, 1)", &[0, 0, 0x80, 0x7f, 0, 0, 0, 0])), ("y", y.clone())]),
        "`npz` is not a data set: example 0 holds the value inf; every value must be finite"
    );
    let four = |test: Vec<u8>| [("x_train", x.clone()), ("y_train", y.clone()), ("x_test", test), ("y_test", y.clone())];
    assert_eq!(
        refusal(&four(npy("<f4", "(2, 2)", &[0; 16]))),
        "DIR/a.npz cannot be used: array `x_test` holds numbers of [2], but those of `x_train` are numbers of [1]; both parts need one shape and one type"
    );
    assert!(refusal(&four(npy("|u1", "(2, 1)", &[0; 2]))).contains("holds bytes of [1], but those of `x_train` are numbers"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.npz");
    fs::write(&file, "PK").unwrap();
    let text = load(&format!("npz:{}", file.display())).unwrap_err().to_string();
    assert!(text.contains("it is no zip archive, or damaged ("), "{text}");
}
