//! Frames: a header of 24 bytes, then the payload.

use bytes::Bytes;

use super::NetError;

/// Bytes of a frame header.
pub const HEADER: usize = 24;

/// The longest payload of a message, in bytes. A longer one is refused by its sender, and by a receiver before
/// anything is allocated for it.
pub const MAX_PAYLOAD: usize = 1 << 30;

/// The channels between two peers: each is ordered in itself, and waits for none of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Channel {
    /// Between players, while the program runs.
    Online = 0,
    /// With the dealer, ahead of the program.
    Preprocessing = 1,
    /// Greetings, agreement, the end.
    Control = 2,
}

impl Channel {
    /// Every channel, by number.
    pub const ALL: [Channel; 3] = [Channel::Online, Channel::Preprocessing, Channel::Control];

    /// The channel of a number that came from a peer.
    pub(super) fn from_number(number: u16) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| *channel as u16 == number)
    }
}

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub epoch: u32,
    pub channel: u16,
    pub operation: u16,
    pub sequence: u64,
    pub line: u32,
    pub length: u32,
}

impl Header {
    /// The header as it goes over the wire, little-endian.
    pub fn encode(&self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[0..4].copy_from_slice(&self.epoch.to_le_bytes());
        out[4..6].copy_from_slice(&self.channel.to_le_bytes());
        out[6..8].copy_from_slice(&self.operation.to_le_bytes());
        out[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        out[16..20].copy_from_slice(&self.line.to_le_bytes());
        out[20..24].copy_from_slice(&self.length.to_le_bytes());
        out
    }

    /// The header in 24 bytes from a peer. Nothing in it has been checked.
    pub fn decode(bytes: &[u8; HEADER]) -> Header {
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let mut sequence = [0; 8];
        sequence.copy_from_slice(&bytes[8..16]);
        Header {
            epoch: u32::from_le_bytes(four(0)),
            channel: u16::from_le_bytes([bytes[4], bytes[5]]),
            operation: u16::from_le_bytes([bytes[6], bytes[7]]),
            sequence: u64::from_le_bytes(sequence),
            line: u32::from_le_bytes(four(16)),
            length: u32::from_le_bytes(four(20)),
        }
    }

    /// The payload's length if it is one that may be received.
    pub fn payload(&self) -> Option<usize> {
        usize::try_from(self.length).ok().filter(|length| *length <= MAX_PAYLOAD)
    }
}

/// A message with its header.
#[derive(Clone)]
pub(super) struct Frame {
    pub header: Header,
    pub payload: Bytes,
}

impl Frame {
    /// Bytes on the wire, before encryption.
    pub fn bytes(&self) -> u64 {
        (HEADER + self.payload.len()) as u64
    }
}

/// The length of a payload as it stands in a header.
pub(super) fn length(payload: &Bytes) -> Result<u32, NetError> {
    let too_long = || NetError::TooLong { length: payload.len(), limit: MAX_PAYLOAD };
    if payload.len() > MAX_PAYLOAD { Err(too_long()) } else { u32::try_from(payload.len()).map_err(|_| too_long()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_the_wire() {
        let header = Header { epoch: 7, channel: 2, operation: 300, sequence: u64::MAX - 1, line: 12, length: 1 << 20 };
        assert_eq!(Header::decode(&header.encode()), header);
    }

    #[test]
    fn a_length_beyond_the_limit_is_no_payload() {
        let header = |length| Header { epoch: 0, channel: 0, operation: 1, sequence: 0, line: 0, length };
        assert_eq!(header(1 << 30).payload(), Some(MAX_PAYLOAD));
        assert_eq!(header((1 << 30) + 1).payload(), None);
    }
}
