package dev.tern.client.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(name = "domblklist", description = "The disks of a server, as its host has them.")
final class DomBlkList extends Verb {
  @Parameters(paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Override
  public Integer call() throws IOException, InterruptedException {
    JsonNode disks = server(server).disks();
    if (json()) {
      screen().json(JsonMapper.shared().createObjectNode().set("disks", disks));
      return DONE;
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode disk : disks) {
      rows.add(
          List.of(
              Facts.text(disk, "id"),
              Facts.text(disk, "format"),
              Facts.size(disk, "virtual_bytes"),
              Facts.size(disk, "allocated_bytes"),
              Facts.text(disk, "storage"),
              Facts.text(disk, "file")));
    }
    screen().table(List.of("DISK", "FORMAT", "CAPACITY", "ALLOCATED", "STORAGE", "SOURCE"), rows);
    return DONE;
  }
}
