//! Decides once how a contraction is computed: order, blocks, chunks, copies, scratch sizes.

use super::ContractError;
use super::beside::Beside;
use super::copy::Layout;
use super::isa::{Element, Isa};
use super::kernel::{Kernels, ROWS, Square};
use super::phase::{Piece, pieces};
use super::problem::{Axis, Contraction};
use super::winograd::Winograd;

/// Longest stretch of the reduced index that one micro-kernel call sums: its panel of the right operand fits the first-level cache.
const DEPTH: usize = 320;
/// Elements that parts of scratch are aligned to: a cache line of `f32`.
const LINE: usize = 16;
/// Longest chunk of the reduced index, which bounds the offset tables.
const CHUNK: usize = 8192;
/// Bytes of a copied left operand that stay in the second-level cache beside a panel and the result.
const BOX_BYTES: usize = 160 << 10;
/// Rows of a block, where a box does not bound them.
const BLOCK_ROWS: usize = 192;
/// Most rows of a block.
const MAX_ROWS: usize = 2048;
/// Most columns of a block.
const BLOCK_COLUMNS: usize = 512;
/// Floating-point operations that are worth a task of their own.
const TASK_FLOP: f64 = 8e6;
/// Tasks beyond which more parallelism is not sought.
const TASKS: usize = 64;
/// Shortest reduction of one accumulator, where a long one is cut into several.
const SPLIT_DEPTH: usize = 512;
/// Bytes of all accumulators of a cut reduction.
const PARTIAL_BYTES: usize = 8 << 20;

/// How one dense piece is computed.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) piece: Piece,
    /// Sizes of the flattened groups, rows (without positions), columns and reduced axes (without window).
    pub(super) groups: usize,
    pub(super) batch: usize,
    pub(super) columns: usize,
    pub(super) features: usize,
    /// Whether rows run along the batch and the reduced index along the window first (weight gradients), rather than rows along
    /// positions and the reduced index along the features first.
    pub(super) batch_inner: bool,
    /// Layout of the copied left operand; `None` reads it in place.
    pub(super) layout: Option<Layout>,
    /// Elements of the copy.
    pub(super) box_len: usize,
    pub(super) batch_block: usize,
    pub(super) height_block: usize,
    pub(super) column_block: usize,
    pub(super) feature_chunk: usize,
    pub(super) window_chunk: usize,
    /// Longest stretch of the reduced index per micro-kernel call.
    pub(super) depth: usize,
    /// Accumulators that the chunks are divided among.
    pub(super) splits: usize,
    /// Offsets of the columns in the right operand and in the result.
    pub(super) column_b: Vec<isize>,
    pub(super) column_out: Vec<isize>,
    /// Columns of a full panel.
    pub(super) panel: usize,
    /// Elements of a vector.
    pub(super) vector: usize,
    /// Start of the packed right operand in shared scratch; `None` if each task packs its own.
    pub(super) packed: Option<usize>,
    /// Start of the accumulators in shared scratch.
    pub(super) partial: usize,
    /// First task of each stage: pack, compute, finish.
    pub(super) first: [usize; 3],
}

impl Schedule {
    pub(super) fn reduction(&self) -> usize {
        self.features * self.piece.space[0].window * self.piece.space[1].window
    }

    fn positions(&self) -> usize {
        self.piece.space[0].output * self.piece.space[1].output
    }

    pub(super) fn block_rows(&self) -> usize {
        self.batch_block * self.height_block * self.piece.space[1].output
    }

    pub(super) fn batch_blocks(&self) -> usize {
        self.batch.div_ceil(self.batch_block)
    }

    pub(super) fn height_blocks(&self) -> usize {
        self.piece.space[0].output.div_ceil(self.height_block)
    }

    pub(super) fn row_blocks(&self) -> usize {
        self.batch_blocks() * self.height_blocks()
    }

    pub(super) fn column_blocks(&self) -> usize {
        self.columns.div_ceil(self.column_block)
    }

    pub(super) fn feature_chunks(&self) -> usize {
        self.features.div_ceil(self.feature_chunk)
    }

