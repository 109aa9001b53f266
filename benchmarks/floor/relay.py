#!/usr/bin/env python3
"""One end of a tunnel: what local programs send over Unix sockets goes to the other end over one TLS connection.

It stands for the two libvirtd of a migration with VIR_MIGRATE_TUNNELLED, so that what such a way costs can be measured.
As there, each end is one process with one loop, the ends know each other by certificates, and a message holds up to 256 KiB.

  relay.py key DIR                                             a new key for both ends (by openssl)
  relay.py arrive --key DIR --sockets DIR                      prints its port; connects to DIR/NAME for each NAME that comes
  relay.py leave --key DIR --sockets DIR --port PORT NAME ...  prints "ready"; listens on DIR/NAME

Either ends, and removes the sockets it made, when its standard input does or the other end is gone; with status 1 when
somebody still talked to that. At the end it prints one line of JSON: the bytes taken from local programs and handed to
them, and the milliseconds of processor time between.
"""
import argparse
import collections
import json
import os
import select
import selectors
import socket
import ssl
import struct
import subprocess
import sys
import time

HANDSHAKE_SECONDS = 10
# What libvirt's RPC puts into a message of a stream (VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX).
PIECE = 262120
# Whoever has so much under way to him is read for no longer.
FULL = 1 << 20
# The most that TLS gives at once, and how often before somebody else has a turn.
RECORD = 1 << 14
RECORDS = 32
# Of what kind, in which channel, and how many bytes follow.
HEADER = struct.Struct(">BII")
# Kinds of messages: a program wants to talk to NAME; bytes; no more bytes will come; it broke off.
OPEN, DATA, END, BROKEN = range(4)
# As QEMU's own streams are encrypted here.
CIPHER = "ECDHE-ECDSA-AES128-GCM-SHA256"


class Outlet:
    """A socket that does not block and what shall still be written to it."""

    def __init__(self, peer):
        self.socket = peer
        self.pieces = collections.deque()
        self.waiting = 0
        # To shut the direction once all is written.
        self.last = False

    def put(self, piece):
        if piece:
            self.pieces.append(memoryview(piece))
            self.waiting += len(piece)

    def write(self):
        """Writes what the socket takes; raises OSError when nobody is there."""
        while self.pieces:
            try:
                # TLS wants the same bytes again after it could not write them.
                written = self.socket.send(self.pieces[0])
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            self.waiting -= written
            if written == len(self.pieces[0]):
                self.pieces.popleft()
            else:
                self.pieces[0] = self.pieces[0][written:]
        if self.last:
            self.last = False
            self.socket.shutdown(socket.SHUT_WR)


class Channel(Outlet):
    """A local program's connection."""

    def __init__(self, number, peer):
        super().__init__(peer)
        self.number = number
        self.says = True
        self.hears = True


