//! Rules of the repository that no compiler knows. Each test lists every violation, with its place and what to do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Which crates of ours each crate may depend on. Arrows point at meaning: everything may know the graph, nobody but `dupin` knows
/// an executor. A change that adds an edge is a change of its own.
const EDGES: [(&str, &[&str]); 9] = [
    ("dupin-ir", &[]),
    ("dupin-linop", &[]),
    ("dupin-data", &[]),
    ("dupin-cpu", &["dupin-ir"]),
    ("dupin-pjrt", &["dupin-ir"]),
    ("dupin-nn", &["dupin-ir"]),
    ("dupin-curvature", &["dupin-ir", "dupin-linop"]),
    ("dupin-train", &["dupin-ir", "dupin-nn", "dupin-data", "dupin-linop", "dupin-curvature"]),
    (
        "dupin",
        &["dupin-ir", "dupin-linop", "dupin-data", "dupin-cpu", "dupin-pjrt", "dupin-nn", "dupin-curvature", "dupin-train"],
    ),
];

/// Lines of a source file: beyond, it holds more than one concept.
const LONGEST_FILE: usize = 800;

/// Spellings that do not belong in sources or documents, and why.
const BANNED: [(&str, &str); 8] = [
    ("todo!(", "nothing is committed half done"),
    ("unimplemented!(", "nothing is committed half done"),
    ("FIXME", "mend it, or say in a sentence what falls short"),
    ("dbg!(", "left over from a search for a bug"),
    ("#[ignore", "a test that takes long asks for DUPIN_SLOW_TESTS=1; one that fails is a bug"),
    ("num_samples", "the field says `probes`, or `samples` of an estimate"),
    ("n_iter", "the field says `steps`"),
    ("allow(missing_docs", "what is public is documented; a table's rows take `expect` with a reason"),
];

/// What libraries take as arguments and never look up: results must not depend on the clock or the environment.
const AMBIENT: [&str; 4] = ["std::env::", "std::time::", "Instant::now", "SystemTime"];

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the crate lies in crates/dupin of the repository").to_path_buf()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{} cannot be read: {e}", path.display()))
}

/// Files below `folder` whose name ends with `.extension`, in a fixed order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{} cannot be listed: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry of a folder that was opened").path()).collect();
    paths.sort();
    let below = |p: &PathBuf| {
        if p.is_dir() {
            return files(p, extension);
        }
        p.extension().is_some_and(|e| e == extension).then(|| p.clone()).into_iter().collect()
    };
    paths.iter().flat_map(below).collect()
}

/// Folders of the crates.
fn crates() -> Vec<PathBuf> {
    let mut manifests = files(&root().join("crates"), "toml");
    manifests.retain(|p| p.ends_with("Cargo.toml"));
    manifests.into_iter().map(|p| p.parent().expect("a manifest lies in a folder").to_path_buf()).collect()
}

/// Sources of every crate below `folder` of it, such as `src`.
fn sources(folder: &str) -> Vec<PathBuf> {
    crates().iter().map(|c| c.join(folder)).filter(|f| f.is_dir()).flat_map(|f| files(&f, "rs")).collect()
}

/// Documents of the repository.
fn documents() -> Vec<PathBuf> {
    let top = std::fs::read_dir(root()).expect("the repository can be listed");
    let mut out: Vec<PathBuf> = top.map(|e| e.expect("an entry of a folder that was opened").path()).collect();
    out.retain(|p| p.extension().is_some_and(|e| e == "md"));
    out.sort();
    out.extend(files(&root().join("docs"), "md"));
    out
}