    pub(super) fn window_chunks(&self) -> usize {
        self.piece.space[0].window.div_ceil(self.window_chunk)
    }

    pub(super) fn chunks(&self) -> usize {
        self.feature_chunks() * self.window_chunks()
    }

    /// Longest chunk.
    pub(super) fn chunk_depth(&self) -> usize {
        self.feature_chunk * self.window_chunk * self.piece.space[1].window
    }

    /// Packed width of `columns` columns.
    pub(super) fn padded(&self, columns: usize) -> usize {
        columns.next_multiple_of(self.vector)
    }

    /// Elements of the accumulator of one block.
    pub(super) fn partial_block(&self) -> usize {
        (self.block_rows() * self.padded(self.column_block)).next_multiple_of(LINE)
    }

    /// Tasks that compute, and that sum one block of accumulators.
    pub(super) fn blocks(&self) -> usize {
        self.groups * self.row_blocks() * self.column_blocks()
    }

    /// Parts that the rows of a block are summed in.
    pub(super) fn finish_parts(&self) -> usize {
        (self.partial_block() / 16384).clamp(1, self.block_rows().max(1))
    }

    /// Panels that one packing task packs.
    pub(super) fn pack_group(&self) -> usize {
        let panels = self.columns.div_ceil(self.panel);
        (65536 / (self.chunk_depth() * self.panel).max(1)).clamp(1, panels.max(1))
    }

    pub(super) fn pack_groups(&self) -> usize {
        self.columns.div_ceil(self.panel).div_ceil(self.pack_group())
    }

    /// Bytes of the box that a block of the given size needs, in elements.
    fn box_elements(&self, batch: usize, rows: usize, features: usize, windows: usize) -> usize {
        let [h, w] = &self.piece.space;
        [features, h.span(rows, windows), w.span(w.output, w.window)].into_iter().fold(batch, usize::saturating_mul)
    }
}

fn size(axes: &[Axis]) -> usize {
    axes.iter().map(|axis| axis.size).product()
}

/// `total` cut into the fewest parts of at most `most`, all but the last equal.
pub(super) fn even(total: usize, most: usize) -> usize {
    total.div_ceil(total.div_ceil(most.max(1)).max(1)).max(1)
}

/// Which way a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// By patches where that is faster.
    Best,
    /// By patches where the form allows.
    #[cfg_attr(not(test), allow(dead_code, reason = "tests compare the methods"))]
    Patches,
    /// Each multiplication done.
    #[cfg_attr(not(test), allow(dead_code, reason = "tests compare the methods"))]
    Direct,
}

/// How a contraction is computed: made once, run any number of times.
///
/// The numbers of tasks, their blocks and the order of all sums depend on the contraction and the instruction set only.
#[derive(Clone, Debug)]
pub struct Plan<T: Element> {
    pub(super) schedules: Vec<Schedule>,
    /// The whole contraction by patches, in the place of schedules.
    pub(super) winograd: Option<Winograd>,
    pub(super) kernels: &'static Kernels<T>,
    pub(super) accumulate: bool,
    pub(super) extents: [usize; 3],
    /// Tasks of each stage.
    pub(super) tasks: [usize; 3],
    pub(super) shared: usize,
    pub(super) local: usize,
    pub(super) index: usize,
    pub(super) squares: usize,
    /// Whether the operands have changed sides.
    pub(super) swapped: bool,
    /// Another contraction of the left operand, made in the same run.
    pub(super) beside: Option<Beside<T>>,
    /// Another convolution of the same result, summed with this one before they are transformed back.
    pub(super) addend: Option<Box<Self>>,
}

impl<T: 'static> std::fmt::Debug for Kernels<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernels").field("width", &self.width).finish_non_exhaustive()
    }
}

impl<T: Element> Plan<T> {
    /// Plans a contraction for this processor.
    ///
    /// # Errors
    /// [`ContractError`] if the geometry is impossible, an index lies outside any buffer, or the result overlaps itself.
    pub fn new(problem: &Contraction) -> Result<Self, ContractError> {
        Self::with_isa(problem, Isa::detect())
    }

