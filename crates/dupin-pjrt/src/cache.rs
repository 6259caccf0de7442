//! Compiled programs on disk, so that a second run of a command does not compile.

use std::io::Write as _;
use std::path::PathBuf;

/// A folder of compiled programs. What cannot be read or written is as if it were not there: a cache is never an error.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// What compilation depends on besides the program.
    version: Vec<u8>,
}

/// First bytes of a file: a name, so that no other file is taken for one.
const MAGIC: &[u8; 8] = b"dupinxla";

impl Cache {
    pub(crate) fn new(folder: PathBuf, version: Vec<u8>) -> Self {
        Self { folder, version }
    }

    fn path(&self, text: &str) -> PathBuf {
        self.folder.join(format!("{:016x}.xla", hash(&[&self.version, text.as_bytes()])))
    }

    /// The compiled form of this program text by this version. The file holds both: equal hashes of different programs are told apart,
    /// and a file that was cut or changed is not used.
    pub(crate) fn get(&self, text: &str) -> Option<Vec<u8>> {
        let file = std::fs::read(self.path(text)).ok()?;
        let rest = file.strip_prefix(MAGIC)?;
        let (check, rest) = rest.split_first_chunk::<8>()?;
        if u64::from_le_bytes(*check) != hash(&[rest]) {
            return None;
        }
        let rest = rest.strip_prefix(self.version.as_slice())?;
        Some(rest.strip_prefix(text.as_bytes())?.to_vec())
    }

    pub(crate) fn put(&self, text: &str, compiled: &[u8]) {
        let body = [&self.version, text.as_bytes(), compiled].concat();
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&self.folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(MAGIC)?;
            file.write_all(&hash(&[&body]).to_le_bytes())?;
            file.write_all(&body)?;
            file.persist(self.path(text))?;
            Ok(())
        };
        let _ = write();
    }
}

/// FNV-1a, 64 bits: stable for good, and good enough where the contents are compared as well.
fn hash(parts: &[&[u8]]) -> u64 {
    parts
        .iter()
        .flat_map(|p| p.iter())
        .fold(0xCBF2_9CE4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_for_this_text_and_version_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let cache = |version: &str| Cache::new(folder.path().join("deep/down"), version.into());
        assert_eq!(cache("v1").get("program"), None);
        cache("v1").put("program", b"code");
        assert_eq!(cache("v1").get("program").unwrap(), b"code");
        assert_eq!((cache("v1").get("another"), cache("v2").get("program")), (None, None));
        let path = cache("v1").path("program");
        let bytes = std::fs::read(&path).unwrap();
        for damaged in [&bytes[..bytes.len() - 1], &bytes[1..], b"", b"dupinxla"] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(cache("v1").get("program"), None);
        }
        // A folder that cannot be made is no error.
        Cache::new("/dev/null/x".into(), Vec::new()).put("program", b"code");
    }
}
