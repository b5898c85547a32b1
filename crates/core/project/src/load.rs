//! From files to a project: reads, checks form, reads values, checks the whole.

use stackfleet_base::{Diagnostic, Digest, FileError, Files, Sources, diagnostic};
use stackfleet_template::yaml;

use crate::model::Project;
use crate::reading::Reading;
use crate::{apps, check, codes, form, order, organization, shape};

/// The project file's name.
pub const FILE_NAME: &str = "stackfleet.yaml";

/// Reads a project and everything it names, and tells all that is wrong with it, in the order of the files.
///
/// A project is returned whenever the file is well-formed YAML; parts that could not be understood are left out of
/// it. Nothing may be planned from a project with error-level diagnostics.
#[must_use]
pub fn load(files: &dyn Files) -> (Option<Project>, Sources, Vec<Diagnostic>) {
    let mut reading = Reading::new(files);
    let project = read(&mut reading);
    let mut found = reading.found;
    if let Some(project) = &project {
        found.extend(check::check(project, files));
    }
    diagnostic::sort(&mut found);
    found.dedup();
    (project, reading.sources, found)
}

fn read(reading: &mut Reading<'_>) -> Option<Project> {
    let text = match reading.files.text(FILE_NAME) {
        Ok(text) => text,
        Err(error) => {
            let help = match &error {
                FileError::Missing(_) => "run `stackfleet init`, or name the project's folder",
                FileError::Unreadable { .. } => "see that the file can be read and is UTF-8 text",
            };
            reading.tell(Diagnostic::error(codes::FILE, error.to_string()).help(help));
            return None;
        }
    };
    let file = reading.sources.add(FILE_NAME, &text);
    let (root, problems) = yaml::read(file, &text);
    reading.found.extend(problems);
    let root = root?;
    reading.texts.insert(FILE_NAME.to_owned(), text.into());
    reading.found.extend(form::check(&root, &shape::PROJECT));
    root.as_mapping()?;
    let organization = root.get("organization").and_then(|node| organization::read(reading, node));
    let environments = apps::environments(reading, root.get("environments"));
    let regions = organization.as_ref().map(|organization| organization.regions.as_slice()).unwrap_or_default();
    let mut apps = apps::apps(reading, root.get("apps"), regions);
    for app in apps.values_mut() {
        reading.found.extend(order::sort(app));
    }
    let parts = reading.texts.iter().flat_map(|(path, text)| [path.as_bytes(), text.as_bytes()]);
    Some(Project { digest: Digest::of_parts(parts), organization, environments, apps })
}
