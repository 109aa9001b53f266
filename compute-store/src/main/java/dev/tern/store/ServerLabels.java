package dev.tern.store;

import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What is written on a server for its owner alone; its guest and its host notice nothing of it.
 *
 * @param accessIpV4 empty for none, as {@code accessIpV6}
 * @param autoDisk whether Nova's {@code OS-DCF:diskConfig} is {@code AUTO}
 * @param reservation of the request that made it; empty in servers of a former release
 * @param launchIndex its place among the servers of that request
 */
public record ServerLabels(
    SortedSet<String> tags,
    String accessIpV4,
    String accessIpV6,
    boolean autoDisk,
    Optional<String> reservation,
    int launchIndex) {
  public static final ServerLabels NONE =
      new ServerLabels(new TreeSet<>(), "", "", true, Optional.empty(), 0);

  public ServerLabels {
    tags = java.util.Collections.unmodifiableSortedSet(new TreeSet<>(tags));
  }
}
