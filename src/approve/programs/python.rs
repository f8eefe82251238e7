//! Python: files of the worktree, modules that test and check, and the programs of the same names.

use super::{node, project, rust::version_only};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::options::{Parsed, Style};

const MANIFESTS: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "uv.lock"];

/// Of `-p` only `no:NAME`, others import a plugin; not `-o` and `--rootdir` (other settings), `--pdb`, `--basetemp` (removes it).
const PYTEST: &str = "qvsxlk= m= n= r= p= W= c=i --lf --ff --sw --nf --maxfail= --tb= --durations= --cov?i --cov-report= --cov-config=i --no-cov --cov-branch --cov-append --cov-fail-under= --co --collect-only --no-header --no-summary --color= --capture= --disable-warnings --strict-markers --strict-config --import-mode= --timeout= --reruns= --junitxml=w --junit-xml=w --ignore=i --ignore-glob= --deselect= --snapshot-update --update-snapshots --asyncio-mode= --verbose --quiet --exitfirst --showlocals --last-failed --failed-first --stepwise --cache-clear --setup-show --fixtures --markers --version --numprocesses= --dist= --log-level= --log-cli-level= --full-trace --randomly-seed= --runxfail --benchmark-only --benchmark-skip --doctest-modules --new-first --stepwise-skip --force-sugar --no-cov-on-fail";
const UNITTEST: &str = "vqfbck= s=i p= t=i --verbose --quiet --failfast --buffer --locals --start-directory=i --pattern= --top-level-directory=i --durations=";
const COVERAGE: &str = "m --include= --omit= --source= --branch --fail-under= --show-missing --skip-covered --precision= --sort= --append --data-file=w --rcfile=i i d=w o=w --pretty-print --format= --parallel-mode p a";
const SYNC: &str = "q v --frozen --locked --dev --no-dev --all-extras --extra= --group= --only-group= --no-group= --all-groups --offline --no-install-project --inexact --all-packages --package= --quiet --verbose --no-progress --check --only-dev --exact --no-cache";

/// A checker with its options: one table a program, as one's flag is another's option with a value.
struct Checker {
    names: &'static [&'static str],
    options: &'static str,
    /// The first operand is one of these, if there are any.
    verbs: &'static [&'static str],
}