    /// Plans a contraction for one instruction set, so that tests can compare them.
    ///
    /// # Errors
    /// As [`Plan::new`], and [`ContractError::Isa`] if this processor lacks the set.
    pub fn with_isa(problem: &Contraction, isa: Isa) -> Result<Self, ContractError> {
        Self::with_method(problem, isa, Method::Best)
    }

    /// Plans a contraction by a given method, where it has that form, so that tests can compare them.
    pub(super) fn with_method(problem: &Contraction, isa: Isa, method: Method) -> Result<Self, ContractError> {
        if !isa.available() {
            return Err(ContractError::Isa { isa });
        }
        let extents = problem.extents()?;
        let kernels = T::kernels(isa);
        let mut plan = Self {
            schedules: Vec::new(),
            winograd: None,
            kernels,
            accumulate: problem.accumulate,
            extents,
            tasks: [0; 3],
            shared: 0,
            local: 0,
            index: 0,
            squares: 0,
            swapped: false,
            beside: None,
            addend: None,
        };
        if method != Method::Direct
            && let Some(w) = Winograd::new(problem, kernels, method == Method::Patches)
        {
            plan.winograd = Some(w);
            plan.count();
            return Ok(plan);
        }
        let (pieces, swapped) = pieces(problem);
        plan.swapped = swapped;
        for piece in pieces {
            if size(&piece.groups) * size(&piece.rows) * size(&piece.columns) > 0 {
                plan.add(piece);
            }
        }
        Ok(plan)
    }

    /// Counts the tasks and the scratch of a convolution by patches.
    pub(super) fn count(&mut self) {
        let addend = self.addend.as_ref().and_then(|plan| plan.winograd.as_ref());
        if let Some(w) = &self.winograd {
            (self.tasks, self.shared) = (w.tasks(), w.shared());
            (self.local, self.index, self.squares) = (w.local(addend), w.index(), w.squares(addend));
        }
    }

    /// Floating-point operations of one run, two per multiply-add (padding counts, holes do not exist).
    pub fn flop(&self) -> f64 {
        let others = self.beside.iter().map(|b| &b.plan).chain(&self.addend).map(|plan| plan.flop());
        self.schedules.iter().map(flop).sum::<f64>() + self.winograd.as_ref().map_or(0.0, Winograd::flop) + others.sum::<f64>()
    }

    /// Elements that the left operand, the right operand and the result must have.
    pub fn lengths(&self) -> [usize; 3] {
        self.extents
    }

    /// Elements of scratch that all threads share, and those, numbers and squares of each thread.
    pub(super) fn scratch(&self) -> [usize; 4] {
        let own = [self.shared, self.local, self.index, self.squares];
        let Some(other) = self.beside.as_ref().map(|b| &b.plan).or(self.addend.as_ref()) else { return own };
        let [shared, local, index, squares] = other.scratch();
        [own[0] + shared, own[1].max(local), own[2].max(index), own[3].max(squares)]
    }

    /// Bytes of scratch for `threads` threads.
    pub fn workspace_bytes(&self, threads: usize) -> usize {
        let [shared, local, index, squares] = self.scratch();
        let local = local * size_of::<T>() + index * size_of::<isize>() + squares * size_of::<Square>();
        // Each part may skip up to a cache line to start at one. What asks for a large page and does not fill it is not counted.
        shared * size_of::<T>() + 64 + threads * (local + 64)
    }

    fn add(&mut self, piece: Piece) {
        let mut s = self.shape(piece);
        Self::block_rows_and_chunks(&mut s);
        Self::divide(&mut s);
        s.depth = even(s.chunk_depth(), DEPTH);
        self.reserve(&mut s);
        self.schedules.push(s);
    }

