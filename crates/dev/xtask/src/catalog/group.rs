//! Divides types into blocks: neighbours by name, that is whole services, until a block is large enough.

use super::package::Package;

/// Bytes of schemas (as JSON with descriptions) after which a block is closed. A look-up decompresses one block: larger
/// ones make the file smaller and the first look-up slower.
const SCHEMA_BYTES: usize = 250_000;

/// Returns the names of types by block.
pub(super) fn groups(package: &Package) -> Vec<Vec<String>> {
    let mut groups = Vec::new();
    let mut group = Vec::new();
    let mut bytes = 0;
    let mut names = package.schemas.iter().peekable();
    while let Some((name, schema)) = names.next() {
        group.push(name.clone());
        bytes += schema.to_string().len();
        let service_ends = names.peek().is_none_or(|(next, _)| service(next) != service(name));
        if (service_ends && bytes >= SCHEMA_BYTES) || names.peek().is_none() {
            groups.push(std::mem::take(&mut group));
            bytes = 0;
        }
    }
    groups
}

fn service(name: &str) -> Option<&str> {
    name.rsplit_once("::").map(|(service, _)| service)
}
