//! Hessian, Gauss-Newton and nonlinear modeling error of a network as operators over any executor.
