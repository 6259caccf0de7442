//! A causal transformer over characters: GPT-2 (Radford et al., 2019) as nanoGPT has it.

use super::vit::heads_of;
use super::{Args, Model};
use crate::parse::Fail;

pub(super) static CHARACTER: Model = Model {
    names: &["char"],
    form: "char[:VOCABULARY][,context=T][,dim=D][,depth=L][,heads=H][,mlp=M][,head=tied|untied]",
    summary: "causal transformer, a class at each place; 128 tokens, context 64, dim 64, depth 2, 4 heads, mlp 4·dim, head=tied; nanoGPT's names",
    options: &["context", "dim", "depth", "heads", "mlp", "head"],
    expand,
};

fn expand(args: &Args) -> Result<String, Fail> {
    let vocabulary = args.value("the size of the vocabulary", 128)?;
    let context = args.number("context", 64)?;
    let dim = args.number("dim", 64)?;
    let depth = args.number("depth", 2)?;
    let heads = heads_of(args, dim, 4)?;
    let mlp = args.number("mlp", 4 * dim)?;
    let head = args.choice("head", &["tied", "untied"], "tied")?;

    let block = |i| {
        format!(
            "transformer.h.{i}=seq(=res(ln_1=ln,attn=seq(c_attn=fc{},attn{heads}causal,c_proj=fc{dim})),\
             =res(ln_2=ln,mlp=seq(c_fc=fc{mlp},act,c_proj=fc{dim}))),",
            3 * dim
        )
    };
    let blocks: String = (0..depth).map(block).collect();
    let head = if head == "tied" { "unembed".into() } else { format!("lm_head=fc{vocabulary}nobias") };
    Ok(format!(
        "net:tokens{context}v{vocabulary},transformer.wte=embed{dim},transformer.wpe=wpe,{blocks}transformer.ln_f=ln,{head}"
    ))
}
