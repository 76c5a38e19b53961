//! The configuration, and what it says about a request.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::money::{Money, Price};

/// The configuration.
#[derive(Clone, Debug, Deserialize)]
pub struct Plan {
    allowed_models: Vec<String>,
    fallback_model: String,
    max_tokens: u32,
    per_run: f64,
    per_day: f64,
    downgrade_at: u32,
    prices: BTreeMap<String, Price>,
}

/// A request to a model.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The model.
    pub model: &'a str,
    /// The most tokens of the answer.
    pub max_tokens: u32,
    /// The tokens of the conversation.
    pub prompt_tokens: u64,
}

/// What was spent before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// By the run.
    pub run: Money,
    /// Today, by all runs.
    pub day: Money,
}

/// What is to be done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Send it, to this model and for so many tokens.
    Ask {
        /// The model.
        model: String,
        /// The most tokens of the answer.
        max_tokens: u32,
        /// What it may cost at most, if there is a limit that this is to be counted for.
        cost: Option<Money>,
    },
    /// Do not send it, for this reason.
    Block(String),
}

impl Plan {
    /// What a model costs.
    pub fn price(&self, model: &str) -> Option<Price> {
        self.prices
            .get(model)
            .or_else(|| self.prices.get("*"))
            .copied()
    }

    /// What is to be done with a request.
    pub fn rule(&self, request: Request<'_>, spent: Spent) -> Ruling {
        let request = Request {
            max_tokens: request.max_tokens.min(self.max_tokens),
            ..request
        };
        let wanted = match self.allows(request.model) {
            true => self.refusal(request, spent, self.downgrade_at),
            false => Some(format!("the model `{}` may not be asked", request.model)),
        };
        let Some(why) = wanted else {
            return self.ask(request);
        };
        let fallback = Request {
            model: &self.fallback_model,
            ..request
        };
        if self.fallback_model.is_empty() {
            // Nothing to turn to before the limit itself is reached.
            return match self.allows(request.model) {
                true => self.or_block(request, spent),
                false => Ruling::Block(why),
            };
        }
        self.or_block(fallback, spent)
    }

    fn or_block(&self, request: Request<'_>, spent: Spent) -> Ruling {
        match self.refusal(request, spent, 100) {
            None => self.ask(request),
            Some(why) => Ruling::Block(why),
        }
    }

    /// Whether the model may be asked. That the fallback may be goes without saying.
    fn allows(&self, model: &str) -> bool {
        let fits = |allowed: &String| match allowed.strip_suffix('*') {
            Some(beginning) => model.starts_with(beginning),
            None => model == allowed,
        };
        self.allowed_models.is_empty()
            || model == self.fallback_model
            || self.allowed_models.iter().any(fits)
    }

    fn ask(&self, request: Request<'_>) -> Ruling {
        let is_limited = self.per_run > 0.0 || self.per_day > 0.0;
        Ruling::Ask {
            model: request.model.to_owned(),
            max_tokens: request.max_tokens,
            cost: self.cost(request).filter(|_| is_limited),
        }
    }

    /// What a request may cost at most, if its model has a price.
    fn cost(&self, request: Request<'_>) -> Option<Money> {
        let price = self.price(request.model)?;
        Some(price.of(request.prompt_tokens, u64::from(request.max_tokens)))
    }

