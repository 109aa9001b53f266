package dev.tern.simulation;

import java.util.HexFormat;

/** Sixty-four bits of many lines; FNV-1a, which is enough to see that two runs are not alike. */
final class Digest {
  private static final long BASIS = 0xcbf29ce484222325L;
  private static final long PRIME = 0x100000001b3L;

  private long hash = BASIS;

  void add(long number, String line) {
    long so = (hash ^ number) * PRIME;
    for (int i = 0; i < line.length(); i++) {
      so = (so ^ line.charAt(i)) * PRIME;
    }
    hash = (so ^ '\n') * PRIME;
  }

  String hex() {
    return HexFormat.of().toHexDigits(hash);
  }
}
