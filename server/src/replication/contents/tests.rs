//! Two nodes exchange contents in memory.

use common::ContentHash;

use super::fetches::{Fetches, Waiter};
use super::{Action, PART_BYTES_MAX};
use crate::replication::link::Header;
use crate::services::files::copies::Content;
use crate::services::files::{Failure, Outcome};

const BYTES: u64 = 5 * PART_BYTES_MAX as u64 + 7;
const CONTENT: Content = Content { sha256: ContentHash([1; 32]), bytes: BYTES };

/// Carries out the actions of `fetches`, whose peers are n2 (which has no content) and n3 (which has it).
/// Returns the answers and messages for others, and the parts that were requested of each node.
fn run(fetches: &mut Fetches, silent: &str) -> (Vec<Action>, Vec<(String, u64, u64)>) {
    let nodes = ["n2", "n3"].map(str::to_owned);
    let (mut others, mut requests, mut now_ms, mut stored) = (Vec::new(), Vec::new(), 0, 0);
    loop {
        fetches.step(&nodes, now_ms);
        let actions = fetches.take_actions();
        if actions.is_empty() {
            if now_ms > 10_000 {
                return (others, requests);
            }
            now_ms += 500;
        }
        for action in actions {
            match action {
                Action::Check(content) => fetches.checked(content, false, &nodes, now_ms),
                Action::Send { to, header: Header::Fetch { sha256, offset, length, .. } } => {
                    requests.push((to.clone(), offset, length));
                    let bytes = (to == "n3").then(|| vec![b'x'; usize::try_from(length).unwrap()]);
                    if to != silent {
                        fetches.part(&to, &sha256, offset, bytes, &nodes, now_ms);
                    }
                }
                Action::Append { sha256, offset, bytes } => {
                    assert_eq!(offset, stored, "parts are in order");
                    stored += bytes.len() as u64;
                    fetches.appended(&sha256, Some(stored), now_ms);
                }
                Action::Finish(content) => fetches.finished(content, Some(true), &nodes, now_ms),
                other @ (Action::Send { .. } | Action::Answer(..)) => others.push(other),
            }
        }
    }
}

#[test]
fn a_content_is_received_from_the_node_that_has_it() {
    for silent in ["", "n2"] {
        let mut fetches = Fetches::new("n1".to_owned());
        fetches.want_for(CONTENT, Waiter::Request(7));
        fetches.want_for(CONTENT, Waiter::Request(8));
        let (answers, requests) = run(&mut fetches, silent);
        assert_eq!(answers, [7, 8].map(|ticket| Action::Answer(ticket, Outcome::Finished)), "{silent}");
        let from_n3: Vec<_> = requests.iter().filter(|(to, ..)| to == "n3").collect();
        assert_eq!(from_n3.len(), 6);
        assert_eq!(from_n3.iter().map(|(.., length)| length).sum::<u64>(), BYTES);
        assert!(fetches.is_empty());
    }
}

#[test]
fn at_most_a_window_is_requested_at_once() {
    let nodes = ["n3".to_owned()];
    let mut fetches = Fetches::new("n1".to_owned());
    fetches.want(CONTENT);
    fetches.step(&nodes, 0);
    fetches.checked(CONTENT, false, &nodes, 0);
    let requests = fetches.take_actions().len() - 1;
    assert_eq!(requests, 4);
    let part = || Some(vec![0; PART_BYTES_MAX]);
    fetches.part("n2", &CONTENT.sha256, 0, part(), &nodes, 0);
    fetches.part("n3", &CONTENT.sha256, 1, part(), &nodes, 0);
    fetches.part("n3", &CONTENT.sha256, 0, Some(vec![0; PART_BYTES_MAX + 1]), &nodes, 0);
    assert!(fetches.take_actions().is_empty(), "of another node, not the next part, too large");
    for part_number in 0..5 {
        fetches.part("n3", &CONTENT.sha256, part_number * PART_BYTES_MAX as u64, part(), &nodes, 0);
    }
    let appends = fetches.take_actions().len();
    assert_eq!(appends, 4, "the fifth part was not requested");
}

#[test]
fn a_content_that_no_node_has_is_refused_and_requested_again_if_the_log_names_it() {
    let mut fetches = Fetches::new("n1".to_owned());
    fetches.want_for(CONTENT, Waiter::Request(7));
    let (answers, _) = run(&mut fetches, "n3");
    assert_eq!(answers, [Action::Answer(7, Outcome::Failed(Failure::NotFound))]);
    assert!(fetches.is_empty());
    fetches.want(CONTENT);
    let (answers, _) = run(&mut fetches, "n3");
    assert!(answers.is_empty() && fetches.len() == 1);
    fetches.step(&[], 100_000);
    assert_eq!(fetches.take_actions(), [Action::Check(CONTENT)]);
}

#[test]
fn the_leader_learns_that_its_content_is_kept_and_is_asked_first() {
    let mut fetches = Fetches::new("n1".to_owned());
    fetches.want_for(CONTENT, Waiter::Node("n3".to_owned()));
    let (messages, requests) = run(&mut fetches, "");
    let header = Header::Kept { from: "n1".to_owned(), sha256: CONTENT.sha256 };
    assert_eq!(messages, [Action::Send { to: "n3".to_owned(), header }]);
    assert!(requests.iter().all(|(to, ..)| to == "n3"));
}

#[test]
fn contents_with_a_waiter_come_first_and_few_are_received_in_the_background() {
    let mut fetches = Fetches::new("n1".to_owned());
    let content = |number: u8| Content { sha256: ContentHash([number; 32]), bytes: 1 };
    (0..9).for_each(|number| fetches.want(content(number)));
    (7..9).for_each(|number| fetches.want_for(content(number), Waiter::Request(u64::from(number))));
    fetches.step(&[], 0);
    assert_eq!(fetches.take_actions(), [7, 8, 0, 1].map(|number| Action::Check(content(number))));
}
