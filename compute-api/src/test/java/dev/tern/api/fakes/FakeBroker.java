package dev.tern.api.fakes;

import dev.tern.api.deadletters.Resending;
import dev.tern.contract.amqp.Undelivered;
import dev.tern.contract.dead.DeadLetter;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/** A broker that takes what is sent to a queue of {@code tern}, or does not. */
public final class FakeBroker implements Resending {
  public final AtomicBoolean accepting = new AtomicBoolean(true);
  public final List<DeadLetter> sent = new CopyOnWriteArrayList<>();

  public void clear() {
    accepting.set(true);
    sent.clear();
  }

  @Override
  public boolean reachable(DeadLetter letter) {
    return letter.queue().startsWith("tern.") && !letter.queue().equals("tern.dead");
  }

  @Override
  public void send(DeadLetter letter) throws Undelivered {
    if (!letter.whole() || !reachable(letter)) {
      throw new IllegalArgumentException("this cannot be sent again: " + letter);
    }
    if (!accepting.get()) {
      throw new Undelivered("there is no broker", null);
    }
    sent.add(letter);
  }
}
