"""What the workers of the peers have in common; see engine/protocol.go.

An engine is a module with VERSION and open(setup), which returns a session:
run() returns the nanoseconds of each phase, outputs() arrays by name.
"""

import json
import os
import sys
import time

import numpy

clock = time.perf_counter_ns


def memory(field):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) << 10
    raise OSError("/proc/self/status has no " + field)


def arrays(files):
    return {name: numpy.load(path) for name, path in (files or {}).items()}


def write(outputs, folder):
    files = {}
    for name, array in outputs.items():
        files[name] = os.path.join(folder, name.replace("/", "_") + ".npy")
        numpy.save(files[name], array)
    return files


class Loading:
    """Opens a session and runs it once, every time."""

    def __init__(self, open, setup):
        self.open, self.setup = open, dict(setup, mode="run")

    def once(self):
        start = clock()
        session = self.open(self.setup)
        session.run()
        return session, clock() - start

    def run(self):
        return [self.once()[1]]

    def outputs(self):
        return self.once()[0].outputs()


class Server:
    def __init__(self, engine):
        self.engine, self.sessions, self.last = engine, {}, 0
        self.before = memory("VmRSS")

    def answer(self, request):
        do = request["do"]
        if do == "memory":
            return {"before": self.before, "peak": memory("VmHWM")}
        if do == "open":
            setup = request["setup"]
            session = Loading(self.engine.open, setup) if setup["mode"] == "load" else self.engine.open(setup)
            self.last += 1
            self.sessions[self.last] = session
            return {"session": self.last}
        session = self.sessions[request["session"]]
        if do == "outputs":
            return {"outputs": write(session.outputs(), request["folder"])}
        if do == "time":
            for _ in range(request.get("warm", 0)):
                session.run()
            return {"ns": [session.run() for _ in range(request["runs"])]}
        if do == "close":
            del self.sessions[request["session"]]
            return {}
        raise ValueError("what is %r?" % do)


def serve(engine):
    # Whatever a library prints must not get between the replies.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = Server(engine)
    print(json.dumps({"version": engine.VERSION}), file=replies, flush=True)
    for line in sys.stdin:
        try:
            reply = server.answer(json.loads(line))
        except Exception as e:
            reply = {"error": "%s: %s" % (type(e).__name__, e)}
        print(json.dumps(reply), file=replies, flush=True)
