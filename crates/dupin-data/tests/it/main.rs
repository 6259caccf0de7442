//! Data sets from real folders: what loads, and what each bad folder is told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arrays;
#[cfg(feature = "fetch")]
mod fetch;
mod images;
mod mutated;

use std::fs;
use std::io::Write;
use std::path::Path;

use dupin_data::{Dataset, Error, PixelScaling, Split, load};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|d| d.to_be_bytes()));
    bytes.extend_from_slice(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The numbers of every example.
fn all(data: &Dataset) -> Vec<f32> {
    data.rows(&(0..data.len()).collect::<Vec<_>>()).unwrap().floats().to_vec()
}

/// A sound folder: three training images and one test image of 1x2.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    put(&dir, "train-images-idx3-ubyte", &idx(&[3, 1, 2], &[0, 255, 1, 2, 3, 4]));
    put(&dir, "train-labels-idx1-ubyte", &idx(&[3], &[7, 0, 9]));
    put(&dir, "t10k-images-idx3-ubyte", &idx(&[1, 1, 2], &[5, 6]));
    put(&dir, "t10k-labels-idx1-ubyte", &idx(&[1], &[3]));
    dir
}

fn put(dir: &TempDir, file: &str, bytes: &[u8]) {
    fs::write(dir.path().join(file), bytes).unwrap();
}

fn load_mnist(dir: &TempDir) -> Result<Split, Error> {
    load(&format!("mnist:{}", dir.path().display()))
}

/// The refusal of a sound folder after `harm`, with the folder's name as DIR.
fn refusal(harm: impl Fn(&TempDir)) -> String {
    let dir = folder();
    assert!(load_mnist(&dir).is_ok());
    harm(&dir);
    let text = load_mnist(&dir).unwrap_err().to_string();
    text.replace(&dir.path().display().to_string(), "DIR")
}

#[test]
fn loads_a_folder_under_all_its_file_names() {
    let dir = folder();
    let split = load_mnist(&dir).unwrap();
    assert_eq!(split.train.labels(), [7, 0, 9]);
    assert_eq!(all(&split.train), PixelScaling::MNIST.decode(&[0, 255, 1, 2, 3, 4]));
    assert_eq!(split.train.shape().dims(), [1, 2, 1]);
    assert_eq!(split.test.labels(), [3]);
    assert_eq!(split.train.name(), "mnist/train");

    for part in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
        let plain = fs::read(dir.path().join(format!("{part}-ubyte"))).unwrap();
        fs::remove_file(dir.path().join(format!("{part}-ubyte"))).unwrap();
        let dotted = part.replace("-idx", ".idx");
        put(&dir, &format!("{dotted}-ubyte"), &plain);
        assert_eq!(load_mnist(&dir).unwrap(), split, "{dotted} plain");
        put(&dir, &format!("{dotted}-ubyte"), &gzip(&plain)); // gzipped, though the name does not say so
        assert_eq!(load_mnist(&dir).unwrap(), split, "{dotted} gzipped");
        fs::remove_file(dir.path().join(format!("{dotted}-ubyte"))).unwrap();
        put(&dir, &format!("{part}-ubyte.gz"), &gzip(&plain));
        assert_eq!(load_mnist(&dir).unwrap(), split, "{part}.gz");
        fs::remove_file(dir.path().join(format!("{part}-ubyte.gz"))).unwrap();
        put(&dir, &format!("{dotted}-ubyte.gz"), &plain); // not gzipped, though the name says so
        assert_eq!(load_mnist(&dir).unwrap(), split, "{dotted}.gz plain");
    }
}

#[test]
fn refuses_missing_files() {
    let missing = refusal(|dir| fs::remove_file(dir.path().join("t10k-labels-idx1-ubyte")).unwrap());
    assert_eq!(
        missing,
        "DIR lacks the labels of the test part of mnist: expected one of t10k-labels-idx1-ubyte, t10k-labels.idx1-ubyte, t10k-labels-idx1-ubyte.gz, t10k-labels.idx1-ubyte.gz. Give the folder that holds the four files (torchvision keeps them in MNIST/raw or FashionMNIST/raw)"
    );
    let empty = tempfile::tempdir().unwrap();
    let text = load_mnist(&empty).unwrap_err().to_string();
    assert!(text.contains("lacks the labels of the training part of mnist"), "{text}");
    let file = empty.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [file, empty.path().join("nothing")] {
        let text = load(&format!("fashion-mnist:{}", path.display())).unwrap_err().to_string();
        let golden = format!("{} is not a folder: give the folder that holds the files of fashion-mnist", path.display());
        assert_eq!(text, golden);
    }
}

