//! The SAM transform: template in, template and diagnostics out.
