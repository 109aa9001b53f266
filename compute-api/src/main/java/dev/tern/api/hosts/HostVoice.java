package dev.tern.api.hosts;

import dev.tern.api.ApiSettings;
import dev.tern.api.errors.HttpFailure;
import dev.tern.api.errors.Refusals;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion;
import dev.tern.store.HostStore;
import dev.tern.store.HostStore.HostRecord;
import java.time.Duration;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Hosts by name, and their answers with every way of not answering named. */
@Component
final class HostVoice {
  private final AskingHosts asking;
  private final HostStore hosts;
  private final ApiSettings settings;

  HostVoice(AskingHosts asking, HostStore hosts, ApiSettings settings) {
    this.asking = asking;
    this.hosts = hosts;
    this.settings = settings;
  }

  /**
   * The host of that name.
   *
   * @throws HttpFailure 404 when there is none
   */
  HostName named(String text) {
    return found(text).report().host();
  }

  /**
   * The host of that name, as it reported last.
   *
   * @throws HttpFailure 404 when there is none
   */
  HostRecord found(String text) {
    try {
      Optional<HostRecord> host = hosts.find(new HostName(text), settings.serviceDownAfter());
      if (host.isPresent()) {
        return host.get();
      }
    } catch (IllegalArgumentException _) {
      // No host has such a name.
    }
    throw new HttpFailure(
        404, "Compute host %s could not be found.".formatted(Refusals.shortened(text)));
  }

  /**
   * The answer to a question.
   *
   * @throws ComputeException what the host refused with; AGENT_NO_ANSWER (503) when nothing came
   *     within the deadline
   */
  <A extends HostAnswer> A say(
      HostName host, HostQuestion question, Class<A> answer, Duration deadline) {
    try {
      return switch (asking.ask(host, question, deadline)) {
        case Asked.Answered(HostAnswer.Refused(var failure)) ->
            throw new ComputeException(failure.code(), failure.message(), null);
        case Asked.Answered(HostAnswer said) -> {
          if (!answer.isInstance(said)) {
            throw new ComputeException(
                ErrorCode.UNEXPECTED, "Host %s answered another question.".formatted(host), null);
          }
          yield answer.cast(said);
        }
        case Asked.NoAnswer(String reason, _) ->
            throw new ComputeException(
                ErrorCode.AGENT_NO_ANSWER,
                "The agent of host %s gives no answer: %s.".formatted(host, reason),
                null);
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ComputeException(ErrorCode.AGENT_NO_ANSWER, "This API is stopping; ask again.", e);
    }
  }
}
