//! Folders of JPEG and PNG files, one folder a class, decoded when a batch needs them.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageReader, Limits};

use crate::dataset::{Dataset, ExampleShape, Split};
use crate::error::Error;
use crate::npz::hold_out;
use crate::pixels::{Moments, PixelScaling, PixelTable};
use crate::rng::Rng;

/// Names of files that are read, in lower case.
const ENDINGS: [&str; 3] = ["jpg", "jpeg", "png"];
/// The most folders below a class.
const MAX_DEPTH: usize = 8;
/// The most rows or columns of a file, and bytes of its decoded pixels.
const MAX_SIDE: u32 = 1 << 15;
const MAX_ALLOC: u64 = 1 << 30;

/// What is wrong with a folder of images, or with one of them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImageProblem {
    /// A file that cannot be decoded.
    #[error("it cannot be decoded ({0}); it is damaged or no JPEG or PNG file")]
    Decode(String),
    /// A class without images.
    #[error("it holds no image (.jpg, .jpeg or .png); every folder is a class: remove it or fill it")]
    EmptyClass,
    /// No class at all.
    #[error("it holds no folder; expected one folder for each class, or `train` and `test` (or `val`) with such folders")]
    NoClass,
    /// A name that is no text.
    #[error("its name is not UTF-8; rename it, since it names a class")]
    NotUtf8,
    /// Folders in folders without end.
    #[error("it lies more than {MAX_DEPTH} folders below its class")]
    TooDeep,
    /// Images of several sizes.
    #[error(
        "its {width} x {height} pixels are not the {expected_width} x {expected_height} of the first image; give one size, as by `size=64`, to which all are scaled and cut"
    )]
    Mixed {
        /// Columns of the file.
        width: u32,
        /// Rows of the file.
        height: u32,
        /// Columns of the first.
        expected_width: u32,
        /// Rows of the first.
        expected_height: u32,
    },
    /// A class of the test part that the training part lacks.
    #[error("the training part has no such class")]
    UnknownClass,
}

/// How images are to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageOptions {
    /// Rows and columns of an input: the shorter side of an image is scaled to it, and the middle cut out. `None`: all images have one
    /// size, and keep it.
    pub size: Option<usize>,
    /// Colours as red, green and blue, or one channel of grey.
    pub grey: bool,
    /// The share of examples that becomes the test part, if there is none in a folder of its own.
    pub test: f64,
    /// What draws it.
    pub seed: u64,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self { size: None, grey: false, test: 0.1, seed: 0 }
    }
}

/// Loads `folder`: `train/CLASS/...` and `test/CLASS/...` (or `val`), or `CLASS/...` alone, of which a share is held out. Classes are
/// folders in the order of their names, examples files in the order of their paths; files with other endings and names that begin
/// with a dot are passed over.
///
/// # Shapes and units
/// Inputs are `[n, size, size, 3]`, scaled as [`PixelScaling::IMAGENET`] says; grey ones `[n, size, size, 1]` by mean 0.449 and standard
/// deviation 0.226, the means of those.
///
/// # Cost
/// The header of every file is read here, in threads, and the file anew for each batch that needs it. Memory: a path an image.
///
/// # Errors
/// [`Error::NotAFolder`], [`Error::Io`] and [`Error::Image`] for folders and files.
pub fn load_folder(name: &str, folder: &Path, options: &ImageOptions) -> Result<Split, Error> {
    if !folder.is_dir() {
        return Err(Error::NotAFolder { folder: folder.to_owned(), dataset: name.to_owned() });
    }
    let scaling = if options.grey {
        PixelScaling { max: 255.0, channels: vec![Moments { mean: 0.449, std: 0.226 }].into() }
    } else {
        PixelScaling::IMAGENET
    };
    let train = folder.join("train");
    let test = ["test", "val"].map(|part| folder.join(part)).into_iter().find(|part| part.is_dir());
    let Some(test) = test.filter(|_| train.is_dir()) else {
        let classes = classes(folder)?;
        let all = Found::new(&classes, &classes)?;
        let (height, width) = size(options, &[&all])?;
        return hold_out(name, &all.dataset(name.to_owned(), &classes, height, width, scaling)?, options.test, options.seed);
    };
    let classes = classes(&train)?;
    let (train, test) = (Found::new(&classes, &classes)?, Found::new(&self::classes(&test)?, &classes)?);
    let (height, width) = size(options, &[&train, &test])?;
    Ok(Split {
        train: train.dataset(format!("{name}/train"), &classes, height, width, scaling.clone())?,
        test: test.dataset(format!("{name}/test"), &classes, height, width, scaling)?,
    })
}

