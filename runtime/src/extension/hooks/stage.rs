//! What chains run on: the points of a host, each with what checks its data, and the plugins that have handlers.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde::Serialize;
use serde_json::{Map, Value};

use super::chain::Chain;
use super::{Hooked, HookedJson};
use crate::engine::Observer;
use crate::extension::{Scene, SharedRegistry};
use crate::hook_point::{HookPoint, HookPolicy, Point, validator};
use crate::permission::Catalogue;
use crate::redactor::Redactor;

/// How much is shown of why the host's own data does not fit, in bytes.
pub(super) const MAX_WHY: usize = 300;

/// Why no handler was asked about data that is named and shaped at run time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// The host has no such point.
    #[error("this host has no hook point `{point}`; declare it with `HostBuilder::hook_point`")]
    UnknownPoint {
        /// The name.
        point: String,
    },
    /// The data is not what the point says that it is.
    #[error("the data does not fit the hook point `{point}`: {why}")]
    Data {
        /// The point.
        point: String,
        /// Which rule it breaks, without a word of the data: at most 300 bytes, escaped.
        why: String,
    },
}

/// A point that a host declares.
pub(crate) struct Declared {
    pub(super) name: Arc<str>,
    pub(super) may_block: bool,
    mutable: Vec<String>,
    schema: Value,
    /// Compiled when the first change is checked: most points of most hosts never see one.
    validator: OnceLock<Option<Validator>>,
}

impl Declared {
    pub(super) fn new(point: &HookPoint) -> Self {
        Self {
            name: point.name.as_str().into(),
            may_block: point.may_block,
            mutable: point.mutable.clone(),
            schema: point.schema.clone(),
            validator: OnceLock::new(),
        }
    }

    /// Whether handlers may change the field.
    pub(super) fn lets_change(&self, field: &str) -> bool {
        self.mutable.iter().any(|mutable| mutable == field)
    }

    /// The fields, if they are what the point says that its data is.
    ///
    /// # Errors
    /// Which rule of the point's schema they break, and in which of its properties: without a word of the data.
    pub(super) fn checked(&self, fields: Map<String, Value>) -> Result<Map<String, Value>, String> {
        let data = Value::Object(fields);
        // The schema compiled when the point was declared.
        let validator = self.validator.get_or_init(|| validator(&self.schema).ok());
        let validator = validator.as_ref().ok_or("the schema does not compile")?;
        if let Err(error) = validator.validate(&data) {
            return Err(self.told(&error));
        }
        match data {
            Value::Object(fields) => Ok(fields),
            _ => Err("it is no object".to_owned()),
        }
    }

    /// Which rule is broken, and where.
    fn told(&self, error: &ValidationError<'_>) -> String {
        let pointer = error.instance_path().as_str();
        let top = pointer.split('/').nth(1).unwrap_or_default();
        let properties = self.schema.get("properties").and_then(Value::as_object);
        let declared = properties.is_some_and(|properties| properties.contains_key(top));
        let place = if declared { top } else { "the data" };
        format!("{place}: {}", rule(error))
    }
}

/// Which rule is broken. Below the properties that the point declares, names are data like the rest.
fn rule(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { .. }
        | ValidationErrorKind::UnevaluatedProperties { .. }
        | ValidationErrorKind::PropertyNames { .. } => {
            "it has a property that it may not have".to_owned()
        }
        _ => error.masked_with("it").to_string(),
    }
}

/// The points of a host, by name.
pub(crate) struct Points(BTreeMap<String, Declared>);

impl Points {
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let declared = |point: &HookPoint| (point.name.clone(), Declared::new(point));
        Self(catalogue.hook_points().map(declared).collect())
    }
}

/// Where chains run.
#[derive(Clone, Copy)]
pub(crate) struct Stage<'a> {
    pub(crate) points: &'a Points,
    pub(crate) registry: &'a SharedRegistry,
    pub(crate) policy: HookPolicy,
    pub(crate) observers: &'a [Arc<dyn Observer>],
}

impl Stage<'_> {
    /// Asks the handlers at the point that the type declares.
    pub(crate) async fn hook<P: Point>(self, scene: Scene<'_>, mut data: P) -> Hooked<P> {
        let registry = self.registry.owned();
        let Some(point) = self.points.0.get(P::NAME) else {
            let chain = Chain::refused::<P>(self, &registry, scene);
            return Hooked { data, chain };
        };
        let chain = Chain::begin(self, point, &registry, scene);
        if chain.is_empty() {
            let chain = chain.end();
            return Hooked { data, chain };
        }
        let text = written(&data);
        // The type may be narrower than its schema: a whole number may be too large for it.
        let mut take = |fields: &Map<String, Value>| {
            data = P::deserialize(fields).map_err(|_| "the point's type cannot hold it")?;
            Ok(())
        };
        let chain = chain.run(text, &mut take).await;
        Hooked { data, chain }
    }

    /// Asks the handlers at a point by its name.
    pub(crate) async fn hook_json(
        self,
        point: &str,
        scene: Scene<'_>,
        data: Map<String, Value>,
    ) -> Result<HookedJson, HookError> {
        let name = || point.to_owned();
        let Some(declared) = self.points.0.get(point) else {
            return Err(HookError::UnknownPoint { point: name() });
        };
        let mut data = declared.checked(data).map_err(|why| HookError::Data {
            point: name(),
            why: Redactor::default().show(&why, MAX_WHY),
        })?;
        let registry = self.registry.owned();
        let chain = Chain::begin(self, declared, &registry, scene);
        let text = written(&data);
        let mut take = |fields: &Map<String, Value>| {
            data.clone_from(fields);
            Ok(())
        };
        let chain = chain.run(text, &mut take).await;
        Ok(Hooked { data, chain })
    }
}

/// The host's data as JSON text; else what is wrong with it, which no host is to fail at.
fn written<T: Serialize>(data: &T) -> Result<String, String> {
    match catch_unwind(AssertUnwindSafe(|| serde_json::to_string(data))) {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(format!("the data cannot be written as JSON: {error}")),
        Err(_) => Err("the data panicked while it was written as JSON".to_owned()),
    }
}
