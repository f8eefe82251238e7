//! Every table of options says what it looks like.

use std::fs;
use std::path::Path;

use ctx::approve::table_fault;

use super::scene::Scene;

/// The string literals of a source file, comments left out. None of these files has raw strings with quotes in them.
fn literals(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let code = code.replace("'\"'", "' '").replace("b'\"'", "' '").replace("'\\\"'", "' '");
    let mut found = Vec::new();
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        if c != '"' {
            continue;
        }
        let mut literal = String::new();
        while let Some(c) = chars.next().filter(|c| *c != '"') {
            literal.push(c);
            if c == '\\' {
                literal.extend(chars.next());
            }
        }
        found.push(literal);
    }
    found
}

/// Options are told from sentences and single words by their signs.
fn is_table(literal: &str) -> bool {
    let word = |word: &str| {
        let signs =
            word.trim_start_matches('-').chars().all(|c| c.is_ascii_alphanumeric() || "-_.=?!#".contains(c));
        !word.is_empty() && signs && (word.starts_with("--") || !word.starts_with('-'))
    };
    let several = literal.contains(' ')
        && literal.split(' ').any(|word| word.starts_with("--") || word.contains(['=', '?', '!']));
    several && literal.split(' ').all(word)
}

#[test]
fn every_table_is_well_formed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/approve/programs");
    let (mut tables, mut faults) = (0, Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        for literal in
            literals(&fs::read_to_string(&path).unwrap()).iter().filter(|literal| is_table(literal))
        {
            tables += 1;
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            faults.extend(table_fault(literal).map(|why| format!("{name}: {why}: {literal}")));
        }
    }
    assert!(tables >= 150, "only {tables} tables were found");
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn a_sign_that_is_not_known_is_an_error() {
    for table in ["", "alh n= # --all --sort= --file=r --out=w --in? c=i e! m!", "checks= f= tests?", "u.a0"]
    {
        assert_eq!(table_fault(table), None, "{table}");
    }
    for table in [
        "I=w=T=",
        "a --all=x",
        "a --",
        "a -b",
        "a --b,c",
        "a  b",
        "ab a= --all",
        "a --all --all=",
        "--a b/c",
        "--all:",
        "n=rw --x",
        "= --a",
    ] {
        assert!(table_fault(table).is_some(), "{table}");
    }
}

/// What the tables were meant to say.
#[test]
fn options_whose_tables_were_wrong_are_known() {
    let scene = Scene::new();
    for command in ["ls -w 80", "ls -T 4 -I '*.o' src", "ls -w80 -l"] {
        scene.check(command, "allow", "");
    }
}
