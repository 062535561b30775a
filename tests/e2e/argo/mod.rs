//! Stories of Argo rollouts, each told on two grounds: on a real controller, and in the simulator.
//!
//! The real one is `just e2e-argo`: `bed/` builds and starts a control plane on loopback, in which etcd,
//! API server, controller manager, the Argo Rollouts controller and Prometheus are the real ones; only
//! nodes and requests are made up. The built program runs in a terminal of its own, and nothing can be
//! timed by hand, so a story waits for what it expects, with a limit.
//!
//! In the simulator the same text runs with every test: time passes only while a story waits, and the
//! program is its own state behind the real client. Where the two grounds differ, the simulator is wrong.
//!
//! Only on the real one: what belongs to the built program alone (contexts, logins, roles, its memory),
//! a server that says nothing any more, what the plugin prints, and a real Prometheus.

mod absent;
mod analysis;
mod apart;
mod bed;
mod blue_green;
mod canary;
mod clusters;
mod ground;
mod kept;
mod live;
mod login;
mod many;
mod outages;
mod person;
mod plugin;
mod prometheus;
mod recorded;
mod scene;
mod simulated;
mod upkeep;
mod ways;
mod workload;
