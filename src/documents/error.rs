//! Why a document could not be written.

/// A library refused to write a document. The caller of the API cannot repair this, so it is reported as an internal
/// error and logged.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// A CSV file.
    #[error("a CSV file could not be written: {0}")]
    Csv(#[from] csv::Error),
    /// An XML file.
    #[error("an XML file could not be written: {0}")]
    Xml(#[from] std::io::Error),
    /// A writer produced bytes that are not text.
    #[error("a document is not UTF-8: {0}")]
    NotText(#[from] std::string::FromUtf8Error),
    /// A QR code.
    #[error("a QR code could not be drawn: {0}")]
    Qr(#[from] qrcode::types::QrError),
    /// A PNG image.
    #[error("a PNG image could not be written: {0}")]
    Png(#[from] png::EncodingError),
}
