package dev.tern.conductor.volume;

import dev.tern.conductor.saga.HandOver;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.VolumeThere;
import dev.tern.contract.amqp.Asked;
import java.time.Duration;

/**
 * The host of the server whose volume it is. What it refuses it has not done; until it has said
 * either, it is asked, because a volume that may be plugged in cannot be given to another server.
 */
public final class VolumeHost {
  /** A guest under heavy load needs seconds; one that does not listen never lets go. */
  private static final Duration LETTING_GO = Duration.ofSeconds(60);

  private final VolumeWork work;

  public VolumeHost(VolumeWork work) {
    this.work = work;
  }

  HandOver<VolumeFacts> attach(VolumeFacts facts) throws InterruptedException {
    return ask(facts, new AgentRequest.AttachVolume(work.header(), work.volume().volume()));
  }

  HandOver<VolumeFacts> detach(VolumeFacts facts) throws InterruptedException {
    return ask(
        facts, new AgentRequest.DetachVolume(work.header(), work.volume().volume(), LETTING_GO));
  }

  private HandOver<VolumeFacts> ask(VolumeFacts facts, AgentRequest request)
      throws InterruptedException {
    return switch (work.asking().once(facts.host(), request)) {
      case Asked.Answered(AgentAnswer.Done(AgentResult result)) ->
          new HandOver.Moved<>(
              result instanceof VolumeThere there ? facts.there(there.bytes()) : facts);
      case Asked.Answered(AgentAnswer.Working _) -> new HandOver.NotYet<>(facts);
      case Asked.Answered(AgentAnswer.Refused(Failure failure)) ->
          // Also when its user wants the server deleted: the agent broke off, and nobody knows.
          failure.code() == ErrorCode.MIGRATION_CANCELLED
              ? new HandOver.NotYet<>(facts)
              : new HandOver.Stayed<>(facts, failure);
      case Asked.NoAnswer(String reason, _) ->
          new HandOver.Unknown<>(facts, "its host is silent: " + reason);
    };
  }
}
