//! add-chain and add-pre-chain.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::json;

use super::form::encode;
use super::{Answered, Teller, policy};
use crate::endpoint::Endpoint;
use crate::http::Answer;
use crate::lie::Lie;

impl Teller<'_> {
    pub(super) fn add(&self, endpoint: Endpoint, body: &[u8]) -> Answered {
        let accepted = policy::accept(self, endpoint, body)?;
        let promise = self.log.promise(accepted, self.lie).map_err(|why| Answer::refused(409, why))?;
        let mut answer = json!({
            "sct_version": u8::from(self.lie == Lie::SctVersionOne),
            "id": encode(self.log.id()),
            "timestamp": promise.timestamp,
            "extensions": encode(&promise.extensions),
            "signature": encode(&promise.signature),
        });
        match self.lie {
            Lie::SctWrongLogId => answer["id"] = json!(encode([9; 32])),
            Lie::SctTimestampQuoted => answer["timestamp"] = json!(promise.timestamp.to_string()),
            Lie::SctBase64Unpadded => answer["id"] = json!(STANDARD_NO_PAD.encode(self.log.id())),
            Lie::SctWithoutExtensions => {
                answer.as_object_mut().map(|fields| fields.remove("extensions"));
            }
            _ => {}
        }
        Ok(answer)
    }
}
