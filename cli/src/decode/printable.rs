//! Text that anybody may have chosen, made harmless: nothing in it may command a terminal or turn the text around it.

use serde_json::Value;

/// Whether a terminal may take this character for a command, or show what is around it in another order, or not show it.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with every unsafe character written out, such as `\u{1b}`.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// One line of JSON in which every unsafe character is written as an escape: the same value to whoever reads it.
pub fn json_line(value: &Value) -> String {
    let text = value.to_string();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Outside its strings JSON on one line has none of them, and in a string they mean themselves.
        if is_unsafe(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = "a\u{1b}[2J\r\n\u{7f}\u{9b}31m\u{202e}\u{feff}\u{e0041}é\"\\";

    #[test]
    fn nothing_that_commands_a_terminal_is_left() {
        let shown = printable(NASTY);
        assert_eq!(shown, "a\\u{1b}[2J\\u{d}\\u{a}\\u{7f}\\u{9b}31m\\u{202e}\\u{feff}\\u{e0041}é\"\\");
        assert!(!shown.contains(is_unsafe));
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({ NASTY: [NASTY, 1] });
        let text = json_line(&value);
        assert!(!text.contains(is_unsafe), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