    /// Sizes, order and whether to copy.
    fn shape(&self, piece: Piece) -> Schedule {
        let columns = size(&piece.columns);
        let mut column_b = vec![0; columns];
        let mut column_out = vec![0; columns];
        super::copy::offsets(&piece.columns, |x| x.b, 0, &mut column_b);
        super::copy::offsets(&piece.columns, |x| x.out, 0, &mut column_out);
        let unit = |list: &[Axis]| list.iter().any(|x| x.a == 1);
        // The window's positions are neighbours then; a chunk of them is short work for few columns.
        let no_rows = piece.rows.is_empty() && columns >= self.kernels.columns();
        Schedule {
            groups: size(&piece.groups),
            batch: size(&piece.rows),
            columns,
            features: size(&piece.reduced),
            batch_inner: (unit(&piece.rows) || no_rows) && !unit(&piece.reduced),
            layout: None,
            box_len: 0,
            batch_block: 1,
            height_block: 1,
            column_block: even(columns, BLOCK_COLUMNS).next_multiple_of(self.kernels.columns()).min(columns),
            feature_chunk: 1,
            window_chunk: 1,
            depth: 1,
            splits: 1,
            column_b,
            column_out,
            panel: self.kernels.columns(),
            vector: self.kernels.width,
            packed: None,
            partial: 0,
            first: [0; 3],
            piece,
        }
    }

    fn block_rows_and_chunks(s: &mut Schedule) {
        let [h, w] = s.piece.space;
        let window = h.window * w.window;
        let budget = BOX_BYTES / size_of::<T>();
        let spatial = window > 1 || s.positions() > 1;
        if s.batch_inner {
            s.window_chunk = even(h.window, DEPTH / w.window.max(1));
            let deep = s.window_chunk * w.window;
            s.feature_chunk = if s.window_chunk < h.window { 1 } else { even(s.features, DEPTH / deep.max(1)) };
            s.height_block = h.output;
            let rows = if spatial { MAX_ROWS } else { BLOCK_ROWS };
            s.batch_block = even(s.batch, (rows / s.positions().max(1)).max(1));
        } else {
            s.window_chunk = even(h.window, CHUNK / w.window.max(1));
            let deep = s.window_chunk * w.window;
            let per_feature = s.box_elements(1, 1, 1, s.window_chunk).max(1);
            let most = if window > 1 { (budget / per_feature).min(CHUNK / deep.max(1)) } else { DEPTH };
            s.feature_chunk = even(s.features, most);
            let fits = |batch, rows, s: &Schedule| s.box_elements(batch, rows, s.feature_chunk, s.window_chunk) <= budget;
            let (mut batch, mut rows) = (1, 1);
            if s.positions() >= 2 * BLOCK_ROWS {
                while rows < h.output && (rows + 1) * w.output <= 4 * BLOCK_ROWS && fits(1, rows + 1, s) {
                    rows += 1;
                }
            } else {
                rows = h.output;
                while batch < s.batch && batch * s.positions() < BLOCK_ROWS && (fits(batch + 1, rows, s) || !spatial) {
                    batch += 1;
                }
            }
            s.height_block = even(h.output, rows);
            s.batch_block = even(s.batch, batch);
        }
        let padded = !(h.inside() && w.inside());
        // Copying pays where each element is used often enough; few columns read in place, and so do rows of neighbours, whose lines are used whole.
        let reused = s.columns * window >= 64;
        let in_rows = s.positions() == 1 && s.piece.reduced.last().is_some_and(|x| x.a == 1);
        let copied = s.reduction() > 0 && (padded || (reused && !in_rows && (window > 1 || s.batch > 1)));
        s.layout = copied.then(Layout::default);
    }

