//! Symmetric operators known by their products: trace, eigenvalue and density estimators with error bars.
