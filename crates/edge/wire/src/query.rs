//! AWS Query: form fields in, XML out.

use aws_smithy_schema::Schema;
use aws_smithy_schema::codec::{Codec as _, FinishSerializer as _};
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeSerializer as _};
use aws_smithy_xml::codec::XmlCodec;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use stackfleet_api::{Answer, Error, Fault, OperationInfo, Reader, Request, ServiceInfo, common};

use crate::query_form::{Form, FormReader};

/// Reads the request for `operation` from a form.
pub(crate) fn read(operation: &OperationInfo, form: &Form, reader: &mut Reader) -> Result<Request, Error> {
    (operation.read_request)(&mut FormReader(form), reader)
        .map_err(|error| common::malformed(operation.service.service, error.to_string()))
}

/// Writes an answer.
pub(crate) fn answer(answer: &Answer, request_id: &str) -> Result<Response<Bytes>, SerdeError> {
    let operation = answer.operation();
    let name = operation.name;
    let namespace = operation.service.xml_namespace;
    let result = match operation.result_wrapper {
        Some(wrapper) => format!("<{wrapper}>{}</{wrapper}>", members(answer.value())?),
        None => String::new(),
    };
    Ok(xml(
        operation.status,
        format!(
            "<{name}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
        ),
    ))
}

/// Writes an error.
pub(crate) fn error(service: &ServiceInfo, error: &Error, request_id: &str) -> Result<Response<Bytes>, SerdeError> {
    let kind = match error.fault {
        Fault::Sender => "Sender",
        Fault::Receiver => "Receiver",
    };
    let fields = error.fields.as_ref().map(|fields| members(fields.as_ref())).transpose()?.unwrap_or_default();
    let namespace = service.xml_namespace;
    let code = escape(error.code);
    let message = escape(&error.message);
    // The modelled message is one of the fields; it is written once, under the name that all clients look for.
    let fields = fields.replacen(&format!("<message>{message}</message>"), "", 1).replacen(
        &format!("<Message>{message}</Message>"),
        "",
        1,
    );
    Ok(xml(
        error.status,
        format!(
            "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message>{fields}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        ),
    ))
}

/// Returns the members of a structure as elements, without the element around them.
fn members(value: &dyn SerializableStruct) -> Result<String, SerdeError> {
    static ROOT: Schema<'static> = Schema::new_struct(
        aws_smithy_schema::shape_id!("stackfleet", "Root"),
        aws_smithy_schema::ShapeType::Structure,
        &[],
    )
    .with_xml_name("Root");
    let mut serializer = XmlCodec::default().create_serializer();
    serializer.write_struct(&ROOT, value)?;
    let text = String::from_utf8(serializer.finish()).map_err(|error| SerdeError::write_failed(error.to_string()))?;
    let inner = text.strip_prefix("<Root>").and_then(|text| text.strip_suffix("</Root>")).unwrap_or_default();
    Ok(inner.to_owned())
}

/// Escapes text as the XML codec does, so that what both write can be compared.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut writer = aws_smithy_xml::encode::XmlWriter::new(&mut out);
    writer.start_el("x").finish().data(text);
    out.strip_prefix("<x>").and_then(|out| out.strip_suffix("</x>")).unwrap_or_default().to_owned()
}

fn xml(status: u16, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}
