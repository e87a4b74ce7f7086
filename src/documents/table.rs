//! CSV tables (RFC 4180). Tables for people are made safe to open in a spreadsheet; files for machines hold texts as they
//! are.

use super::error::DocumentError;
use csv::{Terminator, WriterBuilder};

/// Writes the rows that `write_rows` produces as CSV with CRLF line ends.
pub fn csv(
    write_rows: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
) -> Result<String, DocumentError> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    write_rows(&mut writer)?;
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes)?)
}

/// Defuses text that a spreadsheet would evaluate: text that begins like a formula gets an apostrophe in front (OWASP,
/// "CSV Injection"). Do not apply this to amounts, which may begin with a minus sign.
#[must_use]
pub fn escape_formula(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let text = csv(|writer| {
            writer.write_record(["a", "b,c", "d\"e", "f\r\ng", ""])?;
            writer.write_record(["Zoë", "", "", "", "x"])
        });
        assert_eq!(text.unwrap(), "a,\"b,c\",\"d\"\"e\",\"f\r\ng\",\r\nZoë,,,,x\r\n");
        assert_eq!(csv(|writer| writer.write_record([""])).unwrap(), "\"\"\r\n");
    }

    #[test]
    fn no_text_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(escape_formula(formula), format!("'{formula}"));
        }
        assert_eq!(escape_formula("O'Neill =x"), "O'Neill =x");
    }
}
