//! What each structure says, field by field.

mod certificate;
mod entry;
mod signed;

pub use certificate::split as split_certificates;
pub use signed::read_add_chain;

use super::fault::Fault;
use super::kind::{Item, Kind};
use super::model::Node;
use ct::hash::Base64;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Decodes an item as that kind.
pub fn describe(kind: Kind, item: &Item) -> Result<Node, Fault> {
    match (kind, item) {
        (Kind::Leaf, Item::Bytes(bytes)) => entry::leaf(bytes),
        (Kind::Leaf, Item::Json(value)) => entry::leaf(&field::<Base64>(value, "leaf_input")?.0),
        (Kind::Sct, Item::Bytes(bytes)) => signed::sct(bytes),
        (Kind::Sct, Item::Json(value)) => signed::add_chain(value),
        (Kind::SctList, Item::Bytes(bytes)) => signed::sct_list(bytes),
        (Kind::Sth, Item::Bytes(bytes)) => signed::tree_head(bytes),
        (Kind::Sth, Item::Json(value)) => signed::sth(value),
        (Kind::Chain, Item::Certificates(ders)) => certificate::chain(ders),
        (Kind::Chain, Item::Bytes(bytes)) => certificate::chain(&certificate::split(bytes)?),
        (Kind::Chain, Item::Json(value)) => certificate::chain(&certificate::listed(value)?),
        (Kind::Entries, Item::Json(value)) => entry::entries(value),
        (Kind::SctList | Kind::Entries, _) | (_, Item::Certificates(_)) => {
            Err(Fault::new(format!("{} cannot be a thing of kind {kind}", item.form())))
        }
    }
}

/// A value of JSON as what it should be.
fn value<T: DeserializeOwned>(value: &Value) -> Result<T, Fault> {
    Ok(T::deserialize(value)?)
}

/// A field of a JSON object.
fn field<T: DeserializeOwned>(object: &Value, name: &'static str) -> Result<T, Fault> {
    let found = object.get(name).ok_or_else(|| Fault::new(format!("there is no field {name:?}")))?;
    value(found).map_err(|fault| fault.within(name))
}