/// The folders in `folder` with their names, in the order of these.
fn classes(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut classes = Vec::new();
    for path in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let name = name.ok_or_else(|| Error::Image { file: path.clone(), problem: ImageProblem::NotUtf8 })?;
        classes.push((name, path));
    }
    if classes.is_empty() {
        return Err(Error::Image { file: folder.to_owned(), problem: ImageProblem::NoClass });
    }
    classes.sort();
    Ok(classes)
}

/// What a folder holds but names with a dot in front, in the order of the names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let io = |source| Error::Io { file: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// Files of images with their labels.
#[derive(Default)]
struct Found {
    paths: Vec<PathBuf>,
    labels: Vec<u32>,
}

impl Found {
    /// The images of `here`, labelled by their place in `classes`.
    fn new(here: &[(String, PathBuf)], classes: &[(String, PathBuf)]) -> Result<Self, Error> {
        let mut found = Self::default();
        for (name, path) in here {
            let refuse = |problem| Err(Error::Image { file: path.clone(), problem });
            let Ok(label) = classes.binary_search_by(|class| class.0.cmp(name)) else {
                return refuse(ImageProblem::UnknownClass);
            };
            let before = found.paths.len();
            collect(path, 0, &mut found.paths)?;
            if found.paths.len() == before {
                return refuse(ImageProblem::EmptyClass);
            }
            found.labels.resize(found.paths.len(), label as u32);
        }
        Ok(found)
    }

    fn dataset(
        self,
        name: String,
        classes: &[(String, PathBuf)],
        height: usize,
        width: usize,
        scaling: PixelScaling,
    ) -> Result<Dataset, Error> {
        let files = ImageFiles { paths: self.paths, height, width, table: scaling.table(), scaling };
        let shape = ExampleShape::Image { height, width, channels: files.scaling.channels.len() };
        Dataset::files(name, files, shape, self.labels, classes.iter().map(|class| class.0.clone()).collect())
    }
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Image { file: folder.to_owned(), problem: ImageProblem::TooDeep });
    }
    for path in entries(folder)? {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if path.is_dir() {
            collect(&path, depth + 1, paths)?;
        } else if ending.is_some_and(|ending| ENDINGS.contains(&&*ending)) {
            paths.push(path);
        }
    }
    Ok(())
}

/// Rows and columns of the inputs. Reads the header of every file, so that a file that is no image is found before training.
fn size(options: &ImageOptions, parts: &[&Found]) -> Result<(usize, usize), Error> {
    let paths: Vec<&PathBuf> = parts.iter().flat_map(|part| &part.paths).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let chunk = paths.len().div_ceil(threads).max(1);
    let sizes: Vec<Result<Vec<(u32, u32)>, Error>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            paths.chunks(chunk).map(|paths| scope.spawn(move || paths.iter().map(|path| dimensions(path)).collect())).collect();
        threads.into_iter().map(|thread| thread.join().expect("reading a header does not panic")).collect()
    });
    let mut all = Vec::with_capacity(paths.len());
    for sizes in sizes {
        all.extend(sizes?);
    }
    if let Some(size) = options.size {
        return Ok((size, size));
    }
    let (expected_width, expected_height) = all[0];
    match all.iter().position(|&size| size != all[0]) {
        None => Ok((expected_height as usize, expected_width as usize)),
        Some(at) => {
            let (width, height) = all[at];
            let problem = ImageProblem::Mixed { width, height, expected_width, expected_height };
            Err(Error::Image { file: paths[at].clone(), problem })
        }
    }
}

/// Columns and rows.
fn dimensions(path: &Path) -> Result<(u32, u32), Error> {
    open(path)?.into_dimensions().map_err(|error| undecodable(path, &error))
}

fn open(path: &Path) -> Result<ImageReader<BufReader<File>>, Error> {
    let io = |source| Error::Io { file: path.to_owned(), source };
    let reader = ImageReader::open(path).map_err(io)?.with_guessed_format().map_err(io)?;
    Ok(limited(reader))
}

/// Refuses images that promise too many pixels.
fn limited<R: std::io::BufRead + std::io::Seek>(mut reader: ImageReader<R>) -> ImageReader<R> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    reader
}

fn undecodable(path: &Path, error: &image::ImageError) -> Error {
    Error::Image { file: path.to_owned(), problem: ImageProblem::Decode(error.to_string()) }
}

