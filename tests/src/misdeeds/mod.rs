//! One list of all that plugins do wrong here, with what becomes of each. `tests/tests/hundred.rs` runs it, over and over; the README of
//! `tests/guests` shows it.

#[macro_use]
mod parts;

mod death;
pub mod home;
mod isolation;
mod load;
mod logs;
mod made;
pub mod run;
mod space;
mod space_asked;
mod space_forged;
mod time;
mod values;

use std::fmt;

use portcullis::{Blame, Outcome};
use serde_json::Value;

use crate::forge::Parts;

/// A plugin that does something wrong, or looks for a hole.
#[derive(Clone, Copy, Debug)]
pub struct Misdeed {
    /// Its name, which no other has.
    pub name: &'static str,
    /// What it is after.
    pub class: Class,
    /// What it does.
    pub does: &'static str,
    /// How it comes into being.
    pub made: Made,
    /// The parameters of its condition.
    pub asked: fn() -> Value,
    /// On which host it runs.
    pub house: House,
    /// The lines of `[limits]` in its manifest.
    pub limits: &'static str,
    /// What becomes of it.
    pub expected: Expected,
}

/// What a misdeed is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Time, the host's and that of its threads.
    Time,
    /// Memory, tables, handles, and the room of what it hands to the host.
    Space,
    /// An end that takes others along, or lies about values on its way.
    Death,
    /// What belongs to others, or what is left of them.
    Isolation,
    /// Records that are not what they seem.
    Logs,
    /// Being loaded at all.
    Load,
}

/// How a plugin comes into being.
#[derive(Clone, Copy, Debug)]
pub enum Made {
    /// A condition of the guest `hostile`.
    Hostile(&'static str),
    /// A built guest that has this name, with its own manifest; its condition is `any`, if it gets that far.
    Guest(&'static str),
    /// The same, from `tests/guests/wat`.
    Wat(&'static str),
    /// Forged from parts; its condition is `any`.
    Forged(fn() -> Parts<'static>),
}

/// A host with a policy. All have the limits of [`crate::limits`], and no guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum House {
    /// The engine that goes by the clock; each call on a fresh instance.
    Clock,
    /// The engine that meters fuel: 5,000,000 of it.
    Metered,
    /// Warm instances: two idle ones a world.
    Warm,
}

/// What becomes of a misdeed.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// It is not loaded, and nothing of it ran: a problem or an error has this code. Where its `load` ran and failed, the code is that outcome.
    Refused(&'static str),
    /// The call has one of these outcomes; the first is what it is meant to have.
    Ends(&'static [Outcome], Blame),
    /// The call returns this: the plugin found no hole.
    Replies(bool),
}

/// A call that the plugin is to blame for.
const fn ends(outcomes: &'static [Outcome]) -> Expected {
    Expected::Ends(outcomes, Blame::Guest)
}

/// Time enough for what is to end by something else, on a busy machine too.
const PATIENT: &str = "wall_ms = 5000";

/// Time for what ends by it.
const HURRIED: &str = "wall_ms = 40";

impl Misdeed {
    const fn new(name: &'static str, class: Class, does: &'static str, made: Made) -> Self {
        Self {
            name,
            class,
            does,
            made,
            asked: || Value::Object(serde_json::Map::new()),
            house: House::Clock,
            limits: PATIENT,
            expected: Expected::Replies(false),
        }
    }

    /// A condition of `hostile` that has the misdeed's name.
    const fn hostile(name: &'static str, class: Class, does: &'static str) -> Self {
        Self::new(name, class, does, Made::Hostile(name))
    }

    /// A file of `tests/guests/wat`.
    const fn wat(name: &'static str, class: Class, does: &'static str) -> Self {
        Self::new(name, class, does, Made::Wat(name))
    }

    /// A forged one.
    const fn forged(
        name: &'static str,
        class: Class,
        does: &'static str,
        parts: fn() -> Parts<'static>,
    ) -> Self {
        Self::new(name, class, does, Made::Forged(parts))
    }

    const fn asking(mut self, asked: fn() -> Value) -> Self {
        self.asked = asked;
        self
    }

    const fn limits(mut self, limits: &'static str) -> Self {
        self.limits = limits;
        self
    }

    const fn house(mut self, house: House) -> Self {
        self.house = house;
        self
    }

    const fn ends(mut self, outcomes: &'static [Outcome]) -> Self {
        self.expected = ends(outcomes);
        self
    }

    /// Ends by its wall time, of which it gets little.
    const fn times_out(self) -> Self {
        self.limits(HURRIED).ends(&[Outcome::TimedOut])
    }

    const fn replies(mut self, reply: bool) -> Self {
        self.expected = Expected::Replies(reply);
        self
    }

    const fn refused(mut self, code: &'static str) -> Self {
        self.expected = Expected::Refused(code);
        self
    }
}

/// All of them, by class.
pub fn all() -> impl Iterator<Item = Misdeed> {
    let tables = [
        time::ROWS,
        space::ROWS,
        space_forged::ROWS,
        space_asked::ROWS,
        death::ROWS,
        values::ROWS,
        isolation::ROWS,
        logs::ROWS,
        load::ROWS,
    ];
    tables.into_iter().flatten().copied()
}

/// The list as a table of Markdown.
pub fn table() -> String {
    let head = "| misdeed | class | does | made | limits | expected |\n|---|---|---|---|---|---|\n";
    let rows = all().map(|one| {
        let house = match one.house {
            House::Clock => "",
            House::Metered => ", metered",
            House::Warm => ", warm",
        };
        let limits = one.limits.replace('\n', "`, `");
        format!(
            "| `{}` | {} | {} | {} | `{limits}`{house} | {} |\n",
            one.name, one.class, one.does, one.made, one.expected
        )
    });
    format!("{head}{}", rows.collect::<String>())
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Time => "time",
            Self::Space => "space",
            Self::Death => "death",
            Self::Isolation => "isolation",
            Self::Logs => "logs",
            Self::Load => "load",
        })
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hostile(condition) => write!(f, "`hostile`, `{condition}`"),
            Self::Guest(name) => write!(f, "`{name}`"),
            Self::Wat(name) => write!(f, "`wat/{name}`"),
            Self::Forged(_) => f.write_str("forged"),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "refused: {code}"),
            Self::Replies(reply) => write!(f, "returned {reply}"),
            Self::Ends(outcomes, blame) => {
                let names: Vec<_> = outcomes.iter().map(|outcome| outcome.as_str()).collect();
                write!(f, "{}, {blame}", names.join(" or "))
            }
        }
    }
}
