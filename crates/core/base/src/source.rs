//! Files that the user wrote, and places in them.
//!
//! Core crates read no files: they ask [`Files`], which a face backs with a folder and a test with a map.

use std::{collections::BTreeMap, fmt, sync::Arc};

/// A file of a [`Sources`] registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A byte range of a file; `end` is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// A place as people read it: line and column count from one, columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Path relative to the project's folder, with `/`.
    pub path: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

/// One file's path and text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path relative to the project's folder, with `/`.
    pub path: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

/// All files that were read, so that a [`Span`] can be shown as a place.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    by_path: BTreeMap<Arc<str>, FileId>,
}

impl Sources {
    /// Adds a file, or returns the one already known under this path.
    pub fn add(&mut self, path: &str, text: &str) -> FileId {
        if let Some(known) = self.by_path.get(path) {
            return *known;
        }
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let path: Arc<str> = path.into();
        self.files.push(SourceFile { path: Arc::clone(&path), text: text.into() });
        self.by_path.insert(path, id);
        id
    }

    /// Returns the file.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(usize::try_from(id.0).ok()?)
    }

    /// Returns the id of the file with this path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// Returns where a span begins, or `None` when its file is not of this registry.
    #[must_use]
    pub fn location(&self, span: Span) -> Option<Location> {
        let file = self.get(span.file)?;
        let before = file.text.get(..span.start).unwrap_or(&file.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Some(Location { path: Arc::clone(&file.path), line, column })
    }
}

/// A file that could not be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("there is no file `{0}`")]
    Missing(String),
    /// The file is there but cannot be read, or is not text where text is wanted.
    #[error("cannot read `{path}`: {reason}")]
    Unreadable {
        /// The path as asked for.
        path: String,
        /// What the system said.
        reason: String,
    },
}

/// Where the files of a project come from. Paths are relative to the project's folder and use `/`.
pub trait Files {
    /// Returns a file's bytes.
    ///
    /// # Errors
    /// When there is no such file or it cannot be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;

    /// Returns every file below a folder, sorted, as paths relative to the project's folder.
    ///
    /// # Errors
    /// When there is no such folder or it cannot be read.
    fn list(&self, folder: &str) -> Result<Vec<String>, FileError>;

    /// Returns a file's text.
    ///
    /// # Errors
    /// As [`Files::read`], and when the bytes are not UTF-8.
    fn text(&self, path: &str) -> Result<String, FileError> {
        String::from_utf8(self.read(path)?)
            .map_err(|_| FileError::Unreadable { path: path.to_owned(), reason: "it is not UTF-8 text".to_owned() })
    }
}

/// Files in memory, for tests and generated projects: path to content.
impl Files for BTreeMap<String, String> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| FileError::Missing(path.to_owned()))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        let found: Vec<String> = self.keys().filter(|path| path.starts_with(&prefix)).cloned().collect();
        if found.is_empty() { Err(FileError::Missing(folder.to_owned())) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_become_lines_and_columns_counted_in_characters() {
        let mut sources = Sources::default();
        let file = sources.add("stackfleet.yaml", "a: 1\nü: x\n");
        let place = |start| sources.location(Span { file, start, end: start }).unwrap().to_string();
        assert_eq!(place(0), "stackfleet.yaml:1:1");
        assert_eq!(place(5), "stackfleet.yaml:2:1");
        assert_eq!(place(9), "stackfleet.yaml:2:4");
        assert_eq!(place(999), "stackfleet.yaml:3:1");
        assert_eq!(sources.add("stackfleet.yaml", "other"), file);
    }

    #[test]
    fn a_map_serves_as_files() {
        let files = BTreeMap::from([("app/a.py".to_owned(), "x".to_owned()), ("apple".to_owned(), String::new())]);
        assert_eq!(files.list("app").unwrap(), ["app/a.py"]);
        assert_eq!(files.text("b"), Err(FileError::Missing("b".to_owned())));
    }
}