/// Decodes the image in `bytes` as an input of `size` rows and columns: `[size, size, 3]`, red, green and blue; `file` is what errors
/// call it.
///
/// # Errors
/// [`Error::Image`] if it is damaged or neither JPEG nor PNG.
pub fn decode(file: &Path, bytes: &[u8], size: usize) -> Result<Vec<u8>, Error> {
    let io = |source| Error::Io { file: file.to_owned(), source };
    let reader = ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().map_err(io)?;
    let image = limited(reader).decode().map_err(|error| undecodable(file, &error))?;
    Ok(View { height: size, width: size, channels: 3 }.middle(image))
}

/// Images in files.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ImageFiles {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) scaling: PixelScaling,
    pub(crate) table: PixelTable,
}

impl ImageFiles {
    /// Appends image `index`: its middle, or the window that `crop` draws.
    pub(crate) fn push(&self, index: usize, crop: Option<&mut ResizedCrop>, out: &mut Vec<f32>) -> Result<(), Error> {
        let path = &self.paths[index];
        let image = open(path)?.decode().map_err(|error| undecodable(path, &error))?;
        let view = View { height: self.height, width: self.width, channels: self.scaling.channels.len() };
        let bytes = match crop {
            None => view.middle(image),
            Some(crop) => view.window(&image, crop),
        };
        self.table.decode(&bytes, out);
        Ok(())
    }
}

/// Sizes of an input.
#[derive(Clone, Copy)]
pub(crate) struct View {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl View {
    /// The middle of `image`, scaled so that it just covers the input; as it is if it has its size. Scaling down averages (a triangle
    /// filter as wide as the step), so that nothing is skipped.
    fn middle(self, image: DynamicImage) -> Vec<u8> {
        let (width, height) = (self.width as u32, self.height as u32);
        if (image.width(), image.height()) == (width, height) {
            return self.bytes(image);
        }
        let scale = (f64::from(width) / f64::from(image.width())).max(f64::from(height) / f64::from(image.height()));
        let side = |from: u32, at_least: u32| ((f64::from(from) * scale).round() as u32).max(at_least);
        let (wide, high) = (side(image.width(), width), side(image.height(), height));
        let scaled = if (wide, high) == (image.width(), image.height()) {
            image
        } else {
            image.resize_exact(wide, high, FilterType::Triangle)
        };
        self.bytes(scaled.crop_imm((wide - width) / 2, (high - height) / 2, width, height))
    }

    /// The window of `image` that `crop` draws, scaled to the input.
    fn window(self, image: &DynamicImage, crop: &mut ResizedCrop) -> Vec<u8> {
        let (x, y, width, height) = crop.window(image.width(), image.height());
        let image = image.crop_imm(x, y, width, height);
        self.bytes(image.resize_exact(self.width as u32, self.height as u32, FilterType::Triangle))
    }

    /// The window of stored pixels `[height, width, channels]` that `crop` draws, scaled to the same size.
    pub(crate) fn window_of_pixels(self, pixels: &[u8], crop: &mut ResizedCrop) -> Vec<u8> {
        fn resize<P: image::Pixel<Subpixel = u8> + 'static>(view: View, pixels: &[u8], crop: &mut ResizedCrop) -> Vec<u8> {
            let (width, height) = (view.width as u32, view.height as u32);
            let image =
                image::ImageBuffer::<P, _>::from_raw(width, height, pixels.to_vec()).expect("the pixels are those of an image");
            let (x, y, w, h) = crop.window(width, height);
            imageops::resize(&*imageops::crop_imm(&image, x, y, w, h), width, height, FilterType::Triangle).into_raw()
        }
        match self.channels {
            1 => resize::<image::Luma<u8>>(self, pixels, crop),
            3 => resize::<image::Rgb<u8>>(self, pixels, crop),
            _ => pixels.to_vec(),
        }
    }

    fn bytes(self, image: DynamicImage) -> Vec<u8> {
        if self.channels == 1 { image.into_luma8().into_raw() } else { image.into_rgb8().into_raw() }
    }
}

/// A window at random: a share of the area from `min` to 1, sides in a proportion from 3/4 to 4/3
/// (Szegedy et al., 2015, "Going deeper with convolutions").
pub(crate) struct ResizedCrop {
    pub(crate) min: f64,
    pub(crate) rng: Rng,
}

