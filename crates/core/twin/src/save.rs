//! The world as a file: a JSON document that says which version it has.

use serde::{Deserialize, Serialize};

use crate::world::World;

const FORMAT: &str = "stackfleet-twin";
/// Raised when a world that was saved before can no longer be read.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Saving<'a> {
    format: &'static str,
    version: u32,
    world: &'a World,
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Deserialize)]
struct Loaded {
    world: World,
}

/// Why a document is no world.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The document is of another kind.
    #[error("this is not a saved twin")]
    Format,
    /// The document was saved by another version.
    #[error("the twin was saved in format {found}; this program reads format {wanted}", wanted = VERSION)]
    Version {
        /// The version found.
        found: u32,
    },
    /// The document is broken.
    #[error("the saved twin cannot be read")]
    Content(#[source] serde_json::Error),
}

impl World {
    /// Returns the world as a JSON document.
    ///
    /// # Errors
    /// When something in the world has no form in JSON, which would be a mistake in this crate.
    pub fn save(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Saving { format: FORMAT, version: VERSION, world: self })
    }

    /// Reads what [`World::save`] wrote: a world that goes on as the saved one would have.
    ///
    /// # Errors
    /// When the text is not such a document.
    pub fn load(text: &str) -> Result<Self, LoadError> {
        let head: Head = serde_json::from_str(text).map_err(|_| LoadError::Format)?;
        if head.format != FORMAT {
            return Err(LoadError::Format);
        }
        if head.version != VERSION {
            return Err(LoadError::Version { found: head.version });
        }
        serde_json::from_str::<Loaded>(text).map(|loaded| loaded.world).map_err(LoadError::Content)
    }
}
