//! Python: files of the worktree, modules that test and check, and the programs of the same names.

use super::{project, rust::version_only};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::options::Style;

const MANIFESTS: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "uv.lock"];

/// Not `-p` (imports a plugin), `-o` and `--rootdir` (other settings), `--pdb`, `--basetemp` (removes it).
const PYTEST: &str = "qvsxlk= m= n= r= W= c=i --lf --ff --sw --nf --maxfail= --tb= --durations= --cov? --cov-report= --cov-config=i --no-cov --cov-branch --cov-append --cov-fail-under= --co --collect-only --no-header --no-summary --color= --capture= --disable-warnings --strict-markers --strict-config --import-mode= --timeout= --reruns= --junitxml=w --junit-xml=w --ignore=i --ignore-glob= --deselect= --snapshot-update --update-snapshots --asyncio-mode= --verbose --quiet --exitfirst --showlocals --last-failed --failed-first --stepwise --cache-clear --setup-show --fixtures --markers --version --numprocesses= --dist= --log-level= --log-cli-level= --full-trace --randomly-seed= --runxfail --benchmark-only --benchmark-skip --doctest-modules --new-first --stepwise-skip --force-sugar --no-cov-on-fail";
const RUFF: &str = "qvnse --fix --unsafe-fixes --diff --select= --ignore= --extend-select= --extend-ignore= --exclude= --line-length= --target-version= --output-format= --statistics --no-fix --check --quiet --verbose --no-cache --show-files --show-settings --preview --fix-only --exit-zero --config=i --show-fixes --no-preview --force-exclude --isolated --silent --fixable= --per-file-ignores= --respect-gitignore";
const CHECKERS: &str = "qvSl= t= c --check --check-only --diff --quiet --verbose --strict --line-length= --profile= --fix --ignore-missing-imports --no-error-summary --show-error-codes --pretty --no-color --color --skip-string-normalization --target-version= --max-line-length= --max-complexity= --select= --ignore= --extend-ignore= --statistics --count --exclude= --errors-only --disable= --enable= --score= --rcfile=i --config-file=i --config=i --python-version= --install-types=no --non-interactive --no-incremental --outputjson --version --preview --fast --safe --explicit-package-bases --namespace-packages --follow-imports= --warnings --level= --project=i --output-format= --jobs= j= E d p=i m=";
const UNITTEST: &str = "vqfbck= s=i p= t=i --verbose --quiet --failfast --buffer --locals --start-directory=i --pattern= --top-level-directory=i --durations=";
const COVERAGE: &str = "m --include= --omit= --source= --branch --fail-under= --show-missing --skip-covered --precision= --sort= --append --data-file=w --rcfile=i -m i d=w o=w --pretty-print --format= --parallel-mode p a";
const SYNC: &str = "q v --frozen --locked --dev --no-dev --all-extras --extra= --group= --only-group= --no-group= --all-groups --offline --no-install-project --inexact --all-packages --package= --quiet --verbose --no-progress --check --only-dev --exact --no-cache";

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "python" | "python3" => python(call),
        "pytest" | "py.test" | "ruff" | "black" | "isort" | "mypy" | "flake8" | "pylint" | "pyright"
        | "basedpyright" | "ty" | "unittest" | "coverage" => {
            let args = call.args;
            tool(call, args);
        }
        "pip" | "pip3" => {
            let plain = matches!(
                call.args.iter().map(Arg::text).collect::<Option<Vec<_>>>().as_deref(),
                Some(["list" | "freeze" | "check" | "--version"] | ["show", _])
            );
            if !plain {
                call.unknown("only lists; `uv sync` installs what the project names");
            }
        }
        "uv" => uv(call),
        "poetry" | "pdm" | "hatch" => manager(call),
        "tox" | "nox" => {
            if let Some(parsed) = call.parse("e= s= qv --quiet --verbose --list l p? --parallel?") {
                call.project(MANIFESTS);
                if !parsed.operands.is_empty() {
                    call.unknown("an operand that is not known");
                }
            }
        }
        _ => return false,
    }
    true
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
        [file @ Arg::Text(text), ..] if !text.starts_with('-') => {
            call.project(&[]);
            call.inside(file);
        }
        // `-c`, or what stands on standard input.
        _ => call.unknown("which file it runs is not known"),
    }
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
        "json.tool" => match args {
            [] => {}
            [file] => call.read(file),
            _ => call.unknown("its operands are not known"),
        },
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

fn tool(call: &mut Call<'_>, args: &[Arg]) {
    let (table, verbs): (&str, &[&str]) = match call.program {
        "pytest" | "py.test" => (PYTEST, &[]),
        "ruff" => (RUFF, &["check", "format", "rule", "version", "--version"]),
        "unittest" => (UNITTEST, &[]),
        "coverage" => (COVERAGE, &["run", "report", "html", "xml", "json", "combine", "erase", "lcov"]),
        "ty" => (CHECKERS, &["check"]),
        _ => (CHECKERS, &[]),
    };
    if matches!(args, [Arg::Text(flag)] if flag == "--version") {
        return;
    }
    let style = if call.program == "coverage" { Style::First } else { Style::Anywhere };
    let (verb, args) = match args.split_first() {
        Some((Arg::Text(verb), rest)) if verbs.contains(&verb.as_str()) => (verb.as_str(), rest),
        _ if verbs.is_empty() => ("", args),
        _ => return call.unknown("this subcommand is not known"),
    };
    if (call.program, verb) == ("coverage", "run") {
        let args = match args {
            [Arg::Text(flag), Arg::Text(module), rest @ ..]
                if flag == "-m" && matches!(module.as_str(), "pytest" | "unittest") =>
            {
                call.delegate(&Arg::Text(module.clone()), rest);
                return call.project(MANIFESTS);
            }
            args => args,
        };
        return match args {
            [file @ Arg::Text(text), ..] if !text.starts_with('-') => call.inside(file),
            _ => call.unknown("which file it runs is not known"),
        };
    }
    let Some(parsed) = call.parse_as(table, args, style) else { return };
    call.project(MANIFESTS);
    // `-p` of pytest is not in its table; a configuration as `KEY=VALUE` text is code to some.
    let inline = parsed.options.iter().any(|(name, _, value)| {
        name == "config" && value.as_ref().and_then(Arg::text).is_some_and(|text| text.contains(['=', '\n']))
    });
    if inline {
        call.unknown("a configuration among its arguments");
    }
    if call.program == "unittest" || verb == "rule" {
        return project::contained(call, &parsed.operands);
    }
    for arg in &parsed.operands {
        match arg.texts() {
            // `tests/test_x.py::TestX::test_y[a/b]`.
            Some(texts) => texts.iter().for_each(|text| {
                let path = text.split("::").next().unwrap_or("");
                if path != "-" {
                    call.inside(&Arg::Text(path.to_owned()));
                }
            }),
            None => call.unknown("an operand that is not known"),
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
        name if name.ends_with(".py") => call.inside(program),
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
