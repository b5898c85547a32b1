//! Which operations do something: the list that `docs/twin-fidelity.md` is checked against.

use stackfleet_api::Service;

use crate::{account, cloudformation, events, iam, lambda, logs, organizations, sns, ssm, sts};

/// Returns the operations that the twin carries out, by service, as names of trait methods (`create_role`).
///
/// All others answer as AWS answers an unknown action. S3 is not among them, for its requests are types of this crate:
/// what [`crate::s3::Request`] has a variant for is carried out.
#[must_use]
pub fn implemented(service: Service) -> &'static [&'static str] {
    match service {
        Service::Sts => sts::IMPLEMENTED,
        Service::Organizations => organizations::IMPLEMENTED,
        Service::Iam => iam::IMPLEMENTED,
        Service::Account => account::IMPLEMENTED,
        Service::CloudFormation => cloudformation::IMPLEMENTED,
        Service::Lambda => lambda::operations::IMPLEMENTED,
        Service::Events => events::IMPLEMENTED,
        Service::Logs => logs::IMPLEMENTED,
        Service::Sns => sns::IMPLEMENTED,
        Service::Ssm => ssm::IMPLEMENTED,
    }
}
