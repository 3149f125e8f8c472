package io.boxlite.cli.command;

import io.boxlite.api.BoxOptions;
import io.boxlite.api.VolumeMount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/// The flags of `run` and `create` that describe the box.
final class BoxFlags {
  private static final int MAX_CPUS = 255;
  private static final Set<String> SECURITY =
      Set.of("enable", "disable", "enabled", "disabled", "on", "off");

  private static final String NESTED = "--nested-virtualization";

  /// Kernels of single boxes.
  private static final List<List<String>> LATER =
      List.of(
          List.of("--kernel"),
          List.of("--kernel-format"),
          List.of("--initramfs"),
          List.of("--kernel-args"));

  private BoxFlags() {}

  static void add(CommandSpec spec) {
    // Everything from the image on belongs to the command in the box.
    spec.parser().stopAtPositional(true);
    spec.addOption(Specs.text("NAME", "Unique name of the box", "--name"));
    spec.addOption(Specs.text("EXEC", "Program instead of the image's ENTRYPOINT", "--entrypoint"));
    spec.addOption(Specs.value(Integer.class, "N", "Virtual CPUs (default 1)", "--cpus"));
    spec.addOption(Specs.value(Integer.class, "MIB", "Memory (default 512)", "--memory"));
    spec.addOption(Specs.value(Integer.class, "GB", "Size of the box's disk", "--disk-size"));
    spec.addOption(Specs.texts("CAP", "Add a Linux capability, or ALL", "--cap-add"));
    spec.addOption(Specs.texts("CAP", "Drop a Linux capability, or ALL", "--cap-drop"));
    NetworkFlags.add(spec);
    spec.addOption(Specs.text("MODE", "Isolation of the VM: enable or disable", "--security"));
    spec.addOption(
        Specs.text("PATH", "OCI image layout directory instead of an image", "--rootfs"));
    spec.addOption(Specs.flag("Run in the background and print the id", "-d", "--detach"));
    spec.addOption(Specs.flag("Remove the box when it stops", "--rm"));
    spec.addOption(Specs.flag("Boot the VM instead of restoring it", "--no-template"));
    HealthFlags.add(spec);
    Transfers.addFlags(spec);
    ProcessFlags.addEnvironment(spec);
    LATER.forEach(names -> spec.addOption(later(names.toArray(String[]::new))));
    spec.addOption(OptionSpec.builder(NESTED).arity("0").type(boolean.class).hidden(true).build());
    spec.addOption(
        Specs.texts(
            "[SOURCE:]PATH[:ro]", "Mount a path of the host, or a volume", "-v", "--volume"));
    spec.addPositional(Specs.arguments("IMAGE [COMMAND [ARG...]]", "Image, and what to run in it"));
  }

  /// A flag that is known, so that it is refused by name and never taken for something else.
  private static OptionSpec later(String... names) {
    return OptionSpec.builder(names)
        .arity("1")
        .type(List.class)
        .auxiliaryTypes(String.class)
        .hidden(true)
        .build();
  }

  static BoxOptions.Builder read(ParseResult parsed, CliContext context) {
    LATER.forEach(names -> refuseLater(parsed, names.getLast()));
    refuseLater(parsed, NESTED);
    checkSecurity(parsed, context);
    BoxOptions.Builder options = source(parsed);
    options.env(ProcessFlags.env(parsed, context));
    ProcessFlags.workdir(parsed).ifPresent(options::workingDir);
    text(parsed, "--name").ifPresent(options::name);
    text(parsed, "--entrypoint").ifPresent(exec -> options.entrypoint(List.of(exec)));
    options.cpus(cpus(parsed, context));
    number(parsed, "--memory").ifPresent(options::memoryMib);
    number(parsed, "--disk-size").ifPresent(options::diskSizeGb);
    HealthFlags.read(parsed, options);
    return options
        .noTemplate(Specs.has(parsed, "--no-template"))
        .capAdd(Specs.list(parsed, "--cap-add"))
        .capDrop(Specs.list(parsed, "--cap-drop"))
        .network(NetworkFlags.read(parsed, context))
        .volumes(volumes(parsed));
  }

  private static List<VolumeMount> volumes(ParseResult parsed) {
    return Specs.list(parsed, "--volume").stream().map(VolumeFlag::parse).toList();
  }

  private static BoxOptions.Builder source(ParseResult parsed) {
    List<String> arguments = Specs.arguments(parsed);
    Optional<String> rootfs = text(parsed, "--rootfs");
    if (rootfs.isPresent()) {
      return withCommand(BoxOptions.ofRootfs(directory(rootfs.get())), arguments);
    }
    if (arguments.isEmpty()) {
      throw CliException.failure("provide IMAGE or --rootfs PATH");
    }
    return withCommand(
        BoxOptions.ofImage(arguments.getFirst()), arguments.subList(1, arguments.size()));
  }

  private static BoxOptions.Builder withCommand(BoxOptions.Builder options, List<String> command) {
    return command.isEmpty() ? options : options.cmd(List.copyOf(command));
  }

  private static String directory(String rootfs) {
    Path path = Path.of(rootfs).toAbsolutePath().normalize();
    if (!Files.isDirectory(path)) {
      throw CliException.failure("invalid --rootfs '" + rootfs + "': not a directory");
    }
    return path.toString();
  }

  private static void refuseLater(ParseResult parsed, String name) {
    if (parsed.hasMatchedOption(name)) {
      throw CliException.failure(name + " is not available in this version");
    }
  }

  private static void checkSecurity(ParseResult parsed, CliContext context) {
    String setting =
        parsed.matchedOptionValue(
            "--security", context.environment().getOrDefault("BOXLITE_SECURITY", "enable"));
    if (!SECURITY.contains(setting.toLowerCase(Locale.ROOT))) {
      throw CliException.failure(
          "unknown security setting \"" + setting + "\"; expected one of enable|disable");
    }
  }

  private static int cpus(ParseResult parsed, CliContext context) {
    int cpus = number(parsed, "--cpus").orElse(1);
    if (cpus > MAX_CPUS) {
      context.warn("--cpus " + cpus + " is more than " + MAX_CPUS + ", taken as " + MAX_CPUS);
      return MAX_CPUS;
    }
    return cpus;
  }

  private static Optional<String> text(ParseResult parsed, String option) {
    return Optional.ofNullable(parsed.<String>matchedOptionValue(option, null));
  }

  private static Optional<Integer> number(ParseResult parsed, String option) {
    return Optional.ofNullable(parsed.<Integer>matchedOptionValue(option, null));
  }
}
