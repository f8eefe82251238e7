//! `ctx` itself, for an agent that is bound to a task.

use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::verbs::{self, Verdict};

pub(super) fn run(call: &mut Call<'_>) -> bool {
    if call.program != "ctx" {
        return false;
    }
    let texts: Option<Vec<&str>> = call.args.iter().map(Arg::text).collect();
    // A message made by a substitution is text like any other.
    let texts = texts.or_else(|| {
        let message =
            call.args.iter().position(|arg| matches!(arg.text(), Some("-m" | "--message" | "--reason")))? + 1;
        call.args
            .iter()
            .enumerate()
            .map(|(index, arg)| {
                arg.text().or_else(|| {
                    (index == message && matches!(arg, Arg::Opaque(_) | Arg::OneOf(_))).then_some("text")
                })
            })
            .collect()
    });
    let Some(texts) = texts else {
        call.unknown("an argument that is not known");
        return true;
    };
    let Some(own) = call.territory.own.clone() else {
        call.unknown("only as a command of its own");
        return true;
    };
    match verbs::for_bound(&texts, &own) {
        Verdict::Allowed { commits, pushes } => {
            call.effects.add(Effect::Verb(format!("ctx {}", texts.join(" "))));
            if commits {
                for cwd in &call.state.cwds {
                    let folder = cwd.real.clone();
                    call.effects.add(Effect::Git(folder));
                }
                call.effects.add(Effect::OwnBranch);
            }
            if pushes {
                call.effects.add(Effect::Remote(own.remote.clone()));
                call.effects.add(Effect::PushOwn);
            }
        }
        Verdict::Denied(instead) => {
            let what = format!("`ctx {}` is not for the agent of `{}`", texts.join(" "), own.task);
            call.effects.add(Effect::Forbidden { what, instead });
        }
    }
    true
}
