//! A process under test that runs while the test watches it: what it says as it says it, signals, and its end.

use crate::binaries::{self, Said};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// After this a test gives up on whatever it waits for: far more than a slow machine takes.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A running `mpcc` or `mpcvm`. It is killed when it is dropped.
pub struct Process {
    /// How messages of the test name it.
    pub name: String,
    id: u32,
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    seen: Mutex<Seen>,
    bell: Condvar,
}

#[derive(Default)]
struct Seen {
    out: Vec<u8>,
    err: Vec<u8>,
    /// The exit code, `None` in it for a signal, and when.
    ended: Option<(Option<i32>, Instant)>,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.lock());
        self.bell.notify_all();
    }

    /// Copies a stream for as long as it is open.
    fn follow(
        self: &Arc<Self>,
        stream: Option<impl Read + Send + 'static>,
        to: fn(&mut Seen) -> &mut Vec<u8>,
    ) -> JoinHandle<()> {
        let state = Arc::clone(self);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut stream = stream.expect("the stream was asked for");
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                state.change(|seen| to(seen).extend_from_slice(&buffer[..read]));
            }
        })
    }

    fn reap(self: &Arc<Self>, mut child: Child) -> JoinHandle<()> {
        let state = Arc::clone(self);
        std::thread::spawn(move || {
            let code = child.wait().ok().and_then(|status| status.code());
            state.change(|seen| seen.ended = Some((code, Instant::now())));
        })
    }
}

impl Process {
    /// Starts a command of `mpcc` or `mpcvm` in a folder.
    pub fn start(name: &str, binary: &str, folder: &Path, args: &[String]) -> Process {
        let mut command = binaries::command(binary);
        command.current_dir(folder).args(args);
        Process::spawn(name, command)
    }

    /// Starts a prepared command.
    pub fn spawn(name: &str, mut command: Command) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let state = Arc::new(State::default());
        let readers = [
            state.follow(child.stdout.take(), |seen| &mut seen.out),
            state.follow(child.stderr.take(), |seen| &mut seen.err),
        ];
        let id = child.id();
        let threads = readers.into_iter().chain([state.reap(child)]).collect();
        Process { name: name.to_owned(), id, state, threads }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Waits until `found` is true of what it said, or it has ended.
    fn wait_for(&self, found: impl Fn(&Seen) -> bool, what: &str) {
        let wait = |seen: &mut Seen| !found(seen) && seen.ended.is_none();
        let (seen, _) = self
            .state
            .bell
            .wait_timeout_while(self.state.lock(), PATIENCE, wait)
            .unwrap_or_else(PoisonError::into_inner);
        if !found(&seen) {
            let (out, err) = (String::from_utf8_lossy(&seen.out), String::from_utf8_lossy(&seen.err));
            panic!("{} did not say {what}; it said\n-- standard output:\n{out}\n-- standard error:\n{err}", self.name);
        }
    }

    /// Waits until standard output holds a text.
    pub fn prints(&self, text: &str) {
        self.wait_for(
            |seen| String::from_utf8_lossy(&seen.out).contains(text),
            &format!("`{text}` on standard output"),
        );
    }

    /// Waits until standard error holds a text.
    pub fn notes(&self, text: &str) {
        self.wait_for(|seen| String::from_utf8_lossy(&seen.err).contains(text), &format!("`{text}` on standard error"));
    }

    /// Sends a signal, such as `KILL`.
    pub fn signal(&self, signal: &str) {
        let seen = self.state.lock();
        if seen.ended.is_none() {
            let command = format!("kill -{signal} {}", self.id);
            // One that has just ended is no concern of the sender.
            let _ = Command::new("sh").args(["-c", &command]).stderr(Stdio::null()).status();
        }
    }

    /// Waits for its end; with the moment at which it ended.
    pub fn finish_at(mut self) -> (Said, Instant) {
        let running = |seen: &mut Seen| seen.ended.is_none();
        let (seen, late) = self
            .state
            .bell
            .wait_timeout_while(self.state.lock(), PATIENCE, running)
            .unwrap_or_else(PoisonError::into_inner);
        let err = String::from_utf8_lossy(&seen.err).into_owned();
        let ended = seen.ended;
        drop(seen);
        assert!(!late.timed_out(), "{} does not end; standard error:\n{err}", self.name);
        for thread in self.threads.drain(..) {
            thread.join().expect("a thread that reads does not fail");
        }
        let seen = self.state.lock();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (code, when) = ended.expect("it has ended");
        (Said { code, out: text(&seen.out), err: text(&seen.err) }, when)
    }

    /// Waits for its end.
    pub fn finish(self) -> Said {
        self.finish_at().0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal("KILL");
    }
}
