//! Brings an app's stacks into an order in which each comes after those it refers to.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use stackfleet_base::Diagnostic;

use crate::codes;
use crate::model::{App, Reference, Stack};

/// Orders the stacks, keeping the file's order where it is free; tells circles and leaves them as they are.
pub(crate) fn sort(app: &mut App) -> Vec<Diagnostic> {
    let mut waiting: IndexMap<String, Stack> = std::mem::take(&mut app.stacks);
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting
            .values()
            .position(|stack| needs(stack).all(|other| done.contains(other) || !waiting.contains_key(other)));
        let next = ready.unwrap_or_else(|| {
            found.extend(circle(&waiting));
            0
        });
        if let Some((name, stack)) = waiting.shift_remove_index(next) {
            done.insert(name.clone());
            app.stacks.insert(name, stack);
        }
        // One circle is told once: the rest follows in the file's order.
        if !found.is_empty() {
            app.stacks.extend(std::mem::take(&mut waiting));
        }
    }
    found
}

/// The stacks that a stack refers to.
pub(crate) fn needs(stack: &Stack) -> impl Iterator<Item = &str> {
    let texts = stack.parameters.values().chain(stack.role.as_ref());
    texts.flat_map(|text| text.value.references()).filter_map(|reference| match reference {
        Reference::Output { stack, .. } => Some(stack.as_str()),
        Reference::ManagementId
        | Reference::OrganizationId
        | Reference::Environment
        | Reference::AccountId
        | Reference::AccountName
        | Reference::AccountTag(_) => None,
    })
}

/// Follows references from the first waiting stack until one comes again.
fn circle(waiting: &IndexMap<String, Stack>) -> Option<Diagnostic> {
    let mut path: Vec<&Stack> = vec![waiting.values().next()?];
    loop {
        let last = *path.last()?;
        let next = needs(last).find_map(|name| waiting.get(name))?;
        if let Some(start) = path.iter().position(|stack| stack.name.value == next.name.value) {
            let around = path.get(start..)?;
            let names: Vec<String> = around.iter().map(|stack| format!("`{}`", stack.name.value)).collect();
            let message = format!("stacks refer to each other in a circle: {}", names.join(" -> "));
            let error = Diagnostic::error(codes::STACK_CYCLE, message).at(around.first()?.name.span, "");
            return Some(error.help("give one of them a literal value"));
        }
        path.push(next);
    }
}
