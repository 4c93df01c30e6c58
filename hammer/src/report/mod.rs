//! What came of a run: for programs, and as a picture.

mod json;
mod svg;

pub use json::{About, FaultsReport, Highest, RecordsReport, Report, Reproof, Settings, Try, VERSION};
pub use svg::{SvgError, svg};
