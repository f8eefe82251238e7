//! A hundred transcripts and more, each with the plans it holds or none.

use serde_json::{Value, json};

use super::check;
use super::generator::{
    Random, bad_lines, bookkeeping, decoys, filler, forms, lines, plan, said, user, with,
};

struct Case {
    name: String,
    bytes: Vec<u8>,
    /// See `shown`.
    listed: String,
}

#[derive(Default)]
struct Corpus(Vec<Case>);

impl Corpus {
    fn add(&mut self, name: &str, records: &[Value], listed: &str) {
        self.add_bytes(name, lines(records), listed);
    }

    fn add_bytes(&mut self, name: &str, bytes: Vec<u8>, listed: &str) {
        self.0.push(Case { name: name.to_owned(), bytes, listed: listed.to_owned() });
    }
}

/// Conversation of this length, different each time.
fn talk(random: &mut Random, length: usize) -> Vec<Value> {
    (0..length).map(|_| filler(random.below(60))).collect()
}

fn corpus() -> Vec<Case> {
    let mut corpus = Corpus::default();
    let mut random = Random::new(7);
    let real = said(&plan("Real"));
    for (form, text) in forms("Real") {
        let records = [talk(&mut random, 9), vec![said(&text)], talk(&mut random, 5)].concat();
        corpus.add(form, &records, "Real!");
    }
    for (name, decoy) in decoys(&plan("Decoy")) {
        let records = [talk(&mut random, 3), vec![decoy.clone()], talk(&mut random, 3)].concat();
        corpus.add(&format!("{name}, alone"), &records, "");
        corpus.add(
            &format!("{name}, after the plan"),
            &[real.clone(), decoy.clone(), bookkeeping(3)],
            "Real!",
        );
        corpus.add(&format!("{name}, before the plan"), &[decoy, real.clone()], "Real!");
    }
    let all: Vec<Value> = decoys(&plan("Decoy")).into_iter().map(|(_, decoy)| decoy).collect();
    corpus.add("all decoys around it", &[all.clone(), vec![real.clone()], all.clone()].concat(), "Real!");
    corpus.add("all decoys", &all, "");
    for (name, bad) in bad_lines(&plan("Bad")) {
        let plan = real.to_string().into_bytes();
        let end = b"\n".to_vec();
        corpus.add_bytes(
            &format!("{name}, before"),
            [bad.clone(), end.clone(), plan.clone()].concat(),
            "Real!",
        );
        corpus.add_bytes(
            &format!("{name}, after"),
            [plan, end.clone(), bad.clone(), end.clone()].concat(),
            "Real!",
        );
        corpus.add_bytes(&format!("{name}, alone"), bad, "");
    }
    repeated(&mut corpus);
    joined(&mut corpus);
    shapes(&mut corpus);
    incomplete(&mut corpus);
    laborious(&mut corpus);
    corpus.0
}

/// Resumed and forked sessions repeat records under new ids, with their old session.
fn repeated(corpus: &mut Corpus) {
    let [one, two] = ["One", "Two"].map(|title| said(&plan(title)));
    let again = |record: &Value, n: usize| {
        with(record.clone(), &json!({ "uuid": format!("u{n}"), "sessionId": "old" }))
    };
    corpus.add("resumed", &[one.clone(), filler(1), again(&one, 1), again(&one, 2)], "One!");
    corpus.add("forked", &[again(&one, 1), again(&two, 2), filler(0), filler(1)], "One! Two!");
    corpus.add("an old plan said again", &[one.clone(), two.clone(), again(&one, 3)], "Two! One!");
    let chatter = said(&format!("Again:\n\n{}\n## References\n\nThat was it.", plan("One")));
    corpus.add("the same with other words around it", &[one.clone(), two.clone(), chatter], "Two! One!");
    let hundred: Vec<Value> = (0..100).map(|n| again(&one, n)).collect();
    corpus.add("a hundred times", &hundred, "One!");
    let compacted = [
        one,
        json!({ "type": "system", "subtype": "compact_boundary", "content": "Conversation compacted" }),
        with(user(&json!(format!("Summary:\n{}", plan("One")))), &json!({ "isCompactSummary": true })),
        filler(1),
    ];
    corpus.add("compacted", &compacted, "One!");
}

/// Lines that hold more than one record, or one behind the rest of another.
fn joined(corpus: &mut Corpus) {
    let [one, two] = ["One", "Two"].map(|title| said(&plan(title)).to_string());
    let filler = filler(0).to_string();
    let cut = &filler[..filler.len() - 30];
    let rows: [(&str, String, &str); 8] = [
        ("two records", format!("{filler}{one}\n"), "One!"),
        ("two records the other way round", format!("{one}{filler}"), "One!"),
        ("two plans", format!("{one}{two}\n"), "One! Two!"),
        ("three records with spaces", format!(" {one} {filler}\t{two} \n"), "One! Two!"),
        ("a cut record before it", format!("{cut}{one}\n"), "One!"),
        ("a cut record behind it", format!("{one}{cut}\n"), "One!"),
        ("NUL before it", format!("{}{one}\n", "\0".repeat(9000)), "One!"),
        ("NUL behind it", format!("{one}{}{two}", "\0".repeat(9000)), "One! Two!"),
    ];
    for (name, line, listed) in rows {
        corpus.add_bytes(name, [filler.as_bytes(), b"\n", line.as_bytes()].concat(), listed);
    }
    // Nested in a line that is cut, it is still the subagent's.
    let progress = json!({ "type": "progress", "data": { "message": said(&plan("Theirs")) } }).to_string();
    corpus.add_bytes("a subagent's record in a cut line", progress[..progress.len() - 1].into(), "");
    let list = format!("[1, {one}, ");
    corpus.add_bytes("a record in a cut list", list.into_bytes(), "");
}

