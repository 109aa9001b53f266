package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.ConsoleOutput;
import dev.tern.contract.agent.AgentResult.ConsoleWanted;
import dev.tern.contract.agent.AgentResult.Nothing;
import dev.tern.contract.agent.AgentResult.SealedConsole;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Console logs: shown, and taken along. What a guest said goes after it once it runs elsewhere,
 * when its source says no more, so that no line is missing and none is there twice. It travels in a
 * message, compressed and sealed with a key made for it: the migration's own has ended by then.
 *
 * <pre>
 *   destination: half made ── source: sealed with it ── destination: opened, kept
 * </pre>
 */
final class ConsoleMoves {
  private static final Logger log = LoggerFactory.getLogger(ConsoleMoves.class);
  private static final String NAME = "console log";
  private static final int REMEMBERED = 1_000;

  /** Compression makes some things a little longer. */
  private static final int LONGEST_SEALED = ConsoleLog.KEPT_BYTES + (64 << 10);

  private record Half(long epoch, KeyHalf key) {}

  private final Instances instances;
  private final SecureRandom random;

  /**
   * Halves that were told; in memory only, for one that is lost is made anew. Guarded by this
   * object's lock.
   */
  private final Map<ServerId, Half> halves = new LinkedHashMap<>();

  ConsoleMoves(Instances instances, SecureRandom random) {
    this.instances = instances;
    this.random = random;
  }

  /**
   * @throws ComputeException INSTANCE_INVALID_STATE while the guest is not here
   */
  ConsoleOutput read(Header header, Optional<Integer> lines) throws IOException {
    Instance instance = instances.of(header.server());
    requireHere(instance, "asked for its console");
    if (lines.isPresent() && lines.get() < 0) {
      throw Refusals.invalid("A console has no fewer lines than 0.");
    }
    ConsoleLog console = new ConsoleLog(instance.directory());
    return new ConsoleOutput(lines.isPresent() ? console.lines(lines.get()) : console.text());
  }

  private static void requireHere(Instance instance, String what) throws IOException {
    Standing standing = instance.standing();
    switch (standing.place()) {
      case DEFINED, RUNNING, STOPPED, SUSPENDED -> {}
      case NOTHING -> throw Refusals.absent(instance.server());
      case RECEIVING, INCOMING, HANDED_OVER, DEAD, RETIRED ->
          throw Refusals.wrongPlace(instance.server(), standing, what);
    }
  }

  ConsoleWanted want(Header header) throws IOException {
    requireHere(instances.of(header.server()), "sent its console");
    return new ConsoleWanted(half(header).publicHalf());
  }

  private synchronized KeyHalf half(Header header) {
    Half there = halves.remove(header.server());
    Half now =
        there != null && there.epoch() == header.epoch()
            ? there
            : new Half(header.epoch(), KeyHalf.made(random));
    halves.put(header.server(), now);
    if (halves.size() > REMEMBERED) {
      halves.remove(halves.keySet().iterator().next());
    }
    return now.key();
  }

  private synchronized Optional<KeyHalf> told(Header header) {
    return Optional.ofNullable(halves.get(header.server()))
        .filter(half -> half.epoch() == header.epoch())
        .map(Half::key);
  }

  SealedConsole seal(Header header, String peer) throws IOException {
    Instance instance = instances.of(header.server());
    Standing standing = instance.standing();
    switch (standing.place()) {
      // Only then has the guest said its last here.
      case HANDED_OVER -> {}
      case NOTHING -> throw Refusals.absent(header.server());
      case DEFINED, RUNNING, STOPPED, SUSPENDED, RECEIVING, INCOMING, DEAD, RETIRED ->
          throw Refusals.wrongPlace(header.server(), standing, "asked for what its guest said");
    }
    byte[] said = new ConsoleLog(instance.directory()).tail(ConsoleLog.KEPT_BYTES);
    KeyHalf half = KeyHalf.made(random);
    return new SealedConsole(
        half.publicHalf(),
        half.with(peer, StreamKeys.identity(header))
            .seal(NAME, compressed(said), LONGEST_SEALED, random));
  }

  Nothing keep(Header header, SealedConsole console) throws IOException {
    Instance instance = instances.of(header.server());
    requireHere(instance, "sent its console");
    KeyHalf half =
        told(header)
            .orElseThrow(() ->
                new ComputeException(
                    ErrorCode.INSTANCE_INVALID_STATE,
                    "No console log of server %s is wanted.".formatted(header.server()),
                    null));
    byte[] said =
        expanded(
            half.with(console.publicHalf(), StreamKeys.identity(header))
                .open(NAME, console.sealed(), LONGEST_SEALED));
    new ConsoleLog(instance.directory()).cameWith(said);
    log.atInfo()
        .addKeyValue("server", header.server())
        .addKeyValue("bytes", said.length)
        .log("console log came");
    return new Nothing();
  }

  private static byte[] compressed(byte[] plain) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(plain);
    }
    return packed.toByteArray();
  }

  private static byte[] expanded(byte[] packed) throws IOException {
    byte[] plain;
    try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(packed))) {
      plain = gzip.readNBytes(ConsoleLog.KEPT_BYTES + 1);
    } catch (java.util.zip.ZipException | java.io.EOFException _) {
      throw Refusals.invalid("The console log that came cannot be read.");
    }
    if (plain.length > ConsoleLog.KEPT_BYTES) {
      throw Refusals.invalid(
          "The console log that came is longer than %d bytes.".formatted(ConsoleLog.KEPT_BYTES));
    }
    return plain;
  }
}
