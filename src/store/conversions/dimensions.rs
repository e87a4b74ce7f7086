//! The dimensions under which a credited conversion is counted.

use crate::domain::{
    clicks::click::{Country, Device},
    links::link::LinkNo,
    programme::partner::PartnerNo,
};
use crate::store::{Row, SqlError, Value, columns};

/// A credit's dimensions in the counts: whom it credits, and where the credited click came from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CreditDimensions {
    /// The credited partner.
    pub partner_no: PartnerNo,
    /// The link of the credited click; absent for a coupon.
    #[serde(with = "columns::zero")]
    pub link_no: Option<LinkNo>,
    /// The country of the credited click, if known.
    #[serde(with = "columns::empty_country")]
    pub country: Option<Country>,
    /// The device of the credited click.
    #[serde(with = "columns::device_code")]
    pub device: Device,
}

/// Reads the columns `partner_no`, `link_no`, `country` and `device`; a conversion without credit has zeros.
pub(super) fn credit_dimensions(
    row: &Row,
    columns: [usize; 4],
) -> Result<Option<CreditDimensions>, SqlError> {
    let [partner_no, link_no, country, device] = columns;
    let Some(partner_no) = columns::nonzero(row, partner_no)? else { return Ok(None) };
    Ok(Some(CreditDimensions {
        partner_no,
        link_no: columns::nonzero(row, link_no)?,
        country: columns::country(row, country)?,
        device: columns::device(row, device)?,
    }))
}

/// Binds the columns `partner_no`, `link_no`, `country` and `device`.
pub(super) fn dimension_values(dimensions: Option<&CreditDimensions>) -> [Value; 4] {
    [
        columns::number_or_zero(dimensions.map(|dimensions| dimensions.partner_no)),
        columns::number_or_zero(dimensions.and_then(|dimensions| dimensions.link_no)),
        columns::country_or_empty(dimensions.and_then(|dimensions| dimensions.country)),
        dimensions.map_or(Device::Unknown, |dimensions| dimensions.device).code().into(),
    ]
}

/// The dimensions of a conversion in the log, where all of them are zero or empty if it has no credit.
pub(super) mod unattributed_as_zeros {
    use super::{CreditDimensions, columns};
    use crate::domain::{
        clicks::click::{Country, Device},
        links::link::LinkNo,
        programme::partner::PartnerNo,
    };
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Logged {
        #[serde(with = "columns::zero")]
        partner_no: Option<PartnerNo>,
        #[serde(with = "columns::zero")]
        link_no: Option<LinkNo>,
        #[serde(with = "columns::empty_country")]
        country: Option<Country>,
        #[serde(with = "columns::device_code")]
        device: Device,
    }

    pub fn serialize<S: Serializer>(
        credited: &Option<CreditDimensions>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let logged = Logged {
            partner_no: credited.as_ref().map(|credited| credited.partner_no),
            link_no: credited.as_ref().and_then(|credited| credited.link_no),
            country: credited.as_ref().and_then(|credited| credited.country),
            device: credited.as_ref().map_or(Device::Unknown, |credited| credited.device),
        };
        logged.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<CreditDimensions>, D::Error> {
        let Logged { partner_no, link_no, country, device } = Logged::deserialize(deserializer)?;
        Ok(partner_no.map(|partner_no| CreditDimensions { partner_no, link_no, country, device }))
    }
}
