use super::*;

fn head(record: u64) -> Head {
    Head { record, chain: "0".repeat(64) }
}

fn standing(term: u64, leader: &str, record: u64) -> Standing {
    let node = |name: &str| Node { name: name.into(), link: String::new(), clients: String::new() };
    let nodes = ["n1", "n2", "n3"].map(node).to_vec();
    Standing { term, leader: leader.to_owned(), head: head(record), nodes }
}

#[test]
fn a_leader_gets_requests_after_its_first_heartbeat() {
    let mut election = Election::new("n1".to_owned(), 0);
    election.answered(0, standing(7, "n2", 0), 0);
    assert_eq!(election.leader_for_requests(), None, "it may still write records to its disk");
    election.heard(7, "n2", true, 1);
    assert_eq!(election.leader_for_requests(), Some((7, "n2")));
    election.answered(2, standing(8, "n3", 0), 2);
    assert_eq!(election.leader_for_requests(), None);
    election.heard(8, "n3", true, 3);
    assert_eq!(election.leader_for_requests(), Some((8, "n3")));
}

/// The first time at which `name` suspects the leader of term 7, which it heard last at 10,000.
fn suspects_at(name: &str, leader: &str) -> u64 {
    let mut election = Election::new(name.to_owned(), 0);
    election.answered(9_990, standing(7, leader, 0), 10_000);
    election.heard(7, leader, true, 10_000);
    (10_000..13_000)
        .find(|now| {
            election.answered(*now, standing(7, leader, 0), *now);
            election.suspects(*now) == Some(7)
        })
        .expect("a time")
}

#[test]
fn the_nodes_suspect_a_silent_leader_one_after_the_other() {
    assert_eq!(["n2", "n3"].map(|name| suspects_at(name, "n1")), [10_600, 10_750]);
    assert_eq!(["n1", "n2"].map(|name| suspects_at(name, "n3")), [10_600, 10_750]);
}

#[test]
fn a_node_takes_over_only_while_the_shared_log_answers_and_not_at_once_after_its_start() {
    let mut election = Election::new("n1".to_owned(), 0);
    election.answered(0, standing(7, "n2", 0), 0);
    assert_eq!(election.suspects(900), None, "it has just started");
    assert_eq!(election.suspects(3_000), None, "the answer is old");
    election.answered(3_000, standing(7, "n2", 0), 3_000);
    assert_eq!(election.suspects(3_000), Some(7));
    let mut alone = Election::new("n1".to_owned(), 0);
    alone.answered(0, standing(1, "", 0), 0);
    assert_eq!((alone.suspects(599), alone.suspects(600)), (None, Some(1)), "no node leads");
}

#[test]
fn a_leader_without_answers_loses_its_lead_to_a_node_with_answers_only() {
    // The shared log answers this node until `down` and again after `up`, and the leader until 13,000.
    let suspects_at = |down: u64, up: u64| {
        let mut election = Election::new("n2".to_owned(), 0);
        (10_000..20_000).find(|now| {
            if now % 250 == 0 && !(down..up).contains(now) {
                election.answered(*now, standing(7, "n1", 0), *now);
            }
            if now % HEARTBEAT_MS == 0 {
                election.heard(7, "n1", *now < 13_000, *now);
            }
            election.suspects(*now) == Some(7)
        })
    };
    assert_eq!(suspects_at(20_000, 20_000), Some(13_500), "600 ms after the last heartbeat with answers");
    assert_eq!(suspects_at(12_000, 14_000), Some(15_450), "STEADY_MS later");
    assert_eq!(suspects_at(12_000, 20_000), None, "no node could take over");
}

#[test]
fn an_answer_may_be_newer_than_the_time_of_the_step() {
    let mut election = Election::new("n1".to_owned(), 1_000);
    election.answered(2_005, standing(7, "n2", 0), 2_000);
    election.stored(0);
    assert!(election.has_answer(2_000) && !election.is_cut_off(2_000));
    assert_eq!(election.suspects(2_000), None);
}

#[test]
fn a_node_is_fresh_when_its_disk_has_the_records_of_an_answer() {
    let mut election = Election::new("n1".to_owned(), 0);
    assert!(election.is_cut_off(0), "it does not know the log yet");
    election.answered(100, standing(7, "n2", 5), 110);
    election.stored(4);
    assert!(election.is_cut_off(110), "record 5 is missing");
    election.stored(5);
    assert!(!election.is_cut_off(1_899) && election.is_cut_off(1_900));
}

#[test]
fn nodes_that_do_not_hear_each_other_take_over_less_and_less_often() {
    let mut election = Election::new("n1".to_owned(), 0);
    let mut now = 100_000;
    let waits: Vec<u64> = (0..4)
        .map(|round| {
            let term = 7 + 2 * round;
            election.won(term, head(0), now);
            election.phase = Phase::Leading { term };
            assert!(election.heard(term + 1, "n2", true, now), "deposed");
            election.follow(now);
            let lost = now;
            while election.suspects(now).is_none() {
                now += 50;
                election.answered(now, standing(term + 1, "n2", 0), now);
            }
            now - lost
        })
        .collect();
    assert_eq!(waits, [600, 1_600, 2_600, 4_600]);
}

#[test]
fn a_full_log_is_known_until_a_node_leads() {
    let mut election = Election::new("n1".to_owned(), 0);
    election.failed(true, 10);
    assert!(election.is_full() && election.phase == Phase::Following);
    election.answered(20, standing(7, "n2", 0), 20);
    assert!(!election.is_full());
    election.failed(true, 30);
    election.won(8, head(0), 30);
    assert!(!election.is_full());
}

#[test]
fn a_takeover_whose_answer_is_older_than_the_next_takeover_is_lost() {
    let mut election = Election::new("n1".to_owned(), 0);
    election.phase = Phase::Candidate;
    assert!(!election.heard(9, "n2", true, 10));
    election.won(8, head(0), 20);
    assert_eq!((&election.phase, election.other_leader()), (&Phase::Following, Some((9, "n2"))));
}

#[test]
fn a_newer_term_deposes_the_leader_and_an_older_one_does_not() {
    let mut election = Election::new("n1".to_owned(), 0);
    election.won(7, head(0), 0);
    election.phase = Phase::Leading { term: 7 };
    assert!(!election.heard(6, "n2", true, 10) && !election.answered(10, standing(7, "n1", 0), 10));
    assert!(election.heard(8, "n2", true, 20));
    assert_eq!(election.other_leader(), Some((8, "n2")));
}

#[test]
fn a_node_that_won_leads_with_the_whole_log_and_follows_when_another_node_has_written() {
    let won = || {
        let mut election = Election::new("n1".to_owned(), 0);
        election.won(7, head(20), 0);
        election
    };
    assert_eq!(won().term_to_lead(&head(19), 1), Ok(None));
    assert_eq!(won().term_to_lead(&head(20), 1), Ok(Some(7)));
    let other = Head { record: 20, chain: "1".repeat(64) };
    assert_eq!(won().term_to_lead(&other, 1), Err(Differs(other)));
    let mut deposed = won();
    assert_eq!(deposed.term_to_lead(&head(21), 1), Ok(None));
    assert_eq!(deposed.phase, Phase::Following);
}
