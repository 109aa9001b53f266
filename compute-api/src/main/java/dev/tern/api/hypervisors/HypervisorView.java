package dev.tern.api.hypervisors;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Json;
import dev.tern.api.version.Change;
import dev.tern.contract.ServerId;
import dev.tern.contract.host.HostReport;
import dev.tern.store.HostStore.HostRecord;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Hosts as hypervisors, in the shape of the request's version. */
final class HypervisorView {
  private static final long GIB = 1L << 30;

  private HypervisorView() {}

  static boolean up(HostRecord host) {
    return host.up() && !host.forcedDown();
  }

  static ObjectNode brief(HostRecord host, ApiRequest request) {
    ObjectNode view = Json.object();
    if (request.has(Change.UUIDS_OF_SERVICES)) {
      view.put("id", host.uuid().toString());
    } else {
      view.put("id", host.number());
    }
    return view.put("hypervisor_hostname", host.report().host().value())
        .put("state", up(host) ? "up" : "down")
        .put("status", host.disabled() ? "disabled" : "enabled");
  }

  static ObjectNode full(HostRecord host, ApiRequest request) {
    ObjectNode view = brief(host, request);
    HostReport report = host.report();
    boolean trimmed = request.has(Change.HYPERVISOR_TRIMMED);
    view.put("hypervisor_type", report.hypervisorType())
        .put("hypervisor_version", report.hypervisorVersion())
        .put("host_ip", report.migrationAddress());
    ObjectNode service = view.putObject("service");
    if (request.has(Change.UUIDS_OF_SERVICES)) {
      service.put("id", host.serviceUuid().toString());
    } else {
      service.put("id", host.number());
    }
    service.put("host", report.host().value());
    Json.putOrNull(service, "disabled_reason", host.disabledReason().orElse(null));
    if (trimmed) {
      Json.putOrNull(view, "uptime", up(host) ? report.uptime() : null);
      return view;
    }
    ObjectNode cpu = cpu(report);
    if (request.has(Change.HYPERVISOR_CPU_OBJECT)) {
      view.set("cpu_info", cpu);
    } else {
      view.put("cpu_info", cpu.toString());
    }
    return figures(view, Totals.of(host)).put("disk_available_least", freeGib(report));
  }

  static ObjectNode figures(ObjectNode view, Totals totals) {
    return view.put("vcpus", totals.vcpus())
        .put("vcpus_used", totals.vcpusUsed())
        .put("memory_mb", totals.memoryMib())
        .put("memory_mb_used", totals.memoryMibUsed())
        .put("free_ram_mb", totals.memoryMib() - totals.memoryMibUsed())
        .put("local_gb", totals.diskGib())
        .put("local_gb_used", totals.diskGibUsed())
        .put("free_disk_gb", totals.diskGib() - totals.diskGibUsed())
        .put("current_workload", totals.migrations())
        .put("running_vms", totals.servers());
  }

  static void servers(ObjectNode view, List<ServerId> servers, ApiRequest request) {
    if (servers.isEmpty() && request.version().before(Change.STRICT)) {
      return;
    }
    ArrayNode items = view.putArray("servers");
    servers.forEach(server ->
        items
            .addObject()
            .put("name", "instance-%.8s".formatted(server))
            .put("uuid", server.toString()));
  }

  static long freeGib(HostReport report) {
    return report.diskFreeBytes() / GIB;
  }

  private static ObjectNode cpu(HostReport report) {
    ObjectNode cpu =
        Json.object()
            .put("arch", "x86_64")
            .put("model", report.cpuModels().isEmpty() ? "qemu64" : report.cpuModels().getFirst())
            .put("vendor", "unknown");
    cpu.putArray("features");
    cpu.putObject("topology").put("sockets", 1).put("cores", report.vcpus()).put("threads", 1);
    return cpu;
  }

  /** Figures of one host, or of several together. */
  record Totals(
      int hosts,
      long vcpus,
      long vcpusUsed,
      long memoryMib,
      long memoryMibUsed,
      long diskGib,
      long diskGibUsed,
      long diskGibFree,
      long migrations,
      long servers) {
    static final Totals NONE = new Totals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    static Totals of(HostRecord host) {
      HostReport report = host.report();
      return new Totals(
          1,
          report.vcpus(),
          host.claimed().vcpus(),
          report.memoryMib(),
          host.claimed().memoryMib(),
          report.diskTotalBytes() / GIB,
          host.claimed().diskBytes() / GIB,
          freeGib(report),
          host.activeMigrations(),
          host.runningServers());
    }

    Totals plus(Totals other) {
      return new Totals(
          hosts + other.hosts,
          vcpus + other.vcpus,
          vcpusUsed + other.vcpusUsed,
          memoryMib + other.memoryMib,
          memoryMibUsed + other.memoryMibUsed,
          diskGib + other.diskGib,
          diskGibUsed + other.diskGibUsed,
          diskGibFree + other.diskGibFree,
          migrations + other.migrations,
          servers + other.servers);
    }
  }
}
