package dev.tern.scheduler.filter;

import static dev.tern.scheduler.Asking.boot;
import static dev.tern.scheduler.Asking.migration;
import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.Resources;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.scheduler.Asking;
import dev.tern.scheduler.SampleHost;
import dev.tern.scheduler.filter.HostState.Membership;
import dev.tern.store.PlacementRules;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A host filter")
class HostFilterTest {
  private static final Ratios ONE_TO_ONE = new Ratios(1.0, 512, 16.0, 1.0);
  private static final long GB = 1_000_000_000L;
  private static final String SERVER = Asking.SERVER.toString();

  private static Optional<Failure> refusal(Ratios ratios, SampleHost host, Asking asking) {
    HostState state = HostState.of(host.record(), Membership.NONE, ratios);
    RequestSpec spec =
        new RequestSpec(asking.question().wanted(), PlacementRules.NONE, Optional.empty());
    return HostFilter.all().stream()
        .filter(filter -> !PropertyFiltersTest.passes(filter, state, spec))
        .flatMap(filter -> filter.refusal(state, spec).stream())
        .map(Refusal::why)
        .findFirst();
  }

  static Stream<Arguments> hostsThatWillDo() {
    return Stream.of(
        arguments("as it is, for a new server", host(2), boot(1)),
        arguments("as it is, for a guest", host(2), migration()),
        arguments("the source's name is no matter to a new server", host(1), boot(1)),
        arguments("newer QEMU", host(2).hypervisor("QEMU", 9_000_000), migration()),
        arguments("newer by a micro version", host(2).hypervisor("QEMU", 7_002_001), migration()),
        arguments("anything, for a new server", host(2).hypervisor("Xen", 1), boot(1)),
        arguments("lacks a command, for a new server", host(2).lacks("block-export-add"), boot(1)),
        arguments("memory to the last MiB", host(2).memoryMib(1_536), migration()),
        arguments("disk to the last byte", host(2).disk(10 * GB, 10 * GB), migration()),
        arguments("vcpus to the last", host(2).claimed(62, 0, 0), migration()),
        arguments(
            "a disk of 0 bytes on a full host", host(2).disk(GB, 0), boot(1).share(1, 64, 0)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hostsThatWillDo")
  @Tag("S157")
  void lets_a_host_pass(String why, SampleHost host, Asking asking) {
    assertThat(refusal(ONE_TO_ONE, host, asking)).isEmpty();
  }

  static Stream<Arguments> hostsThatWillNot() {
    String cannot = "Unable to migrate " + SERVER + " to host-2: ";
    return Stream.of(
        arguments(
            host(1),
            migration(),
            ErrorCode.UNABLE_TO_MIGRATE_TO_SELF,
            "Unable to migrate instance (" + SERVER + ") to current host (host-1)."),
        arguments(
            host(2).down(),
            migration(),
            ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
            "Compute service of host-2 is unavailable at this time."),
        arguments(
            host(2).forcedDown(),
            boot(1),
            ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
            "Compute service of host-2 is unavailable at this time."),
        arguments(
            host(2).disabled("new fan"),
            boot(1),
            ErrorCode.COMPUTE_SERVICE_UNAVAILABLE,
            "Compute service of host-2 is disabled (new fan) and takes no servers."),
        arguments(
            host(2).hypervisor("Xen", 7_002_000),
            migration(),
            ErrorCode.INVALID_HYPERVISOR_TYPE,
            cannot + "the hypervisor there is Xen, the guest needs QEMU."),
        arguments(
            host(2).hypervisor("VMware vCenter Server", 8_000_000),
            migration(),
            ErrorCode.INVALID_HYPERVISOR_TYPE,
            cannot + "the hypervisor there is VMware vCenter Server, the guest needs QEMU."),
        arguments(
            host(2).hypervisor("QEMU", 7_001_011),
            migration(),
            ErrorCode.DESTINATION_HYPERVISOR_TOO_OLD,
            cannot + "the hypervisor there is 7.1.11, the source has 7.2.0."),
        arguments(
            host(2).accelerator("kvm"),
            migration(),
            ErrorCode.DESTINATION_ACCELERATOR_DIFFERS,
            cannot + "guests run under kvm there, this one runs under tcg."),
        arguments(
            host(2).machineTypes("pc-q35-7.1"),
            migration(),
            ErrorCode.DESTINATION_LACKS_MACHINE_TYPE,
            cannot + "the hypervisor there (7.2.0 (Debian)) has no machine type pc-q35-7.2."),
        arguments(
            host(2).lacks("block-export-add", "migrate-continue"),
            migration(),
            ErrorCode.DESTINATION_LACKS_QEMU_FEATURE,
            cannot
                + "the hypervisor there (7.2.0 (Debian)) lacks block-export-add, migrate-continue."),
        arguments(
            host(2).memoryMib(1_535),
            migration(),
            ErrorCode.DESTINATION_LACKS_MEMORY,
            cannot + "Lack of memory(host:1023 <= instance:1024), in MiB."),
        arguments(
            host(2).claimed(0, 7_000, 0),
            boot(1),
            ErrorCode.DESTINATION_LACKS_MEMORY,
            "Host host-2 has too little memory: 680 MiB available, 1024 MiB needed."),
        arguments(
            host(2).claimed(63, 0, 0),
            migration(),
            ErrorCode.DESTINATION_LACKS_VCPUS,
            "Host host-2 has too few processors: 1 virtual ones available of 64, 2 needed."),
        arguments(
            host(2).disk(100 * GB, 10 * GB - 1),
            migration(),
            ErrorCode.DESTINATION_LACKS_DISK,
            "Host host-2 has too little disk: 9999999999 bytes available (9999999999 free,"
                + " 100000000000 unclaimed), 10000000000 needed."),
        arguments(
            host(2).disk(100 * GB, 90 * GB).claimed(0, 0, 95 * GB),
            boot(1),
            ErrorCode.DESTINATION_LACKS_DISK,
            "Host host-2 has too little disk: 5000000000 bytes available (90000000000 free,"
                + " 5000000000 unclaimed), 10000000000 needed."));
  }

  @ParameterizedTest(name = "{2}: {3}")
  @MethodSource("hostsThatWillNot")
  @Tag("S8")
  @Tag("S20")
  @Tag("S21")
  @Tag("S106")
  @Tag("S107")
  @Tag("S108")
  @Tag("S109")
  @Tag("S156")
  @Tag("S157")
  void names_what_is_needed_and_what_is_there(
      SampleHost host, Asking asking, ErrorCode code, String message) {
    assertThat(refusal(ONE_TO_ONE, host, asking)).contains(new Failure(code, message));
  }

  @Test
  @Tag("S156")
  void counts_memory_by_the_ratio_of_what_is_not_reserved() {
    SampleHost host = host(2).memoryMib(1_512).claimed(0, 500, 0);
    assertThat(refusal(new Ratios(1.5, 512, 16, 1), host, migration().share(1, 1_000, 0)))
        .isEmpty();
    assertThat(refusal(new Ratios(1.5, 512, 16, 1), host, migration().share(1, 1_001, 0)))
        .map(Failure::message)
        .contains(
            "Unable to migrate "
                + SERVER
                + " to host-2: Lack of memory(host:1000 <= instance:1001), in MiB.");
    assertThat(refusal(new Ratios(1.0, 512, 16, 1), host, migration().share(1, 1_000, 0)))
        .isPresent();
  }

  @Test
  void takes_a_host_that_reports_nonsense_for_one_that_has_nothing() {
    SampleHost host = host(2).vcpus(-4).memoryMib(-1).disk(-1, Long.MAX_VALUE);
    assertThat(ONE_TO_ONE.limits(host.report())).isEqualTo(new Resources(0, 0, 0));
    assertThat(new Ratios(1, Long.MAX_VALUE, 1, 1).limits(host.report()))
        .isEqualTo(new Resources(0, 0, 0));
    SampleHost endless =
        host(2).vcpus(Integer.MAX_VALUE).memoryMib(Long.MAX_VALUE).disk(Long.MAX_VALUE, 0);
    Resources limits = ONE_TO_ONE.limits(endless.report());
    assertThat(limits.vcpus()).isEqualTo(Integer.MAX_VALUE);
    assertThat(limits.memoryMib()).isGreaterThan(Long.MAX_VALUE / 2);
    assertThat(limits.diskBytes()).isEqualTo(Long.MAX_VALUE);
  }
}
