//! Tests of a running server. They act as its broker and its proxy.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

mod bundles;
mod proxy_wait;

use std::path::Path;

use server::Config;
use server::maintenance::backup::node::BackupConfig;
use server::services::files::FileLimits;
use server::services::limiters::rates::UserLimits;
use server::services::registration::Mode;
use transport::shutdown::Shutdown;

const BROKER: &str = "inproc://broker";
const PROXY: &str = "inproc://proxy";

fn config(data: &Path) -> Config {
    Config {
        broker: BROKER.to_owned(),
        proxy: PROXY.to_owned(),
        advertise: "tcp://127.0.0.1:5556".to_owned(),
        control: "tcp://127.0.0.1:0".to_owned(),
        data: data.to_owned(),
        limits: UserLimits::default(),
        files: FileLimits::default(),
        auth_secret: None,
        registration: Mode::Open,
        backups: BackupConfig::default(),
        cluster: None,
    }
}

/// Stops the server when the test ends, even if the test fails.
struct RequestOnDrop<'a>(&'a Shutdown);

impl Drop for RequestOnDrop<'_> {
    fn drop(&mut self) {
        self.0.request();
    }
}
