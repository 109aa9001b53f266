package dev.tern.client.command;

import dev.tern.client.NoAnswerException;
import dev.tern.client.RefusedException;
import dev.tern.client.Server;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "show",
    aliases = {"dominfo", "dumpxml"},
    description =
        "A server and its disks. There is no XML: with --json, and as dumpxml, the definition as JSON.")
final class ShowServer extends Verb {
  private static final String[] POWER = {
    "no state", "running", "1", "paused", "shut down", "5", "crashed", "suspended"
  };

  @Parameters(paramLabel = "SERVER", description = "Its id, or its name.")
  @SuppressWarnings("NullAway.Init")
  private String server;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Server found = server(server);
    @Nullable JsonNode disks = null;
    String unknown = "";
    try {
      disks = found.disks();
    } catch (RefusedException | NoAnswerException e) {
      // A server without a host, or whose host is away, is shown all the same.
      unknown = Client.message(e);
    }
    if (json()) {
      screen().json(whole(found.facts(), disks));
    } else {
      screen().facts(facts(found.facts(), disks, unknown));
    }
    return DONE;
  }

  private static JsonNode whole(JsonNode server, @Nullable JsonNode disks) {
    return JsonMapper.shared().createObjectNode().set("server", server).set("disks", disks);
  }

  private static Map<String, String> facts(
      JsonNode server, @Nullable JsonNode disks, String unknown) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("id", Facts.text(server, "id"));
    facts.put("name", Facts.text(server, "name"));
    facts.put("status", Facts.text(server, "status"));
    facts.put("task", Facts.text(server, "OS-EXT-STS:task_state"));
    facts.put("power", power(server));
    facts.put("host", Facts.text(server, "OS-EXT-SRV-ATTR:host"));
    facts.put("progress", Facts.text(server, "progress"));
    facts.put("project", Facts.text(server, "tenant_id"));
    JsonNode flavor = server.path("flavor");
    facts.put(
        "flavor",
        "%s: %s vCPUs, %s MiB, %s GiB"
            .formatted(
                Facts.text(flavor, "original_name"),
                Facts.text(flavor, "vcpus"),
                Facts.text(flavor, "ram"),
                Facts.text(flavor, "disk")));
    facts.put("image", Facts.text(server.path("image"), "id"));
    facts.put("created", Facts.text(server, "created"));
    for (JsonNode volume : server.path("os-extended-volumes:volumes_attached")) {
      facts.put("volume " + Facts.text(volume, "id"), "attached");
    }
    if (disks == null) {
      facts.put("disks", "unknown: " + unknown);
    } else {
      disks.forEach(disk -> facts.put(Facts.text(disk, "id"), disk(disk)));
    }
    if (server.path("fault").isObject()) {
      facts.put("fault", Facts.text(server.path("fault"), "message"));
    }
    return facts;
  }

  private static String disk(JsonNode disk) {
    return "%s, %s, %s allocated, %s"
        .formatted(
            Facts.text(disk, "format"),
            Facts.size(disk, "virtual_bytes"),
            Facts.size(disk, "allocated_bytes"),
            Facts.text(disk, "file"));
  }

  private static String power(JsonNode server) {
    int state = server.path("OS-EXT-STS:power_state").asInt(0);
    return state >= 0 && state < POWER.length ? POWER[state] : Integer.toString(state);
  }
}
