//! Who keeps a Rollout, and the Deployment whose template it uses, as they are written in a
//! repository: what an order changes there may be taken back.
//!
//! Both tools leave their names on what they keep. One that only looks is not told apart from one
//! that takes back: that is written in the tool's own objects, often in another cluster.

use crate::domain::{EventKind, Keeper, Kept, TimelineEvent};
use crate::sources::argo::Place;
use crate::sources::argo::raw::Meta;

use super::view::View;

/// `APPLICATION:GROUP/KIND:NAMESPACE/NAME`.
const TRACKING: &str = "argocd.argoproj.io/tracking-id";
/// The label that installations choose which want one of their own.
const INSTANCE: &str = "argocd.argoproj.io/instance";
/// The label that was the usual one up to version 2. Helm and many charts write it too.
const SHARED: &str = "app.kubernetes.io/instance";
/// What Argo CD is called where it has written, in all versions.
const WRITER: &str = "argocd-";

/// Everybody who keeps something, the Rollout's first.
pub(super) fn keepers(place: &Place, view: &View<'_>) -> Vec<Keeper> {
    objects(place, view).filter_map(|object| object.keeper()).collect()
}

/// The same as entries of the timeline.
pub(super) fn events(place: &Place, view: &View<'_>) -> Vec<TimelineEvent> {
    let told = objects(place, view).filter_map(|object| {
        let keeper = object.keeper()?;
        Some(TimelineEvent {
            at: object.meta.creation_timestamp?,
            kind: EventKind::Service,
            side: None,
            text: format!("{keeper}: it may take back what is changed here"),
            key: format!("kept {}", object.kind),
        })
    });
    told.collect()
}

/// An object that could be kept.
struct Object<'a> {
    meta: &'a Meta,
    keeps: Kept,
    /// `GROUP/KIND`.
    kind: &'static str,
    namespace: &'a str,
}

fn objects<'a>(place: &'a Place, view: &View<'a>) -> impl Iterator<Item = Object<'a>> {
    let namespace = place.namespace.as_str();
    let (meta, keeps) = (&view.rollout.metadata, Kept::Rollout);
    let own = Object { meta, keeps, kind: "argoproj.io/Rollout", namespace };
    let lent = view.raw.workload().and_then(|name| {
        let meta = &view.raw.deployments.value()?.get(name)?.metadata;
        Some(Object {
            meta,
            keeps: Kept::Deployment(name.to_owned()),
            kind: "apps/Deployment",
            namespace,
        })
    });
    std::iter::once(own).chain(lent)
}

