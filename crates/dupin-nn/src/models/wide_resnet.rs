//! Wide residual networks (Zagoruyko & Komodakis, 2016, arXiv 1605.07146).

use super::image::{Image, Norm};
use super::{Args, Model};
use crate::error::ModelProblem as Problem;
use crate::parse::text::number;
use crate::parse::{Fail, MOST};

pub(super) static WIDE_RESNET: Model = Model {
    names: &["wrn-28-10", "wrn-16-4", "wrn-40-2"],
    form: "wrn-DEPTH-WIDTH[:CLASSES][,input=CxHxW][,norm=bn|ln|gn|none]",
    summary: "wide residual network, pre-activation, depth 6n+4; 10 classes, 3x32x32, BatchNorm; names of the common PyTorch code (block1.layer.0.conv1)",
    options: &["input", "norm"],
    expand,
};

fn expand(args: &Args) -> Result<String, Fail> {
    let wrong = || (args.name.range(), Problem::WideResNet { found: args.name.text.into() });
    let sizes = args.name.text.strip_prefix("wrn-").and_then(|sizes| sizes.split_once('-')).ok_or_else(wrong)?;
    let [depth, factor] = [sizes.0, sizes.1].map(|text| number(text, "a size", 1, MOST).ok());
    let depth = depth.filter(|d| *d >= 10 && *d <= 1000 && d % 6 == 4).ok_or_else(wrong)?;
    let factor = factor.filter(|f| *f <= 1000).ok_or_else(wrong)?;
    let classes = args.value("the number of classes", 10)?;
    let image = Image::of(args, [3, 32, 32])?;
    let norm = Norm::of(args, "bn")?;

    let nobias = norm.bias();
    // The last convolutions of a branch and that of the stem have no normalisation behind them, and no bias all the same.
    let mut channels = 16;
    let mut stage = |stage: usize| {
        let width = (16 << stage) * factor;
        let blocks: Vec<String> = (0..(depth - 4) / 6)
            .map(|i| {
                let stride = if stage > 0 && i == 0 { 2 } else { 1 };
                let before = format!("{}act,", norm.layer("bn1", channels));
                let middle = norm.layer("bn2", width);
                let body = format!("conv1=conv{width}s{stride}{nobias},{middle}act,conv2=conv{width}nobias");
                // Where the width changes the shortcut starts behind the first activation too.
                let block = if channels == width {
                    format!("layer.{i}=res({before}{body})")
                } else {
                    format!("layer.{i}=seq({before}=res({body}|convShortcut=conv{width}k1s{stride}p0nobias))")
                };
                channels = width;
                block
            })
            .collect();
        format!("block{}=seq({})", stage + 1, blocks.join(","))
    };
    let [one, two, three] = [stage(0), stage(1), stage(2)];
    let (input, last) = (image.text(), norm.layer("bn1", channels));
    Ok(format!("net:{input},conv1=conv16nobias,{one},{two},{three},{last}act,gap,fc=fc{classes}"))
}
