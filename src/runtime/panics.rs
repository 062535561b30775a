//! A panic is a mistake of this program. The person sees one sentence, never a stack trace: that
//! goes into a report.

use std::backtrace::Backtrace;
use std::io::Write;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::{fs, io, thread};

use color_eyre::config::{HookBuilder, PanicHook};

use super::{Incoming, Outbox, terminal};
use crate::app::Event;

/// Handles panics from now on. This thread is the one that draws: its panic ends the program and
/// gives the terminal back. A panic of any other thread is an event on the screen.
pub(super) fn catch(report: PathBuf, outbox: Outbox) {
    let drawing = thread::current().id();
    // Without colours: the report is a file. Without the environment: it may hold secrets.
    let (reporter, _) = HookBuilder::blank().display_env_section(false).into_hooks();
    panic::set_hook(Box::new(move |info| {
        let what = sentence(info);
        let kept = keep(&report, &reporter, info);
        if thread::current().id() == drawing {
            terminal::give_back();
            let _ = writeln!(
                io::stderr(),
                "error: cutover has a bug and had to end: {what}\n{kept}\n\n\
                 hint: the rollout goes on untouched; start cutover again to go on watching"
            );
        } else {
            let text = format!("a background task failed: {what}; {kept}");
            let _ = outbox.send(Incoming::Event(Event::Broken(text)));
        }
    }));
}

fn sentence(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let what = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    match info.location() {
        Some(place) => format!("{what} ({}:{})", place.file(), place.line()),
        None => what.to_owned(),
    }
}

/// Writes the report; the answer says where it is.
fn keep(path: &Path, reporter: &PanicHook, info: &PanicHookInfo<'_>) -> String {
    let text = format!(
        "cutover {}\n{}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        reporter.panic_report(info),
        Backtrace::force_capture()
    );
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    match made.and_then(|()| fs::write(path, text)) {
        Ok(()) => format!("a report is in {}", path.display()),
        Err(error) => format!("no report could be written to {}: {error}", path.display()),
    }
}