impl Object<'_> {
    fn keeper(&self) -> Option<Keeper> {
        let (tool, source) = match self.application() {
            Some(application) => ("Argo CD", format!("application {application}")),
            None => ("Flux", self.flux()?),
        };
        Some(Keeper { keeps: self.keeps.clone(), tool: tool.to_owned(), source })
    }

    /// The application of Argo CD that it is a part of.
    fn application(&self) -> Option<&str> {
        let Meta { labels, annotations, .. } = self.meta;
        if let Some(id) = annotations.get(TRACKING) {
            // A copy of what is kept carries the name of the original, and Argo CD leaves it alone.
            let (application, of) = id.split_once(':')?;
            let own = format!("{}:{}/{}", self.kind, self.namespace, self.meta.name);
            return (of == own && !application.is_empty()).then_some(application);
        }
        let shared = || {
            let written = self.meta.writers().any(|writer| writer.starts_with(WRITER));
            labels.get(SHARED).filter(|_| written)
        };
        let application = labels.get(INSTANCE).or_else(shared)?;
        Some(application.as_str()).filter(|name| !name.is_empty())
    }

    /// What Flux brings it out with, unless it was told to leave it alone.
    fn flux(&self) -> Option<String> {
        let Meta { labels, annotations, .. } = self.meta;
        [("kustomize", "Kustomization"), ("helm", "HelmRelease")].into_iter().find_map(
            |(api, kind)| {
                let of = |what: &str| format!("{api}.toolkit.fluxcd.io/{what}");
                let says = |what: &str, word: &str| {
                    let value = annotations.get(&of(what));
                    value.is_some_and(|value| value.eq_ignore_ascii_case(word))
                };
                let left_alone = says("reconcile", "disabled")
                    || says("ssa", "ignore")
                    || says("driftDetection", "disabled");
                let name =
                    labels.get(&of("name")).filter(|name| !name.is_empty() && !left_alone)?;
                let place = labels.get(&of("namespace")).map(|space| format!("{space}/"));
                Some(format!("{kind} {}{name}", place.unwrap_or_default()))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn kept(meta: Value) -> Option<String> {
        let mut meta = meta;
        meta["name"] = json!("checkout");
        let meta: Meta = serde_json::from_value(meta).unwrap();
        let object = Object {
            meta: &meta,
            keeps: Kept::Rollout,
            kind: "argoproj.io/Rollout",
            namespace: "shop",
        };
        object.keeper().map(|keeper| keeper.to_string())
    }

    fn annotated(id: &str) -> Option<String> {
        kept(json!({"annotations": {"argocd.argoproj.io/tracking-id": id}}))
    }

    #[test]
    fn argo_cd_is_known_by_its_own_mark_on_this_very_object() {
        let told = "Argo CD keeps this Rollout (application shop-prod)";
        assert_eq!(annotated("shop-prod:argoproj.io/Rollout:shop/checkout").as_deref(), Some(told));
        for copy in [
            "shop-prod:argoproj.io/Rollout:shop/another",
            "shop-prod:argoproj.io/Rollout:store/checkout",
            "shop-prod:apps/Deployment:shop/checkout",
            ":argoproj.io/Rollout:shop/checkout",
            "shop-prod",
            "",
        ] {
            assert_eq!(annotated(copy), None, "{copy}");
        }
        let labelled = kept(json!({"labels": {"argocd.argoproj.io/instance": "shop-prod"}}));
        assert_eq!(labelled.as_deref(), Some(told));
    }

    #[test]
    fn the_label_that_helm_writes_too_says_nothing_unless_argo_cd_has_written_here() {
        let labels = json!({"app.kubernetes.io/instance": "shop-prod"});
        assert_eq!(kept(json!({ "labels": labels })), None);
        let written = |by: &str| {
            kept(
                json!({"labels": labels, "managedFields": [{"manager": "cutover"}, {"manager": by}]}),
            )
        };
        assert_eq!(written("helm"), None);
        let told = "Argo CD keeps this Rollout (application shop-prod)";
        for by in ["argocd-controller", "argocd-application-controller"] {
            assert_eq!(written(by).as_deref(), Some(told), "{by}");
        }
        assert_eq!(kept(json!({"managedFields": [{"manager": "argocd-controller"}]})), None);
        assert_eq!(kept(json!({"labels": labels, "managedFields": "none"})), None);
    }

    #[test]
    fn flux_is_known_by_what_it_brings_out_unless_it_leaves_the_object_alone() {
        let labels = json!({
            "kustomize.toolkit.fluxcd.io/name": "apps",
            "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        });
        let told = "Flux keeps this Rollout (Kustomization flux-system/apps)";
        assert_eq!(kept(json!({ "labels": labels })).as_deref(), Some(told));
        for (what, word) in [("reconcile", "disabled"), ("ssa", "Ignore")] {
            let note = json!({ format!("kustomize.toolkit.fluxcd.io/{what}"): word });
            assert_eq!(kept(json!({"labels": labels, "annotations": note})), None, "{what}");
        }
        let release = json!({"helm.toolkit.fluxcd.io/name": "checkout"});
        let told = "Flux keeps this Rollout (HelmRelease checkout)";
        assert_eq!(kept(json!({ "labels": release })).as_deref(), Some(told));
    }
}
