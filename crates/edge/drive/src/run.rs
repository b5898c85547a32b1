//! Runs a rollout to its end.

use std::future::Future;

use futures_util::{StreamExt, stream::FuturesUnordered};
use stackfleet_rollout::{Event, Input, Outcome, Output, Rollout, Step};
use tokio::{
    sync::mpsc::UnboundedSender,
    time::{Instant, sleep_until},
};

use crate::clock::Clock;

/// Runs a rollout to its end and returns it.
///
/// `perform` carries out one step. `cancel` completes when somebody wants it to stop: nothing more is begun then, and
/// what is in flight is waited for. Events go to `events`; that nobody listens any more does not matter.
pub async fn run<Perform, Performed>(
    mut rollout: Rollout,
    perform: Perform,
    clock: Clock,
    events: UnboundedSender<Event>,
    cancel: impl Future<Output = ()>,
) -> Rollout
where
    Perform: Fn(Step) -> Performed,
    Performed: Future<Output = Outcome>,
{
    let mut in_flight = FuturesUnordered::new();
    let mut cancelled = false;
    let mut cancel = std::pin::pin!(cancel);
    loop {
        while let Some(output) = rollout.poll_output() {
            match output {
                Output::Step(step) => {
                    let number = step.number;
                    let performed = perform(step);
                    in_flight.push(async move { (number, performed.await) });
                }
                // A consumer that went away must not stop a rollout.
                Output::Event(event) => drop(events.send(event)),
            }
        }
        if rollout.is_finished() {
            return rollout;
        }
        let timeout = rollout.poll_timeout().map(|at| clock.instant(at));
        assert!(timeout.is_some() || !in_flight.is_empty(), "BUG: the rollout waits for nothing and is not finished");
        tokio::select! {
            Some((number, outcome)) = in_flight.next(), if !in_flight.is_empty() => {
                rollout.handle(Input::Answer { number, outcome }, clock.now());
            }
            () = sleep_until(timeout.unwrap_or_else(Instant::now)), if timeout.is_some() => {
                rollout.handle(Input::Tick, clock.now());
            }
            () = &mut cancel, if !cancelled => {
                cancelled = true;
                rollout.handle(Input::Cancel, clock.now());
            }
        }
    }
}
