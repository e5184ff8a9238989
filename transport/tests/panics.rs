//! A panic of any thread ends the process. The tests run themselves again as another process.
#![expect(clippy::expect_used, reason = "a test may panic")]

use std::process::{Command, Output};

const VARIABLE: &str = "PAPO_TEST_OF_PANICS";

/// Runs the test `name` in another process, in which [`is_other_process`] is true.
fn run(name: &str) -> Output {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", name, "--nocapture"]).env(VARIABLE, "1");
    command.output().expect("the program runs")
}

fn is_other_process() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

#[test]
fn a_panic_of_a_thread_ends_the_process_with_its_message() {
    if is_other_process() {
        transport::panics::end_process();
        let _panicked = std::thread::spawn(|| panic!("a bug in a thread")).join();
        std::process::exit(0);
    }
    let output = run("a_panic_of_a_thread_ends_the_process_with_its_message");
    assert!(!output.status.success());
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("a bug in a thread"), "{log}");
}

#[test]
fn a_caught_panic_does_not_end_the_process() {
    if is_other_process() {
        transport::panics::end_process();
        assert!(transport::panics::catch(|| panic!("a bug in a job")).is_err());
        return;
    }
    let output = run("a_caught_panic_does_not_end_the_process");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
