//! The progress of a long command on standard error: how many are done, and a line for each that is under way.
//!
//! Shown only on a terminal, only after half a second, and never in more lines than the terminal has. An interrupt
//! (Ctrl-C) ends the command at once with one line: every state it can leave is one that the next run completes.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use rustix::termios::{LocalModes, tcgetattr};
use terminal_size::{Height, Width, terminal_size_of};

use crate::error::printable;
use crate::exec;
use crate::worktree::Steps;
use crate::world;

/// What takes less is not worth a look.
const DELAY: Duration = Duration::from_millis(500);

/// How often the seconds and the spinners move.
const TICK: Duration = Duration::from_millis(100);

/// The exit code of a command that was interrupted, as shells have it.
const INTERRUPTED: i32 = 130;

/// The longest name of a line.
const MAX_NAME: usize = 24;

/// A view of one command, gone when it is dropped.
pub struct Progress {
    view: Option<Arc<View>>,
    ticker: Option<std::thread::JoinHandle<()>>,
}

/// The one view that is shown, for whoever interrupts it.
static SHOWN: Mutex<Option<Arc<View>>> = Mutex::new(None);

struct View {
    multi: MultiProgress,
    total: ProgressBar,
    lines: Mutex<Lines>,
    ended: Mutex<bool>,
    wake: Condvar,
    /// The half second is over.
    visible: AtomicBool,
}

#[derive(Default)]
struct Lines {
    /// With a line, in the order they came.
    shown: Vec<(String, ProgressBar)>,
    /// Under way and without one: the terminal is not high enough.
    waiting: VecDeque<(String, String)>,
}

impl Progress {
    /// Begins to show `total` things of this kind (`worktrees`), and ends the command well when it is interrupted.
    pub fn start(what: &str, total: usize) -> Self {
        catch_interrupts();
        let stderr = std::io::stderr();
        if !stderr.is_terminal() || world::env("TERM").is_none_or(|term| term == "dumb") {
            return Self { view: None, ticker: None };
        }
        let multi = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let total = multi.add(
            ProgressBar::new(total as u64)
                .with_style(style("{spinner} {prefix} {bar:20} {pos}/{len}  {secs}")),
        );
        total.set_prefix(what.to_owned());
        let view = Arc::new(View {
            multi,
            total,
            lines: Mutex::default(),
            ended: Mutex::new(false),
            wake: Condvar::new(),
            visible: AtomicBool::new(false),
        });
        *locked(&SHOWN) = Some(Arc::clone(&view));
        let ticking = Arc::clone(&view);
        let ticker = std::thread::spawn(move || ticking.tick());
        Self { view: Some(view), ticker: Some(ticker) }
    }
}

impl Steps for Progress {
    fn step(&self, name: &str, step: &str) {
        if let Some(view) = &self.view {
            view.step(name, step);
        }
    }

    fn done(&self, name: &str) {
        if let Some(view) = &self.view {
            view.done(name);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let Some(view) = &self.view else { return };
        *locked(&SHOWN) = None;
        *locked(&view.ended) = true;
        view.wake.notify_all();
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
        view.clear();
    }
}

impl View {
    /// Shows itself after a while, then keeps the seconds going.
    fn tick(&self) {
        let mut pause = DELAY;
        let mut ended = locked(&self.ended);
        loop {
            (ended, _) = self.wake.wait_timeout(ended, pause).unwrap_or_else(PoisonError::into_inner);
            if *ended {
                return;
            }
            if !self.visible.swap(true, Ordering::Relaxed) {
                self.multi.set_draw_target(ProgressDrawTarget::stderr());
            }
            pause = TICK;
            self.total.tick();
            for (_, line) in &locked(&self.lines).shown {
                line.tick();
            }
        }
    }

    fn step(&self, name: &str, step: &str) {
        let (name, step) = (printable(name), printable(step));
        let mut lines = locked(&self.lines);
        let (height, width) = size();
        let text = |name: &str| cut(&step, width.saturating_sub(shortened(name).chars().count() + 12));
        if let Some((_, line)) = lines.shown.iter().find(|(other, _)| *other == name) {
            line.reset_elapsed();
            line.set_message(text(&name));
        } else if let Some((_, waiting)) = lines.waiting.iter_mut().find(|(other, _)| *other == name) {
            *waiting = step;
        } else if lines.shown.len() + 2 < height {
            let message = text(&name);
            self.add(&mut lines, name, message);
        } else {
            lines.waiting.push_back((name, step));
        }
    }

    fn add(&self, lines: &mut Lines, name: String, message: String) {
        let line = self.multi.add(ProgressBar::new_spinner().with_style(style("  {prefix}  {msg}  {secs}")));
        line.set_prefix(shortened(&name));
        line.set_message(message);
        lines.shown.push((name, line));
    }

    fn done(&self, name: &str) {
        let name = printable(name);
        let mut lines = locked(&self.lines);
        self.total.inc(1);
        lines.waiting.retain(|(other, _)| *other != name);
        if let Some(at) = lines.shown.iter().position(|(other, _)| *other == name) {
            let (_, line) = lines.shown.remove(at);
            line.finish_and_clear();
            self.multi.remove(&line);
            if let Some((name, step)) = lines.waiting.pop_front() {
                self.add(&mut lines, name, step);
            }
        }
    }

    fn clear(&self) {
        for (_, line) in locked(&self.lines).shown.drain(..) {
            line.finish_and_clear();
        }
        self.total.finish_and_clear();
        let _ = self.multi.clear();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Its guard, unless somebody keeps it for longer than a moment.
fn soon<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    for _ in 0..20 {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    None
}

/// Without colours: they would say nothing.
fn style(template: &str) -> ProgressStyle {
    let seconds = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{} s", state.elapsed().as_secs());
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("secs", seconds)
}

/// Rows and columns of the terminal.
fn size() -> (usize, usize) {
    match terminal_size_of(std::io::stderr()) {
        Some((Width(width), Height(height))) => (usize::from(height), usize::from(width)),
        None => (24, 80),
    }
}

fn shortened(name: &str) -> String {
    cut(name, MAX_NAME)
}

/// At most this many characters, with an ellipsis where some are left out.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Once a process. Where somebody ignores interrupts for this process (`nohup`), they stay ignored.
fn catch_interrupts() {
    static CAUGHT: AtomicBool = AtomicBool::new(false);
    if CAUGHT.swap(true, Ordering::Relaxed) {
        return;
    }
    let _ = ctrlc::try_set_handler(|| {
        exec::end_groups();
        if let Some(shown) = soon(&SHOWN)
            && let Some(view) = &*shown
        {
            // Nobody draws while these are held.
            let (_ticker, _steps) = (soon(&view.ended), soon(&view.lines));
            if view.visible.load(Ordering::Relaxed) && echoes_interrupts() {
                // The `^C` stands in a line below the view: the last line of it is full.
                let _ = write!(std::io::stderr(), "\r\x1b[2K\x1b[A");
            }
            let _ = view.multi.clear();
            view.multi.set_draw_target(ProgressDrawTarget::hidden());
        }
        let _ = writeln!(std::io::stderr(), "interrupted; run it again to go on");
        std::process::exit(INTERRUPTED);
    });
}

/// Returns whether the terminal shows an interrupt as `^C`.
fn echoes_interrupts() -> bool {
    let modes = LocalModes::ECHO | LocalModes::ECHOCTL;
    tcgetattr(std::io::stderr()).is_ok_and(|terminal| terminal.local_modes.contains(modes))
}
