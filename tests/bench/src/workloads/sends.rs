//! Acknowledged sends on 16 connections with 64 in flight each: papo with subscribers, Redis and JetStream.

use anyhow::Result;

use super::{CONNECTIONS, Setup, WINDOW, add_if_measured};
use crate::competitors;
use crate::figures::{Figure, Results};
use crate::load::{self, Rates};
use crate::papo::{Encryption, Node, Session};

/// The figures of papo with this number of subscribers: lines per frame, acknowledged, delivered.
fn figures(encryption: Encryption, subscribers: usize) -> [(usize, Figure, Option<Figure>); 2] {
    match (encryption, subscribers) {
        (Encryption::Curve, 0..10) => [(1, Figure::CurveSingle, None), (WINDOW, Figure::CurveBatched, None)],
        (Encryption::Curve, _) => [
            (1, Figure::CurveSingleTo10, Some(Figure::CurveFanSingle10)),
            (WINDOW, Figure::CurveBatchedTo10, Some(Figure::CurveFanBatched10)),
        ],
        (Encryption::Plain, 0..10) => [(1, Figure::SendSingle, None), (WINDOW, Figure::SendBatched, None)],
        (Encryption::Plain, 10..100) => [
            (1, Figure::SendSingleTo10, Some(Figure::FanSingle10)),
            (WINDOW, Figure::SendBatchedTo10, Some(Figure::FanBatched10)),
        ],
        (Encryption::Plain, _) => [
            (1, Figure::SendSingleTo100, Some(Figure::FanSingle100)),
            (WINDOW, Figure::SendBatchedTo100, Some(Figure::FanBatched100)),
        ],
    }
}

/// papo acknowledges a message when it is durable, and every subscriber receives every message.
pub(super) fn papo(
    setup: &mut Setup,
    results: &mut Results,
    encryption: Encryption,
    subscribers: usize,
) -> Result<()> {
    for (frame_lines_max, acknowledged, delivered) in figures(encryption, subscribers) {
        let rates = one_node(setup, encryption, subscribers, frame_lines_max)?;
        results.add(acknowledged, rates.acknowledged);
        if let Some(delivered) = delivered {
            results.add(delivered, rates.delivered);
        }
    }
    Ok(())
}

fn one_node(
    setup: &mut Setup,
    encryption: Encryption,
    subscribers: usize,
    frame_lines_max: usize,
) -> Result<Rates> {
    let folder = setup.new_folder()?;
    let node = Node::start_with(&setup.papo, folder.path(), encryption)?;
    let session = Session::open(&node)?;
    let senders = (0..CONNECTIONS).map(|_| session.sender(&mut setup.rng, frame_lines_max));
    let mut senders = senders.collect::<Result<Vec<_>>>()?;
    let mut receivers = (0..subscribers).map(|_| session.subscriber()).collect::<Result<Vec<_>>>()?;
    load::run(setup.plan(), &mut senders, &mut receivers)
}

pub(super) fn redis_append(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    let rates = competitors::redis_append(setup.plan(), folder.path(), &setup.text(), CONNECTIONS)?;
    add_if_measured(results, Figure::RedisAppend, rates.map(|rates| rates.acknowledged));
    Ok(())
}

pub(super) fn jet_stream(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    let rates = competitors::jet_stream(setup.plan(), folder.path(), &setup.text(), CONNECTIONS)?;
    add_if_measured(results, Figure::JetStream, rates.map(|rates| rates.acknowledged));
    Ok(())
}