class Relay:
    """One end."""

    def __init__(self, tunnel, sockets, listeners):
        tunnel.setblocking(False)
        self.tunnel = Outlet(tunnel)
        self.sockets = sockets
        self.listeners = listeners
        self.channels = {}
        self.opened = 0
        # Of the message that is being received.
        self.header = self.name = b""
        self.left = 0
        self.now = None
        self.taken = self.handed = 0
        self.selector = selectors.DefaultSelector()
        self.watched = {}

    def tell(self, kind, number, piece=b""):
        self.tunnel.put(HEADER.pack(kind, number, len(piece)) + piece)

    # ------------------------------------------------------------ from local programs

    def accept(self, listener):
        peer, _ = listener.accept()
        self.opened += 1
        name = os.path.basename(listener.getsockname()).encode()
        self.adopt(self.opened, peer)
        self.tell(OPEN, self.opened, name)

    def adopt(self, number, peer):
        peer.setblocking(False)
        self.channels[number] = Channel(number, peer)

    def read(self, channel):
        try:
            piece = channel.socket.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            self.broke(channel)
            return
        if piece:
            self.taken += len(piece)
            self.tell(DATA, channel.number, piece)
        else:
            channel.says = False
            self.tell(END, channel.number)
            self.close_if_done(channel)

    def broke(self, channel):
        self.tell(BROKEN, channel.number)
        self.drop(channel)

    def drop(self, channel):
        self.watch(channel.socket, 0, None)
        channel.socket.close()
        del self.channels[channel.number]

    def close_if_done(self, channel):
        if not channel.says and not channel.hears and not channel.pieces:
            self.drop(channel)

    # ------------------------------------------------------------ from the other end

    def receive(self):
        """Takes what has come, some of it when it is much; false when the other end is gone."""
        for _ in range(RECORDS):
            if self.held_up():
                break
            try:
                data = self.tunnel.socket.recv(RECORD)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return True
            except OSError:
                return False
            if not data:
                return False
            self.take(memoryview(data))
        return True

    def take(self, data):
        while data:
            if self.left == 0:
                missing = HEADER.size - len(self.header)
                self.header += data[:missing]
                data = data[missing:]
                if len(self.header) < HEADER.size:
                    return
                kind, number, self.left = HEADER.unpack(self.header)
                self.header = b""
                self.now = (kind, number)
                if kind == OPEN:
                    self.name = b""
                elif kind != DATA:
                    self.heard(kind, number)
            else:
                piece, data = data[: self.left], data[self.left :]
                self.left -= len(piece)
                self.content(*self.now, piece)

    def content(self, kind, number, piece):
        if kind == OPEN:
            self.name += piece
            if self.left == 0:
                self.connect(number, self.name.decode())
        elif number in self.channels:
            self.handed += len(piece)
            self.channels[number].put(piece)
            self.write(self.channels[number])

    def heard(self, kind, number):
        channel = self.channels.get(number)
        if channel is None:
            return
        if kind == BROKEN:
            self.drop(channel)
        else:
            channel.hears = False
            channel.last = True
            self.write(channel)

    def connect(self, number, name):
        peer = socket.socket(socket.AF_UNIX)
        try:
            # A name is one of this directory.
            peer.connect(os.path.join(self.sockets, os.path.basename(name)))
        except OSError:
            peer.close()
            self.tell(BROKEN, number)
            return
        self.adopt(number, peer)

    def write(self, channel):
        try:
            channel.write()
        except OSError:
            self.broke(channel)
            return
        self.close_if_done(channel)

    # ------------------------------------------------------------ the loop

    def held_up(self):
        return any(channel.waiting > FULL for channel in self.channels.values())

    def watch(self, what, events, then):
        before = self.watched.get(what, 0)
        if events == before:
            return
        if not before:
            self.selector.register(what, events, then)
        elif events:
            self.selector.modify(what, events, then)
        else:
            self.selector.unregister(what)
        self.watched[what] = events
        if not events:
            del self.watched[what]

    def watch_all(self):
        room = self.tunnel.waiting < FULL
        for listener in self.listeners:
            self.watch(listener, selectors.EVENT_READ, self.accept)
        for channel in self.channels.values():
            reads = selectors.EVENT_READ if channel.says and room else 0
            writes = selectors.EVENT_WRITE if channel.pieces or channel.last else 0
            self.watch(channel.socket, reads | writes, channel)
        reads = 0 if self.held_up() else selectors.EVENT_READ
        writes = selectors.EVENT_WRITE if self.tunnel.pieces else 0
        self.watch(self.tunnel.socket, reads | writes, self.tunnel)

    def run(self, until):
        """Relays until a descriptor ends or the other end does; false when somebody still talked to that."""
        self.selector.register(until, selectors.EVENT_READ, until)
        while True:
            # TLS may have decrypted more than was asked for, and no socket says so.
            if self.tunnel.socket.pending() and not self.receive():
                return not self.channels
            self.watch_all()
            for key, events in self.selector.select():
                if key.data is until:
                    return True
                if key.data is self.tunnel:
                    if events & selectors.EVENT_READ and not self.receive():
                        return not self.channels
                elif isinstance(key.data, Channel):
                    self.serve(key.data, events)
                else:
                    key.data(key.fileobj)
            try:
                self.tunnel.write()
            except OSError:
                return not self.channels

    def serve(self, channel, events):
        if events & selectors.EVENT_WRITE and self.channels.get(channel.number) is channel:
            self.write(channel)
        if events & selectors.EVENT_READ and self.channels.get(channel.number) is channel:
            self.read(channel)

    def close(self):
        for channel in list(self.channels.values()):
            self.drop(channel)
        self.tunnel.socket.close()


def write_key(directory):
    """A key that both ends have, and a certificate for it that is its own authority."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=relay", "-keyout", os.path.join(directory, "key.pem"), "-out", os.path.join(directory, "certificate.pem")],
        check=True,
        capture_output=True,
    )


def context(protocol, key):
    made = ssl.SSLContext(protocol)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    certificate = os.path.join(key, "certificate.pem")
    made.load_cert_chain(certificate, os.path.join(key, "key.pem"))
    made.load_verify_locations(certificate)
    # The one version whose ciphers Python lets choose.
    made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHER)
    return made


def arrived(arguments):
    """The connection of the other end; whoever has not the key is turned away."""
    tls = context(ssl.PROTOCOL_TLS_SERVER, arguments.key)
    with socket.socket() as listener:
        listener.bind((arguments.address, 0))
        listener.listen(8)
        print(listener.getsockname()[1], flush=True)
        while True:
            readable, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in readable:
                sys.exit()
            peer, _ = listener.accept()
            peer.settimeout(HANDSHAKE_SECONDS)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                return tls.wrap_socket(peer, server_side=True)
            except OSError as refused:
                print(f"relay: turned away: {refused}", file=sys.stderr)
                peer.close()


def left(arguments):
    peer = socket.create_connection((arguments.address, arguments.port), HANDSHAKE_SECONDS)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context(ssl.PROTOCOL_TLS_CLIENT, arguments.key).wrap_socket(peer)


def listeners(directory, names):
    made = []
    for name in names:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(directory, name))
        listener.listen(8)
        made.append(listener)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("key").add_argument("directory")
    for name in ("arrive", "leave"):
        command = commands.add_parser(name)
        command.add_argument("--key", required=True, metavar="DIR")
        command.add_argument("--sockets", required=True, metavar="DIR")
        command.add_argument("--address", default="127.0.0.1")
    command.add_argument("--port", type=int, required=True)
    command.add_argument("names", nargs="+", metavar="NAME")
    arguments = parser.parse_args()
    if arguments.command == "key":
        write_key(arguments.directory)
        return
    here = []
    try:
        if arguments.command == "arrive":
            tunnel = arrived(arguments)
        else:
            tunnel = left(arguments)
            here = listeners(arguments.sockets, arguments.names)
            print("ready", flush=True)
        began = time.process_time()
        relay = Relay(tunnel, arguments.sockets, here)
        ended = relay.run(sys.stdin)
        relay.close()
    finally:
        for listener in here:
            os.unlink(listener.getsockname())
            listener.close()
    took = round((time.process_time() - began) * 1e3)
    print(json.dumps({"taken": relay.taken, "handed": relay.handed, "cpu": took}))
    sys.exit(0 if ended else 1)


if __name__ == "__main__":
    main()
