package io.boxlite.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.cli.command.Command;
import io.boxlite.cli.command.GlobalFlags;
import io.boxlite.cli.command.Group;
import io.boxlite.cli.command.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// The tables of `docs/cli.md` say what the command line has: no more, and no less.
class CommandTableTest {
  private static final Pattern ROW = Pattern.compile("\\| `([a-z -]+)` \\| (.*) \\|");
  private static final Pattern FLAG = Pattern.compile("`(-{1,2}[a-zA-Z][a-z-]*)`");

  /// Flags by command, as the document has them.
  private static Map<String, TreeSet<String>> documented(String section) throws IOException {
    String document = Files.readString(Path.of("../docs/cli.md"));
    int start = document.indexOf("## " + section);
    assertThat(start).as("section %s", section).isNotNegative();
    int end = document.indexOf("\n## ", start);
    Map<String, TreeSet<String>> rows = new TreeMap<>();
    Matcher row = ROW.matcher(document.substring(start, end < 0 ? document.length() : end));
    while (row.find()) {
      TreeSet<String> flags = rows.computeIfAbsent(row.group(1), _ -> new TreeSet<>());
      Matcher flag = FLAG.matcher(row.group(2));
      while (flag.find()) {
        flags.add(flag.group(1));
      }
    }
    return rows;
  }

  private static Map<String, CommandSpec> commands() {
    Map<String, CommandSpec> commands = new TreeMap<>();
    for (Verb verb : Verb.values()) {
      if (verb.group().isPresent()) {
        Group group = verb.group().get();
        for (String word : group.words()) {
          Command command = group.command(word).orElseThrow();
          commands.put(verb.word() + " " + word, command.spec());
        }
      } else {
        commands.put(verb.word(), verb.command().spec());
      }
    }
    return commands;
  }

  private static TreeSet<String> flags(CommandSpec spec, boolean hidden) {
    List<String> names = new ArrayList<>();
    for (OptionSpec option : spec.options()) {
      if (option.hidden() == hidden) {
        names.addAll(List.of(option.names()));
      }
    }
    return new TreeSet<>(names);
  }

  @Test
  void everyCommandAndFlagIsInTheTableAndNothingElse() throws IOException {
    Map<String, TreeSet<String>> there = new TreeMap<>();
    commands().forEach((name, spec) -> there.put(name, flags(spec, false)));
    assertThat(documented("Commands")).isEqualTo(there);
  }

  @Test
  void everyGlobalFlagIsInTheTable() throws IOException {
    CommandSpec spec = CommandSpec.create();
    GlobalFlags.addTo(spec);
    assertThat(documented("Flags of every command").get("boxlite")).isEqualTo(flags(spec, false));
  }

  @Test
  void whatIsNotThereYetIsRefusedByName() throws IOException {
    Map<String, CommandSpec> commands = commands();
    documented("Not yet")
        .forEach((name, flags) -> {
          if (flags.isEmpty()) {
            assertThat(commands).doesNotContainKey(name);
          } else if (name.equals("boxlite")) {
            CommandSpec spec = CommandSpec.create();
            GlobalFlags.addTo(spec);
            assertThat(flags(spec, true)).containsAll(flags);
          } else {
            assertThat(flags(commands.get(name), true)).as(name).isEqualTo(flags);
          }
        });
  }
}
