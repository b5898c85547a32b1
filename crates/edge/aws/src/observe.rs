//! Reads the world: organization, stack sets and groundwork, with pagination, within request rates.
//!
//! What may be missing without harm to a decision becomes a [`Gap`]; what every decision needs is an error.

mod groundwork;
mod identities;
mod names;
mod organization;
mod stack_sets;

use stackfleet_base::Timestamp;
use stackfleet_plan::{
    Observed, Scope,
    observed::{Caller, Gap},
};

use crate::{connect::Aws, failure::Failure};

pub use identities::identities;
pub use names::standings;

/// Calls in flight at once.
const CONCURRENCY: usize = 8;

/// Reads everything that `scope` asks for.
///
/// # Errors
/// When the organization, a stack set or a bucket cannot be read although it is there: planning on a guess would
/// change what it should not.
pub async fn observe(aws: &Aws, scope: &Scope, now: Timestamp) -> Result<Observed, Failure> {
    let mut gaps = Vec::new();
    let organization = organization::organization(aws, scope, &mut gaps).await?;
    let management = organization.as_ref().is_none_or(|found| found.management == *aws.account());
    if !management {
        gaps.push(Gap {
            what: "what only the management account may see".to_owned(),
            why: format!("{} is a member account", aws.account()),
        });
    }
    let (stack_sets, administration_role, buckets, regions_off) = tokio::try_join!(
        stack_sets::stack_sets(aws, scope),
        groundwork::administration_role(aws, scope),
        groundwork::buckets(aws, scope),
        groundwork::regions_off(aws, scope, organization.as_ref()),
    )?;
    Ok(Observed {
        taken_at: now,
        caller: Caller { account: aws.account().clone(), arn: aws.caller_arn().clone() },
        home: aws.home().clone(),
        organization,
        administration_role,
        buckets,
        stack_sets,
        regions_off,
        gaps,
    })
}
