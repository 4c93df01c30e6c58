//! Strict reading of the JSON that logs answer with.
//!
//! Clients in the field refuse quoted or fractional numbers, `null` for an empty list, and base64 that is
//! unpadded or in the URL-safe alphabet; so does the judge.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::error::{JudgeError, Result};
use crate::http::Response;
use crate::merkle::Hash;

/// A JSON object that came from one request.
#[derive(Debug)]
pub(crate) struct Object {
    request: String,
    fields: Map<String, Value>,
}

impl Object {
    pub(crate) fn read(request: &str, response: &Response) -> Result<Self> {
        let parsed: serde_json::Result<Value> = serde_json::from_slice(&response.body);
        match parsed {
            Ok(Value::Object(fields)) => Ok(Self { request: request.to_owned(), fields }),
            _ => Err(JudgeError::wrong(format!("{request}: body"), "a JSON object", response.excerpt())),
        }
    }

    fn field(&self, name: &str, expected: &str) -> Result<&Value> {
        self.fields.get(name).ok_or_else(|| self.wrong(name, expected, "no such field"))
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64> {
        let value = self.field(name, "a plain integer")?;
        value.as_u64().ok_or_else(|| self.wrong(name, "a plain integer", value))
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        self.decode(name, self.field(name, "a base64 string")?)
    }

    pub(crate) fn hash(&self, name: &str) -> Result<Hash> {
        self.to_hash(name, self.bytes(name)?)
    }

    pub(crate) fn list(&self, name: &str) -> Result<&[Value]> {
        let value = self.field(name, "an array")?;
        value.as_array().map(Vec::as_slice).ok_or_else(|| self.wrong(name, "an array", value))
    }

    pub(crate) fn byte_strings(&self, name: &str) -> Result<Vec<Vec<u8>>> {
        self.list(name)?.iter().map(|value| self.decode(name, value)).collect()
    }

    pub(crate) fn hashes(&self, name: &str) -> Result<Vec<Hash>> {
        self.byte_strings(name)?.into_iter().map(|bytes| self.to_hash(name, bytes)).collect()
    }

    /// The objects in an array.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Object>> {
        let object = |value: &Value| match value {
            Value::Object(fields) => Ok(Object { request: self.request.clone(), fields: fields.clone() }),
            other => Err(self.wrong(name, "an array of objects", other)),
        };
        self.list(name)?.iter().map(object).collect()
    }

    fn decode(&self, name: &str, value: &Value) -> Result<Vec<u8>> {
        let text = value.as_str().ok_or_else(|| self.wrong(name, "a base64 string", value))?;
        STANDARD.decode(text).map_err(|_| self.wrong(name, "padded standard base64", text))
    }

    fn to_hash(&self, name: &str, bytes: Vec<u8>) -> Result<Hash> {
        let length = bytes.len();
        bytes.try_into().map_err(|_| self.wrong(name, "32 bytes", format!("{length} bytes")))
    }

    fn wrong(&self, name: &str, expected: &str, found: impl ToString) -> JudgeError {
        let found: String = found.to_string().chars().take(160).collect();
        JudgeError::wrong(format!("{}: {name}", self.request), expected, found)
    }
}
