//! The executor against the reference evaluator.

use dupin_cpu::Cpu;

#[test]
fn the_executor_contract_holds() {
    for threads in [1, 2] {
        let checked = dupin_ir::contract::check_executor(&Cpu::new(Some(threads)).unwrap()).unwrap();
        assert!(checked > 200, "{checked}");
    }
}
