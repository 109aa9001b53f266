package dev.tern.api.servers;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.version.Change;
import dev.tern.contract.HostName;
import dev.tern.store.AggregateStore;
import dev.tern.store.ImageStore;
import dev.tern.store.ServerGroupStore;
import dev.tern.store.ServerStore.ServerRecord;
import dev.tern.store.VolumeStore;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/** What the views of servers are made from; one question for all servers of an answer. */
@Component
final class ServerViews {
  private final HostStatus hostStatus;
  private final ImageStore images;
  private final VolumeStore volumes;

  private final ServerGroupStore groups;
  private final AggregateStore aggregates;

  ServerViews(
      HostStatus hostStatus,
      ImageStore images,
      VolumeStore volumes,
      ServerGroupStore groups,
      AggregateStore aggregates) {
    this.hostStatus = hostStatus;
    this.images = images;
    this.volumes = volumes;
    this.groups = groups;
    this.aggregates = aggregates;
  }

  /** A view of these servers, or of the names of any. */
  ServerView of(ApiRequest request, List<ServerRecord> servers) {
    Set<HostName> hosts =
        servers.stream().flatMap(server -> server.host().stream()).collect(Collectors.toSet());
    return new ServerView(
        request,
        request.admin() && request.has(Change.SERVER_HOST_STATUS) ? hostStatus.of(hosts) : Map.of(),
        request.admin() && request.has(Change.SERVER_EXTENDED_ATTRIBUTES)
            ? images.find(servers.stream().map(ServerRecord::image).collect(Collectors.toSet()))
            : Map.of(),
        volumes.of(servers.stream().map(ServerRecord::id).toList()),
        aggregates.zones(hosts),
        id -> groups.of(List.of(id)).values());
  }
}