const CHECKERS: &[Checker] = &[
    Checker {
        names: &["ruff"],
        options: "qvnse --fix --unsafe-fixes --diff --select= --ignore= --extend-select= --extend-ignore= --exclude= --line-length= --target-version= --output-format= --statistics --no-fix --check --quiet --verbose --no-cache --show-files --show-settings --preview --fix-only --exit-zero --config=i --show-fixes --no-preview --force-exclude --isolated --silent --fixable= --per-file-ignores= --respect-gitignore",
        verbs: &["check", "format", "rule", "version"],
    },
    // Not `-c`, which takes code.
    Checker {
        names: &["black"],
        options: "qvSCl= t= W= --check --diff --quiet --verbose --line-length= --target-version= --skip-string-normalization --skip-magic-trailing-comma --color --no-color --fast --safe --config=i --exclude= --extend-exclude= --force-exclude= --include= --preview --workers= --pyi --version",
        verbs: &[],
    },
    Checker {
        names: &["isort"],
        options: "cqvl= --check --check-only --diff --quiet --verbose --profile= --line-length= --atomic --skip= --float-to-top --filter-files --version",
        verbs: &[],
    },
    // Not `--install-types`, `--python-executable` and the reports.
    Checker {
        names: &["mypy"],
        options: "vp= m= --verbose --strict --ignore-missing-imports --no-error-summary --show-error-codes --pretty --python-version= --no-incremental --config-file=i --explicit-package-bases --namespace-packages --follow-imports= --exclude= --enable-error-code= --disable-error-code= --no-color-output --show-error-context --show-column-numbers --warn-unused-ignores --warn-return-any --warn-redundant-casts --warn-unreachable --check-untyped-defs --disallow-untyped-defs --no-implicit-optional --strict-optional --scripts-are-modules --no-site-packages --version",
        verbs: &[],
    },
    Checker {
        names: &["flake8"],
        options: "qvj= --quiet --verbose --count --statistics --show-source --max-line-length= --max-complexity= --select= --ignore= --extend-select= --extend-ignore= --exclude= --extend-exclude= --per-file-ignores= --color= --config=i --isolated --exit-zero --jobs= --doctests --format= --version",
        verbs: &[],
    },
    Checker {
        names: &["pylint"],
        options: "Evd= e= s= f= j= r= --errors-only --verbose --disable= --enable= --score= --rcfile=i --output-format= --jobs= --max-line-length= --ignore= --ignore-patterns= --fail-under= --fail-on= --reports= --recursive= --version",
        verbs: &[],
    },
    Checker {
        names: &["pyright", "basedpyright"],
        options: "p=i --project=i --outputjson --warnings --level= --pythonversion= --stats --verbose --version",
        verbs: &[],
    },
    Checker {
        names: &["ty"],
        options: "qv --quiet --verbose --project=i --python-version= --output-format= --error= --warn= --ignore= --exit-zero --exclude= --color= --no-progress",
        verbs: &["check", "version"],
    },
    Checker { names: &["pytest", "py.test"], options: PYTEST, verbs: &[] },
    Checker { names: &["unittest"], options: UNITTEST, verbs: &[] },
    Checker {
        names: &["coverage"],
        options: COVERAGE,
        verbs: &["run", "report", "html", "xml", "json", "combine", "erase", "lcov"],
    },
];
/// Values that are words: with a colon or dot they are files to write (`text:/tmp/x`) or classes.
const FORMATS: &[&str] = &["output-format", "f", "format"];
/// Reports of `--cov-report` behind which a place to write may stand.
const REPORTS: &[&str] = &["html", "xml", "json", "lcov", "annotate", "markdown", "markdown-append"];

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "python" | "python3" => python(call),
        "pip" | "pip3" => {
            let texts: Option<Vec<&str>> = call.args.iter().map(Arg::text).collect();
            let plain = match texts.as_deref() {
                Some(["list" | "freeze" | "check" | "--version"]) => true,
                Some(["show", name]) => !name.starts_with('-'),
                _ => false,
            };
            if !plain {
                call.unknown("only lists; `uv sync` installs what the project names");
            }
        }
        "uv" => uv(call),
        "poetry" | "pdm" | "hatch" => manager(call),
        "tox" => environments(call, "qvle= p? --quiet --verbose --list --parallel? --recreate r"),
        "nox" => environments(call, "lrRs= e= --list --session= --sessions= --reuse-existing-virtualenvs"),
        _ => match CHECKERS.iter().find(|checker| checker.names.contains(&call.program)) {
            Some(checker) => tool(call, checker),
            None => return false,
        },
    }
    true
}

/// Runners of the project's environments by their names.
fn environments(call: &mut Call<'_>, table: &str) {
    let Some(parsed) = call.parse(table) else { return };
    call.project(MANIFESTS);
    let named = ["e", "s", "session", "sessions"];
    for (name, _, value) in &parsed.options {
        if let Some(value) = value.as_ref().filter(|_| named.contains(&name.as_str())) {
            project::require_names(call, std::slice::from_ref(value));
        }
    }
    // `nox -s lint tests` takes both; tox gives them to its environments.
    match call.program {
        "nox" => project::require_names(call, &parsed.operands),
        _ if parsed.operands.is_empty() => {}
        _ => call.unknown("an operand that is not known"),
    }
}

fn python(call: &mut Call<'_>) {
    let mut args = call.args;
    while let [Arg::Text(flag), rest @ ..] = args {
        match flag.as_str() {
            "-u" | "-B" | "-X" if rest.is_empty() => break,
            "-u" | "-B" => args = rest,
            _ => break,
        }
    }
    match args {
        [Arg::Text(flag)] if matches!(flag.as_str(), "--version" | "-V") => version_only(call),
        [Arg::Text(flag), Arg::Text(module), rest @ ..] if flag == "-m" => module_of(call, module, rest),
        [file @ Arg::Text(text), rest @ ..] if !text.starts_with('-') => {
            call.project(&[]);
            call.inside(file);
            script(call, file, rest);
        }
        // `-c`, or what stands on standard input.
        _ => call.unknown("which file it runs is not known"),
    }
}

