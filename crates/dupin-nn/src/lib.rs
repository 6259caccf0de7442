//! Layers, activations, losses, models, parameter layout and initialisation as graph builders.
