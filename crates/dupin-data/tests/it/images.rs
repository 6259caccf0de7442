//! Folders of images: what loads, how it is split and cropped, and what each bad folder is told.

use std::fs;
use std::path::Path;

use dupin_data::{Augmentation, BatchPlan, LastBatch, PixelScaling, load};
use image::{GrayImage, Luma, Rgb, RgbImage};
use tempfile::TempDir;

/// Writes an image of one colour.
fn plain(dir: &TempDir, file: &str, width: u32, height: u32, colour: [u8; 3]) {
    let path = dir.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(width, height, Rgb(colour)).save(path).unwrap();
}

fn refusal(dir: &TempDir, options: &str) -> String {
    let text = load(&format!("images:{}{options}", dir.path().display())).unwrap_err().to_string();
    text.replace(&dir.path().display().to_string(), "DIR")
}

fn parts() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    plain(&dir, "train/cat/b.png", 8, 8, [30, 40, 50]);
    plain(&dir, "train/cat/a.png", 8, 8, [10, 20, 30]);
    plain(&dir, "train/ant/deep/er/c.PNG", 8, 8, [0, 0, 0]);
    plain(&dir, "val/cat/d.png", 8, 8, [255, 255, 255]);
    fs::write(dir.path().join("train/cat/notes.txt"), "passed over").unwrap();
    fs::write(dir.path().join("train/cat/.hidden.png"), "passed over").unwrap();
    dir
}

#[test]
fn classes_are_folders_in_order() {
    let dir = parts();
    let split = load(&format!("images:{}", dir.path().display())).unwrap();
    assert_eq!(split.train.class_names(), ["ant", "cat"]);
    assert_eq!((split.train.labels(), split.test.labels()), (&[0, 1, 1][..], &[1][..]));
    assert_eq!(split.train.shape().dims(), [8, 8, 3]);
    let pixel = |index: usize| split.train.rows(&[index]).unwrap().floats()[..3].to_vec();
    assert_eq!(pixel(1), PixelScaling::IMAGENET.decode(&[10, 20, 30])); // a.png before b.png
    assert_eq!(pixel(2), PixelScaling::IMAGENET.decode(&[30, 40, 50]));
    assert!(split.describe().contains("images/train: 3 images (height x width x channels) of 8 x 8 x 3, 2 classes"));

    let grey = load(&format!("images:{},grey=yes,size=4", dir.path().display())).unwrap();
    assert_eq!(grey.test.shape().dims(), [4, 4, 1]);
    assert_eq!(grey.test.rows(&[0]).unwrap().floats(), [((1.0 - 0.449) / 0.226) as f32; 16]);
}

#[test]
fn a_share_is_held_out_by_a_seed() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..10 {
        plain(&dir, &format!("a/{i}.png"), 3, 2, [i, 0, 0]);
        plain(&dir, &format!("b/{i}.png"), 3, 2, [100 + i, 0, 0]);
    }
    let of = |options: &str| load(&format!("images:{}{options}", dir.path().display())).unwrap();
    let split = of(",test=0.3");
    assert_eq!((split.train.len(), split.test.len()), (14, 6));
    assert_eq!(split, of(",test=0.3,seed=0"));
    assert_ne!(split, of(",test=0.3,seed=1"));
    let mut all = [crate::all(&split.train), crate::all(&split.test)].concat();
    let mut expected: Vec<f32> =
        (0..10).chain(100..110).flat_map(|i| PixelScaling::IMAGENET.decode(&[i, 0, 0].repeat(6))).collect();
    all.sort_by(f32::total_cmp);
    expected.sort_by(f32::total_cmp);
    assert_eq!(all, expected);
}

/// A JPEG that another library wrote: libjpeg's pixels, within the rounding of the transforms of two decoders.
#[test]
fn decodes_jpeg_as_others_do() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/image");
    let original = |x: u32, y: u32, c: u32| ((36 * y + 3 * x + c) % 255) as u8;
    let png = dupin_data::images::decode("x".as_ref(), &fs::read(seeds.join("rgb.png")).unwrap(), 8).unwrap();
    let expected: Vec<u8> = (0..8).flat_map(|y| (2..10).flat_map(move |x| (0..3).map(move |c| original(x, y, c)))).collect();
    assert_eq!(png, expected); // 8 rows of 12 columns: the middle eight
    let grey = dupin_data::images::decode("x".as_ref(), &fs::read(seeds.join("grey.png")).unwrap(), 8).unwrap();
    assert_eq!(grey[..6], [6, 6, 6, 9, 9, 9]);
    let jpeg = dupin_data::images::decode("x".as_ref(), &fs::read(seeds.join("grey.jpg")).unwrap(), 8).unwrap();
    assert!(jpeg.iter().zip(&grey).all(|(a, b)| a.abs_diff(*b) < 30), "{jpeg:?} is far from {grey:?}");
}

