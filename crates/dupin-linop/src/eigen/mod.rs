//! Eigenpairs: both ends of a large operator's spectrum, and all of a small one's.

mod dense;
pub(crate) mod krylov;
mod lanczos;
mod lobpcg;

pub use dense::eigenvalues;
pub use krylov::LanczosState;
pub use lanczos::{Eigenpairs, Lanczos, LanczosParams, Which, lanczos};
pub use lobpcg::{LobpcgParams, lobpcg, lobpcg_with};
