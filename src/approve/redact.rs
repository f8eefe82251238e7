//! Takes out of a text what may be a secret, before it is written to a log.

/// Beginnings of tokens that are known by them.
const TOKENS: &[&str] = &[
    "sk-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "AKIA",
    "ASIA",
    "AIza",
    "npm_",
    "pypi-",
    "eyJ",
    "hf_",
    "dop_v1_",
    "shpat_",
    "sq0",
    "rk_live_",
    "sk_live_",
];
/// Names whose value is a secret.
const NAMES: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "apikey",
    "api_key",
    "api-key",
    "auth",
    "bearer",
    "credential",
    "private",
];
/// Longer texts are cut.
const LONGEST: usize = 400;

/// The text with secrets replaced by `[redacted]`, in one line, cut to a length a log can bear.
pub fn redact(text: &str) -> String {
    let mut out = String::new();
    let mut hide_next = false;
    for (index, part) in text.split_whitespace().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out += &if hide_next { "[redacted]".to_owned() } else { word(part) };
        let lower = part.to_lowercase();
        let name = lower.trim_start_matches('-').trim_end_matches([':', '=']);
        let flag = lower.starts_with("--") && !lower.contains('=');
        hide_next = NAMES.iter().any(|secret| name == *secret || flag && name.ends_with(secret))
            || name == "authorization";
        if out.len() > LONGEST {
            let cut = out
                .char_indices()
                .take_while(|(at, _)| *at < LONGEST)
                .last()
                .map_or(0, |(at, c)| at + c.len_utf8());
            out.truncate(cut);
            out.push('…');
            break;
        }
    }
    out
}

fn word(part: &str) -> String {
    // `https://user:password@host`.
    if let Some((scheme, rest)) = part.split_once("://")
        && let Some((login, host)) = rest.split_once('@')
        && !login.contains('/')
    {
        return format!("{scheme}://[redacted]@{host}");
    }
    if let Some((name, value)) = part.split_once(['=', ':']) {
        let lower = name.to_lowercase();
        if !value.is_empty() && NAMES.iter().any(|secret| lower.contains(secret)) {
            return format!("{name}=[redacted]");
        }
    }
    let bare = part.trim_matches(['"', '\'', '(', ')', ',', ';']);
    let value = bare.rsplit(['=', ':']).next().unwrap_or(bare);
    let known = TOKENS.iter().any(|token| value.starts_with(token) && value.len() > token.len() + 8);
    // A long run of letters and digits of both kinds is more likely a key than a word; an object id is neither secret nor long.
    let mixed = value.len() >= 32
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+_-".contains(&byte))
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_uppercase())
        && value.bytes().any(|byte| byte.is_ascii_lowercase());
    if known || mixed { "[redacted]".to_owned() } else { part.to_owned() }
}
