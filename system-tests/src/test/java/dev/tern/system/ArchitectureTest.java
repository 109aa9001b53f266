package dev.tern.system;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.io.InputStream;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZonedDateTime;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;

/** The few rules the structure leans on; DESIGN calls them section 1. Each says why. */
@DisplayName("The architecture")
@AnalyzeClasses(
    packages = "dev.tern",
    importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.NoTestJars.class})
class ArchitectureTest {
  /** In a build that packages, tests of other modules come in jars. */
  static final class NoTestJars implements ImportOption {
    @Override
    public boolean includes(com.tngtech.archunit.core.importer.Location location) {
      return !location.contains("-tests.jar");
    }
  }

  private static final String[] PROCESSES = {
    "dev.tern.api..", "dev.tern.conductor..", "dev.tern.scheduler..", "dev.tern.agent.."
  };

  @ArchTest
  static final ArchRule the_four_processes_never_see_each_other =
      SlicesRuleDefinition.slices()
          .matching("dev.tern.(api|conductor|scheduler|agent)..")
          .should()
          .notDependOnEachOther()
          .because("each runs, dies and is upgraded alone; they share messages and tables only");

  @ArchTest
  static final ArchRule the_agent_has_no_database =
      noClasses()
          .that()
          .resideInAPackage("dev.tern.agent..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.tern.store..", "java.sql..", "javax.sql..", "jakarta.persistence..")
          .because("a host that is broken into must not reach the database");

  @ArchTest
  static final ArchRule the_driver_knows_nothing_of_the_rest =
      noClasses()
          .that()
          .resideInAPackage("dev.tern.virt..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.tern.contract..",
              "dev.tern.store..",
              "dev.tern.agent..",
              "org.springframework..")
          .because("QEMU is hard enough by itself");

  @ArchTest
  @ArchTag("S16")
  static final ArchRule only_the_agent_drives_qemu =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.tern.api..", "dev.tern.conductor..", "dev.tern.scheduler..", "dev.tern.store..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.tern.virt..")
          .because("only the process on the host may touch its guests");

  @ArchTest
  static final ArchRule the_broker_is_touched_in_amqp_packages_only =
      noClasses()
          .that()
          .resideOutsideOfPackages("..amqp..", "dev.tern.standalone..", "dev.tern.local..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.springframework.amqp..", "com.rabbitmq..")
          .because("the rest must be testable without a broker");

  @ArchTest
  static final ArchRule the_contract_stands_alone =
      noClasses()
          .that()
          .resideInAPackage("dev.tern.contract..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.tern.store..",
              "dev.tern.virt..",
              "dev.tern.api..",
              "dev.tern.conductor..",
              "dev.tern.scheduler..",
              "dev.tern.agent..")
          .because("everybody depends on it");

  @ArchTest
  static final ArchRule the_client_knows_the_rest_api_only =
      noClasses()
          .that()
          .resideInAPackage("dev.tern.client..")
          .should()
          .dependOnClassesThat(
              com.tngtech.archunit.base.DescribedPredicate.describe(
                  "are Tern's or Spring's",
                  (JavaClass other) ->
                      other.getPackageName().startsWith("org.springframework")
                          || (other.getPackageName().startsWith("dev.tern.")
                              && !other.getPackageName().startsWith("dev.tern.client"))))
          .because("what it can do, every client can; and it has to start fast");

  @ArchTest
  static final ArchRule transactions_are_the_stores =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.tern.store..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.springframework.transaction..",
              "jakarta.persistence..",
              "org.hibernate",
              "org.hibernate.query..")
          .because("a transaction that someone else opens may span a message");

  @ArchTest
  static final ArchRule entities_are_the_stores_own =
      classes()
          .that()
          .areAnnotatedWith("jakarta.persistence.Entity")
          .should()
          .bePackagePrivate()
          .allowEmptyShould(true)
          .because("a store returns records; an entity outside a transaction is a trap");

  @ArchTest
  static final ArchRule the_monitors_socket_is_opened_in_qmp_only =
      noClasses()
          .that()
          .resideInAPackage("dev.tern.virt..")
          .and()
          .resideOutsideOfPackage("dev.tern.virt.qmp..")
          .should()
          .dependOnClassesThat()
          .areAssignableTo(java.nio.channels.SocketChannel.class)
          .because("one class knows what a late answer is");

  @ArchTest
  static final ArchRule processes_are_started_in_few_places =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.tern.virt.qemu..",
              "dev.tern.virt.disk..",
              "dev.tern.standalone..",
              "dev.tern.local..")
          .should()
          .dependOnClassesThat()
          .areAssignableTo(ProcessBuilder.class)
          .because("each process started is one to end, and one whose arguments must be trusted");

  @ArchTest
  static final ArchRule time_and_ids_are_given =
      noClasses()
          .that()
          .resideInAnyPackage(PROCESSES)
          .should()
          .callMethod(Instant.class, "now")
          .orShould()
          .callMethod(LocalDateTime.class, "now")
          .orShould()
          .callMethod(ZonedDateTime.class, "now")
          .orShould()
          .callMethod(Thread.class, "sleep", long.class)
          .orShould()
          .callMethod(Thread.class, "sleep", java.time.Duration.class)
          .because(
              "tests move time themselves: take a "
                  + Clock.class.getSimpleName()
                  + ", a Pause, a Supplier<"
                  + UUID.class.getSimpleName()
                  + ">");

  @ArchTest
  static final ArchRule names_say_what_a_thing_is =
      noClasses()
          .should()
          .haveSimpleNameEndingWith("Util")
          .orShould()
          .haveSimpleNameEndingWith("Utils")
          .orShould()
          .haveSimpleNameEndingWith("Helper")
          .orShould()
          .haveSimpleNameEndingWith("Manager")
          .orShould()
          .haveSimpleNameEndingWith("Impl")
          .orShould()
          .haveSimpleNameStartingWith("Abstract")
          .because("a class that cannot be named is two classes");

  @ArchTest
  static final ArchRule no_static_state_changes =
      noFields()
          .that()
          .areStatic()
          .and()
          .areDeclaredInClassesThat()
          .resideInAnyPackage(PROCESSES)
          .should()
          .notBeFinal()
          .because("several services share one JVM in the standalone form");

  /** Packages without {@code @NullMarked} are not checked for null at all, silently. */
  @ArchTest
  static final ArchRule every_package_is_null_marked =
      classes()
          .that(
              new com.tngtech.archunit.base.DescribedPredicate<JavaClass>("are ours") {
                @Override
                public boolean test(JavaClass type) {
                  return type.getPackageName().startsWith("dev.tern")
                      && !type.getSimpleName().equals("package-info");
                }
              })
          .should(
              new ArchCondition<JavaClass>(
                  "live in a package whose package-info says @NullMarked") {
                @Override
                public void check(JavaClass type, ConditionEvents events) {
                  boolean marked = isMarked(type.getPackageName());
                  events.add(
                      new SimpleConditionEvent(
                          type, marked, type.getName() + ": its package is not @NullMarked"));
                }
              });

  private static boolean isMarked(String packageName) {
    String resource = "/" + packageName.replace('.', '/') + "/package-info.class";
    try (InputStream bytes = ArchitectureTest.class.getResourceAsStream(resource)) {
      return bytes != null
          && new String(bytes.readAllBytes(), java.nio.charset.StandardCharsets.ISO_8859_1)
              .contains("NullMarked");
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @ArchTest
  static void there_is_something_to_check(JavaClasses ours) {
    if (ours.size() < 50) {
      throw new AssertionError("only " + ours.size() + " classes were found");
    }
  }
}
