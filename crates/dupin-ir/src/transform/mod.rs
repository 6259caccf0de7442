//! Graph transforms. Each appends to the builder's graph and returns value ids; none names a primitive, but `simplify`.
//!
//! | transform | from | to |
//! |---|---|---|
//! | [`jvp`] | outputs and tangents of chosen values | tangents of the outputs |
//! | [`linearize`] | outputs and chosen values | the tangent map, as graph inputs and outputs |
//! | [`linear_transpose`] | a linear map | its transpose |
//! | [`vjp`] | outputs and their cotangents | cotangents of chosen values |
//! | [`second_order`] | outputs, their cotangents and tangents of chosen values | the second derivative along them, weighted |
//! | [`batch`] | chosen values with a new leading axis | the outputs with that axis |
//! | [`substitute`] | chosen values replaced | the outputs at the replacements |
//! | [`stage`] | outputs and the values that vary | what to compute once, and the rest |

mod batch;
mod jvp;
mod second_order;
pub(crate) mod simplify;
mod stage;
mod substitute;
mod vjp;

pub use batch::{batch, batch_all};
pub use jvp::{Linear, jvp, linearize};
pub use second_order::second_order;
pub use stage::{Staged, stage};
pub use substitute::substitute;
pub use vjp::{linear_transpose, vjp};
