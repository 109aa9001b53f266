package dev.tern.api;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.Disk;
import dev.tern.contract.agent.AgentResult.DiskFacts;
import dev.tern.contract.agent.AgentResult.DiskKind;
import dev.tern.contract.agent.AgentResult.DiskReport;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.Decision.Count;
import dev.tern.contract.scheduler.Decision.Hint;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.contract.scheduler.Decision.Score;
import dev.tern.contract.scheduler.Decision.Verdict;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerAnswer.Planned;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import java.util.List;
import java.util.Optional;

/** What hosts and schedulers say of a guest that could move. */
final class Outlooks {
  private static final long GIB = 1L << 30;

  private Outlooks() {}

  static SourceFacts guest() {
    return new SourceFacts(
        "{}",
        "QEMU",
        7_002_000,
        "q35",
        "tcg",
        1,
        512,
        List.of(
            new DiskFacts(
                "disk0",
                DiskKind.LOCAL,
                "qcow2",
                10 * GIB,
                2 * GIB,
                0,
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
  }

  static DiskReport disks() {
    return new DiskReport(
        List.of(
            new Disk(
                "disk0",
                Optional.of("node0"),
                "/data/instances/x/disk0.qcow2",
                Optional.empty(),
                "qcow2",
                "none",
                Optional.of("/machine/peripheral/disk0"),
                10 * GIB,
                2 * GIB)));
  }

  static HostAnswer arrival() {
    return new HostAnswer.ArrivalChecked(
        new DestinationFacts("", 10, 100, List.of(), Optional.of(List.of()), Optional.empty()));
  }

  /** Where they would go: there, and from there home again. */
  static SchedulerAnswer planned(PlanHosts question, HostName there) {
    return new Planned(
        question.servers().stream()
            .map(wanted ->
                new Decision(
                    wanted.server(),
                    Optional.of(wanted.requested().orElse(there)),
                    Optional.empty(),
                    1,
                    1,
                    List.of(new Verdict(there, List.of(), List.of(), 1)),
                    List.of(),
                    List.of()))
            .toList());
  }

  static Decision decision(ServerId server) {
    HostName chosen = new HostName("host-2");
    HostName second = new HostName("host-1");
    HostName refused = new HostName("host-3");
    return new Decision(
        server,
        Optional.of(chosen),
        Optional.empty(),
        3,
        2,
        List.of(
            new Verdict(
                chosen,
                List.of(),
                List.of(new Score("RAMWeigher", 12_288, 1), new Score("ImageWeigher", 0, 0.5)),
                1.5),
            new Verdict(second, List.of(), List.of(new Score("RAMWeigher", 4_096, 0.33)), 0.33),
            new Verdict(
                refused,
                List.of(
                    new Refusal(
                        "RamFilter",
                        new Failure(
                            ErrorCode.DESTINATION_LACKS_MEMORY,
                            "Host host-3 has too little free memory."),
                        "1024 MiB",
                        "512 MiB",
                        Optional.of("512 MiB of memory are freed"))),
                List.of(),
                0)),
        List.of(new Count("RamFilter", 1)),
        List.of(new Hint(refused, "host-3 fits if 512 MiB of memory are freed")));
  }
}
