//! Compiled code on disk. A cached artifact is native code, so it is authenticated: a MAC over the component's digest, the engine's settings
//! and the code, under a key that is kept elsewhere. What does not verify is compiled again.

use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use crate::package::Digest;

const MAC_LEN: usize = 32;

/// The key under which cached code is authenticated. Whoever has it can make the host run any code: keep it where plugins' files are not.
#[derive(Clone)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// A key of the embedder's.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Reads the key from a file, or makes one there that only the user can read.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => Self::from_file(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(error),
        }
    }

    fn from_file(bytes: &[u8]) -> io::Result<Self> {
        let key = bytes.try_into().map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "a cache key has 32 bytes; remove the file and a new one is made",
            )
        })?;
        Ok(Self(key))
    }

    fn create(path: &Path) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(mut file) => {
                file.write_all(&key)?;
                Ok(Self(key))
            }
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::from_file(&std::fs::read(path)?)
            }
            Err(error) => Err(error),
        }
    }
}

/// A directory of compiled code.
pub struct CompileCache {
    directory: Dir,
    key: CacheKey,
}

impl CompileCache {
    /// The cache in this directory, which is made if it is not there.
    pub fn open(directory: &Path, key: CacheKey) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let directory = Dir::open_ambient_dir(directory, ambient_authority())?;
        Ok(Self { directory, key })
    }

    /// The code for a component, if it is there and verifies. These bytes are what was verified: load them, not the file again.
    pub(super) fn get(&self, digest: Digest, engine: &Engine) -> Option<Vec<u8>> {
        let mut entry = self.directory.read(name(digest, engine)).ok()?;
        let code_len = entry.len().checked_sub(MAC_LEN)?;
        let (code, mac) = entry.split_at_checked(code_len)?;
        if let Err(error) = self.mac(digest, engine, code).verify_slice(mac) {
            tracing::warn!(%digest, %error, "cached code does not verify; compiling again");
            return None;
        }
        entry.truncate(code_len);
        Some(entry)
    }

    /// Keeps the code of a component. A cache that cannot be written costs time and nothing else.
    pub(super) fn put(&self, digest: Digest, engine: &Engine, code: &[u8]) {
        if let Err(error) = self.write(digest, engine, code) {
            tracing::warn!(%digest, %error, "compiled code is not cached");
        }
    }

    fn write(&self, digest: Digest, engine: &Engine, code: &[u8]) -> io::Result<()> {
        let name = name(digest, engine);
        let mut unique = [0; 8];
        getrandom::fill(&mut unique).map_err(io::Error::other)?;
        let draft = format!("{name}.{:016x}.draft", u64::from_le_bytes(unique));
        let mut file = self
            .directory
            .open_with(&draft, OpenOptions::new().write(true).create_new(true))?;
        file.write_all(code)?;
        file.write_all(&self.mac(digest, engine, code).finalize().into_bytes())?;
        file.sync_all()?;
        self.directory.rename(&draft, &self.directory, &name)
    }

    fn mac(&self, digest: Digest, engine: &Engine, code: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key.0).expect("a key of any length");
        mac.update(digest.as_bytes());
        mac.update(&settings(engine));
        mac.update(code);
        mac
    }
}

fn name(digest: Digest, engine: &Engine) -> String {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let settings = settings(engine);
    format!(
        "{}-{}.cwasm",
        hex(digest.as_bytes()),
        hex(settings.get(..8).unwrap_or_default())
    )
}

/// What tells engines apart whose code is not interchangeable: wasmtime's version, the target and the settings.
pub(super) fn settings(engine: &Engine) -> [u8; 32] {
    struct Sha(Sha256);
    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}
