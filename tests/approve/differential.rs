//! A second parser finds the same simple commands, or the answer is not `allow`.

use std::panic::catch_unwind;

use brush_parser::ast::{
    AndOr, AndOrList, Command, CommandPrefixOrSuffixItem as Item, CompoundCommand, CompoundList, Pipeline,
};
use ctx::approve::{Decision, simple_commands};

use super::open_world::decide;

type Simples = Vec<(String, usize, usize)>;

/// What the other parser takes for the simple commands; none if it cannot read the text.
fn others(text: &str) -> Option<Simples> {
    let text = text.to_owned();
    catch_unwind(move || {
        let options = brush_parser::ParserOptions::default();
        let program = brush_parser::Parser::new(text.as_bytes(), &options).parse_program().ok()?;
        let mut out = Vec::new();
        for list in &program.complete_commands {
            compound(list, &mut out)?;
        }
        Some(out)
    })
    .ok()?
}

fn compound(list: &CompoundList, out: &mut Simples) -> Option<()> {
    list.0.iter().try_for_each(|item| and_or(&item.0, out))
}

fn and_or(list: &AndOrList, out: &mut Simples) -> Option<()> {
    pipeline(&list.first, out)?;
    list.additional.iter().try_for_each(|more| match more {
        AndOr::And(next) | AndOr::Or(next) => pipeline(next, out),
    })
}

fn pipeline(pipeline: &Pipeline, out: &mut Simples) -> Option<()> {
    pipeline.seq.iter().try_for_each(|each| command(each, out))
}

fn command(command: &Command, out: &mut Simples) -> Option<()> {
    match command {
        Command::Simple(simple) => {
            let (mut words, mut assignments, mut redirects) = (Vec::new(), 0, 0);
            for item in simple.prefix.iter().flat_map(|prefix| &prefix.0) {
                match item {
                    Item::AssignmentWord(..) => assignments += 1,
                    Item::IoRedirect(_) => redirects += 1,
                    _ => return None,
                }
            }
            words.extend(simple.word_or_name.iter().map(|word| word.value.clone()));
            for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
                match item {
                    Item::Word(word) | Item::AssignmentWord(_, word) => words.push(word.value.clone()),
                    Item::IoRedirect(_) => redirects += 1,
                    Item::ProcessSubstitution(..) => return None,
                }
            }
            out.push((words.join(" "), assignments, redirects));
            Some(())
        }
        Command::Compound(inner, _) => match inner {
            CompoundCommand::BraceGroup(group) => compound(&group.list, out),
            CompoundCommand::Subshell(subshell) => compound(&subshell.list, out),
            CompoundCommand::ForClause(clause) => compound(&clause.body.list, out),
            CompoundCommand::WhileClause(clause) => {
                compound(&clause.0, out)?;
                compound(&clause.1.list, out)
            }
            CompoundCommand::IfClause(clause) => {
                compound(&clause.condition, out)?;
                compound(&clause.then, out)?;
                for other in clause.elses.iter().flatten() {
                    other.condition.iter().try_for_each(|list| compound(list, out))?;
                    compound(&other.body, out)?;
                }
                Some(())
            }
            _ => None,
        },
        Command::ExtendedTest(..) => Some(()),
        Command::Function(_) => None,
    }
}