/// The file as a whole.
fn shapes(corpus: &mut Corpus) {
    let one = said(&plan("One")).to_string();
    corpus.add_bytes("empty", Vec::new(), "");
    corpus.add_bytes("only line ends", b"\n\n\r\n\n".to_vec(), "");
    corpus.add_bytes("no newline at the end", one.clone().into_bytes(), "One!");
    corpus.add_bytes("windows line ends", format!("{one}\r\n").into_bytes(), "One!");
    corpus.add_bytes("spaces in the JSON", serde_json::to_vec(&said(&plan("One"))).unwrap(), "One!");
    let spaced = one.replace("\":", "\" : ").replace(",\"", " , \"");
    corpus.add_bytes("more spaces", spaced.into_bytes(), "One!");
    let ascii: String = one.chars().fold(String::new(), |text, c| match c {
        c if c.is_ascii() => text + &c.to_string(),
        c => c.encode_utf16(&mut [0; 2]).iter().fold(text, |text, unit| text + &format!("\\u{unit:04x}")),
    });
    corpus.add_bytes("only ASCII", ascii.into_bytes(), "One!");
    for cut in ["\\ud83d", "\\udfaf", "\\ud83d\\ud83d", "\\ud83dx"] {
        let text = one.replace("The end of it", &format!("The end {cut} of it"));
        corpus.add_bytes(&format!("a lone surrogate {cut}"), text.into_bytes(), "One!");
    }
    let elsewhere = one.replace("\"main\"", "\"ma\\udc00in\"");
    corpus.add_bytes("a lone surrogate elsewhere", elsewhere.into_bytes(), "One!");
    let mut bytes = one.clone().into_bytes();
    let at = one.find("The end").unwrap();
    bytes[at] = 0xff;
    corpus.add_bytes("a byte that is no text", bytes, "One!");
    let long = said(&"y".repeat(1_700_000));
    corpus.add("long lines", &[long.clone(), said(&plan("One")), long], "One!");
    let tool = with(user(&json!([])), &json!({ "toolUseResult": plan("No").repeat(3000) }));
    corpus.add("a long decoy", &[said(&plan("One")), tool], "One!");
    let first: Vec<Value> = (0..8).map(bookkeeping).collect();
    corpus.add(
        "bookkeeping first and last",
        &[first.clone(), vec![said(&plan("One"))], first].concat(),
        "One!",
    );
}

/// A later incomplete plan does not hide a complete one.
fn incomplete(corpus: &mut Corpus) {
    let text = plan("New");
    let cuts = ["## Plan Structure", "tasks:", "## Task Details", "### Task 1", "```\n~~~", "id: task-1\n"];
    for cut in cuts {
        let half = said(text.split(cut).next().unwrap());
        corpus.add(
            &format!("cut before {cut:?}"),
            &[said(&plan("Old")), half.clone(), filler(0)],
            "Old! New?",
        );
        corpus.add(&format!("only one, cut before {cut:?}"), &[half], "New?");
    }
    let cycle = text.replace("dependencies: []", "dependencies: [task-1]");
    corpus.add("a cycle", &[said(&plan("Old")), said(&cycle)], "Old! New?");
    corpus.add("mended", &[said(&plan("Old")), said(&cycle), said(&text)], "Old! New? New!");
}

/// Texts that a reader which looks at everything again at each marker or heading would not finish.
fn laborious(corpus: &mut Corpus) {
    let row = "**Type:** Plan\n";
    let half = format!("# T\n\n{row}\n## Plan Structure\n\n");
    let texts = [
        ("markers", row.repeat(65_000), "**Type:** Plan?".to_owned()),
        (
            "markers on one line",
            format!("{row}{}", "**Type:** Plan".repeat(70_000)),
            "**Type:** Plan?".to_owned(),
        ),
        (
            "markers with words between",
            format!("# T\n{row}{}", format!("x\n{row}").repeat(60_000)),
            "T?".to_owned(),
        ),
        ("titles behind a plan", format!("{}{}", plan("T"), "# U\n\n".repeat(200_000)), "T!".to_owned()),
        ("structures", format!("{half}{}", "## Plan Structure\n".repeat(50_000)), "T?".to_owned()),
        ("half plans", half.repeat(20_000), "T?".to_owned()),
        ("open brackets", format!("{}{}", plan("T"), "[a](".repeat(200_000)), "T!".to_owned()),
        ("deep quotations", format!("{}\n{}", plan("T"), "> ".repeat(400_000)), "T!".to_owned()),
    ];
    for (name, text, listed) in texts {
        corpus.add(name, &[said(&text)], &listed);
    }
}

#[test]
fn every_transcript_holds_what_it_holds() {
    let corpus = corpus();
    assert!(corpus.len() >= 100, "{}", corpus.len());
    for Case { name, bytes, listed } in &corpus {
        check(name, bytes, listed);
    }
}