#[test]
fn random_windows_are_of_the_file_and_repeat() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        fs::create_dir_all(dir.path().join(class)).unwrap();
        let image = GrayImage::from_fn(40, 30, |x, y| Luma([(5 * x + y) as u8]));
        (0..4).for_each(|i| image.save(dir.path().join(format!("{class}/{i}.png"))).unwrap());
    }
    let split = load(&format!("images:{},size=16,test=0.2", dir.path().display())).unwrap();
    let augmentation: Augmentation = "resized_crop:min=0.2+flip".parse().unwrap();
    augmentation.check(&split.train).unwrap();
    let plan = BatchPlan::shuffled(split.train.len(), 6, 1, LastBatch::Keep).unwrap();
    let batch = |epoch| plan.epoch(epoch).augmented(augmentation).batch(&split.train, 0).unwrap();
    assert_eq!(batch(0), batch(0));
    assert_ne!(batch(0).inputs, batch(1).inputs);
    let images: Vec<Vec<f32>> = batch(0).inputs.floats().chunks_exact(16 * 16 * 3).map(<[f32]>::to_vec).collect();
    assert!(images.iter().all(|image| *image != images[0]) || images[1..].iter().any(|image| *image != images[0]));
}

#[test]
fn a_file_that_breaks_later_is_named_when_it_is_needed() {
    let dir = parts();
    let split = load(&format!("images:{}", dir.path().display())).unwrap();
    let file = dir.path().join("train/cat/b.png");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 20]).unwrap();
    let text = split.train.rows(&[2]).unwrap_err().to_string();
    assert!(text.starts_with(&format!("{}: it cannot be decoded (", file.display())), "{text}");
    let epoch = BatchPlan::sequential(3, 2).unwrap().epoch(0);
    std::thread::scope(|scope| {
        let batches: Vec<_> = epoch.prefetch(scope, &split.train, 0..2, 1).map(|batch| batch.is_ok()).collect();
        assert_eq!(batches, [true, false]);
    });
    fs::remove_file(&file).unwrap();
    assert!(split.train.rows(&[2]).unwrap_err().to_string().starts_with("cannot read "));
}

#[test]
fn refuses_bad_folders() {
    let dir = parts();
    plain(&dir, "train/cat/z.png", 9, 8, [0; 3]);
    assert_eq!(
        refusal(&dir, ""),
        "DIR/train/cat/z.png: its 9 x 8 pixels are not the 8 x 8 of the first image; give one size, as by `size=64`, to which all are scaled and cut"
    );
    assert!(load(&format!("images:{},size=8", dir.path().display())).is_ok());

    let dir = parts();
    fs::create_dir(dir.path().join("train/bee")).unwrap();
    assert_eq!(
        refusal(&dir, ""),
        "DIR/train/bee: it holds no image (.jpg, .jpeg or .png); every folder is a class: remove it or fill it"
    );

    let dir = parts();
    plain(&dir, "val/dog/a.png", 8, 8, [0; 3]);
    assert_eq!(refusal(&dir, ""), "DIR/val/dog: the training part has no such class");

    let dir = parts();
    fs::write(dir.path().join("train/cat/a.png"), "no image").unwrap();
    assert!(refusal(&dir, "").starts_with("DIR/train/cat/a.png: it cannot be decoded ("));

    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        refusal(&dir, ""),
        "DIR: it holds no folder; expected one folder for each class, or `train` and `test` (or `val`) with such folders"
    );
    assert_eq!(refusal(&dir, ",grey=maybe"), "`grey=maybe` of `images` is not `yes` or `no`");
    plain(&dir, &format!("a/{}x.png", "b/".repeat(10)), 2, 2, [0; 3]);
    assert!(refusal(&dir, "").ends_with("it lies more than 8 folders below its class"));
}

#[cfg(unix)]
#[test]
fn a_class_whose_name_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let dir = parts();
    let name = std::ffi::OsStr::from_bytes(b"dog\xff");
    fs::create_dir(dir.path().join("train").join(name)).unwrap();
    assert!(refusal(&dir, "").ends_with("its name is not UTF-8; rename it, since it names a class"));
}
