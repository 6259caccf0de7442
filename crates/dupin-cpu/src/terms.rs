//! Which nodes become contractions that accumulate into one result, through which movements of data.
//!
//! A contraction whose only use is a chain of reshapes and transposes (what batching makes of it) writes the end of the chain directly;
//! a sum of such chains is one step whose later terms add to what the first wrote.

use dupin_ir::prim::{Binary, BinaryOp};
use dupin_ir::{Graph, Prim, Program, Value};

use crate::contraction::{contraction, is_contraction, through};
use crate::view::View;

/// A contraction, and where its elements lie in the memory of the step's result.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub(crate) node: usize,
    pub(crate) out: View,
}

/// For every node: the terms of the step that computes it, if it is one, and whether it is only a part of another node's step.
pub(crate) struct Terms {
    pub(crate) of: Vec<Option<Vec<Term>>>,
    pub(crate) absorbed: Vec<bool>,
}

/// A contraction and the movements between it and the node at hand.
type Chain = (usize, Vec<usize>);

pub(crate) fn terms(program: &Program) -> Terms {
    let graph = program.graph();
    let mut uses = vec![0_usize; graph.len()];
    for v in graph.nodes().iter().flat_map(|n| &n.operands).chain(program.outputs()) {
        uses[v.index()] += 1;
    }
    for v in program.outputs() {
        uses[v.index()] += 1; // an output is never only a part
    }
    let mut chains: Vec<Option<Vec<Chain>>> = vec![None; graph.len()];
    let mut absorbed = vec![false; graph.len()];
    for (i, node) in graph.nodes().iter().enumerate() {
        let of = |v: &Value| chains[v.index()].as_ref().filter(|_| uses[v.index()] == 1 && !absorbed[v.index()]);
        let found: Option<Vec<Chain>> = match &node.prim {
            p if is_contraction(p, &node.ty) => Some(vec![(i, Vec::new())]),
            Prim::Reshape(_) | Prim::Transpose(_) => of(&node.operands[0])
                .map(|list| list.iter().map(|(c, moves)| (*c, moves.iter().copied().chain([i]).collect())).collect()),
            Prim::Binary(Binary(BinaryOp::Add)) if node.ty.dtype.is_float() && node.operands[0] != node.operands[1] => {
                of(&node.operands[0]).zip(of(&node.operands[1])).map(|(a, b)| a.iter().chain(b).cloned().collect())
            }
            _ => None,
        };
        let Some(list) = found else { continue };
        if list.iter().all(|chain| view(graph, chain).is_some()) {
            if !is_contraction(&node.prim, &node.ty) {
                node.operands.iter().for_each(|v| absorbed[v.index()] = true);
            }
            chains[i] = Some(list);
        }
    }
    let of = chains.into_iter().enumerate().map(|(i, list)| {
        let list = list.filter(|_| !absorbed[i])?;
        list.iter().map(|chain| Some(Term { node: chain.0, out: view(graph, chain)? })).collect()
    });
    let of = of.collect();
    Terms { of, absorbed }
}

fn view(graph: &Graph, (node, moves): &Chain) -> Option<View> {
    let node = &graph.nodes()[*node];
    let moves: Vec<&Prim> = moves.iter().map(|&m| &graph.nodes()[m].prim).collect();
    let out = through(&node.ty.shape, &moves)?;
    let [lhs, rhs] = [0, 1].map(|o| View::dense(&graph.ty(node.operands[o]).shape));
    // Whatever the operands turn out to be, dense copies of them must do.
    contraction(&node.prim, &lhs, &rhs, &out).map(|_| out)
}
