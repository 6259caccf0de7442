//! The run store: trials, who runs them, and their records, in one SQLite file that several processes may use at once.
//!
//! A trial is claimed in a transaction for the time of a lease, which its worker renews while it computes. A worker that died renews
//! nothing, and another one takes over after the lease. A record is kept only from the worker that holds the claim, so a trial is
//! finished exactly once, and what is finished is never claimed again.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::record::Record;

/// The file in a run's folder.
pub(crate) const FILE: &str = "runs.db";
/// Layout of the tables below.
const VERSION: i64 = 1;
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS trial (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,                       -- its settings as JSON
  cost REAL NOT NULL,                             -- roughly; the costly ones are started first
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  worker TEXT,                                    -- who has or had it
  lease INTEGER,                                  -- milliseconds since 1970 when the claim ends
  claims INTEGER NOT NULL DEFAULT 0,              -- how often it was begun
  record TEXT,                                    -- its outcome as JSON
  error TEXT,
  seconds REAL,
  dupin TEXT                                      -- version that ran it
) STRICT;
CREATE TABLE IF NOT EXISTS member (
  experiment TEXT NOT NULL,
  trial INTEGER NOT NULL REFERENCES trial (id),
  position INTEGER NOT NULL,
  label TEXT NOT NULL,
  seed INTEGER NOT NULL,
  PRIMARY KEY (experiment, position)
) STRICT;
CREATE TABLE IF NOT EXISTS plan (                 -- what a report is made of
  experiment TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  scale TEXT NOT NULL,
  text TEXT NOT NULL,                             -- the experiment's file
  defaults TEXT NOT NULL,                         -- what the scale gives to every experiment
  command TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS member_trial ON member (trial);
";

/// A store, open.
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
}

/// A trial to enter.
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) cost: f64,
    pub(crate) label: String,
    pub(crate) seed: u64,
}

/// An experiment's file as it was when it was entered.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Key of its members.
    pub(crate) experiment: String,
    pub(crate) name: String,
    pub(crate) scale: String,
    pub(crate) text: String,
    pub(crate) defaults: String,
    pub(crate) command: String,
}

/// A claimed trial.
pub(crate) struct Claimed {
    pub(crate) id: i64,
    pub(crate) key: String,
}

/// What there is to claim.
pub(crate) enum Next {
    Trial(Claimed),
    /// Others compute what is left; one of them may die.
    Wait,
    Finished,
}

/// A row of the store.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) experiment: String,
    pub(crate) label: String,
    pub(crate) seed: u64,
    pub(crate) key: String,
    pub(crate) state: String,
    pub(crate) claims: u64,
    pub(crate) record: Option<Record>,
    pub(crate) error: Option<String>,
    pub(crate) seconds: Option<f64>,
}

/// How many trials are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) waiting: u64,
    pub(crate) running: u64,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    /// Computing time of those that are done.
    pub(crate) seconds: f64,
}

impl Counts {
    pub(crate) fn total(&self) -> u64 {
        self.waiting + self.running + self.done + self.failed
    }
}

/// Milliseconds since 1970: leases must mean the same to every process.
#[expect(clippy::disallowed_methods, reason = "a lease is a time; no result depends on it")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

