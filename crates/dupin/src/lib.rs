//! Split the loss Hessian of a neural network into Gauss-Newton and nonlinear modeling error; train with regularizers on either.
