//! From a world file to a world: ids are there once, and what is named is there.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::PluginId;
use portcullis::pattern::check_key;
use portcullis::problem::Problem;
use serde_json::json;

use super::routine;
use crate::file::{NpcEntry, RelationshipEntry, SessionEntry, WorldFile};
use crate::place::{Step, place_of};
use crate::plan::Routine;

/// How the activities begin that plugins propose: an NPC may pursue one when its world is written to a file.
const PROPOSED: &str = "plugin:";

/// What is wrong with one file, as it is found.
pub(super) struct Findings<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Findings<'a> {
    fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            problems: Vec::new(),
        }
    }

    /// The ids that others may name.
    fn known(&mut self, document: &WorldFile) -> Known {
        Known {
            locations: self.ids(
                &[Step::Key("locations")],
                "location",
                document.locations.iter().map(|one| one.id.as_str()),
            ),
            npcs: self.ids(
                &[Step::Key("npcs")],
                "NPC",
                document.npcs.iter().map(|one| one.id.as_str()),
            ),
        }
    }

    /// This, unless something is wrong.
    fn or<T>(self, fine: T) -> Result<T, Vec<Problem>> {
        match self.problems.is_empty() {
            true => Ok(fine),
            false => Err(self.problems),
        }
    }

    pub(super) fn add(
        &mut self,
        path: &[Step<'_>],
        code: &'static str,
        message: String,
        hint: &str,
    ) {
        let place = place_of(self.file, self.text, path);
        self.problems
            .push(Problem::error(code, message).hint(hint).at(place));
    }

    /// Checks the `id` of each element of the list at `path`: its grammar, and that none stands twice.
    pub(super) fn ids<'i>(
        &mut self,
        path: &[Step<'_>],
        what: &str,
        ids: impl Iterator<Item = &'i str>,
    ) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        for (place, id) in ids.enumerate() {
            let here = [path, &[Step::At(place), Step::Key("id")]].concat();
            self.id(&here, id);
            if !seen.insert(id.to_owned()) {
                self.add(
                    &here,
                    "duplicate-id",
                    format!("the {what} `{id}` stands twice"),
                    "give one of them another id",
                );
            }
        }
        seen
    }

    fn id(&mut self, path: &[Step<'_>], id: &str) {
        if let Err(message) = check_key("id", id) {
            self.add(path, "bad-id", message, "use a short printable id");
        }
    }

    /// Checks that a name leads somewhere.
    pub(super) fn reference(
        &mut self,
        path: &[Step<'_>],
        what: &str,
        name: &str,
        known: &BTreeSet<String>,
    ) {
        if !known.contains(name) {
            let hint = match known.len() {
                0 => format!("the file has no {what}s"),
                _ => format!("the file has: {}", some_of(known)),
            };
            self.add(
                path,
                "dangling-reference",
                format!("there is no {what} `{name}`"),
                &hint,
            );
        }
    }
}

/// The first few names of a set.
fn some_of(names: &BTreeSet<String>) -> String {
    const SHOWN: usize = 8;
    let shown = names
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        format!("{shown}, ...")
    } else {
        shown
    }
}

/// The ids that others may name.
pub(super) struct Known {
    pub(super) locations: BTreeSet<String>,
    npcs: BTreeSet<String>,
}

/// What is wrong with a world, if anything.
pub(super) fn world(file: &str, text: &str, document: &WorldFile) -> Result<(), Vec<Problem>> {
    let mut findings = Findings::new(file, text);
    let head = &document.world;
    findings.id(&[Step::Key("world"), Step::Key("id")], &head.id);
    let known = findings.known(document);
    findings.ids(
        &[Step::Key("sessions")],
        "session",
        document.sessions.iter().map(|one| one.id.as_str()),
    );
    check_enabled(document, &mut findings);
    let routines = routine::all(&document.routines, &known, &mut findings);
    for (place, npc) in document.npcs.iter().enumerate() {
        check_npc(place, npc, &known, &routines, &mut findings);
    }
    for (place, session) in document.sessions.iter().enumerate() {
        check_session(place, session, &known, &mut findings);
    }
    findings.or(())
}

/// A world's routines, resolved, or what is wrong with them.
pub(super) fn routines(
    file: &str,
    text: &str,
    document: &WorldFile,
) -> Result<BTreeMap<String, Routine>, Vec<Problem>> {
    let mut findings = Findings::new(file, text);
    let known = findings.known(document);
    let routines = routine::all(&document.routines, &known, &mut findings);
    findings.or(routines)
}

fn check_enabled(document: &WorldFile, findings: &mut Findings<'_>) {
    let behavior = json!({ "behavior": document.world.behavior });
    if let Err(error) = portcullis::enabled::get(&behavior) {
        let path = [
            Step::Key("world"),
            Step::Key("behavior"),
            Step::Key("enabledPlugins"),
        ];
        findings.add(
            &path,
            "bad-enabled-plugins",
            error.to_string(),
            "leave it out for all plugins, or write [] for none",
        );
    }
}

fn check_npc(
    place: usize,
    npc: &NpcEntry,
    known: &Known,
    routines: &BTreeMap<String, Routine>,
    findings: &mut Findings<'_>,
) {
    let here = |key| [Step::Key("npcs"), Step::At(place), Step::Key(key)];
    if !npc.location.is_empty() {
        findings.reference(
            &here("location"),
            "location",
            &npc.location,
            &known.locations,
        );
    }
    let Some(routine) = &npc.routine else {
        return;
    };
    let names = routines.keys().cloned().collect();
    findings.reference(&here("routine"), "routine", routine, &names);
    if let Some(routine) = routines.get(routine)
        && !npc.activity.is_empty()
        && !npc.activity.starts_with(PROPOSED)
    {
        let activities = routine
            .activities
            .iter()
            .map(|one| one.id.to_string())
            .collect();
        findings.reference(&here("activity"), "activity", &npc.activity, &activities);
    }
}

fn check_session(place: usize, session: &SessionEntry, known: &Known, findings: &mut Findings<'_>) {
    let here = |key| [Step::Key("sessions"), Step::At(place), Step::Key(key)];
    if !session.location.is_empty() {
        findings.reference(
            &here("location"),
            "location",
            &session.location,
            &known.locations,
        );
    }
    for (namespace, flags) in &session.flags {
        let path = [&here("flags")[..], &[Step::Key(namespace)]].concat();
        if let Err(error) = namespace.parse::<PluginId>() {
            findings.add(
                &path,
                "bad-namespace",
                error.to_string(),
                "a namespace is a plugin's id, or `host`",
            );
        }
        for key in flags.0.keys() {
            findings.id(&[&path[..], &[Step::Key(key)]].concat(), key);
        }
    }
    for (npc, relationship) in &session.relationships {
        let path = [&here("relationships")[..], &[Step::Key(npc)]].concat();
        findings.reference(&path, "NPC", npc, &known.npcs);
        let RelationshipEntry {
            affinity,
            trust,
            intimacy,
        } = *relationship;
        if [affinity, trust, intimacy]
            .iter()
            .any(|number| !(-100..=100).contains(number))
        {
            findings.add(
                &path,
                "out-of-range",
                format!("the relationship with `{npc}` is out of range"),
                "each number is between -100 and 100",
            );
        }
    }
}
