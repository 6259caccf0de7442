//! Residual networks (He et al., 2016, arXiv 1512.03385), as torchvision has them.

use super::image::{Image, Norm};
use super::{Args, Model};
use crate::parse::Fail;

pub(super) static RESNET: Model = Model {
    names: &["resnet18", "resnet34", "resnet50", "resnet101"],
    form: "resnet18[:CLASSES][,input=CxHxW][,norm=bn|ln|gn|none][,stem=imagenet|cifar][,width=W] (also resnet34, resnet50, resnet101)",
    summary: "residual network; 1000 classes, 3x224x224, BatchNorm; stem=cifar (3x3, no pooling) for images up to 64x64; torchvision's names",
    options: &["input", "norm", "stem", "width"],
    expand,
};

fn expand(args: &Args) -> Result<String, Fail> {
    let (blocks, bottleneck) = match args.name.text {
        "resnet18" => ([2, 2, 2, 2], false),
        "resnet34" => ([3, 4, 6, 3], false),
        "resnet50" => ([3, 4, 6, 3], true),
        _ => ([3, 4, 23, 3], true),
    };
    let classes = args.value("the number of classes", 1000)?;
    let image = Image::of(args, [3, 224, 224])?;
    let norm = Norm::of(args, "bn")?;
    let stem = args.choice("stem", &["imagenet", "cifar"], if image.is_small() { "cifar" } else { "imagenet" })?;
    let width = args.number("width", 64)?;

    let (window, pooling) = if stem == "imagenet" { ("k7s2p3", "maxpool3s2p1,") } else { ("", "") };
    let (input, nobias, bn1) = (image.text(), norm.bias(), norm.layer("bn1", width));
    let mut channels = width;
    let mut stages = Vec::new();
    for (stage, &count) in blocks.iter().enumerate() {
        let parts: Vec<String> = (0..count)
            .map(|i| {
                let stride = if stage > 0 && i == 0 { 2 } else { 1 };
                let block = block(channels, width << stage, stride, bottleneck, norm);
                channels = (width << stage) * expansion(bottleneck);
                format!("{i}=res({block}),act")
            })
            .collect();
        stages.push(format!("layer{}=seq({})", stage + 1, parts.join(",")));
    }
    let stages = stages.join(",");
    Ok(format!("net:{input},conv1=conv{width}{window}{nobias},{bn1}act,{pooling}{stages},gap,fc=fc{classes}"))
}

fn expansion(bottleneck: bool) -> usize {
    if bottleneck { 4 } else { 1 }
}

/// Body and shortcut of a block. The stride of a bottleneck is in its 3x3 convolution, as in torchvision, not in its first as in the paper.
fn block(channels: usize, width: usize, stride: usize, bottleneck: bool, norm: Norm) -> String {
    let (out, nobias) = (width * expansion(bottleneck), norm.bias());
    let [bn1, bn2] = ["bn1", "bn2"].map(|name| norm.layer(name, width));
    let body = if bottleneck {
        let bn3 = norm.layer("bn3", out);
        format!(
            "conv1=conv{width}k1p0{nobias},{bn1}act,conv2=conv{width}s{stride}{nobias},{bn2}act,conv3=conv{out}k1p0{nobias},{bn3}"
        )
    } else {
        format!("conv1=conv{width}s{stride}{nobias},{bn1}act,conv2=conv{width}{nobias},{bn2}")
    };
    let body = body.trim_end_matches(',');
    if stride == 1 && channels == out {
        return body.into();
    }
    let shortcut = format!("downsample.0=conv{out}k1s{stride}p0{nobias},{}", norm.layer("downsample.1", out));
    format!("{body}|{}", shortcut.trim_end_matches(','))
}
