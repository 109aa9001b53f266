"""Ways from one QEMU to the other, and what either is told to take them."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

STUCK_SECONDS = 60


def listening(address):
    listener = socket.socket()
    # QEMU 7.2 leaves Nagle's delay on for connections it accepts; they inherit it from the listener.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((address, 0))
    listener.listen(64)
    return listener


def relay(*arguments):
    return [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay.py"), *arguments]


class Direct:
    """Disks and memory go from QEMU to QEMU by TCP."""

    def __init__(self, address):
        self.address = address
        self.listener = listening(address)

    def descriptor(self):
        return self.listener.fileno()

    def server(self):
        return [("getfd", {"fdname": "floor"})], {"type": "fd", "data": {"str": "floor"}}

    def client(self):
        return {"type": "inet", "host": self.address, "port": str(self.listener.getsockname()[1])}

    def incoming(self):
        return f"tcp:{self.address}:0"

    def memory(self, listens):
        return f"tcp:{self.address}:{listens['socket-address'][0]['port']}"

    def handed_over(self):
        """QEMU has a copy of the listener; nobody shall wait at ours."""
        self.listener.close()

    def close(self):
        """Says what it took besides."""
        return {}


class Tunnel:
    """Disks and memory go by Unix sockets, through a relay beside either QEMU and one TLS connection."""

    NAMES = ("disks", "memory")

    def __init__(self, address):
        self.directory = tempfile.mkdtemp(prefix="floor-")
        self.relays = []
        self.source, self.destination = (os.path.join(self.directory, end) for end in ("source", "destination"))
        try:
            os.mkdir(self.source)
            os.mkdir(self.destination)
            subprocess.run(relay("key", self.directory), check=True)
            key = ("--key", self.directory, "--address", address)
            port = self.start("arrive", *key, "--sockets", self.destination)
            self.start("leave", *key, "--sockets", self.source, "--port", port, *self.NAMES)
        except BaseException:
            self.close()
            raise

    def start(self, *arguments):
        """Starts a relay that ends with us; returns the line it prints when it can be used."""
        started = subprocess.Popen(relay(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.relays.append(started)
        said = started.stdout.readline().strip()
        if not said:
            sys.exit(f"the relay that shall {arguments[0]} does not start")
        return said

    def descriptor(self):
        return None

    def server(self):
        return [], {"type": "unix", "data": {"path": os.path.join(self.destination, "disks")}}

    def client(self):
        return {"type": "unix", "path": os.path.join(self.source, "disks")}

    def incoming(self):
        return "unix:" + os.path.join(self.destination, "memory")

    def memory(self, listens):
        return "unix:" + os.path.join(self.source, "memory")

    def handed_over(self):
        pass

    def close(self):
        """Ends the relays and says what went through, and what processor time they took, in milliseconds."""
        said = []
        try:
            # The source's first: the other then knows that nothing more comes.
            for started in reversed(self.relays):
                out, _ = started.communicate(timeout=STUCK_SECONDS)
                said.append(json.loads(out or "{}"))
        finally:
            for started in self.relays:
                started.kill()
            shutil.rmtree(self.directory)
        taken = [one.get("taken", 0) for one in said]
        return {"relays": {"bytes": sum(taken), "cpu": sum(one.get("cpu", 0) for one in said)}}
