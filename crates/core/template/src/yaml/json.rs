//! JSON, strictly, with places. It exists beside the YAML reader because JSON allows tabs and long keys, and because
//! its errors should speak of JSON.

use stackfleet_base::{Diagnostic, FileId, Span};

use super::{
    DEPTH_MAX, NODES_MAX, SYNTAX, TOO_LARGE,
    node::{Entry, Mapping, Node, NodeValue, Scalar, ScalarStyle},
};

/// Why a text is not JSON; boxed because it is large and rare.
type Refused = Box<Diagnostic>;

/// Reads the one JSON value of a text.
pub(super) fn read(file: FileId, text: &str) -> Result<Node, Refused> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { file, text, at: start, depth: 0, nodes: 0 };
    let root = reader.value()?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(root),
        Some(_) => Err(reader.error("text after the end of the value")),
    }
}

struct Reader<'text> {
    file: FileId,
    text: &'text str,
    at: usize,
    depth: usize,
    nodes: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Node, Refused> {
        self.skip_space();
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.too_large(format!("more than {NODES_MAX} values")));
        }
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => {
                let start = self.at;
                let text = self.string()?;
                Ok(self.node(start, scalar(text, ScalarStyle::DoubleQuoted)))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(_) => Err(self.error("expected a value")),
            None => Err(self.error("the text ends where a value is expected")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Node, Refused>) -> Result<Node, Refused> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.too_large(format!("nested more than {DEPTH_MAX} levels deep")));
        }
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn object(&mut self) -> Result<Node, Refused> {
        let start = self.at;
        self.at += 1;
        let mut entries = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(self.node(start, NodeValue::Mapping(Mapping::new(entries))));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a key in double quotes"));
            }
            let key_start = self.at;
            let text = self.string()?;
            let key = self.node(key_start, scalar(text, ScalarStyle::DoubleQuoted));
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.error("expected `:` after the key"));
            }
            self.at += 1;
            let value = self.value()?;
            entries.push(Entry { key, value });
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(self.node(start, NodeValue::Mapping(Mapping::new(entries))));
                }
                _ => return Err(self.error("expected `,` or `}`")),
            }
        }
    }

    fn array(&mut self) -> Result<Node, Refused> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(self.node(start, NodeValue::Sequence(items)));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(self.node(start, NodeValue::Sequence(items)));
                }
                _ => return Err(self.error("expected `,` or `]`")),
            }
        }
    }

    fn string(&mut self) -> Result<Box<str>, Refused> {
        self.at += 1;
        let rest = self.text.get(self.at..).unwrap_or_default();
        if let Some(stop) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
            && rest.as_bytes().get(stop) == Some(&b'"')
        {
            self.at += stop + 1;
            return Ok(rest.get(..stop).unwrap_or_default().into());
        }
        self.escaped_string().map(String::into_boxed_str)
    }

    fn escaped_string(&mut self) -> Result<String, Refused> {
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(stop) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) else {
                self.at = self.text.len();
                return Err(self.error("the string is not closed"));
            };
            text.push_str(rest.get(..stop).unwrap_or_default());
            self.at += stop;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(self.error("a control character in a string must be escaped")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Refused> {
        self.at += 1;
        let decoded = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.error("unknown escape")),
        };
        self.at += 1;
        Ok(decoded)
    }

    fn unicode_escape(&mut self) -> Result<char, Refused> {
        self.at += 1;
        let first = self.four_hex_digits()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.error("an unpaired surrogate"));
        }
        if self.text.as_bytes().get(self.at..self.at + 2) != Some(b"\\u") {
            return Err(self.error("an unpaired surrogate"));
        }
        self.at += 2;
        let second = self.four_hex_digits()?;
        let code =
            second.checked_sub(0xdc00).filter(|low| *low < 0x400).map(|low| 0x1_0000 + ((first - 0xd800) << 10) + low);
        code.and_then(char::from_u32).ok_or_else(|| self.error("an unpaired surrogate"))
    }

    fn four_hex_digits(&mut self) -> Result<u32, Refused> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }

    fn number(&mut self) -> Result<Node, Refused> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.error("expected a digit")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(self.node(start, scalar(text, ScalarStyle::Plain)))
    }

    fn digits(&mut self) -> Result<(), Refused> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.error("expected a digit")) }
    }

    fn word(&mut self, word: &str) -> Result<Node, Refused> {
        let start = self.at;
        if !self.text.get(start..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.error("expected a value"));
        }
        self.at += word.len();
        Ok(self.node(start, scalar(word, ScalarStyle::Plain)))
    }

    fn node(&self, start: usize, value: NodeValue) -> Node {
        Node { span: Span { file: self.file, start, end: self.at }, tag: None, alias: None, value }
    }

    fn here(&self) -> Span {
        let at = self.at.min(self.text.len());
        Span { file: self.file, start: at, end: at }
    }

    fn error(&self, what: &str) -> Refused {
        Box::new(Diagnostic::error(SYNTAX, format!("not well-formed JSON: {what}")).at(self.here(), ""))
    }

    fn too_large(&self, what: String) -> Refused {
        Box::new(Diagnostic::error(TOO_LARGE, what).at(self.here(), ""))
    }
}

fn scalar(text: impl Into<Box<str>>, style: ScalarStyle) -> NodeValue {
    NodeValue::Scalar(Scalar { text: text.into(), style })
}
