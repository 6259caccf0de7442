//! Fetching, from a server on this machine that does as a test tells it.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use dupin_data::{Remote, RemoteFile, fetch, load_from, remote};
use sha2::{Digest, Sha256};

/// What the server does with one request.
enum Answer {
    /// The whole body, or the range asked for.
    Serve,
    /// The whole body though a range was asked for.
    Whole,
    /// Promises everything and closes after so many bytes.
    BreakAfter(usize),
    Status(u16),
}

/// A server for one body. It does the answers in turn and notes the `Range` of every request.
struct Server {
    url: String,
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

fn serve(body: Vec<u8>, answers: Vec<Answer>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let seen = ranges.clone();
    std::thread::spawn(move || {
        let mut answers = VecDeque::from(answers);
        for stream in listener.incoming() {
            let Some(answer) = answers.pop_front() else { return };
            reply(stream.unwrap(), &body, &answer, &seen);
        }
    });
    Server { url, ranges }
}

fn reply(mut stream: TcpStream, body: &[u8], answer: &Answer, seen: &Mutex<Vec<Option<String>>>) {
    let mut range = None;
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let line = line.unwrap();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("range")
        {
            range = Some(value.to_owned());
        }
    }
    seen.lock().unwrap().push(range.clone());
    let from = range.and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let (head, body) = match (answer, from) {
        (Answer::Status(status), _) => (format!("{status} No\r\nContent-Length: 0"), &body[..0]),
        (Answer::Serve, Some(from)) if from >= body.len() => ("416 No\r\nContent-Length: 0".to_owned(), &body[..0]),
        (Answer::Serve, Some(from)) => {
            let range = format!("Content-Range: bytes {from}-{}/{}", body.len() - 1, body.len());
            (format!("206 Part\r\n{range}\r\nContent-Length: {}", body.len() - from), &body[from..])
        }
        (Answer::BreakAfter(bytes), _) => (format!("200 OK\r\nContent-Length: {}", body.len()), &body[..*bytes]),
        _ => (format!("200 OK\r\nContent-Length: {}", body.len()), body),
    };
    let _ = stream.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes());
    let _ = stream.write_all(body);
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn body() -> Vec<u8> {
    (0..300_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect()
}

/// Fetches one file `toy/a.bin` into `cache`.
fn get(cache: &Path, urls: &[&str], sha256: &str) -> Result<u64, String> {
    let files = [RemoteFile { file: "a.bin", urls, sha256, unpacks_to: None }];
    let mut last = 0;
    let outcome = fetch(&Remote { name: "toy", files: &files }, cache, &mut |p| {
        assert!(p.total.is_none_or(|total| p.bytes <= total));
        last = p.bytes;
    });
    outcome.map(|_| last).map_err(|e| e.to_string().replace(&cache.display().to_string(), "CACHE"))
}

#[test]
fn fetches_whole_files_and_not_again() {
    let (dir, body) = (tempfile::tempdir().unwrap(), body());
    let server = serve(body.clone(), vec![Answer::Serve]);
    assert_eq!(get(dir.path(), &[&server.url], &sha256(&body)), Ok(300_000));
    assert_eq!(fs::read(dir.path().join("toy/a.bin")).unwrap(), body);
    assert!(!dir.path().join("toy/a.bin.part").exists());
    assert_eq!(get(dir.path(), &[&server.url], &sha256(&body)), Ok(0)); // nobody serves any more
    assert_eq!(*server.ranges.lock().unwrap(), [None]);
}

#[test]
fn goes_on_where_it_broke_off() {
    let (dir, body) = (tempfile::tempdir().unwrap(), body());
    let server = serve(body.clone(), vec![Answer::BreakAfter(100_000), Answer::Serve]);
    let text = get(dir.path(), &[&server.url], &sha256(&body)).unwrap_err();
    assert!(text.contains("broke off after 100000 bytes") && text.contains("ask again, and it goes on from there"), "{text}");
    assert_eq!(fs::metadata(dir.path().join("toy/a.bin.part")).unwrap().len(), 100_000);
    assert_eq!(get(dir.path(), &[&server.url], &sha256(&body)), Ok(300_000));
    assert_eq!(fs::read(dir.path().join("toy/a.bin")).unwrap(), body);
    assert_eq!(*server.ranges.lock().unwrap(), [None, Some("bytes=100000-".to_owned())]);
}

#[test]
fn starts_over_where_the_server_cannot_go_on() {
    let (dir, body) = (tempfile::tempdir().unwrap(), body());
    let server = serve(body.clone(), vec![Answer::Whole, Answer::Serve]);
    fs::create_dir(dir.path().join("toy")).unwrap();
    fs::write(dir.path().join("toy/a.bin.part"), [7; 1000]).unwrap();
    assert_eq!(get(dir.path(), &[&server.url], &sha256(&body)), Ok(300_000));
    assert_eq!(fs::read(dir.path().join("toy/a.bin")).unwrap(), body);

    // All was there but the renaming.
    fs::rename(dir.path().join("toy/a.bin"), dir.path().join("toy/a.bin.part")).unwrap();
    assert!(get(dir.path(), &[&server.url], &sha256(&body)).is_ok());
    assert_eq!(server.ranges.lock().unwrap()[1], Some("bytes=300000-".to_owned()));
    assert_eq!(fs::read(dir.path().join("toy/a.bin")).unwrap(), body);
}

#[test]
fn sets_aside_what_is_not_the_file() {
    let (dir, body) = (tempfile::tempdir().unwrap(), body());
    let server = serve(body.clone(), vec![Answer::Serve]);
    let wanted = "0".repeat(64);
    assert_eq!(
        get(dir.path(), &[&server.url], &wanted).unwrap_err(),
        format!(
            "a.bin cannot be fetched: what came has SHA-256 {}; it is set aside as CACHE/toy/a.bin.wrong. Without a network, put the file from {} (SHA-256 {wanted}) at CACHE/toy/a.bin and ask again",
            sha256(&body),
            server.url
        )
    );
    assert!(!dir.path().join("toy/a.bin").exists() && !dir.path().join("toy/a.bin.part").exists());
    assert_eq!(fs::read(dir.path().join("toy/a.bin.wrong")).unwrap(), body);
    // A file that somebody put there is not believed either.
    fs::write(dir.path().join("toy/a.bin"), "mine").unwrap();
    assert!(get(dir.path(), &[&server.url], &wanted).unwrap_err().contains("what came has SHA-256"));
    assert!(!dir.path().join("toy/a.bin").exists());
}

#[test]
fn says_what_to_do_without_a_network() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/file", listener.local_addr().unwrap())
    };
    let sum = sha256(&body());
    let text = get(dir.path(), &[&nobody], &sum).unwrap_err();
    assert!(text.starts_with(&format!("a.bin cannot be fetched: {nobody} cannot be reached (")), "{text}");
    let advice = format!("Without a network, put the file from {nobody} (SHA-256 {sum}) at CACHE/toy/a.bin and ask again");
    assert!(text.ends_with(&advice), "{text}");
    // And that works.
    fs::write(dir.path().join("toy/a.bin"), body()).unwrap();
    assert_eq!(get(dir.path(), &[&nobody], &sum), Ok(0));
}

