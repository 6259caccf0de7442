//! Typed tensor graph: primitives with all their rules, transforms, reference evaluator and the Executor trait.
