//! The plan of a run: the faults in random order. Each round has every kind of fault once.

use testkit::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    KillFollower,
    KillLeader,
    KillEtcdLeader,
    /// The leading node and the etcd server on its machine.
    KillMachine,
    FreezeLeader,
    CutNode,
    CutMachine,
    FullDisk,
    SlowDisk,
    ClockJump,
    RollingRestart,
    LostFolder,
    LostEtcdDisk,
}

impl Fault {
    pub(super) const ALL: [Self; 13] = [
        Self::KillFollower,
        Self::KillLeader,
        Self::KillEtcdLeader,
        Self::KillMachine,
        Self::FreezeLeader,
        Self::CutNode,
        Self::CutMachine,
        Self::FullDisk,
        Self::SlowDisk,
        Self::ClockJump,
        Self::RollingRestart,
        Self::LostFolder,
        Self::LostEtcdDisk,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::KillFollower => "kill of a follower",
            Self::KillLeader => "kill of the leader",
            Self::KillEtcdLeader => "kill of the etcd leader",
            Self::KillMachine => "kill of a machine",
            Self::FreezeLeader => "freeze of the leader",
            Self::CutNode => "cut of a node",
            Self::CutMachine => "cut of a machine",
            Self::FullDisk => "full disk",
            Self::SlowDisk => "slow disk",
            Self::ClockJump => "clock jumps",
            Self::RollingRestart => "rolling restart",
            Self::LostFolder => "lost data folder",
            Self::LostEtcdDisk => "lost disk of etcd",
        }
    }
}

/// A fault, and the machine that it hits if the kind of fault does not determine it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) fault: Fault,
    /// The machine counted from that of the leading node, which half of the faults hit.
    pub(super) from_leader: usize,
}

/// An endless sequence of steps. The same seed gives the same sequence.
pub(super) struct Plan {
    rng: Rng,
    /// The kinds to choose from.
    kinds: Vec<Fault>,
    round: Vec<Fault>,
}

impl Plan {
    /// `only` is a part of the names of the kinds to use; an empty text selects all kinds.
    pub(super) fn draw(seed: u64, only: &str) -> Self {
        let kinds: Vec<_> = Fault::ALL.into_iter().filter(|fault| fault.name().contains(only)).collect();
        assert!(!kinds.is_empty(), "no kind of fault contains {only:?}");
        Self { rng: Rng::new(seed), kinds, round: Vec::new() }
    }

    pub(super) fn next_step(&mut self) -> Step {
        if self.round.is_empty() {
            self.round.clone_from(&self.kinds);
        }
        let fault = self.round.swap_remove(self.rng.index(self.round.len()));
        Step { fault, from_leader: self.rng.pick(&[0, 0, 1, 2]) }
    }
}

#[test]
fn a_seed_draws_the_same_steps_every_time_and_a_round_has_every_kind() {
    let round = |seed| {
        let mut plan = Plan::draw(seed, "");
        Fault::ALL.map(|_| plan.next_step())
    };
    assert_eq!(round(4711), round(4711));
    assert_ne!(round(4711), round(4712));
    let mut kinds = round(4711).map(|step| step.fault);
    kinds.sort();
    assert_eq!(kinds, Fault::ALL);
}
