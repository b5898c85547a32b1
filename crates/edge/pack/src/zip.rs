//! A folder as a ZIP archive with nothing of the machine or the moment in it.

use std::{
    io::{Cursor, Write},
    sync::Arc,
};

use stackfleet_base::{Digest, FileError, Files};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// Lambda refuses a larger archive when it is unpacked (Lambda quotas: 250 MB with layers).
const UNPACKED_BYTES_MAX: usize = 250 * 1024 * 1024;

/// Names of files and folders that builds and editors leave behind and no function needs.
const LEFT_OUT: [&str; 7] = [".DS_Store", ".git", ".gitignore", ".mypy_cache", ".pytest_cache", ".venv", "__pycache__"];

/// An archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Digest of `bytes`.
    pub digest: Digest,
    /// The archive.
    pub bytes: Arc<[u8]>,
}

/// A folder that cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Nothing in it is for the archive.
    #[error("`{0}` has no file to pack")]
    Empty(String),
    /// It is too large for Lambda.
    #[error("`{folder}` unpacks to more than 250 MB, which Lambda refuses; it has {bytes} bytes")]
    TooLarge {
        /// The folder.
        folder: String,
        /// Its size so far.
        bytes: usize,
    },
    /// The archive could not be written.
    #[error("cannot write the archive of `{folder}`")]
    Archive {
        /// The folder.
        folder: String,
        /// What went wrong.
        source: zip::result::ZipError,
    },
}

/// Packs every file below `folder`; names in the archive are relative to it.
///
/// Entries are sorted, carry the earliest date that ZIP knows and may be executed by everybody, since a custom
/// runtime's `bootstrap` must be and the rest does not mind. An archive (`.zip`, `.jar`) is taken as it is.
///
/// # Errors
/// When a file cannot be read, nothing is left to pack, or Lambda would refuse the size.
pub fn pack(files: &dyn Files, folder: &str) -> Result<Artifact, PackError> {
    if [".zip", ".jar"].iter().any(|ending| folder.ends_with(ending)) {
        return Ok(artifact(files.read(folder)?));
    }
    let archive_error = |source| PackError::Archive { folder: folder.to_owned(), source };
    let prefix = format!("{}/", folder.trim_end_matches('/'));
    let mut names: Vec<(String, String)> = match files.list(folder) {
        Ok(paths) => {
            paths.into_iter().map(|path| (path.strip_prefix(&prefix).unwrap_or(&path).to_owned(), path)).collect()
        }
        // A single file, such as one module of Python.
        Err(missing) => {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            files.read(folder).map_err(|_| missing)?;
            vec![(name.to_owned(), folder.to_owned())]
        }
    };
    names.retain(|(name, _)| wanted(name));
    names.sort();
    if names.is_empty() {
        return Err(PackError::Empty(folder.to_owned()));
    }
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut total: usize = 0;
    for (name, path) in names {
        let bytes = files.read(&path)?;
        total = total.saturating_add(bytes.len());
        if total > UNPACKED_BYTES_MAX {
            return Err(PackError::TooLarge { folder: folder.to_owned(), bytes: total });
        }
        archive.start_file(name, options).map_err(archive_error)?;
        archive.write_all(&bytes).map_err(|error| archive_error(error.into()))?;
    }
    Ok(artifact(archive.finish().map_err(archive_error)?.into_inner()))
}

fn artifact(bytes: Vec<u8>) -> Artifact {
    Artifact { digest: Digest::of(&bytes), bytes: bytes.into() }
}

fn wanted(name: &str) -> bool {
    name.split('/').all(|part| !LEFT_OUT.contains(&part)) && !name.ends_with(".pyc")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Read};

    use super::*;

    fn project(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn the_same_files_give_the_same_bytes_and_another_file_gives_others() {
        let files = project(&[("src/b.py", "b"), ("src/a.py", "a"), ("src/__pycache__/a.pyc", "x"), ("other", "o")]);
        let first = pack(&files, "src").unwrap();
        assert_eq!(first, pack(&files, "src/").unwrap());
        let changed = project(&[("src/b.py", "b"), ("src/a.py", "A")]);
        assert_ne!(first.digest, pack(&changed, "src").unwrap().digest);
        // The bytes are part of what is promised: a change of the archive library that moves them shows here.
        let mut archive = zip::ZipArchive::new(Cursor::new(first.bytes.to_vec())).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["a.py", "b.py"]);
        let mut text = String::new();
        archive.by_name("b.py").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "b");
        assert_eq!(archive.by_name("a.py").unwrap().unix_mode(), Some(0o100_755));
    }

    #[test]
    fn a_file_is_packed_alone_and_an_archive_is_taken_as_it_is() {
        let files = project(&[("src/handler.py", "h"), ("lib.zip", "not really a zip")]);
        let single = pack(&files, "src/handler.py").unwrap();
        let archive = zip::ZipArchive::new(Cursor::new(single.bytes.to_vec())).unwrap();
        assert_eq!(archive.file_names().map(|name| name.unwrap().into_owned()).collect::<Vec<_>>(), ["handler.py"]);
        assert_eq!(&*pack(&files, "lib.zip").unwrap().bytes, b"not really a zip");
    }

    #[test]
    fn a_missing_or_empty_folder_is_an_error() {
        let files = project(&[("src/__pycache__/a.pyc", "x")]);
        assert!(matches!(pack(&files, "src"), Err(PackError::Empty(_))));
        assert_eq!(pack(&files, "code").unwrap_err().to_string(), "there is no file `code`");
    }
}
