//! The binary in a pseudo-terminal, its screen read by a terminal emulator.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::process::{Home, PLACES};

/// How long anything may take before a test gives up: far longer than it does.
const PATIENCE: Duration = Duration::from_mins(1);

/// A number of rows or columns.
fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// A terminal with the binary in it.
pub(crate) struct Terminal {
    /// Removed when the terminal is.
    home: Home,
    parser: vt100::Parser,
    /// Everything that was written.
    written: Vec<u8>,
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Option<Box<dyn Write + Send>>,
    output: Receiver<Vec<u8>>,
    child: Box<dyn Child + Send + Sync>,
    /// The line discipline before the binary was started, as text.
    before: String,
}

impl Terminal {
    /// Starts the binary in a terminal of 120 columns and 40 rows.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::running(&[&[env!("CARGO_BIN_EXE_cutover")], args].concat(), "xterm-256color")
    }

    /// Starts a program in a terminal of this type.
    pub(crate) fn running(program: &[&str], term: &str) -> Self {
        Self::within(Home::new(), program, term, &[])
    }

    /// Starts a program in a terminal, in this home and with these variables besides.
    pub(crate) fn within(
        home: Home,
        program: &[&str],
        term: &str,
        variables: &[(String, String)],
    ) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program[0]);
        command.args(&program[1..]);
        command.env_clear();
        command.cwd(home.0.path());
        for (name, value) in [("TERM", term), ("LANG", "C.UTF-8"), ("PATH", "/usr/bin:/bin")] {
            command.env(name, value);
        }
        for (name, folder) in PLACES {
            command.env(name, home.0.path().join(folder));
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        let before = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = vec![0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            home,
            written: Vec::new(),
            parser: vt100::Parser::new(cells(40), cells(120), 0),
            keyboard: Some(pair.master.take_writer().unwrap()),
            master: Some(pair.master),
            output,
            child,
            before,
        }
    }

    /// What is on the screen.
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Reads what the program writes until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until(&mut self, wanted: impl Fn(&vt100::Screen) -> bool) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(self.parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.read(&bytes),
                Err(error) => panic!("{error}: the screen stays:\n{}", self.screen().contents()),
            }
        }
        self
    }

    fn read(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.written.extend_from_slice(bytes);
    }

    /// Types a key that asks for an order, and waits until its question listens.
    #[track_caller]
    pub(crate) fn asks(&mut self, key: &str) -> &mut Self {
        self.types(key).sees("keep going (esc)");
        // A question that has just come up takes no answer: the key may have been meant for what
        // was there before.
        self.rests(Duration::from_millis(400))
    }

    /// Reads what the program writes for a while.
    pub(crate) fn rests(&mut self, time: Duration) -> &mut Self {
        let end = Instant::now() + time;
        while let Ok(bytes) =
            self.output.recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            self.read(&bytes);
        }
        self
    }

    /// How many bytes the program has written.
    pub(crate) fn written(&self) -> usize {
        self.written.len()
    }

    /// The program's process.
    pub(crate) fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Reads until the terminal was given back and taken once more.
    #[track_caller]
    pub(crate) fn is_taken_again(&mut self) -> &mut Self {
        const TAKE: &[u8] = b"\x1b[?1049h";
        let times = |written: &[u8]| written.windows(TAKE.len()).filter(|w| *w == TAKE).count();
        let before = times(&self.written);
        let end = Instant::now() + PATIENCE;
        while times(&self.written) == before {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.read(&bytes),
                Err(error) => panic!("{error}: the terminal was not taken again"),
            }
        }
        self
    }

    /// Reads until this text is on the screen.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) -> &mut Self {
        self.until(|screen| screen.contents().contains(text))
    }

    /// The program's home directory.
    pub(crate) fn home(&self) -> std::path::PathBuf {
        self.home.0.path().join("home")
    }

    /// Types these bytes.
    pub(crate) fn types(&mut self, keys: &str) -> &mut Self {
        let keyboard = self.keyboard.as_mut().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
        keyboard.flush().unwrap();
        self
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&mut self, cols: u16, rows: u16) -> &mut Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
        self.parser.screen_mut().set_size(cells(rows), cells(cols));
        self
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&mut self, signal: Signal) -> &mut Self {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
        self
    }

    /// Closes the terminal, as a window that is closed or a line that is cut.
    pub(crate) fn hang_up(&mut self) -> &mut Self {
        self.keyboard = None;
        self.master = None;
        // The reading thread has its own handle on the terminal; it goes with its next byte.
        self.output = channel().1;
        self
    }

    /// Waits for the end; the exit code. The terminal has to be as it was.
    #[track_caller]
    pub(crate) fn ends_restored(&mut self) -> u32 {
        // Its output ends with the program.
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.read(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end"),
            }
        }
        let code = self.child.wait().unwrap().exit_code();
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left on");
        assert!(!screen.bracketed_paste(), "bracketed paste was left on");
        assert!(!screen.hide_cursor(), "the cursor was left hidden");
        let after = format!("{:?}", self.master.as_ref().unwrap().get_termios());
        assert_eq!(after, self.before, "the line discipline was left changed");
        code
    }

    /// Waits for the end; the exit code.
    pub(crate) fn ends(&mut self) -> u32 {
        self.child.wait().unwrap().exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Already ended in most tests.
        let _ = self.child.kill();
    }
}
