//! Plugins that stand in chains of hook handlers.

use std::fmt::Write;

use portcullis::Package;
use portcullis::extension::hooks::WorkItemPreCreate;
use portcullis::receipt::{ChainReceipt, StepDecision};

use crate::plugins::{component, embed};

/// The guest `chain` as the plugin `id`, with these handlers: each a name, and what its table says besides, for example
/// `blocks priority=3 fail="closed"`. Where nothing is said, a handler is for `work_item.pre_create`.
///
/// # Panics
/// The guest is not built.
pub fn chain(id: &str, handlers: &[&str]) -> Package {
    chain_in("0.1.0", id, handlers)
}

/// The same in a version.
///
/// # Panics
/// The guest is not built.
pub fn chain_in(version: &str, id: &str, handlers: &[&str]) -> Package {
    embed(&component("chain"), &chain_manifest(version, id, handlers))
}

/// Its manifest.
pub fn chain_manifest(version: &str, id: &str, handlers: &[&str]) -> String {
    let mut manifest = format!(
        "[plugin]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"{version}\"\n\
         [permissions.\"hook:handle\"]\nreason = \"A test asks for it.\"\n\
         [permissions.\"session:read\"]\nreason = \"A test asks for it.\"\n\
         [permissions.\"session:write\"]\nreason = \"A test asks for it.\"\noptional = true\n\
         [permissions.\"secret:read\"]\nreason = \"A test asks for it.\"\noptional = true\n\
         scope = {{ keys = [\"token\"] }}\n"
    );
    for handler in handlers {
        let mut words = handler.split_whitespace();
        let name = words.next().unwrap_or_default();
        let _written = writeln!(manifest, "[[contributes.hooks]]\nname = \"{name}\"");
        if !handler.contains("point=") {
            manifest.push_str("point = \"work_item.pre_create\"\n");
        }
        words.for_each(|word| manifest.extend([word, "\n"]));
    }
    manifest
}

/// A work item that is about to be created.
pub fn work_item() -> WorkItemPreCreate {
    WorkItemPreCreate {
        title: "Water the plants".to_owned(),
        description: "All of them.".to_owned(),
        labels: Vec::new(),
        requester: Some("ada".to_owned()),
    }
}

/// The handlers of a chain that were asked, or would have been, each as `<plugin>:<name>`.
pub fn asked(chain: &ChainReceipt) -> Vec<&str> {
    let steps = chain.steps.iter();
    let short = |name| str::strip_prefix(name, "hook:plugin:").unwrap_or(name);
    steps.map(|step| short(&step.handler)).collect()
}

/// What each handler of a chain made of the data.
pub fn decisions(chain: &ChainReceipt) -> Vec<&StepDecision> {
    chain.steps.iter().map(|step| &step.decision).collect()
}
