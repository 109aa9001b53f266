#!/usr/bin/env python3
"""The floor: one live block migration between two waiting QEMUs, by QMP and nothing else.

It does what must be done, in the best way known for QEMU 7.2, and nothing that a real system also needs: no
records, no checks, no way back, no deadline but one. What Tern takes is measured against this.

  migrate.py --source DIR --destination DIR --disk ID[:top] ...

Each DIR holds the monitor's socket. The source runs, the destination was started with `-S -incoming defer`, and both
have a block node named ID for each disk. Prints one line of JSON; times are milliseconds since the first command. The
total is from there until the guest runs and the source has sent all, by the stamps of QEMU's events.

With --tunnel neither QEMU sees the other: disks and memory go through a relay on either side (relay.py) and one TLS
connection between the two. The relays are there before the first command, as daemons are.
"""
import argparse
import json
import os
import select
import secrets
import shutil
import socket
import sys
import tempfile
import time

# Nothing is left where the scripts lie.
sys.dont_write_bytecode = True
from ways import Direct, Tunnel  # noqa: E402

STUCK_SECONDS = 300
# They outlive a migration, and the guest may have come here by another mover.
UNUSED = ("auto-converge", "multifd", "postcopy-ram", "return-path", "xbzrle")

# AES-128 is the fastest that a pre-shared key can have.
PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:+GROUP-X25519"
# The group ffdhe2048 of RFC 7919. It is not used, but without a file QEMU computes one for a second and more.
GROUP = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""


class Monitor:
    """A QMP connection. Commands leave at once; answers and events are read when somebody waits for one."""

    def __init__(self, directory, name):
        self.name = name
        self.answers = {}
        self.events = []
        self.last_id = 0
        self.unread = b""
        here = os.getcwd()
        # A Unix socket's address is short, and the path to a directory may be long.
        os.chdir(directory)
        try:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(name)
        finally:
            os.chdir(here)
        self.take(self.line())
        self.call("qmp_capabilities")

    def line(self):
        while b"\n" not in self.unread:
            readable, _, _ = select.select([self.socket], [], [], STUCK_SECONDS)
            if not readable:
                sys.exit(f"{self.name}: QEMU says nothing")
            data = self.socket.recv(1 << 16)
            if not data:
                sys.exit(f"{self.name}: QEMU is gone")
            self.unread += data
        line, self.unread = self.unread.split(b"\n", 1)
        return json.loads(line)

    def take(self, message):
        if "event" in message:
            self.events.append((message["event"], message.get("data", {}), stamp(message["timestamp"])))
        elif "id" in message:
            self.answers[message["id"]] = message

    def send(self, *commands, descriptor=None):
        """Sends (name, arguments) pairs in one write; returns the id of the last."""
        text = ""
        for name, arguments in commands:
            self.last_id += 1
            text += json.dumps({"execute": name, "arguments": arguments, "id": self.last_id}) + "\n"
        if descriptor is None:
            self.socket.sendall(text.encode())
        else:
            socket.send_fds(self.socket, [text.encode()], [descriptor])
        return self.last_id

    def answer(self, number):
        while number not in self.answers:
            self.take(self.line())
        for done in sorted(n for n in self.answers if n <= number):
            said = self.answers[done]
            if "error" in said:
                sys.exit(f"{self.name}: {said['error']['desc']}")
        return self.answers[number]["return"]

    def call(self, name, **arguments):
        return self.answer(self.send((name, arguments)))

    def event(self, wanted):
        """The stamp of the first event, old or new, for which wanted(name, data) holds."""
        seen = 0
        while True:
            for name, data, at in self.events[seen:]:
                if wanted(name, data):
                    return at
            seen = len(self.events)
            while len(self.events) == seen:
                self.take(self.line())


def stamp(timestamp):
    return timestamp["seconds"] + timestamp["microseconds"] / 1e6


def migration(*statuses):
    def wanted(name, data):
        if name != "MIGRATION":
            return False
        if data["status"] in ("failed", "cancelled"):
            sys.exit(f"the migration is {data['status']}")
        return data["status"] in statuses

    return wanted


def job(event, disk):
    def wanted(name, data):
        if name == "BLOCK_JOB_ERROR" or (name == "BLOCK_JOB_COMPLETED" and data.get("error")):
            sys.exit(f"the mirror of {data['device']} failed: {data.get('error')}")
        return name == event and data.get("device") == "floor-" + disk

    return wanted


def write_key():
    """A directory with a new key in it, as QEMU wants it."""
    directory = tempfile.mkdtemp(prefix="floor-")
    for name, content in (("keys.psk", f"floor:{secrets.token_hex(32)}\n"), ("dh-params.pem", GROUP)):
        with open(os.path.join(directory, name), "x", encoding="ascii") as file:
            file.write(content)
    return directory


def credentials(endpoint, key):
    values = {"qom-type": "tls-creds-psk", "id": "floor-" + endpoint, "endpoint": endpoint, "dir": key, "priority": PRIORITY}
    return ("object-add", values | ({"username": "floor"} if endpoint == "client" else {}))


def capabilities(*used):
    states = [{"capability": c, "state": True} for c in used] + [{"capability": c, "state": False} for c in UNUSED]
    return ("migrate-set-capabilities", {"capabilities": states})


