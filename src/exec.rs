//! The only place that starts processes: a program and its arguments, never a shell.
#![allow(clippy::disallowed_methods)]

mod group;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

pub use group::{Ended, end_groups};

/// One process to be started.
#[derive(Clone, Debug)]
pub struct Exec {
    program: OsString,
    args: Vec<OsString>,
    cwd: Option<PathBuf>,
    env: Vec<(OsString, Option<OsString>)>,
    stdin: Input,
}

/// What a process reads from standard input.
#[derive(Clone, Debug)]
enum Input {
    Nothing,
    Bytes(Vec<u8>),
    Lock(Arc<File>),
}

/// What a finished process left.
#[derive(Clone, Debug)]
pub struct Output {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: Vec<u8>,
    /// All of standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Did it end with exit code 0?
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }
}

impl Exec {
    /// A process that is not started yet. `program` is looked up on `PATH` unless it has a slash.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            cwd: None,
            env: Vec::new(),
            stdin: Input::Nothing,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// The directory it runs in.
    #[must_use]
    pub fn cwd(mut self, dir: &Path) -> Self {
        self.cwd = Some(dir.to_owned());
        self
    }

    /// Sets a variable for the process.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), Some(value.as_ref().to_owned())));
        self
    }

    /// Takes a variable away from the process.
    #[must_use]
    pub fn env_remove(mut self, name: &str) -> Self {
        self.env.push((name.into(), None));
        self
    }

    /// What it reads from standard input; nothing by default.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Input::Bytes(bytes.into());
        self
    }

    /// Lets the process share a file lock, by way of its standard input: if this process is killed, the
    /// lock stays held until the child has ended too, so that nobody works where it still writes.
    #[must_use]
    pub fn holding(mut self, lock: Arc<File>) -> Self {
        self.stdin = Input::Lock(lock);
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        if let Some(dir) = &self.cwd {
            command.current_dir(dir);
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Runs to the end and keeps what it printed. Fails only if it cannot be started or read from.
    pub fn output(&self) -> io::Result<Output> {
        let stdin = match &self.stdin {
            Input::Nothing => Stdio::null(),
            Input::Bytes(_) => Stdio::piped(),
            Input::Lock(file) => Stdio::from(file.try_clone()?),
        };
        let mut child = self.command().stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let output = std::thread::scope(|scope| {
            if let (Some(mut pipe), Input::Bytes(bytes)) = (child.stdin.take(), &self.stdin) {
                // A child that ends without reading all of it says so by its exit code.
                scope.spawn(move || pipe.write_all(bytes));
            }
            child.wait_with_output()
        })?;
        Ok(Output { code: output.status.code(), stdout: output.stdout, stderr: output.stderr })
    }

    /// Runs to the end with everything it prints going to this file; gives the exit code.
    pub fn logged(&self, to: &File) -> io::Result<Option<i32>> {
        let stdin = match &self.stdin {
            Input::Lock(file) => Stdio::from(file.try_clone()?),
            _ => Stdio::null(),
        };
        let mut command = self.command();
        Ok(command.stdin(stdin).stdout(to.try_clone()?).stderr(to.try_clone()?).status()?.code())
    }

    /// Runs to the end on this process's own standard output and error; gives the exit code.
    pub fn status(&self) -> io::Result<Option<i32>> {
        Ok(self.command().stdin(Stdio::null()).status()?.code())
    }
}