/// A file of the project. `setup.py` installs and uploads, so of it only what builds inside.
fn script(call: &mut Call<'_>, file: &Arg, args: &[Arg]) {
    let texts: Option<Vec<&str>> = args.iter().map(Arg::text).collect();
    let builds = matches!(
        texts.as_deref(),
        Some(
            ["build" | "build_ext" | "check" | "egg_info" | "--version" | "--name"]
                | ["build_ext", "--inplace" | "-i"]
        )
    );
    if file.text().is_some_and(|text| text.rsplit('/').next() == Some("setup.py")) && !builds {
        call.unknown("`setup.py` may install or upload");
    }
    node::program_arguments(call, file, args);
}

fn module_of(call: &mut Call<'_>, module: &str, args: &[Arg]) {
    match module {
        "pytest" | "ruff" | "black" | "isort" | "mypy" | "flake8" | "pylint" | "unittest" | "coverage" => {
            call.delegate(&Arg::Text(module.to_owned()), args);
        }
        "compileall" | "py_compile" => {
            if let Some(parsed) = call.parse_as("qf", args, Style::Anywhere) {
                call.project(&[]);
                call.inside_all(&parsed.operands);
                if parsed.operands.is_empty() {
                    call.unknown("no operand");
                }
            }
        }
        "json.tool" => {
            // A module of this name in the current directory comes first.
            call.project(&[]);
            match args {
                [] => {}
                [file] => call.read(file),
                _ => call.unknown("its operands are not known"),
            }
        }
        "venv" => match args {
            [folder @ Arg::Text(name)] if matches!(name.as_str(), ".venv" | "venv") => {
                call.project(&[]);
                call.make_folder(folder);
            }
            _ => call.unknown("only `.venv` and `venv`"),
        },
        _ => call.unknown(format!("the module `{module}` is not known")),
    }
}

fn tool(call: &mut Call<'_>, checker: &Checker) {
    let args = call.args;
    if matches!(args, [Arg::Text(flag)] if flag == "--version") {
        return;
    }
    let (verb, args) = match args.split_first() {
        _ if checker.verbs.is_empty() => ("", args),
        Some((Arg::Text(verb), rest)) if checker.verbs.contains(&verb.as_str()) => (verb.as_str(), rest),
        _ => return call.unknown("this subcommand is not known"),
    };
    if (call.program, verb) == ("coverage", "run") {
        return match args {
            [Arg::Text(flag), Arg::Text(module), rest @ ..]
                if flag == "-m" && matches!(module.as_str(), "pytest" | "unittest") =>
            {
                call.delegate(&Arg::Text(module.clone()), rest);
                call.project(MANIFESTS);
            }
            [file @ Arg::Text(text), rest @ ..] if !text.starts_with('-') => {
                call.inside(file);
                script(call, file, rest);
            }
            _ => call.unknown("which file it runs is not known"),
        };
    }
    let Some(parsed) = call.parse_as(checker.options, args, Style::Anywhere) else { return };
    call.project(MANIFESTS);
    values(call, &parsed);
    if call.program == "unittest" || verb == "rule" {
        return project::contained(call, &parsed.operands);
    }
    // `tests/test_x.py::TestX::test_y[a/b]`.
    let path = |text: &String| text.split("::").next().unwrap_or("").to_owned();
    let paths = parsed.operands.iter().filter(|arg| arg.text() != Some("-")).map(|arg| match arg.texts() {
        Some(texts) => Arg::OneOf(texts.iter().map(path).collect()),
        None => arg.clone(),
    });
    project::operands(call, &paths.collect::<Vec<_>>());
}

