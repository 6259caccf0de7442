//! Trials as CSV and JSON. Equal records give equal bytes: no time and no worker is in them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::plan::Trial;
use super::store::Row;

/// Settings and measures of a row, flat.
pub(crate) fn settings(row: &Row) -> anyhow::Result<BTreeMap<String, Value>> {
    let trial: Trial = serde_json::from_str(&row.key).context("the store holds a trial of another version of dupin")?;
    match serde_json::to_value(&trial.train)? {
        Value::Object(o) => Ok(o.into_iter().collect()),
        _ => Ok(BTreeMap::new()),
    }
}

/// One line per trial: experiment, label, state, settings, metrics. A number that was not measured or not finite is left blank.
pub(crate) fn csv(rows: &[Row]) -> anyhow::Result<String> {
    let all = rows.iter().map(settings).collect::<anyhow::Result<Vec<_>>>()?;
    let keys: BTreeSet<&String> = all.iter().flat_map(BTreeMap::keys).collect();
    let metrics: BTreeSet<&String> = rows.iter().filter_map(|r| r.record.as_ref()).flat_map(|r| r.metrics.keys()).collect();
    let mut lines = Vec::new();
    let mut head: Vec<String> = ["experiment", "label", "state"].map(String::from).to_vec();
    head.extend(keys.iter().map(|k| (*k).clone()));
    head.extend(metrics.iter().map(|m| (*m).clone()));
    lines.push(head.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(","));
    for (row, settings) in rows.iter().zip(&all) {
        let mut cells = vec![row.experiment.clone(), row.label.clone(), row.state.clone()];
        cells.extend(keys.iter().map(|k| match settings.get(*k) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(s)) => s.clone(),
            Some(other) => other.to_string(),
        }));
        let metric = |m: &&String| row.record.as_ref().and_then(|r| r.metrics.get(*m)).map_or(String::new(), ToString::to_string);
        cells.extend(metrics.iter().map(metric));
        lines.push(cells.iter().map(|c| quoted(c)).collect::<Vec<_>>().join(","));
    }
    Ok(lines.join("\n") + "\n")
}

/// A cell by RFC 4180.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_string() }
}

/// Everything that is known of each trial.
pub(crate) fn json(rows: &[Row]) -> anyhow::Result<String> {
    let one = |row: &Row| -> anyhow::Result<Value> {
        let trial: Value = serde_json::from_str(&row.key).context("the store holds a trial of another version of dupin")?;
        Ok(json!({
            "experiment": row.experiment, "label": row.label, "seed": row.seed, "state": row.state, "trial": trial,
            "record": row.record, "error": row.error,
        }))
    };
    let all = rows.iter().map(one).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("psam:rho=0.1,nme=drop"), "\"psam:rho=0.1,nme=drop\"");
        assert_eq!(quoted("a \"b\""), "\"a \"\"b\"\"\"");
    }
}