    /// Why a request cannot be paid from so many percent of the limits, if it cannot.
    fn refusal(&self, request: Request<'_>, spent: Spent, percent: u32) -> Option<String> {
        let limits = [
            ("this run", spent.run, self.per_run),
            ("today", spent.day, self.per_day),
        ];
        let limits: Vec<_> = limits
            .into_iter()
            .filter(|(_, _, most)| *most > 0.0)
            .collect();
        if limits.is_empty() {
            return None;
        }
        let Some(cost) = self.cost(request) else {
            return Some(format!(
                "the model `{}` has no price, so that it cannot be kept within a limit",
                request.model
            ));
        };
        limits.into_iter().find_map(|(what, spent, most)| {
            let most = Money::dollars(most);
            let is_over = spent + cost > most.percent(percent);
            is_over.then(|| {
                format!("{spent} of {most} are spent {what}, and this request may cost {cost}")
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use portcullis_sdk::json;

    /// One dollar a run, of which a request to `large` may cost 0.02 and one to `small` 0.002.
    fn plan(change: portcullis_sdk::Value) -> Plan {
        let mut plan = json!({
            "allowed_models": ["large", "small*"],
            "fallback_model": "small",
            "max_tokens": 1000,
            "per_run": 1,
            "per_day": 10,
            "downgrade_at": 80,
            "prices": {
                "large": {"prompt": 10, "completion": 10},
                "small": {"prompt": 1, "completion": 1},
            },
        });
        let change = change.as_object().unwrap().clone();
        plan.as_object_mut().unwrap().extend(change);
        Plan::deserialize(plan).unwrap()
    }

    fn rule(plan: &Plan, model: &str, run: f64, day: f64) -> Ruling {
        let request = Request {
            model,
            max_tokens: 5_000,
            prompt_tokens: 1_000,
        };
        let spent = Spent {
            run: Money::dollars(run),
            day: Money::dollars(day),
        };
        plan.rule(request, spent)
    }

    #[track_caller]
    fn asked(ruling: Ruling, model: &str) -> Option<Money> {
        match ruling {
            Ruling::Ask {
                model: asked,
                max_tokens,
                cost,
            } => {
                assert_eq!((&*asked, max_tokens), (model, 1_000));
                cost
            }
            Ruling::Block(reason) => panic!("{reason}"),
        }
    }

    #[track_caller]
    fn blocked(ruling: Ruling, why: &str) {
        match ruling {
            Ruling::Block(reason) => assert!(reason.contains(why), "{reason}"),
            Ruling::Ask { .. } => panic!("{ruling:?}"),
        }
    }

    #[test]
    fn models_and_tokens_are_limited() {
        let plan_ = plan(json!({}));
        let cost = asked(rule(&plan_, "large", 0.0, 0.0), "large");
        assert_eq!(cost, Some(Money::dollars(0.02)));
        asked(rule(&plan_, "huge", 0.0, 0.0), "small");
        let strict = plan(json!({"fallback_model": ""}));
        blocked(rule(&strict, "huge", 0.0, 0.0), "`huge` may not be asked");
        let open = plan(json!({"allowed_models": [], "per_run": 0, "per_day": 0}));
        assert_eq!(asked(rule(&open, "huge", 9.0, 99.0), "huge"), None);
    }

    #[test]
    fn money_that_runs_short_is_spent_on_the_smaller_model() {
        let plan = plan(json!({}));
        asked(rule(&plan, "large", 0.78, 0.0), "large");
        asked(rule(&plan, "large", 0.79, 0.0), "small");
        asked(rule(&plan, "large", 0.0, 7.99), "small");
        asked(rule(&plan, "small", 0.998, 0.0), "small");
        blocked(
            rule(&plan, "small", 0.9981, 0.0),
            "of $1.0000 are spent this run",
        );
        blocked(rule(&plan, "large", 0.0, 9.999), "spent today");
    }

    #[test]
    fn without_a_smaller_model_the_limit_itself_counts() {
        let plan = plan(json!({"fallback_model": ""}));
        asked(rule(&plan, "large", 0.98, 0.0), "large");
        blocked(rule(&plan, "large", 0.981, 0.0), "this run");
    }

    #[test]
    fn what_has_no_price_has_no_limit_either() {
        let unlisted = plan(json!({"allowed_models": [], "fallback_model": ""}));
        blocked(rule(&unlisted, "huge", 0.0, 0.0), "has no price");
        let all = json!({"*": {"prompt": 1, "completion": 1}});
        let listed = plan(json!({"allowed_models": [], "fallback_model": "", "prices": all}));
        asked(rule(&listed, "huge", 0.0, 0.0), "huge");
    }
}