/// A path as a message names it.
fn show(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn manifest(path: &Path) -> Table {
    read(path).parse().unwrap_or_else(|e| panic!("{} is not TOML: {e}", path.display()))
}

#[track_caller]
fn none(violations: &[String]) {
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

/// Dependencies under `[key]` and `[target.*.key]`.
fn dependencies(manifest: &Table, key: &str) -> Vec<(String, Value)> {
    let targets =
        manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let tables = std::iter::once(manifest).chain(targets).filter_map(|t| t.get(key).and_then(Value::as_table));
    tables.flat_map(|t| t.iter().map(|(k, v)| (k.clone(), v.clone()))).collect()
}

/// Whether `word` stands in `line` and is not the end of a longer name.
fn spells(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// Whether text starts with a constraint's number, such as `C2`, and that number.
fn constraint(text: &str) -> Option<String> {
    let digits: String = text.strip_prefix('C')?.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("C{digits}"))
}

#[test]
fn internal_dependencies_are_those_of_the_table() {
    let mut bad = Vec::new();
    let mut seen = BTreeSet::new();
    for folder in crates() {
        let path = folder.join("Cargo.toml");
        let m = manifest(&path);
        let name = m["package"]["name"].as_str().expect("a package has a name").to_string();
        let Some((_, allowed)) = EDGES.iter().find(|e| e.0 == name) else {
            bad.push(format!("{}: `{name}` has no row in the table of this test", show(&path)));
            continue;
        };
        for key in ["dependencies", "build-dependencies", "dev-dependencies"] {
            for (on, how) in dependencies(&m, key) {
                // The version, the path and what the dependency saves stand once, in the root manifest, under the same name.
                if how.get("workspace").and_then(Value::as_bool) != Some(true) {
                    bad.push(format!("{}: write `{on}.workspace = true` and the rest in the root Cargo.toml", show(&path)));
                }
                let ours = EDGES.iter().any(|e| e.0 == on);
                let legal = if key == "dev-dependencies" { on != "dupin" } else { !ours || allowed.contains(&on.as_str()) };
                if !legal {
                    bad.push(format!("{}: `{name}` may not depend on `{on}` ({key})", show(&path)));
                }
            }
        }
        seen.insert(name);
    }
    bad.extend(EDGES.iter().filter(|e| !seen.contains(e.0)).map(|e| format!("crates/{}: no such crate any more", e.0)));
    none(&bad);
}

/// The architecture's table of crates says the same as [`EDGES`].
#[test]
fn the_documented_table_of_crates_is_the_tested_one() {
    let text = read(&root().join("docs/ARCHITECTURE.md"));
    let mut bad = Vec::new();
    for (name, allowed) in EDGES {
        let short: Vec<&str> = allowed.iter().filter_map(|a| a.strip_prefix("dupin-")).collect();
        let expected = if allowed.len() + 1 == EDGES.len() { "all".to_string() } else { short.join(", ") };
        let row = text.lines().find(|l| l.starts_with(&format!("| `{name}` |")));
        let found = row.and_then(|r| r.trim_end_matches('|').rsplit('|').next()).map(str::trim);
        if found != Some(expected.as_str()) {
            bad.push(format!("docs/ARCHITECTURE.md: the row of `{name}` ends with {found:?}, not with \"{expected}\""));
        }
    }
    none(&bad);
}

#[test]
fn no_source_file_is_too_long() {
    let mut bad = Vec::new();
    for path in sources("src") {
        let lines = read(&path).lines().count();
        if lines > LONGEST_FILE {
            bad.push(format!("{}: {lines} lines, at most {LONGEST_FILE}: split it by concept", show(&path)));
        }
    }
    none(&bad);
}

#[test]
fn every_dependency_from_outside_says_what_it_saves_and_is_used() {
    let text = read(&root().join("Cargo.toml"));
    let section = text.split("[workspace.dependencies]\n").nth(1).expect("the root Cargo.toml lists dependencies");
    let section = section.split("\n[").next().unwrap_or_default();
    let used: BTreeSet<String> = crates()
        .iter()
        .map(|c| manifest(&c.join("Cargo.toml")))
        .flat_map(|m| ["dependencies", "build-dependencies", "dev-dependencies"].map(|key| dependencies(&m, key)).concat())
        .map(|(name, _)| name)
        .collect();
    let mut bad = Vec::new();
    let mut found = 0;
    for line in section.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')) {
        let row: Table = line.parse().unwrap_or_else(|_| panic!("write each dependency on one line, unlike `{line}`"));
        let (name, how) = row.iter().next().expect("a line that is not empty holds a key");
        if how.get("path").is_some() {
            continue;
        }
        found += 1;
        let reason = line.rsplit_once("# ").map_or("", |(_, reason)| reason.trim());
        if !line.contains(" # ") || reason.is_empty() {
            bad.push(format!("Cargo.toml: `{name}` lacks a comment that says what it saves us from writing"));
        }
        if !used.contains(name) {
            bad.push(format!("Cargo.toml: no crate uses `{name}`"));
        }
    }
    assert!(found > 0, "no dependency was found in Cargo.toml");
    none(&bad);
}

#[test]
fn no_banned_spelling() {
    let mut paths: Vec<PathBuf> = ["src", "tests", "examples", "benches"].iter().flat_map(|f| sources(f)).collect();
    paths.retain(|p| !p.ends_with("dupin/tests/tidy.rs"));
    paths.extend(documents());
    let mut bad = Vec::new();
    for path in paths {
        for (number, line) in read(&path).lines().enumerate() {
            for (word, reason) in BANNED.iter().filter(|(word, _)| spells(line, word)) {
                bad.push(format!("{}:{}: `{word}`: {reason}", show(&path), number + 1));
            }
        }
    }
    none(&bad);
}

#[test]
fn constraints_of_primitives_are_documented_and_sampled() {
    let folder = root().join("crates/dupin-ir/src/prim");
    let (mut bad, mut constraints) = (Vec::new(), 0);
    for path in files(&folder, "rs") {
        let text = read(&path);
        let doc = text.lines().filter(|l| l.starts_with("//!"));
        // `C1: ...` in the module documentation, wherever in a line it stands.
        let documented: BTreeSet<String> = doc
            .flat_map(str::split_whitespace)
            .filter_map(|word| constraint(word.strip_suffix(':')?).filter(|c| word.len() == c.len() + 1))
            .collect();
        let sampled: BTreeSet<String> =
            text.split("Sample::illegal(").skip(1).filter_map(|call| constraint(call.trim_start().strip_prefix('"')?)).collect();
        constraints += documented.len();
        bad.extend(
            documented.difference(&sampled).map(|c| format!("{}: {c} has no `Sample::illegal(\"{c}\", ...)`", show(&path))),
        );
        bad.extend(sampled.difference(&documented).map(|c| format!("{}: {c} is not in the module documentation", show(&path))));
    }
    assert!(constraints > 0, "no constraint was found in {}", show(&folder));
    none(&bad);
}

/// Names of the functions that `#[test]` marks.
fn tests() -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for path in ["src", "tests"].iter().flat_map(|f| sources(f)) {
        let mut marked = false;
        for line in read(&path).lines().map(str::trim) {
            if line.starts_with("#[test]") {
                marked = true;
            }
            // Attributes and comments may stand between the mark and the function.
            if let Some((_, rest)) = line.split_once("fn ").filter(|_| marked && !line.starts_with("//")) {
                out.extend(rest.split('(').next().map(str::to_string));
                marked = false;
            }
        }
    }
    out
}

