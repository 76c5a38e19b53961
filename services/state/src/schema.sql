-- 0x506f7274: "Port". What marks a database as one of ours.
PRAGMA application_id = 1349481076;

-- Counters that outlive what they counted: `revision`, and `swept`, the last revision whose history was removed.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document))
) STRICT, WITHOUT ROWID;

CREATE TABLE worlds (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document))
) STRICT, WITHOUT ROWID;

CREATE TABLE npcs (
    world TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document)),
    PRIMARY KEY (world, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    world TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document)),
    PRIMARY KEY (world, id)
) STRICT, WITHOUT ROWID;

-- Every plugin's keys. A document is {"value": ..., "expires_ms": ...}.
CREATE TABLE kv (
    plugin TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document)),
    PRIMARY KEY (plugin, key)
) STRICT, WITHOUT ROWID;

-- Text generation jobs.
CREATE TABLE jobs (
    plugin TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document)),
    PRIMARY KEY (plugin, id)
) STRICT, WITHOUT ROWID;

-- One row for each change. Who: `host`, or the plugin with its version, digest, call and subject.
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    revision INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    item TEXT NOT NULL,
    host TEXT,
    plugin TEXT,
    plugin_version TEXT,
    digest TEXT,
    call TEXT,
    subject TEXT CHECK (subject IS NULL OR json_valid(subject)),
    change TEXT NOT NULL CHECK (json_valid(change)),
    CHECK ((host IS NULL) = (plugin IS NOT NULL AND plugin_version IS NOT NULL AND digest IS NOT NULL
        AND call IS NOT NULL AND subject IS NOT NULL))
) STRICT;
CREATE INDEX history_of_item ON history (kind, owner, item, id);
CREATE INDEX history_of_owner ON history (owner, id);
CREATE INDEX history_of_call ON history (call, id) WHERE call IS NOT NULL;
CREATE INDEX history_of_plugin ON history (plugin, id) WHERE plugin IS NOT NULL;

-- What happened to plugins.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    plugin TEXT NOT NULL,
    kind TEXT NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document))
) STRICT;
CREATE INDEX events_of_plugin ON events (plugin, id);
CREATE INDEX events_of_kind ON events (kind, id);

-- The crash-loop guard's records.
CREATE TABLE guard (
    plugin TEXT PRIMARY KEY,
    document TEXT NOT NULL CHECK (json_valid(document))
) STRICT, WITHOUT ROWID;
