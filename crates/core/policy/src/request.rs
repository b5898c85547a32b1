//! A request and the policies that bear on it.

use stackfleet_base::AccountId;

use crate::{
    arn::Arn,
    context::Context,
    policy::{PolicyPath, PolicySet},
    principal::Principal,
};

/// Who wants to do what to which resource.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Whoever asks.
    pub principal: &'a Principal,
    /// Such as `s3:GetObject`; case does not matter.
    pub action: &'a str,
    /// The resource's ARN, or `*` for an action that takes no resource.
    pub resource: &'a str,
    /// The account that owns the resource; ARNs do not always say it. `None` means the principal's own.
    pub resource_account: Option<&'a AccountId>,
    /// The context keys. Nothing is added to them: see [`Principal::describe`].
    pub context: &'a Context,
}

/// All policies that bear on a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layers<'p> {
    /// The identity policies of the user (with its groups') or role. They do not matter for a root user.
    pub identity: Option<&'p PolicySet>,
    /// The permissions boundary of the user or role; `None` when it has none.
    pub boundary: Option<&'p PolicySet>,
    /// The session policies; `None` when the session was made without any.
    pub session: Option<&'p PolicySet>,
    /// The policy of the resource: bucket policy, key policy, a role's trust policy...
    pub resource: Option<&'p PolicySet>,
    /// The SCPs on the path to the *principal's* account.
    pub scps: Option<&'p PolicyPath>,
    /// The RCPs on the path to the *resource's* account.
    pub rcps: Option<&'p PolicyPath>,
    /// The management account of the organization, which SCPs and RCPs do not bind.
    pub management: Option<&'p AccountId>,
}

/// A request with its texts taken apart once.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) action: &'a str,
    pub(crate) service: &'a str,
    pub(crate) name: &'a str,
    pub(crate) arn: Option<Arn<'a>>,
    pub(crate) context: &'a Context,
    pub(crate) has_boundary: bool,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(request: &Request<'a>, layers: &Layers<'_>) -> Self {
        let (service, name) = request.action.split_once(':').unwrap_or((request.action, ""));
        Self {
            principal: request.principal,
            action: request.action,
            service,
            name,
            arn: Arn::read(request.resource),
            context: request.context,
            has_boundary: layers.boundary.is_some(),
        }
    }

    pub(crate) fn is(&self, service: &str, name: &str) -> bool {
        self.service.eq_ignore_ascii_case(service) && self.name.eq_ignore_ascii_case(name)
    }
}
