//! The form of a commit's message: `type: description`, and what tools put around it. Pure.

/// Returns whether the subject is that of Conventional Commits 1.0 (`type: x`, `type(scope)!: x`), with or without
/// a ticket or an emoji before it, or one that git writes itself: `fixup! …`, `Revert "…"`, `Merge …`.
pub fn is_conventional(message: &str) -> bool {
    let subject = message.lines().next().unwrap_or_default().trim();
    let prefixes = ["fixup! ", "squash! ", "amend! "];
    if let Some(rest) = prefixes.iter().find_map(|prefix| subject.strip_prefix(prefix)) {
        return has_word(rest);
    }
    if let Some(rest) = ["Revert \"", "Reapply \""].iter().find_map(|prefix| subject.strip_prefix(prefix)) {
        return rest.strip_suffix('"').is_some_and(has_word);
    }
    let merges = [
        "Merge branch ",
        "Merge branches ",
        "Merge remote-tracking branch ",
        "Merge tag ",
        "Merge commit ",
        "Merge pull request ",
    ];
    if let Some(rest) = merges.iter().find_map(|prefix| subject.strip_prefix(prefix)) {
        return has_word(rest);
    }
    is_typed(without_label(subject))
}

fn has_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// `type: description`, with an optional scope and `!`.
fn is_typed(subject: &str) -> bool {
    let Some((head, description)) = subject.split_once(": ") else { return false };
    let head = head.strip_suffix('!').unwrap_or(head);
    let (kind, scope) = match head.split_once('(') {
        Some((kind, scope)) => (kind, scope.strip_suffix(')')),
        None => (head, Some("-")),
    };
    let kind_is_word = kind.starts_with(|c: char| c.is_ascii_lowercase())
        && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    kind_is_word && scope.is_some_and(|scope| !scope.trim().is_empty()) && !description.trim().is_empty()
}

/// What stands behind a ticket (`[JIRA-12] `, `JIRA-12: `, `#12 `) and an emoji (as itself, or `:sparkles: `).
fn without_label(subject: &str) -> &str {
    let mut rest = subject;
    // Both, in either order.
    for _ in 0..2 {
        let Some((label, behind)) = rest.split_once(' ') else { break };
        if !is_ticket(label) && !is_emoji(label) {
            break;
        }
        rest = behind.trim_start();
    }
    rest
}

fn is_ticket(word: &str) -> bool {
    let inner = word.strip_suffix(':').unwrap_or(word);
    if let Some(inner) = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        return has_word(inner);
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let key = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    inner.strip_prefix('#').is_some_and(digits)
        || inner.rsplit_once('-').is_some_and(|(project, number)| key(project) && digits(number))
}

fn is_emoji(word: &str) -> bool {
    let named = word.strip_prefix(':').and_then(|name| name.strip_suffix(':'));
    named.is_some_and(has_word)
        || (!word.is_empty() && word.chars().all(|c| !c.is_ascii() && !c.is_alphanumeric()))
}
