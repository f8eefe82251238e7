//! What a person does, with the real client against a scripted model: every scenario on every version.

mod absent;
mod agents_start;
mod approval;
mod environment;
mod execute;
mod executors;
mod grants;
mod installed;
mod launchers;
mod own_task;
mod plan;
mod project;
mod prompts;
mod second_day;
mod sessions;

/// Makes a test of each scenario for each version of the client; a scenario is a function of the version.
macro_rules! on_every_version {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            use crate::support::client::VERSIONS;

            #[test]
            fn with_agents_in_the_foreground() {
                super::$scenario(VERSIONS[0]);
            }

            #[test]
            fn with_agents_in_the_background() {
                super::$scenario(VERSIONS[1]);
            }
        }
    )+};
}
use on_every_version;
