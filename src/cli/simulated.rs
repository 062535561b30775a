//! A simulator that this process runs, for `sim`, `demo` and `picture`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use jiff::Timestamp;
use tokio::net::TcpListener;

use super::Failure;
use crate::config::PrometheusTable;
use crate::domain::{Prometheus, SideSettings, Sides, Target, TargetError, Workload};
use crate::sim::scenario::Scenario;
use crate::sim::world::{PROMETHEUS, World};
use crate::sim::{self, Fault, Simulator};

/// Which world to play.
#[derive(Debug, Clone, Args)]
pub(super) struct Play {
    /// What happens; `--list` shows all of them
    #[arg(long, value_name = "NAME", default_value = "canary")]
    pub(super) scenario: String,
    /// How many seconds of it pass in a second
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    pub(super) speed: f64,
    /// The same number gives the same world
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// List the scenarios and end
    #[arg(long)]
    pub(super) list: bool,
    /// Trouble for clients.
    #[arg(
        long,
        value_name = "SPEC",
        help = "Trouble for clients: SERVICE[.OPERATION]=KIND[:PARAMETER][%SHARE][@ON/OFF][*COUNT], e.g. cloudwatch=deny, ecs=throttle@20s/40s or codedeploy.StopDeployment=drop-after*1; may be given more than once"
    )]
    pub(super) fault: Vec<Fault>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed <= 1000.0 => Ok(speed),
        _ => Err("a speed is a number above 0, up to 1000".to_owned()),
    }
}

impl Play {
    /// The scenario, or the error that names the nearest one.
    pub(super) fn scenario(&self) -> Result<Scenario, Failure> {
        Ok(Scenario::named(&self.scenario)?)
    }

    /// The world at `start`. Its whole history is played, which takes a moment.
    pub(super) fn simulator(
        &self,
        scenario: Scenario,
        clock: sim::Clock,
        start: Timestamp,
    ) -> Simulator {
        let simulator = Simulator::new(World::new(scenario, self.seed, start), clock);
        for fault in &self.fault {
            simulator.set_fault(fault.clone());
        }
        simulator
    }

    /// Runs the simulator on a port of its own for as long as the runtime lives; its address. The port
    /// is open before the world is there: who asks early waits.
    pub(super) async fn serve(
        self,
        scenario: Scenario,
        clock: sim::Clock,
        start: Timestamp,
    ) -> Result<SocketAddr, String> {
        let failed = |error| format!("the simulator cannot listen on loopback: {error}");
        let (listener, address) = bind(0).await.map_err(failed)?;
        let world = tokio::task::spawn_blocking(move || self.simulator(scenario, clock, start));
        tokio::spawn(async move {
            if let Ok(simulator) = world.await {
                // It ends with the program; an error before that is seen as a lost connection.
                let _ = sim::serve(listener, simulator, std::future::pending()).await;
            }
        });
        Ok(address)
    }
}

/// What a scenario is about; the seed settles the ids in it.
pub(super) fn target(scenario: &Scenario, seed: u64) -> Result<Target, TargetError> {
    scenario.target(seed).parse()
}

/// The Prometheus beside what a scenario is about, if there is one.
pub(super) fn prometheus(scenario: &Scenario) -> Result<Option<Prometheus>, String> {
    match scenario.prometheus() {
        Some(address) => PrometheusTable::usual(address).map(|table| Some(table.0)),
        None => Ok(None),
    }
}

/// What a person would say about the sides of a scenario's target: which clusters run them.
pub(super) fn sides(scenario: &Scenario, seed: u64) -> Result<Sides, Failure> {
    let Some(runs) = scenario.runs() else { return Ok(Sides::default()) };
    let [blue, green] = runs.each_ref().map(|text| text.parse::<Workload>());
    let prometheus = PrometheusTable::usual(PROMETHEUS)?.0;
    let said = [blue?, green?].map(|one| SideSettings {
        origin: None,
        runs: Some(one),
        prometheus: Some(prometheus.clone()),
    });
    Ok(Sides::new(Default::default(), [(target(scenario, seed)?, said)]))
}

/// A line for each scenario: its name and what it shows.
pub(super) fn list(output: &mut super::Output) -> super::Outcome {
    for name in Scenario::names() {
        let scenario = Scenario::named(name)?;
        writeln!(output.data, "{name:<16}  {}", scenario.summary)?;
    }
    Ok(std::process::ExitCode::SUCCESS)
}

/// A port on loopback; 0 lets the system choose. With the address that it got.
pub(super) async fn bind(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = sim::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_of_every_scenario_can_be_watched() {
        for name in Scenario::names() {
            let scenario = Scenario::named(name).unwrap();
            assert_eq!(target(&scenario, 7).unwrap().to_string(), scenario.target(7), "{name}");
        }
    }
}
