//! VGG (Simonyan & Zisserman, 2015, arXiv 1409.1556), as torchvision has it.

use super::image::{Image, Norm};
use super::{Args, Model};
use crate::error::ModelProblem as Problem;
use crate::parse::Fail;

pub(super) static VGG: Model = Model {
    names: &["vgg11", "vgg13", "vgg16", "vgg19"],
    form: "vgg11[:CLASSES][,input=CxHxW][,norm=none|bn|ln|gn][,head=mlp|linear][,width=W] (also vgg13, vgg16, vgg19)",
    summary: "3x3 convolutions and pooling; 1000 classes, 3x224x224, no normalisation, head=mlp of three layers; head=linear (mean, one layer) for other sizes; torchvision's names",
    options: &["input", "norm", "head", "width"],
    expand,
};

fn expand(args: &Args) -> Result<String, Fail> {
    // Convolutions before each pooling.
    let stages = match args.name.text {
        "vgg11" => [1, 1, 2, 2, 2],
        "vgg13" => [2, 2, 2, 2, 2],
        "vgg16" => [2, 2, 3, 3, 3],
        _ => [2, 2, 4, 4, 4],
    };
    let classes = args.value("the number of classes", 1000)?;
    let image = Image::of(args, [3, 224, 224])?;
    let norm = Norm::of(args, "none")?;
    let width = args.number("width", 64)?;
    let of_imagenet = (image.height, image.width) == (224, 224);
    let head = args.choice("head", &["mlp", "linear"], if of_imagenet { "mlp" } else { "linear" })?;
    if head == "mlp" && !of_imagenet {
        let at = args.option("head").map_or(args.name.range(), |value| value.range());
        return Err((at, Problem::Head { height: image.height, width: image.width }));
    }
    let mut features = Vec::new();
    for (stage, count) in stages.into_iter().enumerate() {
        let channels = width << stage.min(3);
        for _ in 0..count {
            features.push(format!("conv{channels}"));
            if norm != Norm::None {
                // By number, as everything within `features`.
                let layer = norm.layer("", channels);
                features.push(layer.trim_matches(['=', ',']).into());
            }
            features.push("act".into());
        }
        features.push("maxpool2".into());
    }
    let head = match head {
        "mlp" => {
            let hidden = 64 * width;
            format!("flatten,classifier=seq(0=fc{hidden},act,3=fc{hidden},act,6=fc{classes})")
        }
        _ => format!("gap,classifier=fc{classes}"),
    };
    Ok(format!("net:{},features=seq({}),{head}", image.text(), features.join(",")))
}
