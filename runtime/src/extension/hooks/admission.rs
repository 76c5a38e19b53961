//! Whether a handler may stand where its manifest puts it: decided before the plugin is granted anything.

use super::{Handler, HookScope};
use crate::hook_point::Fail;
use crate::manifest::RawTable;
use crate::permission::Admission;
use crate::problem::Problem;

/// What is wrong with a handler's point. A point that this host does not have is no error: a plugin may serve several hosts.
pub(super) fn admit(table: &RawTable, admission: Admission<'_>) -> Vec<Problem> {
    // What the parser refuses it has told of.
    let Ok(handler) = table.parse::<Handler>() else {
        return Vec::new();
    };
    let mut problems: Vec<_> = outside(&handler, admission.scopes).into_iter().collect();
    problems.extend(useless(&handler, admission));
    let place = table.location_of("point").unwrap_or(table.location());
    let placed = |problem: Problem| problem.at(place.clone());
    problems.into_iter().map(placed).collect()
}

fn outside(handler: &Handler, scopes: &[RawTable]) -> Option<Problem> {
    let point = &handler.point;
    let allows = |scope: &RawTable| {
        let scope = scope.parse::<HookScope>();
        scope.is_ok_and(|scope| scope.points.iter().any(|one| one.matches(point)))
    };
    (!scopes.iter().all(allows)).then(|| {
        let message = format!(
            "the handler `{}` is for `{point}`, which a scope of `hook:handle` leaves out",
            handler.name
        );
        Problem::error("point-out-of-scope", message)
            .hint("name the point in `points` of each scope, or drop the handler")
    })
}

fn useless(handler: &Handler, admission: Admission<'_>) -> Option<Problem> {
    let (name, point) = (&handler.name, &handler.point);
    let Some(declared) = admission.catalogue.find_hook_point(point) else {
        let known: Vec<_> = admission
            .catalogue
            .hook_points()
            .map(|point| point.name.as_str())
            .collect();
        let message = format!(
            "this host has no hook point `{point}`, so the handler `{name}` is never asked"
        );
        return Some(Problem::warning("point-unknown", message).suggest(point, &known));
    };
    (handler.fail == Fail::Closed && !declared.may_block).then(|| {
        let message = format!("`{point}` cannot be blocked, so `{name}` cannot fail closed");
        Problem::error("point-cannot-block", message).hint("drop `fail = \"closed\"`")
    })
}
