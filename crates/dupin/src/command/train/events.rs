//! Event files of TensorBoard: scalars over steps.
//!
//! A file is a sequence of records, as TFRecord has them: length (`u64`), masked CRC-32C of the length, the bytes, their masked CRC-32C.
//! The bytes are a protocol buffer `Event`, of which three kinds are written here: version, start of a session, scalars. The few lines
//! stand in for a library: none that is kept up writes event files without TensorFlow or a protocol-buffer compiler.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// An event file that grows.
pub(super) struct Events {
    file: BufWriter<File>,
}

impl Events {
    /// A new file in `folder` whose records continue after `step` steps: TensorBoard drops what earlier files say of later ones.
    pub(super) fn create(folder: &Path, step: u64) -> std::io::Result<Self> {
        let now = wall_time();
        // Two sessions may begin within a second.
        let name = |i: u32| folder.join(format!("events.out.tfevents.{:010}.dupin.{i}", now as u64));
        let path = (0..=u32::MAX).map(name).find(|p| !p.exists()).expect("one of 2^32 names is free");
        let mut events = Self { file: BufWriter::new(File::create(path)?) };
        let mut version = Vec::new();
        double(&mut version, 1, now);
        bytes(&mut version, 3, b"brain.Event:2");
        events.record(&version)?;
        let mut start = Vec::new();
        double(&mut start, 1, now);
        integer(&mut start, 2, step);
        // SessionLog { status: START }.
        bytes(&mut start, 7, &[8, 1]);
        events.record(&start)?;
        Ok(events)
    }

    /// Adds numbers measured after `step` steps.
    pub(super) fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> std::io::Result<()> {
        let mut summary = Vec::new();
        for (tag, value) in values {
            let mut v = Vec::new();
            bytes(&mut v, 1, tag.as_bytes());
            key(&mut v, 2, 5);
            v.extend((*value as f32).to_le_bytes());
            bytes(&mut summary, 1, &v);
        }
        let mut event = Vec::new();
        double(&mut event, 1, wall_time());
        integer(&mut event, 2, step);
        bytes(&mut event, 5, &summary);
        self.record(&event)
    }

    /// Hands what was written to the system.
    pub(super) fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }

    fn record(&mut self, data: &[u8]) -> std::io::Result<()> {
        let length = (data.len() as u64).to_le_bytes();
        for part in [&length[..], &masked(&length).to_le_bytes(), data, &masked(data).to_le_bytes()] {
            self.file.write_all(part)?;
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "the format wants the time of each event; no result depends on it")]
fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// TFRecord's checksum: a CRC of bytes that hold CRCs is avoided by a rotation and a constant.
fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Number and wire type of a field.
fn key(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

fn integer(out: &mut Vec<u8>, field: u64, value: u64) {
    key(out, field, 0);
    varint(out, value);
}

fn double(out: &mut Vec<u8>, field: u64, value: f64) {
    key(out, field, 1);
    out.extend(value.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    key(out, field, 2);
    varint(out, value.len() as u64);
    out.extend(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32C (RFC 3720, B.4), and what TensorFlow masks it to.
    #[test]
    fn checksums_are_those_of_tfrecord() {
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(masked(b"123456789"), 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8));
        assert_eq!(masked(&[0; 32]), 0x8a91_36aa_u32.rotate_right(15).wrapping_add(0xa282_ead8));
    }

    #[test]
    fn records_hold_what_was_measured() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut events = Events::create(folder.path(), 300).expect("a file");
        events.scalars(301, &[("loss/train", 0.5)]).expect("written");
        events.flush().expect("flushed");
        let path = std::fs::read_dir(folder.path()).expect("listed").next().expect("one file").expect("readable").path();
        let file = std::fs::read(path).expect("read");
        let (mut at, mut records) = (0, Vec::new());
        while at < file.len() {
            let length: [u8; 8] = file[at..at + 8].try_into().expect("eight bytes");
            let data = &file[at + 12..at + 12 + u64::from_le_bytes(length) as usize];
            assert_eq!(file[at + 8..at + 12], masked(&length).to_le_bytes());
            assert_eq!(file[at + 12 + data.len()..at + 16 + data.len()], masked(data).to_le_bytes());
            records.push(data);
            at += 16 + data.len();
        }
        assert_eq!(records.len(), 3);
        assert!(records[0].ends_with(b"brain.Event:2"));
        assert!(records[1].ends_with(&[0x10, 0xac, 0x02, 0x3a, 2, 8, 1]), "step 300, session start");
        let value = [&[0x0a, 10][..], b"loss/train", &[0x15], &0.5f32.to_le_bytes()].concat();
        let summary = [&[0x0a, value.len() as u8][..], &value].concat();
        assert!(records[2].ends_with(&[&[0x10, 0xad, 0x02, 0x2a, summary.len() as u8][..], &summary].concat()));
    }
}
