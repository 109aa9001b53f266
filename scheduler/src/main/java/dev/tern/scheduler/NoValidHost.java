package dev.tern.scheduler;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.scheduler.Decision.Hint;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What is said when every host has a reason. */
final class NoValidHost {
  /** Reasons hold text from outside, so none may fill the message. */
  static final int LONGEST_REASON = 300;

  private static final String SHORT = "No valid host was found.";

  private NoValidHost() {}

  /**
   * One message with every host and its reason, in the order of {@code reasons}.
   *
   * @param named hosts named at most; the others are counted
   */
  static Failure failure(Map<HostName, Failure> reasons, int named) {
    return failure(reasons, named, reasons.size());
  }

  /** The same of {@code all} hosts, of which some have no reason here. */
  static Failure failure(Map<HostName, Failure> reasons, int named, int all) {
    return new Failure(ErrorCode.NO_VALID_HOST, SHORT + " " + list(reasons, named, all));
  }

  /** The same with the smallest change that would help. */
  static Failure hinting(Failure failure, List<Hint> hints) {
    return hints.isEmpty()
        ? failure
        : new Failure(failure.code(), "%s. %s.".formatted(strip(failure), hints.getFirst().text()));
  }

  private static String strip(Failure failure) {
    String message = failure.message();
    return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
  }

  private static String list(Map<HostName, Failure> reasons, int named, int all) {
    if (reasons.isEmpty()) {
      return "There are no hosts.";
    }
    String list =
        reasons.entrySet().stream()
            .limit(named)
            .map(reason -> reason.getKey() + ": " + brief(reason.getValue().message()))
            .collect(Collectors.joining("; "));
    return all <= named ? list : "%s; and %d more".formatted(list, all - named);
  }

  private static String brief(String message) {
    return message.length() <= LONGEST_REASON
        ? message
        : message.substring(0, LONGEST_REASON) + "…";
  }
}
