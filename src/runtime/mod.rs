//! The shell: terminal, signals, timers, one worker task for each target.
