"""Stands for the nodes: every pod is bound to one, becomes ready or does not, and ends when it is deleted.

usage: kubelet.py KUBECONFIG SOCKET PROMETHEUS_PORT

What a pod does is said by a word in the tag of its image (`shop/app:v2-crash`), or while it runs by its annotation
`bed/does`, which wins:

  crash     runs and is killed again and again: CrashLoopBackOff, a restart every 3 s
  unready   runs and never becomes ready
  missing   its image cannot be had: ImagePullBackOff
  well      is ready half a second after it was bound; also what any other word means

The network of the pods is a proxy at SOCKET, which the API server is told to use: whatever pod it wants to reach, on
port 9090 it finds the Prometheus of this bed.
"""
import os
import re
import select
import socket
import socketserver
import sys
import threading
import time

from cluster import Cluster

NODE = "node"
PENDING, READY, TERMINATING, RESTART = 0.2, 0.5, 1.0, 3.0
WAITS = {"crash": "CrashLoopBackOff", "missing": "ImagePullBackOff"}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def does(pod):
    said = (pod["metadata"].get("annotations") or {}).get("bed/does")
    tags = " ".join(c["image"].rpartition(":")[2] for c in pod["spec"]["containers"])
    found = re.search(r"\b(crash|unready|missing)\b", tags if said is None else said)
    return found.group(1) if found else "well"


class Known:
    """A pod, and how far it is."""

    def __init__(self, pod):
        status = pod.get("status", {}).get("containerStatuses") or [{}]
        self.pod, self.since, self.told, self.ended = pod, time.monotonic(), None, None
        self.restarts, self.restarted = status[0].get("restartCount", 0), self.since - RESTART
        # After a restart of this program: what is ready stays ready.
        self.was_ready = bool(status[0].get("ready"))

    def path(self):
        meta = self.pod["metadata"]
        return "/api/v1/namespaces/%s/pods/%s" % (meta["namespace"], meta["name"])

    def step(self):
        """What there is to be told about it now: (phase, ready, why it waits, restarts)."""
        age, what = time.monotonic() - self.since, does(self.pod)
        if what == "missing" or (age < PENDING and not self.was_ready):
            return "Pending", False, WAITS.get(what, "ContainerCreating"), 0
        if what == "crash" and time.monotonic() - self.restarted >= RESTART:
            self.restarts, self.restarted = self.restarts + 1, time.monotonic()
        ready = what == "well" and (self.was_ready or age >= READY)
        self.was_ready |= ready
        return "Running", ready, WAITS.get(what), self.restarts


def status(pod, phase, ready, waits, restarts):
    before = {c["type"]: c for c in pod.get("status", {}).get("conditions") or []}
    conditions = []
    for kind, holds in (("PodScheduled", True), ("Initialized", True), ("ContainersReady", ready), ("Ready", ready)):
        word = str(holds)
        same = before.get(kind, {}).get("status") == word
        conditions.append({"type": kind, "status": word,
                           "lastTransitionTime": before[kind]["lastTransitionTime"] if same else now()})
    started = pod.get("status", {}).get("startTime") or now()
    containers = []
    for container in pod["spec"]["containers"]:
        state = {"waiting": {"reason": waits}} if waits else {"running": {"startedAt": started}}
        one = {"name": container["name"], "image": container["image"], "imageID": "", "ready": ready,
               "started": not waits, "restartCount": restarts, "state": state}
        if waits == "CrashLoopBackOff":
            one["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": started, "finishedAt": now()}}
        containers.append(one)
    number = int(pod["metadata"]["uid"][:4], 16)
    address = "10.244.%d.%d" % (number >> 8, max(1, number & 255))
    told = {"phase": phase, "startTime": started, "conditions": conditions, "containerStatuses": containers}
    return told if phase == "Pending" else {**told, "podIP": address, "podIPs": [{"ip": address}]}


class Kubelet:
    def __init__(self, cluster):
        self.cluster, self.lock, self.known = cluster, threading.Lock(), {}

    def node(self):
        self.cluster.create("/api/v1/nodes", {"metadata": {"name": NODE}})
        self.cluster.ask("PATCH", "/api/v1/nodes/%s/status" % NODE, {"status": {
            "capacity": {"pods": "5000"}, "allocatable": {"pods": "5000"},
            "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": now(), "lastTransitionTime": now()}]}})

    def hear(self, pod, gone=False):
        with self.lock:
            uid = pod["metadata"]["uid"]
            if gone:
                self.known.pop(uid, None)
            elif uid in self.known:
                self.known[uid].pod = pod
            else:
                self.known[uid] = Known(pod)

    def follow(self):
        while True:
            try:
                self.node()
                code, listed = self.cluster.ask("GET", "/api/v1/pods")
                if code != 200:
                    raise OSError("list: %d" % code)
                living = {pod["metadata"]["uid"] for pod in listed["items"]}
                with self.lock:
                    self.known = {uid: known for uid, known in self.known.items() if uid in living}
                for pod in listed["items"]:
                    self.hear(pod)
                for event in self.cluster.watch("/api/v1/pods", listed["metadata"]["resourceVersion"]):
                    if event["type"] == "ERROR":
                        raise OSError(event["object"].get("message"))
                    if event["type"] != "BOOKMARK":
                        self.hear(event["object"], event["type"] == "DELETED")
            except (OSError, ValueError) as why:
                print("watch:", why, flush=True)
                time.sleep(0.5)

    def care(self, known):
        pod, path = known.pod, known.path()
        if pod["metadata"].get("deletionTimestamp"):
            known.ended = known.ended or time.monotonic() + TERMINATING
            if time.monotonic() >= known.ended:
                known.ended = time.monotonic() + 5
                self.cluster.ask("DELETE", path, {"gracePeriodSeconds": 0}, "application/json")
            return
        if not pod["spec"].get("nodeName"):
            self.cluster.create(path + "/binding", {
                "metadata": {"name": pod["metadata"]["name"]}, "target": {"kind": "Node", "name": NODE}})
            pod["spec"]["nodeName"] = NODE
        step = known.step()
        if step != known.told:
            code, answer = self.cluster.ask("PATCH", path + "/status", {"status": status(pod, *step)})
            if code == 200:
                known.told = step
                pod["status"] = answer["status"]

    def run(self):
        threading.Thread(target=self.follow, daemon=True).start()
        while True:
            with self.lock:
                all_known = list(self.known.values())
            for known in all_known:
                try:
                    self.care(known)
                except (OSError, ValueError) as why:
                    print(known.path(), why, flush=True)
                    time.sleep(0.2)
            time.sleep(0.05)


class Network(socketserver.BaseRequestHandler):
    """One connection of the API server to a pod, as an HTTP proxy sees it."""

    port = None

    def handle(self):
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            byte = self.request.recv(1)
            if not byte:
                return
            asked += byte
        with socket.create_connection(("127.0.0.1", self.port)) as pod:
            self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            other = {self.request: pod, pod: self.request}
            while True:
                for side in select.select(list(other), [], [])[0]:
                    data = side.recv(65536)
                    if not data:
                        return
                    other[side].sendall(data)


class Proxy(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def main(config, path, port):
    Network.port = int(port)
    if os.path.exists(path):
        os.unlink(path)
    threading.Thread(target=Proxy(path, Network).serve_forever, daemon=True).start()
    Kubelet(Cluster(config)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
