//! A limit on memory: how it is written, and how a run is made to keep it.

use anyhow::bail;
use dupin::data::Split;
use dupin::ir::Executor;
use dupin::train::{Memory, TrainConfig, Trainer};

use crate::report::table::bytes;

/// A number of bytes, as in `2GiB`, `800MB` or `1000000`.
pub(super) fn parse(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, f64); 9] = [
        ("GiB", 1073741824.0),
        ("MiB", 1048576.0),
        ("KiB", 1024.0),
        ("GB", 1e9),
        ("MB", 1e6),
        ("kB", 1e3),
        ("G", 1e9),
        ("M", 1e6),
        ("", 1.0),
    ];
    let (unit, scale) = UNITS.iter().find(|(unit, _)| text.ends_with(unit)).expect("every text ends with nothing");
    let number = text.trim_end_matches(unit).trim().parse().ok().filter(|v: &f64| v.is_finite() && *v > 0.0);
    number.map(|v| (v * scale) as usize).ok_or_else(|| "expected bytes, such as 2GiB or 800MB".into())
}

/// What a run needs, as a person reads it.
pub(super) fn describe(m: &Memory) -> String {
    let sums = if m.sums > 0 { format!(" + {} sums", bytes(m.sums)) } else { String::new() };
    format!(
        "memory: {} step + {} weights and optimizer + {} data{sums} = {}",
        bytes(m.step),
        bytes(m.state),
        bytes(m.batch + m.test),
        bytes(m.total())
    )
}

/// A trainer that needs at most `limit` bytes: its batches are run in as few pieces as that takes.
pub(super) fn fit<'a>(
    executor: &'a dyn Executor,
    config: &TrainConfig,
    data: &'a Split,
    limit: Option<usize>,
) -> anyhow::Result<Trainer<'a>> {
    let mut trainer = Trainer::new(executor, config.clone(), data)?;
    let Some(limit) = limit else { return Ok(trainer) };
    let mut least = trainer.memory();
    let mut accumulate = config.accumulate;
    while trainer.memory().total() > limit {
        // A group is what its objective says, an example is not cut.
        if trainer.objective().group().is_some() || accumulate >= config.batch {
            bail!(
                "the run needs {} at least, which is over the limit of {}: {}",
                bytes(least.total()),
                bytes(limit),
                describe(&least)
            );
        }
        accumulate = (2 * accumulate).min(config.batch);
        trainer = Trainer::new(executor, TrainConfig { accumulate, ..config.clone() }, data)?;
        if trainer.memory().total() < least.total() {
            least = trainer.memory();
        }
    }
    Ok(trainer)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(parse("2GiB"), Ok(2 << 30));
        assert_eq!(parse("1.5 MB"), Ok(1_500_000));
        assert_eq!(parse("4096"), Ok(4096));
        for text in ["", "GiB", "-1MB", "0", "2TB", "nan"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
