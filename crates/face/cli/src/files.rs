//! Writing files whole or not at all, and for nobody else to read: they hold keys and what an organization looks like.

use std::{io::Write, path::Path};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

/// Replaces a file; whoever reads it meanwhile sees the old text or the new one, never half of it.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || -> Result<()> {
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// Replaces the text of a file that is somebody's own: whole or not at all, with the permissions that it has. A link stays
/// one: what it leads to is replaced.
pub(crate) fn rewrite(path: &Path, text: &str) -> Result<()> {
    let written = || -> Result<()> {
        let target = path.canonicalize()?;
        let permissions = std::fs::metadata(&target)?.permissions();
        if permissions.readonly() {
            bail!("it is read-only");
        }
        let mut file = NamedTempFile::new_in(target.parent().unwrap_or(Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(permissions)?;
        file.persist(&target)?;
        Ok(())
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_rewritten_file_keeps_its_permissions_and_links() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        let link = folder.path().join("link.yaml");
        std::fs::write(&path, "one").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o754)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        rewrite(&link, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o754);
        assert!(link.is_symlink());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
        let refused = rewrite(&path, "three").unwrap_err();
        assert!(format!("{refused:#}").ends_with("it is read-only"), "{refused:#}");
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        write_whole(&path, "one").unwrap();
        write_whole(&path, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = write_whole(&folder.path().join("no/plan.json"), "x").unwrap_err();
        assert!(nowhere.to_string().starts_with("cannot write"));
    }
}
