//! `ctx`, for people and agents: parse, call, print, exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use ctx::cli::Cli;
use ctx::{commands, world};

/// Prints one line at once.
fn say(line: &str) {
    let _ = writeln!(anstream::stdout().lock(), "{line}");
}

/// A message as the terminal holds it; uncut where it goes elsewhere.
fn message(text: &str) -> String {
    world::message_width().map_or_else(|| text.to_owned(), |width| commands::paragraphs(text, width))
}

fn main() -> ExitCode {
    let report = match commands::run(Cli::parse().command, &say) {
        Ok(report) => report,
        Err(error) => {
            let style = anstyle::AnsiColor::Red.on_default().bold();
            let text = message(&format!("error: {error}"));
            let rest = text.strip_prefix("error").unwrap_or(&text);
            let _ = writeln!(anstream::stderr().lock(), "{style}error{style:#}{rest}");
            return ExitCode::from(error.exit as u8);
        }
    };
    let printed = anstream::stdout().lock().write_all(report.data.as_bytes());
    for text in &report.messages {
        let _ = writeln!(anstream::stderr().lock(), "{}", message(text));
    }
    match printed {
        Ok(()) => ExitCode::from(report.exit),
        // A reader that has seen enough (`ctx status | head`) is no error.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::from(report.exit),
        Err(error) => {
            let _ = writeln!(anstream::stderr().lock(), "error: cannot write the answer: {error}");
            ExitCode::from(2)
        }
    }
}
