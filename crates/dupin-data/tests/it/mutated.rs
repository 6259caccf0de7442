//! Sound files, changed at random: every reader gives a value or an error, never a panic. `fuzz` does it for longer.

use std::fs;
use std::path::Path;

use dupin_data::cifar::{self, Cifar};
use dupin_data::idx::{self, Content};
use dupin_data::{images, npz, text};

/// Changed files for each reader.
const FILES: usize = 1000;

/// Files of `fuzz/seeds/<reader>`, in a fixed order.
fn seeds(reader: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(reader);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A stream of numbers below a bound (Knuth's MMIX generator, its upper half).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// One to eight changes: a bit, a byte of a kind that headers mistake, a cut, a piece doubled or left out.
fn mutate(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=random.below(8) {
        let at = random.below(out.len());
        let length = random.below(out.len() - at.min(out.len())).min(64);
        match random.below(6) {
            _ if out.is_empty() => out.push(random.below(256) as u8),
            0 | 1 => out[at] ^= 1 << random.below(8),
            2 => out[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            3 => out.truncate(at),
            4 => {
                let piece = out[at..at + length].to_vec();
                out.splice(at..at, piece);
            }
            _ => {
                out.drain(at..at + length);
            }
        }
    }
    out
}

/// Runs `read` on the seeds themselves and on changed ones; returns how many it accepted of each.
fn accepted(reader: &str, read: impl Fn(&[u8]) -> bool) -> (usize, usize) {
    let seeds = seeds(reader);
    assert!(!seeds.is_empty());
    let mut random = Random(1);
    let sound = seeds.iter().filter(|seed| read(seed)).count();
    (sound, (0..FILES).filter(|i| read(&mutate(&seeds[i % seeds.len()], &mut random))).count())
}

#[test]
fn idx_files() {
    let read = |content| {
        accepted("idx", |bytes| {
            idx::read(bytes, "x".as_ref(), content).is_ok_and(|idx| {
                assert_eq!(idx.values.len(), idx.dims.iter().product::<usize>());
                true
            })
        })
    };
    assert_eq!((read(Content::Images).0, read(Content::Labels).0), (2, 2));
}

#[test]
fn cifar_files() {
    for (cifar, sound) in [(Cifar::Ten, 1), (Cifar::HundredFine, 1), (Cifar::HundredCoarse, 1)] {
        let found = accepted("cifar", |bytes| {
            let (mut pixels, mut labels) = (Vec::new(), Vec::new());
            let outcome = cifar::read(cifar, "x".as_ref(), bytes, &mut pixels, &mut labels);
            outcome.is_ok_and(|()| {
                assert_eq!(pixels.len(), 3072 * labels.len());
                true
            })
        });
        assert_eq!(found.0, sound);
    }
}

#[test]
fn texts() {
    let found = accepted("cifar", |bytes| {
        text::read("x", "x".as_ref(), bytes, 3, 0.3).is_ok_and(|split| {
            let last = split.test.len() - 1;
            assert!(split.test.targets(&[last]).iter().all(|&token| (token as usize) < split.test.classes()));
            true
        })
    });
    assert!(found.0 > 0 && found.1 > 0, "{found:?}");
}

#[test]
fn arrays_of_numpy() {
    let found = accepted("npz", |bytes| {
        npz::read("x", "x".as_ref(), bytes, 0.3, 0).is_ok_and(|split| {
            assert!(split.train.rows(&[0]).unwrap().floats().iter().all(|value| value.is_finite()));
            true
        })
    });
    assert_eq!(found.0, 3);
}

#[test]
fn image_files() {
    let found = accepted("image", |bytes| {
        images::decode("x".as_ref(), bytes, 8).is_ok_and(|pixels| {
            assert_eq!(pixels.len(), 8 * 8 * 3);
            true
        })
    });
    assert_eq!(found.0, 6);
}