def prepare(destination, arguments, way):
    """Exports and the incoming listener, in one write; returns the ids after which each of them is there."""
    tls = bool(arguments.key)
    exports = [credentials("server", arguments.key)] if tls else []
    before, address = way.server()
    exports += before
    exports.append(("nbd-server-start", {"addr": address} | ({"tls-creds": "floor-server"} if tls else {})))
    for disk, _ in arguments.disks:
        export = {"type": "nbd", "id": "floor-" + disk, "node-name": disk, "name": disk, "writable": True}
        exports.append(("block-export-add", export))
    exported = destination.send(*exports, descriptor=way.descriptor())
    listens = destination.send(
        capabilities("events"),
        ("migrate-set-parameters", {"tls-creds": "floor-server" if tls else ""}),
        ("migrate-incoming", {"uri": way.incoming()}),
        ("query-migrate", {}),
    )
    return exported, listens


def settings(source, arguments):
    tls = bool(arguments.key)
    parameters = {
        "downtime-limit": arguments.downtime_limit,
        "max-bandwidth": 0,
        "tls-creds": "floor-client" if tls else "",
    }
    commands = [credentials("client", arguments.key)] if tls else []
    return source.send(
        *commands,
        capabilities("events", "pause-before-switchover"),
        ("migrate-set-parameters", parameters),
    )


def mirrors(source, arguments, server):
    commands = []
    for disk, sync in arguments.disks:
        # Without discard=unmap a sparse disk arrives full of zeroes.
        client = {"driver": "nbd", "node-name": f"floor-{disk}-nbd", "server": server, "export": disk, "discard": "unmap"}
        if arguments.key:
            client["tls-creds"] = "floor-client"
        raw = {"driver": "raw", "node-name": f"floor-{disk}-raw", "file": f"floor-{disk}-nbd", "discard": "unmap"}
        mirror = {"job-id": "floor-" + disk, "device": disk, "target": raw["node-name"], "sync": sync}
        commands += [("blockdev-add", client), ("blockdev-add", raw), ("blockdev-mirror", mirror | {"auto-dismiss": False})]
    return source.send(*commands)


def migrate(source, destination, arguments, way):
    began = time.monotonic()
    times = {}

    def reached(point):
        times[point] = round((time.monotonic() - began) * 1e3, 2)

    exported, listens = prepare(destination, arguments, way)
    set_up = settings(source, arguments)
    destination.answer(exported)
    reached("exported")
    started = mirrors(source, arguments, way.client())
    way.handed_over()
    source.answer(started)
    reached("mirrors-started")
    uri = way.memory(destination.answer(listens))
    source.answer(set_up)
    for disk, _ in arguments.disks:
        source.event(job("BLOCK_JOB_READY", disk))
    reached("mirrors-ready")
    # Memory after the disks: together they are no faster, and the pause is two or three times as long.
    source.send(("migrate", {"uri": uri}))
    source.event(migration("pre-switchover"))
    reached("pre-switchover")
    source.send(*[("block-job-cancel", {"device": "floor-" + disk}) for disk, _ in arguments.disks])
    for disk, _ in arguments.disks:
        source.event(job("BLOCK_JOB_COMPLETED", disk))
    reached("mirrors-ended")
    source.send(("migrate-continue", {"state": "pre-switchover"}))
    destination.event(migration("completed"))
    reached("arrived")
    # An export holds the right to write; the guest cannot run before it is gone.
    destination.answer(destination.send(("nbd-server-stop", {}), ("cont", {})))
    reached("runs")
    source.event(migration("completed"))
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, metavar="DIR")
    parser.add_argument("--destination", required=True, metavar="DIR")
    parser.add_argument("--disk", action="append", default=[], metavar="ID[:top]", help="top: the base is there already")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--downtime-limit", type=int, default=20, metavar="MILLIS")
    parser.add_argument("--monitor", default="qmp1.sock", help="the socket's name in either directory")
    streams = parser.add_mutually_exclusive_group()
    streams.add_argument("--tls", action="store_true", help="both streams encrypted, with a new pre-shared key")
    streams.add_argument("--tunnel", action="store_true", help="both streams through two relays and one TLS connection")
    arguments = parser.parse_args()
    arguments.disks = [(disk, sync or "full") for disk, _, sync in (d.partition(":") for d in arguments.disk)]

    source_directory, destination_directory = map(os.path.abspath, (arguments.source, arguments.destination))
    os.chdir(source_directory)
    source = Monitor(source_directory, arguments.monitor)
    destination = Monitor(destination_directory, arguments.monitor)
    arguments.key = write_key() if arguments.tls else None
    way = Tunnel(arguments.address) if arguments.tunnel else Direct(arguments.address)
    began = time.time()
    try:
        times = migrate(source, destination, arguments, way)
    finally:
        besides = way.close()
        if arguments.key:
            shutil.rmtree(arguments.key)
    if arguments.key:
        # Their names are taken otherwise when the guest comes this way again.
        for monitor, endpoint in ((source, "client"), (destination, "server")):
            monitor.send(("object-del", {"id": "floor-" + endpoint}))
    stopped = source.event(lambda name, _: name == "STOP")
    stamps = {
        "pre-switchover": source.event(migration("pre-switchover")),
        "mirrored": max(source.event(job("BLOCK_JOB_COMPLETED", disk)) for disk, _ in arguments.disks),
        "sent": source.event(migration("completed")),
        "loaded": destination.event(migration("completed")),
        "resumed": destination.event(lambda name, _: name == "RESUME"),
    }
    memory = source.call("query-migrate")["ram"]
    print(json.dumps({
        "total": round((max(stamps["sent"], stamps["resumed"]) - began) * 1e3, 2),
        "memoryBytes": memory["transferred"],
        "times": times,
        "sinceStop": {point: round((at - stopped) * 1e3, 2) for point, at in stamps.items()},
    } | besides))


if __name__ == "__main__":
    main()
