//! `cutover sim`: a pretend AWS for any client, in the foreground until it is told to end.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;

use super::simulated::{self, Play};
use super::{Failure, Outcome, Output};
use crate::domain::shell_word;
use crate::sim::world::PROMETHEUS;
use crate::sim::{self, Clock, clock::HANDOVER_VARIABLE};

/// A pretend AWS on loopback; `eval` its output, or paste it into another shell.
#[derive(Debug, Args)]
pub(super) struct Sim {
    #[command(flatten)]
    play: Play,
    /// The port on 127.0.0.1; 0 lets the system choose
    #[arg(long, value_name = "P", default_value_t = 0)]
    port: u16,
    /// Write a configuration for kubectl to this new file
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

impl Sim {
    pub(super) fn run(&self, output: &mut Output) -> Outcome {
        if self.play.list {
            return simulated::list(output);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.serve(output))
    }

    async fn serve(&self, output: &mut Output) -> Outcome {
        let scenario = self.play.scenario()?;
        let region = scenario.place.region.clone();
        let target = scenario.target(self.play.seed);
        let (contexts, runs) = (scenario.contexts(), scenario.runs());
        let (namespace, prometheus) = (scenario.place.application.clone(), scenario.prometheus());
        let (listener, address) = simulated::bind(self.port).await.map_err(|error| {
            Failure::from(format!(
                "cannot listen on 127.0.0.1:{}: {error}\n\nhint: --port 0 takes any free port",
                self.port
            ))
        })?;
        let url = format!("http://{address}");
        let start = Timestamp::now();
        let clock = Clock::at_speed(start, self.play.speed);
        let simulator = self.play.simulator(scenario, clock, start);
        let handover = simulator.clock().handover();
        for (name, value) in [
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_REGION", &region),
            ("AWS_DEFAULT_REGION", &region),
            ("AWS_ACCESS_KEY_ID", "simulated"),
            ("AWS_SECRET_ACCESS_KEY", "simulated"),
            (HANDOVER_VARIABLE, &handover),
        ] {
            writeln!(output.data, "export {name}={value}")?;
        }
        if let Some(file) = &self.kubeconfig {
            let contexts = contexts.as_ref().map_or(&[][..], |both| &both[..]);
            write_kubeconfig(file, &url, &namespace, contexts)?;
            writeln!(output.data, "export KUBECONFIG={}", shell_word(&file.to_string_lossy()))?;
        }
        output.data.flush()?;
        writeln!(output.talk, "playing `{}` at {url}; ctrl-c ends it", self.play.scenario)?;
        writeln!(output.talk, "with these variables set: cutover {target}")?;
        if let Some([blue, green]) = runs {
            writeln!(
                output.talk,
                "in the configuration file that is:\n[targets.{name}]\ntarget = \"{target}\"\nblue = \
                 {{ runs = \"{blue}\", prometheus = \"{PROMETHEUS}\" }}\ngreen = {{ runs = \
                 \"{green}\", prometheus = \"{PROMETHEUS}\" }}",
                name = self.play.scenario
            )?;
        }
        if let (Some(address), None) = (prometheus, &self.kubeconfig) {
            writeln!(output.talk, "kubectl needs --kubeconfig FILE; Prometheus is {address}")?;
        }
        sim::serve_with_controls(listener, simulator, told_to_end()).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The configuration by which kubectl finds the simulator, in a file that did not exist: one context, or
/// these, each for a cluster of its own.
fn write_kubeconfig(
    file: &Path,
    url: &str,
    namespace: &str,
    contexts: &[String],
) -> Result<(), Failure> {
    let one = [("simulated", url.to_owned())];
    let many = contexts.iter().map(|name| (name.as_str(), format!("{url}/clusters/{name}")));
    let all: Vec<(&str, String)> = if contexts.is_empty() { one.into() } else { many.collect() };
    let current = all.first().map_or("", |(name, _)| name);
    let cluster = |(name, server): &(&str, String)| {
        format!("- name: {name}\n  cluster:\n    server: {server}\n")
    };
    let clusters = all.iter().map(cluster).collect::<Vec<_>>().concat();
    let context = |(name, _): &(&str, String)| {
        format!(
            "- name: {name}\n  context:\n    cluster: {name}\n    namespace: {namespace}\n    user: \
             simulated\n"
        )
    };
    let named = all.iter().map(context).collect::<Vec<_>>().concat();
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {current}\nclusters:\n{clusters}contexts:\n\
         {named}users:\n- name: simulated\n  user: {{}}\n"
    );
    let written = File::create_new(file).and_then(|mut file| file.write_all(config.as_bytes()));
    written.map_err(|error| {
        let file = file.display();
        Failure::from(format!(
            "cannot write {file}: {error}\n\nhint: --kubeconfig takes the name of a new file"
        ))
    })
}

/// Returns at ctrl-c, and where there are such signals at SIGTERM and SIGHUP.
async fn told_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut term), Ok(mut hup)) =
            (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
        {
            tokio::select! {
                _ = term.recv() => return,
                _ = hup.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    // An error means that the signal cannot be listened to; then it ends the process by itself.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
