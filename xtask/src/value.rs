//! Values on the command line: times and sizes with their units.

use std::str::FromStr;
use std::time::Duration;

/// A time such as `50ms`, `2s` or `1m`, at least a millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(Duration);

impl Time {
    /// The time in whole milliseconds.
    pub(crate) fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

/// A number of bytes such as `1048576`, `64KiB` or `16MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(u64);

impl Size {
    /// The size in bytes.
    pub(crate) fn bytes(self) -> u64 {
        self.0
    }
}

/// Why a value cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    /// There is no number at the start.
    #[error("it does not start with a number; write it like {example}")]
    NoNumber {
        /// How to write one.
        example: &'static str,
    },
    /// The unit is missing or unknown.
    #[error("`{unit}` is not a unit; use one of {units}")]
    Unit {
        /// What stands where the unit should.
        unit: String,
        /// The units.
        units: &'static str,
    },
    /// The unit is missing.
    #[error("the unit is missing; write it like {example}")]
    NoUnit {
        /// How to write one.
        example: &'static str,
    },
    /// The number is zero.
    #[error("it must be more than nothing")]
    Zero,
    /// The number is too large.
    #[error("the number is too large")]
    TooLarge,
}

impl FromStr for Time {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (number, unit) = split(text, "50ms or 2s")?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "" => {
                return Err(ValueError::NoUnit {
                    example: "50ms or 2s",
                });
            }
            unit => {
                return Err(ValueError::Unit {
                    unit: unit.to_owned(),
                    units: "ms, s, m",
                });
            }
        };
        Ok(Self(Duration::from_millis(multiply(number, millis)?)))
    }
}

impl FromStr for Size {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (number, unit) = split(text, "16MiB or 1048576")?;
        let bytes = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "kB" | "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            unit => {
                return Err(ValueError::Unit {
                    unit: unit.to_owned(),
                    units: "B, KiB, MiB, GiB, kB, MB, GB",
                });
            }
        };
        Ok(Self(multiply(number, bytes)?))
    }
}

/// The number at the start, and the unit behind it.
fn split<'a>(text: &'a str, example: &'static str) -> Result<(u64, &'a str), ValueError> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '_')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let digits = digits.replace('_', "");
    if digits.is_empty() {
        return Err(ValueError::NoNumber { example });
    }
    let number = digits.parse().map_err(|_| ValueError::TooLarge)?;
    Ok((number, unit.trim_start()))
}

fn multiply(number: u64, by: u64) -> Result<u64, ValueError> {
    match number.checked_mul(by) {
        Some(0) => Err(ValueError::Zero),
        product => product.ok_or(ValueError::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_need_their_unit() {
        assert_eq!("50ms".parse::<Time>().unwrap().millis(), 50);
        assert_eq!("2s".parse::<Time>().unwrap().millis(), 2_000);
        assert_eq!("1 m".parse::<Time>().unwrap().millis(), 60_000);
        assert_eq!(
            "50".parse::<Time>(),
            Err(ValueError::NoUnit {
                example: "50ms or 2s"
            })
        );
        assert_eq!("0ms".parse::<Time>(), Err(ValueError::Zero));
        assert!(
            "1h".parse::<Time>()
                .unwrap_err()
                .to_string()
                .contains("ms, s, m")
        );
        assert!("-1s".parse::<Time>().is_err());
    }

    #[test]
    fn sizes_are_bytes_without_a_unit() {
        assert_eq!("1048576".parse::<Size>().unwrap().bytes(), 1 << 20);
        assert_eq!("16MiB".parse::<Size>().unwrap().bytes(), 16 << 20);
        assert_eq!("1_000kB".parse::<Size>().unwrap().bytes(), 1_000_000);
        assert_eq!(
            "99999999999999999999".parse::<Size>(),
            Err(ValueError::TooLarge)
        );
        assert_eq!(
            "18446744073709551615KiB".parse::<Size>(),
            Err(ValueError::TooLarge)
        );
        assert!("16MIB".parse::<Size>().is_err());
    }
}