#[test]
fn missing_file_by_path_says_so() {
    let text = dupin_data::idx::read_file(Path::new("/no/such/file"), dupin_data::idx::Content::Images);
    let text = text.unwrap_err().to_string();
    assert!(text.starts_with("cannot read /no/such/file: "), "{text}");
    assert!(text.ends_with("; check that the file exists and may be read"), "{text}");
}

#[test]
fn refuses_files_that_do_not_fit_together() {
    let swapped = refusal(|dir| {
        let (images, labels) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte");
        let labels_bytes = fs::read(dir.path().join(labels)).unwrap();
        put(dir, labels, &fs::read(dir.path().join(images)).unwrap());
        put(dir, images, &labels_bytes);
    });
    assert_eq!(
        swapped,
        "DIR/train-labels-idx1-ubyte is not a file of labels: it holds images (3 dimension(s), expected 1); the files of images and labels are swapped, exchange their names"
    );
    assert_eq!(
        refusal(|dir| put(dir, "train-labels-idx1-ubyte", &idx(&[2], &[7, 0]))),
        "DIR/train-images-idx3-ubyte holds 3 images but DIR/train-labels-idx1-ubyte holds 2 labels: the two files belong to different parts or data sets, fetch both again"
    );
    assert_eq!(
        refusal(|dir| put(dir, "train-labels-idx1-ubyte", &idx(&[3], &[7, 10, 255]))),
        "DIR/train-labels-idx1-ubyte: label 1 (counting from 0) is 10, but the 10 classes are numbered 0 to 9: this is not the labels file of this data set, or it is damaged"
    );
    assert_eq!(
        refusal(|dir| put(dir, "t10k-images-idx3-ubyte", &idx(&[1, 2, 1], &[5, 6]))),
        "the training images are 1x2 but the test images are 2x1 (height x width): the files come from different data sets, fetch all four again"
    );
    assert_eq!(
        refusal(|dir| put(dir, "t10k-images-idx3-ubyte", &idx(&[1, 1, 2], &[5]))),
        "DIR/t10k-images-idx3-ubyte is not a file of images: its header gives the sizes [1, 1, 2], 2 bytes of data, but only 1 follow; it is cut off, fetch it again"
    );
}

/// The embedded files read from a folder are the embedded data set.
#[test]
fn embedded_files_load_from_a_folder_too() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/fashion-mini");
    let from_folder = load(&format!("fashion-mnist:{}", assets.display())).unwrap();
    let embedded = load("fashion-mini").unwrap();
    assert_eq!(all(&from_folder.train), all(&embedded.train));
    assert_eq!(from_folder.train.labels(), embedded.train.labels());
    assert_eq!(all(&from_folder.test), all(&embedded.test));
    assert_eq!(from_folder.test.labels(), embedded.test.labels());
}

