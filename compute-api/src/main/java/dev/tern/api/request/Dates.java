package dev.tern.api.request;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** Nova's two ways of writing a time, both UTC. */
public final class Dates {
  private static final DateTimeFormatter MICROS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final List<Function<String, Instant>> FORMS =
      List.of(
          text -> OffsetDateTime.parse(text).toInstant(),
          text -> LocalDateTime.parse(text).toInstant(ZoneOffset.UTC),
          text -> LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC));

  private Dates() {}

  /** {@code 2026-08-01T10:00:00Z}: created, updated and faults of servers. */
  public static String seconds(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** {@code 2026-08-01T10:00:00.000000}: everything else. */
  public static String micros(Instant instant) {
    return MICROS.format(instant);
  }

  /**
   * ISO 8601 with or without a zone; a blank is a {@code T}, or a plus sign that was not encoded.
   */
  public static Optional<Instant> parse(String text) {
    String iso = text.strip().replaceFirst(" (\\d\\d:\\d\\d)$", "+$1").replace(' ', 'T');
    return FORMS.stream().flatMap(form -> attempt(form, iso).stream()).findFirst();
  }

  private static Optional<Instant> attempt(Function<String, Instant> form, String iso) {
    try {
      return Optional.of(form.apply(iso));
    } catch (DateTimeException notOfThisForm) {
      return Optional.empty();
    }
  }
}
