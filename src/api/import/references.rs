//! References between the lines of imports: `ext:<external_id>` in place of an id.

use super::line::Line;
use crate::{
    api::http::{
        checks::Checks,
        problems::{Code, Problem},
    },
    domain::{conversions::ConversionType, import::ImportedObject},
    store::{
        Sql, SqlError, conversions,
        imports::{self, ImportedRow},
        programme::partners,
    },
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const PREFIX: &str = "ext:";

/// The fields that may refer to an imported object.
const FIELDS: [(&str, ImportedObject); 7] = [
    ("partner_id", ImportedObject::Partner),
    ("referred_by", ImportedObject::Partner),
    ("listing_id", ImportedObject::Listing),
    ("link_id", ImportedObject::Link),
    ("click_id", ImportedObject::Click),
    ("conversion_id", ImportedObject::Conversion),
    ("trail", ImportedObject::Click),
];

/// What is known by an external id: in the database, and of this import.
pub struct References<'a> {
    sql: &'a dyn Sql,
    rows: BTreeMap<(ImportedObject, String), ImportedRow>,
    trails: BTreeMap<String, String>,
}

impl<'a> References<'a> {
    /// References to what earlier imports created.
    pub fn new(sql: &'a dyn Sql) -> Self {
        Self { sql, rows: BTreeMap::new(), trails: BTreeMap::new() }
    }

    /// Adds what this import has created.
    pub fn add(&mut self, row: ImportedRow) {
        if row.object == ImportedObject::Click {
            self.trails.insert(row.id.clone(), row.trail.clone().unwrap_or_default());
        }
        self.rows.insert((row.object, row.external_id.clone()), row);
    }

    /// What an import has created under an external id.
    pub fn imported(
        &self,
        object: ImportedObject,
        external_id: &str,
    ) -> Result<Option<ImportedRow>, SqlError> {
        match self.rows.get(&(object, external_id.to_owned())) {
            Some(row) => Ok(Some(row.clone())),
            None => imports::by_external_id(self.sql, object, external_id),
        }
    }

    /// The earlier clicks of the visitor who made an imported click; `None` if it was not imported.
    pub fn trail_of(&self, click_id: &str) -> Result<Option<Vec<String>>, SqlError> {
        let trail = match self.trails.get(click_id) {
            Some(trail) => Some(trail.clone()),
            None => imports::trail_of(self.sql, click_id)?,
        };
        Ok(trail.map(|trail| trail.split('.').filter(|id| !id.is_empty()).map(str::to_owned).collect()))
    }

    /// Refuses a click that is older than its link. The time of a link whose line has no `created_at` says nothing: it is that of
    /// the import, and its clicks are older.
    pub fn check_time(&self, line: &Line) -> Result<(), Problem> {
        let link = line.text("link_id").filter(|_| line.object == ImportedObject::Click);
        let Some(external_id) = link.and_then(|id| id.strip_prefix(PREFIX)) else { return Ok(()) };
        let link = self.imported(ImportedObject::Link, external_id)?;
        match link.and_then(|link| link.stated_at).filter(|stated_at| line.created_at < *stated_at) {
            None => Ok(()),
            Some(stated_at) => {
                let detail = format!(
                    "The link {external_id:?} was created at {stated_at}, after this click. Correct one of the times, or import \
                     the link without created_at if the time is not known."
                );
                Err(Problem::field(Code::OutOfRange, "/created_at", detail))
            }
        }
    }

    /// Replaces references by ids.
    pub fn resolve(&self, mut fields: Map<String, Value>) -> Result<Map<String, Value>, Problem> {
        let mut checks = Checks::default();
        for (name, object) in FIELDS {
            match fields.get_mut(name) {
                Some(Value::String(text)) => self.replace(text, name, object, &mut checks)?,
                Some(Value::Array(items)) => {
                    for (index, item) in items.iter_mut().enumerate() {
                        if let Value::String(text) = item {
                            self.replace(text, &format!("{name}/{index}"), object, &mut checks)?;
                        }
                    }
                }
                Some(_) | None => {}
            }
        }
        checks.finish()?;
        Ok(fields)
    }

    fn replace(
        &self,
        text: &mut String,
        field: &str,
        object: ImportedObject,
        checks: &mut Checks,
    ) -> Result<(), SqlError> {
        let Some(external_id) = text.strip_prefix(PREFIX) else { return Ok(()) };
        match self.find(object, external_id)?.as_slice() {
            [id] => *text = id.clone(),
            [] => {
                let detail = format!("There is no {} with this external id.", object.as_str());
                checks.refuse(Code::UnknownReference, field, detail);
            }
            several => {
                let detail =
                    format!("{} conversions have this external id; name one by its id.", several.len());
                checks.refuse(Code::UnknownReference, field, detail);
            }
        }
        Ok(())
    }

    /// The ids of what has an external id. Partners and conversions that were not imported have one too; conversions of
    /// several types may have the same one.
    fn find(&self, object: ImportedObject, external_id: &str) -> Result<Vec<String>, SqlError> {
        if let Some(row) = self.imported(object, external_id)? {
            return Ok(vec![row.id]);
        }
        if object == ImportedObject::Partner {
            let partner = partners::by_external_id(self.sql, external_id)?;
            return Ok(partner.into_iter().map(|partner| partner.id.to_string()).collect());
        }
        let mut ids = Vec::new();
        if object == ImportedObject::Conversion {
            for kind in ConversionType::ALL.iter().copied().filter(|kind| kind.is_sale()) {
                let found = conversions::by_key(self.sql, kind, external_id)?;
                ids.extend(found.map(|conversion| conversion.id.to_string()));
            }
        }
        Ok(ids)
    }
}
