//! Data sets: embedded, IDX files; decoded and batched with weights in a fixed order.
