//! Records the session of one client with all its inputs and effects, for the tests of the JavaScript core in
//! `web/`.

use serde_json::json;
use session::recorder::Recorder;
use testkit::Rng;

use crate::plan::Plan;
use crate::world::{Failure, World};

/// The recorded client of a run.
pub(crate) struct Recorded {
    pub(crate) client: usize,
    pub(crate) has_websocket: bool,
    pub(crate) recorder: Recorder,
}

/// Runs one seed, and returns the recording of one of its clients as lines of JSON. The lines also name the
/// faults that affect the client.
///
/// # Errors
///
/// The first violation.
pub fn record(seed: u64) -> Result<String, Box<Failure>> {
    let mut rng = Rng::new(seed);
    let plan = Plan::draw_recorded(seed, &mut rng);
    let recorder = Recorder::default();
    let mut world = World::new(rng, plan, None);
    let (client, has_websocket) = (world.rng.index(plan.clients), world.rng.per_mille(500));
    recorder
        .write(&json!({ "trace": 1, "seed": seed, "user": world.users[client], "websocket": has_websocket }));
    world.recorded = Some(Recorded { client, has_websocket, recorder: recorder.clone() });
    world.report(seed)?;
    Ok(recorder.lines())
}

impl World {
    /// Counts a fault. `client` is the affected client; `None` means that the fault affects all clients.
    pub(crate) fn count_fault(&mut self, name: &'static str, client: Option<usize>) {
        self.counters.fault(name);
        if let Some(recorded) = &self.recorded
            && client.is_none_or(|client| client == recorded.client)
        {
            recorded.recorder.write(&json!({ "fault": name, "at": self.schedule.now_ms }));
        }
    }
}
