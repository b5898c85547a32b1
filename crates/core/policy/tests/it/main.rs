//! Tests of the policy engine as its callers see it.

mod rules;
