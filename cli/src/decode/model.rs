//! What is shown of a structure: one description, as lines or as JSON.

use super::printable::printable;
use crate::moment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct::time::Timestamp;
use serde_json::{Map, Value};

/// Most bytes that are shown whole in a line.
const MAX_SHOWN: usize = 144;

/// A value, or a structure of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A word.
    Text(String),
    /// A number.
    Number(u64),
    /// Yes or no.
    Flag(Flag),
    /// A moment; in JSON, milliseconds.
    Moment(Timestamp),
    /// Bytes; base64.
    Bytes(Vec<u8>),
    /// Several.
    List(Vec<Node>),
    /// Named values, in order.
    Fields(Vec<(&'static str, Node)>),
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Yes.
    Yes,
    /// No.
    No,
}

impl From<bool> for Node {
    fn from(yes: bool) -> Self {
        Node::Flag(if yes { Flag::Yes } else { Flag::No })
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Node::Text(text.to_owned())
    }
}

impl Node {
    /// Bytes.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Node::Bytes(bytes.as_ref().to_vec())
    }

    /// JSON.
    pub fn json(&self) -> Value {
        match self {
            Node::Text(text) => text.as_str().into(),
            Node::Number(number) => (*number).into(),
            Node::Flag(flag) => (*flag == Flag::Yes).into(),
            Node::Moment(moment) => moment.millis().into(),
            Node::Bytes(bytes) => STANDARD.encode(bytes).into(),
            Node::List(nodes) => nodes.iter().map(Node::json).collect(),
            Node::Fields(fields) => {
                let named = fields.iter().map(|(name, node)| ((*name).to_owned(), node.json()));
                Value::Object(named.collect::<Map<_, _>>())
            }
        }
    }

    /// Lines, each with a line end; nothing in them commands a terminal.
    pub fn text(&self, title: &str) -> String {
        let mut out = String::new();
        self.render(&mut out, 0, title, 0);
        out
    }

    fn render(&self, out: &mut String, depth: usize, name: &str, width: usize) {
        let indent = "  ".repeat(depth);
        let name = printable(name).replace('_', " ");
        match self {
            Node::Fields(fields) => {
                out.push_str(&format!("{indent}{name}\n"));
                let scalars = fields.iter().filter(|(_, node)| node.is_scalar());
                let width = scalars.map(|(name, _)| name.len()).max().unwrap_or(0);
                for (name, node) in fields {
                    node.render(out, depth + 1, name, width);
                }
            }
            Node::List(nodes) if nodes.is_empty() => out.push_str(&format!("{indent}{name:width$}  none\n")),
            Node::List(nodes) => {
                for (number, node) in nodes.iter().enumerate() {
                    node.render(out, depth, &format!("{name} {}", number + 1), width);
                }
            }
            scalar => out.push_str(&format!("{indent}{name:width$}  {}\n", scalar.shown())),
        }
    }

    const fn is_scalar(&self) -> bool {
        !matches!(self, Node::List(_) | Node::Fields(_))
    }

    fn shown(&self) -> String {
        match self {
            Node::Text(text) => printable(text),
            Node::Number(number) => number.to_string(),
            Node::Flag(flag) => if *flag == Flag::Yes { "yes" } else { "no" }.to_owned(),
            Node::Moment(at) => format!("{} ({})", moment::show_millis(*at), at.millis()),
            Node::Bytes(bytes) if bytes.is_empty() => "none".to_owned(),
            Node::Bytes(bytes) if bytes.len() > MAX_SHOWN => {
                // A multiple of three bytes, so that no padding stands in the middle.
                format!("{}… ({} bytes)", STANDARD.encode(&bytes[..24]), bytes.len())
            }
            Node::Bytes(bytes) => STANDARD.encode(bytes),
            Node::List(_) | Node::Fields(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_description_in_two_forms() {
        let inner = Node::Fields(vec![("name", "a\u{1b}[0m".into()), ("is_ca", true.into())]);
        let node = Node::Fields(vec![
            ("timestamp", Node::Moment(Timestamp::from_millis(1_700_000_000_000))),
            ("hash", Node::bytes([0xff; 3])),
            ("extensions", Node::bytes([])),
            ("long", Node::bytes([0; 200])),
            ("certificate", Node::List(vec![inner.clone(), inner])),
            ("names", Node::List(Vec::new())),
        ]);
        let text = "leaf\n  timestamp   2023-11-14T22:13:20.000Z (1700000000000)\n  hash        ////\n\
                    \x20 extensions  none\n  long        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA… (200 bytes)\n\
                    \x20 certificate 1\n    name   a\\u{1b}[0m\n    is ca  yes\n\
                    \x20 certificate 2\n    name   a\\u{1b}[0m\n    is ca  yes\n  names       none\n";
        assert_eq!(node.text("leaf"), text);
        let json = node.json();
        assert_eq!(json["timestamp"], 1_700_000_000_000u64);
        assert_eq!((&json["hash"], &json["extensions"]), (&"////".into(), &"".into()));
        assert_eq!(json["certificate"][1]["is_ca"], true);
        assert_eq!(json["certificate"][0]["name"], "a\u{1b}[0m");
    }
}
