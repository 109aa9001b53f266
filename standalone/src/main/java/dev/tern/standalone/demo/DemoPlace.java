package dev.tern.standalone.demo;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;

/**
 * Where the demo plays.
 *
 * @param api base URL
 * @param hostData each host's data directory, by host name, to read consoles and disks as an
 *     outsider
 * @param guest the directory of the built test guest
 * @param work for the demo's own files
 */
public record DemoPlace(URI api, Map<String, Path> hostData, Path guest, Path work) {
  public DemoPlace {
    hostData = Map.copyOf(hostData);
  }
}
