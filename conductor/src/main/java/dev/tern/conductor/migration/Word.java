package dev.tern.conductor.migration;

import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.amqp.Asked;
import java.util.Optional;

/**
 * What came of asking a host what it has of the guest. Only {@link Silent} may be taken for a host
 * that is dead, and only with somebody's statement that it is.
 */
sealed interface Word {
  /** In a few words, to follow the host's name. */
  String told();

  /** What it says of the guest, if it says anything. */
  default Optional<GuestReport> report() {
    return Optional.empty();
  }

  /** It says what it has. */
  record Said(GuestReport of) implements Word {
    @Override
    public Optional<GuestReport> report() {
      return Optional.of(of);
    }

    @Override
    public String told() {
      return "says %s".formatted(of.runner());
    }
  }

  /** Its agent is alive, and cannot say. */
  record Evasive(String why) implements Word {
    @Override
    public String told() {
      return "cannot say (%s)".formatted(why);
    }
  }

  /** Nobody could be asked: that says nothing of the host. */
  record Unasked(String why) implements Word {
    @Override
    public String told() {
      return "cannot be asked (%s)".formatted(why);
    }
  }

  /** It was asked, and did not answer in time. */
  record Silent(String why) implements Word {
    @Override
    public String told() {
      return "is silent (%s)".formatted(why);
    }
  }

  static Word of(Asked<AgentAnswer> asked) {
    return switch (asked) {
      case Asked.Answered(AgentAnswer.Done(GuestReport report)) -> new Said(report);
      case Asked.Answered(AgentAnswer.Done _) -> new Evasive("an answer made no sense");
      case Asked.Answered(AgentAnswer.Working(String what)) -> new Evasive(what);
      case Asked.Answered(AgentAnswer.Refused(var failure)) -> new Evasive(failure.message());
      case Asked.NoAnswer(String reason, Asked.Cause cause) ->
          switch (cause) {
            case SILENT -> new Silent(reason);
            case NO_BROKER -> new Unasked(reason);
            case NOT_UNDERSTOOD -> new Evasive(reason);
          };
    };
  }
}
