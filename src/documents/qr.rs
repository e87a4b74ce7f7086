//! QR codes of links.

use super::error::DocumentError;
use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, EcLevel, QrCode, render::svg};

/// The pixels of a module in a PNG: a link's code is then about 450 pixels wide.
const MODULE_PIXELS: usize = 10;
/// The modules of the quiet zone on each side (ISO/IEC 18004).
const QUIET_MODULES: usize = 4;

fn code(text: &str) -> Result<QrCode, DocumentError> {
    // Level M restores 15 % of the code words (ISO/IEC 18004), which covers the usual wear of a printed poster.
    Ok(QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M)?)
}

/// The text as a QR code in SVG, at least 256 pixels wide.
pub fn svg(text: &str) -> Result<String, DocumentError> {
    Ok(code(text)?.render::<svg::Color<'_>>().min_dimensions(256, 256).build())
}

/// The text as a QR code in PNG, one bit a pixel.
pub fn png(text: &str) -> Result<Vec<u8>, DocumentError> {
    let code = code(text)?;
    let modules = code.width().saturating_add(QUIET_MODULES.saturating_mul(2));
    let pixels = modules.saturating_mul(MODULE_PIXELS);
    let dark = code.to_colors();
    let is_dark = |x: usize, y: usize| {
        let (x, y) = (x.checked_sub(QUIET_MODULES)?, y.checked_sub(QUIET_MODULES)?);
        let at = y.checked_mul(code.width())?.checked_add(x).filter(|_| x < code.width())?;
        dark.get(at).map(|color| *color == Color::Dark)
    };
    let mut rows = Vec::with_capacity(pixels.saturating_mul(pixels.div_ceil(8)));
    for y in 0..modules {
        // A bit is 1 for white; the bits after the last pixel are not shown.
        let bits: Vec<bool> = (0..modules)
            .flat_map(|x| std::iter::repeat_n(!is_dark(x, y).unwrap_or_default(), MODULE_PIXELS))
            .collect();
        let row: Vec<u8> = bits
            .chunks(8)
            .map(|eight| (0..8).fold(0, |byte, bit| (byte << 1) | u8::from(eight.get(bit) == Some(&true))))
            .collect();
        (0..MODULE_PIXELS).for_each(|_| rows.extend_from_slice(&row));
    }
    let side = u32::try_from(pixels).unwrap_or(u32::MAX);
    let mut image = Vec::new();
    let mut encoder = Encoder::new(&mut image, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.write_header()?.write_image_data(&rows)?;
    Ok(image)
}
