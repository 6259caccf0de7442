//! Fetching published data sets: by checksum, resumable, whole or not at all.
//!
//! A file grows as `NAME.part` and gets its name when its SHA-256 is right. What is wrong is set aside as `NAME.wrong`, so that
//! nobody takes it for the file and nobody has to fetch it again to look at it.

use core::time::Duration;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::remote::{Remote, RemoteFile};

/// Bytes moved at a time.
const CHUNK: usize = 1 << 16;

/// A file that could not be fetched, and how to do without.
#[derive(Debug, thiserror::Error)]
#[error("{file} cannot be fetched: {problem}. Without a network, put the file from {url} (SHA-256 {sha256}) at {} and ask again", path.display())]
pub struct FetchError {
    /// The file.
    pub file: String,
    /// Where it is published.
    pub url: String,
    /// Its checksum.
    pub sha256: String,
    /// Where it belongs.
    pub path: PathBuf,
    /// What went wrong.
    pub problem: FetchProblem,
}

/// What went wrong while a file was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchProblem {
    /// No server answered, or the connection broke.
    #[error("{url} cannot be reached ({message})")]
    Unreachable {
        /// The last place that was asked.
        url: String,
        /// What the connection says.
        message: String,
    },
    /// The server answered with an error.
    #[error("{url} answered with status {status}")]
    Status {
        /// The place.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection ended before the file did.
    #[error("{url} broke off after {bytes} bytes ({message}); ask again, and it goes on from there")]
    BrokeOff {
        /// The place.
        url: String,
        /// Bytes that were kept.
        bytes: u64,
        /// What the connection says.
        message: String,
    },
    /// The file is not the one that was published.
    #[error("what came has SHA-256 {found}; it is set aside as {}", aside.display())]
    Checksum {
        /// The checksum of what came.
        found: String,
        /// Where it lies now.
        aside: PathBuf,
    },
    /// The disk is full, or the folder cannot be written.
    #[error("{} cannot be written ({message})", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// The archive cannot be unpacked.
    #[error("the archive cannot be unpacked ({message})")]
    Unpack {
        /// What the reader says.
        message: String,
    },
}

/// How far a file is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Its name.
    pub file: &'a str,
    /// Bytes that are there.
    pub bytes: u64,
    /// Bytes of the whole file, if the server says it.
    pub total: Option<u64>,
}

/// Fetches what is missing of `remote` into its folder in `cache`, and returns that folder. `watch` is told how far it is.
///
/// # Errors
/// [`Error::Fetch`], which says how to do without the network: which file to put where.
pub fn fetch(remote: &Remote, cache: &Path, watch: &mut dyn FnMut(Progress)) -> Result<PathBuf, Error> {
    let folder = remote.folder(cache);
    for file in remote.files {
        one(file, &folder, watch).map_err(|problem| {
            Error::Fetch(Box::new(FetchError {
                file: file.file.to_owned(),
                url: file.urls[0].to_owned(),
                sha256: file.sha256.to_owned(),
                path: folder.join(file.file),
                problem,
            }))
        })?;
    }
    Ok(folder)
}

fn one(file: &RemoteFile, folder: &Path, watch: &mut dyn FnMut(Progress)) -> Result<(), FetchProblem> {
    fs::create_dir_all(folder).map_err(write_problem(folder))?;
    let whole = folder.join(file.file);
    if file.unpacks_to.is_some_and(|inner| folder.join(inner).is_dir()) {
        return Ok(());
    }
    // A file that somebody put here is checked as one that was fetched.
    if !whole.exists() {
        let part = folder.join(format!("{}.part", file.file));
        download(file, &part, watch)?;
        check(file, &part, folder)?;
        fs::rename(&part, &whole).map_err(write_problem(&whole))?;
    } else if file.unpacks_to.is_none() {
        return check(file, &whole, folder);
    } else {
        check(file, &whole, folder)?;
    }
    match file.unpacks_to {
        Some(inner) => unpack(&whole, folder, inner),
        None => Ok(()),
    }
}

fn write_problem(path: &Path) -> impl Fn(io::Error) -> FetchProblem + '_ {
    |error| FetchProblem::Write { path: path.to_owned(), message: error.to_string() }
}

