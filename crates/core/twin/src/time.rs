//! Moments as the API writes them.

use stackfleet_api::DateTime;
use stackfleet_base::Timestamp;

/// Returns a moment as the API's types hold it.
pub(crate) fn date_time(moment: Timestamp) -> DateTime {
    DateTime::from_millis(moment.as_millis())
}
