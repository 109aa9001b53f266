package dev.tern.scheduler.filter;

import static dev.tern.scheduler.SampleHost.host;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tern.contract.HostName;
import dev.tern.contract.host.HostReport.Offers;
import dev.tern.contract.scheduler.Decision.Refusal;
import dev.tern.scheduler.Asking;
import dev.tern.scheduler.SampleHost;
import dev.tern.scheduler.filter.HostState.Membership;
import dev.tern.store.PlacementRules;
import dev.tern.store.PlacementRules.Asks;
import dev.tern.store.PlacementRules.Named;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A filter of properties")
class PropertyFiltersTest {
  private static final Ratios RATIOS = new Ratios(1, 0, 16, 1);

  private static HostState state(SampleHost host, List<Map<String, String>> aggregates) {
    return HostState.of(host.record(), new Membership("nova", aggregates), RATIOS);
  }

  /** A filter that refuses a host has said that it matters: else nobody would have asked it. */
  static boolean passes(HostFilter filter, HostState host, RequestSpec spec) {
    boolean passes = filter.passes(host, spec);
    assertThat(passes || filter.matters(spec)).as("%s matters", filter.name()).isTrue();
    return passes;
  }

  private static Optional<Refusal> refusal(HostFilter filter, HostState host, RequestSpec spec) {
    return passes(filter, host, spec) ? Optional.empty() : Optional.of(filter.why(host, spec));
  }

  private static RequestSpec spec(Asks asks) {
    return new RequestSpec(
        Asking.boot(1).question().wanted(),
        new PlacementRules(
            Optional.empty(), Optional.empty(), Named.NOBODY, Optional.empty(), asks),
        Optional.empty());
  }

  private static Asks flavor(String key, String value) {
    return new Asks("p", Map.of(key, value), Map.of(), Optional.empty());
  }

  private static Asks image(String key, String value) {
    return new Asks("p", Map.of(), Map.of(key, value), Optional.empty());
  }

  static Stream<Arguments> extraSpecs() {
    return Stream.of(
        arguments("ssd", "ssd", true),
        arguments("ssd", "hdd", false),
        arguments("<or> hdd <or> ssd", "ssd", true),
        arguments("<or> hdd <or> tape", "ssd", false),
        arguments("<in> fast", "very-fast-one", true),
        arguments("<all-in> a b", "a-b", true),
        arguments("<all-in> a c", "a-b", false),
        arguments(">= 10", "9", false),
        arguments(">= 10", "10", true),
        arguments("= 10", "11", true),
        arguments("== 10", "11", false),
        arguments("!= 10", "11", true),
        arguments("<= 10", "many", false),
        arguments("s== ssd", "ssd", true),
        arguments("s!= ssd", "ssd", false),
        arguments("s> a", "b", true),
        arguments("ssd", "hdd, ssd", true));
  }

  @ParameterizedTest
  @MethodSource("extraSpecs")
  void compares_extra_specs_with_the_metadata_of_aggregates(
      String asked, String there, boolean passes) {
    HostState in = state(host(2), List.of(Map.of("disk", there), Map.of("other", "x")));
    RequestSpec spec = spec(flavor("aggregate_instance_extra_specs:disk", asked));
    assertThat(passes(new AggregateInstanceExtraSpecsFilter(), in, spec)).isEqualTo(passes);
  }

  @Test
  void of_extra_specs_refuses_hosts_in_no_aggregate_and_heeds_no_other_scope() {
    HostState alone = state(host(2), List.of());
    Refusal refusal =
        refusal(
                new AggregateInstanceExtraSpecsFilter(),
                alone,
                spec(flavor("aggregate_instance_extra_specs:disk", "ssd")))
            .orElseThrow();
    assertThat(refusal.needed()).isEqualTo("disk: ssd");
    assertThat(refusal.fitsIf()).contains("it is put into an aggregate where disk is ssd");
    assertThat(passes(new AggregateInstanceExtraSpecsFilter(), alone, spec(flavor("hw:x", "1"))))
        .isTrue();
  }

  @Test
  void keeps_aggregates_for_images_and_projects() {
    HostState linux = state(host(2), List.of(Map.of("os_type", "linux, bsd")));
    AggregateImagePropertiesIsolation images = new AggregateImagePropertiesIsolation();
    assertThat(images.passes(linux, spec(image("os_type", "bsd")))).isTrue();
    assertThat(images.passes(linux, spec(image("other", "x")))).isTrue();
    assertThat(refusal(images, linux, spec(image("os_type", "windows"))))
        .map(Refusal::available)
        .contains("os_type: linux, bsd");
    AggregateMultiTenancyIsolation tenants = new AggregateMultiTenancyIsolation();
    assertThat(tenants.passes(linux, spec(Asks.NONE))).isTrue();
    HostState ours = state(host(2), List.of(Map.of("filter_tenant_id", "q, p")));
    assertThat(tenants.passes(ours, spec(image("a", "b")))).isTrue();
    HostState theirs = state(host(2), List.of(Map.of("filter_tenant_id", "q")));
    assertThat(refusal(tenants, theirs, spec(image("a", "b")))).isPresent();
  }

  static Stream<Arguments> images() {
    return Stream.of(
        arguments("hw_architecture", "x86_64", true),
        arguments("hw_architecture", "aarch64", false),
        arguments("architecture", "ppc64", false),
        arguments("img_hv_type", "qemu", true),
        arguments("img_hv_type", "kvm", false),
        arguments("img_hv_type", "xen", false),
        arguments("img_hv_requested_version", ">=7.2", true),
        arguments("img_hv_requested_version", ">=7.2, <7.2.0", false),
        arguments("img_hv_requested_version", "!=7.2.0", false),
        arguments("img_hv_requested_version", "new", false),
        arguments("os_distro", "anything", true));
  }

  @ParameterizedTest
  @MethodSource("images")
  void of_images_looks_at_what_the_host_runs(String property, String value, boolean passes) {
    Optional<Refusal> refusal =
        refusal(
            new ImagePropertiesFilter(), state(host(2), List.of()), spec(image(property, value)));
    assertThat(refusal.isEmpty()).isEqualTo(passes);
    assertThat(refusal.stream())
        .allSatisfy(why -> assertThat(why.needed()).contains(property, value));
  }

  private static Offers cpu(List<String> features) {
    return new Offers("qemu64", features, Optional.of(List.of("avx2", "sse2")), List.of());
  }

  @Test
  @Tag("S109")
  void of_processors_names_the_features_that_are_missing() {
    HostState source = state(host(1).offers(cpu(List.of("avx2", "sse2"))), List.of());
    RequestSpec spec =
        new RequestSpec(
            Asking.migration().question().wanted(), PlacementRules.NONE, Optional.of(source));
    CpuFeaturesFilter filter = new CpuFeaturesFilter();
    assertThat(
            passes(
                filter,
                state(host(2).offers(cpu(List.of("avx2", "avx512", "sse2"))), List.of()),
                spec))
        .isTrue();
    assertThat(passes(filter, state(host(2), List.of()), spec)).isTrue();
    assertThat(refusal(filter, state(host(2).offers(cpu(List.of("sse2"))), List.of()), spec))
        .map(refusal -> refusal.why().message())
        .contains(
            "Unable to migrate %s to %s: the processor there lacks avx2."
                .formatted(Asking.SERVER, new HostName("host-2")));
  }
}
