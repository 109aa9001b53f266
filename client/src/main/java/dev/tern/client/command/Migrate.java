package dev.tern.client.command;

import dev.tern.client.Server;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "migrate", description = "Migrate a running server with its local disks.")
final class Migrate extends Verb {
  @Parameters(paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Option(
      names = {"--host", "--dest"},
      paramLabel = "HOST",
      description = "Where to; else where there is room.")
  private @Nullable String host;

  @Option(names = "--live", description = "As in virsh: it is always live.")
  @SuppressWarnings("UnusedVariable")
  private boolean live;

  @Option(
      names = {"--block-migrate", "--copy-storage-all"},
      description = "Refuse when there is no local disk to copy.")
  private boolean blockMigrate;

  @Option(
      names = {"--disks", "--migrate-disks"},
      split = ",",
      paramLabel = "DISK=WAY",
      description = "The way of each local disk: full, top or chain.")
  private @Nullable Map<String, String> disks;

  @Option(
      names = "--place",
      split = ",",
      paramLabel = "DISK=PLACE",
      description = "Where a disk's file is put there: STORAGE/NAME, STORAGE/ or NAME.")
  private @Nullable Map<String, String> places;

  @Mixin private final PolicyOptions policy = new PolicyOptions();

  @Option(
      names = {"--channels", "--parallel-connections"},
      paramLabel = "N",
      description = "Streams for the memory; 0 is a single one.")
  private @Nullable Integer channels;

  @Option(
      names = {"--compression", "--comp-methods"},
      paramLabel = "HOW",
      description = "none, xbzrle or zstd.")
  private @Nullable String compression;

  @Option(
      names = {"--block-writes", "--copy-storage-synchronous-writes"},
      description = "Writes to disks wait for both sides.")
  private boolean blockWrites;

  @Option(names = "--tunnelled", hidden = true)
  private boolean tunnelled;

  @Mixin private final WaitOptions wait = new WaitOptions();

  @Override
  public Integer call() throws IOException, InterruptedException {
    Map<String, @Nullable Object> wishes = wishes();
    wait.longest();
    Server found = server(server);
    return new Follow(this, found, found.migrate(wishes)).started(wait);
  }

  private Map<String, @Nullable Object> wishes() {
    Map<String, @Nullable Object> wishes = new LinkedHashMap<>();
    if (host != null) {
      wishes.put("host", host);
    }
    if (blockMigrate) {
      wishes.put("block_migration", true);
    }
    if (tunnelled) {
      wishes.put("tunnelled", true);
    }
    if (disks != null) {
      wishes.put("disks", new HashMap<>(disks));
    }
    if (places != null) {
      Map<String, Object> overridden = new LinkedHashMap<>();
      places.forEach((disk, place) -> overridden.put(disk, place(place)));
      wishes.put("overrides", Map.of("disks", overridden));
    }
    if (!policy.body().isEmpty()) {
      wishes.put("policy", policy.body());
    }
    Map<String, Object> streams = streams();
    if (!streams.isEmpty()) {
      wishes.put("streams", streams);
    }
    return wishes;
  }

  private static Map<String, Object> place(String place) {
    Map<String, Object> parts = new LinkedHashMap<>();
    int slash = place.indexOf('/');
    if (slash >= 0) {
      parts.put("storage", place.substring(0, slash));
    }
    String name = place.substring(slash + 1);
    if (slash < 0 || !name.isEmpty()) {
      parts.put("name", name);
    }
    return parts;
  }

  private Map<String, Object> streams() {
    Map<String, Object> streams = new LinkedHashMap<>();
    if (channels != null) {
      streams.put("channels", channels);
    }
    if (compression != null) {
      streams.put("compression", compression);
    }
    if (blockWrites) {
      streams.put("block_writes", true);
    }
    return streams;
  }
}
