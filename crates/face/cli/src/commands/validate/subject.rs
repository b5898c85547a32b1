//! What is checked: a project, or templates. Texts that were mended are checked from memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use stackfleet_base::{Diagnostic, FileError, Files, Region, Sources, diagnostic};
use stackfleet_pack::Folder;
use stackfleet_project::FILE_NAME;
use stackfleet_validate::Deployment;

use crate::{arguments::Validate, input, screens::words, session};

/// A file that is named and cannot be read; as in projects.
const UNREADABLE: &str = "PRJ001";

/// What is checked.
#[derive(Debug)]
pub(super) enum Subject {
    Project {
        folder: PathBuf,
        /// Mended files, by their path in the folder.
        mended: BTreeMap<String, String>,
    },
    Templates {
        /// The paths as shown, in order, with their texts.
        texts: Vec<(String, String)>,
        /// What cannot be read.
        unreadable: Vec<Diagnostic>,
        regions: Vec<Region>,
        mended: BTreeSet<String>,
    },
}

/// What a check found.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) sources: Sources,
    pub(super) found: Vec<Diagnostic>,
    /// What was checked, in words; `None` where there is nothing to speak of.
    pub(super) told: Option<String>,
}

impl Subject {
    /// Finds out what the arguments name; the text says what is wrong with their use.
    pub(super) fn new(project: &Path, options: &Validate) -> Result<Result<Self, String>> {
        if let Some(folder) = options.files.iter().find_map(|path| project_folder(path)) {
            let alone = options.files.len() == 1 && options.regions.is_empty();
            return Ok(if alone {
                Ok(Self::Project { folder, mended: BTreeMap::new() })
            } else {
                Err(format!("{} is a project, which is checked by itself and names its regions", folder.display()))
            });
        }
        if options.fix && options.files.iter().any(|path| input::is_stdin(path)) {
            return Ok(Err("standard input cannot be mended; name a file".to_owned()));
        }
        if options.files.is_empty() {
            return Ok(Ok(Self::Project { folder: project.to_owned(), mended: BTreeMap::new() }));
        }
        let (mut texts, mut unreadable): (Vec<(String, String)>, _) = (Vec::new(), Vec::new());
        for path in templates(&options.files)? {
            let name = input::name(&path);
            if texts.iter().any(|(known, _)| *known == name) {
                continue;
            }
            match input::read(&path) {
                Ok(text) => texts.push((name, text)),
                Err(error) => unreadable.push(Diagnostic::error(UNREADABLE, format!("{error:#}"))),
            }
        }
        Ok(Ok(Self::Templates { texts, unreadable, regions: options.regions.clone(), mended: BTreeSet::new() }))
    }

    /// Reads and checks all of it.
    pub(super) fn check(&self) -> Result<Checked> {
        match self {
            Self::Project { folder, mended } => {
                let files = Mended { folder: Folder::new(folder), mended };
                let (project, sources, found) = session::read_from(folder, &files)?;
                let told = project.map(|project| {
                    let accounts = project.organization.as_ref().map_or(0, |found| found.all_accounts().len());
                    let stacks: usize = project.apps.values().map(|app| app.stacks.len()).sum();
                    format!(
                        "{}, {}, {}",
                        words::number(project.apps.len(), "app"),
                        words::number(stacks, "stack"),
                        words::number(accounts, "account"),
                    )
                });
                Ok(Checked { sources, found, told })
            }
            Self::Templates { texts, unreadable, regions, .. } => {
                let mut sources = Sources::default();
                let mut found = unreadable.clone();
                let deployment = Deployment { regions, ..Deployment::default() };
                for (path, text) in texts {
                    let file = sources.add(path, text);
                    let (template, of_file) = stackfleet_validate::template(file, text, &deployment);
                    let is_policy = template.value().get("Statement").is_some();
                    found.extend(of_file.into_iter().map(|found| if is_policy { for_policies(found) } else { found }));
                }
                diagnostic::sort(&mut found);
                Ok(Checked { sources, found, told: Some(words::number(texts.len(), "template")) })
            }
        }
    }

    /// Puts a mended text in place of a file's.
    pub(super) fn mend(&mut self, path: &str, text: String) {
        match self {
            Self::Project { mended, .. } => drop(mended.insert(path.to_owned(), text)),
            Self::Templates { texts, mended, .. } => {
                if let Some((_, known)) = texts.iter_mut().find(|(known, _)| known == path) {
                    *known = text;
                    mended.insert(path.to_owned());
                }
            }
        }
    }

    /// Returns where mended texts have to be written.
    pub(super) fn changed(&self) -> Vec<(PathBuf, &str)> {
        match self {
            Self::Project { folder, mended } => {
                mended.iter().map(|(path, text)| (folder.join(path), text.as_str())).collect()
            }
            Self::Templates { texts, mended, .. } => {
                let changed = texts.iter().filter(|(path, _)| mended.contains(path));
                changed.map(|(path, text)| (PathBuf::from(path), text.as_str())).collect()
            }
        }
    }

    /// Returns the folder that paths of files are relative to.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Project { folder, .. } => folder,
            Self::Templates { .. } => Path::new("."),
        }
    }
}

/// An IAM policy is no template; what to do says the help.
fn for_policies(found: Diagnostic) -> Diagnostic {
    found.help("this looks like an IAM policy, which `stackfleet policy lint` checks")
}

/// The folder of a project that is named by its folder or its file.
fn project_folder(path: &Path) -> Option<PathBuf> {
    if path.is_dir() && path.join(FILE_NAME).is_file() {
        return Some(path.to_owned());
    }
    let folder = path.parent().filter(|_| path.file_name().is_some_and(|name| name == FILE_NAME))?;
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() })
}

/// Replaces folders by the templates in them.
fn templates(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            walk(path, &mut found).with_context(|| format!("cannot read {}", path.display()))?;
            if found.len() == before {
                bail!("there is no template below {}; name the files", path.display());
            }
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

/// Finds the templates below a folder, in the order of their names; hidden and installed things are not its own.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = entry.path();
        // Links are not followed: they may lead in circles.
        let kind = entry.file_type()?;
        if kind.is_dir() && !name.starts_with('.') && name != "node_modules" {
            walk(&path, found)?;
        } else if kind.is_file() && is_template(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Tells whether a file has the ending and the words of a template; whether it is a good one is still to be seen.
fn is_template(path: &Path) -> bool {
    const ENDINGS: [&str; 4] = ["yaml", "yml", "json", "template"];
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending))
        && input::read(path).is_ok_and(|text| text.contains("Resources") && text.contains("AWS::"))
}

/// A project's folder with some of its files mended.
struct Mended<'a> {
    folder: Folder,
    mended: &'a BTreeMap<String, String>,
}

impl Files for Mended<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match self.mended.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => self.folder.read(path),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        self.folder.list(folder)
    }
}
