//! Mapping between optional values and the markers that columns and the log use instead of NULL: 0 for no partner, link
//! or listing, and an empty string for no country or currency. SQLite treats NULLs in a key as distinct, so that counts
//! with NULLs would not be merged.

use crate::{
    domain::{
        attribution::TouchOrigin,
        clicks::click::{Country, Device},
        links::link::LinkNo,
        values::id::CouponId,
    },
    store::{
        error::SqlError,
        value::{Row, Value},
    },
};

/// Binds a number, or 0 if there is none.
pub fn number_or_zero<T: Into<Value>>(number: Option<T>) -> Value {
    number.map_or(Value::Int(0), Into::into)
}

/// Binds a text, or an empty string if there is none.
pub fn text_or_empty(text: Option<&str>) -> Value {
    text.unwrap_or_default().into()
}

/// Binds a country, or an empty string if there is none.
pub fn country_or_empty(country: Option<Country>) -> Value {
    text_or_empty(country.as_ref().map(Country::as_str))
}

/// Reads a 32-bit number; 0 means that there is none.
pub fn nonzero(row: &Row, column: usize) -> Result<Option<u32>, SqlError> {
    Ok(Some(row.number(column)?).filter(|number| *number != 0))
}

/// Reads a country; an empty string means that there is none.
pub fn country(row: &Row, column: usize) -> Result<Option<Country>, SqlError> {
    match row.text(column)? {
        "" => Ok(None),
        code => Country::parse(code).map(Some).ok_or(SqlError::Shape { column, expected: "a country" }),
    }
}

/// Reads the code of a device.
pub fn device(row: &Row, column: usize) -> Result<Device, SqlError> {
    let device = u8::try_from(row.int(column)?).ok().and_then(Device::from_code);
    device.ok_or(SqlError::Shape { column, expected: "a device" })
}

/// Returns the origin of a touch. A column holds either a click id or a coupon's id, which differ in length.
#[must_use]
pub fn touch_origin(id: String, link_no: LinkNo) -> TouchOrigin {
    match CouponId::parse(&id) {
        Some(coupon_id) => TouchOrigin::Coupon { coupon_id },
        None => TouchOrigin::Click { click_id: id, link_no },
    }
}

/// Serialises `None` as 0.
pub mod zero {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// See [`super::zero`].
    pub fn serialize<T, S>(number: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize + Default + Copy,
        S: Serializer,
    {
        number.unwrap_or_default().serialize(serializer)
    }

    /// See [`super::zero`].
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: Deserialize<'de> + Default + PartialEq,
        D: Deserializer<'de>,
    {
        Ok(Some(T::deserialize(deserializer)?).filter(|number| *number != T::default()))
    }
}

/// Serialises a country that is unknown as an empty string.
pub mod empty_country {
    use crate::domain::clicks::click::Country;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// See [`super::empty_country`].
    pub fn serialize<S: Serializer>(country: &Option<Country>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(country.as_ref().map_or("", Country::as_str))
    }

    /// See [`super::empty_country`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Country>, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "" => Ok(None),
            code => Country::parse(code).map(Some).ok_or_else(|| D::Error::custom("expected a country")),
        }
    }
}

/// Serialises a text that is absent as an empty string.
pub mod empty {
    use serde::{Deserialize, Deserializer, Serializer};

    /// See [`super::empty`].
    pub fn serialize<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text.as_deref().unwrap_or_default())
    }

    /// See [`super::empty`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        Ok(Some(String::deserialize(deserializer)?).filter(|text| !text.is_empty()))
    }
}

/// Serialises a device as its code.
pub mod device_code {
    use crate::domain::clicks::click::Device;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// See [`super::device_code`].
    pub fn serialize<S: Serializer>(device: &Device, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(device.code())
    }

    /// See [`super::device_code`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Device, D::Error> {
        Device::from_code(u8::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("expected a device"))
    }
}
