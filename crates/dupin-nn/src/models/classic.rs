//! Dense networks and the two small convolution networks.

use super::{Args, Model};
use crate::error::ModelProblem as Problem;
use crate::parse::text::{number, split};
use crate::parse::{Fail, MOST};

pub(super) static MLP: Model = Model {
    names: &["mlp"],
    form: "mlp:IN-WIDTH-...-CLASSES",
    summary: "dense layers with activations between, as in mlp:784-256-10",
    options: &[],
    expand: |args| dense(args, "at least two widths, as in `mlp:784-256-10`", 2..=usize::MAX),
};

pub(super) static LOGISTIC: Model = Model {
    names: &["logistic"],
    form: "logistic:IN-CLASSES",
    summary: "one dense layer, as in logistic:784-10",
    options: &[],
    expand: |args| dense(args, "two widths, as in `logistic:784-10`", 2..=2),
};

pub(super) static CONVOLUTIONAL: Model = Model {
    names: &["lenet", "cnn"],
    form: "lenet or cnn",
    summary: "three convolutions and two dense layers for 28x28 grey images; six convolutions for 32x32 colour images",
    options: &[],
    expand: convolutional,
};

/// `784-256-10`: dense layers with activations between them.
fn dense(args: &Args, expected: &'static str, counts: std::ops::RangeInclusive<usize>) -> Result<String, Fail> {
    let parts = if args.rest.text.is_empty() { Vec::new() } else { split(&args.rest, '-')? };
    if !counts.contains(&parts.len()) {
        let name = if counts.end() == &2 { "logistic" } else { "mlp" };
        return Err((args.rest.range(), Problem::Widths { name, expected, found: parts.len() }));
    }
    let mut widths = Vec::new();
    for part in &parts {
        widths.push(number(part.text, "a width", 1, MOST).map_err(|p| (part.range(), p))?);
    }
    let layers: Vec<String> = widths[1..].iter().map(|w| format!("fc{w}")).collect();
    Ok(format!("net:{},{}", widths[0], layers.join(",act,")))
}

fn convolutional(args: &Args) -> Result<String, Fail> {
    let (name, net) = match args.name.text {
        "lenet" => ("lenet", "net:1x28x28,conv16k5,act,conv32k5s2,act,conv32k5s2,act,flatten,fc120,act,fc10"),
        _ => ("cnn", "net:3x32x32,conv32,act,conv32,act,conv64s2,act,conv64,act,conv128s2,act,conv128,act,gap,fc10"),
    };
    if !args.rest.text.is_empty() {
        return Err((args.rest.range(), Problem::NoSizes { name }));
    }
    Ok(net.into())
}
