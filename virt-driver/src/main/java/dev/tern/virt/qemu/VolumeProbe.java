package dev.tern.virt.qemu;

import dev.tern.virt.VirtException;
import dev.tern.virt.VirtException.Kind;
import dev.tern.virt.disk.Tool;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Looks at a volume from this host, as QEMU would connect to it, and before QEMU does. */
final class VolumeProbe {
  private static final JsonMapper JSON = new JsonMapper();

  private final QemuSettings settings;

  VolumeProbe(QemuSettings settings) {
    this.settings = settings;
  }

  /** Its size. Opened read-only and as raw: what it holds is never looked at. */
  long bytes(String host, int port, String export) throws VirtException {
    String url =
        "nbd://%s:%d/%s".formatted(host.contains(":") ? "[" + host + "]" : host, port, export);
    try {
      String said =
          Tool.run(
              List.of(settings.qemuImg(), "info", "--output=json", node(host, port, export)),
              settings.runtime(),
              settings.deadlines().query());
      return size(said);
    } catch (VirtException e) {
      // Too late is no different: QEMU would hold the guest for as long.
      throw new VirtException(
          Kind.REFUSED, "The volume %s cannot be reached: %s".formatted(url, e.getMessage()), e);
    }
  }

  private static String node(String host, int port, String export) {
    ObjectNode raw = JSON.createObjectNode().put("driver", "raw");
    ObjectNode nbd = raw.putObject("file").put("driver", "nbd").put("export", export);
    nbd.putObject("server").put("type", "inet").put("host", host).put("port", "" + port);
    return "json:" + raw;
  }

  private static long size(String said) throws VirtException {
    try {
      JsonNode size = JSON.readTree(said).path("virtual-size");
      if (size.canConvertToLong() && size.longValue() > 0) {
        return size.longValue();
      }
    } catch (JacksonException e) {
      throw new VirtException(Kind.REFUSED, "qemu-img says what cannot be read.", e);
    }
    throw new VirtException(Kind.REFUSED, "it has no size.", null);
  }
}
