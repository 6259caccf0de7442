//! Lowers a program to steps: resolves views, groups elementwise operations, and turns everything else into steps.
//!
//! Every value has a *level*: 0 for what depends on inputs alone, and one more each time a value must exist in memory before it can be
//! used. Elementwise operations that read each other element for element stay on one level and become one kernel; two values of one
//! level never depend on each other through memory, so any of them may share a kernel.

use dupin_ir::{DType, Prim, Program, TensorType};
use rustc_hash::FxHashMap;

use crate::beside::{beside, sums};
use crate::contraction::contraction;
use crate::defer::defer;
use crate::fuse::{self, Clusters, Member};
use crate::kernel::contract::{Contraction, Plan};
use crate::kernel::copy::Loops;
use crate::kernel::tape::Reduce;
use crate::step::{Contract, Lowered, Origin, Output, Part, Place, Step, Storage, Work};
use crate::terms::{Term, terms};
use crate::view::View;

/// Extent of the inner axes of a sum from which accumulators would no longer stay in the cache.
const COLUMNS: usize = 4096;

pub(crate) struct Lowering<'p> {
    program: &'p Program,
    out: Lowered,
    /// Where each node's value is.
    places: Vec<Option<Place>>,
    /// Level of each storage's value.
    levels: Vec<usize>,
    /// The elementwise node that fills a storage.
    element: Vec<Option<usize>>,
    clusters: Clusters,
    /// Dense copies made of views.
    copies: FxHashMap<Place, usize>,
    constants: FxHashMap<(DType, u64), usize>,
}

/// Lowers a program.
pub(crate) fn lower(program: &Program) -> Lowered {
    let n = program.graph().len();
    let mut lowering = Lowering {
        program,
        out: Lowered::default(),
        places: vec![None; n],
        levels: Vec::new(),
        element: Vec::new(),
        clusters: Clusters::default(),
        copies: FxHashMap::default(),
        constants: FxHashMap::default(),
    };
    lowering.run();
    lowering.out
}

