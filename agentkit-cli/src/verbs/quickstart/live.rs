//! `quickstart --live`: the same story with the real Google and the person's own mailbox.

use std::path::Path;
use std::time::Duration;

use agentkit_runtime::AgentKit;

use super::{Args, Story};
use crate::exit::{Exit, Failure};
use crate::output::{self, BOLD, Output};
use crate::{kit, serve};

/// The connection that `AGENTKIT_CONNECTION_GMAIL_CLIENT_ID` belongs to.
const CONNECTION: &str = "gmail";

/// Tells the story, or what has to be created first.
pub(super) async fn run(args: &Args, config: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    kit::with(config, async |kit| tell(kit, args, output).await).await
}

async fn tell(kit: &AgentKit, args: &Args, output: Output) -> Result<Exit, Failure> {
    let connection = kit::settings(kit, CONNECTION)?;
    if let Err(missing) = kit::require_client(connection) {
        output::note(how_to_create(connection.callback_url()))?;
        // People have read all of it by now.
        return Err(if output.machine() { missing } else { missing.bare() });
    }
    let listener = kit::listen(kit).await?;
    let _pages = serve::Pages::serve(kit.clone(), listener);
    let patience = Duration::from_secs(args.timeout);
    Story { connection: CONNECTION, user: "me", play: false, patience }.tell(kit, output).await
}

fn how_to_create(redirect_uri: &str) -> String {
    format!(
        "\
{BOLD}Before the first mail, Google has to know your program.{BOLD:#} Five minutes, once:

  1. Open https://console.cloud.google.com/ and create a project (or choose one).
  2. APIs & Services > Library: search for \"Gmail API\" and enable it.
  3. Google Auth Platform (OAuth consent screen): choose External, give a name and your mail address,
     and under Audience add your own Google account as a test user.
  4. Clients > Create client: application type \"Web application\". As authorized redirect URI enter

       {redirect_uri}

     exactly as it stands here.
  5. Put what Google shows you into the environment and run the command again:

       export AGENTKIT_CONNECTION_GMAIL_CLIENT_ID=…apps.googleusercontent.com
       export AGENTKIT_CONNECTION_GMAIL_CLIENT_SECRET=…
       agentkit quickstart --live
"
    )
}
