"""What Prometheus scrapes, and what the `web` analyses read. usage: measures.py PORT

POST /set       {"NAME": 0.99, ...}   the value behind /value/NAME; null takes it away
POST /count     [{"pod", "namespace", "rate", "failing", "slow"}, ...]
                from now on these pods answer `rate` requests a second, of which the share `failing` fails and the
                share `slow` takes between a quarter of a second and a half instead of below a tenth
POST /restart   {"pod"}                its counters begin at zero again, as those of a process that was restarted
GET  /value/NAME                       {"value": 0.99}, or 404
GET  /metrics
"""
import http.server
import json
import sys
import threading
import time

VALUES, PODS, LOCK = {}, {}, threading.Lock()


def metrics():
    lines = []
    for (namespace, name), pod in sorted(PODS.items()):
        done = pod["rate"] * (time.monotonic() - pod["since"])
        labels = 'namespace="%s",pod="%s"' % (namespace, name)
        failed, slow = done * pod["failing"], done * pod["slow"]
        for code, number in (("200", done - failed), ("500", failed)):
            lines.append('http_requests_total{%s,code="%s"} %d' % (labels, code, number))
        for bound, number in (("0.1", done - slow), ("0.25", done - slow), ("0.5", done), ("+Inf", done)):
            lines.append('http_request_duration_seconds_bucket{%s,le="%s"} %d' % (labels, bound, number))
    return "\n".join(lines) + "\n"


class Measures(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, code, kind, text):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with LOCK:
            if self.path == "/metrics":
                return self.answer(200, "text/plain; version=0.0.4", metrics())
            value = VALUES.get(self.path.removeprefix("/value/"))
        if value is None:
            return self.answer(404, "application/json", "{}")
        self.answer(200, "application/json", json.dumps({"value": value}))

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with LOCK:
            if self.path == "/set":
                VALUES.update(asked)
                for name in [name for name, value in asked.items() if value is None]:
                    del VALUES[name]
            elif self.path == "/count":
                for pod in asked:
                    PODS[pod["namespace"], pod["pod"]] = {"since": time.monotonic(), **pod}
            elif self.path == "/restart":
                PODS[asked["namespace"], asked["pod"]]["since"] = time.monotonic()
        self.answer(200, "application/json", "{}")

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Measures).serve_forever()