/// Where the full set is installed: `fashion-mini` is its balanced beginning, and the constants are its moments.
#[test]
fn fashion_mini_is_the_beginning_of_fashion_mnist() {
    let full = match load("fashion-mnist") {
        Ok(full) => full,
        Err(Error::NotInstalled { .. }) => {
            println!("not run: Fashion-MNIST is not installed");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!((full.train.len(), full.test.len()), (60_000, 10_000));
    assert_eq!(full.train.class_counts(), [6000; 10]);
    let mini = load("fashion-mini").unwrap();
    assert_eq!(all(&full.train.balanced_head(8000).unwrap()), all(&mini.train));
    assert_eq!(full.train.balanced_head(8000).unwrap().labels(), mini.train.labels());
    assert_eq!(all(&full.test.balanced_head(2000).unwrap()), all(&mini.test));
    assert_eq!(full.test.balanced_head(2000).unwrap().labels(), mini.test.labels());

    // Inputs are (p - mean) / std: their mean is 0 and their deviation 1 up to half a unit of the fourth decimal, over std.
    let values = all(&full.train);
    let n = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let square = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n;
    let tolerance = 5e-5 / PixelScaling::FASHION_MNIST.channels[0].std;
    assert!(mean.abs() <= tolerance, "mean {mean}");
    assert!(((square - mean * mean).sqrt() - 1.0).abs() <= tolerance, "variance {square}");
}

/// A record of CIFAR: label bytes, then three planes, each filled with its number plus `shade`.
fn cifar_record(head: &[u8], shade: u8) -> Vec<u8> {
    let image = (0..3u8).flat_map(|plane| vec![shade + plane; 1024]);
    head.iter().copied().chain(image).collect()
}

#[test]
fn loads_cifar() {
    let dir = tempfile::tempdir().unwrap();
    for (file, label) in [("data_batch_1", 1), ("data_batch_2", 2), ("data_batch_3", 3), ("data_batch_4", 4), ("data_batch_5", 5)]
    {
        put(&dir, &format!("{file}.bin"), &cifar_record(&[label], 10 * label));
    }
    put(&dir, "test_batch.bin", &[cifar_record(&[9], 0), cifar_record(&[0], 1)].concat());
    let spec = format!("cifar10:{}", dir.path().display());
    let split = load(&spec).unwrap();
    assert_eq!(split.train.labels(), [1, 2, 3, 4, 5]);
    assert_eq!(split.test.labels(), [9, 0]);
    assert_eq!(split.train.shape().dims(), [32, 32, 3]);
    assert_eq!(split.train.rows(&[2]).unwrap().floats()[..6], PixelScaling::CIFAR10.decode(&[30, 31, 32, 30, 31, 32])[..]);
    assert_eq!(split.train.class_names()[9], "truck");
    assert_eq!(split.train.name(), "cifar10/train");

    // The archive's own folder is found from its parent.
    let parent = tempfile::tempdir().unwrap();
    fs::rename(dir.path(), parent.path().join("cifar-10-batches-bin")).unwrap();
    assert_eq!(load(&format!("cifar10:{}", parent.path().display())).unwrap(), split);

    // The first training file alone is a smaller data set; two of five are a damaged one.
    let inner = parent.path().join("cifar-10-batches-bin");
    for file in ["data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"] {
        fs::remove_file(inner.join(file)).unwrap();
    }
    let text = load(&format!("cifar10:{}", parent.path().display())).unwrap_err().to_string();
    assert!(text.contains("lacks `data_batch_3.bin` of cifar10: give the folder that the binary version"), "{text}");
    fs::remove_file(inner.join("data_batch_2.bin")).unwrap();
    assert_eq!(load(&format!("cifar10:{}", parent.path().display())).unwrap().train.labels(), [1]);
}

#[test]
fn loads_cifar100_with_either_label() {
    let dir = tempfile::tempdir().unwrap();
    put(&dir, "train.bin", &[cifar_record(&[3, 40], 5), cifar_record(&[19, 99], 6)].concat());
    put(&dir, "test.bin", &cifar_record(&[0, 1], 5));
    let load = |options: &str| load(&format!("cifar100:{}{options}", dir.path().display()));
    assert_eq!(load("").unwrap().train.labels(), [40, 99]);
    assert_eq!(load(",labels=fine").unwrap().train.classes(), 100);
    let coarse = load(",labels=coarse").unwrap();
    assert_eq!((coarse.train.labels(), coarse.train.classes()), (&[3, 19][..], 20));
    assert_eq!(load(",labels=rough").unwrap_err().to_string(), "`labels=rough` of `cifar100` is not `fine` or `coarse`");
    let noisy = load(",label_noise=0.999999").unwrap();
    assert!(noisy.train.labels().iter().zip([40, 99]).all(|(&noisy, clean)| noisy != clean && noisy < 100));
}

#[test]
fn loads_texts() {
    let split = load("shakespeare").unwrap();
    // 463,678 training characters hold 7,244 windows of 64 and the character behind, 51,520 test characters 804.
    assert_eq!((split.train.len(), split.test.len(), split.train.classes()), (7244, 804, 73));
    let of = |rows: &[i32]| -> String {
        rows.iter().map(|&token| split.train.class_names()[token as usize].replace("'\\n'", "\n").replace("' '", " ")).collect()
    };
    assert_eq!(of(&split.train.rows(&[0]).unwrap().tokens()[..24]), "HAMLET',' PRINCE OF DENMAR");
    assert_eq!(split.train.rows(&[0]).unwrap().tokens()[1..], split.train.targets(&[0])[..63]);
    assert_eq!(load("shakespeare,length=32@50").unwrap().train.len(), 50);

    let dir = tempfile::tempdir().unwrap();
    put(&dir, "a.txt", "ab ".repeat(100).as_bytes());
    let split = load(&format!("text:{},length=8,test=0.5", dir.path().join("a.txt").display())).unwrap();
    assert_eq!((split.train.len(), split.test.len(), split.train.classes()), (18, 18, 3));
    assert!(load("text:/no/such.txt").unwrap_err().to_string().starts_with("cannot read /no/such.txt: "));
    assert_eq!(
        load("shakespeare,label_noise=0.1").unwrap_err().to_string(),
        "`shakespeare` takes no option `label_noise`; it takes length, test"
    );
}
