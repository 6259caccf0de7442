//! How programs are compiled, and the message that tells a plugin.

use std::path::PathBuf;

use dupin_ir::stablehlo::Precision;

/// Choices of [`crate::Pjrt`].
#[derive(Clone, Debug)]
pub struct Options {
    /// The devices to compute on, by their positions among the plugin's: each is a replica of every program. A plugin that computes on
    /// the host's processors is asked to divide them into as many.
    pub devices: Vec<usize>,
    /// How `f32` products and convolutions are computed.
    pub precision: Precision,
    /// Folder that keeps compiled programs; none are kept without.
    pub cache: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { devices: vec![0], precision: Precision::default(), cache: None }
    }
}

/// A serialized `xla.CompileOptionsProto` (`xla/pjrt/proto/compile_options.proto`): a replica on each of these devices, not
/// partitioned. Field numbers are those of the message; they are fixed for good, as protocol buffers demand.
pub(crate) fn compile_options(devices: &[i64], flags: &[(&str, bool)]) -> Vec<u8> {
    let mut assignment = Vec::new();
    varint_field(&mut assignment, 1, devices.len() as u64); // replica_count
    varint_field(&mut assignment, 2, 1); // computation_count
    let mut ids = Vec::new();
    for &id in devices {
        varint(&mut ids, id as u64);
    }
    let mut computation = Vec::new();
    bytes_field(&mut computation, 1, &ids); // replica_device_ids, packed
    bytes_field(&mut assignment, 3, &computation); // computation_devices
    let mut build = Vec::new();
    varint_field(&mut build, 1, u64::MAX); // device_ordinal: -1, the assignment decides
    varint_field(&mut build, 4, devices.len() as u64); // num_replicas
    varint_field(&mut build, 5, 1); // num_partitions
    bytes_field(&mut build, 9, &assignment); // device_assignment
    let mut out = Vec::new();
    bytes_field(&mut out, 3, &build); // executable_build_options
    for (name, value) in flags {
        let mut chosen = Vec::new();
        varint_field(&mut chosen, 2, u64::from(*value)); // bool_field
        let mut entry = Vec::new();
        bytes_field(&mut entry, 1, name.as_bytes());
        bytes_field(&mut entry, 2, &chosen);
        bytes_field(&mut out, 7, &entry); // env_option_overrides
    }
    out
}

fn varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

fn varint_field(out: &mut Vec<u8>, field: u64, v: u64) {
    varint(out, field << 3);
    varint(out, v);
}

fn bytes_field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that `protoc --encode=xla.CompileOptionsProto` gives are these: keys and lengths by hand from the encoding's definition.
    #[test]
    fn the_message_is_encoded_as_protocol_buffers_are() {
        let mut expected = vec![0x1A, 0, 0x08];
        expected.extend([0xFF; 9]);
        expected.extend([0x01, 0x20, 1, 0x28, 1, 0x4A, 9, 0x08, 1, 0x10, 1, 0x1A, 3, 0x0A, 1, 5]);
        expected[1] = (expected.len() - 2) as u8;
        assert_eq!(compile_options(&[5], &[]), expected);
        let two = compile_options(&[5, 3], &[]);
        assert_eq!(two[13..], [0x20, 2, 0x28, 1, 0x4A, 10, 0x08, 2, 0x10, 1, 0x1A, 4, 0x0A, 2, 5, 3]);
        let flag = compile_options(&[5], &[("ab", true)]);
        assert_eq!(flag[expected.len()..], [0x3A, 8, 0x0A, 2, b'a', b'b', 0x12, 2, 0x10, 1]);
    }
}