/// Asks one place after the other, from where `part` ends.
fn download(file: &RemoteFile, part: &Path, watch: &mut dyn FnMut(Progress)) -> Result<(), FetchProblem> {
    let config = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_mins(1)))
        .http_status_as_error(false)
        .user_agent(concat!("dupin/", env!("CARGO_PKG_VERSION")));
    let agent: ureq::Agent = config.build().into();
    let mut outcome = Ok(());
    for url in file.urls {
        outcome = from(&agent, url, file, part, watch);
        if !matches!(outcome, Err(FetchProblem::Unreachable { .. } | FetchProblem::Status { .. })) {
            break;
        }
    }
    outcome
}

fn from(
    agent: &ureq::Agent,
    url: &str,
    file: &RemoteFile,
    part: &Path,
    watch: &mut dyn FnMut(Progress),
) -> Result<(), FetchProblem> {
    let had = fs::metadata(part).map_or(0, |m| m.len());
    let mut request = agent.get(url);
    if had > 0 {
        request = request.header("Range", format!("bytes={had}-"));
    }
    let response = request.call().map_err(|e| FetchProblem::Unreachable { url: url.to_owned(), message: e.to_string() })?;
    let begins = response
        .headers()
        .get("Content-Range")
        .and_then(|range| range.to_str().ok())
        .map(|range| range.strip_prefix("bytes ").and_then(|range| range.split('-').next()?.parse::<u64>().ok()));
    let goes_on = match response.status().as_u16() {
        // A server that answers with another piece than the one asked for is asked from the start the next time.
        206 if begins == Some(Some(had)) => true,
        200 => false,
        416 => return Ok(()), // there is nothing behind: the checksum says whether all is there
        status => return Err(FetchProblem::Status { url: url.to_owned(), status }),
    };
    let mut open = OpenOptions::new();
    let mut out = if goes_on { open.append(true).open(part) } else { File::create(part) }.map_err(write_problem(part))?;
    let mut bytes = if goes_on { had } else { 0 };
    let total = response.body().content_length().map(|rest| bytes + rest);
    let mut body = response.into_body().into_reader();
    let mut chunk = vec![0; CHUNK];
    loop {
        watch(Progress { file: file.file, bytes, total });
        let read = match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(FetchProblem::BrokeOff { url: url.to_owned(), bytes, message: e.to_string() }),
        };
        out.write_all(&chunk[..read]).map_err(write_problem(part))?;
        bytes += read as u64;
    }
    if total.is_some_and(|total| bytes < total) {
        let message = format!("{} were promised", total.unwrap_or_default());
        return Err(FetchProblem::BrokeOff { url: url.to_owned(), bytes, message });
    }
    out.sync_all().map_err(write_problem(part))
}

/// Sets `path` aside unless it has the checksum.
fn check(file: &RemoteFile, path: &Path, folder: &Path) -> Result<(), FetchProblem> {
    let found = sha256(path).map_err(write_problem(path))?;
    if found == file.sha256 {
        return Ok(());
    }
    let aside = folder.join(format!("{}.wrong", file.file));
    fs::rename(path, &aside).map_err(write_problem(&aside))?;
    Err(FetchProblem::Checksum { found, aside })
}

/// SHA-256 of a file in lower-case hexadecimal digits.
fn sha256(path: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut chunk) = (File::open(path)?, Sha256::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            read => hash.update(&chunk[..read]),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble is a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Unpacks the folder `inner` of an archive whose checksum is right into `folder`, whole or not at all, and removes the archive.
fn unpack(archive: &Path, folder: &Path, inner: &str) -> Result<(), FetchProblem> {
    let staging = folder.join(".unpacking");
    let problem = |error: io::Error| FetchProblem::Unpack { message: error.to_string() };
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(problem)?; // of a run that was killed
    }
    let packed = File::open(archive).map_err(problem)?;
    tar::Archive::new(GzDecoder::new(io::BufReader::new(packed))).unpack(&staging).map_err(problem)?;
    let unpacked = staging.join(inner);
    if !unpacked.is_dir() {
        return Err(FetchProblem::Unpack { message: format!("it holds no folder {inner}") });
    }
    fs::rename(&unpacked, folder.join(inner)).map_err(problem)?;
    fs::remove_dir_all(&staging).and_then(|()| fs::remove_file(archive)).map_err(problem)
}
