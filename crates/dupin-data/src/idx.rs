//! The IDX format of MNIST and its kin: unsigned bytes, gzipped or not, which the content tells.
//!
//! A file is `00 00 08 r`, then `r` sizes as big-endian 32-bit integers, then the bytes, last index fastest. Images have
//! `r = 3` (`[n, height, width]`), labels `r = 1` (`[n]`).
//!
//! Nothing in a file is believed before it is checked, and no more memory is taken than the file has bytes to fill:
//! neither a header that promises 2^96 bytes nor a gzip file that expands without end is followed.
//!
//! Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section on file formats.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, IdxProblem};

/// The most bytes of data that a file may hold: 2 GiB, some forty times Fashion-MNIST.
pub const MAX_BYTES: usize = 1 << 31;

/// What a file is expected to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// `[n, height, width]`.
    Images,
    /// `[n]`.
    Labels,
}

impl Content {
    fn rank(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Images => Self::Labels,
            Self::Labels => Self::Images,
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Images => "images",
            Self::Labels => "labels",
        })
    }
}

/// The content of an IDX file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// Sizes, slowest first: `[n, height, width]` of images, `[n]` of labels. None is 0.
    pub dims: Vec<usize>,
    /// The bytes, as many as the product of `dims`.
    pub values: Vec<u8>,
}

/// Reads the file `path`, which must hold `content`.
///
/// # Cost
/// One pass; as many bytes of memory as the data have.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::Idx`] if it is not what was expected.
pub fn read_file(path: &Path, content: Content) -> Result<Idx, Error> {
    let file = std::fs::File::open(path).map_err(|source| Error::Io { file: path.to_owned(), source })?;
    read(BufReader::new(file), path, content)
}

/// Reads IDX `content` from `source`; `name` is what errors call it.
///
/// # Errors
/// As [`read_file`].
///
/// # Examples
/// ```
/// use dupin_data::idx::{Content, read};
/// let labels = read(&b"\0\0\x08\x01\0\0\0\x03\x07\x02\x01"[..], "three.idx".as_ref(), Content::Labels)?;
/// assert_eq!((labels.dims, labels.values), (vec![3], vec![7, 2, 1]));
/// # Ok::<(), dupin_data::Error>(())
/// ```
pub fn read(mut source: impl BufRead, name: &Path, content: Content) -> Result<Idx, Error> {
    let outcome = match source.fill_buf().map(|bytes| bytes.starts_with(&[0x1f, 0x8b])) {
        Ok(false) => decode(&mut source, content),
        Ok(true) => decode(&mut MultiGzDecoder::new(source), content).map_err(as_gzip),
        Err(error) => Err(Failure::Read(0, error)),
    };
    outcome.map_err(|failure| match failure {
        Failure::Format(problem) => Error::Idx { file: name.to_owned(), content, problem },
        Failure::Read(_, source) => Error::Io { file: name.to_owned(), source },
    })
}

enum Failure {
    Format(IdxProblem),
    /// Reading failed after so many bytes.
    Read(usize, io::Error),
}

impl From<IdxProblem> for Failure {
    fn from(problem: IdxProblem) -> Self {
        Self::Format(problem)
    }
}

/// The decoder reports bad data as read errors of these kinds; others come from the disk below it.
fn as_gzip(failure: Failure) -> Failure {
    match failure {
        Failure::Read(decompressed, error)
            if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
        {
            Failure::Format(IdxProblem::Gzip { decompressed, message: error.to_string() })
        }
        other => other,
    }
}

fn decode(source: &mut impl Read, content: Content) -> Result<Idx, Failure> {
    // The magic number decides before the sizes are read: a short file of another kind is told as what it is.
    let magic = header(source, 4, 4 + 4 * content.rank(), 0)?;
    check_magic([magic[0], magic[1], magic[2], magic[3]], content)?;
    let sizes = header(source, 4 * content.rank(), 4 + 4 * content.rank(), 4)?;
    let dims: Vec<usize> = sizes.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize).collect();

    if dims.contains(&0) {
        return Err(IdxProblem::NoData { dims }.into());
    }
    let expected = dims.iter().try_fold(1, |product: usize, &size| product.checked_mul(size));
    let Some(expected) = expected.filter(|&bytes| bytes <= MAX_BYTES) else {
        return Err(IdxProblem::TooLarge { dims, limit: MAX_BYTES }.into());
    };

    // One byte more than expected is asked for: it tells trailing bytes, and makes a gzip reader check its sum.
    let values = up_to(source, expected + 1).map_err(|(found, error)| Failure::Read(found, error))?;
    match values.len() {
        found if found < expected => Err(IdxProblem::DataCutOff { dims, expected, found }.into()),
        found if found > expected => Err(IdxProblem::TrailingBytes { dims, expected }.into()),
        _ => Ok(Idx { dims, values }),
    }
}

