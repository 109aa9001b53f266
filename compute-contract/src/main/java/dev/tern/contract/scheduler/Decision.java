package dev.tern.contract.scheduler;

import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import java.util.List;
import java.util.Optional;

/**
 * Why a server goes where it goes, or nowhere.
 *
 * @param host the one chosen; empty when none will do
 * @param failure why none will do, in short
 * @param looked how many hosts were looked at
 * @param passed how many of them passed every filter
 * @param hosts those that passed, the best first, then those that were refused, the nearest first;
 *     of each kind no more than was asked for
 * @param refused how many hosts each filter refused; a host may be counted by several
 * @param wouldFit what would make a refused host fit, the smallest change first; empty of hosts
 *     that nothing helps
 */
public record Decision(
    ServerId server,
    Optional<HostName> host,
    Optional<Failure> failure,
    int looked,
    int passed,
    List<Verdict> hosts,
    List<Count> refused,
    List<Hint> wouldFit) {
  public Decision {
    hosts = List.copyOf(hosts);
    refused = List.copyOf(refused);
    wouldFit = List.copyOf(wouldFit);
  }

  /**
   * One host.
   *
   * @param refusals of every filter that is against it; it passed when there are none
   * @param scores of each weigher, when it passed
   * @param weight the sum of the points; the most wins, and the first by name of equal ones
   */
  public record Verdict(HostName host, List<Refusal> refusals, List<Score> scores, double weight) {
    public Verdict {
      refusals = List.copyOf(refusals);
      scores = List.copyOf(scores);
    }

    public boolean passes() {
      return refusals.isEmpty();
    }
  }

  /**
   * What one filter has against a host.
   *
   * @param needed what the server needs, with its unit
   * @param available what the host has, with its unit
   * @param fitsIf what would have to happen for this filter to pass the host, as the end of "fits
   *     if"; empty when nothing does
   */
  public record Refusal(
      String filter, Failure why, String needed, String available, Optional<String> fitsIf) {}

  /**
   * What one weigher says of a host.
   *
   * @param value what it found, in its own unit
   * @param points what that counts: between 0 and the weigher's multiplier, by where the value lies
   *     between the least and the most among the hosts that passed
   */
  public record Score(String weigher, double value, double points) {}

  /** How many hosts a filter refused. */
  public record Count(String filter, int hosts) {}

  /** "host-2 fits if 512 MiB of memory are freed". */
  public record Hint(HostName host, String text) {}
}
