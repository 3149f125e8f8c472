package io.boxlite.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.Execution;
import io.boxlite.api.StartOrigin;
import io.boxlite.api.TemplateInfo;
import io.boxlite.runtime.LocalBoxlite;
import io.boxlite.runtime.RuntimeOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Boxes of one template share what the template's memory held, but nothing that must be one's own.
class UniqueIT {
  private static final int BOXES = 50;

  /// One value a line: what every program that draws keys or names itself uses.
  private static final String SCRIPT =
      "od -An -tx1 -N16 /dev/urandom; cat /proc/sys/kernel/random/uuid"
          + " /proc/sys/kernel/random/boot_id /etc/machine-id;"
          + " od -An -tx1 -N16 /dev/urandom";

  private static final List<Pattern> VALUES =
      List.of(
          Pattern.compile("( [0-9a-f]{2}){16}"),
          Pattern.compile("[0-9a-f-]{36}"),
          Pattern.compile("[0-9a-f-]{36}"),
          Pattern.compile("[0-9a-f]{32}"),
          Pattern.compile("( [0-9a-f]{2}){16}"));

  @AutoClose private TestHome home;

  @BeforeEach
  void open() {
    home = new TestHome();
  }

  @Test
  void fiftyBoxesOfOneTemplateShareNoRandomByteNoBootIdAndNoMachineId() throws Exception {
    Path layout = layoutWithMachineId(home.home().resolveSibling("layout"));
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("BOXLITE_WARM_POOL", "1");
    Map<StartOrigin, Integer> origins = new EnumMap<>(StartOrigin.class);
    List<String> values = new ArrayList<>();
    try (Boxlite boxlite =
            LocalBoxlite.tryOpen(home.home(), RuntimeOptions.ofEnvironment(environment))
                .orElseThrow();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      boxlite.templates().build(1, 512, _ -> {});
      Callable<Identity> start = () -> identity(boxlite, layout);
      for (int i = 0; i < BOXES; i += 2) {
        // Two at once, and one VM that waits: the other one is restored.
        for (Future<Identity> box : threads.invokeAll(List.of(start, start))) {
          values.addAll(box.get().values());
          origins.merge(box.get().origin(), 1, Integer::sum);
        }
        TestHome.await("a warm VM", () -> boxlite.info().warmVms() == 1);
      }
      // Others may be there, of earlier tests.
      assertThat(boxlite.templates().list()).filteredOn(TemplateInfo::inUse).hasSize(1);
    }
    assertThat(values).hasSize(BOXES * VALUES.size()).doesNotHaveDuplicates();
    assertThat(origins).containsOnlyKeys(StartOrigin.TEMPLATE, StartOrigin.WARM);
    assertThat(origins.values()).allMatch(count -> count >= BOXES / 5);
  }

  private record Identity(List<String> values, StartOrigin origin) {}

  private static Identity identity(Boxlite boxlite, Path layout) throws Exception {
    Box box =
        boxlite.create(
            BoxOptions.ofRootfs(layout.toString()).cmd(List.of("sh", "-c", SCRIPT)).build());
    Execution main = box.attach();
    box.start();
    List<String> lines =
        new String(main.stdout().readAllBytes(), StandardCharsets.US_ASCII).lines().toList();
    assertThat(main.waitFor().code()).isZero();
    StartOrigin origin = box.metrics().boot().orElseThrow().origin();
    box.remove(true);
    assertThat(lines).hasSameSizeAs(VALUES);
    for (int i = 0; i < lines.size(); i++) {
      assertThat(lines.get(i)).matches(VALUES.get(i));
    }
    return new Identity(lines, origin);
  }

  /// The image `base` with one more layer: the agent gives a box a machine id where the image has a
  /// file for it.
  private static Path layoutWithMachineId(Path layout) throws Exception {
    Files.createDirectories(layout);
    Path archive = Path.of(System.getProperty("boxlite.root"), "dist/images/base.tar");
    TestHome.onHost("tar", "-xf", archive.toString(), "-C", layout.toString());
    Path files = Files.createDirectories(layout.resolveSibling("layer"));
    Files.createFile(Files.createDirectory(files.resolve("etc")).resolve("machine-id"));
    Path tar = layout.resolveSibling("layer.tar");
    TestHome.onHost("tar", "-cf", tar.toString(), "-C", files.toString(), "etc/machine-id");
    String layer = addBlob(layout, Files.readAllBytes(tar));

    Path index = layout.resolve("index.json");
    String manifest = digest(Files.readString(index), "\"manifests\":\\[\\{.*?");
    String manifestText = Files.readString(blob(layout, manifest));
    String config = digest(manifestText, "\"config\":\\{.*?");
    String configText = Files.readString(blob(layout, config));

    String newConfig =
        configText.replaceFirst("(\"diff_ids\":\\[[^\\]]*)", "$1,\"sha256:" + layer + "\"");
    String newManifest =
        manifestText
            .replaceFirst(
                "(\"config\":\\{[^}]*\"size\":)\\d+",
                "$1" + newConfig.getBytes(StandardCharsets.UTF_8).length)
            .replace(config, addBlob(layout, newConfig.getBytes(StandardCharsets.UTF_8)))
            .replaceFirst(
                "(\"layers\":\\[[^\\]]*)",
                "$1,{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:"
                    + layer
                    + "\",\"size\":"
                    + Files.size(tar)
                    + "}");
    String newIndex =
        Files.readString(index)
            .replaceFirst(
                "\"size\":\\d+", "\"size\":" + newManifest.getBytes(StandardCharsets.UTF_8).length)
            .replace(manifest, addBlob(layout, newManifest.getBytes(StandardCharsets.UTF_8)));
    Files.writeString(index, newIndex);
    return layout;
  }

  private static String digest(String json, String before) {
    Matcher matcher =
        Pattern.compile(before + "\"digest\":\"sha256:([0-9a-f]{64})\"").matcher(json);
    assertThat(matcher.find()).as("%s in %s", before, json).isTrue();
    return matcher.group(1);
  }

  private static Path blob(Path layout, String hex) {
    return layout.resolve("blobs/sha256").resolve(hex);
  }

  private static String addBlob(Path layout, byte[] content) throws Exception {
    String hex = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    Files.write(blob(layout, hex), content);
    return hex;
  }
}
