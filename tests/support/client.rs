//! The real client, in a home of its own, with the plugin installed as a user would install it.
//!
//! A version is brought by npm once into `target/client/<version>`; a failure fails the test, nothing is skipped.
//! Nothing of the person's own environment reaches a session: not the home, not git's settings, not `PATH`.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::model::Model;

/// The versions that every scenario runs with: agents run in the foreground in the first, in the background in the
/// second.
pub(crate) const VERSIONS: [&str; 2] = ["2.1.197", "2.1.332"];

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
const INSTALLATION: Duration = Duration::from_mins(10);
const SESSION: Duration = Duration::from_mins(2);

/// The repository this test was built in.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a process left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end, or kills its whole process group after `limit` and panics.
#[track_caller]
pub(crate) fn run(command: &mut Command, limit: Duration) -> Ended {
    let shown = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {shown}: {error}"));
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => break None,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    if status.is_none() {
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = child.wait();
    }
    let [stdout, stderr] = [stdout, stderr].map(|reader| reader.join().expect("a reader does not panic"));
    match status {
        Some(status) => Ended { code: status.code(), stdout, stderr },
        None => panic!("no end after {limit:?}: {shown}\nstdout: {stdout}\nstderr: {stderr}"),
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is worth showing.
        let _ = pipe.expect("the pipe was asked for").read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The executable of a version; installs it if it is not there.
fn executable(version: &str) -> PathBuf {
    let clients = root().join("target/client");
    let folder = clients.join(version);
    fs::create_dir_all(&clients).expect("target can be written");
    // One process installs, the others wait.
    let lock = File::create(clients.join(format!("{version}.lock"))).expect("target can be written");
    lock.lock().expect("the file system can lock");
    let complete = folder.join("complete");
    if !complete.exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(&folder);
        npm.arg(format!("@anthropic-ai/claude-code@{version}"));
        let ended = run(&mut npm, INSTALLATION);
        assert_eq!(ended.code, Some(0), "npm cannot install client {version}: {ended:#?}");
        File::create(&complete).expect("target can be written");
    }
    // One folder for each platform, of which npm takes the one that fits.
    let packages = folder.join("node_modules/@anthropic-ai");
    let mut found = fs::read_dir(&packages).expect("npm made it").filter_map(|entry| {
        let path = entry.expect("a readable folder").path().join("claude");
        path.is_file().then_some(path)
    });
    found.next().unwrap_or_else(|| panic!("no executable below {}", packages.display()))
}

/// One version of the client in a home of its own.
pub(crate) struct Client {
    pub(crate) version: &'static str,
    executable: PathBuf,
    home: TempDir,
}

impl Client {
    /// Without any plugin.
    pub(crate) fn bare(version: &'static str) -> Self {
        let home = TempDir::new().expect("a temporary folder");
        let identity = "[user]\n\tname = Test\n\temail = test@example.com\n[init]\n\tdefaultBranch = main\n";
        fs::write(home.path().join(".gitconfig"), identity).expect("a temporary file");
        fs::create_dir(home.path().join("tmp")).expect("a temporary folder");
        Self { version, executable: executable(version), home }
    }

    /// With the plugin, installed by `scripts/install` from the executables of this build.
    pub(crate) fn with_plugin(version: &'static str) -> Self {
        let client = Self::bare(version);
        let executables = Path::new(env!("CARGO_BIN_EXE_ctx")).parent().expect("it lies in a folder");
        let mut install = client.command(&root().join("scripts/install"));
        install.env("CTX_BIN_DIR", executables).env("CTX_CLIENT", &client.executable);
        let ended = run(&mut install, SESSION);
        assert_eq!(ended.code, Some(0), "scripts/install with {version}: {ended:#?}");
        client
    }

    /// A program in this home's environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.home()).env("PATH", PATH).env("TMPDIR", self.home().join("tmp"));
        command.env("CLAUDE_CODE_TMPDIR", self.home().join("tmp"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1");
        for name in [
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
            "DISABLE_AUTOUPDATER",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
        ] {
            command.env(name, "1");
        }
        command
    }

    /// The client with these arguments, to its end: `plugin validate …`.
    pub(crate) fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Ended {
        run(self.command(&self.executable).args(args), SESSION)
    }

    /// Adds permission rules to the person's own settings: `permissions.<list>`.
    pub(crate) fn add_rules(&self, list: &str, rules: &[&str]) {
        let path = self.home().join(".claude/settings.json");
        let read = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut settings: Value = read.unwrap_or_else(|| serde_json::json!({}));
        settings["permissions"][list] = serde_json::json!(rules);
        fs::write(&path, settings.to_string()).expect("a temporary file");
    }

    pub(crate) fn executable(&self) -> &Path {
        &self.executable
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// A session in `folder` that gets one prompt and runs without a person until nothing is left to do.
    pub(crate) fn session<'a>(&'a self, model: &'a Model, folder: &'a Path) -> Session<'a> {
        Session { client: self, model, folder, args: Vec::new(), env: Vec::new() }
    }
}

/// A session to be run.
pub(crate) struct Session<'a> {
    client: &'a Client,
    model: &'a Model,
    folder: &'a Path,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Session<'_> {
    /// Grants tools, as the person would: `Bash(cd:*)`.
    pub(crate) fn allow(mut self, tools: &[&str]) -> Self {
        self.args.push("--allowedTools".to_owned());
        self.args.extend(tools.iter().map(ToString::to_string));
        self
    }

    /// Options of the client: `--resume ID`.
    pub(crate) fn with(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Variables of the shell that it is started from.
    pub(crate) fn env(mut self, variables: &[(&str, String)]) -> Self {
        self.env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self
    }

    /// Runs it.
    #[track_caller]
    pub(crate) fn say(self, prompt: &str) -> Said {
        let debug = self.client.home().join("debug.log");
        let mut command = self.client.command(&self.client.executable);
        command.current_dir(self.folder).envs(self.env.iter().cloned());
        command.env("ANTHROPIC_BASE_URL", self.model.url()).env("ANTHROPIC_API_KEY", "test");
        command
            .args(["-p", prompt, "--output-format", "json", "--model", "sonnet", "--debug-file"])
            .arg(&debug);
        let ended = run(command.args(&self.args), SESSION);
        let answer: Value = serde_json::from_str(ended.stdout.trim()).unwrap_or_else(|error| {
            panic!("no JSON ({error}) from client {}: {ended:#?}", self.client.version)
        });
        assert_eq!(ended.code, Some(0), "client {}: {answer:#}\n{}", self.client.version, ended.stderr);
        Said { answer, debug: fs::read_to_string(debug).unwrap_or_default(), stderr: ended.stderr }
    }
}

/// What a session ended with.
#[derive(Debug)]
pub(crate) struct Said {
    answer: Value,
    /// What the client wrote about its own doing.
    pub(crate) debug: String,
    /// What the client wrote for the person.
    pub(crate) stderr: String,
}

impl Said {
    /// The last turn's text.
    pub(crate) fn result(&self) -> &str {
        self.answer["result"].as_str().unwrap_or_default()
    }

    /// The session's id.
    pub(crate) fn session(&self) -> &str {
        self.answer["session_id"].as_str().unwrap_or_default()
    }

    /// The tool calls that nobody allowed, as JSON.
    pub(crate) fn denials(&self) -> &Value {
        &self.answer["permission_denials"]
    }

    /// The session's transcript in the client's home.
    pub(crate) fn transcript(&self, client: &Client) -> PathBuf {
        let name = format!("{}.jsonl", self.session());
        let projects = client.home().join(".claude/projects");
        let folders = fs::read_dir(&projects).into_iter().flatten().flatten();
        let mut found = folders.map(|folder| folder.path().join(&name)).filter(|path| path.is_file());
        found.next().unwrap_or_else(|| panic!("no {name} below {}", projects.display()))
    }
}
