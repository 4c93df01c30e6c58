//! The body of add-chain and add-pre-chain (RFC 6962 §4.1), read as Go's `encoding/json` reads it: the key in any case,
//! other keys passed over, the last of several counts, nothing after the object.

use super::base64::decode;
use ct::limits::MAX_CHAIN_LEN;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Why a body is no submission: the client's fault.
#[derive(Debug, thiserror::Error)]
pub enum BodyFault {
    /// Not the JSON that it should be.
    #[error("the body is not a submission in JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// No certificate.
    #[error("cert chain was empty")]
    Empty,
}

/// The certificates of a submission, DER, not looked at yet.
pub fn parse(body: &[u8]) -> Result<Vec<Vec<u8>>, BodyFault> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let chain = Body.deserialize(&mut reader)?;
    reader.end()?;
    if chain.is_empty() { Err(BodyFault::Empty) } else { Ok(chain) }
}

type Chain = Vec<Vec<u8>>;

struct Body;
struct Certificates;
struct Certificate;

macro_rules! seed {
    ($name:ident, $value:ty) => {
        impl<'de> DeserializeSeed<'de> for $name {
            type Value = $value;
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<$value, D::Error> {
                from.deserialize_any(self)
            }
        }
    };
}
seed!(Body, Chain);
seed!(Certificates, Chain);
seed!(Certificate, Vec<u8>);

impl<'de> Visitor<'de> for Body {
    type Value = Chain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a chain")
    }
    fn visit_unit<E>(self) -> Result<Chain, E> {
        Ok(Vec::new())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Chain, A::Error> {
        let mut chain = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            if key.eq_ignore_ascii_case("chain") {
                chain = map.next_value_seed(Certificates)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(chain)
    }
}

impl<'de> Visitor<'de> for Certificates {
    type Value = Chain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of certificates")
    }
    fn visit_unit<E>(self) -> Result<Chain, E> {
        Ok(Vec::new())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Chain, A::Error> {
        let mut chain = Vec::new();
        while let Some(certificate) = list.next_element_seed(Certificate)? {
            if chain.len() == MAX_CHAIN_LEN {
                let limit = format_args!("more than {MAX_CHAIN_LEN} certificates").to_string();
                return Err(A::Error::custom(limit));
            }
            chain.push(certificate);
        }
        Ok(chain)
    }
}

impl Visitor<'_> for Certificate {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a certificate in base64")
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        decode(text.as_bytes()).ok_or_else(|| E::custom("a certificate is not base64"))
    }
}

/// A key, borrowed from the body where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_go_reads_are_read() {
        let two = vec![vec![0, 0, 1], vec![0, 0]];
        for body in [
            r#"{"chain":["AAAB","AAA="]}"#,
            r#" { "CHAIN" : [ "AAAB" , "AAA=" ] } "#,
            r#"{"Chain":["AAAB","AAA="],"more":{"a":[1,{"b":null}]}}"#,
            r#"{"chain":["////"],"chain":["AAAB","AAA="]}"#,
            r#"{"chain":["AA\nAB","\r\nAAA="]}"#,
            r#"{"\u0063hain":["AA\u0041B","AAA="]}"#,
        ] {
            assert_eq!(parse(body.as_bytes()).unwrap(), two, "{body}");
        }
    }

    #[test]
    fn bodies_that_go_refuses_are_refused() {
        for body in [
            "",
            "{",
            "MIIB",
            "[]",
            "7",
            r#""AAAB""#,
            r#"{"chain":"AAAB"}"#,
            r#"{"chain":{"0":"AAAB"}}"#,
            r#"{"chain":[1,2]}"#,
            r#"{"chain":[["AAAB"]]}"#,
            r#"{"chain":["!!!"]}"#,
            r#"{"chain":["-_-_"]}"#,
            r#"{"chain":["AAA"]}"#,
            "{\"chain\":[\"AA\nAB\"]}",
            r#"{"chain":["AAAB"]} x"#,
            r#"{"chain":["AAAB"]}{}"#,
            r#"{"chain":["AAAB"]"#,
            r#"{"chain":["AAAB"],"more":}"#,
        ] {
            assert!(matches!(parse(body.as_bytes()), Err(BodyFault::Json(_))), "{body}");
        }
        for body in
            ["null", "{}", r#"{"chain":null}"#, r#"{"chain":[]}"#, r#"{"chain":["AAAB"],"chain":null}"#]
        {
            assert!(matches!(parse(body.as_bytes()), Err(BodyFault::Empty)), "{body}");
        }
        assert!(matches!(parse(&[0xff, 0xfe, 0, 0x80]), Err(BodyFault::Json(_))));
    }

    #[test]
    fn text_that_is_not_utf_8_is_refused() {
        let body = [br#"{"#.as_slice(), b"\"\xff\":1,", br#""chain":["AAAB"]}"#].concat();
        assert!(matches!(parse(&body), Err(BodyFault::Json(_))));
    }

    #[test]
    fn deep_and_long_bodies_cost_little() {
        let deep = |open: &str| format!(r#"{{"chain":{}1"#, open.repeat(100_000));
        assert!(parse(deep("[").as_bytes()).is_err());
        assert!(parse(deep(r#"{"chain":"#).as_bytes()).is_err());
        // Beside the chain it is passed over without a stack.
        let beside = format!(r#"{{"more":{}{},"chain":["AAAB"]}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(beside.as_bytes()).unwrap(), [[0, 0, 1]]);
        let many = format!(r#"{{"chain":[{}"AAAB"]}}"#, r#""AAAB","#.repeat(1000));
        assert!(matches!(parse(many.as_bytes()), Err(BodyFault::Json(_))));
    }
}
