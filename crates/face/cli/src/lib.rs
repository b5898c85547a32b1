//! Arguments in; tables, bars and JSON out.