    /// Cuts long reductions and large blocks so that there are enough tasks.
    fn divide(s: &mut Schedule) {
        let wanted = ((flop(s) / TASK_FLOP) as usize).clamp(1, TASKS);
        let product = s.positions() == 1;
        if product {
            Self::cut_blocks(s, wanted.min(TASKS / 4));
        }
        if s.blocks() < wanted.min(TASKS / 4) {
            let accumulator = s.groups * s.batch * s.positions() * s.columns * size_of::<T>();
            let most = (s.reduction() / SPLIT_DEPTH).min(PARTIAL_BYTES / accumulator.max(1)).min(s.chunks());
            let splits = (wanted / s.blocks()).min(most);
            s.splits = if splits > 1 { 1 << splits.ilog2() } else { 1 };
        }
        if !product {
            Self::cut_blocks(s, wanted.min(TASKS / 4));
        }
        if s.layout.is_some() {
            let [h, w] = s.piece.space;
            let (height, width) = (h.span(s.height_block, s.window_chunk), w.span(w.output, w.window));
            let (layout, len) = Layout::new(s.batch_inner, s.batch_block, s.feature_chunk, [height, width], w.dilation);
            (s.layout, s.box_len) = (Some(layout), len);
        }
    }

    /// Makes blocks smaller, down to some tiles, until there are `wanted` tasks.
    fn cut_blocks(s: &mut Schedule, wanted: usize) {
        while s.blocks() * s.splits < wanted {
            if s.block_rows() >= 16 * ROWS && s.batch_block > 1 {
                s.batch_block = even(s.batch, s.batch_block / 2);
            } else if s.block_rows() >= 16 * ROWS && s.height_block > 1 {
                s.height_block = even(s.piece.space[0].output, s.height_block / 2);
            } else if s.column_block >= 8 * s.panel {
                s.column_block = (s.column_block / 2).next_multiple_of(s.panel);
            } else {
                break;
            }
        }
    }

    /// Places the packed operand, the accumulators and the tasks.
    fn reserve(&mut self, s: &mut Schedule) {
        s.first = self.tasks;
        // Every part starts at a cache line.
        s.box_len = s.box_len.next_multiple_of(LINE);
        self.shared = self.shared.next_multiple_of(LINE);
        let mut local = s.box_len;
        if s.splits == 1 && s.row_blocks() > 1 {
            s.packed = Some(self.shared);
            self.shared += s.groups * s.reduction() * s.padded(s.columns);
            self.tasks[0] += s.groups * s.chunks() * s.pack_groups();
        } else {
            local += s.depth * s.padded(s.column_block);
        }
        if s.splits > 1 {
            self.shared = self.shared.next_multiple_of(LINE);
            s.partial = self.shared;
            self.shared += s.splits * s.blocks() * s.partial_block();
            self.tasks[2] += s.blocks() * s.finish_parts();
        }
        self.tasks[1] += s.splits * s.blocks();
        self.local = self.local.max(local);
        let columns = s.piece.space[1].output;
        let index = 2 * s.block_rows() + 3 * s.batch_block + columns + 2 * s.feature_chunk + 2 * s.chunk_depth();
        self.index = self.index.max(index);
    }
}

/// `[groups] rows x reduced x columns`, and what shapes the work beside them.
impl<T: Element> std::fmt::Display for Plan<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(w) = &self.winograd {
            if let Some(addend) = &self.addend {
                write!(f, "{addend} and ")?;
            }
            w.fmt(f)?;
            return self.beside.as_ref().map_or(Ok(()), |b| write!(f, " beside {}", b.plan));
        }
        let Some(s) = self.schedules.first() else { return f.write_str("contract nothing") };
        let [h, w] = s.piece.space;
        f.write_str("contract ")?;
        if s.groups > 1 {
            write!(f, "[{}] ", s.groups)?;
        }
        let windows = h.window * w.window;
        write!(f, "{}x{}x{}", s.batch * s.positions(), s.features * windows, s.columns)?;
        if windows > 1 && s.positions() > 1 {
            write!(f, ", window {}x{}", h.window, w.window)?;
        }
        if self.schedules.len() > 1 {
            write!(f, ", {} phases", self.schedules.len())?;
        }
        if s.splits > 1 {
            write!(f, ", {} parts", s.splits)?;
        }
        Ok(())
    }
}

fn flop(s: &Schedule) -> f64 {
    2.0 * s.groups as f64 * s.batch as f64 * s.positions() as f64 * s.columns as f64 * s.reduction() as f64
}
