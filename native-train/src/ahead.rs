//! Work that is done ahead of its use, on a thread of its own.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use anyhow::Result;

/// Results that wait for whoever takes them.
const AHEAD: usize = 3;

/// What `make` gives for the steps from `first` up to `last`, made ahead on a thread of `scope` until
/// the receiver is dropped or one fails.
pub fn ahead<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    first: u64,
    last: u64,
    make: impl Fn(u64) -> Result<T> + Send + 'scope,
) -> Receiver<Result<T>> {
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        for step in first..last {
            let made = make(step);
            let failed = made.is_err();
            if sender.send(made).is_err() || failed {
                return;
            }
        }
    });
    receiver
}
