//! Import circles that exist today. This list may only shrink.

/// The files of each circle.
pub const KNOWN_CIRCLES: &[&[&str]] = &[&[
    "src/marketplace/signature/platforms/adattributionkit.rs",
    "src/marketplace/signature/platforms/adobe_commerce.rs",
    "src/marketplace/signature/platforms/adobe_io_events.rs",
    "src/marketplace/signature/platforms/eventbridge.rs",
    "src/marketplace/signature/platforms/mod.rs",
    "src/marketplace/signature/platforms/skadnetwork.rs",
    "src/marketplace/signature/platforms/sns.rs",
]];
