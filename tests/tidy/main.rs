//! House rules that no compiler and no linter checks. Each test is a rule, and its name states the rule.

mod circles;
mod imports;
mod imports_test;
mod layers;
mod references;
mod report;
mod sources;
mod style;
