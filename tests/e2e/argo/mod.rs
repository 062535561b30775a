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
//! Only on the real one, and why:
//!
//! | story | why |
//! |---|---|
//! | the memory and processor time of the program with 500 pods, and how soon a change shows | they are those of the built program; the pods and their picture are told on both |
//! | a wrong context, what a login program prints, the printed roles | a kubeconfig and RBAC belong to the built program and to a real API server; what a missing permission or a login that has ended looks like is told on both |
//! | `clusters`: a way into a cluster that closes under a running program | `tests/contract/clusters.rs` tells it in the simulator, with both sides in clusters of their own |
//! | `prometheus`: counters that are scraped | the simulator counts by itself; `tests/contract/argo.rs` and `tests/argo/metrics.rs` compare and judge what it and a recording count |
//! | `plugin`: what the plugin prints | the plugin is what it is compared with |

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
