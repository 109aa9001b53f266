package dev.tern.conductor.migration;

import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentResult.GuestReport;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What the two hosts of a migration said last of its guest, and since when they say nothing: for
 * who has to find out by hand where the guest is. Of one thread.
 */
final class Testimony {
  private final InstantSource clock;
  private final Map<HostName, Said> said = new LinkedHashMap<>();

  /**
   * Of one host.
   *
   * @param last what it said of the guest, when it could say
   * @param silentSince while it does not answer
   * @param evasive why it cannot say, while it answers; empty otherwise
   */
  private record Said(Optional<GuestReport> last, Optional<Instant> silentSince, String evasive) {}

  Testimony(InstantSource clock) {
    this.clock = clock;
  }

  /** What came of asking the host. That nobody could be asked changes nothing. */
  Word heard(HostName host, Word word) {
    Said before = said.getOrDefault(host, new Said(Optional.empty(), Optional.empty(), ""));
    said.put(
        host,
        switch (word) {
          case Word.Said(GuestReport report) -> new Said(Optional.of(report), Optional.empty(), "");
          case Word.Evasive(String why) -> new Said(before.last(), Optional.empty(), why);
          case Word.Unasked _ -> before;
          case Word.Silent _ ->
              new Said(
                  before.last(),
                  before
                      .silentSince()
                      .or(() -> Optional.of(clock.instant().truncatedTo(ChronoUnit.SECONDS))),
                  "");
        });
    return word;
  }

  /** In sentences; the same as long as nothing changes. */
  String told(String why, MigrationFacts facts, HostName source) {
    StringBuilder text = new StringBuilder(why).append('.');
    said.forEach((host, words) -> {
      words
          .silentSince()
          .ifPresent(
              since -> text.append(" Host %s has not answered since %s.".formatted(host, since)));
      if (!words.evasive().isEmpty()) {
        text.append(" Host %s answers, but cannot say: %s.".formatted(host, words.evasive()));
      }
      text.append(' ').append(promise(host, words, facts, source));
    });
    return text.toString();
  }

  private static String promise(HostName host, Said words, MigrationFacts facts, HostName source) {
    if (words.last().isEmpty()) {
      return host.equals(source) && facts.handedOver().isPresent()
          ? "Host %s said last that it has sent all of the guest and does not run it."
              .formatted(host)
          : "What host %s promised last is not known.".formatted(host);
    }
    GuestReport report = words.last().get();
    String detail = report.detail().isEmpty() ? "" : " (%s)".formatted(report.detail());
    return "Host %s said last that %s%s."
        .formatted(
            host,
            switch (report.runner()) {
              case RUNNING -> "the guest runs there";
              case PAUSED -> "the guest is there, paused";
              case SUSPENDED -> "the guest is there, suspended";
              case STOPPED -> "the server is there, without a process";
              case INCOMING -> "its copy waits for the guest";
              case HANDED_OVER -> "it has handed the guest over and keeps it paused";
              case DEAD -> "its copy is dead and stays dead";
              case ABSENT -> "it has nothing of the guest";
              case BROKEN -> "the guest is broken there";
              case UNKNOWN -> "it cannot tell what it has";
            },
            detail);
  }
}
