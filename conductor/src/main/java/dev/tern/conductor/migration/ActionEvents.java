package dev.tern.conductor.migration;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.store.ActionStore;
import java.util.Optional;

/**
 * The events of the request's instance action, by Nova's names, for those who watch from outside.
 */
public final class ActionEvents {
  private final ActionStore actions;
  private final ServerId server;
  private final RequestId request;

  public ActionEvents(ActionStore actions, ServerId server, RequestId request) {
    this.actions = actions;
    this.server = server;
    this.request = request;
  }

  /** Work that is an event of its own. */
  @FunctionalInterface
  public interface Work<T> {
    T run() throws StepFailed, InterruptedException;
  }

  /** Opens the event, does the work, and closes the event with what came of it. */
  public <T> T during(String event, HostName host, Work<T> work)
      throws StepFailed, InterruptedException {
    T done = opening(event, host, work);
    ended(event);
    return done;
  }

  /** The same, but the event stays open when the work is done: its next part follows. */
  public <T> T opening(String event, HostName host, Work<T> work)
      throws StepFailed, InterruptedException {
    actions.begin(server, request, event, Optional.of(host));
    try {
      return work.run();
    } catch (StepFailed failed) {
      failed(event, failed.failure().message());
      throw failed;
    }
  }

  /** Closes an event that went well. */
  public void ended(String event) {
    actions.end(server, request, event, Optional.empty());
  }

  /** Closes an event that did not. */
  public void failed(String event, String why) {
    actions.end(server, request, event, Optional.of(why));
  }
}
