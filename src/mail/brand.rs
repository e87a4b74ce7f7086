//! The programme in whose name mails are sent.

/// The programme in whose name a mail is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brand<'a> {
    /// The programme's name.
    pub name: &'a str,
    /// The address that people write to with questions.
    pub support_email: Option<&'a str>,
    /// The IANA time zone in which times are shown. Each is shown with its zone.
    pub time_zone: &'a str,
}