#[test]
fn every_invariant_names_a_test_that_holds_it() {
    let text = read(&root().join("docs/ARCHITECTURE.md"));
    let tests = tests();
    let (mut bad, mut invariants) = (Vec::new(), 0);
    for paragraph in text.split("\n\n").filter(|p| p.contains("**Invariant")) {
        invariants += 1;
        let first = paragraph.lines().next().unwrap_or_default();
        let Some((_, holders)) = paragraph.split_once("Held by") else {
            bad.push(format!("`{first}` names no test; end it with \"Held by `name_of_a_test`.\""));
            continue;
        };
        let names: Vec<&str> = holders.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            bad.push(format!("`{first}` names no test after \"Held by\""));
        }
        bad.extend(names.iter().filter(|n| !tests.contains(**n)).map(|n| format!("`{first}`: there is no test `{n}`")));
    }
    assert!(invariants > 0, "docs/ARCHITECTURE.md states no invariant");
    none(&bad);
}

#[test]
fn paths_in_documents_exist() {
    let mut bad = Vec::new();
    for path in documents() {
        let text = read(&path);
        for (number, line) in text.lines().enumerate() {
            for quoted in line.split('`').skip(1).step_by(2) {
                let is_path =
                    ["crates/", "scripts/", "testdata/", "docs/", ".ci/", ".config/"].iter().any(|p| quoted.starts_with(p));
                // `<name>`, `NAME` and `*` stand for something; what follows a blank are arguments.
                let file = quoted.split_whitespace().next().unwrap_or_default();
                let is_pattern = file.contains(['<', '*', '{']);
                if is_path && !is_pattern && !root().join(file).exists() {
                    bad.push(format!("{}:{}: there is no {file}", show(&path), number + 1));
                }
            }
        }
    }
    none(&bad);
}

#[test]
fn unsafe_code_is_confined_to_kernels() {
    let homes = ["crates/dupin-cpu/src/kernel", "crates/dupin-pjrt/src/ffi"].map(|h| root().join(h));
    let mut bad = Vec::new();
    for path in sources("src").into_iter().filter(|p| !homes.iter().any(|h| p.starts_with(h))) {
        for (number, line) in read(&path).lines().enumerate() {
            if line.contains("unsafe_code") {
                bad.push(format!(
                    "{}:{}: unsafe code lives in {} alone",
                    show(&path),
                    number + 1,
                    homes.each_ref().map(|h| show(h)).join(" and ")
                ));
            }
        }
    }
    none(&bad);
}

#[test]
fn libraries_read_neither_clock_nor_environment() {
    let mut bad = Vec::new();
    let command = root().join("crates/dupin");
    for path in sources("src").into_iter().filter(|p| !p.starts_with(&command)) {
        let text = read(&path);
        // Tests stand at the end of a file and may look where they like.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            for word in AMBIENT.iter().filter(|word| spells(line, word)) {
                bad.push(format!("{}:{}: `{word}`: take it as an argument", show(&path), number + 1));
            }
        }
    }
    none(&bad);
}
