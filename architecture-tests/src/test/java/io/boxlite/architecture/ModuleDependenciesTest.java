package io.boxlite.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The table of allowed dependencies in ARCHITECTURE.md, checked.
class ModuleDependenciesTest {
  private static final Map<String, List<String>> ALLOWED =
      Map.ofEntries(
          Map.entry("api", List.of()),
          Map.entry("boxes", List.of("api")),
          Map.entry("protocol", List.of()),
          Map.entry("image", List.of("api")),
          Map.entry("vmm", List.of("api")),
          Map.entry("network", List.of("api")),
          Map.entry("runtime", List.of("api", "image", "vmm", "network", "protocol")),
          Map.entry("rest", List.of("api")),
          Map.entry("server", List.of("api", "rest", "runtime")),
          Map.entry("client", List.of("api", "rest")),
          Map.entry("cli", List.of("api", "boxes", "client", "rest")));

  /// Below this the import has gone wrong, and the rules would hold of nothing.
  private static final int CLASS_FLOOR = 200;

  private static JavaClasses classes;

  @BeforeAll
  static void importClasses() {
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.boxlite");
  }

  @Test
  void everyModuleIsImported() {
    assertThat(classes.size()).isGreaterThan(CLASS_FLOOR);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "api",
        "boxes",
        "protocol",
        "image",
        "vmm",
        "network",
        "runtime",
        "rest",
        "server",
        "client",
        "cli"
      })
  void moduleUsesOnlyTheModulesThatTheTableAllows(String module) {
    List<String> forbidden = new ArrayList<>();
    for (String other : ALLOWED.keySet()) {
      if (!other.equals(module) && !ALLOWED.get(module).contains(other)) {
        forbidden.add("io.boxlite." + other + "..");
      }
    }
    noClasses()
        .that()
        .resideInAPackage("io.boxlite." + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(forbidden.toArray(String[]::new))
        .check(classes);
  }

  @Test
  void internalPackagesAreUsedByTheirModuleOnly() {
    for (String module : ALLOWED.keySet()) {
      if (module.equals("api")) {
        continue; // Its module-info says which sister modules may use its internal package.
      }
      classes()
          .that()
          .resideInAPackage("io.boxlite." + module + "..internal..")
          .should()
          .onlyBeAccessed()
          .byAnyPackage("io.boxlite." + module + "..")
          .allowEmptyShould(true)
          .check(classes);
    }
  }

  @Test
  void internalPackagesHaveNoCycles() {
    slices().matching("io.boxlite.(*)..internal.(**)").should().beFreeOfCycles().check(classes);
  }

  @Test
  void onlyTheCommandLineWritesToTheProcessStreams() {
    noClasses()
        .that()
        .resideOutsideOfPackages("io.boxlite.cli..", "io.boxlite.bench..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(classes);
  }
}
