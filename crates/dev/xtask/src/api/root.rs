//! What spans all services: the enums over them, dispatch, the table of operations.

use std::fmt::Write as _;

use super::emit::Summary;
use super::names::constant;

/// Generates the file above the services' files.
pub(super) fn emit(services: &[Summary]) -> String {
    let mut out = String::from(
        "#![expect(clippy::large_enum_variant, reason = \"requests are moved once, never kept in bulk\")]\n\n",
    );
    let each = |line: &dyn Fn(&Summary) -> String| services.iter().map(line).collect::<Vec<_>>().join("\n");
    let modules = each(&|service| format!("pub mod {};", service.module));
    let variants = each(&|service| format!("/// {}.\n{},", service.service_trait, service.service_trait));
    let infos = each(&|service| format!("Service::{} => &{}::SERVICE,", service.service_trait, service.module));
    let names = each(&|service| format!("Service::{},", service.service_trait));
    let patterns = each(&|service| format!("({:?}, {}::PATTERNS),", service.module, service.module));
    let _ = write!(
        out,
        "{modules}\n\nuse crate::operation::{{OperationInfo, ServiceInfo}};\nuse crate::{{Error, Pattern}};\n\n
         /// The services.\n#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum Service {{ {variants} }}\n\n
         impl Service {{
            /// All services.\npub const ALL: &'static [Service] = &[{names}];\n
            /// Returns what the model says about the service.\npub fn info(self) -> &'static ServiceInfo {{ match self {{ {infos} }} }}
         }}\n\n"
    );
    for (kind, what) in [
        ("Request", "An input of any operation of any service"),
        ("Answer", "An output of any operation of any service"),
    ] {
        let variants = each(&|service| {
            format!("/// {}.\n{}({}::{kind}),", service.service_trait, service.service_trait, service.module)
        });
        let operations = each(&|service| format!("{kind}::{}(inner) => inner.operation(),", service.service_trait));
        let values = each(&|service| format!("{kind}::{}(inner) => inner.value(),", service.service_trait));
        let _ = write!(
            out,
            "/// {what}.\n#[derive(Debug, Clone, PartialEq)]\npub enum {kind} {{ {variants} }}\n\n
             impl {kind} {{
                /// Returns the service that this belongs to.\npub fn service(&self) -> Service {{ self.operation().service.service }}\n
                /// Returns the operation that this belongs to.\npub fn operation(&self) -> &'static OperationInfo {{ match self {{ {operations} }} }}\n
                /// Returns the value for writing.\npub fn value(&self) -> &dyn aws_smithy_schema::serde::SerializableStruct {{ match self {{ {values} }} }}
             }}\n\n"
        );
    }
    let bounds: Vec<String> =
        services.iter().map(|service| format!("{}::{}<Call = C>", service.module, service.service_trait)).collect();
    let bounds = bounds.join(" + ");
    let arms = each(&|service| {
        format!(
            "Request::{0}(request) => Answer::{0}({1}::dispatch(services, call, request)?),",
            service.service_trait, service.module
        )
    });
    let operations = each(&|service| {
        service
            .operations
            .iter()
            .map(|name| format!("&{}::OP_{},", service.module, constant(name)))
            .collect::<Vec<_>>()
            .join("\n")
    });
    let _ = write!(
        out,
        "/// Whoever implements all services with one kind of call.\npub trait Services<C>: {bounds} {{}}\n\n
         impl<C, T: {bounds}> Services<C> for T {{}}\n\n
         /// Calls the method that `request` is for.\n///\n/// # Errors\n/// What the operation answers instead of its output.
         pub fn dispatch<C>(services: &mut impl Services<C>, call: &C, request: Request) -> Result<Answer, Error> {{ Ok(match request {{ {arms} }}) }}\n\n
         /// All operations.\npub static OPERATIONS: &[&OperationInfo] = &[{operations}];\n\n
         /// The patterns of all services, by service and shape.\npub(crate) static PATTERNS: &[(&str, &[(&str, &Pattern)])] = &[{patterns}];\n"
    );
    out
}