/// Numbers without a pattern, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn simple(&mut self) -> String {
        let mut text = String::new();
        if self.below(10) == 0 {
            text += self.pick(&["CI=1 ", "A=b ", "RUST_LOG=\"a b\" "]);
        }
        text += self.pick(&[
            "ls",
            "cat a.rs",
            "echo",
            "echo a",
            "true",
            "git status",
            "git log -1",
            "grep x a.rs",
            "touch n",
            "rm a.rs",
            "cd src",
            "cargo test",
            "printf 'a'",
            "head -n 1 a.rs",
            "sed -n 1p a.rs",
            "[ -f a.rs ]",
            "mkdir d",
            "curl x",
        ]);
        for _ in 0..self.below(4) {
            text.push(' ');
            text += self.pick(&[
                "b",
                "'c d'",
                "\"e f\"",
                "a\\ b",
                "*.rs",
                "$x",
                "\"$x\"",
                "$(ls)",
                "\"$(cat a.rs)\"",
                "#c",
                "a#b",
                "-l",
                "x=1",
                "''",
                "\"\"",
                "'it'\"'\"'s'",
                "\\;",
                "\\&",
                "é",
                "2",
                "a'b'\"c\"",
                "\"a;b\"",
                "'a&&b'",
                "{}",
                "a{b",
                "!",
                "~",
                "if",
                "done",
                "then",
                "}",
                "[",
                "]]",
                "\"\\\"\"",
                "'\\'",
            ]);
        }
        if self.below(5) == 0 {
            text.push(' ');
            text += self.pick(&[
                ">o",
                "> o",
                ">>o",
                "2>&1",
                "<a.rs",
                "2>/dev/null",
                "&>o",
                ">&2",
                "2> o",
                "2 >o",
                ">|o",
                "<<<w",
                "3>o",
                ">\"o p\"",
                "a>o",
                "1>&2",
            ]);
        }
        text
    }

    fn command(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.simple();
        }
        let (a, b) = (self.below(depth), self.below(depth));
        match self.below(14) {
            0 => format!("({})", self.command(a)),
            1 => format!("{{ {}; }}", self.command(a)),
            2 => format!("if {}; then {}; fi", self.command(a), self.command(b)),
            3 => format!("for x in a b; do {}; done", self.command(a)),
            4 => format!("{} | {}", self.command(a), self.command(b)),
            5 => format!("! {}", self.command(a)),
            6 => format!("{}\n{}", self.command(a), self.command(b)),
            7 => format!("{} <<'EOF'\nx $(y) `z`\nEOF\n", self.simple()),
            8 => format!("{} # c; d\n{}", self.command(a), self.command(b)),
            9 => format!("if {}; then {}; else {}; fi", self.command(a), self.simple(), self.command(b)),
            10 => format!("{}; {}", self.command(a), self.command(b)),
            11 => format!("{} || {}", self.command(a), self.command(b)),
            _ => format!("{} && {}", self.command(a), self.command(b)),
        }
    }

    /// The same with a character taken out, put in, or doubled.
    fn damaged(&mut self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(chars.len().max(1));
            match self.below(3) {
                0 if at < chars.len() => drop(chars.remove(at)),
                1 => chars.insert(
                    at.min(chars.len()),
                    self.pick(&[
                        "'", "\"", "\\", "$", "`", "(", ")", "{", "}", ";", "&", "|", "<", ">", "#", "\n",
                        " ", "!", "=", "*", "~", "[", "]", "0",
                    ])
                    .chars()
                    .next()
                    .unwrap(),
                ),
                _ if at < chars.len() => chars.insert(at, chars[at]),
                _ => {}
            }
        }
        chars.into_iter().collect()
    }
}

#[test]
fn a_second_parser_agrees_or_the_answer_is_not_allow() {
    let mut random = Random(20_261_121);
    let (mut read, mut allowed) = (0, 0);
    for turn in 0..20_000 {
        let whole = random.command(4);
        let text = if turn % 2 == 0 { whole } else { random.damaged(&whole) };
        let Ok(ours) = simple_commands(&text) else { continue };
        read += 1;
        let ours: Simples = ours.into_iter().filter(|simple| *simple != (String::new(), 0, 0)).collect();
        let agreed = others(&text).as_ref() == Some(&ours);
        let allow = matches!(decide(&text), Decision::Allow(_));
        allowed += usize::from(allow);
        assert!(agreed || !allow, "{text:?}\nours   {ours:?}\nothers {:?}", others(&text));
    }
    // Otherwise nothing was compared.
    assert!(read > 8_000 && allowed > 1_000, "{read} read, {allowed} allowed");
}
