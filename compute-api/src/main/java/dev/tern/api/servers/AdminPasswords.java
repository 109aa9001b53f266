package dev.tern.api.servers;

import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/** Passwords of those who name none: letters and digits that nobody takes for each other. */
@Component
public final class AdminPasswords {
  private static final int LENGTH = 12;
  private static final String LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

  private final RandomGenerator random = RandomGenerator.of("SecureRandom");

  /** Another one each time. */
  public String next() {
    return random
        .ints(LENGTH, 0, LETTERS.length())
        .mapToObj(i -> String.valueOf(LETTERS.charAt(i)))
        .collect(Collectors.joining());
  }
}
