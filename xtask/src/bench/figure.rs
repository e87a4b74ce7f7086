//! Measured figures and their targets.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::fmt;

/// A measured figure.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    #[serde(rename = "figure")]
    pub name: String,
    pub value: f64,
    pub unit: String,
    #[serde(default)]
    pub at_least: Option<f64>,
    #[serde(default)]
    pub at_most: Option<f64>,
    /// What was measured, and the baseline if the figure is a ratio.
    pub compares: String,
}

/// Whether a figure meets its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Fail,
    /// The figure has no target.
    None,
}

impl Figure {
    /// Parses a line of a measuring program.
    pub fn parse(line: &str) -> Result<Self> {
        serde_json::from_str(line).with_context(|| format!("not a figure: {line}"))
    }

    pub fn verdict(&self) -> Verdict {
        if self.at_least.is_none() && self.at_most.is_none() {
            return Verdict::None;
        }
        let is_enough = self.at_least.is_none_or(|min| self.value >= min);
        let is_below = self.at_most.is_none_or(|max| self.value <= max);
        if is_enough && is_below { Verdict::Pass } else { Verdict::Fail }
    }

    fn target(&self) -> String {
        match (self.at_least, self.at_most) {
            (Some(min), Some(max)) if min == max => format!("= {min}"),
            (Some(min), Some(max)) => format!("{min} … {max:.5}"),
            (Some(min), None) => format!("≥ {min}"),
            (None, Some(max)) => format!("≤ {max}"),
            (None, None) => String::new(),
        }
    }
}

/// Formats with three significant digits; numbers from 100 on are rounded to whole ones.
fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict() {
            Verdict::Pass => "pass",
            Verdict::Fail => "FAIL",
            Verdict::None => "",
        };
        let value = format!("{} {}", digits(self.value), self.unit);
        let target = self.target();
        write!(f, "{verdict:<4}  {:<58} {value:>11}  {target:<9} {}", self.name, self.compares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, limits: &str) -> Figure {
        Figure::parse(&format!(r#"{{"figure":"f","value":{value},"unit":"×","compares":"c"{limits}}}"#))
            .unwrap()
    }

    #[test]
    fn limits_are_inclusive() {
        for (value, limits, expected) in [
            (1.3, r#","at_least":1.3"#, Verdict::Pass),
            (1.29, r#","at_least":1.3"#, Verdict::Fail),
            (1.5, r#","at_most":1.5"#, Verdict::Pass),
            (1.51, r#","at_most":1.5"#, Verdict::Fail),
            (0.999, r#","at_least":1,"at_most":1"#, Verdict::Fail),
            (7.0, r#","at_most":null"#, Verdict::None),
        ] {
            assert_eq!(figure(value, limits).verdict(), expected, "{value} {limits}");
        }
    }

    #[test]
    fn numbers_have_three_significant_digits() {
        for (value, expected) in
            [(12833.4, "12833"), (98.76, "98.8"), (1.304, "1.30"), (0.17927, "0.179"), (0.0, "0.00")]
        {
            assert_eq!(digits(value), expected);
        }
    }

    #[test]
    fn other_lines_are_errors() {
        assert!(Figure::parse("warming up").is_err());
    }
}
