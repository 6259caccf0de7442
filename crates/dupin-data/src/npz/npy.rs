//! One array: a magic number, a header in the notation of a Python dictionary, then the numbers.

use std::io::Read;

/// The most bytes of a header.
const MAX_HEADER: u32 = 1 << 16;

/// An array in C order.
#[derive(Debug, PartialEq)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) values: Numbers,
}

/// The numbers of an array.
#[derive(Debug, PartialEq)]
pub(super) enum Numbers {
    Bytes(Vec<u8>),
    Whole(Vec<i64>),
    Floats(Vec<f64>),
}

impl Numbers {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Bytes(_) => "bytes",
            _ => "numbers",
        }
    }

    pub(super) fn floats(self) -> Vec<f32> {
        match self {
            Self::Bytes(values) => values.into_iter().map(f32::from).collect(),
            Self::Whole(values) => values.into_iter().map(|v| v as f32).collect(),
            Self::Floats(values) => values.into_iter().map(|v| v as f32).collect(),
        }
    }

    /// As whole numbers, if all are.
    pub(super) fn whole(self) -> Option<Vec<i64>> {
        match self {
            Self::Bytes(values) => Some(values.into_iter().map(i64::from).collect()),
            Self::Whole(values) => Some(values),
            Self::Floats(_) => None,
        }
    }
}

/// Reads an array of at most `limit` bytes, to the end of `source`. What is wrong is said as the end of a sentence on the array.
pub(super) fn read(mut source: impl Read, limit: u64) -> Result<Array, String> {
    let mut bytes = |count: u64| -> Result<Vec<u8>, String> {
        let mut out = Vec::new(); // grows with what is there, not with what a header promises
        let read = (&mut source).take(count).read_to_end(&mut out);
        read.map(|_| out).map_err(|error| format!("cannot be unpacked ({error}); it is damaged"))
    };
    let magic = bytes(8)?;
    let Some(&[major, _]) = magic.strip_prefix(b"\x93NUMPY").and_then(|v| v.first_chunk()) else {
        return Err("does not begin as an array of NumPy does; it is damaged".to_owned());
    };
    let length = match (major, &bytes(if major == 1 { 2 } else { 4 })?[..]) {
        (1, &[a, b]) => u32::from(u16::from_le_bytes([a, b])),
        (2 | 3, &[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        (1..=3, _) => return Err("ends inside its header; it is cut off".to_owned()),
        _ => return Err(format!("has the format version {major}; 1 to 3 are read")),
    };
    if length > MAX_HEADER {
        return Err(format!("has a header of {length} bytes, at most {MAX_HEADER} are read; it is damaged"));
    }
    let text = bytes(u64::from(length))?;
    if text.len() < length as usize {
        return Err("ends inside its header; it is cut off".to_owned());
    }
    let text = String::from_utf8_lossy(&text);
    let header = Header::parse(&text)
        .ok_or_else(|| format!("has a header that cannot be read: `{}`", text.trim().chars().take(200).collect::<String>()))?;
    if header.fortran_order && header.shape.len() > 1 {
        return Err("is stored in Fortran order; write np.ascontiguousarray of it".to_owned());
    }
    let width = kind_and_width(&header.descr)
        .ok_or_else(|| {
            format!("holds numbers of type `{}`; read are bool, integers, f4 and f8, as by x.astype('f4')", header.descr)
        })?
        .1;
    let expected = header.shape.iter().try_fold(width as u64, |bytes, &size| bytes.checked_mul(size as u64));
    let Some(expected) = expected.filter(|&bytes| bytes <= limit) else {
        return Err(format!("has the shape {:?}, more than the limit of {limit} bytes", header.shape));
    };
    let data = bytes(expected + 1)?; // one more: it tells trailing bytes, and makes the archive check its sum
    if data.len() as u64 != expected {
        let found = if data.len() as u64 > expected { "more".to_owned() } else { format!("only {}", data.len()) };
        return Err(format!("has the shape {:?}, {expected} bytes, but {found} follow; it is damaged", header.shape));
    }
    Ok(Array { values: header.numbers(data), shape: header.shape })
}

/// Kind (`b`, `i`, `u`, `f`) and bytes of a number of type `descr`, such as `<f4`.
fn kind_and_width(descr: &str) -> Option<(char, usize)> {
    let order_and_kind: Vec<char> = descr.chars().take(2).collect();
    let &[order, kind] = &order_and_kind[..] else { return None };
    let width = descr.get(2..)?.parse().ok()?;
    let known = match kind {
        'b' => width == 1,
        'i' | 'u' => [1, 2, 4, 8].contains(&width),
        'f' => [4, 8].contains(&width),
        _ => false,
    };
    (known && ['<', '>', '|', '='].contains(&order)).then_some((kind, width))
}

#[derive(Debug, PartialEq)]
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            let value = after.trim_start().strip_prefix(':')?.trim_start();
            rest = match key {
                "descr" => {
                    let (found, after) = quoted(value)?;
                    descr = Some(found.to_owned());
                    after
                }
                "fortran_order" => {
                    let (found, after) = match value.strip_prefix("True") {
                        Some(after) => (true, after),
                        None => (false, value.strip_prefix("False")?),
                    };
                    fortran_order = Some(found);
                    after
                }
                "shape" => {
                    let (sizes, after) = value.strip_prefix('(')?.split_once(')')?;
                    let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
                    shape = Some(sizes.map(|size| size.parse().ok()).collect::<Option<Vec<usize>>>()?);
                    after
                }
                _ => return None,
            };
            rest = rest.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        Some(Self { descr: descr?, fortran_order: fortran_order?, shape: shape? })
    }

    /// The numbers in `data`, whose length fits.
    fn numbers(&self, data: Vec<u8>) -> Numbers {
        let (kind, width) = kind_and_width(&self.descr).expect("the caller checked the type");
        if (kind, width) == ('u', 1) {
            return Numbers::Bytes(data);
        }
        let big = self.descr.starts_with('>');
        let word = |bytes: &[u8]| -> u64 {
            let fold = |word: u64, &byte: &u8| word << 8 | u64::from(byte);
            if big { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) }
        };
        let words = data.chunks_exact(width).map(word);
        let unused = 64 - 8 * width as u32;
        match (kind, width) {
            ('f', 4) => Numbers::Floats(words.map(|w| f64::from(f32::from_bits(w as u32))).collect()),
            ('f', _) => Numbers::Floats(words.map(f64::from_bits).collect()),
            ('i', _) => Numbers::Whole(words.map(|w| (w << unused) as i64 >> unused).collect()),
            // Beyond i64 there is no label and no exact float: the largest stands for it.
            _ => Numbers::Whole(words.map(|w| i64::try_from(w).unwrap_or(i64::MAX)).collect()),
        }
    }
}

