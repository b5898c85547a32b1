//! CloudFormation documents: read with spans, intrinsics, conditions, resource graph, difference.