/// What options say: no settings as text, no class, and reports inside.
fn values(call: &mut Call<'_>, parsed: &Parsed) {
    project::plain_values(call, parsed, FORMATS);
    for (name, _, value) in &parsed.options {
        let text = value.as_ref().and_then(Arg::text);
        if name == "config" && text.is_none_or(|text| text.contains(['=', '\n'])) {
            call.unknown("a configuration among its arguments");
        }
        if call.program == "pytest" && name == "p" && !text.is_some_and(|text| text.starts_with("no:")) {
            call.unknown("it imports a plugin");
        }
        if name != "cov-report" {
            continue;
        }
        match text.map(|text| text.split_once(':')) {
            Some(None | Some(("term" | "term-missing", _))) => {}
            Some(Some((report, place))) if REPORTS.contains(&report) => {
                call.write(&Arg::Text(place.to_owned()));
            }
            _ => call.unknown("this report is not known"),
        }
    }
}

fn uv(call: &mut Call<'_>) {
    let Some((Arg::Text(verb), rest)) = call.args.split_first() else { return call.unknown("no subcommand") };
    match verb.as_str() {
        "--version" | "version" if rest.is_empty() => {}
        "sync" | "lock" => {
            if let Some(parsed) = call.parse_as(SYNC, rest, Style::Anywhere) {
                call.project(MANIFESTS);
                call.effects.add(Effect::Install);
                if !parsed.operands.is_empty() {
                    call.unknown("an operand that is not known");
                }
            }
        }
        "run" => {
            // Not `--with`, `--from`, `--script`: packages that the project does not name.
            if let Some(parsed) = call.parse_as(SYNC, rest, Style::First) {
                call.project(MANIFESTS);
                call.effects.add(Effect::Install);
                run_tool(call, &parsed.operands);
            }
        }
        "venv" if rest.is_empty() => {
            call.project(MANIFESTS);
            call.make_folder(&Arg::Text(".venv".to_owned()));
        }
        "tree" if rest.is_empty() => call.project(MANIFESTS),
        "pip"
            if matches!(
                rest.first().and_then(Arg::text),
                Some("list" | "show" | "freeze" | "tree" | "check")
            ) =>
        {
            call.project(MANIFESTS);
            if !rest.iter().all(|arg| arg.text().is_some_and(|text| !text.starts_with('-'))) {
                call.unknown("an option that is not known");
            }
        }
        _ => call.unknown(format!("`{verb}` is not known")),
    }
}

/// What a manager of environments starts: the programs of this family, or a file of the worktree.
fn run_tool(call: &mut Call<'_>, command: &[Arg]) {
    let Some((program @ Arg::Text(name), args)) = command.split_first() else {
        return call.unknown("which program runs is not known");
    };
    match name.as_str() {
        "python" | "python3" | "pytest" | "ruff" | "black" | "isort" | "mypy" | "flake8" | "pylint"
        | "pyright" | "basedpyright" | "ty" | "coverage" | "tox" | "nox" => call.delegate(program, args),
        name if name.ends_with(".py") => {
            call.inside(program);
            script(call, program, args);
        }
        name => call.unknown(format!("the program `{name}` is not known")),
    }
}

fn manager(call: &mut Call<'_>) {
    let Some((Arg::Text(verb), rest)) = call.args.split_first() else { return call.unknown("no subcommand") };
    call.project(MANIFESTS);
    match verb.as_str() {
        "--version" if rest.is_empty() => {}
        "run" => run_tool(call, rest),
        "install" | "sync" | "check" | "show" => {
            let known = [
                "--no-root",
                "--sync",
                "--no-interaction",
                "-n",
                "--quiet",
                "-q",
                "--all-extras",
                "--frozen-lockfile",
                "--dev",
            ];
            call.effects.add(Effect::Install);
            if !rest.iter().all(|arg| arg.text().is_some_and(|text| known.contains(&text))) {
                call.unknown("an argument that is not known");
            }
        }
        _ => call.unknown(format!("`{verb}` is not known")),
    }
}
