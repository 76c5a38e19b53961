//! The permissions and groups that Portcullis knows. A room names the permission that opens it; an embedder's catalogue may add more.

use super::{Group, Permission};

const fn permission(id: &'static str, consent: &'static str) -> Permission {
    Permission {
        id,
        consent,
        danger: None,
        host_switch: false,
    }
}

/// A dangerous permission takes a switch of the host besides an operator's consent.
const fn dangerous(id: &'static str, consent: &'static str, danger: &'static str) -> Permission {
    Permission {
        id,
        consent,
        danger: Some(danger),
        host_switch: true,
    }
}

/// Every permission, in the order in which the reference shows them.
pub const PERMISSIONS: &[Permission] = &[
    permission(
        "world:read",
        "read the world: its configuration, locations and NPCs",
    ),
    permission(
        "session:read",
        "read the player's session, its own flags and relationships",
    ),
    permission(
        "session:write",
        "set its own flags and change relationships in the player's session",
    ),
    permission("npc:read", "read NPCs and their attributes"),
    permission("npc:write", "change NPCs"),
    permission(
        "behavior:extend_conditions",
        "add conditions to NPC behaviour",
    ),
    permission("behavior:extend_effects", "add effects to NPC behaviour"),
    permission(
        "behavior:configure_simulation",
        "set parameters of the simulation, and what NPCs choose among",
    ),
    permission("generation:submit", "submit text generation jobs"),
    permission(
        "generation:read",
        "read the results of its text generation jobs",
    ),
    permission("log:emit", "write log records"),
    permission(
        "hook:handle",
        "see what passes the host's hook points, change it, and stop it",
    ),
    permission("event:subscribe", "receive events"),
    permission("event:emit", "emit events"),
    permission(
        "command:handle",
        "answer commands, with what users write to it",
    ),
    dangerous(
        "admin:routes",
        "serve HTTP routes of the host's administration",
        "it answers requests of administrators",
    ),
    permission("db:read", "read from the host's databases"),
    dangerous(
        "db:write",
        "write to the host's databases",
        "it changes data that is not its own",
    ),
    permission("redis:read", "read from the host's Redis"),
    permission("redis:write", "write to the host's Redis"),
    permission("kv:read", "read its own key-value store"),
    permission("kv:write", "write its own key-value store"),
    permission("config:read", "read its own configuration"),
    dangerous(
        "secret:read",
        "read the secrets that are set for it",
        "a secret that it reads can be sent wherever else it may send",
    ),
    permission(
        "http:fetch",
        "send HTTP requests to the hosts that its scope lists",
    ),
    permission("notify:send", "send notifications"),
    permission("file:read", "read files of its own directory"),
    permission("file:write", "write files of its own directory"),
    permission("user:read", "read data about users"),
    permission("content:read", "read content"),
    permission("content:write", "change content"),
    permission("analytics:emit", "record analytics"),
    permission("ai:invoke", "invoke AI models"),
    permission("socket:send", "send over the host's sockets"),
    permission("plugin:call", "call other plugins"),
];

/// Every group, expanded when a manifest is read.
pub const GROUPS: &[Group] = &[
    Group {
        id: "group:readonly",
        summary: "look, never touch",
        members: &["world:read", "session:read", "npc:read", "log:emit"],
    },
    Group {
        id: "group:gameplay",
        summary: "read the world and change the player's session",
        members: &[
            "world:read",
            "session:read",
            "session:write",
            "npc:read",
            "npc:write",
            "log:emit",
        ],
    },
    Group {
        id: "group:behavior",
        summary: "extend NPC behaviour",
        members: &[
            "world:read",
            "session:read",
            "npc:read",
            "behavior:extend_conditions",
            "behavior:extend_effects",
            "behavior:configure_simulation",
            "log:emit",
        ],
    },
    Group {
        id: "group:event_handler",
        summary: "receive and emit events",
        members: &["event:subscribe", "event:emit", "log:emit"],
    },
    Group {
        id: "group:generation",
        summary: "generate text",
        members: &["generation:submit", "generation:read", "log:emit"],
    },
    Group {
        id: "group:admin",
        summary: "serve the host's administration",
        members: &["admin:routes", "db:read", "log:emit"],
    },
];
