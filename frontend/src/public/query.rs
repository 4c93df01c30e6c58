//! The query of a GET, taken apart as Go's `ParseForm` and `ParseInt` do it, since clients were tried against CTFE.

/// Why a query asks nothing that can be answered. All of it is the client's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A percent sign without two hexadecimal digits after it.
    #[error("the query has a broken %-escape")]
    Escape,
    /// A semicolon, which some take for a separator.
    #[error("the query has a semicolon; parameters are separated by &")]
    Semicolon,
    /// A parameter is missing or empty.
    #[error("parameter '{name}' is required")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A parameter is no decimal number of 64 bits.
    #[error("parameter '{name}' is malformed: {text:?} is no decimal number below 2^63")]
    Number {
        /// Its name.
        name: &'static str,
        /// What was sent, cut short.
        text: String,
    },
    /// A parameter is too small.
    #[error("parameter '{name}' is {found}, it must be at least {least}")]
    Small {
        /// Its name.
        name: &'static str,
        /// What was sent.
        found: i64,
        /// The least value.
        least: i64,
    },
    /// Two parameters contradict each other.
    #[error("parameter '{low}' is {low_value}, which is not {relation} '{high}', {high_value}")]
    Order {
        /// The parameter that is to be lower.
        low: &'static str,
        /// Its value.
        low_value: u64,
        /// What it should be.
        relation: &'static str,
        /// The other.
        high: &'static str,
        /// Its value.
        high_value: u64,
    },
    /// The hash is not base64.
    #[error("parameter 'hash' is no base64")]
    HashBase64,
    /// The hash has the wrong length.
    #[error("parameter 'hash' has {found} bytes, a leaf hash has 32")]
    HashLength {
        /// Bytes found.
        found: usize,
    },
}

/// Longest piece of a parameter that an error repeats.
const SHOWN: usize = 40;

/// Names and values, unescaped, in the order of the query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl Query {
    /// Takes a query apart: what stands after the `?`, if anything.
    pub fn parse(query: Option<&str>) -> Result<Self, QueryError> {
        let mut pairs = Vec::new();
        for part in query.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            if part.contains(';') {
                return Err(QueryError::Semicolon);
            }
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            pairs.push((unescape(name)?, unescape(value)?));
        }
        Ok(Self(pairs))
    }

    /// The first value of a name, not empty.
    pub fn required(&self, name: &'static str) -> Result<&[u8], QueryError> {
        let found = self.0.iter().find(|(other, _)| other == name.as_bytes());
        match found {
            Some((_, value)) if !value.is_empty() => Ok(value),
            _ => Err(QueryError::Missing { name }),
        }
    }

    /// The number that a name has, at least `least`, which is not negative.
    pub fn number(&self, name: &'static str, least: u32) -> Result<u64, QueryError> {
        let text = self.required(name)?;
        let found = parse_int(text).ok_or_else(|| {
            let text = String::from_utf8_lossy(&text[..text.len().min(SHOWN)]).into_owned();
            QueryError::Number { name, text }
        })?;
        match u64::try_from(found) {
            Ok(number) if number >= u64::from(least) => Ok(number),
            _ => Err(QueryError::Small { name, found, least: i64::from(least) }),
        }
    }
}

/// Go's `QueryUnescape`.
fn unescape(text: &str) -> Result<Vec<u8>, QueryError> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit =
                    || bytes.next().and_then(|b| char::from(b).to_digit(16)).ok_or(QueryError::Escape);
                (digit()? << 4 | digit()?) as u8
            }
            other => other,
        });
    }
    Ok(out)
}

/// Go's `ParseInt(text, 10, 64)`: a sign and digits, nothing else.
fn parse_int(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_go() {
        let cases: [(&str, Option<i64>); 16] = [
            ("0", Some(0)),
            ("007", Some(7)),
            ("-0", Some(0)),
            ("+5", Some(5)),
            ("-3", Some(-3)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("18446744073709551616", None),
            ("", None),
            ("-", None),
            ("+-1", None),
            (" 5", None),
            ("5.0", None),
            ("1e3", None),
            ("0x5", None),
            ("1_000", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_int(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn the_first_of_duplicate_parameters_wins() {
        let query = Query::parse(Some("a=1&a=2&b=&=3&c")).unwrap();
        assert_eq!(query.number("a", 0), Ok(1));
        for name in ["b", "c", "d"] {
            assert_eq!(query.required(name), Err(QueryError::Missing { name }));
        }
    }

    #[test]
    fn escapes_are_undone_and_broken_ones_refused() {
        let query = Query::parse(Some("%61=%2B5&b=+5&c=%2b")).unwrap();
        assert_eq!(query.number("a", 0), Ok(5));
        assert!(matches!(query.number("b", 0), Err(QueryError::Number { .. })));
        assert_eq!(query.required("c"), Ok(b"+".as_slice()));
        for broken in ["a=%", "a=%2", "a=%zz", "%=1", "a=1&b=%g0"] {
            assert_eq!(Query::parse(Some(broken)), Err(QueryError::Escape), "{broken}");
        }
        assert_eq!(Query::parse(Some("a=1;b=2")), Err(QueryError::Semicolon));
        assert_eq!(Query::parse(None), Ok(Query::default()));
        assert_eq!(Query::parse(Some("")), Ok(Query::default()));
    }
}