/// The next `count` bytes of a header of `total` bytes, of which `before` were read.
fn header(source: &mut impl Read, count: usize, total: usize, before: usize) -> Result<Vec<u8>, Failure> {
    let bytes = up_to(source, count).map_err(|(_, error)| Failure::Read(0, error))?;
    if bytes.len() < count {
        let found = before + bytes.len();
        return Err(IdxProblem::HeaderCutOff { expected: total, found }.into());
    }
    Ok(bytes)
}

/// Reads `count` bytes, or fewer at the end of the source. Memory grows with what is there, not with `count`.
/// A failure comes with the number of bytes read before it.
fn up_to(source: &mut impl Read, count: usize) -> Result<Vec<u8>, (usize, io::Error)> {
    let mut bytes = Vec::new();
    match source.take(count as u64).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err((bytes.len(), error)),
    }
}

fn check_magic(magic: [u8; 4], content: Content) -> Result<(), IdxProblem> {
    let (expected, found) = (content.rank(), usize::from(magic[3]));
    match magic {
        [0, 0, 0x08, _] if found == expected => Ok(()),
        [0, 0, 0x08, _] if found == content.other().rank() => {
            Err(IdxProblem::Swapped { other: content.other(), expected, found })
        }
        [0, 0, 0x08, _] => Err(IdxProblem::Rank { expected, found }),
        [0, 0, 0x09 | 0x0b..=0x0e, _] => Err(IdxProblem::ElementType { found: magic[2] }),
        _ => Err(IdxProblem::NotIdx { found: magic }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn images(dims: [u32; 3], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3];
        bytes.extend(dims.iter().flat_map(|d| d.to_be_bytes()));
        bytes.extend_from_slice(values);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read_images(bytes: &[u8]) -> Result<Idx, Error> {
        read(bytes, Path::new("x-images"), Content::Images)
    }

    #[track_caller]
    fn assert_refused(bytes: &[u8], golden: &str) {
        assert_eq!(read_images(bytes).unwrap_err().to_string(), golden);
    }

    #[test]
    fn reads_plain_and_gzipped() {
        let plain = images([2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let expected = Idx { dims: vec![2, 1, 3], values: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(read_images(&plain).unwrap(), expected);
        assert_eq!(read_images(&gzip(&plain)).unwrap(), expected);
        let (head, tail) = plain.split_at(9); // gzip allows several members, one after the other
        assert_eq!(read_images(&[gzip(head), gzip(tail)].concat()).unwrap(), expected);
    }

    #[test]
    fn refuses_bad_headers() {
        assert_refused(
            &[],
            "x-images is not a file of images: its header has 16 bytes, the file ends after 0; it is cut off, fetch it again",
        );
        assert_refused(
            &images([2, 1, 3], &[])[..13],
            "x-images is not a file of images: its header has 16 bytes, the file ends after 13; it is cut off, fetch it again",
        );
        assert_refused(
            b"<html>",
            "x-images is not a file of images: it should begin with the bytes 00 00 08 (IDX of unsigned bytes), but begins with 3c 68 74; it is another kind of file",
        );
        assert_refused(
            b"\0\0\x0d\x03",
            "x-images is not a file of images: its elements have IDX type 0x0d (32-bit floats), only unsigned bytes (type 0x08) are read; convert the file",
        );
        assert_refused(
            b"\0\0\x08\x01\0\0\0\x02\x07\x01",
            "x-images is not a file of images: it holds labels (1 dimension(s), expected 3); the files of images and labels are swapped, exchange their names",
        );
        assert_refused(
            b"\0\0\x08\x02\0\0\0\x01",
            "x-images is not a file of images: it has 2 dimension(s), expected 3; it belongs to another data set",
        );
        assert_refused(
            &images([0, 28, 28], &[]),
            "x-images is not a file of images: its header gives the sizes [0, 28, 28], so it holds no data; fetch it again",
        );
        let swapped = read(&images([1, 1, 1], &[0])[..], Path::new("y-labels"), Content::Labels).unwrap_err();
        assert_eq!(
            swapped.to_string(),
            "y-labels is not a file of labels: it holds images (3 dimension(s), expected 1); the files of images and labels are swapped, exchange their names"
        );
    }

    #[test]
    fn refuses_bad_data() {
        assert_refused(
            &images([2, 1, 3], &[1, 2, 3, 4]),
            "x-images is not a file of images: its header gives the sizes [2, 1, 3], 6 bytes of data, but only 4 follow; it is cut off, fetch it again",
        );
        assert_refused(
            &images([2, 1, 3], &[0; 7]),
            "x-images is not a file of images: its header gives the sizes [2, 1, 3], 6 bytes of data, but more bytes follow; it is damaged or joined with another, fetch it again",
        );
        let max = u32::MAX;
        assert_refused(
            &images([max, max, max], &[0; 7]),
            "x-images is not a file of images: its header gives the sizes [4294967295, 4294967295, 4294967295], more than the limit of 2147483648 bytes; it is damaged or no such data set",
        );
    }

    /// The header promises the full 2 GiB; were they allocated up front, a limited machine would fail here.
    #[test]
    fn memory_follows_the_file_not_the_header() {
        assert_refused(
            &images([1 << 11, 1 << 10, 1 << 10], &[0; 7]),
            "x-images is not a file of images: its header gives the sizes [2048, 1024, 1024], 2147483648 bytes of data, but only 7 follow; it is cut off, fetch it again",
        );
        let mut source = &[1_u8, 2, 3][..];
        assert!(up_to(&mut source, MAX_BYTES).unwrap().capacity() < 1024);
    }

    #[test]
    fn refuses_damaged_gzip() {
        let whole = gzip(&images([2, 1, 3], &[1, 2, 3, 4, 5, 6]));
        let mut wrong_sum = whole.clone();
        let sum = wrong_sum.len() - 8;
        wrong_sum[sum] ^= 1;
        let text = read_images(&wrong_sum).unwrap_err().to_string();
        assert!(
            text.starts_with(
                "x-images is not a file of images: its gzip data are damaged or cut off after 6 decompressed bytes ("
            ),
            "{text}"
        );
        assert!(text.ends_with("); fetch it again"), "{text}");
        let followed = [&whole[..], b"junk"].concat();
        assert!(read_images(&followed).unwrap_err().to_string().contains("gzip data are damaged"));
    }

    /// Every way to cut a file off is refused, and so is every changed bit that gzip's sum covers.
    #[test]
    fn no_truncation_is_accepted() {
        let plain = images([2, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8]);
        for whole in [plain.clone(), gzip(&plain)] {
            for end in 0..whole.len() {
                assert!(read_images(&whole[..end]).is_err(), "the first {end} bytes were accepted");
            }
        }
    }

    /// Flips of every bit, alone and in pairs with a second one at a stride, must give a value or an error, never a
    /// panic, and a value must have the bytes that its sizes promise. In gzip no flip may change the content unseen.
    #[test]
    fn no_flipped_bit_panics() {
        let plain = images([2, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8]);
        let expected = read_images(&plain).unwrap();
        for (whole, summed) in [(plain.clone(), false), (gzip(&plain), true)] {
            let bits = whole.len() * 8;
            for first in 0..bits {
                for second in (first..bits).step_by(13) {
                    let mut bytes = whole.clone();
                    bytes[first / 8] ^= 1 << (first % 8);
                    if second != first {
                        bytes[second / 8] ^= 1 << (second % 8);
                    }
                    for content in [Content::Images, Content::Labels] {
                        if let Ok(idx) = read(&bytes[..], Path::new("x"), content) {
                            assert_eq!(idx.values.len(), idx.dims.iter().product::<usize>());
                            assert!(!summed || idx == expected, "bits {first} and {second} changed the content unseen");
                        }
                    }
                }
            }
        }
    }
}
