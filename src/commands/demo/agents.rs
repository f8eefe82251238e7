//! What the scripted agents of the demo write, test and commit.

/// The work of one task.
pub(super) struct Work {
    /// Paths and contents.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// Program and arguments.
    pub(super) test: (&'static str, &'static [&'static str]),
    /// The commit's message.
    pub(super) message: &'static str,
}

const SLUG: &str = r#"slug() {
    printf '%s\n' "$1" | tr 'A-Z' 'a-z' | tr -cs 'a-z0-9' '-' | sed 's/^-//; s/-$//'
}
"#;

const SLUG_TEST: &str = r#". ./lib/slug.sh
[ "$(slug 'Hello, World')" = hello-world ] && [ "$(slug ' A  b ')" = a-b ]
"#;

const WORDS: &str = "words() {
    set -- $1
    echo $#
}
";

const WORDS_TEST: &str = r#". ./lib/words.sh
[ "$(words 'one two three')" = 3 ]
"#;

const README: &str =
    "# Text tools\n\n- `slug TITLE`: a title as part of an address\n- `words TEXT`: how many words\n";

const SUMMARY: &str = r#". ./lib/slug.sh
. ./lib/words.sh
summary() {
    echo "$(slug "$1") ($(words "$1") words)"
}
"#;

const SUMMARY_TEST: &str = r#". ./lib/summary.sh
[ "$(summary 'Hello, World')" = 'hello-world (2 words)' ]
"#;

/// The work of the demo's plan, `plan.md`.
pub(super) fn work(task: &str) -> Work {
    match task {
        "task-0" => Work {
            files: &[("lib/slug.sh", SLUG), ("tests/slug.sh", SLUG_TEST)],
            test: ("sh", &["tests/slug.sh"]),
            message: "feat: make slugs",
        },
        "task-1" => Work {
            files: &[("lib/words.sh", WORDS), ("tests/words.sh", WORDS_TEST)],
            test: ("sh", &["tests/words.sh"]),
            message: "feat: count words",
        },
        "task-2" => Work {
            files: &[("README.md", README)],
            test: ("grep", &["-q", "slug", "README.md"]),
            message: "docs: name the tools",
        },
        _ => Work {
            files: &[("lib/summary.sh", SUMMARY), ("tests/summary.sh", SUMMARY_TEST)],
            test: ("sh", &["tests/summary.sh"]),
            message: "feat: summarise a title",
        },
    }
}
