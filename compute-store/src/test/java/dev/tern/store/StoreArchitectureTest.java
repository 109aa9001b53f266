package dev.tern.store;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import jakarta.persistence.Entity;
import java.time.Instant;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.transaction.annotation.Transactional;

@DisplayName("The store module")
class StoreArchitectureTest {
  private static final JavaClasses STORE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.tern.store");

  @Test
  void keeps_entities_to_itself() {
    classes()
        .that()
        .areAnnotatedWith(Entity.class)
        .should()
        .bePackagePrivate()
        .because("a store returns records; an entity outside is a transaction outside")
        .check(STORE);
  }

  @Test
  void opens_transactions_in_stores_only() {
    classes()
        .that()
        .areAnnotatedWith(Transactional.class)
        .should()
        .haveSimpleNameEndingWith("Store")
        .because("a transaction is one method of a store")
        .check(STORE);
    methods()
        .that()
        .areAnnotatedWith(Transactional.class)
        .should()
        .beDeclaredInClassesThat()
        .haveSimpleNameEndingWith("Store")
        .because("a transaction is one method of a store")
        .check(STORE);
  }

  @Test
  void makes_every_implementation_of_a_store_transactional() {
    classes()
        .that()
        .haveSimpleNameStartingWith("Hibernate")
        .should()
        .beAnnotatedWith(Transactional.class)
        .because("a method without a transaction writes in halves")
        .check(STORE);
  }

  @Test
  void sends_nothing_and_reads_no_clock_of_its_own() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.tern.contract.amqp..", "org.springframework.amqp..")
        .because("no transaction spans a message")
        .check(STORE);
    noClasses()
        .should()
        .callMethod(Instant.class, "now")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .because("times are the database's own")
        .check(STORE);
  }
}
