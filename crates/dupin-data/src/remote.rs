//! Where published data sets lie, and their checksums.

use std::path::{Path, PathBuf};

use crate::cifar::Cifar;

/// A data set that can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote<'a> {
    /// Its name in [`list`](crate::list), and that of its folder in a cache.
    pub name: &'a str,
    /// Its files.
    pub files: &'a [RemoteFile<'a>],
}

/// One file of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteFile<'a> {
    /// What it is called.
    pub file: &'a str,
    /// Places that have it; the second is asked if the first does not answer.
    pub urls: &'a [&'a str],
    /// Of the whole file, in lower-case hexadecimal digits.
    pub sha256: &'a str,
    /// The folder that it unpacks to, if it is an archive (gzipped tar).
    pub unpacks_to: Option<&'a str>,
}

impl Remote<'_> {
    /// The folder of the data set in the folder `cache`.
    pub fn folder(&self, cache: &Path) -> PathBuf {
        cache.join(self.name)
    }

    /// Whether everything is there. Files got their names when their checksums were right.
    pub fn is_present(&self, cache: &Path) -> bool {
        let folder = self.folder(cache);
        self.files.iter().all(|file| folder.join(file.unpacks_to.unwrap_or(file.file)).exists())
    }
}

/// What can be fetched of the data set `name`.
pub fn remote(name: &str) -> Option<&'static Remote<'static>> {
    REMOTES.iter().find(|remote| remote.name == name)
}

macro_rules! idx {
    ($base:literal, $file:literal, $sha256:literal) => {
        RemoteFile { file: $file, urls: &[concat!($base, $file)], sha256: $sha256, unpacks_to: None }
    };
    ($base:literal, $mirror:literal, $file:literal, $sha256:literal) => {
        RemoteFile { file: $file, urls: &[concat!($base, $file), concat!($mirror, $file)], sha256: $sha256, unpacks_to: None }
    };
}

macro_rules! mnist {
    ($file:literal, $sha256:literal) => {
        idx!(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            $file,
            $sha256
        )
    };
}

macro_rules! fashion {
    ($file:literal, $sha256:literal) => {
        idx!("https://fashion-mnist.s3.eu-central-1.amazonaws.com/", $file, $sha256)
    };
}

const REMOTES: [Remote; 4] = [
    Remote {
        name: "fashion-mnist",
        files: &[
            fashion!("train-images-idx3-ubyte.gz", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            fashion!("train-labels-idx1-ubyte.gz", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            fashion!("t10k-images-idx3-ubyte.gz", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            fashion!("t10k-labels-idx1-ubyte.gz", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ],
    },
    Remote {
        name: "mnist",
        files: &[
            mnist!("train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            mnist!("train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            mnist!("t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            mnist!("t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ],
    },
    Remote {
        name: "cifar10",
        files: &[RemoteFile {
            file: "cifar-10-binary.tar.gz",
            urls: &["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"],
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            unpacks_to: Some(Cifar::Ten.archive_folder()),
        }],
    },
    Remote {
        name: "cifar100",
        files: &[RemoteFile {
            file: "cifar-100-binary.tar.gz",
            urls: &["https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"],
            sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            unpacks_to: Some(Cifar::HundredFine.archive_folder()),
        }],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_remote_is_a_data_set_with_whole_checksums() {
        for remote in &REMOTES {
            assert!(crate::list().iter().any(|entry| entry.name == remote.name));
            for file in remote.files {
                assert!(file.sha256.len() == 64 && file.sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
                assert!(
                    !file.urls.is_empty() && file.urls.iter().all(|url| url.starts_with("https://") && url.ends_with(file.file))
                );
            }
        }
    }
}
