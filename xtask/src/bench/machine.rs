//! Describes the machine that runs the benchmark.

use crate::{npm, workspace};
use std::path::Path;
use std::process::Command;

/// Describes the processor, the system and the measured versions in one line.
pub fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let node = npm::node().map(|node| output(&node, &["--version"])).unwrap_or_default();
    let parts = [
        format!("{cores} cores of {}", processor()),
        output(Path::new("uname"), &["-sr"]),
        output(Path::new("rustc"), &["--version"]),
        format!("node {node}"),
        format!("workerd {}", package_version("workerd")),
        busy(cores),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    match model {
        Some((_, name)) => name.to_owned(),
        None => output(Path::new("sysctl"), &["-n", "machdep.cpu.brand_string"]),
    }
}

/// The load average. Other processes affect absolute rates strongly, and ratios less.
fn busy(cores: usize) -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    match text.split(' ').next().and_then(|load| load.parse::<f64>().ok()) {
        Some(load) if load > 0.5 => format!("BUSY: load {load} on {cores} cores as the run starts"),
        _ => String::new(),
    }
}

fn package_version(name: &str) -> String {
    let path = workspace::root().join("node_modules").join(name).join("package.json");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let package: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    package.get("version").and_then(|version| version.as_str()).unwrap_or("of unknown version").to_owned()
}

/// Returns the first line that a program prints, or an empty text.
fn output(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}
