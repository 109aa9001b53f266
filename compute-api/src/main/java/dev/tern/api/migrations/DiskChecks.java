package dev.tern.api.migrations;

import dev.tern.api.disks.AskHost;
import dev.tern.api.request.ApiRequest;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.agent.AgentResult.Way;
import dev.tern.contract.move.DiskChoice;
import dev.tern.contract.move.DiskPlace;
import dev.tern.contract.move.DiskPlacing;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Map;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Holds the ways and places a request names against the disks its server has now. */
@Component
final class DiskChecks {
  private final AskHost host;

  DiskChecks(AskHost host) {
    this.host = host;
  }

  /**
   * Returns when each disk can go as asked, to where it was asked to.
   *
   * @throws ComputeException {@code INVALID_INPUT} naming the disk that cannot; {@code
   *     AGENT_NO_ANSWER} when the server's host does not say what disks it has
   */
  void requirePossible(
      ServerRecord server,
      Optional<Map<String, Way>> ways,
      Map<String, DiskPlace> places,
      ApiRequest request)
      throws InterruptedException {
    SourceFacts guest =
        host.ask(server, new DescribeSource(AskHost.header(server, request)), SourceFacts.class)
            .orElseThrow(() ->
                new ComputeException(
                    ErrorCode.AGENT_NO_ANSWER,
                    "The host of instance %s is still busy; try again later."
                        .formatted(server.id()),
                    null));
    var _ = DiskPlacing.placed(DiskChoice.planned(guest, ways), places);
  }
}
