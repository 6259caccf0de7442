//! MLP-Mixer (Tolstikhin et al., 2021, arXiv 2105.01601), as timm has it.

use super::image::Image;
use super::vit::{EPSILON, patch};
use super::{Args, Model};
use crate::parse::Fail;

pub(super) static MIXER: Model = Model {
    names: &["mixer"],
    form: "mixer[:CLASSES][,input=CxHxW][,patch=P][,dim=D][,depth=L][,tokens=M][,channels=M]",
    summary: "MLP-Mixer; 10 classes, 1x28x28, dim 64, depth 4, hidden widths dim/2 over places and 4·dim over channels, patches as vit; timm's names",
    options: &["input", "patch", "dim", "depth", "tokens", "channels"],
    expand,
};

fn expand(args: &Args) -> Result<String, Fail> {
    let classes = args.value("the number of classes", 10)?;
    let image = Image::of(args, [1, 28, 28])?;
    let patch = patch(args, image)?;
    let dim = args.number("dim", 64)?;
    let depth = args.number("depth", 4)?;
    let tokens = args.number("tokens", dim.div_ceil(2))?;
    let channels = args.number("channels", 4 * dim)?;
    let places = (image.height / patch) * (image.width / patch);

    let block = |i| {
        format!(
            "blocks.{i}=seq(=res(norm1=ln{EPSILON},swap,mlp_tokens=seq(fc1=fc{tokens},act,fc2=fc{places}),swap),\
             =res(norm2=ln{EPSILON},mlp_channels=seq(fc1=fc{channels},act,fc2=fc{dim}))),"
        )
    };
    let (image, blocks): (String, String) = (image.text(), (0..depth).map(block).collect());
    Ok(format!("net:{image},stem.proj=conv{dim}k{patch}s{patch}p0,tokens,{blocks}norm=ln{EPSILON},gap,head=fc{classes}"))
}
