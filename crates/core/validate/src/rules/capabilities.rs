//! What whoever deploys the template must acknowledge. Told once, for what needs most.

use stackfleet_base::Diagnostic;
use stackfleet_template::{Capability, capabilities};

use crate::codes::CAPABILITIES;
use crate::subject::Subject;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if subject.deployment.acknowledges_capabilities {
        return;
    }
    let mut needs = capabilities(subject.deployed);
    if subject.is_transformed() {
        needs.extend(capabilities(subject.source));
    }
    let needed = |capability: Capability| needs.iter().find(|need| need.capability == capability);
    let expand = needed(Capability::AutoExpand);
    let iam = needed(Capability::NamedIam).or_else(|| needed(Capability::Iam));
    let Some(first) = iam.or(expand) else { return };
    let words: Vec<&str> = iam.into_iter().chain(expand).map(|need| need.capability.as_str()).collect();
    let note = Diagnostic::note(CAPABILITIES, format!("deploying this needs {}", words.join(" and "))).help(format!(
        "`--capabilities {}` of the AWS CLI; because of {}",
        words.join(" "),
        first.because
    ));
    let span = subject.key_span(&first.pointer).or_else(|| {
        let maker = crate::trace::maker(subject.source, &first.pointer)?;
        subject.source.key_span(&maker)
    });
    found.extend(span.map(|span| note.at(span, "")));
}
