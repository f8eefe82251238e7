//! The known keys of a plan, and the words that other tools and people write for them.
//!
//! Spellings stand here as `text::folded` makes them: without case, hyphens and underscores.

use serde_yaml::Value;

/// Which mapping of a plan is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The top level of the index.
    Index,
    /// `metadata:` of the index.
    Metadata,
    /// One of `tasks:`, or a task's front matter.
    Task,
    /// `files:` of a task.
    Files,
}

/// What a value must look like to be taken for a key that is written otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Any,
    Word,
    Flag,
    List,
    /// As `List`; a text with commas between is a list, too.
    Ids,
    Mapping,
}

/// A known key, whether a wrong letter in it is forgiven, and its other spellings.
pub(super) struct Known(
    pub(super) &'static str,
    pub(super) Shape,
    pub(super) Rank,
    pub(super) &'static [&'static str],
);

/// How much depends on a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// It orders or bounds tasks: a misspelt one is taken.
    Binding,
    /// A misspelt one is named.
    Plain,
}

use Rank::{Binding, Plain};
use Shape::{Any, Flag, Ids, List, Word};

const INDEX: &[Known] = &[
    Known("metadata", Shape::Mapping, Plain, &["meta", "plan"]),
    Known("tasks", List, Plain, &["tasklist", "workitems", "subtasks"]),
    Known("overview", Any, Plain, &[]),
    Known("research", Any, Plain, &[]),
    Known("shared_resources", Any, Plain, &[]),
    Known("testing", Any, Plain, &[]),
    Known("success_criteria", Any, Plain, &[]),
];

const METADATA: &[Known] = &[
    Known("name", Word, Plain, &["planname"]),
    Known("created", Any, Plain, &[]),
    Known("status", Any, Plain, &[]),
    Known("base", Word, Binding, &["basebranch", "targetbranch", "mergeinto"]),
    Known("document", Any, Plain, &[]),
];

const DEPENDENCIES: &[&str] = &[
    "dependson",
    "dependency",
    "dependencylist",
    "deps",
    "dep",
    "depends",
    "dependsupon",
    "dependenton",
    "requires",
    "requirestasks",
    "needs",
    "need",
    "after",
    "runafter",
    "runsafter",
    "startafter",
    "comesafter",
    "mustfollow",
    "follows",
    "blockedby",
    "blockedon",
    "blockers",
    "waitsfor",
    "waitfor",
    "waitson",
    "waiton",
    "waitingfor",
    "prerequisites",
    "prerequisite",
    "prereqs",
    "prereq",
    "predecessors",
    "predecessor",
    "upstream",
    "taskdependencies",
    "dependentonids",
    "dependencyids",
    "dependsontasks",
];

const VERIFY: &[&str] = &[
    "verification",
    "verifications",
    "verifycommands",
    "verifycommand",
    "verifycmd",
    "verifycmds",
    "verifywith",
    "verificationcommands",
    "verificationcommand",
    "verificationsteps",
    "validation",
    "validate",
    "validationcommands",
    "check",
    "checks",
    "checkcommands",
    "testcommand",
    "testcommands",
    "testcmd",
];

const TASK: &[Known] = &[
    Known("id", Any, Plain, &["taskid"]),
    Known("name", Word, Plain, &["taskname"]),
    Known("title", Any, Plain, &[]),
    Known("file", Any, Plain, &[]),
    Known("priority", Word, Binding, &["prio", "taskpriority"]),
    Known("status", Word, Binding, &["state", "taskstatus"]),
    Known("dependencies", Ids, Binding, DEPENDENCIES),
    Known("labels", Any, Plain, &[]),
    Known("model", Any, Plain, &[]),
    Known("work_type", Any, Plain, &[]),
    Known("context", Any, Plain, &[]),
    Known("files", Shape::Mapping, Binding, &["filestotouch", "filestochange", "touchedfiles"]),
    Known("verify", List, Binding, VERIFY),
    Known("shared_resources", List, Binding, &["sharedresource", "resources", "exclusive", "locks", "mutex"]),
];

