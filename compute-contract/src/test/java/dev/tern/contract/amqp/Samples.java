package dev.tern.contract.amqp;

import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.ConfigDrive;
import dev.tern.contract.agent.NbdExport;
import dev.tern.contract.agent.VolumeAddress;
import dev.tern.contract.conductor.ConductorMessage;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * One message of every type there is, found through the sealed interfaces; always the same ones.
 */
final class Samples {
  private static final UUID ID = UUID.fromString("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");

  /** What may stand alone on the wire. */
  static final List<Class<?>> KINDS =
      List.of(
          AgentRequest.class,
          AgentAnswer.class,
          SchedulerRequest.class,
          SchedulerAnswer.class,
          ConductorMessage.class,
          HostReport.class,
          HostQuestion.class,
          HostAnswer.class,
          MigrationProgress.class);

  private final boolean optionals;

  private Samples(boolean optionals) {
    this.optionals = optionals;
  }

  record Sample(Class<?> kind, String name, Object message) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Sample> all(boolean optionals) {
    Samples samples = new Samples(optionals);
    return KINDS.stream()
        .flatMap(kind -> samples.of(kind).map(s -> new Sample(kind, s.name(), s.message())));
  }

  private record Named(String name, Object message) {}

  /** Every variant of a kind, and of a sealed type that is its only content. */
  private Stream<Named> of(Class<?> kind) {
    return leaves(kind)
        .flatMap(leaf -> {
          String name =
              leaf == kind
                  ? kind.getSimpleName()
                  : kind.getSimpleName() + "." + leaf.getSimpleName();
          RecordComponent[] components = leaf.getRecordComponents();
          if (components.length == 1 && components[0].getType().isSealed()) {
            return leaves(components[0].getType())
                .map(inner ->
                    new Named(
                        name + "." + inner.getSimpleName(),
                        make(leaf, new Object[] {record(inner)})));
          }
          return Stream.of(new Named(name, record(leaf)));
        });
  }

  static Stream<Class<?>> leaves(Class<?> type) {
    return type.isSealed()
        ? Arrays.stream(type.getPermittedSubclasses()).flatMap(Samples::leaves)
        : Stream.of(type);
  }

  private Object record(Class<?> type) {
    return make(
        type,
        Arrays.stream(type.getRecordComponents()).map(c -> value(c.getGenericType())).toArray());
  }

  private static Object make(Class<?> type, Object[] values) {
    try {
      var constructor =
          type.getDeclaredConstructor(
              Arrays.stream(type.getRecordComponents())
                  .map(RecordComponent::getType)
                  .toArray(Class<?>[]::new));
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("no sample of " + type, e);
    }
  }

  private Object value(Type type) {
    if (type instanceof ParameterizedType generic) {
      Type[] arguments = generic.getActualTypeArguments();
      if (generic.getRawType() == Optional.class) {
        return optionals ? Optional.of(value(arguments[0])) : Optional.empty();
      }
      if (generic.getRawType() == List.class) {
        return List.of(value(arguments[0]));
      }
      if (generic.getRawType() == Map.class) {
        return Map.of(value(arguments[0]), value(arguments[1]));
      }
      throw new AssertionError("no sample of " + type);
    }
    return plain((Class<?>) type);
  }

  private Object plain(Class<?> type) {
    if (type == String.class) {
      return "text";
    } else if (type == int.class || type == Integer.class) {
      return 7_002_022;
    } else if (type == long.class || type == Long.class) {
      return 5_000_000_000L;
    } else if (type == double.class || type == Double.class) {
      return 0.5;
    } else if (type == boolean.class || type == Boolean.class) {
      return true;
    } else if (type == UUID.class) {
      return ID;
    } else if (type == Duration.class) {
      return Duration.ofMillis(1_500);
    } else if (type == Instant.class) {
      return Instant.parse("2026-01-02T03:04:05.678901Z");
    } else if (type == HostName.class) {
      return new HostName("host-1.example");
    } else if (type == VolumeAddress.class) {
      return new VolumeAddress("storage.example", 10_809, "volumes/1");
    } else if (type == NbdExport.class) {
      return new NbdExport("backup.example", 10_809, "disks/1");
    } else if (type == ConfigDrive.class) {
      return new ConfigDrive(Map.of("openstack/latest/meta_data.json", "e30="));
    } else if (type == RequestId.class) {
      return RequestId.of(ID);
    } else if (type.isEnum()) {
      return type.getEnumConstants()[0];
    } else if (type.isSealed()) {
      return record(leaves(type).findFirst().orElseThrow());
    } else if (type.isRecord()) {
      return record(type);
    }
    throw new AssertionError("no sample of " + type);
  }
}
