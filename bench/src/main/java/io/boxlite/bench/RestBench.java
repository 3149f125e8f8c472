package io.boxlite.bench;

import io.boxlite.api.Box;
import io.boxlite.api.BoxOptions;
import io.boxlite.api.Boxlite;
import io.boxlite.api.ExecOptions;
import io.boxlite.api.Execution;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/// Measures the REST server beside trivial routes of its HTTP library in a process of the same
/// kind: lists of 1,000 boxes, commands, 200 attached streams; and what it needs for them.
///
/// Run by `bench/rest`.
final class RestBench {
  private static final int BOXES = 1000;
  private static final int STREAMS = 200;
  private static final int EXECS = 20; // in a round

  private final int rounds;
  private final String key = UUID.randomUUID().toString();
  private final CommandHome home;
  private final HttpClient http = HttpClient.newHttpClient();

  private RestBench(int rounds, CommandHome home) {
    this.rounds = rounds;
    this.home = home;
  }

  /// Measures and prints.
  ///
  /// @param arguments the root of the source tree, built; rounds
  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]).toAbsolutePath().normalize();
    int rounds = Integer.parseInt(arguments[1]);
    try (WorkDirectory work = WorkDirectory.create();
        CommandHome home = new CommandHome(root, work.path().resolve("home"), Map.of())) {
      System.out.println("engine: " + home.client().info().engine());
      new RestBench(rounds, home).measure();
    }
  }

  private void measure() throws Exception {
    Process server =
        home.start(
            Map.of("BOXLITE_SERVE_API_KEY", key), "serve", "--host", "127.0.0.1", "--port", "0");
    Process floor = floor();
    try (BufferedReader said = server.errorReader();
        BufferedReader port = floor.inputReader()) {
      String url = said.readLine().replaceFirst(".* on ", "");
      String floorUrl = "http://127.0.0.1:" + port.readLine();
      Box box = home.client().create(BoxOptions.ofImage("base").cmd(List.of("cat")).build());
      box.start();
      System.out.println("median [lowest tenth – highest tenth]; medians to the floor's\n");
      commands(box, url, floorUrl);
      streams(box, url, floorUrl);
      box.remove(true);
      lists(url, floorUrl);
    } finally {
      server.destroyForcibly().waitFor();
      floor.destroyForcibly().waitFor();
    }
  }

  /// A process with the JVM options of the supervisor, but for its caches, which are of its
  /// classes.
  private Process floor() throws IOException {
    String line =
        Files.readString(
            Path.of("/proc", String.valueOf(home.supervisor().pid()), "cmdline"),
            StandardCharsets.UTF_8);
    List<String> command = new ArrayList<>();
    for (String word : line.split("\0", -1)) {
      if (word.equals("-cp")) {
        break;
      }
      if (!word.startsWith("-XX:AOTCache")) {
        command.add(word);
      }
    }
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), RestFloor.class.getName()));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private void lists(String url, String floorUrl) throws Exception {
    for (int i = 0; i < BOXES; i++) {
      home.client().create(BoxOptions.ofImage("base").build().withName(Optional.of("box-" + i)));
    }
    int bytes = get(url + "/v1/boxes").length;
    int pageBytes = get(url + "/v1/boxes?pageSize=100").length;
    List<String> names =
        List.of(
            "floor, 2 bytes",
            "floor, " + pageBytes + " bytes",
            "floor, " + bytes + " bytes",
            "a box",
            "a page of 100 boxes",
            BOXES + " boxes");
    List<String> urls =
        List.of(
            floorUrl + "/2",
            floorUrl + "/" + pageBytes,
            floorUrl + "/" + bytes,
            url + "/v1/boxes/box-500",
            url + "/v1/boxes?pageSize=100",
            url + "/v1/boxes");
    double[][] perSecond = new double[urls.size()][rounds];
    double[][] median = new double[urls.size()][rounds];
    double[][] p99 = new double[urls.size()][rounds];
    for (int round = -1; round < rounds; round++) {
      for (int i = 0; i < urls.size(); i++) {
        Quiet.await();
        Wrk found = Wrk.run(urls.get(i), key);
        if (round >= 0) {
          perSecond[i][round] = found.perSecond();
          median[i][round] = found.median();
          p99[i][round] = found.p99();
        }
      }
    }
    System.out.println("wrk, 8 connections");
    for (int i = 0; i < urls.size(); i++) {
      int floor = i % (urls.size() / 2);
      print("  " + names.get(i) + ", answers", "1/s", perSecond[i], perSecond[floor]);
      print("    time to an answer", "ms", median[i], median[floor]);
      print("    99th of 100", "ms", p99[i], p99[floor]);
    }
    System.out.println(needs("after the lists"));
  }

  private byte[] get(String url) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer " + key).build();
    HttpResponse<byte[]> answer = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
    if (answer.statusCode() != 200) {
      throw new IOException(url + " answered " + answer.statusCode());
    }
    return answer.body();
  }

  /// `true`, until its exit code is here, by the Java client.
  private void commands(Box box, String url, String floorUrl) throws Exception {
    try (Boxlite remote = Boxlite.rest(url, key)) {
      Box far = remote.get(box.id()).orElseThrow();
      List<Callable<?>> kinds =
          List.of(
              () -> opened(floorUrl + "/echo"),
              () -> ended(box),
              () -> ended(far),
              () -> ended(far)); // eight at once
      List<List<Double>> values = new ArrayList<>();
      kinds.forEach(_ -> values.add(new ArrayList<>()));
      for (int round = -1; round < rounds; round++) {
        for (int i = 0; i < kinds.size(); i++) {
          Quiet.await();
          List<Double> sampled = i < 3 ? inTurn(kinds.get(i)) : eightAtOnce(kinds.get(i));
          if (round >= 0) {
            values.get(i).addAll(sampled);
          }
        }
      }
      System.out.println("a command and its exit code");
      double[] floor = array(values.get(0));
      printAll("  floor: a WebSocket, a line there and back", floor, floor);
      printAll("  exec true, local socket", array(values.get(1)), floor);
      printAll("  exec true, TCP", array(values.get(2)), floor);
      printAll("  exec true, TCP, 8 at once", array(values.get(3)), floor);
    }
  }

  private double opened(String url) throws Exception {
    try (Talker talker = Talker.connect(http, List.of(url), key).getFirst()) {
      return talker.say();
    }
  }

  private static int ended(Box box) throws Exception {
    int code = box.exec(ExecOptions.of("true")).waitFor().code();
    if (code != 0) {
      throw new IllegalStateException("true ended with " + code);
    }
    return code;
  }

  private static List<Double> inTurn(Callable<?> work) throws Exception {
    List<Double> values = new ArrayList<>();
    for (int i = 0; i < EXECS; i++) {
      values.add(Rounds.millis(work));
    }
    return values;
  }

  private static List<Double> eightAtOnce(Callable<?> work) throws Exception {
    List<Double> values = new ArrayList<>();
    List<Callable<List<Double>>> calls = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      calls.add(() -> inTurn(work));
    }
    Talker.atOnce(calls).forEach(values::addAll);
    return values;
  }

  /// Commands that send back what they get, each with a client.
  private void streams(Box box, String url, String floorUrl) throws Exception {
    String before = needs("before");
    List<Execution> commands = new ArrayList<>();
    List<String> urls = new ArrayList<>();
    for (int i = 0; i < STREAMS; i++) {
      Execution cat = box.exec(ExecOptions.of("cat"));
      commands.add(cat);
      urls.add(url + "/v1/boxes/" + box.id() + "/executions/" + cat.id() + "/attach");
    }
    List<String> echoes = urls.stream().map(_ -> floorUrl + "/echo").toList();
    List<Talker> talkers = Talker.connect(http, urls, key);
    List<Talker> floor = Talker.connect(http, echoes, key);
    double[][] values = new double[4][0];
    for (int round = -1; round < rounds; round++) {
      Quiet.await();
      double[][] sampled = {
        Talker.inTurn(floor),
        Talker.inTurn(talkers),
        Talker.together(floor),
        Talker.together(talkers)
      };
      for (int i = 0; round >= 0 && i < sampled.length; i++) {
        values[i] =
            DoubleStream.concat(Arrays.stream(values[i]), Arrays.stream(sampled[i])).toArray();
      }
    }
    String during = needs("while they are attached");
    System.out.println(STREAMS + " streams: a line to `cat` and back");
    printAll("  floor: an echo, one after another", values[0], values[0]);
    printAll("  cat, one after another", values[1], values[0]);
    printAll("  floor: an echo, all at once", values[2], values[2]);
    printAll("  cat, all at once", values[3], values[2]);
    talkers.forEach(Talker::close);
    floor.forEach(Talker::close);
    for (Execution command : commands) {
      command.kill();
      command.waitFor();
    }
    System.out.println(before);
    System.out.println(during);
    System.out.println(needs("after"));
  }

  /// {@return memory, threads and descriptors of the supervisor}
  private String needs(String when) throws IOException {
    Path process = Path.of("/proc", String.valueOf(home.supervisor().pid()));
    long descriptors;
    try (Stream<Path> open = Files.list(process.resolve("fd"))) {
      descriptors = open.count();
    }
    return String.format(
        Locale.ROOT,
        "  supervisor %s: %.0f MiB proportional, %.0f at most, %d threads, %d descriptors",
        when,
        Measured.field(process.resolve("smaps_rollup"), "Pss") / 1024.0,
        Measured.field(process.resolve("status"), "VmHWM") / 1024.0,
        Measured.field(process.resolve("status"), "Threads"),
        descriptors);
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(value -> value).toArray();
  }

  private static void printAll(String name, double[] values, double[] floor) {
    print(name, "ms", values, floor);
    System.out.println(new Samples(name, "ms", values).tailLine());
  }

  private static void print(String name, String unit, double[] values, double[] floor) {
    Samples samples = new Samples(name, unit, values);
    double ratio = samples.median() / new Samples(name, unit, floor).median();
    System.out.printf(Locale.ROOT, "%s   %.2f%n", samples.line(), ratio);
  }
}
