package dev.tern.client.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(name = "disk-chain", description = "The layers of a disk, the uppermost first.")
final class DiskChain extends Verb {
  @Parameters(index = "0", paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Parameters(index = "1", paramLabel = "DISK", description = "As domblklist names it.")
  @SuppressWarnings("NullAway.Init")
  private String disk;

  @Override
  public Integer call() throws IOException, InterruptedException {
    JsonNode chain = server(server).chain(disk);
    if (json()) {
      screen().json(chain);
      return DONE;
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode layer : chain.path("layers")) {
      rows.add(
          List.of(
              Facts.text(layer, "format"),
              Facts.size(layer, "virtual_bytes"),
              Facts.size(layer, "allocated_bytes"),
              Facts.text(layer, "sha256"),
              Facts.text(layer, "file")));
    }
    screen().table(List.of("FORMAT", "CAPACITY", "ALLOCATED", "SHA256", "SOURCE"), rows);
    return DONE;
  }
}