/// Also read where they stand beside `files:` and not in it.
pub(super) const FILES: &[Known] = &[
    Known(
        "create",
        List,
        Binding,
        &["creates", "createfiles", "filestocreate", "newfiles", "filescreated", "createdfiles"],
    ),
    Known(
        "modify",
        List,
        Binding,
        &[
            "modifies",
            "modifyfiles",
            "filestomodify",
            "modifiedfiles",
            "filesmodified",
            "editfiles",
            "filestoedit",
        ],
    ),
    Known(
        "delete",
        List,
        Binding,
        &[
            "deletes",
            "deletefiles",
            "filestodelete",
            "deletedfiles",
            "filesdeleted",
            "removefiles",
            "filestoremove",
        ],
    ),
    Known(
        "forbidden",
        List,
        Binding,
        &[
            "forbid",
            "forbids",
            "forbiddenfiles",
            "forbiddenpaths",
            "filesforbidden",
            "deny",
            "denied",
            "denyfiles",
            "offlimits",
            "donottouch",
            "donotmodify",
            "donotedit",
            "donttouch",
            "dontmodify",
            "protected",
            "protectedfiles",
            "readonly",
            "readonlyfiles",
            "prohibited",
            "blocklist",
            "denylist",
            "blacklist",
        ],
    ),
    Known("strict", Flag, Binding, &["strictfiles", "filesstrict", "strictmode", "onlydeclared"]),
];

/// Inside `files:` these say the same; outside they could mean anything.
pub(super) const INSIDE_FILES: &[(&str, &str)] = &[
    ("created", "create"),
    ("add", "create"),
    ("new", "create"),
    ("added", "create"),
    ("modified", "modify"),
    ("update", "modify"),
    ("edit", "modify"),
    ("change", "modify"),
    ("changed", "modify"),
    ("updated", "modify"),
    ("touch", "modify"),
    ("deleted", "delete"),
    ("remove", "delete"),
    ("removed", "delete"),
    ("exclude", "forbidden"),
    ("excluded", "forbidden"),
    ("ignore", "forbidden"),
    ("not", "forbidden"),
    ("never", "forbidden"),
];

/// Bounds that have no such key: what may be changed is what is declared, with `strict: true`.
pub(super) const ALLOWED: &[&str] = &[
    "allowed",
    "allow",
    "allows",
    "allowedfiles",
    "allowedpaths",
    "allowlist",
    "whitelist",
    "only",
    "onlyfiles",
    "permitted",
    "permittedfiles",
    "writable",
    "editable",
];

/// Orders the other way round.
pub(super) const REVERSED: &[&str] = &[
    "blocks",
    "before",
    "runbefore",
    "unblocks",
    "requiredby",
    "neededby",
    "precedes",
    "successors",
    "dependents",
];

/// Order by a number, which nothing here has.
pub(super) const ORDER: &[&str] = &[
    "order",
    "runorder",
    "executionorder",
    "sequence",
    "wave",
    "phase",
    "stage",
    "step",
    "round",
    "batch",
    "parallelgroup",
    "executiongroup",
];

/// Keys that name tasks or files and mean neither order nor bounds.
pub(super) const NEUTRAL: &[&str] = &[
    "related",
    "relatedtasks",
    "seealso",
    "see",
    "similar",
    "reference",
    "references",
    "refs",
    "docs",
    "documentation",
    "links",
    "sources",
    "spec",
    "specs",
    "artifacts",
    "outputs",
    "screenshots",
    "tags",
    "area",
    "areas",
    "category",
    "component",
    "components",
    "modules",
    "packages",
    "keywords",
    "skills",
    "tools",
    "technologies",
];

/// Words that look like a known key and are none.
pub(super) const OTHERS: &[&str] = &[
    "title",
    "tests",
    "type",
    "note",
    "notes",
    "module",
    "tags",
    "owner",
    "created",
    "updated",
    "modified",
    "needed",
    "state",
    "statement",
];

/// The keys of a mapping.
pub(super) fn table(scope: Scope) -> &'static [Known] {
    match scope {
        Scope::Index => INDEX,
        Scope::Metadata => METADATA,
        Scope::Task => TASK,
        Scope::Files => FILES,
    }
}

impl Shape {
    /// Can this value be one of this shape?
    pub(super) fn fits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            // A number or a flag is reported as such where the key is read.
            Self::Word => !value.is_sequence() && !value.is_mapping(),
            Self::Flag => value.is_bool() || value.is_string(),
            Self::List | Self::Ids => value.is_sequence() || value.is_string(),
            Self::Mapping => value.is_mapping(),
        }
    }

    /// As a message says it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Any | Self::Word => "text",
            Self::Flag => "`true` or `false`",
            Self::List | Self::Ids => "a list",
            Self::Mapping => "a mapping",
        }
    }
}

/// The shape of a known key.
pub(super) fn shape_of(known: &str) -> Shape {
    // What a task says counts before what the whole plan says under the same name.
    let all = [TASK, FILES, METADATA, INDEX];
    all.iter().flat_map(|table| table.iter()).find(|one| one.0 == known).map_or(Any, |one| one.1)
}
