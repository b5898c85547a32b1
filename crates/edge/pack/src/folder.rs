//! A project's folder on disk, as [`Files`].

use std::{
    io,
    path::{Path, PathBuf},
};

use stackfleet_base::{FileError, Files};

/// Reads files below one folder. Paths that lead out of it are refused, so a project means the same wherever it lies.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Serves the files below `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns the folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn resolve(&self, path: &str) -> Result<PathBuf, FileError> {
        let relative = Path::new(path);
        let inside = relative
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
        if inside {
            Ok(self.root.join(relative))
        } else {
            Err(FileError::Unreadable {
                path: path.to_owned(),
                reason: "it lies outside the project's folder".to_owned(),
            })
        }
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        std::fs::read(self.resolve(path)?).map_err(|error| told(path, &error))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let mut found = Vec::new();
        let start = self.resolve(folder)?;
        walk(&start, folder.trim_end_matches('/'), &mut found).map_err(|error| told(folder, &error))?;
        found.sort();
        Ok(found)
    }
}

fn told(path: &str, error: &io::Error) -> FileError {
    if error.kind() == io::ErrorKind::NotFound {
        FileError::Missing(path.to_owned())
    } else {
        FileError::Unreadable { path: path.to_owned(), reason: error.to_string() }
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("the name {name:?} is not UTF-8 text")));
        };
        let path = if prefix.is_empty() || prefix == "." { name.to_owned() } else { format!("{prefix}/{name}") };
        // Follows links, as a build on the user's machine would.
        if std::fs::metadata(entry.path())?.is_dir() {
            walk(&entry.path(), &path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_sorted_and_nothing_outside_is_served() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("b")).unwrap();
        std::fs::write(root.path().join("b/z.py"), "z").unwrap();
        std::fs::write(root.path().join("b/a.py"), "a").unwrap();
        let folder = Folder::new(root.path());
        assert_eq!(folder.list("b").unwrap(), ["b/a.py", "b/z.py"]);
        assert_eq!(folder.read("b/z.py").unwrap(), b"z");
        assert_eq!(folder.read("c"), Err(FileError::Missing("c".to_owned())));
        assert!(matches!(folder.read("../secret"), Err(FileError::Unreadable { .. })));
        assert!(matches!(folder.read("/etc/passwd"), Err(FileError::Unreadable { .. })));
    }
}
