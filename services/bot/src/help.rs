//! What there is, and how it is used.

use portcullis::extension::commands::CommandEntry;

/// How much of a command's name is shown that is not there.
const MAX_SHOWN: usize = 40;

/// All commands, in the order of registration, and whose they are.
pub(crate) fn all(commands: &[CommandEntry], prefix: char) -> String {
    if commands.is_empty() {
        return "there are no commands".to_owned();
    }
    let mut lines = vec!["commands:".to_owned()];
    for (place, command) in commands.iter().enumerate() {
        let earlier = commands.get(..place).unwrap_or_default();
        let name = called(command, earlier);
        let description = match &*command.description {
            "" => String::new(),
            description => format!(": {description}"),
        };
        let usage = usage(command);
        let plugin = &command.plugin;
        lines.push(format!("{prefix}{name}{usage}{description} ({plugin})"));
    }
    lines.push(format!(
        "{prefix}help <command> tells more, {prefix}stop ends a conversation"
    ));
    lines.join("\n")
}

/// What users write to mean this command: one whose name an earlier one has is called by its plugin too.
fn called(command: &CommandEntry, earlier: &[CommandEntry]) -> String {
    match earlier.iter().any(|other| other.name == command.name) {
        false => command.name.to_string(),
        true => format!("{}:{}", command.plugin, command.name),
    }
}

/// One command.
pub(crate) fn one(command: &CommandEntry, prefix: char) -> String {
    let mut lines = vec![format!("usage: {prefix}{}{}", command.name, usage(command))];
    if !command.description.is_empty() {
        lines.push(command.description.clone());
    }
    for key in command.arguments.keys() {
        let default = key
            .default
            .map(|default| format!(", {default} if not given"));
        let required = if key.required { ", required" } else { "" };
        let about = key.description.map(|about| format!(": {about}"));
        lines.push(format!(
            "  {} ({}{required}{}){}",
            key.name,
            key.kind,
            default.unwrap_or_default(),
            about.unwrap_or_default()
        ));
    }
    if !command.aliases.is_empty() {
        lines.push(format!("also called {}", command.aliases.join(", ")));
    }
    lines.push(format!("a command of the plugin {}", command.plugin));
    lines.join("\n")
}

/// The arguments as they are written: `<name>` must be given, `[name]` may be.
pub(crate) fn usage(command: &CommandEntry) -> String {
    let keys: Vec<_> = command.arguments.keys().collect();
    let is_required = |name: &str| {
        keys.iter()
            .any(|key| key.name == name && key.required && key.default.is_none())
    };
    let positional = command
        .positional
        .iter()
        .map(|name| match is_required(name) {
            true => format!(" <{name}>"),
            false => format!(" [{name}]"),
        });
    let named = keys
        .iter()
        .filter(|key| !command.positional.contains(&key.name));
    let named = named.map(|key| match is_required(&key.name) {
        true => format!(" {}=<{}>", key.name, key.kind),
        false => format!(" [{}=<{}>]", key.name, key.kind),
    });
    // Named arguments come first: the last word takes the rest of the line.
    named.chain(positional).collect()
}

/// That there is no such command, and which one was probably meant.
pub(crate) fn unknown(name: &str, commands: &[CommandEntry], prefix: char) -> String {
    let shown: String = name.chars().take(MAX_SHOWN).collect();
    let known = commands.iter().flat_map(|command| {
        let aliases = command.aliases.iter().map(String::as_str);
        aliases.chain([&*command.name])
    });
    let distance = |known: &&str| strsim::damerau_levenshtein(&shown, known);
    let near = known
        .min_by_key(distance)
        .filter(|near| distance(near) <= 2.max(near.len() / 3));
    let hint = match near {
        Some(near) => format!("did you mean {prefix}{near}?"),
        None => format!("{prefix}help lists all"),
    };
    format!("there is no command {prefix}{shown}; {hint}")
}
