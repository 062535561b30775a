//! The built program against a real Argo Rollouts controller: `just e2e-argo`.
//!
//! `bed/` builds and starts a control plane on loopback: etcd, API server, controller manager, the
//! Argo Rollouts controller and Prometheus are the real ones; only nodes and requests are made up.
//! Nothing here can be timed by hand, so a story waits for what it expects, with a limit.

mod absent;
mod analysis;
mod bed;
mod blue_green;
mod canary;
mod clusters;
mod login;
mod many;
mod outages;
mod plugin;
mod prometheus;
mod scene;
mod upkeep;
mod workload;
