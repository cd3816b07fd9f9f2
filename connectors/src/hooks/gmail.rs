//! Mail as MIME: what Gmail gives is read, what Gmail sends is written.

mod build;
mod charset;
mod html;
mod read;
mod reply;

use agentkit_runtime::{Bytes, HookError};

use crate::gmail::{self, BuildMimeArgs, MailContent, PlainSnippetArgs, ReadPartsArgs, ReplyHeaders, ReplyHeadersArgs};

/// What `gmail.yaml` calls.
pub(crate) struct Hooks;

impl gmail::Hooks for Hooks {
    fn plain_snippet(args: PlainSnippetArgs<'_>) -> Result<String, HookError> {
        Ok(html::snippet_text(args.snippet))
    }

    fn read_parts(args: ReadPartsArgs<'_>) -> Result<MailContent, HookError> {
        Ok(read::read(args))
    }

    fn reply_headers(args: ReplyHeadersArgs<'_>) -> Result<ReplyHeaders, HookError> {
        Ok(reply::headers(args))
    }

    fn build_mime(args: BuildMimeArgs<'_>) -> Result<Bytes, HookError> {
        build::build(&args).map(Into::into).map_err(HookError::invalid_input)
    }
}
