//! The words of CloudFormation for how things stand: stacks, resources, stack sets, instances, operations, results.

use serde::{Deserialize, Serialize};

/// An enum whose variants have the names that AWS writes.
macro_rules! words {
    ($(#[$outer:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] #[serde(rename = $text)] $variant),*
        }
        impl $name {
            /// Returns the word as AWS writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),*
                }
            }
        }
    };
}

words! {
    /// How a stack or a resource stands. The two share most words; events carry either.
    Status {
        CreateInProgress = "CREATE_IN_PROGRESS",
        CreateFailed = "CREATE_FAILED",
        CreateComplete = "CREATE_COMPLETE",
        RollbackInProgress = "ROLLBACK_IN_PROGRESS",
        RollbackFailed = "ROLLBACK_FAILED",
        RollbackComplete = "ROLLBACK_COMPLETE",
        DeleteInProgress = "DELETE_IN_PROGRESS",
        DeleteFailed = "DELETE_FAILED",
        DeleteComplete = "DELETE_COMPLETE",
        DeleteSkipped = "DELETE_SKIPPED",
        UpdateInProgress = "UPDATE_IN_PROGRESS",
        UpdateCompleteCleanupInProgress = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        UpdateComplete = "UPDATE_COMPLETE",
        UpdateFailed = "UPDATE_FAILED",
        UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
        UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
        UpdateRollbackCompleteCleanupInProgress = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
    }
}

impl Status {
    /// Tells whether work is going on.
    #[must_use]
    pub fn is_in_progress(self) -> bool {
        self.as_str().ends_with("_IN_PROGRESS")
    }

    /// Tells whether a stack in this state may be updated.
    #[must_use]
    pub const fn is_updatable(self) -> bool {
        matches!(self, Self::CreateComplete | Self::UpdateComplete | Self::UpdateRollbackComplete)
    }

    /// Tells whether the work that led here did what was asked for.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::CreateComplete | Self::UpdateComplete | Self::DeleteComplete)
    }
}

words! {
    /// What a failed creation leads to.
    OnFailure {
        Rollback = "ROLLBACK",
        DoNothing = "DO_NOTHING",
        Delete = "DELETE",
    }
}

words! {
    /// What becomes of a resource that leaves its stack.
    DeletionPolicy {
        Delete = "Delete",
        Retain = "Retain",
        RetainExceptOnCreate = "RetainExceptOnCreate",
        Snapshot = "Snapshot",
    }
}

words! {
    /// Who lends a stack set its roles.
    PermissionModel {
        SelfManaged = "SELF_MANAGED",
        ServiceManaged = "SERVICE_MANAGED",
    }
}

words! {
    /// How a stack set operation stands.
    OperationStatus {
        Queued = "QUEUED",
        Running = "RUNNING",
        Stopping = "STOPPING",
        Succeeded = "SUCCEEDED",
        Failed = "FAILED",
        Stopped = "STOPPED",
    }
}

impl OperationStatus {
    /// Tells whether nothing more will happen.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

words! {
    /// What a stack set operation does.
    Action {
        Create = "CREATE",
        Update = "UPDATE",
        Delete = "DELETE",
    }
}

words! {
    /// How an instance's stack relates to its set.
    InstanceStatus {
        Current = "CURRENT",
        Outdated = "OUTDATED",
        Inoperable = "INOPERABLE",
    }
}

words! {
    /// How the last operation on an instance went.
    DetailedStatus {
        Pending = "PENDING",
        Running = "RUNNING",
        Succeeded = "SUCCEEDED",
        Failed = "FAILED",
        Cancelled = "CANCELLED",
        Inoperable = "INOPERABLE",
        SkippedSuspendedAccount = "SKIPPED_SUSPENDED_ACCOUNT",
    }
}

words! {
    /// How an operation went for one instance.
    ResultStatus {
        Pending = "PENDING",
        Running = "RUNNING",
        Succeeded = "SUCCEEDED",
        Failed = "FAILED",
        Cancelled = "CANCELLED",
    }
}
