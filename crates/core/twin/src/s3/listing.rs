//! Listings: prefix, delimiter, pages.

use super::{Answer, Bucket, Error, ListObjects, ObjectEntry, ObjectsPage, Version, VersionEntry, VersionsPage};
use crate::pages;

impl Bucket {
    pub(super) fn list_objects(&self, list: &ListObjects) -> Result<Answer, Error> {
        let max = page_size(list)?;
        let after = match &list.continuation_token {
            Some(token) => Some(pages::open("s3", token).ok_or_else(|| {
                Error::invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
            })?),
            None => list.start_after.clone(),
        };
        let mut walk = Walk::new(list, after.as_deref(), max);
        let mut page = ObjectsPage { max_keys: list.max_keys.unwrap_or(1000), ..ObjectsPage::default() };
        for (key, versions) in &self.objects {
            let Some(version) = versions.last().filter(|version| version.body.is_some()) else { continue };
            match walk.step(key) {
                Step::Skip => {}
                Step::Full => {
                    page.next_marker = walk.last.clone();
                    page.next_continuation_token = walk.last.as_deref().map(|last| pages::seal("s3", last));
                    break;
                }
                Step::Prefix(prefix) => page.common_prefixes.push(prefix),
                Step::Key => page.objects.push(entry(key, version)),
            }
        }
        Ok(Answer::ListObjects(page))
    }

    pub(super) fn list_versions(&self, list: &ListObjects) -> Result<Answer, Error> {
        let max = page_size(list)?;
        if list.version_id_marker.is_some() && list.start_after.is_none() {
            let message = "A version-id marker cannot be specified without a key marker.";
            return Err(Error::invalid_argument(message, "version-id-marker", ""));
        }
        // With a version marker the page begins within the marker's key, otherwise after it.
        let within = list.version_id_marker.as_ref().and(list.start_after.clone());
        let mut walk = Walk::new(list, list.start_after.as_deref().filter(|_| within.is_none()), max);
        let mut page = VersionsPage { max_keys: list.max_keys.unwrap_or(1000), ..VersionsPage::default() };
        let mut last_version = None;
        'keys: for (key, versions) in self.objects.range(within.clone().unwrap_or_default()..) {
            let marker = list.version_id_marker.as_deref().filter(|_| within.as_ref() == Some(key));
            let mut passed = marker.is_none();
            for (index, version) in versions.iter().enumerate().rev() {
                let id = version.id.as_deref().unwrap_or("null");
                if !passed {
                    passed = marker == Some(id);
                    continue;
                }
                match walk.step(key) {
                    Step::Skip => {}
                    Step::Full => {
                        page.next_key_marker = walk.last.clone();
                        page.next_version_id_marker = last_version;
                        break 'keys;
                    }
                    Step::Prefix(prefix) => {
                        page.common_prefixes.push(prefix);
                        last_version = None;
                    }
                    Step::Key => {
                        page.versions.push(version_entry(key, id, index + 1 == versions.len(), version));
                        last_version = Some(id.to_owned());
                    }
                }
            }
        }
        Ok(Answer::ListObjectVersions(page))
    }
}

fn page_size(list: &ListObjects) -> Result<usize, Error> {
    let wanted = list.max_keys.unwrap_or(1000).min(1000);
    usize::try_from(wanted).map_err(|_| {
        Error::invalid_argument(
            "Argument maxKeys must be an integer between 0 and 2147483647",
            "maxKeys",
            &wanted.to_string(),
        )
    })
}

/// What a key means to a listing.
enum Step {
    Skip,
    Key,
    Prefix(String),
    Full,
}

/// A walk over keys in order, folding those with the delimiter.
struct Walk<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    after: Option<&'a str>,
    left: usize,
    folded: Option<String>,
    last: Option<String>,
}

impl<'a> Walk<'a> {
    fn new(list: &'a ListObjects, after: Option<&'a str>, left: usize) -> Self {
        let text = |part: &'a Option<String>| part.as_deref().unwrap_or_default();
        Self { prefix: text(&list.prefix), delimiter: text(&list.delimiter), after, left, folded: None, last: None }
    }

    fn step(&mut self, key: &str) -> Step {
        let Some(rest) = key.strip_prefix(self.prefix) else { return Step::Skip };
        let cut = if self.delimiter.is_empty() { None } else { rest.find(self.delimiter) };
        let prefix = cut.and_then(|at| key.get(..self.prefix.len() + at + self.delimiter.len()));
        let name = prefix.unwrap_or(key);
        let behind = self.after.is_some_and(|after| name <= after || key <= after);
        if behind || (prefix.is_some() && self.folded.as_deref() == prefix) {
            return Step::Skip;
        }
        if self.left == 0 {
            return Step::Full;
        }
        self.left -= 1;
        self.last = Some(name.to_owned());
        match prefix {
            Some(prefix) => {
                self.folded = Some(prefix.to_owned());
                Step::Prefix(prefix.to_owned())
            }
            None => Step::Key,
        }
    }
}

fn storage_class(version: &Version) -> String {
    version.headers.storage_class.clone().unwrap_or_else(|| "STANDARD".to_owned())
}

fn size(version: &Version) -> u64 {
    version.body.as_ref().map_or(0, |body| body.0.len() as u64)
}

fn entry(key: &str, version: &Version) -> ObjectEntry {
    ObjectEntry {
        key: key.to_owned(),
        etag: version.etag.clone(),
        size: size(version),
        modified: version.modified,
        storage_class: storage_class(version),
    }
}

fn version_entry(key: &str, id: &str, latest: bool, version: &Version) -> VersionEntry {
    VersionEntry {
        key: key.to_owned(),
        version_id: id.to_owned(),
        latest,
        delete_marker: version.body.is_none(),
        etag: version.etag.clone(),
        size: size(version),
        modified: version.modified,
        storage_class: storage_class(version),
    }
}
