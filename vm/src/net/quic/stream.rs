//! Frames over the streams of one connection: one long-lived bidirectional stream a channel.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use quinn::{ConnectionError, ReadError, RecvStream, SendStream};
use tokio::sync::mpsc::UnboundedReceiver;

use super::CLOSE_DONE;
use super::buffer::{Buffer, Pool};
use crate::net::frame::{Channel, Frame, HEADER, Header};
use crate::net::hub::{Fault, Hub};

/// What goes to a writer.
pub(super) enum Item {
    Frame(Frame),
    /// Nothing more: the stream ends after what was queued.
    End,
}

/// Payloads up to this many bytes are copied behind their header, so that a burst of small messages is one chunk.
const SMALL: usize = 4096;

/// Bytes gathered before they are handed to the transport.
const BURST: usize = 1 << 18;

/// Bytes allocated for a payload before any of it has arrived.
const FIRST_ALLOCATION: usize = 64 << 20;

/// Chunks taken from a stream at once.
const CHUNKS: usize = 32;

/// Sends what is queued until the end, then waits until the peer has it all. Returns early when the connection is
/// gone: whoever watches it says so.
pub(super) async fn write(mut stream: SendStream, mut queue: UnboundedReceiver<Item>) {
    let mut burst = Burst::default();
    let mut open = true;
    while open {
        open = match queue.recv().await {
            Some(item) => burst.add(item),
            None => false,
        };
        while open && burst.bytes < BURST {
            match queue.try_recv() {
                Ok(item) => open = burst.add(item),
                Err(_) => break,
            }
        }
        if stream.write_all_chunks(&mut burst.take()).await.is_err() {
            return;
        }
    }
    if stream.finish().is_ok() {
        // An error says that the connection is gone, which is no news to its watcher.
        let _ = stream.stopped().await;
    }
}

/// Frames on their way, as chunks that share the payloads' memory.
#[derive(Default)]
struct Burst {
    chunks: Vec<Bytes>,
    small: BytesMut,
    bytes: usize,
}

impl Burst {
    /// Adds an item; false at the end.
    fn add(&mut self, item: Item) -> bool {
        let Item::Frame(Frame { header, payload }) = item else { return false };
        self.bytes += HEADER + payload.len();
        self.small.extend_from_slice(&header.encode());
        if payload.len() <= SMALL {
            self.small.extend_from_slice(&payload);
        } else {
            self.chunks.push(self.small.split().freeze());
            self.chunks.push(payload);
        }
        true
    }

    fn take(&mut self) -> Vec<Bytes> {
        if !self.small.is_empty() {
            self.chunks.push(self.small.split().freeze());
        }
        self.bytes = 0;
        std::mem::take(&mut self.chunks)
    }
}

/// Why no more frames come from a stream.
enum Stop {
    /// The peer has finished its program.
    Ended,
    /// The connection is gone: its watcher knows why.
    Gone,
    /// The peer sent what no correct player sends.
    Malformed(String),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Stop {
        match error {
            ReadError::ConnectionLost(ConnectionError::ApplicationClosed(close))
                if close.error_code == CLOSE_DONE.into() =>
            {
                Stop::Ended
            }
            ReadError::ConnectionLost(_) => Stop::Gone,
            ReadError::Reset(code) => Stop::Malformed(format!("it reset a stream (code {code})")),
            ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected => Stop::Gone,
        }
    }
}

/// Gives the frames of a stream to the hub until it ends.
pub(super) async fn read(hub: Arc<Hub>, peer: usize, channel: Channel, stream: RecvStream, pool: Pool) {
    let mut intake = Intake { stream, pool, chunks: Default::default(), at: 0, full: 0 };
    loop {
        match intake.frame(channel).await {
            Ok(frame) => hub.push(peer, channel, frame),
            Err(Stop::Ended) => return hub.end(peer, channel),
            Err(Stop::Gone) => return,
            Err(Stop::Malformed(reason)) => return hub.fail(Fault::Malformed { peer, reason }),
        }
    }
}

/// A stream and the chunks that were taken from it.
struct Intake {
    stream: RecvStream,
    pool: Pool,
    chunks: [Bytes; CHUNKS],
    at: usize,
    full: usize,
}

impl Intake {
    /// The next frame.
    async fn frame(&mut self, channel: Channel) -> Result<Frame, Stop> {
        let mut head = [0; HEADER];
        self.fill(&mut head, true).await?;
        let header = Header::decode(&head);
        if Channel::from_number(header.channel) != Some(channel) {
            return Err(Stop::Malformed(format!(
                "a frame of channel {} on channel {}",
                header.channel, channel as u16
            )));
        }
        let Some(length) = header.payload() else {
            return Err(Stop::Malformed(format!("it announces a message of {} bytes", header.length)));
        };
        let payload = if length == 0 { Bytes::new() } else { self.payload(length).await? };
        Ok(Frame { header, payload })
    }

    /// A payload. No more than [`FIRST_ALLOCATION`] is allocated before as much has arrived.
    async fn payload(&mut self, length: usize) -> Result<Bytes, Stop> {
        let mut buffer = Buffer::new(&self.pool, length);
        let mut filled = 0;
        while filled < length {
            if buffer.room() == filled {
                buffer.grow(length.min(FIRST_ALLOCATION.max(2 * filled)));
            }
            self.fill(buffer.rest(filled), false).await?;
            filled = buffer.room();
        }
        Ok(buffer.freeze())
    }

    /// Fills `out`. The stream may end before the first byte where `may_end`, and nowhere else.
    async fn fill(&mut self, mut out: &mut [u8], may_end: bool) -> Result<(), Stop> {
        let wanted = out.len();
        while !out.is_empty() {
            if self.at == self.full {
                self.at = 0;
                self.full = match self.stream.read_chunks(&mut self.chunks).await? {
                    Some(count) => count,
                    None if may_end && out.len() == wanted => return Err(Stop::Ended),
                    None => return Err(Stop::Malformed(String::from("a stream ended within a message"))),
                };
                continue;
            }
            let chunk = &mut self.chunks[self.at];
            let part = chunk.split_to(chunk.len().min(out.len()));
            let (head, rest) = out.split_at_mut(part.len());
            head.copy_from_slice(&part);
            out = rest;
            if chunk.is_empty() {
                *chunk = Bytes::new();
                self.at += 1;
            }
        }
        Ok(())
    }
}
