package dev.tern.client.command;

import dev.tern.client.Migration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

@Command(
    name = "receipt",
    description =
        "What a migration made on each host, and what became of it. Exits 1 when it is over and not all of it is in use or gone.")
final class ShowReceipt extends Verb {
  @Parameters(paramLabel = "MIGRATION", description = "Its UUID.")
  @SuppressWarnings("NullAway.Init")
  private String migration;

  @Override
  public Integer call() throws IOException, InterruptedException {
    JsonNode receipt = tern().migration(migration).receipt();
    boolean settled = receipt.path("settled").asBoolean(false);
    if (json()) {
      screen().json(receipt);
    } else {
      show(receipt);
      tellWay(receipt);
      screen()
          .line(
              "migration %s is %s; %s"
                  .formatted(
                      Facts.text(receipt, "migration"),
                      Facts.text(receipt, "status"),
                      settled ? "all of it is in use or gone" : "not all of it is settled"));
    }
    return settled || !Migration.isOver(receipt) ? DONE : FAILED;
  }

  /** Of one that went without its guest. */
  private void tellWay(JsonNode receipt) {
    JsonNode moved = receipt.path("moved");
    if (!moved.isObject()) {
      return;
    }
    screen()
        .line(
            "%s of server %s from %s to %s"
                .formatted(
                    Facts.text(receipt, "kind"),
                    Facts.text(moved, "server"),
                    Facts.text(moved, "from"),
                    Facts.text(moved, "to")));
    if (moved.has("bytes")) {
      screen()
          .line(
              "%s in %s s, down for %s ms, tries: %s"
                  .formatted(
                      Facts.size(moved, "bytes"),
                      Facts.text(moved, "seconds"),
                      Facts.text(moved, "down_millis"),
                      Facts.text(moved, "tries")));
      moved
          .path("verified")
          .path("disks")
          .forEach(disk ->
              screen()
                  .line(
                      "compared: %s sha256 %s"
                          .formatted(Facts.text(disk, "disk"), Facts.text(disk, "sha256"))));
    }
    JsonNode rebuilt = receipt.path("rebuilt");
    if (rebuilt.isObject()) {
      screen().line("made anew from image " + Facts.text(rebuilt, "image"));
      screen().line("! not read: " + Facts.text(rebuilt, "not_read"));
    }
    if (receipt.path("failure").isObject()) {
      screen().line("! " + Facts.text(receipt.path("failure"), "message"));
    }
  }

  private void show(JsonNode receipt) {
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode object : receipt.path("objects")) {
      rows.add(
          List.of(
              Facts.text(object, "host"),
              Facts.text(object, "kind"),
              Facts.text(object, "state"),
              Facts.text(object, "name"),
              Facts.text(object, "why")));
    }
    screen().table(List.of("HOST", "KIND", "STATE", "NAME", "WHY"), rows);
    for (JsonNode host : receipt.path("hosts")) {
      if (host.path("answers").isBoolean() && !host.path("answers").asBoolean()) {
        screen().note("host %s does not answer".formatted(Facts.text(host, "host")));
      }
    }
  }
}
