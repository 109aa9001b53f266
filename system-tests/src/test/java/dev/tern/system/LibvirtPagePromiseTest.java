package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.type.filter.AnnotationTypeFilter;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

@DisplayName("docs/libvirt.md")
@Tag("S9")
class LibvirtPagePromiseTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern REQUEST = Pattern.compile("`(GET|POST|PUT|PATCH|DELETE) (/[^` ]+)`");
  private static final Pattern WORD = Pattern.compile("`([a-z_-]+)`");

  private static String read(String file) throws IOException {
    return Files.readString(ROOT.resolve(file));
  }

  private static List<List<String>> calls() throws IOException {
    String page = read("docs/libvirt.md");
    return page.substring(page.indexOf("<!-- calls -->"), page.indexOf("<!-- /calls -->"))
        .lines()
        .skip(3)
        .map(row -> Arrays.stream(row.split("\\|")).skip(1).map(String::strip).toList())
        .toList();
  }

  /** What stands in backticks in a column. */
  private static Set<String> words(int column) throws IOException {
    Set<String> words = new TreeSet<>();
    for (List<String> row : calls()) {
      WORD.matcher(row.get(column)).results().map(found -> found.group(1)).forEach(words::add);
    }
    return words;
  }

  private static Set<String> requests() throws ClassNotFoundException {
    var scanner = new ClassPathScanningCandidateComponentProvider(false);
    scanner.addIncludeFilter(new AnnotationTypeFilter(RestController.class));
    Set<String> requests = new TreeSet<>();
    for (var found : scanner.findCandidateComponents("dev.tern.api")) {
      Class<?> controller =
          Class.forName(java.util.Objects.requireNonNull(found.getBeanClassName()));
      for (Method method : controller.getDeclaredMethods()) {
        RequestMapping mapping =
            AnnotatedElementUtils.findMergedAnnotation(method, RequestMapping.class);
        if (mapping != null) {
          for (String path : mapping.path()) {
            Stream.of(mapping.method()).forEach(verb -> requests.add(verb + " " + path));
          }
        }
      }
    }
    return requests;
  }

  @Test
  void names_requests_that_the_api_takes() throws Exception {
    Set<String> named = new TreeSet<>();
    for (List<String> row : calls()) {
      assertThat(row).as("%s", row).hasSize(4).noneMatch(String::isBlank);
      REQUEST.matcher(row.get(1)).results().map(LibvirtPagePromiseTest::text).forEach(named::add);
    }
    assertThat(named).hasSizeGreaterThan(15);
    assertThat(requests()).containsAll(named);
  }

  private static String text(MatchResult found) {
    return found.group(1) + " " + found.group(2);
  }

  @Test
  void names_steps_of_the_saga_and_commands_that_are_sent() throws Exception {
    String saga = read("docs/live-migration.md");
    assertThat(words(2))
        .contains("start-incoming", "hand-over")
        .allSatisfy(
            step -> assertThat(saga).containsPattern("\\| (\\*\\*)?" + step + "(\\*\\*)? "));
    String commands = read("docs/qemu.md");
    assertThat(words(3))
        .contains("migrate-incoming")
        .allSatisfy(command -> assertThat(commands).contains("\n| `" + command + "` |"));
  }

  @Test
  @Tag("S2")
  @Tag("S3")
  @Tag("S4")
  @Tag("S6")
  @Tag("S20")
  @Tag("S21")
  @Tag("S94")
  void says_of_each_tool_what_there_is_instead_and_of_what_is_not_there_that_it_is_not()
      throws Exception {
    String page = read("docs/libvirt.md");
    assertThat(page)
        .containsPattern("\\| nbd-server, nbd-client \\|.*nbd-client -N EXPORT HOST PORT /dev/nbd0")
        .containsPattern("\\| nbdkit \\|.*\\(block-copy.md\\)")
        .containsPattern("\\| guestfish \\|.*/v1/servers/\\{id}/disks/\\{disk}/digest")
        .containsPattern("\\| the kernel's `nbd` module, `/dev/nbdX` \\| never used.*kernel_nbd")
        .containsPattern("\\| Xen, ESX/VMware \\| not implemented.*InvalidHypervisorType")
        .containsPattern("\\| by the client .* \\| not offered");
    assertThat(requests()).contains("GET /v1/servers/{id}/disks/{disk}/digest");
    assertThat(read("docs/block-copy.md")).contains("nbdkit --export-name=", "guestfish --ro");
  }

  /** What Tern installs on a host, and what it runs there. */
  @Test
  void promises_that_no_host_has_libvirt() throws Exception {
    for (String file : List.of("tern", "docker/Dockerfile", "docker-compose.yml")) {
      String content = read(file);
      assertThat(content).as(file).doesNotContainIgnoringCase("libvirt");
    }
    assertThat(read("docker/Dockerfile"))
        .contains("apt-get install -y --no-install-recommends qemu");
    for (String module : List.of("virt-driver", "compute-agent")) {
      assertThat(read(module + "/pom.xml")).as(module).doesNotContainIgnoringCase("libvirt");
      try (Stream<Path> sources = Files.walk(ROOT.resolve(module + "/src/main"))) {
        for (Path source : sources.filter(file -> file.toString().endsWith(".java")).toList()) {
          assertThat(Files.readString(source))
              .as("%s", source)
              .doesNotContain("\"virsh", "libvirt-sock", "\"libvirtd", "libvirt.so");
        }
      }
    }
  }
}
