//! What host and worker say to each other: one request, one reply, and the end of the stream.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use super::limits::CompileLimits;
use crate::engine::config::Metering;
use crate::package::{Package, ScanLimits};

/// Changes with every change of the frames, so that a program of another version is known as such.
const REQUEST: [u8; 4] = *b"PCW1";
const REPLY: [u8; 4] = *b"PCR1";

/// The bytes of a refusal's text. It goes into an error, not into a file.
pub(super) const TEXT_BYTES: usize = 1024;

/// What the worker is asked before it gets the component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) metering: Metering,
    pub(super) memory_bytes: u64,
    pub(super) cpu_s: u64,
    pub(super) output_bytes: u64,
    /// The SHA-256 of the component, in case the pipe is not what it seems.
    pub(super) digest: [u8; 32],
    pub(super) len: u64,
}

impl Request {
    pub(super) fn new(package: &Package, metering: Metering, limits: &CompileLimits) -> Self {
        Self {
            metering,
            memory_bytes: limits.memory_bytes,
            cpu_s: limits.cpu_s,
            output_bytes: limits.output_bytes,
            digest: *package.digest().as_bytes(),
            len: package.bytes().len() as u64,
        }
    }

    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&REQUEST)?;
        to.write_all(&[match self.metering {
            Metering::Clock => 0,
            Metering::Fuel => 1,
        }])?;
        for number in [self.memory_bytes, self.cpu_s, self.output_bytes] {
            to.write_all(&number.to_le_bytes())?;
        }
        to.write_all(&self.digest)?;
        to.write_all(&self.len.to_le_bytes())
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        if array::<4>(from)? != REQUEST {
            return Err(strange("this is no request of a host of this version"));
        }
        let metering = match array(from)? {
            [0] => Metering::Clock,
            [1] => Metering::Fuel,
            _ => return Err(strange("no such metering")),
        };
        let request = Self {
            metering,
            memory_bytes: number(from)?,
            cpu_s: number(from)?,
            output_bytes: number(from)?,
            digest: array(from)?,
            len: number(from)?,
        };
        match request.len <= ScanLimits::PACKAGE_BYTES as u64 {
            true => Ok(request),
            false => Err(strange("the component is larger than any")),
        }
    }
}

/// What came of a compilation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The code, of an engine with these settings.
    Code { settings: [u8; 32], code: Vec<u8> },
    /// The compiler refuses the component, and says why.
    Refused(String),
    /// There would be more code than the host takes.
    TooBig,
}

/// Why a reply is none.
#[derive(Debug)]
pub(super) enum Unread {
    /// The stream ended within it: who wrote it has failed.
    Short,
    /// It is longer than the host takes.
    TooBig,
    /// It is not what a worker of this version says.
    Lie(&'static str),
}

impl Reply {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let nothing = [0; 32];
        let (status, settings, payload) = match self {
            Self::Code { settings, code } => (0, settings, code.as_slice()),
            Self::Refused(text) => (1, &nothing, text.as_bytes()),
            Self::TooBig => (2, &nothing, [].as_slice()),
        };
        to.write_all(&REPLY)?;
        to.write_all(&[status])?;
        to.write_all(settings)?;
        to.write_all(&Sha256::digest(payload))?;
        to.write_all(&(payload.len() as u64).to_le_bytes())?;
        to.write_all(payload)?;
        to.flush()
    }

    /// Reads one reply and the end of the stream, and never more than `output_bytes` and a few.
    pub(super) fn read(from: &mut impl Read, output_bytes: u64) -> Result<Self, Unread> {
        let short = |_: io::Error| Unread::Short;
        if array::<4>(from).map_err(short)? != REPLY {
            return Err(Unread::Lie(
                "it does not begin like one of this version of Portcullis",
            ));
        }
        let [status] = array(from).map_err(short)?;
        let settings = array(from).map_err(short)?;
        let sum: [u8; 32] = array(from).map_err(short)?;
        let len = number(from).map_err(short)?;
        let most = match status {
            0 => output_bytes,
            1 => TEXT_BYTES as u64,
            2 => 0,
            _ => return Err(Unread::Lie("it has no such status")),
        };
        if len > most {
            return Err(Unread::TooBig);
        }
        let mut payload = Vec::new();
        // One byte more, which must not be there.
        let mut rest = from.take(len.saturating_add(1));
        rest.read_to_end(&mut payload).map_err(short)?;
        match (payload.len() as u64).cmp(&len) {
            std::cmp::Ordering::Less => return Err(Unread::Short),
            std::cmp::Ordering::Greater => return Err(Unread::Lie("it goes on after its end")),
            std::cmp::Ordering::Equal => {}
        }
        if *Sha256::digest(&payload) != sum {
            return Err(Unread::Lie("its checksum is wrong"));
        }
        match status {
            0 => Ok(Self::Code {
                settings,
                code: payload,
            }),
            1 => Ok(Self::Refused(
                String::from_utf8_lossy(&payload).into_owned(),
            )),
            _ => Ok(Self::TooBig),
        }
    }
}

fn array<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn number(from: &mut impl Read) -> io::Result<u64> {
    array(from).map(u64::from_le_bytes)
}

fn strange(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