impl Lowering<'_> {
    fn run(&mut self) {
        let terms = terms(self.program);
        for (i, &v) in self.program.inputs().iter().enumerate() {
            let ty = self.program.graph().ty(v).clone();
            let storage = self.storage(ty.dtype, ty.len(), Origin::Input(i), 0);
            self.places[v.index()] = Some(Place { storage, view: View::dense(&ty.shape) });
        }
        for i in 0..self.program.graph().len() {
            if terms.absorbed[i] || self.places[i].is_some() {
                continue;
            }
            self.places[i] = Some(match &terms.of[i] {
                Some(list) => self.contract(i, list),
                None => self.node(i),
            });
        }
        let outputs = self.program.outputs().to_vec();
        for v in outputs {
            let ty = self.program.graph().ty(v).clone();
            let place = self.place(v.index()).clone();
            let storage = self.whole(&place);
            self.out.outputs.push(Output { storage, ty });
        }
        let read: Vec<bool> = self.needed();
        let mut clusters = std::mem::take(&mut self.clusters);
        beside(&mut self.out.steps, &clusters, self.out.storages.len());
        sums(&mut self.out.steps);
        defer(&mut clusters, &self.out.storages, &self.out.steps, &self.out.outputs);
        let steps = fuse::kernels(&clusters, &mut self.out.storages, &read);
        self.out.steps.extend(steps);
    }

    /// Storages that some step or the caller reads.
    fn needed(&self) -> Vec<bool> {
        let mut read = vec![false; self.out.storages.len()];
        let steps = self.out.steps.iter().flat_map(|s| &s.reads);
        for &s in steps.chain(self.out.outputs.iter().map(|o| &o.storage)) {
            read[s] = true;
        }
        read
    }

    fn storage(&mut self, dtype: DType, len: usize, origin: Origin, level: usize) -> usize {
        self.out.storages.push(Storage { dtype, len, origin });
        self.levels.push(level);
        self.element.push(None);
        self.out.storages.len() - 1
    }

    fn place(&self, node: usize) -> &Place {
        self.places[node].as_ref().expect("operands come first and absorbed nodes have no other use")
    }

    fn splat(&mut self, ty: &TensorType, value: f64) -> Place {
        let key = (ty.dtype, value.to_bits());
        let known = self.constants.get(&key).copied();
        let storage = known.unwrap_or_else(|| self.storage(ty.dtype, 1, Origin::Constant(vec![value]), 0));
        self.constants.insert(key, storage);
        Place { storage, view: View::splat(&ty.shape) }
    }

    /// Level of something that reads `storage` from memory.
    fn after(&self, storage: usize) -> usize {
        match self.out.storages[storage].origin {
            Origin::Step => self.levels[storage] + 1,
            _ => 0,
        }
    }

    /// A step that reads from memory and writes one new storage.
    fn step(&mut self, work: Work, reads: Vec<usize>, ty: &TensorType) -> usize {
        let level = reads.iter().map(|&s| self.after(s)).max().unwrap_or(0);
        let storage = self.storage(ty.dtype, ty.len(), Origin::Step, level);
        if !ty.is_empty() {
            self.out.steps.push(Step { work, reads, writes: vec![storage] });
        }
        storage
    }

    fn stepped(&mut self, work: Work, reads: Vec<usize>, ty: &TensorType) -> Place {
        let storage = self.step(work, reads, ty);
        Place { storage, view: View::dense(&ty.shape) }
    }

    /// The view copied into a storage of its own.
    fn copied(&mut self, place: &Place) -> usize {
        if let Some(&s) = self.copies.get(place) {
            return s;
        }
        let shape = place.view.shape();
        let ty = TensorType::new(self.out.storages[place.storage].dtype, shape.clone());
        let part = Part { from: place.view.clone(), to: View::dense(&shape) };
        let storage = self.step(Work::Copy { parts: vec![part.loops()], fill: None }, vec![place.storage], &ty);
        self.copies.insert(place.clone(), storage);
        storage
    }

    /// A storage that holds exactly the view's elements, in order.
    fn whole(&mut self, place: &Place) -> usize {
        let constant = matches!(self.out.storages[place.storage].origin, Origin::Constant(_));
        let whole = place.view.is_identity(self.out.storages[place.storage].len);
        if whole && !constant { place.storage } else { self.copied(place) }
    }

    /// The view's elements in one run: storage and first element.
    fn contiguous(&mut self, node: usize) -> (usize, usize) {
        let place = self.place(node).clone();
        if place.view.is_contiguous() { (place.storage, place.view.offset) } else { (self.copied(&place), 0) }
    }

    fn node(&mut self, i: usize) -> Place {
        let node = &self.program.graph().nodes()[i];
        let operands: Vec<usize> = node.operands.iter().map(|v| v.index()).collect();
        let ty = &node.ty;
        if let Some(place) = self.moved(&node.prim, &operands, ty) {
            return place;
        }
        match &node.prim {
            Prim::Constant(c) => match c.as_splat() {
                Some(value) => self.splat(ty, value),
                None => self.constant(ty, c.values()),
            },
            Prim::Iota(p) => {
                let values: Vec<f64> = (0..ty.shape[p.axis]).map(|v| v as f64).collect();
                let Place { storage, .. } = self.constant(&ty.with_shape([values.len()]), values);
                let mut view = View::splat(&ty.shape);
                view.axes[p.axis] = View::dense(&[ty.shape[p.axis]]).axes.remove(0);
                Place { storage, view }
            }
            Prim::Unary(_) | Prim::Binary(_) | Prim::Compare(_) | Prim::Select(_) | Prim::Convert(_) | Prim::Activation(_) => {
                self.elementwise(&node.prim, &operands, ty)
            }
            Prim::ReduceSum(p) => self.reduce(operands[0], &p.axes, ty, Reduce::Sum),
            Prim::ReduceMax(p) => self.reduce(operands[0], &p.axes, ty, Reduce::Max),
            Prim::Pad(p) => {
                let from = self.place(operands[0]).clone();
                let (from, part) = if let Some(part) = crate::movement::pad(p, &from.view, &ty.shape) {
                    (from.storage, part)
                } else {
                    let dense = View::dense(&from.view.shape());
                    let part = crate::movement::pad(p, &dense, &ty.shape).expect("a dense view can be cut anywhere");
                    (self.copied(&from), part)
                };
                self.stepped(Work::Copy { parts: vec![part.loops()], fill: Some(p.value()) }, vec![from], ty)
            }
            Prim::Concatenate(p) => {
                let places: Vec<Place> = operands.iter().map(|&o| self.place(o).clone()).collect();
                let mut start = 0;
                let parts = places.iter().map(|place| {
                    let shape = place.view.shape();
                    let to = crate::movement::stretch(&ty.shape, p.axis, start, &shape);
                    start += shape[p.axis];
                    Part { from: place.view.clone(), to }.loops()
                });
                let parts: Vec<Loops> = parts.collect();
                self.stepped(Work::Copy { parts, fill: None }, places.iter().map(|p| p.storage).collect(), ty)
            }
            prim => self.kernel(prim.clone(), &operands, ty),
        }
    }

    /// The value as a view of its operand, if the primitive only moves data.
    fn moved(&mut self, prim: &Prim, operands: &[usize], ty: &TensorType) -> Option<Place> {
        let mut place = self.place(*operands.first()?).clone();
        let through = |view: &View| match prim {
            Prim::StopGradient(_) | Prim::AllReduce(_) => Some(Some(view.clone())),
            Prim::Reshape(p) => Some(view.reshape(&p.shape)),
            Prim::Transpose(p) => Some(Some(view.transpose(&p.permutation))),
            Prim::BroadcastInDim(p) => Some(Some(view.broadcast(&p.shape, &p.dims))),
            Prim::Slice(p) => Some(view.slice(&p.start, &p.limit, &p.strides)),
            Prim::Reverse(p) => Some(Some(view.reverse(&p.axes))),
            _ => None,
        };
        if let Some(view) = through(&place.view)? {
            place.view = view;
        } else {
            let dense = View::dense(&place.view.shape());
            place = Place { storage: self.copied(&place), view: through(&dense)?? };
        }
        debug_assert_eq!(place.view.shape(), ty.shape, "a view of another shape than its type");
        Some(place)
    }

    fn constant(&mut self, ty: &TensorType, values: Vec<f64>) -> Place {
        let storage = self.storage(ty.dtype, ty.len(), Origin::Constant(values), 0);
        Place { storage, view: View::dense(&ty.shape) }
    }

    /// The elementwise node behind a place, if the place is all of its elements in order.
    fn fusable(&self, place: &Place) -> Option<usize> {
        self.element[place.storage].filter(|_| place.view.is_identity(self.out.storages[place.storage].len))
    }

    /// Level of a node that reads these places element for element.
    fn level(&self, places: &[Place]) -> usize {
        let level = |p: &Place| if self.fusable(p).is_some() { self.levels[p.storage] } else { self.after(p.storage) };
        places.iter().map(level).max().unwrap_or(0)
    }

    fn elementwise(&mut self, prim: &Prim, operands: &[usize], ty: &TensorType) -> Place {
        let args: Vec<Place> = operands.iter().map(|&o| self.place(o).clone()).collect();
        let level = self.level(&args);
        let storage = self.storage(ty.dtype, ty.len(), Origin::Step, level);
        let operand = self.program.graph().nodes()[*operands.last().expect("elementwise operations have operands")].ty.dtype;
        if !ty.is_empty() {
            let member = self.clusters.add(
                Member::Element { prim: Box::new(prim.clone()), operand },
                args,
                storage,
                level,
                ty.len(),
                &self.out.storages,
            );
            self.element[storage] = Some(member);
        }
        Place { storage, view: View::dense(&ty.shape) }
    }

    fn reduce(&mut self, operand: usize, axes: &[usize], ty: &TensorType, reduce: Reduce) -> Place {
        let mut place = self.place(operand).clone();
        if place.view.len() == 0 || ty.is_empty() {
            let identity = if reduce == Reduce::Sum { 0.0 } else { f64::NEG_INFINITY };
            return self.splat(ty, identity);
        }
        let shape = place.view.shape();
        let extents = if let Some(extents) = fuse::segments(&shape, axes) {
            extents
        } else {
            // Reduced axes in several places: read the operand with these axes last.
            let kept = (0..shape.len()).filter(|a| !axes.contains(a));
            place.view = place.view.transpose(&kept.chain(axes.iter().copied()).collect::<Vec<_>>());
            let reduced = axes.iter().map(|&a| shape[a]).product();
            [ty.len(), reduced, 1]
        };
        let [outer, reduced, inner] = extents;
        if inner > COLUMNS && reduce == Reduce::Sum && ty.dtype.is_float() {
            let storage =
                if place.view.is_identity(self.out.storages[place.storage].len) { place.storage } else { self.copied(&place) };
            return self.stepped(Work::Columns { outer, reduced, inner }, vec![storage], ty);
        }
        let level = self.level(std::slice::from_ref(&place));
        let storage = self.storage(ty.dtype, ty.len(), Origin::Step, level);
        let len = place.view.len();
        self.clusters.add(Member::Sink { reduce, extents }, vec![place], storage, level, len, &self.out.storages);
        Place { storage, view: View::dense(&ty.shape) }
    }

    /// A primitive that takes contiguous operands.
    fn kernel(&mut self, prim: Prim, operands: &[usize], ty: &TensorType) -> Place {
        let graph = self.program.graph();
        let types: Vec<TensorType> = operands.iter().map(|&o| graph.nodes()[o].ty.clone()).collect();
        let (reads, offsets) = operands.iter().map(|&o| self.contiguous(o)).unzip();
        let out = ty.clone();
        let work = if crate::kernel::direct::supports(&prim) {
            Work::Kernel { prim, types, out, offsets }
        } else {
            Work::Reference { prim, types, out, offsets }
        };
        self.stepped(work, reads, ty)
    }

    fn contract(&mut self, i: usize, terms: &[Term]) -> Place {
        let node = &self.program.graph().nodes()[i];
        let mut reads = Vec::new();
        let mut plans = Vec::new();
        for (t, term) in terms.iter().enumerate() {
            let (places, mut problem) = self.operands(term);
            problem.accumulate = t > 0;
            reads.extend(places.map(|p| p.storage));
            let plan = match node.ty.dtype {
                DType::F64 => Plan::new(&problem).map(|p| Contract::F64(Box::new(p))),
                _ => Plan::new(&problem).map(|p| Contract::F32(Box::new(p))),
            };
            plans.push(plan.expect("a legal primitive on views inside their storages is a legal contraction"));
        }
        self.stepped(Work::Contract(plans), reads, &node.ty)
    }

    /// A term's operands and its contraction; operands are copied where their strides do not divide.
    fn operands(&mut self, term: &Term) -> ([Place; 2], Contraction) {
        let node = &self.program.graph().nodes()[term.node];
        let mut places = [0, 1].map(|o| self.place(node.operands[o].index()).clone());
        if let Some(problem) = contraction(&node.prim, &places[0].view, &places[1].view, &term.out) {
            return (places, problem);
        }
        places = places.map(|p| Place { storage: self.copied(&p), view: View::dense(&p.view.shape()) });
        let problem = contraction(&node.prim, &places[0].view, &places[1].view, &term.out);
        (places, problem.expect("the axes of dense operands are single runs, which divide like the result's"))
    }
}