impl Store {
    /// Opens the store of a folder, making it if there is none.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        Self::at(&folder.join(FILE), true)
    }

    /// Opens the store of a folder, which must have one.
    pub(crate) fn existing(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        if !path.is_file() {
            bail!("{} has no {FILE}; give a folder that `dupin sweep` or `dupin reproduce` wrote into", folder.display());
        }
        Self::at(&path, false)
    }

    fn at(path: &Path, create: bool) -> anyhow::Result<Self> {
        let what = || format!("the run store {} cannot be opened", path.display());
        let mut connection = Connection::open(path).with_context(what)?;
        // Two processes that want to write wait for each other.
        connection.busy_timeout(Duration::from_mins(1)).with_context(what)?;
        // Readers and one writer at once; a power cut may lose the last records but never the file.
        connection.pragma_update(None, "journal_mode", "WAL").with_context(what)?;
        connection.pragma_update(None, "synchronous", "NORMAL").with_context(what)?;
        let t = connection.transaction_with_behavior(TransactionBehavior::Immediate).with_context(what)?;
        let version: i64 = t.pragma_query_value(None, "user_version", |r| r.get(0)).with_context(what)?;
        match version {
            VERSION => {}
            0 if create => {
                t.execute_batch(TABLES).with_context(what)?;
                t.pragma_update(None, "user_version", VERSION).with_context(what)?;
            }
            other => {
                bail!("the run store {} has layout {other}, this dupin reads {VERSION}; choose another folder", path.display())
            }
        }
        t.commit().with_context(what)?;
        Ok(Self { connection, path: path.to_path_buf() })
    }

    fn write<T>(&mut self, what: &str, f: impl FnOnce(&Transaction) -> rusqlite::Result<T>) -> anyhow::Result<T> {
        let path = self.path.display().to_string();
        let context = || format!("the run store {path} cannot {what}");
        let t = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).with_context(context)?;
        let out = f(&t).with_context(context)?;
        t.commit().with_context(context)?;
        Ok(out)
    }

    /// Enters an experiment and its trials. Known ones are left as they are; members that are no longer planned are forgotten.
    pub(crate) fn enter(&mut self, source: &Source, entries: &[Entry]) -> anyhow::Result<()> {
        let experiment = source.experiment.as_str();
        self.write("take new trials", |t| {
            t.execute(
                "INSERT INTO plan (experiment, position, name, scale, text, defaults, command)
                 VALUES (?1, (SELECT count(*) FROM plan), ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (experiment) DO UPDATE SET text = ?4, defaults = ?5, command = ?6",
                params![experiment, source.name, source.scale, source.text, source.defaults, source.command],
            )?;
            t.execute("DELETE FROM member WHERE experiment = ?1", [experiment])?;
            for (position, e) in entries.iter().enumerate() {
                t.execute("INSERT INTO trial (key, cost) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING", params![e.key, e.cost])?;
                t.execute(
                    "INSERT INTO member (experiment, trial, position, label, seed)
                     SELECT ?1, id, ?2, ?3, ?4 FROM trial WHERE key = ?5",
                    params![experiment, position as i64, e.label, e.seed as i64, e.key],
                )?;
            }
            Ok(())
        })
    }

    /// Claims the costliest trial of `experiment` that waits or whose worker has been silent for its lease.
    pub(crate) fn claim(&mut self, experiment: &str, worker: &str, lease: Duration) -> anyhow::Result<Next> {
        let now = now();
        self.write("give out a trial", |t| {
            let free = t
                .query_row(
                    "SELECT id, key FROM trial WHERE id IN (SELECT trial FROM member WHERE experiment = ?1)
                     AND (state = 'waiting' OR (state = 'running' AND lease < ?2)) ORDER BY cost DESC, id LIMIT 1",
                    params![experiment, now],
                    |r| Ok(Claimed { id: r.get(0)?, key: r.get(1)? }),
                )
                .optional()?;
            if let Some(c) = free {
                t.execute(
                    "UPDATE trial SET state = 'running', worker = ?2, lease = ?3, claims = claims + 1 WHERE id = ?1",
                    params![c.id, worker, now + lease.as_millis() as i64],
                )?;
                return Ok(Next::Trial(c));
            }
            let running: i64 = t.query_row(
                "SELECT count(*) FROM trial WHERE state = 'running' AND id IN (SELECT trial FROM member WHERE experiment = ?1)",
                [experiment],
                |r| r.get(0),
            )?;
            Ok(if running > 0 { Next::Wait } else { Next::Finished })
        })
    }

    /// Puts off the end of a claim; false if the claim is another's by now.
    pub(crate) fn renew(&mut self, id: i64, worker: &str, lease: Duration) -> anyhow::Result<bool> {
        let until = now() + lease.as_millis() as i64;
        self.write("renew a claim", |t| {
            t.execute(
                "UPDATE trial SET lease = ?3 WHERE id = ?1 AND worker = ?2 AND state = 'running'",
                params![id, worker, until],
            )
        })
        .map(|n| n == 1)
    }

    /// Keeps the record of a claimed trial; false if the claim is another's by now, and nothing is kept.
    pub(crate) fn finish(&mut self, id: i64, worker: &str, record: &Record, seconds: f64) -> anyhow::Result<bool> {
        let json = serde_json::to_string(record)?;
        self.write("keep a record", |t| {
            t.execute(
                "UPDATE trial SET state = 'done', record = ?3, seconds = ?4, dupin = ?5, lease = NULL, error = NULL
                 WHERE id = ?1 AND worker = ?2 AND state = 'running'",
                params![id, worker, json, seconds, env!("CARGO_PKG_VERSION")],
            )
        })
        .map(|n| n == 1)
    }

    /// Notes that a claimed trial cannot be run.
    pub(crate) fn fail(&mut self, id: i64, worker: &str, error: &str) -> anyhow::Result<()> {
        self.write("note a failure", |t| {
            t.execute(
                "UPDATE trial SET state = 'failed', error = ?3, lease = NULL WHERE id = ?1 AND worker = ?2 AND state = 'running'",
                params![id, worker, error],
            )
        })
        .map(|_| ())
    }

    /// Failed trials of an experiment get another chance.
    pub(crate) fn retry(&mut self, experiment: &str) -> anyhow::Result<usize> {
        self.write("retry failed trials", |t| {
            t.execute(
                "UPDATE trial SET state = 'waiting', error = NULL
                 WHERE state = 'failed' AND id IN (SELECT trial FROM member WHERE experiment = ?1)",
                [experiment],
            )
        })
    }

    /// Trials of an experiment, or of all, by state.
    pub(crate) fn counts(&self, experiment: Option<&str>) -> anyhow::Result<Counts> {
        let mut statement = self.connection.prepare(
            "SELECT state, count(*), coalesce(sum(seconds), 0.0) FROM trial
             WHERE id IN (SELECT trial FROM member WHERE ?1 IS NULL OR experiment = ?1) GROUP BY state",
        )?;
        let mut rows = statement.query([experiment])?;
        let mut c = Counts::default();
        while let Some(r) = rows.next()? {
            let n = r.get::<_, i64>(1)? as u64;
            match r.get::<_, String>(0)?.as_str() {
                "waiting" => c.waiting = n,
                "running" => c.running = n,
                "done" => {
                    c.done = n;
                    c.seconds = r.get(2)?;
                }
                _ => c.failed = n,
            }
        }
        Ok(c)
    }

    /// The experiments in it, in the order in which they came.
    pub(crate) fn sources(&self) -> anyhow::Result<Vec<Source>> {
        let mut statement = self
            .connection
            .prepare("SELECT experiment, name, scale, text, defaults, command FROM plan ORDER BY position, experiment")?;
        let rows = statement.query_map([], |r| {
            Ok(Source {
                experiment: r.get(0)?,
                name: r.get(1)?,
                scale: r.get(2)?,
                text: r.get(3)?,
                defaults: r.get(4)?,
                command: r.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Members of an experiment, or of all, in the order of their plan.
    pub(crate) fn rows(&self, experiment: Option<&str>) -> anyhow::Result<Vec<Row>> {
        let mut statement = self.connection.prepare(
            "SELECT trial.id, experiment, label, seed, key, state, claims, record, error, seconds
             FROM member JOIN trial ON trial.id = member.trial JOIN plan USING (experiment)
             WHERE ?1 IS NULL OR experiment = ?1 ORDER BY plan.position, experiment, member.position",
        )?;
        let rows = statement.query_map([experiment], |r| {
            let record: Option<String> = r.get(7)?;
            let row = Row {
                id: r.get(0)?,
                experiment: r.get(1)?,
                label: r.get(2)?,
                seed: r.get::<_, i64>(3)? as u64,
                key: r.get(4)?,
                state: r.get(5)?,
                claims: r.get::<_, i64>(6)? as u64,
                record: None,
                error: r.get(8)?,
                seconds: r.get(9)?,
            };
            Ok((row, record))
        })?;
        let mut out = Vec::new();
        for row in rows {
            let (mut row, record) = row?;
            if let Some(json) = record {
                let damaged = || format!("the record of trial {} in {} is damaged", row.id, self.path.display());
                row.record = Some(serde_json::from_str(&json).with_context(damaged)?);
            }
            out.push(row);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn entry(key: &str, cost: f64) -> Entry {
        Entry { key: key.into(), cost, label: key.into(), seed: 0 }
    }

    fn source() -> Source {
        let s = String::new;
        Source { experiment: "e".into(), name: "e".into(), scale: s(), text: s(), defaults: s(), command: s() }
    }

    fn store(keys: &[&str]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let entries: Vec<Entry> = keys.iter().enumerate().map(|(i, k)| entry(k, i as f64)).collect();
        store.enter(&source(), &entries).unwrap();
        (folder, store)
    }

    fn claim(store: &mut Store, worker: &str, lease: Duration) -> Option<Claimed> {
        match store.claim("e", worker, lease).unwrap() {
            Next::Trial(c) => Some(c),
            _ => None,
        }
    }

    #[test]
    fn the_costly_come_first_and_what_is_done_is_never_claimed_again() {
        let (folder, mut s) = store(&["cheap", "costly"]);
        let first = claim(&mut s, "a", LONG).unwrap();
        assert_eq!(first.key, "costly");
        // A second process sees the same store.
        let mut other = Store::existing(folder.path()).unwrap();
        let second = claim(&mut other, "b", LONG).unwrap();
        assert_eq!(second.key, "cheap");
        assert!(matches!(other.claim("e", "b", LONG).unwrap(), Next::Wait));
        assert!(s.finish(first.id, "a", &Record::default(), 1.0).unwrap());
        assert!(other.finish(second.id, "b", &Record::default(), 1.0).unwrap());
        assert!(matches!(s.claim("e", "a", LONG).unwrap(), Next::Finished));
        // Entered again, as by a run that is resumed, it stays done.
        s.enter(&source(), &[entry("cheap", 0.0), entry("costly", 1.0)]).unwrap();
        assert!(matches!(s.claim("e", "a", LONG).unwrap(), Next::Finished));
        assert_eq!(s.counts(None).unwrap(), Counts { done: 2, seconds: 2.0, ..Counts::default() });
    }

    #[test]
    fn a_silent_worker_loses_its_claim_and_its_record() {
        let (_folder, mut s) = store(&["t"]);
        let c = claim(&mut s, "dead", Duration::ZERO).unwrap();
        std::thread::sleep(Duration::from_millis(5));
        let again = claim(&mut s, "alive", LONG).unwrap();
        assert_eq!(c.id, again.id);
        assert!(!s.renew(c.id, "dead", LONG).unwrap());
        assert!(!s.finish(c.id, "dead", &Record::default(), 1.0).unwrap());
        assert!(s.renew(c.id, "alive", LONG).unwrap());
        assert!(s.finish(c.id, "alive", &Record::default(), 1.0).unwrap());
        assert_eq!(s.rows(Some("e")).unwrap()[0].claims, 2);
    }

    #[test]
    fn failures_are_kept_until_they_are_retried() {
        let (_folder, mut s) = store(&["t"]);
        let c = claim(&mut s, "a", LONG).unwrap();
        s.fail(c.id, "a", "no such model").unwrap();
        assert!(matches!(s.claim("e", "a", LONG).unwrap(), Next::Finished));
        assert_eq!(s.rows(None).unwrap()[0].error.as_deref(), Some("no such model"));
        assert_eq!(s.retry("e").unwrap(), 1);
        assert!(claim(&mut s, "b", LONG).is_some());
    }

    #[test]
    fn a_folder_without_a_store_and_a_file_that_is_none_are_explained() {
        let folder = tempfile::tempdir().unwrap();
        let e = Store::existing(folder.path()).err().unwrap();
        assert!(e.to_string().contains("has no runs.db"), "{e}");
        std::fs::write(folder.path().join(FILE), "not a database, but long enough to be looked at as one ".repeat(20)).unwrap();
        let e = Store::existing(folder.path()).err().unwrap();
        assert!(format!("{e:#}").contains("cannot be opened"), "{e:#}");
    }
}
