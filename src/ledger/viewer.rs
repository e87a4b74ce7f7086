//! Who reads a view: the programme sees everything, a partner only its own data.

use crate::domain::programme::partner::PartnerNo;

/// The reader of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The programme, and its own log of events.
    Programme,
    /// One partner.
    Partner(PartnerNo),
}

impl Viewer {
    /// Whether data of `owner` are visible.
    #[must_use]
    pub fn sees(self, owner: PartnerNo) -> bool {
        match self {
            Self::Programme => true,
            Self::Partner(partner) => partner == owner,
        }
    }
}
