package dev.tern.bench;

import dev.tern.conductor.asking.Agents;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.Arrived;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.KeyOffer;
import dev.tern.contract.agent.AgentResult.LayersWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.amqp.Asked;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Agents whose guests move as soon as they are told to, so that all that is left to measure is
 * Tern.
 */
final class InstantAgents implements Agents {
  private static final SourceFacts GUEST =
      new SourceFacts(
          "{}",
          "QEMU",
          7_002_000,
          "q35",
          "tcg",
          1,
          1,
          List.of(
              new DiskFacts(
                  "vda",
                  DiskKind.LOCAL,
                  "qcow2",
                  1L << 20,
                  1L << 20,
                  1L << 20,
                  Optional.empty(),
                  false,
                  Optional.empty(),
                  Optional.empty(),
                  Optional.of(List.of()))),
          List.of(),
          List.of(),
          false,
          Optional.empty(),
          true);

  /** Where each guest was before it moved. */
  private final Map<ServerId, HostName> left = new ConcurrentHashMap<>();

  /** Questions and answers. */
  final LongAdder messages = new LongAdder();

  @Override
  public Asked<AgentAnswer> ask(HostName host, AgentRequest request, Duration deadline) {
    messages.add(2);
    return new Asked.Answered<>(answer(host, request));
  }

  private AgentAnswer answer(HostName host, AgentRequest request) {
    return switch (request) {
      case AgentRequest.OfDisks _ ->
          new Refused(new Failure(ErrorCode.INSTANCE_INVALID_STATE, "there are no disks"));
      case AgentRequest.DescribeSource _ -> new Done(GUEST);
      case AgentRequest.AgreeOnKey _ -> new Done(new KeyOffer(Optional.empty()));
      case AgentRequest.SealSecrets _ -> new Done(new AgentResult.SealedSecrets(Map.of()));
      case AgentRequest.CheckDestination _ ->
          new Done(
              new DestinationFacts(
                  ".probe",
                  1,
                  2,
                  List.of(),
                  Optional.of(List.of()),
                  Optional.of(Map.of("vda", "/there/vda.qcow2"))));
      case AgentRequest.GatherLayers _ -> new Done(LayersWanted.none());
      case AgentRequest.StartIncoming _ ->
          new Done(
              new IncomingReady(
                  "127.0.0.2", 10809, 4444, Map.of("vda", "x"), true, Optional.empty()));
      case AgentRequest.HandOver asked -> {
        left.put(asked.header().server(), host);
        yield new Done(
            new HandedOver(true, "", Optional.empty(), Optional.empty(), Optional.of(true)));
      }
      case AgentRequest.AskGuest asked ->
          new Done(
              new GuestReport(
                  host.equals(left.get(asked.header().server()))
                      ? Runner.HANDED_OVER
                      : Runner.RUNNING,
                  asked.header().epoch(),
                  ""));
      case AgentRequest.AwaitArrival _ -> new Done(new Arrived(Optional.empty()));
      case AgentRequest.WantConsole _ -> new Done(new AgentResult.ConsoleWanted("here"));
      case AgentRequest.SealConsole _ -> new Done(new AgentResult.SealedConsole("a", "b"));
      default -> new Done(new Nothing());
    };
  }
}
