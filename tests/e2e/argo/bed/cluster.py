"""A small client of the API server, and what a new cluster is given first.

usage: cluster.py prepare RUN SHARE     makes everything that the controller and the stories need
       cluster.py users RUN PORT        writes RUN/USER.kubeconfig from the keys in RUN/keys
"""
import base64
import glob
import http.client
import json
import os
import re
import ssl
import sys
import threading
import time
import urllib.parse

# admin may do everything, manager is kube-controller-manager, argo the controller with the permissions that its
# project ships. The other two get their permissions in the stories, or none.
USERS = ["admin", "manager", "argo", "reader", "nobody"]


class Cluster:
    """The cluster that a kubeconfig file written here leads to. Every thread has its own connection."""

    def __init__(self, path):
        with open(path) as file:
            config = json.load(file)
        user = config["users"][0]["user"]
        self.at = urllib.parse.urlparse(config["clusters"][0]["cluster"]["server"])
        self.tls = ssl.create_default_context(cafile=config["clusters"][0]["cluster"]["certificate-authority"])
        self.tls.load_cert_chain(user["client-certificate"], user["client-key"])
        self.mine = threading.local()

    def connect(self, timeout=30):
        return http.client.HTTPSConnection(self.at.hostname, self.at.port, context=self.tls, timeout=timeout)

    def ask(self, method, path, body=None, kind="application/merge-patch+json"):
        """Status and answer. A connection that the server closed meanwhile is opened anew, once."""
        headers = {} if body is None else {"Content-Type": kind}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        for last in (False, True):
            connection = getattr(self.mine, "connection", None)
            if connection is None:
                connection = self.mine.connection = self.connect()
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read() or b"{}")
            except (OSError, http.client.HTTPException):
                connection.close()
                self.mine.connection = None
                if last:
                    raise

    def create(self, path, body):
        return self.ask("POST", path, body, "application/json")

    def watch(self, path, version):
        """Every event from a version on, until the server ends it."""
        query = {"watch": 1, "timeoutSeconds": 300, "resourceVersion": version, "allowWatchBookmarks": "true"}
        connection = self.connect(330)
        try:
            connection.request("GET", path + "?" + urllib.parse.urlencode(query))
            answer = connection.getresponse()
            if answer.status != 200:
                raise OSError("watch: %d" % answer.status)
            for line in answer:
                yield json.loads(line)
        finally:
            connection.close()


def apply(cluster, path, text):
    """Server-side apply; the server reads YAML."""
    path += "?fieldManager=bed&force=true"
    status, answer = cluster.ask("PATCH", path, text.encode(), "application/apply-patch+yaml")
    if status not in (200, 201):
        sys.exit("bed: %s: %d %s" % (path, status, answer.get("message")))


def users(run, port):
    for user in USERS:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "bed",
            "clusters": [{"name": "bed", "cluster": {
                "server": "https://127.0.0.1:" + port, "certificate-authority": run + "/keys/ca.crt"}}],
            "users": [{"name": user, "user": {
                "client-certificate": "%s/keys/%s.crt" % (run, user), "client-key": "%s/keys/%s.key" % (run, user)}}],
            "contexts": [{"name": "bed", "context": {"cluster": "bed", "user": user}}],
        }
        with open("%s/%s.kubeconfig" % (run, user), "w") as file:
            json.dump(config, file, indent=1)


def prepare(run, share):
    cluster = Cluster(run + "/admin.kubeconfig")
    kinds = sorted(glob.glob(share + "/*-crd.yaml"))
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
    names = []
    for path in kinds:
        with open(path) as file:
            text = file.read()
        names.append(re.search(r"^  name: (\S+)$", text, re.M).group(1))
        apply(cluster, definitions + names[-1], text)
    rights = "/apis/rbac.authorization.k8s.io/v1/"
    for kind in ("clusterroles", "clusterrolebindings"):
        with open("%s/argo-rollouts-%s.yaml" % (share, kind[:-1])) as file:
            apply(cluster, rights + kind + "/argo-rollouts", file.read())
    for name in ("argo-rollouts", "monitoring"):
        cluster.create("/api/v1/namespaces", {"metadata": {"name": name}})
    # Prometheus as a cluster has it: a pod behind a Service. The pod's address leads to the process, see kubelet.py.
    labels = {"app": "prometheus"}
    cluster.create("/api/v1/namespaces/monitoring/services", {
        "metadata": {"name": "prometheus"}, "spec": {"selector": labels, "ports": [{"port": 9090}]}})
    cluster.create("/api/v1/namespaces/monitoring/pods", {
        "metadata": {"name": "prometheus", "labels": labels},
        "spec": {"containers": [{"name": "prometheus", "image": "prometheus"}]}})
    end = time.time() + 30
    for name in names:
        while True:
            _, found = cluster.ask("GET", definitions + name)
            conditions = found.get("status", {}).get("conditions", [])
            if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
                break
            if time.time() > end:
                sys.exit("bed: %s is not established" % name)
            time.sleep(0.1)


if __name__ == "__main__":
    os.umask(0o077)
    {"prepare": prepare, "users": users}[sys.argv[1]](*sys.argv[2:])