/// A text in single or double quotes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| ['\'', '"'].contains(c))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
    }

    fn array(descr: &str, shape: &str, data: &[u8]) -> Result<Array, String> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}   \n");
        read(&npy(&header, data)[..], 1 << 20)
    }

    #[test]
    fn reads_each_type_in_each_order() {
        let values = |descr, data: &[u8], shape| array(descr, shape, data).unwrap().values;
        assert_eq!(values("|u1", &[1, 255], "(2,)"), Numbers::Bytes(vec![1, 255]));
        assert_eq!(values("|b1", &[1, 0], "(2,)"), Numbers::Whole(vec![1, 0]));
        assert_eq!(values("|i1", &[1, 255], "(2,)"), Numbers::Whole(vec![1, -1]));
        assert_eq!(values("<i2", &[1, 0, 0xfe, 0xff], "(2,)"), Numbers::Whole(vec![1, -2]));
        assert_eq!(values(">i4", &[0xff, 0xff, 0xff, 0xfd], "(1,)"), Numbers::Whole(vec![-3]));
        assert_eq!(values("<u8", &[0xff; 8], "(1,)"), Numbers::Whole(vec![i64::MAX]));
        assert_eq!(values("<i8", &[0xff; 8], "(1,)"), Numbers::Whole(vec![-1]));
        assert_eq!(values("<f4", &1.5f32.to_le_bytes(), "(1,)"), Numbers::Floats(vec![1.5]));
        assert_eq!(values(">f8", &(-0.1f64).to_be_bytes(), "()"), Numbers::Floats(vec![-0.1]));
        assert_eq!(array("<f4", "(2, 3)", &[0; 24]).unwrap().shape, [2, 3]);
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        let refusal = |descr, shape, data: &[u8]| array(descr, shape, data).unwrap_err();
        assert_eq!(refusal("<f4", "(2,)", &[0; 7]), "has the shape [2], 8 bytes, but only 7 follow; it is damaged");
        assert_eq!(refusal("<f4", "(2,)", &[0; 9]), "has the shape [2], 8 bytes, but more follow; it is damaged");
        assert_eq!(
            refusal("<c8", "(2,)", &[]),
            "holds numbers of type `<c8`; read are bool, integers, f4 and f8, as by x.astype('f4')"
        );
        assert!(refusal("<f2", "(2,)", &[]).starts_with("holds numbers of type `<f2`"));
        assert!(refusal("", "(2,)", &[]).starts_with("holds numbers of type ``"));
        assert!(refusal("<é4", "(2,)", &[]).starts_with("holds numbers of type"));
        assert_eq!(
            refusal("<f8", "(4294967296, 4294967296, 4294967296)", &[]),
            "has the shape [4294967296, 4294967296, 4294967296], more than the limit of 1048576 bytes"
        );
        assert!(refusal("<f8", "(-1,)", &[]).starts_with("has a header that cannot be read: `{'descr': '<f8'"));
        assert_eq!(read(&b"PK"[..], 9).unwrap_err(), "does not begin as an array of NumPy does; it is damaged");
        assert_eq!(read(&b"\x93NUMPY\x01\0\xff"[..], 9).unwrap_err(), "ends inside its header; it is cut off");
        assert_eq!(read(&b"\x93NUMPY\x09\0\xff\0\0\0"[..], 9).unwrap_err(), "has the format version 9; 1 to 3 are read");
        let fortran = npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1)}", &[0; 4]);
        assert!(read(&fortran[..], 99).unwrap_err().starts_with("is stored in Fortran order"));
    }
}
