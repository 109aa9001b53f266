package dev.tern.bench;

/** How disks and memory travel. */
enum Streams {
  PLAIN(""),
  /** Encrypted, with a key made for the one move, on both sides. */
  TLS("-tls");

  private final String suffix;

  Streams(String suffix) {
    this.suffix = suffix;
  }

  /** Of the names of movers. */
  String suffix() {
    return suffix;
  }
}
