//! `init`: writes a commented starter project.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::{console::Console, exit::Exit};

/// The starter's files, by path.
const FILES: [(&str, &str); 5] = [
    ("stackfleet.yaml", include_str!("../../starter/stackfleet.yaml")),
    ("iam/execution-role.yaml", include_str!("../../starter/iam/execution-role.yaml")),
    ("app/template.yaml", include_str!("../../starter/app/template.yaml")),
    ("app/src/heartbeat.py", include_str!("../../starter/app/src/heartbeat.py")),
    ("policies/protect-deployments.json", include_str!("../../starter/policies/protect-deployments.json")),
];

pub(crate) fn run(console: &Console, folder: &Path) -> Result<Exit> {
    // Looked for first, so that nothing is written when something stands in the way.
    if let Some((path, _)) = FILES.iter().find(|(path, _)| folder.join(path).exists()) {
        bail!("{} is there already; choose another folder", folder.join(path).display());
    }
    for (path, text) in FILES {
        let target = folder.join(path);
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
        fs::write(&target, text).with_context(|| format!("cannot write {}", target.display()))?;
    }
    if console.json {
        let paths: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
        console.json(&json!({ "schema": "stackfleet/init/v1", "files": paths }));
    } else {
        for (path, _) in FILES {
            console.result(format!(" + {}", folder.join(path).display()));
        }
        console.say(format!("Next: stackfleet rehearse {}", folder.display()));
    }
    Ok(Exit::Done)
}