#[test]
fn asks_the_next_place_if_one_does_not_have_it() {
    let (dir, body) = (tempfile::tempdir().unwrap(), body());
    let without = serve(Vec::new(), vec![Answer::Status(404), Answer::Status(503)]);
    let with = serve(body.clone(), vec![Answer::Serve]);
    assert_eq!(get(dir.path(), &[&without.url, &with.url], &sha256(&body)), Ok(300_000));
    fs::remove_file(dir.path().join("toy/a.bin")).unwrap();
    let text = get(dir.path(), &[&without.url], &sha256(&body)).unwrap_err();
    assert!(text.contains("answered with status 503. Without a network, put"), "{text}");
}

/// A gzipped tar of `cifar-10-batches-bin` with two images.
fn cifar() -> Vec<u8> {
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (file, label) in [("data_batch_1.bin", 3), ("test_batch.bin", 4)] {
        let record = crate::cifar_record(&[label], 9);
        let mut header = tar::Header::new_gnu();
        header.set_size(record.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("cifar-10-batches-bin/{file}"), &record[..]).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn archives_are_unpacked_and_found_by_name() {
    let (dir, body) = (tempfile::tempdir().unwrap(), cifar());
    let server = serve(body.clone(), vec![Answer::Serve]);
    let sum = sha256(&body);
    let file = RemoteFile { file: "c.tar.gz", urls: &[&server.url], sha256: &sum, unpacks_to: Some("cifar-10-batches-bin") };
    let toy = Remote { name: "cifar10", files: &[file] };
    assert!(!toy.is_present(dir.path()));
    let text = load_from("cifar10", Some(dir.path())).unwrap_err().to_string();
    assert!(text.ends_with("; or fetch it by `dupin data fetch cifar10`"), "{text}");
    fs::create_dir_all(dir.path().join("cifar10/.unpacking/left over")).unwrap();
    fetch(&toy, dir.path(), &mut |_| ()).unwrap();
    assert!(toy.is_present(dir.path()) && remote("cifar10").unwrap().is_present(dir.path()));
    assert!(!dir.path().join("cifar10/c.tar.gz").exists() && !dir.path().join("cifar10/.unpacking").exists());
    let split = load_from("cifar10", Some(dir.path())).unwrap();
    assert_eq!((split.train.labels(), split.test.labels()), (&[3][..], &[4][..]));
    fetch(&toy, dir.path(), &mut |_| ()).unwrap(); // nothing to do
    assert_eq!(server.ranges.lock().unwrap().len(), 1);

    // An archive that holds something else.
    let server = serve(body, vec![Answer::Serve]);
    let file = RemoteFile { file: "c.tar.gz", urls: &[&server.url], sha256: &sum, unpacks_to: Some("cifar-100-binary") };
    let text = fetch(&Remote { name: "other", files: &[file] }, dir.path(), &mut |_| ()).unwrap_err().to_string();
    assert!(text.contains("the archive cannot be unpacked (it holds no folder cifar-100-binary)"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("toy"), "a file in the way").unwrap();
    let text = get(dir.path(), &["http://127.0.0.1:9/"], &"0".repeat(64)).unwrap_err();
    assert!(text.starts_with("a.bin cannot be fetched: CACHE/toy cannot be written ("), "{text}");
}
