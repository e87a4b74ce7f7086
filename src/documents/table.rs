//! CSV tables (RFC 4180). Tables for people are made safe to open in a spreadsheet; files for machines hold texts as they
//! are.

use super::error::DocumentError;
use csv::{Terminator, WriterBuilder};

/// Writes the rows that `write_rows` produces as CSV with CRLF line ends.
pub fn csv(
    write_rows: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
) -> Result<String, DocumentError> {
    // The comment character is quoted where it occurs: many spreadsheets separate columns by semicolons.
    let mut writer =
        WriterBuilder::new().comment(Some(b';')).terminator(Terminator::CRLF).from_writer(Vec::new());
    write_rows(&mut writer)?;
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes)?)
}

/// Defuses text that a spreadsheet would evaluate: what begins like a formula gets an apostrophe in front (OWASP, "CSV
/// Injection"). That includes what follows a separator inside the text, because a spreadsheet that separates columns by
/// semicolons or tabs starts a cell there, even inside quotes. Do not apply this to amounts, which may begin with a minus
/// sign.
#[must_use]
pub fn escape_formula(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().saturating_add(1));
    let mut starts_cell = true;
    for character in text.chars() {
        let is_formula = matches!(character, '=' | '+' | '-' | '@');
        let is_leading_control = escaped.is_empty() && matches!(character, '\t' | '\r' | '\n');
        if (starts_cell && is_formula) || is_leading_control {
            escaped.push('\'');
        }
        escaped.push(character);
        // Blanks and quotes after a separator may be skipped.
        starts_cell = match character {
            ';' | '\t' | '\r' | '\n' => true,
            ' ' | '"' => starts_cell && !escaped.trim_matches([' ', '"']).is_empty(),
            _ => false,
        };
    }
    escaped
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
        let semicolon = csv(|writer| writer.write_record(["x;=1+1", &escape_formula("x;=1+1")]));
        assert_eq!(semicolon.unwrap(), "\"x;=1+1\",\"x;'=1+1\"\r\n");
        assert_eq!(csv(|writer| writer.write_record([""])).unwrap(), "\"\"\r\n");
    }

    #[test]
    fn no_text_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"] {
            assert_eq!(escape_formula(formula), format!("'{formula}"));
        }
        for (text, escaped) in [
            ("O'Neill =x", "O'Neill =x"),
            ("x;=1+1", "x;'=1+1"),
            ("x; \"@SUM(A1)", "x; \"'@SUM(A1)"),
            ("x\t=1", "x\t'=1"),
            ("x\n-1;y", "x\n'-1;y"),
            (";;+1", ";;'+1"),
            ("\t=1", "'\t'=1"),
            ("a\r\nb\r\n=1", "a\r\nb\r\n'=1"),
            ("a-b; c=d;e+f", "a-b; c=d;e+f"),
            (" =x", " =x"),
        ] {
            assert_eq!(escape_formula(text), escaped);
        }
    }
}
