//! Amounts of money, in millionths of a dollar.

use std::fmt;
use std::ops::Add;

use serde::Deserialize;

/// An amount, in millionths of a dollar. Counting stops at the largest one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub i64);

/// What a model costs, in dollars for a million tokens: so a token costs as many millionths.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Price {
    prompt: f64,
    completion: f64,
}

impl Money {
    /// So many dollars.
    pub fn dollars(dollars: f64) -> Money {
        Money::millionths(dollars * 1_000_000.0)
    }

    /// Rounded up: what costs something is never for free.
    fn millionths(millionths: f64) -> Money {
        // Out of range the conversion gives the nearest number.
        Money(millionths.ceil() as i64)
    }

    /// So many percent of it.
    pub fn percent(self, percent: u32) -> Money {
        let part = i128::from(self.0) * i128::from(percent) / 100;
        Money(i64::try_from(part).unwrap_or(i64::MAX))
    }
}

impl Price {
    /// What so many tokens cost.
    pub fn of(&self, prompt: u64, completion: u64) -> Money {
        Money::millionths(self.prompt * prompt as f64 + self.completion * completion as f64)
    }
}

impl Add for Money {
    type Output = Money;

    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${:.4}", self.0 as f64 / 1_000_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_cost_money() {
        let price = Price {
            prompt: 3.0,
            completion: 15.0,
        };
        assert_eq!(price.of(1_000, 200), Money(6_000));
        assert_eq!(price.of(0, 0), Money(0));
        let cheap = Price {
            prompt: 0.1,
            completion: 0.0,
        };
        assert_eq!(cheap.of(1, 0), Money(1), "rounded up");
        assert_eq!(price.of(u64::MAX, 0), Money(i64::MAX));
        assert_eq!(Money::dollars(0.5).to_string(), "$0.5000");
        assert_eq!(
            Money(i64::MAX).percent(80),
            Money(7_378_697_629_483_820_645)
        );
    }
}
