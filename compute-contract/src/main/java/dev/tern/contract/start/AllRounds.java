package dev.tern.contract.start;

import dev.tern.contract.Rounds;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Begins the rounds of a process once all its beans are there. A round that begins with its own
 * bean runs beside the making of the others, and asks for some of them (a transaction manager, on
 * its first transaction): several threads then make beans at once and wait for each other.
 */
public final class AllRounds implements SmartInitializingSingleton {
  private final ObjectProvider<Rounds> rounds;

  public AllRounds(ObjectProvider<Rounds> rounds) {
    this.rounds = rounds;
  }

  @Override
  public void afterSingletonsInstantiated() {
    rounds.forEach(Rounds::start);
  }
}