impl ResizedCrop {
    /// Left, top, width and height of a window in an image of `width` x `height`; of ten windows the first that fits, or else the middle
    /// square.
    fn window(&mut self, width: u32, height: u32) -> (u32, u32, u32, u32) {
        let area = f64::from(width) * f64::from(height);
        for _ in 0..10 {
            let share = self.min + (1.0 - self.min) * self.rng.uniform();
            let ratio = libm::exp(libm::log(4.0 / 3.0) * (2.0 * self.rng.uniform() - 1.0));
            let side = |sides: f64| libm::round(libm::sqrt(area * share * sides)) as u32;
            let (w, h) = (side(ratio), side(1.0 / ratio));
            if (1..=width).contains(&w) && (1..=height).contains(&h) {
                let mut at = |room: u32| self.rng.below(u64::from(room) + 1) as u32;
                return (at(width - w), at(height - h), w, h);
            }
        }
        let side = width.min(height);
        ((width - side) / 2, (height - side) / 2, side, side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// An image whose pixel in row `y` and column `x` is `[x, y, 7]`.
    fn image(width: u32, height: u32) -> DynamicImage {
        image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7])).into()
    }

    const fn view(height: usize, width: usize) -> View {
        View { height, width, channels: 3 }
    }

    #[test]
    fn the_middle_is_cut_out() {
        assert_eq!(view(2, 2).middle(image(2, 2)), [0, 0, 7, 1, 0, 7, 0, 1, 7, 1, 1, 7]); // as it is
        // The shorter side fits already: columns 2 and 3 of 6.
        assert_eq!(view(2, 2).middle(image(6, 2)), [2, 0, 7, 3, 0, 7, 2, 1, 7, 3, 1, 7]);
        // Scaled to a quarter: an average of 4 x 4 pixels around (3.5, 3.5) lies where a plane has it.
        let small = view(2, 2).middle(image(8, 16));
        assert!(
            small
                .chunks_exact(3)
                .zip([(2, 6), (5, 6), (2, 10), (5, 10)])
                .all(|(p, (x, y))| { p[0].abs_diff(x) <= 1 && p[1].abs_diff(y) <= 1 && p[2] == 7 }),
            "{small:?}"
        );
        // Scaled up.
        assert_eq!(view(4, 4).middle(image(1, 3)).len(), 4 * 4 * 3);
        let grey = View { height: 2, width: 2, channels: 1 };
        assert_eq!(grey.middle(DynamicImage::ImageRgb8(image::RgbImage::from_pixel(9, 9, image::Rgb([50; 3])))), [50; 4]);
    }

    /// Windows lie inside, have the area that was drawn (sides are rounded by at most half a pixel each) and the proportion.
    #[test]
    fn windows_are_those_of_random_resized_crops() {
        let (mut smallest, mut largest) = (1.0f64, 0.0f64);
        for example in 0..2000 {
            let mut crop = ResizedCrop { min: 0.25, rng: Rng::counter(Stream::ResizedCrop, 1, 0, example) };
            let (x, y, w, h) = crop.window(200, 100);
            assert!(w >= 1 && h >= 1 && x + w <= 200 && y + h <= 100);
            let share = f64::from(w * h) / 20_000.0;
            let ratio = f64::from(w) / f64::from(h);
            assert!(share > 0.24 && ratio > 0.74 && ratio < 1.35, "{w} x {h}");
            (smallest, largest) = (smallest.min(share), largest.max(share));
        }
        // A window of proportion r fits 200 x 100 up to a share of r/2, at most 2/3.
        assert!(smallest < 0.27 && largest > 0.6 && largest < 0.68, "{smallest} to {largest}");
        let mut narrow = ResizedCrop { min: 1.0, rng: Rng::counter(Stream::ResizedCrop, 1, 0, 0) };
        assert_eq!(narrow.window(1000, 10), (495, 0, 10, 10)); // no window fits: the middle square
    }

    #[test]
    fn a_window_is_scaled_to_the_whole() {
        let pixels: Vec<u8> = (0..16 * 16).flat_map(|at| [(at % 16) as u8 * 10, (at / 16) as u8 * 10, 7]).collect();
        let mut crop = ResizedCrop { min: 0.1, rng: Rng::counter(Stream::ResizedCrop, 4, 0, 0) };
        let (x, y, w, h) = ResizedCrop { min: 0.1, rng: Rng::counter(Stream::ResizedCrop, 4, 0, 0) }.window(16, 16);
        let found = view(16, 16).window_of_pixels(&pixels, &mut crop);
        assert_eq!(found.len(), pixels.len());
        assert!(found.chunks_exact(3).all(|p| p[2] == 7));
        let (first, last) = (&found[..3], &found[found.len() - 3..]);
        assert_eq!((first[0], first[1]), (x as u8 * 10, y as u8 * 10));
        assert_eq!((last[0], last[1]), ((x + w - 1) as u8 * 10, (y + h - 1) as u8 * 10));
    }
}
