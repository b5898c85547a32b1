//! Files that are named on the command line; `-` is standard input.

use std::{
    fs,
    io::{ErrorKind, Read},
    path::Path,
};

use anyhow::{Context, Result, bail};

/// How standard input is called where a path is shown.
pub(crate) const STDIN: &str = "<stdin>";

/// Tells whether a path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns a path as it is shown.
pub(crate) fn name(path: &Path) -> String {
    if is_stdin(path) { STDIN.to_owned() } else { path.to_string_lossy().into_owned() }
}

/// Reads a text.
pub(crate) fn read(path: &Path) -> Result<String> {
    let name = name(path);
    let mut bytes = Vec::new();
    let got = if is_stdin(path) {
        std::io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        fs::read(path).map(|read| bytes = read)
    };
    match got {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("there is no file {name}"),
        Err(error) if error.kind() == ErrorKind::IsADirectory => bail!("{name} is a folder; name a file in it"),
        got => got.with_context(|| format!("cannot read {name}"))?,
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        bail!("{name} is UTF-16; save it as UTF-8");
    }
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not text (UTF-8)"))
}
