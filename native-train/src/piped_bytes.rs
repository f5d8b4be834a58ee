//! A child's output as bytes that come in time or not at all.

use std::io::{ErrorKind, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::ffmpeg_program::{Waited, wait_for};

/// A pipe holds as much.
const BYTES_A_PIECE: usize = 64 << 10;
/// Pieces that wait; then the child waits.
const PIECES: usize = 16;

/// A pipe that is read on a thread of its own.
#[derive(Debug)]
pub(crate) struct PipedBytes {
    pieces: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    /// Bytes of `piece` that were taken.
    taken: usize,
    patience_s: u32,
}

impl PipedBytes {
    /// Begins to read; each wait for more takes at most `patience_s` seconds.
    pub(crate) fn new(pipe: impl Read + Send + 'static, patience_s: u32) -> Self {
        let (sender, pieces) = sync_channel(PIECES);
        std::thread::spawn(move || pump(pipe, &sender));
        Self {
            pieces,
            piece: Vec::new(),
            taken: 0,
            patience_s,
        }
    }

    /// Waits until a byte is there that was not taken.
    pub(crate) fn wait(&mut self) -> Waited<()> {
        if self.taken < self.piece.len() {
            return Waited::Got(());
        }
        match wait_for(&self.pieces, self.patience_s) {
            Waited::Got(piece) => {
                (self.piece, self.taken) = (piece, 0);
                Waited::Got(())
            }
            Waited::Closed => Waited::Closed,
            Waited::Silent => Waited::Silent,
        }
    }

    /// Takes exactly so many bytes.
    pub(crate) fn take(&mut self, count: usize) -> Waited<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            match self.wait() {
                Waited::Got(()) => {}
                Waited::Closed => return Waited::Closed,
                Waited::Silent => return Waited::Silent,
            }
            let there = self.piece.get(self.taken..).unwrap_or(&[]);
            let some = there.get(..count - bytes.len()).unwrap_or(there);
            bytes.extend_from_slice(some);
            self.taken += some.len();
        }
        Waited::Got(bytes)
    }
}

/// Reads to the end, or until nobody takes the bytes any more.
fn pump(mut pipe: impl Read, sender: &SyncSender<Vec<u8>>) {
    loop {
        let mut piece = vec![0; BYTES_A_PIECE];
        match pipe.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => piece.truncate(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        if sender.send(piece).is_err() {
            return;
        }
    }
}
