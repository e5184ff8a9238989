//! Passes the folders of libsodium to the crate. Cargo gives them only to build scripts of direct dependents.

#![expect(clippy::expect_used, reason = "a build script reports an error by a panic")]

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for (variable, metadata) in [("SODIUM_INCLUDE", "DEP_SODIUM_INCLUDE"), ("SODIUM_LIB", "DEP_SODIUM_LIB")] {
        let folder = env::var(metadata).expect("libsodium-sys-stable sets its folders");
        println!("cargo:rustc-env={variable}={folder}");
    }
}
