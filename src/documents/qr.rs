//! QR codes of links.

use super::error::DocumentError;
use qrcode::{EcLevel, QrCode, render::svg};

/// The text as a QR code in SVG, at least 256 pixels wide.
pub fn svg(text: &str) -> Result<String, DocumentError> {
    // Level M restores 15 % of the code words (ISO/IEC 18004), which covers the usual wear of a printed poster.
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M)?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(256, 256).build())
}
