//! Sharpness-regularized objectives, optimizers, schedules, the training loop and checkpoints.
