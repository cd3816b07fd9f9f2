//! Slack messages as a person sees them.

mod text;
